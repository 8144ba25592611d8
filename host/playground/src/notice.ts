// The line that says what became of a button.
import { find } from "./dom";

/** Says it; with a text to copy by hand, shows that too. */
export function say(message: string, text = ""): void {
  const notice = find("notice");
  notice.hidden = false;
  const place = notice.querySelector("p");
  if (place) place.textContent = message;
  const field = find<HTMLTextAreaElement>("link");
  field.hidden = text === "";
  field.value = text;
  if (text) field.select();
}

/** Copies a text, or shows it where the browser forbids that. `about` is what else to know. */
export async function copy(text: string, name: string, about: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`${name} copied. ${about}`.trimEnd());
  } catch {
    say(`The browser does not let this page copy, so copy the text from here. ${about}`.trimEnd(), text);
  }
}

find("dismiss").addEventListener("click", () => {
  find("notice").hidden = true;
});
