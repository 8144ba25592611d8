// The page: three texts in, a result out, while the user types.
import { count, find, make } from "./dom";
import { Editor, type Remark } from "./editor";
import { examples } from "./examples";
import { startFiles } from "./files";
import { Judge } from "./judge";
import { Keeper } from "./keeper";
import { say } from "./notice";
import { startButtons } from "./outgoing";
import type { Field, Problem, Report, Tab } from "./policy.js";
import type { Input } from "./protocol";
import { Results } from "./results";
import { decode } from "./share";
import { TABS, markTab, selectTab, selectedTab, startTabs, tabName } from "./tabs";
import { startTheme } from "./theme";

const judge = new Judge();
const keeper = new Keeper();
const namespace = find<HTMLInputElement>("namespace");
const denied = find<HTMLInputElement>("denied");
const chooser = find<HTMLSelectElement>("example");
let fields: Field[] = [];
const editors = {
  manifests: new Editor(find("panel-manifests"), "Manifests, YAML or JSON", changed),
  settings: new Editor(find("panel-settings"), "Settings of the policy", changed, () => fields),
  cluster: new Editor(find("panel-cluster"), "Secrets and ServiceAccounts of the cluster", changed),
};
const results = new Results({
  detail: judge.detail,
  go: (line, column) => goTo("manifests", line, column),
  denied: () => denied.checked,
});

/** The last result; copies and links need it to be without problems. */
let latest: Report | undefined;
/** Whether the text is the user's: not an example's, and not a link's. */
let isOwn = false;
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

/** Checks soon: later where there is much to read, and never two at a time. */
function changed(byUser = true): void {
  if (byUser) own();
  clearTimeout(timer);
  document.body.toggleAttribute("data-pending", true);
  timer = window.setTimeout(() => void update(), latest && latest.milliseconds > 100 ? 400 : 60);
}

/** From now on the text is the user's: it is not an example any more, and no link describes it. */
function own(): void {
  if (location.hash) history.replaceState(null, "", location.href.split("#")[0]);
  if (isOwn) return;
  isOwn = true;
  chooser.options[0]?.replaceChildren("your own text");
  chooser.value = "";
}

async function update(): Promise<void> {
  again = busy;
  if (busy) return;
  busy = true;
  try {
    const judged = input();
    show(await judge.judge(judged));
    await results.filled();
    if (isOwn && keeper.takes(judged)) {
      const known = await judge.secrecy();
      if (known) keeper.keep(known.input, known.secrecy);
    }
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
    const place = ({ line, column }: Problem): { from: number; to: number } => editors[tab].at(line, column);
    const remarks = [
      ...mine(report.problems).map((problem): Remark => ({
        ...place(problem), severity: "error", source: tab === "settings" ? "not valid" : "syntax error", message: sentence(problem),
        go: () => find("problems").scrollIntoView({ block: "nearest" }),
      })),
      // A note is shown nowhere else.
      ...mine(report.notes).map((note): Remark => ({ ...place(note), severity: "info", source: "note", message: sentence(note) })),
    ];
    if (tab === "manifests") {
      remarks.push(...report.marks.map((mark): Remark => ({
        from: mark.from, to: mark.to, severity: mark.severity === "reject" ? "error" : "warning", source: mark.rule,
        message: sentence(mark), go: () => void results.reveal(mark.object, mark.rule),
      })));
    }
    editors[tab].remark(remarks);
    markTab(tab, mine(report.problems).length);
  }
  fail(report.problems.map(({ message }) => message), report.problems);
  const isBroken = report.problems.length > 0;
  find("copy-fixed").hidden = isBroken || report.fixable === 0;
  results.stale = isBroken;
  if (!isBroken) results.show(report);
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

/** Says what prevents a check. */
function fail(messages: string[], problems: Problem[] = []): void {
  const items = messages.map((message, index) => {
    const problem = problems[index];
    if (!problem) return make("li", {}, message);
    const go = (): void => goTo(problem.tab, problem.line, problem.column);
    const place = make("button", { type: "button", class: "link", click: go }, `${tabName(problem.tab)}, line ${problem.line}`);
    return make("li", {}, place, `: ${message}`, problem.help ? make("p", {}, make("b", {}, "Help: "), problem.help) : null);
  });
  const place = find("problems");
  place.replaceChildren();
  if (items.length === 0) return;
  place.append(make("div", { role: "alert" }, make("strong", {}, "Can’t evaluate this yet"), make("ul", {}, ...items)));
}

function select(tab: Tab, focus = false): void {
  selectTab(tab, focus);
  editors[tab].measure();
}

function goTo(tab: Tab, line: number, column: number): void {
  select(tab);
  editors[tab].go(editors[tab].at(line, column).from);
}

function fill(next: Input, origin: string): void {
  isOwn = false;
  if (origin) {
    chooser.options[0]?.replaceChildren(origin);
    chooser.value = "";
  }
  results.reset();
  namespace.value = next.namespace;
  denied.checked = next.denied;
  for (const tab of TABS) editors[tab].text = next[tab];
  changed(false);
}

async function load(): Promise<boolean> {
  const linked = await decode(location.hash.slice(1));
  if (linked) fill(linked, "from the link");
  return linked !== undefined;
}

function choose(): void {
  const example = examples[Number(chooser.value)];
  if (!example) return;
  history.replaceState(null, "", location.href.split("#")[0]);
  fill(example.input(), "");
  select("manifests");
}

startTheme();
startTabs(select);
startButtons({ judge, input, latest: () => latest, tabName });
startFiles({
  open: (text, names) => {
    const tab = selectedTab();
    editors[tab].replace(text);
    say(`Opened ${names.join(", ")} under ${tabName(tab)}. Undo brings the old text back.`);
  },
  fail: (message) => say(message),
});
chooser.append(make("option", { value: "", hidden: true }, "your own text"));
for (const group of ["Start", "Findings"] as const) {
  const options = examples.flatMap((example, index) =>
    (example.rule ? "Findings" : "Start") === group ? [make("option", { value: String(index) }, example.name)] : []);
  chooser.append(make("optgroup", { label: group }, ...options));
}
chooser.addEventListener("change", choose);
namespace.addEventListener("input", () => changed());
denied.addEventListener("change", () => changed());
window.addEventListener("hashchange", () => void load());

if (!(await load())) {
  const work = keeper.work;
  if (work) {
    fill(work, "your own text");
    isOwn = true;
  } else {
    chooser.value = "0";
    choose();
  }
}
try {
  const about = await judge.about();
  results.rules = about.rules;
  fields = about.fields;
  find("about").textContent = `policy ${about.version}, ${Math.round(about.size / 1000)} KB of WebAssembly`;
  // The help of the rules was not there yet.
  changed(false);
} catch (error) {
  fail([`The policy did not load: ${error instanceof Error ? error.message : String(error)}`]);
}

if ("serviceWorker" in navigator) void navigator.serviceWorker.register("sw.js").catch(() => undefined);
