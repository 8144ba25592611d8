// Elements, made in one line. Text is always text: nothing that was pasted becomes markup.

type Child = Node | string | null | undefined;
type Properties = Record<string, string | boolean | ((event: Event) => void)>;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => child != null));
  return element;
}

export function find<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** How many of a long list are shown at first. */
const FIRST = 20;

/** The first of a long list, and the others to open, which `wrap` puts into their element. */
export function folded<T extends Node>(items: T[], wrap: (items: T[]) => Node[]): Node[] {
  const rest = items.slice(FIRST);
  const fold = rest.length > 0 ? [make("details", { class: "rest" }, make("summary", {}, `${rest.length.toLocaleString("en")} more`), ...wrap(rest))] : [];
  return [...wrap(items.slice(0, FIRST)), ...fold];
}

/** `1 object`, `2 objects` */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A text that breaks behind slashes, so that no word breaks while there is another way; an image's name also behind dots. */
export function breakable(text: string, alsoDots = false): (Node | string)[] {
  return text.split(alsoDots ? /(?<=[/@])(?=\S)|(?<=\.)(?=[a-z])/ : /(?<=[/@])(?=\S)/).flatMap((part, index) => (index > 0 ? [make("wbr"), part] : [part]));
}
