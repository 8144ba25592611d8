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

export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    say(`The browser does not let this page copy. Copy it from here: ${done}`, text);
  }
}

find("dismiss").addEventListener("click", () => {
  find("notice").hidden = true;
});
