// What the page and its worker say to each other.
import type { Rule } from "./policy.js";

/** The page's inputs. */
export interface Input {
  manifests: string;
  settings: string;
  cluster: string;
  namespace: string;
  denied: boolean;
}

export interface About {
  version: string;
  size: number;
  rules: Rule[];
}

export type Call =
  | { name: "about" }
  | { name: "judge"; input: Input }
  | { name: "detail"; object: number }
  | { name: "share"; input: Input };

export interface Answer {
  id: number;
  value?: unknown;
  failure?: string;
}
