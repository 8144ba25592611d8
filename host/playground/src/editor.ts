// The editors: YAML with line numbers, and findings at their lines.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, type DecorationSet, EditorView, WidgetType, drawSelection, highlightActiveLine, highlightActiveLineGutter,
  keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { settingsCompletion } from "./completion";
import { make } from "./dom";
import type { Field } from "./policy.js";

/** The text at a position. */
export interface Remark {
  from: number;
  to: number;
  severity: "error" | "warning" | "info";
  /** Rule id, or what kind of problem it is */
  source: string;
  message: string;
  /** Shows the message in full; without it, the message is below its line */
  go?: () => void;
}

/** As many as anybody reads; the results have them all. */
const MOST_REMARKS = 300;

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--key)" },
  { tag: [tags.string, tags.content], color: "var(--ink)" },
  { tag: [tags.number, tags.bool, tags.keyword, tags.null], color: "var(--number)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.meta], color: "var(--muted)" },
  { tag: [tags.labelName, tags.typeName], color: "var(--accent)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--panel)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "10px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--panel)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".cm-selectionMatch": { backgroundColor: "var(--selection)" },
  ".cm-matchingBracket": { backgroundColor: "var(--selection)", outline: "none" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono) !important", fontSize: "12.5px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-wash) !important", color: "var(--accent) !important" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-completionInfo": { maxWidth: "36ch !important", padding: "6px 10px", fontFamily: "var(--sans)", lineHeight: "1.45" },
  // There it would cover the options.
  "@media (max-width: 760px)": { ".cm-completionInfo": { display: "none" } },
  ".cm-foldPlaceholder": { backgroundColor: "var(--active)", border: "1px solid var(--line)", color: "var(--muted)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-panels button, .cm-panels input": { font: "inherit", color: "inherit", background: "var(--panel)", border: "1px solid var(--line)" },
  ".cm-diagnostic": { padding: "8px 12px", borderLeftWidth: "3px", maxWidth: "56ch", fontFamily: "var(--sans)", whiteSpace: "pre-line" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--red)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--amber)" },
  ".cm-lintRange": { backgroundImage: "none", textDecoration: "underline wavy 1.5px", textUnderlineOffset: "4px" },
  ".cm-lintRange-error": { textDecorationColor: "var(--red)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--amber)" },
  ".cm-lintRange-info": { textDecorationColor: "var(--accent)" },
  // The editor measures blocks without their margins: with some, line numbers would drift from their lines.
  ".remarks": { display: "flex", flexWrap: "wrap", gap: "4px 8px", padding: "4px 12px 5px 6px", whiteSpace: "normal" },
  ".remark": { padding: "1px 10px", borderLeft: "3px solid", borderRadius: "0 4px 4px 0", fontFamily: "var(--sans)", fontSize: "12.5px", lineHeight: "1.5" },
  ".remark-link": { cursor: "pointer", fontFamily: "var(--mono)", fontSize: "12px" },
  ".remark-link:hover": { textDecoration: "underline", textUnderlineOffset: "3px" },
  ".remark-error": { borderColor: "var(--red)", color: "var(--red)", backgroundColor: "var(--red-wash)" },
  ".remark-warning": { borderColor: "var(--amber)", color: "var(--amber)", backgroundColor: "var(--amber-wash)" },
  ".remark-info": { borderColor: "var(--accent)", color: "var(--accent)", backgroundColor: "var(--accent-wash)" },
});

/** What all editors of the page have in common. */
export const base: Extension = [lineNumbers(), yaml(), syntaxHighlighting(highlight), look, indentUnit.of("  ")];

/** What is below a line: the names of what was found there, each a way to the message; and notes in full. */
class RemarkLine extends WidgetType {
  constructor(private readonly remarks: Remark[]) {
    super();
  }

  override eq(other: RemarkLine): boolean {
    const shown = ({ remarks }: RemarkLine): string => JSON.stringify(remarks.map(({ message, source, severity }) => [message, source, severity]));
    return shown(this) === shown(other);
  }

