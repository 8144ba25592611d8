// The page: three texts in, a judgement out, while one types.
import { commandLine } from "./copies";
import { count, find, make } from "./dom";
import { Editor, type Remark } from "./editor";
import { examples } from "./examples";
import { Judge } from "./judge";
import type { Problem, Report, Shared, SharedFailure, Tab } from "./policy.js";
import type { Input } from "./protocol";
import { Results } from "./results";
import { decode, encode } from "./share";

const TABS: Tab[] = ["manifests", "settings", "cluster"];

const judge = new Judge();
const namespace = find<HTMLInputElement>("namespace");
const denied = find<HTMLInputElement>("denied");
const chooser = find<HTMLSelectElement>("example");
const editors = {
  manifests: new Editor(find("panel-manifests"), "Manifests, YAML or JSON", changed),
  settings: new Editor(find("panel-settings"), "Settings of the policy", changed),
  cluster: new Editor(find("panel-cluster"), "Secrets and ServiceAccounts of the cluster", changed),
};
const results = new Results({
  detail: judge.detail,
  go: (line, column) => {
    select("manifests");
    editors.manifests.go(editors.manifests.at(line, column).from);
  },
});

/** What the last judgement said; copies and links need it to be without problems. */
let latest: Report | undefined;
let timer = 0;
let busy = false;
let again = false;

function input(): Input {
  return {
    manifests: editors.manifests.text,
    settings: editors.settings.text,
    cluster: editors.cluster.text,
    namespace: namespace.value.trim() || "default",
    denied: denied.checked,
  };
}

/** Judges soon: later where there is much to read, and never two at a time. */
function changed(): void {
  clearTimeout(timer);
  document.body.toggleAttribute("data-pending", true);
  timer = window.setTimeout(() => void update(), latest && latest.milliseconds > 100 ? 400 : 60);
}

async function update(): Promise<void> {
  again = busy;
  if (busy) return;
  busy = true;
  try {
    show(await judge.judge(input()));
  } catch (error) {
    latest = undefined;
    results.stale = true;
    fail([String(error instanceof Error ? error.message : error)]);
  } finally {
    busy = false;
    if (again) void update();
    else document.body.toggleAttribute("data-pending", false);
  }
}

function show(report: Report): void {
  latest = report;
  for (const tab of TABS) {
    const mine = (problems: Problem[]): Problem[] => problems.filter((problem) => problem.tab === tab);
    const place = (severity: Remark["severity"], source: string) => (problem: Problem): Remark => ({
      ...editors[tab].at(problem.line, problem.column), severity, source, message: sentence(problem),
    });
    const remarks = [
      ...mine(report.problems).map(place("error", tab === "settings" ? "settings" : "syntax")),
      ...mine(report.notes).map(place("info", "note")),
    ];
    if (tab === "manifests") {
      remarks.push(...report.marks.map((mark): Remark => ({
        from: mark.from,
        to: mark.to,
        severity: mark.severity === "reject" ? "error" : "warning",
        source: mark.rule,
        message: sentence(mark),
        help: results.help(mark.rule),
      })));
    }
    editors[tab].remark(remarks);
    const number = mine(report.problems).length;
    const button = find(`tab-${tab}`);
    button.classList.toggle("broken", number > 0);
    if (number > 0) button.setAttribute("aria-label", `${button.textContent}, ${count(number, "problem")}`);
    else button.removeAttribute("aria-label");
  }
  fail(report.problems.map((problem) => `${tabName(problem.tab)}, line ${problem.line}: ${sentence(problem)}`), report.problems);
  if (report.problems.length > 0) {
    results.stale = true;
    return;
  }
  results.show(report);
  const each = report.evaluations > 0 ? report.milliseconds / report.evaluations : 0;
  find("cost").textContent = report.evaluations > 0 ? `${count(report.evaluations, "evaluation")}, ${time(each)} each` : "";
}

/** What is wrong, and what to do about it. */
function sentence({ message, help }: { message: string; help?: string }): string {
  return help ? `${message}. Help: ${help}` : message;
}

