// What is copied out of the page.
import type { Shared } from "./policy.js";

/** A text as one word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A here-document whose end marker is not in the text. */
function here(text: string, name: string): string {
  let end = name;
  while (text.split("\n").includes(end)) end += "_";
  return `<<'${end}'\n${text.endsWith("\n") || text === "" ? text : `${text}\n`}${end}`;
}

/** The call of the command that checks the same. */
export function commandLine(input: Shared): string {
  // The page has all that there is, and does what the policy does, also with its default settings.
  const words = ["acr-pull-secret check --complete", `--settings-json ${quote(input.settingsJson)}`];
  const before: string[] = [];
  if (input.namespace !== "default") words.push(`--namespace ${quote(input.namespace)}`);
  if (input.cluster.trim() !== "") {
    before.push(`cat > acr-cluster.yaml ${here(input.cluster, "CLUSTER")}`);
    words.push("--cluster acr-cluster.yaml");
  }
  return [...before, `${words.join(" ")} - ${here(input.manifests, "MANIFESTS")}`, ""].join("\n");
}
