// What leaves the page by the user's hand: links and copies, without the values of Secrets, and the user's own text, fixed.
import { commandLine } from "./copies";
import { count, find } from "./dom";
import type { Judge } from "./judge";
import { copy, say } from "./notice";
import type { Fixed, Report, Shared, SharedFailure, Tab } from "./policy.js";
import type { Input } from "./protocol";
import { encode } from "./share";

export interface Page {
  judge: Judge;
  input(): Input;
  /** The last result; copies need it to be without problems. */
  latest(): Report | undefined;
  tabName(tab: Tab): string;
}

/** The inputs and their copies without the values of Secrets; `undefined`, and a message, where that cannot be. */
async function harmless({ judge, input, tabName }: Page, purpose: string): Promise<Shared | undefined> {
  let answer: Shared | SharedFailure;
  try {
    answer = await judge.share(input());
  } catch (error) {
    say(`Nothing was ${purpose}: ${error instanceof Error ? error.message : String(error)}.`);
    return undefined;
  }
  if (!("error" in answer)) return answer;
  say(`Nothing was ${purpose}: in ${tabName(answer.tab)}, ${answer.error}. Fix that first: until then values of Secrets cannot be replaced.`);
  return undefined;
}

/** What others get that the page does not show. */
function replaced({ removed, differences }: Shared): string {
  const values = removed > 0
    ? ` ${count(removed, "value")} of Secrets and credentials ${removed === 1 ? "was" : "were"} replaced by dummies, and comments removed.`
    : "";
  const shown = differences.slice(0, 3).join("; ") + (differences.length > 3 ? `; and ${differences.length - 3} more` : "");
  return differences.length > 0 ? `${values} The verdict changes without them: ${shown}.` : values;
}

function isFine({ latest, tabName }: Page): boolean {
  const report = latest();
  const problem = report?.problems[0];
  if (report && !problem) return true;
  say(problem ? `Nothing was copied: fix ${tabName(problem.tab)}, line ${problem.line}, first.` : "Nothing was copied: the policy has not answered yet.");
  return false;
}

async function share(page: Page): Promise<void> {
  const found = await harmless(page, "shared");
  if (!found) return;
  const link = `${location.href.split("#")[0]}#${await encode(found)}`;
  history.replaceState(null, "", link);
  const secrets = replaced(found) || " It holds no Secret’s value.";
  const promise = "The inputs are in the link itself: everyone who has it can read them. No server receives them.";
  const copied = await navigator.clipboard.writeText(link).then(() => true, () => false);
  say(`${copied ? "Link copied." : "Here is the link."}${secrets} ${promise}`, link);
}

async function copyCommand(page: Page): Promise<void> {
  const found = await harmless(page, "copied");
  if (!found || !isFine(page)) return;
  const also = found.denied ? " The command cannot imitate RBAC that forbids lookups." : "";
  await copy(commandLine(found), "Command line", `${replaced(found)}${also}`.trimStart());
}

async function copyTest(page: Page): Promise<void> {
  const found = await harmless(page, "copied");
  if (found && isFine(page)) await copy(found.suite, "Test case", replaced(found).trimStart());
}

async function copyPolicy(page: Page): Promise<void> {
  const found = await harmless(page, "copied");
  if (found && isFine(page)) await copy(found.policy, "ClusterAdmissionPolicy", "");
}

/** The user's own text with the missing names: nothing in it is replaced, because it is the user's. */
async function copyFixed(page: Page): Promise<void> {
  if (!isFine(page)) return;
  let fixed: Fixed;
  try {
    fixed = await page.judge.fixed(page.input());
  } catch (error) {
    return say(`Nothing was copied: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const [refused] = fixed.refusals;
  if (refused) return say(`Nothing was copied. Line ${refused.line}: ${refused.message}.`);
  const objects = fixed.changes.slice(0, 3).map(({ object, names }) => `${names.join(", ")} to ${object}`);
  const more = fixed.changes.length > 3 ? ` and ${count(fixed.changes.length - 3, "more object")}` : "";
  if (objects.length === 0) return say("Nothing was copied: there is nothing to add.");
  const accounts = new Set(fixed.changes.flatMap(({ unknownAccount }) => unknownAccount ?? []));
  const lists = accounts.size > 0 ? ` If ServiceAccount ${[...accounts].join(" or ")} has pull secrets, add them to the list.` : "";
  await copy(fixed.text, "Fixed YAML", `It adds ${objects.join("; ")}${more}.${lists}`);
}

export function startButtons(page: Page): void {
  const actions = { "share": share, "copy-policy": copyPolicy, "copy-command": copyCommand, "copy-test": copyTest, "copy-fixed": copyFixed };
  for (const [id, action] of Object.entries(actions)) find(id).addEventListener("click", () => void action(page));
}
