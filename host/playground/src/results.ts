// The right-hand side: what becomes of every object, what changes, and why.
import { diff } from "./diff";
import { breakable, count, find, folded, make } from "./dom";
import { images } from "./images";
import type { Decision, Detail, Finding, Outcome, Report, Rule } from "./policy.js";

/** How many objects are shown at first, and how many more each time. */
const PAGE = 100;

const WORDS: Record<Decision, string> = {
  accepted: "accepted",
  mutated: "mutated",
  rejected: "rejected",
  skipped: "skipped",
  error: "error",
};

/** In the order of the command's summary. */
const ORDER: Decision[] = ["accepted", "mutated", "rejected", "skipped", "error"];

interface Callbacks {
  detail(object: number): Promise<Detail | null>;
  go(line: number, column: number): void;
  /** Whether RBAC forbids the lookups */
  denied(): boolean;
}

/** What is shown of an object. */
interface Body {
  state: string;
  element: HTMLElement;
  /** Fills it, if it is not yet */
  fill(): Promise<void>;
}

export class Results {
  readonly #objects = find("objects");
  readonly #summary = find("summary");
  readonly #callbacks: Callbacks;
  readonly #bodies = new Map<string, Body>();
  readonly #failing = find<HTMLButtonElement>("failing");
  /** What the user has opened or closed, by the object's name. */
  readonly #open = new Map<string, boolean>();
  #rules = new Map<string, Rule>();
  #shown = PAGE;
  #judgement = 0;
  #onlyFailing = false;
  #report: Report | undefined;
  /** The names of the objects, distinguished from others of the same name */
  #keys: string[] = [];

