// What the page and its worker say to each other.
import type { Field, Rule, Secrecy } from "./policy.js";

/** The page's inputs. */
export interface Input {
  manifests: string;
  settings: string;
  cluster: string;
  namespace: string;
  denied: boolean;
}

/** The inputs in a value that was written earlier or elsewhere; `undefined` where the page did not write it. */
export function asInput(value: unknown): Input | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const field = (name: string): unknown => (value as Record<string, unknown>)[name];
  const text = (name: string): string => (typeof field(name) === "string" ? (field(name) as string) : "");
  return {
    manifests: text("manifests"),
    settings: text("settings"),
    cluster: text("cluster"),
    namespace: text("namespace") || "default",
    denied: field("denied") === true,
  };
}

export interface About {
  version: string;
  size: number;
  rules: Rule[];
  /** The settings that there are */
  fields: Field[];
}

/** The inputs of the last check, and whether they hold values of Secrets. */
export interface Judged {
  input: Input;
  secrecy: Secrecy;
}

export type Call =
  | { name: "about" }
  | { name: "judge"; input: Input }
  | { name: "detail"; object: number }
  | { name: "secrecy" }
  | { name: "fixed"; input: Input }
  | { name: "share"; input: Input };

export interface Answer {
  id: number;
  value?: unknown;
  failure?: string;
}
