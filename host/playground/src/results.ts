// The right-hand side: what becomes of every object, what changes, and why.
import { diff } from "./diff";
import { count, find, make } from "./dom";
import type { Decision, Detail, Explanation, Finding, Outcome, Report, Rule } from "./policy.js";

/** How many objects are shown at first, and how many more each time. */
const PAGE = 100;

const WORDS: Record<Decision, string> = {
  accepted: "accepted",
  mutated: "mutated",
  rejected: "rejected",
  skipped: "skipped",
  error: "no answer",
};

/** From what is best to what is worst. */
const WEIGHT: Decision[] = ["skipped", "accepted", "mutated", "rejected", "error"];

interface Callbacks {
  detail(object: number): Promise<Detail | null>;
  go(line: number, column: number): void;
}

export class Results {
  readonly #objects = find("objects");
  readonly #summary = find("summary");
  readonly #callbacks: Callbacks;
  /** What is shown of an object, and of which judgement. */
  readonly #bodies = new Map<string, { state: string; element: HTMLElement }>();
  /** What the user has opened or closed, by the object's name. */
  readonly #open = new Map<string, boolean>();
  #rules = new Map<string, Rule>();
  #shown = PAGE;
  #judgement = 0;

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  set rules(rules: Rule[]) {
    this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
  }

  /** The help of a rule, in a few lines. */
  help(id: string): string {
    const rule = this.#rules.get(id);
    return rule ? `${rule.reason}\n${rule.fix}` : "";
  }

  /** Forgets what was open: another example is another story. */
  reset(): void {
    this.#open.clear();
    this.#shown = PAGE;
  }

  /** Greys out what was found before the input broke. */
  set stale(stale: boolean) {
    this.#objects.classList.toggle("stale", stale);
    this.#objects.toggleAttribute("inert", stale);
  }

