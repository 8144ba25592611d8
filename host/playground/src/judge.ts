// The worker as the page sees it. A policy that stops or hangs is replaced by a fresh one.
import type { Detail, Fixed, Report, Shared, SharedFailure } from "./policy.js";
import type { About, Answer, Call, Input, Judged } from "./protocol";

/** How long the policy may take over one call, in milliseconds. */
const PATIENCE = 30_000;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: number;
}

export class Judge {
  #worker = this.#start();
  #waiting = new Map<number, Waiting>();
  #last = 0;

  about = (): Promise<About> => this.#call({ name: "about" });
  judge = (input: Input): Promise<Report> => this.#call({ name: "judge", input });
  detail = (object: number): Promise<Detail | null> => this.#call({ name: "detail", object });
  secrecy = (): Promise<Judged | null> => this.#call({ name: "secrecy" });
  fixed = (input: Input): Promise<Fixed> => this.#call({ name: "fixed", input });
  share = (input: Input): Promise<Shared | SharedFailure> => this.#call({ name: "share", input });

  #start(): Worker {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<Answer>) => this.#answered(event.data));
    worker.addEventListener("error", (event) => this.#restart(event.message || "the worker did not start"));
    return worker;
  }

  #call<T>(call: Call): Promise<T> {
    const id = ++this.#last;
    return new Promise<T>((resolve, reject) => {
      const timer = window.setTimeout(() => this.#restart("it took too long"), PATIENCE);
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      this.#worker.postMessage({ id, call });
    });
  }

  #answered({ id, value, failure }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (failure !== undefined) return this.#restart(failure);
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(value);
  }

  #restart(reason: string): void {
    this.#worker.terminate();
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(`the policy gave no answer: ${reason}`));
    }
    this.#waiting.clear();
    this.#worker = this.#start();
  }
}
