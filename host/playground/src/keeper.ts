// The user's work, kept in this browser for the next visit. The values of Secrets never are: whatever else this address serves
// later can read a browser's storage.
import { find } from "./dom";
import type { Secrecy } from "./policy.js";
import { asInput, type Input } from "./protocol";
import { read, write } from "./storage";

const WORK = "work";
/** Present where the user wants nothing to be kept. */
const OFF = "keep-nothing";

/** In characters of all texts: a browser gives a page some millions. */
const MOST = 1_000_000;

type State = "ready" | "kept" | "secrets" | "unreadable" | "long" | "refused" | "off";

const SAYS: Record<State, string> = {
  ready: "Your edits are kept in this browser only.",
  kept: "Kept in this browser only.",
  secrets: "Not kept: the text holds values of Secrets.",
  unreadable: "Not kept while the text has a syntax error.",
  long: "Not kept: the text is too long.",
  refused: "This browser keeps nothing.",
  off: "Your edits are not kept.",
};

export class Keeper {
  readonly #status = find("kept");
  readonly #button = find("forget");
  #state: State = read(OFF) === undefined ? "ready" : "off";

  constructor() {
    this.#button.addEventListener("click", () => this.#toggle());
    if (this.work) this.#state = "kept";
    this.#show();
  }

  /** What was kept. */
  get work(): Input | undefined {
    try {
      return asInput(JSON.parse(read(WORK) ?? "null"));
    } catch {
      return undefined;
    }
  }

  /** Whether texts may be kept; where they may not, the page says why. */
  takes({ manifests, settings, cluster }: Input): boolean {
    if (this.#state === "off") return false;
    const fits = manifests.length + settings.length + cluster.length <= MOST;
    if (!fits) this.#become("long");
    return fits;
  }

  keep(input: Input, secrecy: Secrecy): void {
    if (this.#state === "off") return;
    if (secrecy === "none") this.#become(write(WORK, JSON.stringify(input)) ? "kept" : "refused");
    else this.#become(secrecy === "some" ? "secrets" : "unreadable");
  }

  #toggle(): void {
    const isOff = this.#state === "off";
    write(OFF, isOff ? undefined : "yes");
    if (!isOff) write(WORK, undefined);
    this.#become(isOff ? "ready" : "off");
  }

  #become(state: State): void {
    this.#state = state;
    this.#show();
  }

  #show(): void {
    this.#status.textContent = SAYS[this.#state];
    this.#button.hidden = this.#state === "refused";
    this.#button.textContent = this.#state === "off" ? "Keep them" : read(WORK) === undefined ? "Don’t keep them" : "Forget";
  }
}
