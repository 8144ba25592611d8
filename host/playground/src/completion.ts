// Completion of settings, from the form that the policy itself has for them.
import { type Completion, type CompletionContext, type CompletionResult, startCompletion } from "@codemirror/autocomplete";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

import type { Field } from "./policy.js";

interface Node {
  field?: Field;
  children: Map<string, Node>;
}

/** A line with a key, and the column of that. */
const KEY = /^(\s*(?:- +)*)([\w-]+):(?=\s|$)/;

function tree(fields: Field[], root: Node = { children: new Map() }): Node {
  for (const field of fields) {
    let node = root;
    for (const name of field.variable.split(".")) {
      const known = node.children.get(name) ?? { children: new Map<string, Node>() };
      node.children.set(name, known);
      node = known;
    }
    node.field = field;
    tree(field.sequence_questions ?? [], node);
  }
  return root;
}

/** The keys above a line at this column, the outermost first. */
function parents(doc: Text, line: number, column: number): string[] {
  const path: string[] = [];
  for (let number = line - 1, below = column; number > 0 && below > 0; number--) {
    const text = doc.line(number).text;
    if (/^(---|\.\.\.)/.test(text)) break;
    const [, before = "", name = ""] = KEY.exec(text) ?? [];
    if (name === "" || before.length >= below) continue;
    path.unshift(name);
    // What follows a dash is in the list of a key further left than the dash, or right above it.
    below = before.includes("-") ? before.indexOf("-") + 1 : before.length;
  }
  return path;
}

/** The keys beside the one of a line. */
function siblings(doc: Text, line: number, column: number): Set<string> {
  const names = new Set<string>();
  for (const step of [-1, 1]) {
    for (let number = line + step; number > 0 && number <= doc.lines; number += step) {
      const text = doc.line(number).text;
      const [, before = "", name] = KEY.exec(text) ?? [];
      const isNextItem = before.includes("-");
      if (step > 0 && isNextItem && before.length === column) break;
      if (name && before.length === column) names.add(name);
      if (/\S/.test(text) && (text.search(/\S/) < column && (before.length !== column || isNextItem))) break;
    }
  }
  return names;
}

/** The field that a path names, in settings or in a policy resource that has them. */
function at(root: Node, path: string[], doc: Text): Node | undefined {
  const isResource = /^kind:/m.test(doc.sliceString(0, 20_000));
  const from = path.indexOf("settings") + 1;
  if (isResource && from === 0) return undefined;
  let node: Node | undefined = root;
  for (const name of isResource ? path.slice(from) : path) node = node?.children.get(name);
  return node;
}

function key(name: string, { field, children }: Node, indent: number): Completion {
  const isList = field?.type.endsWith("[") ?? false;
  const apply = (view: EditorView, _: Completion, from: number, to: number): void => {
    const below = children.size > 0 ? `\n${" ".repeat(indent + 2)}${isList ? "- " : ""}` : isList ? " []" : " ";
    const insert = `${name}:${below}`;
    const anchor = from + insert.length - (below === " []" ? 1 : 0);
    view.dispatch({ changes: { from, to, insert }, selection: { anchor }, userEvent: "input.complete" });
    if (children.size > 0 || field?.type === "enum" || field?.type === "boolean") startCompletion(view);
  };
  const values = field?.options?.join(" | ") ?? (field?.type === "boolean" ? "true | false" : isList ? "list" : field?.type ?? "");
  return { label: name, type: "property", detail: values, info: field?.description ?? field?.tooltip ?? field?.label ?? "", apply };
}

function value(text: string, field: Field): Completion {
  return { label: text, type: "enum", detail: String(field.default) === text ? "default" : "" };
}

/** In the order of the form: the library's own is that of the alphabet. */
function inOrder(options: Completion[]): Completion[] {
  return options.map((option, index) => ({ ...option, boost: -index }));
}

/** What may be at the cursor. */
export function settingsCompletion(fields: () => Field[]): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const { state, pos, explicit } = context;
    const line = state.doc.lineAt(pos);
    const before = line.text.slice(0, pos - line.from);
    const root = tree(fields());
    const [, start, name] = KEY.exec(before) ?? [];
    if (start !== undefined && name !== undefined) {
      const word = /(?<=:\s+)[\w-]*$/.exec(before);
      const field = at(root, [...parents(state.doc, line.number, start.length), name], state.doc)?.field;
      if (!word || !field) return null;
      const options = field.options ?? (field.type === "boolean" ? ["true", "false"] : []);
      return { from: pos - word[0].length, options: inOrder(options.map((option) => value(option, field))), validFor: /^[\w-]*$/ };
    }
    const [, indent = "", word] = /^(\s*(?:- +)*)([\w-]*)$/.exec(before) ?? [];
    if (word === undefined || (word === "" && !explicit)) return null;
    const node = at(root, parents(state.doc, line.number, indent.length), state.doc);
    const present = siblings(state.doc, line.number, indent.length);
    const options = [...(node?.children ?? [])].filter(([name]) => !present.has(name));
    return {
      from: pos - word.length,
      options: inOrder(options.map(([name, child]) => key(name, child, indent.length))),
      validFor: /^[\w-]*$/,
    };
  };
}