  show(report: Report): void {
    this.#judgement += 1;
    this.stale = false;
    this.#summary.textContent = summary(report.objects);
    const judged = report.objects.findIndex(({ decision }) => decision !== "skipped" && decision !== "accepted");
    const first = Math.max(judged, 0);
    const names = new Map<string, number>();
    const cards = report.objects.slice(0, Math.max(this.#shown, first + 1)).map((outcome, index) => {
      const name = `${outcome.apiVersion} ${outcome.kind} ${outcome.namespace ?? ""}/${outcome.name}`;
      const number = (names.get(name) ?? 0) + 1;
      names.set(name, number);
      return this.#card(`${name} ${number}`, outcome, index, index === first);
    });
    const more = report.objects.length - cards.length;
    if (more > 0) {
      const showMore = (): void => {
        this.#shown += PAGE;
        this.show(report);
      };
      cards.push(make("button", { type: "button", class: "more", click: showMore }, `Show ${Math.min(more, PAGE)} more of ${more}`));
    }
    if (report.objects.length === 0) {
      cards.push(make("p", { class: "empty" }, "Nothing to judge yet: paste a manifest, or choose an example."));
    }
    this.#objects.replaceChildren(...cards);
    for (const [key, { element }] of this.#bodies) if (!element.isConnected) this.#bodies.delete(key);
  }

  /** The card of an object, with the old body until there is another: what is selected or scrolled to stays so. */
  #card(key: string, outcome: Outcome, index: number, first: boolean): HTMLElement {
    const known = this.#bodies.get(key) ?? { state: "", element: make("div", { class: "body" }) };
    this.#bodies.set(key, known);
    const { decision } = outcome;
    const open = this.#open.get(key) ?? first;
    const name = `${outcome.namespace ? `${outcome.namespace}/` : ""}${outcome.name}`;
    const head = make(
      "summary", {}, make("span", { class: `decision ${decision}` }, WORDS[decision]),
      make("span", { class: "name" }, make("b", {}, outcome.kind || "no kind"), ` ${name}`),
      make("span", { class: "line" }, `line ${outcome.source.line}`),
    );
    const card = make("details", { class: `object ${decision}`, open }, head, known.element);
    const judgement = this.#judgement;
    const fill = async (): Promise<void> => {
      const detail = await this.#callbacks.detail(index).catch(() => null);
      const state = JSON.stringify([outcome, detail]);
      if (judgement !== this.#judgement || state === known.state) return;
      known.state = state;
      known.element.replaceChildren(...this.#body(outcome, detail));
    };
    if (open) void fill();
    card.addEventListener("toggle", () => {
      if (card.open === (this.#open.get(key) ?? first)) return;
      this.#open.set(key, card.open);
      if (card.open) void fill();
    });
    return card;
  }

  #body(outcome: Outcome, detail: Detail | null): Node[] {
    const parts: Node[] = [];
    const { findings, object, pods = [] } = outcome;
    // Why it is refused, where no finding that rejects says so.
    const messages = [object, ...pods].flatMap(({ message, findings: own }) => (message && !own.some(({ severity }) => severity === "reject") ? [message] : []));
    parts.push(...messages.map((message) => make("p", { class: "message" }, message)));
    for (const { decision } of pods) {
      parts.push(make("p", { class: "pods" }, `The object itself is ${WORDS[object.decision]}; the pods of its template are ${WORDS[decision]}.`));
    }
    if (findings.length > 0) parts.push(make("ul", { class: "findings" }, ...findings.map((finding) => this.#finding(finding))));
    for (const change of detail?.changes ?? []) {
      const added = names([object, ...pods].flatMap(({ patch }) => patch));
      parts.push(
        make("h3", {}, `Change to ${change.title}`),
        make("p", { class: "caption" }, `imagePullSecrets gets `, ...added.flatMap((name, i) => [i ? ", " : "", make("code", {}, name)]), ". The object as the API server has it:"),
        diff(change.title, change.before, change.after),
      );
    }
    if (detail && detail.images.length > 0) parts.push(make("h3", {}, "Images"), table(detail.images));
    if (parts.length === 0) parts.push(make("p", { class: "message" }, "Nothing to say: everything is as it should be."));
    return parts;
  }

  #finding(finding: Finding): HTMLElement {
    const { rule: id, severity, message, help, line, column } = finding;
    const rule = this.#rules.get(id);
    const word = severity === "reject" ? "rejects" : "warns";
    const item = make("li", { class: severity }, make("span", { class: "severity" }, word), " ", make("code", {}, id), make("p", {}, message));
    if (help) item.append(make("p", {}, make("b", {}, "Help: "), help));
    if (line) {
      const go = (): void => this.#callbacks.go(line, column ?? 1);
      item.append(make("button", { type: "button", class: "link", click: go }, `Go to line ${line}`));
    }
    if (rule) {
      item.append(make("details", { class: "help" }, make("summary", {}, "Why, and how to fix it"), make("p", {}, rule.summary), make("p", {}, rule.reason), make("p", {}, rule.fix)));
    }
    return item;
  }
}

function summary(objects: Outcome[]): string {
  if (objects.length === 0) return "Nothing to judge.";
  const parts = [...WEIGHT].reverse().flatMap((decision) => {
    const number = objects.filter((outcome) => outcome.decision === decision).length;
    return number > 0 ? [`${number.toLocaleString("en")} ${WORDS[decision]}`] : [];
  });
  const warnings = objects.reduce((sum, outcome) => sum + outcome.warnings, 0);
  return `${count(objects.length, "object")}: ${parts.join(", ")}${warnings > 0 ? `; ${count(warnings, "warning")}` : ""}.`;
}

/** The names that a patch appends. */
function names(patch: object[]): string[] {
  const values = patch.map((operation) => (operation as { value?: unknown }).value);
  return values.flat().flatMap((value) => {
    const name = (value as { name?: unknown } | undefined)?.name;
    return typeof name === "string" ? [name] : [];
  });
}

function table(images: Detail["images"]): HTMLElement {
  const head = make("tr", {}, ...["Image", "Entry", "Secret", "Key", "Why"].map((title) => make("th", { scope: "col" }, title)));
  const rows = images.map(({ user, image, explanation }) =>
    make(
      "tr", {},
      make("th", { scope: "row" }, make("code", {}, image), make("small", {}, user)),
      cell("Entry", entry(explanation)),
      cell("Secret", secret(explanation)),
      cell("Key", keys(explanation)),
      cell("Why", why(explanation)),
    ),
  );
  const body = make("table", {}, make("caption", { class: "unseen" }, "Which secret each image needs, and why"), make("thead", {}, head), make("tbody", {}, ...rows));
  return make("div", { class: "scroll", role: "region", "aria-label": "Images", tabindex: "0" }, body);
}

function cell(title: string, text: string): HTMLElement {
  return make("td", { "data-title": title }, text);
}

function entry(explanation: Explanation): string {
  const winner = explanation.entries.find((candidate) => candidate.matches);
  if (winner) return `${winner.index + 1}: ${winner.registries.join(", ")}`;
  if (typeof explanation.need === "object") return "the default";
  return "none";
}

function secret({ need }: Explanation): string {
  if (typeof need === "object") return need.secret;
  return need === "nothing" ? "needs none" : "–";
}

function keys({ attempts, secrets }: Explanation): string {
  if (attempts.length > 0) return attempts.map(({ key, secret }) => `${key} (${secret})`).join(", then ");
  const absent = secrets.filter(({ state }) => state === "absent").map(({ name }) => name);
  if (absent.length > 0) return `${absent.join(", ")}: not in the Cluster tab`;
  return secrets.length > 0 ? secrets.map(({ name, state }) => `${name}: ${state}`).join(", ") : "–";
}

function why(explanation: Explanation): string {
  const { error, registry, need, entries, outcome } = explanation;
  if (error) return error;
  const parts: string[] = [];
  if (registry?.kind !== "login-server") parts.push(`${registry?.host}: ${registry?.reason}${registry?.help ? `; ${registry.help}` : ""}`);
  else if (typeof need === "object" && entries.length === 0) parts.push(`${registry.host} is an ACR login server, and by default all of them need ${need.secret}`);
  else if (need === "unlisted") parts.push(`no entry matches ${registry.host} in this namespace`);
  else parts.push("the first entry that matches");
  parts.push(outcome.message);
  return `${parts.join("; ")}.`;
}
