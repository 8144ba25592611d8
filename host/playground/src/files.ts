// Files that are dropped on the page or chosen: read here, sent nowhere.
import { find } from "./dom";

/** In bytes: the editor shows no more in time. */
const MOST = 20_000_000;

interface Callbacks {
  /** The text of the files, and their names. */
  open(text: string, names: string[]): void;
  fail(message: string): void;
}

/** Documents of several files as one text. */
export function joined(texts: string[]): string {
  return texts.reduce((all, text) => {
    if (all === "") return text;
    const ended = all.endsWith("\n") ? all : `${all}\n`;
    return /^\s*(---|%)/.test(text) || /(^|\n)---\s*$/.test(ended) ? ended + text : `${ended}---\n${text}`;
  }, "");
}

async function read(files: File[], { open, fail }: Callbacks): Promise<void> {
  if (files.length === 0) return;
  if (files.reduce((sum, { size }) => sum + size, 0) > MOST) return fail("Nothing was opened: these files have more than 20 MB.");
  const texts: string[] = [];
  for (const file of files) {
    try {
      texts.push(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
    } catch {
      return fail(`Nothing was opened: ${file.name} is not a text file in UTF-8.`);
    }
  }
  open(joined(texts), files.map(({ name }) => name));
}

/** Lets the user drop files on the input, or choose them. */
export function startFiles(callbacks: Callbacks): void {
  const place = find("input");
  const chooser = find<HTMLInputElement>("files");
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  // Before the editor, which would put the text of a file between two letters.
  place.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    place.classList.add("dropping");
  }, true);
  place.addEventListener("dragleave", (event) => {
    if (!place.contains(event.relatedTarget as Node | null)) place.classList.remove("dropping");
  });
  place.addEventListener("drop", (event) => {
    place.classList.remove("dropping");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    void read([...(event.dataTransfer?.files ?? [])], callbacks);
  }, true);
  // A file that misses the input must not replace the page.
  for (const name of ["dragover", "drop"] as const) {
    window.addEventListener(name, (event) => {
      if (carriesFiles(event)) event.preventDefault();
    });
  }
  find("open").addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    void read([...(chooser.files ?? [])], callbacks).then(() => {
      chooser.value = "";
    });
  });
}
