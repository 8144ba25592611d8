// The look of the page: the system's, unless the user chooses another.
import { find } from "./dom";
import { read, write } from "./storage";

const NAME = "theme";
const THEMES = ["light", "dark"];

function show(theme: string): void {
  if (THEMES.includes(theme)) document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}

/** Shows the theme that was chosen, and lets the user choose. */
export function startTheme(): void {
  const chooser = find<HTMLSelectElement>("theme");
  const kept = read(NAME) ?? "";
  chooser.value = THEMES.includes(kept) ? kept : "";
  show(kept);
  chooser.addEventListener("change", () => {
    show(chooser.value);
    write(NAME, chooser.value || undefined);
  });
}