  override toDOM(): HTMLElement {
    const alike = new Map<string, Remark[]>();
    for (const remark of this.remarks) {
      const key = remark.go ? `${remark.severity} ${remark.source}` : remark.message;
      alike.set(key, [...(alike.get(key) ?? []), remark]);
    }
    return make("div", { class: "remarks" }, ...[...alike.values()].map((same) => this.#mark(same)));
  }

  #mark(same: Remark[]): HTMLElement | null {
    const [first] = same;
    if (!first) return null;
    const { severity, source, message, go } = first;
    if (!go) return make("span", { class: `remark remark-${severity}` }, message);
    const times = same.length > 1 ? ` ×${same.length}` : "";
    return make("span", { class: `remark remark-${severity} remark-link`, click: () => go() }, `${source}${times}`);
  }
}

/** On what the page puts into an editor, in contrast to what the user types. */
const filled = Annotation.define<boolean>();

const setLines = StateEffect.define<DecorationSet>();

/** The messages, each below the line that it is about. */
const lines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    for (const effect of transaction.effects) if (effect.is(setLines)) return effect.value;
    return decorations.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Puts an element into a shadow tree, where an editor's styles need no `style` element and so no hole in the CSP. */
export function shadow(parent: HTMLElement): ShadowRoot {
  return parent.appendChild(make("div", { class: "editor" })).attachShadow({ mode: "open" });
}

export class Editor {
  readonly #view: EditorView;

  /** `fields` are the settings that are completed. */
  constructor(parent: HTMLElement, label: string, changed: (byUser: boolean) => void, fields?: () => Field[]) {
    const root = shadow(parent);
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        extensions: [
          base, EditorView.lineWrapping, lintGutter(), foldGutter(), history(), drawSelection(), bracketMatching(), highlightActiveLine(),
          highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }), lines,
          fields ? autocompletion({ override: [settingsCompletion(fields)], icons: false }) : [],
          keymap.of([...(fields ? completionKeymap : []), ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off", tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed(!update.transactions.some((transaction) => transaction.annotation(filled)));
          }),
        ],
      }),
    });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** Fills the editor with what the user did not write. */
  set text(text: string) {
    this.#put(text, [filled.of(true)]);
  }

  /** Fills it with what the user chose. */
  replace(text: string): void {
    this.#put(text, []);
  }

  #put(insert: string, annotations: Annotation<boolean>[]): void {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert }, selection: { anchor: 0 }, annotations });
  }

  /** The position of a line and a column, both from 1, in the text. */
  at(line: number, column: number): { from: number; to: number } {
    const doc = this.#view.state.doc;
    const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const start = Math.min(from + column - 1, to);
    return { from: start, to: Math.max(to, start) };
  }

  remark(remarks: Remark[]): void {
    const length = this.#view.state.doc.length;
    const shown = remarks
      .slice(0, MOST_REMARKS)
      .map((remark) => ({ ...remark, from: Math.min(remark.from, length), to: Math.min(remark.to, length) }))
      .sort((a, b) => a.from - b.from);
    const ends = new Map<number, Remark[]>();
    for (const remark of shown) {
      const { to } = this.#view.state.doc.lineAt(remark.from);
      ends.set(to, [...(ends.get(to) ?? []), remark]);
    }
    const builder = new RangeSetBuilder<Decoration>();
    for (const [end, remarks] of ends) {
      builder.add(end, end, Decoration.widget({ widget: new RemarkLine(remarks), block: true, side: 1 }));
    }
    const diagnostics = shown.map(({ from, to, severity, source, message }): Diagnostic => ({ from, to, severity, source, message }));
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics), { effects: setLines.of(builder.finish()) });
  }

  /** Shows a place and puts the cursor there. */
  go(position: number): void {
    const anchor = Math.min(position, this.#view.state.doc.length);
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    this.#view.focus();
  }

  /** Tells the editor that it is seen again. */
  measure(): void {
    this.#view.requestMeasure();
  }
}
