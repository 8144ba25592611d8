// What is copied out of the page.
import type { Input } from "./protocol";

/** A text as one word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A here-document whose end stands nowhere in the text. */
function here(text: string, name: string): string {
  let end = name;
  while (text.split("\n").includes(end)) end += "_";
  return `<<'${end}'\n${text.endsWith("\n") || text === "" ? text : `${text}\n`}${end}`;
}

/** The call of the command that judges the same: what is in `input` must be free of secrets already. */
export function commandLine(input: Input, settings: string): string {
  const words = ["acr-pull-secret check"];
  const before: string[] = [];
  if (settings !== "{}") words.push(`--settings-json ${quote(settings)}`);
  if (input.namespace !== "default") words.push(`--namespace ${quote(input.namespace)}`);
  if (input.cluster.trim() !== "") {
    before.push(`cat > acr-cluster.yaml ${here(input.cluster, "CLUSTER")}`);
    words.push("--cluster acr-cluster.yaml");
  }
  return [...before, `${words.join(" ")} - ${here(input.manifests, "MANIFESTS")}`, ""].join("\n");
}
