// The editors: YAML with line numbers, and what was found, where it stands.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, bracketMatching, foldGutter, foldKeymap, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, RangeSetBuilder, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, type DecorationSet, EditorView, WidgetType, drawSelection, highlightActiveLine, highlightActiveLineGutter,
  keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { make } from "./dom";

/** What stands at a place of the text. */
export interface Remark {
  from: number;
  to: number;
  severity: "error" | "warning" | "info";
  /** Rule id, or what kind of problem it is */
  source: string;
  message: string;
  /** Why it breaks and how to fix it, for the tooltip */
  help?: string;
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
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "10px 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--panel)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".cm-selectionMatch": { backgroundColor: "var(--selection)" },
  ".cm-matchingBracket": { backgroundColor: "var(--selection)", outline: "none" },
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
  ".remark": { display: "block", margin: "1px 12px 5px 4px", padding: "3px 10px", borderLeft: "3px solid", borderRadius: "0 4px 4px 0", fontFamily: "var(--sans)", fontSize: "12.5px", lineHeight: "1.45", whiteSpace: "normal" },
  ".remark b": { fontFamily: "var(--mono)", fontWeight: "600", fontSize: "12px" },
  ".remark-error": { borderColor: "var(--red)", color: "var(--red)", backgroundColor: "var(--red-wash)" },
  ".remark-warning": { borderColor: "var(--amber)", color: "var(--amber)", backgroundColor: "var(--amber-wash)" },
  ".remark-info": { borderColor: "var(--accent)", color: "var(--accent)", backgroundColor: "var(--accent-wash)" },
});

/** What all editors of the page have in common. */
export const base: Extension = [lineNumbers(), yaml(), syntaxHighlighting(highlight), look, indentUnit.of("  ")];

class RemarkLine extends WidgetType {
  constructor(private readonly remark: Remark) {
    super();
  }

  override eq(other: RemarkLine): boolean {
    const [a, b] = [this.remark, other.remark];
    return a.message === b.message && a.source === b.source && a.severity === b.severity;
  }

  override toDOM(): HTMLElement {
    const { severity, source, message } = this.remark;
    return make("div", { class: `remark remark-${severity}` }, make("b", {}, source), ` ${message}`);
  }
}

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

  constructor(parent: HTMLElement, label: string, changed: () => void) {
    const root = shadow(parent);
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        extensions: [
          base, EditorView.lineWrapping, lintGutter(), foldGutter(), history(), drawSelection(), bracketMatching(), highlightActiveLine(),
          highlightActiveLineGutter(), highlightSelectionMatches(), search({ top: true }), lines,
          keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap, indentWithTab]),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "off", tabindex: "0" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed();
          }),
        ],
      }),
    });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  set text(text: string) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text }, selection: { anchor: 0 } });
  }

  /** Where a line and a column, both from 1, stand in the text. */
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
    const builder = new RangeSetBuilder<Decoration>();
    let last = -1;
    for (const remark of shown) {
      const { to } = this.#view.state.doc.lineAt(remark.from);
      last = Math.max(last, to);
      builder.add(last, last, Decoration.widget({ widget: new RemarkLine(remark), block: true, side: 1 }));
    }
    const diagnostics = shown.map(
      ({ from, to, severity, source, message, help }): Diagnostic => ({
        from, to, severity, source, message: help ? `${message}\n\n${help}` : message,
      }),
    );
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