function time(milliseconds: number): string {
  if (milliseconds === 0) return "under 0.1 ms";
  return milliseconds < 0.1 ? `${(milliseconds * 1000).toFixed(0)} µs` : `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
}

function tabName(tab: Tab): string {
  return find(`tab-${tab}`).textContent ?? tab;
}

/** Says what keeps from judging. */
function fail(messages: string[], problems: Problem[] = []): void {
  const items = messages.map((message, index) => {
    const problem = problems[index];
    if (!problem) return make("li", {}, message);
    const go = (): void => {
      select(problem.tab);
      editors[problem.tab].go(editors[problem.tab].at(problem.line, problem.column).from);
    };
    return make("li", {}, `${message} `, make("button", { type: "button", class: "link", click: go }, "Go there"));
  });
  const place = find("problems");
  place.replaceChildren();
  if (items.length === 0) return;
  place.append(make("div", { role: "alert" }, make("strong", {}, "Cannot be judged as it stands"), make("ul", {}, ...items), make("small", {}, "Below is the last result.")));
}

function select(tab: Tab, focus = false): void {
  for (const name of TABS) {
    const isChosen = name === tab;
    const button = find(`tab-${name}`);
    button.setAttribute("aria-selected", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    find(`panel-${name}`).hidden = !isChosen;
    if (isChosen && focus) button.focus();
  }
  editors[tab].measure();
}

function fill(next: Input): void {
  results.reset();
  namespace.value = next.namespace;
  denied.checked = next.denied;
  for (const tab of TABS) editors[tab].text = next[tab];
  changed();
}

/** Says what became of a button; with a link, shows it too. */
function say(message: string, link = ""): void {
  const notice = find("notice");
  notice.hidden = false;
  const text = notice.querySelector("p");
  if (text) text.textContent = message;
  const field = find<HTMLTextAreaElement>("link");
  field.hidden = link === "";
  field.value = link;
  if (link) field.select();
}

async function copy(text: string, name: string, also = ""): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${name} copied.${also}`);
  } catch {
    say(`${name}: the browser does not let this page copy; take it from here.${also}`, text);
  }
}

/** The inputs and their copies without the values of Secrets; `undefined`, and a message, where that cannot be. */
async function harmless(purpose: string): Promise<Shared | undefined> {
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

async function share(): Promise<void> {
  const found = await harmless("shared");
  if (!found) return;
  const link = `${location.href.split("#")[0]}#${await encode(found)}`;
  history.replaceState(null, "", link);
  const secrets = replaced(found) || " It holds no Secret’s value.";
  const promise = "The inputs are in the link itself: whoever has it can read them, and no server sees them.";
  const copied = await navigator.clipboard.writeText(link).then(() => true, () => false);
  say(`${copied ? "Link copied." : "Here is the link."}${secrets} ${promise}`, link);
}

async function copyCommand(): Promise<void> {
  const found = await harmless("copied");
  if (!found || !isFine()) return;
  const also = found.denied ? " The command cannot play RBAC that forbids lookups." : "";
  await copy(commandLine(found), "Command line", replaced(found) + also);
}

async function copyTest(): Promise<void> {
  const found = await harmless("copied");
  if (found && isFine()) await copy(found.suite, "Test case", replaced(found));
}

async function copyPolicy(): Promise<void> {
  const found = await harmless("copied");
  if (found && isFine()) await copy(found.policy, "ClusterAdmissionPolicy");
}

function isFine(): boolean {
  const problem = latest?.problems[0];
  if (latest && !problem) return true;
  say(problem ? `Nothing was copied: fix ${tabName(problem.tab)}, line ${problem.line}, first.` : "Nothing was copied: there is no judgement yet.");
  return false;
}

async function load(): Promise<boolean> {
  const linked = await decode(location.hash.slice(1));
  if (linked) {
    chooser.value = "";
    fill(linked);
  }
  return linked !== undefined;
}

function choose(): void {
  const example = examples[Number(chooser.value)];
  if (!example) return;
  history.replaceState(null, "", location.href.split("#")[0]);
  fill(example.input());
  select("manifests");
}

for (const [index, tab] of TABS.entries()) {
  const button = find(`tab-${tab}`);
  button.addEventListener("click", () => select(tab));
  button.addEventListener("keydown", (event) => {
    const steps: Record<string, number> = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 };
    const next = TABS.at((steps[event.key] ?? NaN) % TABS.length);
    if (!(event.key in steps) || !next) return;
    event.preventDefault();
    select(next, true);
  });
}
chooser.append(make("option", { value: "", hidden: true }, "from the link"));
for (const group of ["Start", "Findings"] as const) {
  const options = examples.flatMap((example, index) =>
    (example.rule ? "Findings" : "Start") === group ? [make("option", { value: String(index) }, example.name)] : []);
  chooser.append(make("optgroup", { label: group }, ...options));
}
chooser.value = "0";
chooser.addEventListener("change", choose);
namespace.addEventListener("input", changed);
denied.addEventListener("change", changed);
window.addEventListener("hashchange", () => void load());
find("share").addEventListener("click", () => void share());
find("copy-policy").addEventListener("click", () => void copyPolicy());
find("copy-command").addEventListener("click", () => void copyCommand());
find("copy-test").addEventListener("click", () => void copyTest());
find("dismiss").addEventListener("click", () => {
  find("notice").hidden = true;
});

if (!(await load())) choose();
try {
  const { version, size, rules } = await judge.about();
  results.rules = rules;
  find("about").textContent = `policy ${version}, ${Math.round(size / 1000)} KB of WebAssembly`;
  // The help of the rules was not there yet.
  changed();
} catch (error) {
  fail([`The policy did not load: ${error instanceof Error ? error.message : String(error)}`]);
}

if ("serviceWorker" in navigator) void navigator.serviceWorker.register("sw.js").catch(() => undefined);
