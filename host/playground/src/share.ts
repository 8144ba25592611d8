// Links that carry the inputs in the fragment, which browsers never send.
import { asInput, type Input } from "./protocol";

/** The form of the fragment, which distinguishes old links from new ones. */
const FORM = "1.";

/** A longer link was not made with this page. */
const LONGEST = 8_000_000;

export async function encode({ manifests, settings, cluster, namespace, denied }: Input): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify({ manifests, settings, cluster, namespace, denied }));
  const packed = await bytes(new Blob([json]).stream().pipeThrough(new CompressionStream("deflate-raw")), Infinity);
  let binary = "";
  for (const byte of packed) binary += String.fromCharCode(byte);
  return FORM + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The inputs of a fragment; `undefined` where the page did not write it. */
export async function decode(fragment: string): Promise<Input | undefined> {
  if (!fragment.startsWith(FORM)) return undefined;
  try {
    const binary = atob(fragment.slice(FORM.length).replaceAll("-", "+").replaceAll("_", "/"));
    const packed = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const json = await bytes(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")), LONGEST);
    return asInput(JSON.parse(new TextDecoder().decode(json)));
  } catch {
    return undefined;
  }
}

async function bytes(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) throw new Error("too long");
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
