// The policy, off the page's thread: a long check never blocks typing.
import init, { Judgement, findings, form, version } from "./policy.js";
import type { Answer, Call, Input } from "./protocol";

let judgement: Judgement | undefined;
let judged: Input | undefined;

async function start(): Promise<number> {
  const response = await fetch(new URL("policy_bg.wasm", import.meta.url));
  if (!response.ok) throw new Error(`policy_bg.wasm: ${response.status} ${response.statusText}`);
  const bytes = await response.arrayBuffer();
  await init({ module_or_path: bytes });
  return bytes.byteLength;
}

const started = start();

function judge(input: Input): Judgement {
  const { manifests, settings, cluster, namespace, denied } = input;
  const next = new Judgement(manifests, settings, cluster, namespace, denied);
  judgement?.free();
  judgement = next;
  judged = input;
  return next;
}

function answer(call: Call, size: number): unknown {
  switch (call.name) {
    case "about":
      return { version: version(), size, rules: findings(), fields: form().questions };
    case "judge":
      return judge(call.input).report();
    case "detail":
      return judgement?.detail(call.object) ?? null;
    case "secrecy":
      return judgement && judged ? { input: judged, secrecy: judgement.secrecy() } : null;
    case "fixed":
      return judge(call.input).fixed();
    case "share":
      judge(call.input);
      return judgement?.shared();
  }
}

self.addEventListener("message", async (event: MessageEvent<{ id: number; call: Call }>) => {
  const { id, call } = event.data;
  let reply: Answer;
  try {
    reply = { id, value: answer(call, await started) };
  } catch (error) {
    reply = { id, failure: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
});