  /** The open cards that get their bodies */
  #filling: Promise<void>[] = [];

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
    this.#failing.addEventListener("click", () => {
      this.#onlyFailing = !this.#onlyFailing;
      if (this.#report) this.show(this.#report);
    });
  }

  set rules(rules: Rule[]) {
    this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
  }

  /** Forgets what was open: another example is another story. */
  reset(): void {
    this.#open.clear();
    this.#shown = PAGE;
    this.#onlyFailing = false;
  }

  /** Greys out what was found before the input broke: what is wrong now is above. */
  set stale(stale: boolean) {
    this.#objects.classList.toggle("stale", stale);
    this.#objects.toggleAttribute("inert", stale);
    this.#summary.hidden = stale;
    this.#failing.disabled = stale;
  }

  show(report: Report): void {
    this.#report = report;
    this.#judgement += 1;
    this.stale = false;
    this.#summary.textContent = summary(report.objects);
    this.#summary.hidden = report.objects.length === 0;
    const failing = report.objects.filter(fails).length;
    if (failing === 0) this.#onlyFailing = false;
    this.#failing.hidden = failing === 0 || report.objects.length < 2;
    this.#failing.textContent = `Only failures (${failing.toLocaleString("en")})`;
    this.#failing.setAttribute("aria-pressed", String(this.#onlyFailing));
    this.#keys = [];
    this.#filling = [];
    const names = new Map<string, number>();
    for (const outcome of report.objects) {
      const name = `${outcome.apiVersion} ${outcome.kind} ${outcome.namespace ?? ""}/${outcome.name}`;
      const number = (names.get(name) ?? 0) + 1;
      names.set(name, number);
      this.#keys.push(`${name} ${number}`);
    }
    const first = Math.max(report.objects.findIndex(({ decision }) => decision !== "skipped" && decision !== "accepted"), 0);
    const wanted = report.objects.flatMap((outcome, index) => (!this.#onlyFailing || fails(outcome) ? [index] : []));
    const cards = wanted.slice(0, Math.max(this.#shown, wanted.indexOf(first) + 1)).flatMap((index) => {
      const [outcome, key] = [report.objects[index], this.#keys[index]];
      return outcome && key !== undefined ? [this.#card(key, outcome, index, index === first)] : [];
    });
    const more = wanted.length - cards.length;
    if (more > 0) {
      const showMore = (): void => {
        this.#shown += PAGE;
        this.show(report);
      };
      cards.push(make("button", { type: "button", class: "more", click: showMore }, `Show ${Math.min(more, PAGE)} more of ${more}`));
    }
    if (report.objects.length === 0) {
      cards.push(make("p", { class: "empty" }, "Paste a manifest, open a file, or choose an example."));
    }
    this.#objects.replaceChildren(...cards);
    for (const [key, { element }] of this.#bodies) if (!element.isConnected) this.#bodies.delete(key);
  }

  /** Waits until the open cards say what was found now, not before. */
  async filled(): Promise<void> {
    await Promise.all(this.#filling);
  }

  /** Shows the finding of a rule at an object. */
  async reveal(object: number, rule: string): Promise<void> {
    const report = this.#report;
    const [outcome, key] = [report?.objects[object], this.#keys[object]];
    if (!report || !outcome || key === undefined) return;
    this.#open.set(key, true);
    if (!fails(outcome)) this.#onlyFailing = false;
    this.#shown = Math.max(this.#shown, object + 1);
    this.show(report);
    const body = this.#bodies.get(key);
    await body?.fill();
    const place = body?.element.querySelector<HTMLElement>(`[data-rule="${CSS.escape(rule)}"]`) ?? body?.element;
    place?.scrollIntoView({ block: "center" });
    place?.focus({ preventScroll: true });
  }

  /** The card of an object, with the old body until there is another: what is selected or scrolled to stays so. */
  #card(key: string, outcome: Outcome, index: number, first: boolean): HTMLElement {
    const known = this.#bodies.get(key) ?? { state: "", element: make("div", { class: "body" }), fill: async () => undefined };
    this.#bodies.set(key, known);
    const { decision } = outcome;
    const open = this.#open.get(key) ?? first;
    const name = `${outcome.namespace ? `${outcome.namespace}/` : ""}${outcome.name}`;
    const warnings = outcome.warnings > 0 ? make("span", { class: "warnings" }, count(outcome.warnings, "warning")) : null;
    const head = make(
      "summary", {}, make("span", { class: `decision ${decision}` }, WORDS[decision]),
      make("span", { class: "name" }, make("b", {}, outcome.kind || "no kind"), ` ${name}`),
      warnings, make("span", { class: "line" }, `line ${outcome.source.line}`),
    );
    const card = make("details", { class: `object ${decision}`, open }, head, known.element);
    const judgement = this.#judgement;
    known.fill = async (): Promise<void> => {
      const detail = await this.#callbacks.detail(index).catch(() => null);
      const state = JSON.stringify([outcome, detail]);
      if (judgement !== this.#judgement || state === known.state) return;
      known.state = state;
      known.element.replaceChildren(...this.#body(outcome, detail));
    };
    if (open) this.#filling.push(known.fill());
    card.addEventListener("toggle", () => {
      if (card.open === (this.#open.get(key) ?? first)) return;
      this.#open.set(key, card.open);
      if (card.open) void known.fill();
    });
    return card;
  }

  #body(outcome: Outcome, detail: Detail | null): Node[] {
    const parts: Node[] = [];
    const { findings, object, pods = [] } = outcome;
    // Why it is refused, where no finding that rejects says so.
    const messages = [object, ...pods].flatMap(({ message, findings: own }) => (message && !own.some(({ severity }) => severity === "reject") ? [message] : []));
    parts.push(...messages.map((message) => make("p", { class: "message" }, message)));
    for (const { decision } of pods.filter(({ decision }) => decision !== object.decision)) {
      parts.push(make("p", { class: "pods" }, `The object itself is ${WORDS[object.decision]}; the pods of its template are ${WORDS[decision]}.`));
    }
    if (findings.length > 0) parts.push(make("ul", { class: "findings" }, ...grouped(findings).map((same) => this.#finding(same, outcome))));
    for (const change of detail?.changes ?? []) {
      const added = names([object, ...pods].flatMap(({ patch }) => patch));
      parts.push(
        make("h3", {}, `Change to ${change.title}`),
        make("p", { class: "caption" }, "Adds ", ...added.flatMap((name, i) => [i ? ", " : "", make("code", {}, name)]), " to imagePullSecrets. As the API server has it:"),
        diff(change.title, change.before, change.after),
      );
    }
    if (detail && detail.images.length > 0) parts.push(make("h3", {}, "Images"), ...images(detail.images, outcome.namespace ?? "", this.#callbacks.denied()));
    if (parts.length === 0) parts.push(make("p", { class: "message" }, "No findings."));
    return parts;
  }

  /** What a rule found in an object: each message once, with the places that it is about. */
  #finding(same: Finding[], outcome: Outcome): HTMLElement {
    const [first] = same;
    if (!first) return make("li");
    const { rule: id, severity } = first;
    const rule = this.#rules.get(id);
    const help = new Set(same.map(({ help }) => help));
    const item = make(
      "li", { class: severity, "data-rule": id, tabindex: "-1" },
      make("span", { class: "severity" }, severity === "reject" ? "rejects" : "warns"), " ", make("code", {}, id),
    );
    const messages = [...new Set(same.map(({ message }) => message))].map((message) => {
      const alike = same.filter((finding) => finding.message === message);
      const text = make("p", {}, ...breakable(message), " ", ...this.#places(alike, outcome));
      return help.size > 1 ? make("div", {}, text, this.#help(alike[0]?.help)) : text;
    });
    item.append(...folded<HTMLElement>(messages, (some) => some));
    if (help.size === 1) item.append(this.#help(first.help));
    if (rule) {
      item.append(make("details", { class: "help" }, make("summary", {}, "Why, and how to fix it"), make("p", {}, rule.summary), make("p", {}, rule.reason), make("p", {}, rule.fix)));
    }
    return item;
  }

  #help(help = ""): Node {
    return help ? make("p", {}, make("b", {}, "Help: "), help) : document.createTextNode("");
  }

  #places(findings: Finding[], outcome: Outcome): Node[] {
    const places = new Map(findings.map(({ line = outcome.source.line, column = 1 }) => [line, column]));
    return [...places].flatMap(([line, column]) => {
      const go = (): void => this.#callbacks.go(line, column);
      return [make("button", { type: "button", class: "link", click: go }, `line ${line}`), document.createTextNode(" ")];
    });
  }
}

/** Findings of one rule and weight, in the order of their places. */
function grouped(findings: Finding[]): Finding[][] {
  const groups = new Map<string, Finding[]>();
  const inOrder = [...findings].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  for (const finding of inOrder) {
    const key = `${finding.severity} ${finding.rule}`;
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()];
}

/** The findings for which the command's exit status is 1. */
function fails({ decision }: Outcome): boolean {
  return decision === "rejected" || decision === "error";
}

/** As the command counts, without zeros. */
function summary(objects: Outcome[]): string {
  const parts = ORDER.flatMap((decision) => {
    const number = objects.filter((outcome) => outcome.decision === decision).length;
    if (decision === "error") return number > 0 ? [count(number, "error")] : [];
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
