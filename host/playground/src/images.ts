// The images of an object: what becomes of each pull, why, and what to give where that is not known.
import { breakable, folded, make } from "./dom";
import type { Detail, Explanation } from "./policy.js";

type Image = Detail["images"][number];
type State = Explanation["outcome"]["state"];

const SIGNS: Record<State, string> = { works: "✓", fails: "✕", unknown: "?" };

/** A card for each image; those that are pulled alike by several containers share one. */
export function images(all: Image[], namespace: string, denied: boolean): Node[] {
  const alike = new Map<string, Image[]>();
  for (const image of all) {
    const same = JSON.stringify([image.image, image.explanation]);
    alike.set(same, [...(alike.get(same) ?? []), image]);
  }
  const cards = [...alike.values()].map((same) => card(same, namespace, denied));
  return folded(cards, (some) => [make("ul", { class: "images" }, ...some)]);
}

function card(same: Image[], namespace: string, denied: boolean): HTMLElement {
  const [first] = same;
  if (!first) return make("li");
  const { explanation, image } = first;
  const { state, message } = explanation.outcome;
  const users = same.map(({ user }) => user).join(", ");
  const help = advice(explanation, namespace, denied);
  return make(
    "li", { class: state },
    make("p", { class: "image" }, make("code", {}, ...breakable(image, true)), make("small", {}, users)),
    make("p", { class: "outcome" }, make("span", { class: "sign", "aria-hidden": "true" }, SIGNS[state]), make("span", {}, ...breakable(sentence(message)))),
    help ? make("p", { class: "advice" }, ...breakable(help)) : null,
    make("dl", {}, ...facts(explanation).flatMap(([title, text]) => [make("div", {}, make("dt", {}, title), make("dd", {}, ...breakable(text)))])),
  );
}

function sentence(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?]$/.test(message) ? "" : ".");
}

/** What to do when the outcome of the pull is unknown. */
function advice({ outcome, secrets, needs, registry }: Explanation, namespace: string, denied: boolean): string {
  // What the policy does not check needs no more inputs.
  if (outcome.state !== "unknown" || registry?.kind === "other") return "";
  const unread = secrets.filter(({ state }) => state === "unknown").map(({ name }) => `${namespace}/${name}`);
  if (unread.length > 0 && denied) return "Allow the lookups in the Cluster tab.";
  if (unread.length > 0) return `To find out, add ${unread.length > 1 ? "Secrets" : "Secret"} ${unread.join(", ")} to the Cluster tab.`;
  if (needs === "unlisted" && registry) return `Name the secret for ${registry.host} under pullSecrets in the Settings tab.`;
  return "";
}

/** How the outcome comes about, as far as there is something to say, in the words of `explain`. */
function facts({ tries, entries, needs, identity, registry }: Explanation): [string, string][] {
  const all: [string, string][] = [];
  if (registry && registry.kind !== "login-server") {
    // The reason why a host is mistaken names it.
    const host = registry.kind === "mistaken" ? "" : `${registry.host}: `;
    all.push(["Registry", `${host}${registry.reason}${registry.help ? `; ${registry.help}` : ""}`]);
  }
  const entry = entries.find(({ matches }) => matches);
  if (identity !== undefined) all.push(["Needs", `no pull secret: ServiceAccount ${identity} has an identity of its own`]);
  else if (needs === "nothing") all.push(["Needs", "no pull secret"]);
  else if (typeof needs === "object") all.push(["Needs", `pull secret ${needs.secret}${entries.length > 0 ? "" : " (the default: the settings have no pullSecrets)"}`]);
  else if (needs === "unlisted") all.push(["Needs", "unknown: no entry of pullSecrets covers the image"]);
  if (entry && identity === undefined) all.push(["Entry", `pullSecrets[${entry.index}], ${entry.registries.join(", ")}`]);
  // The outcome names the one that serves.
  if (tries.length > 1) all.push(["Keys, in order", tries.map(({ key, secret }) => `${key} (${secret})`).join(", then ")]);
  return all;
}
