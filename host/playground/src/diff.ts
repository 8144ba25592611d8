// A mutation, as a diff of whole lines in one column: side by side, an image's name has no room for one line.
import { Change, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

import { make } from "./dom";
import { base, shadow } from "./editor";

const look = EditorView.theme({
  "&": { height: "auto" },
  ".cm-changedLine": { backgroundColor: "var(--green-wash) !important" },
  ".cm-changedText": { background: "none" },
  ".cm-changedLineGutter, .cm-inlineChangedLineGutter": { background: "var(--green)" },
  ".cm-deletedLineGutter": { background: "var(--red)" },
  ".cm-deletedChunk": { backgroundColor: "var(--red-wash)" },
  ".cm-changeGutter": { width: "4px", paddingLeft: "0" },
  ".cm-collapsedLines": { color: "var(--muted)", background: "var(--active)", padding: "3px 8px", cursor: "pointer" },
  // The library's sign is in few fonts.
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: '"⋯"' },
});

/** The lines between those that both texts begin and end with: a policy changes one list. */
function changedLines(before: string, after: string): Change[] {
  if (before === after) return [];
  const [a, b] = [before.split("\n"), after.split("\n")];
  const most = Math.min(a.length, b.length);
  let [above, below] = [0, 0];
  while (above < most && a[above] === b[above]) above++;
  while (below < most - above && a[a.length - 1 - below] === b[b.length - 1 - below]) below++;
  const length = (lines: string[]): number => lines.reduce((sum, line) => sum + line.length + 1, 0);
  const start = length(a.slice(0, above));
  const end = (lines: string[], text: string): number => Math.min(length(lines.slice(0, lines.length - below)), text.length);
  return [new Change(start, end(a, before), start, end(b, after))];
}

/** Whole lines are marked, so that no words in them need to be. */
const lines = { diffConfig: { override: changedLines }, highlightChanges: false };

const collapse = { margin: 4, minSize: 6 };

/** A diff of two texts, with a name for those who do not see it. */
export function diff(title: string, before: string, after: string): HTMLElement {
  const place = make("div", { class: "diff" });
  const root = shadow(place);
  const extensions = [
    base, look, EditorState.readOnly.of(true), EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": `${title}, before and after`, "aria-readonly": "true", spellcheck: "false" }),
    unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: collapse, ...lines }),
  ];
  new EditorView({ root, parent: root, state: EditorState.create({ doc: after, extensions }) });
  return place;
}
