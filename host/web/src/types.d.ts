/** What a policy is asked in a cluster. */
export interface Payload { request: object; settings: object }
/** The cluster: objects that are looked up, or why every lookup fails. */
export interface Cluster { objects?: object[]; namespace?: string; lookups?: "denied" | "unavailable" | "ungranted" }
/**
 * Kubewarden's answer to a request; `findings` is the JSON of a `Finding[]`. Its numbers are JavaScript's: a whole one beyond
 * 2^53 is rounded here, though not in what a `Judgement` shows.
 */
export interface ValidationResponse {
  accepted: boolean;
  message?: string;
  code?: number;
  mutated_object?: object;
  audit_annotations?: { findings: string };
  warnings?: string[];
}
/** `pointer` is the JSON pointer of the field at `path`, or of where it is missing. */
export interface SettingsProblem { path: string; pointer: string; unknownField?: boolean; message: string; help: string }
export interface SettingsResponse { valid: boolean; message?: string; problems?: SettingsProblem[] }
/** An image that is pulled in a namespace with the pull secrets of these names. */
export interface Question { image: string; namespace: string; settings: object; pullSecrets?: string[] }
export interface Explanation {
  image: string;
  error?: string;
  reference?: { domain: string; path: string; tag: string | null; digest: string | null };
  registry?: { host: string; kind: "login-server" | "mistaken" | "other"; reason: string; help?: string };
  entries: { index: number; registries: string[]; namespaces: string[]; secret: string | null; matches: boolean; reason: string }[];
  needs?: { secret: string } | "nothing" | "unlisted";
  /** The ServiceAccount whose identity replaces a pull secret. */
  identity?: string;
  secrets: { name: string; state: "usable" | "absent" | "ignored" | "malformed" | "unknown"; reason?: string }[];
  /** `status` is `ok`, or what is wrong with the credential; `fails`: the registry is known to refuse it. */
  tries: { secret: string; key: string; fails: boolean; status: string }[];
  notTried: { secret: string; key: string; reason: string }[];
  /** What becomes of the pull, in one sentence. */
  outcome: { state: "works" | "fails" | "unknown"; message: string };
}
export interface Failure { error: string }
/** A field of the settings. `variable` is its name, with its parent's before a dot; a sequence has the fields of its items. */
export interface Field {
  variable: string; type: string; options?: string[]; default?: unknown; description?: string; tooltip?: string; label: string;
  sequence_questions?: Field[];
}
export interface Form { questions: Field[] }
export interface Rule { id: string; category: string; action: string; summary: string; reason: string; fix: string }
/** A text without the values of Secrets, and how many were taken out. */
export interface Redacted { text: string; removed: number }
export type Tab = "manifests" | "settings" | "cluster";
/** Line and column count from 1, the column in characters. */
export interface Problem { tab: Tab; line: number; column: number; message: string; help?: string }
export type Decision = "skipped" | "accepted" | "mutated" | "rejected" | "error";
export type Severity = "warn" | "reject";
export interface Finding {
  rule: string; severity: Severity; pointer: string; line?: number; column?: number; image?: string; secret?: string; message: string;
  help: string;
}
export interface Verdict { decision: Decision; patch: object[]; findings: Finding[]; message?: string; warnings: string[] }
/** `decision` is the worst of the object's and its pods'; there is an entry of `pods` for each template. */
export interface Outcome {
  source: { file: string; document: number; line: number; template?: string };
  apiVersion: string; kind: string; namespace?: string; name: string; decision: Decision; object: Verdict; pods?: Verdict[];
  /** Those of the object and of its pods, each once with the greater weight. */
  findings: Finding[];
  warnings: number;
}
/** A finding's place in the manifests, in UTF-16 units. */
export interface Mark { object: number; from: number; to: number; severity: Severity; rule: string; message: string; help: string }
/** Where there are problems, nothing was checked. `fixable` counts the objects that `fixed` may add pull secrets to. */
export interface Report {
  problems: Problem[]; notes: Problem[]; objects: Outcome[]; marks: Mark[]; fixable: number; evaluations: number;
  milliseconds: number;
}
/** The manifests with the pull secrets that they lack. Where an object is refused, the text is as it was. */
export interface Fixed {
  text: string;
  changes: { object: string; line: number; names: string[]; unknownAccount?: string }[];
  refusals: { line: number; message: string }[];
}
/** Whether the texts hold values of Secrets or credentials; `unreadable`: one of them cannot be read, so it might. */
export type Secrecy = "none" | "some" | "unreadable";
export interface Detail {
  changes: { title: string; before: string; after: string }[];
  images: { user: string; image: string; explanation: Explanation }[];
}
/**
 * The page's inputs without the values of Secrets, and their copies: settings as JSON, a `ClusterAdmissionPolicy`, a suite.
 * `removed` counts the values, `differences` has a sentence for each object whose result differs without them.
 */
export interface Shared {
  manifests: string; settings: string; cluster: string; namespace: string; denied: boolean;
  removed: number; differences: string[]; settingsJson: string; policy: string; suite: string;
}
export interface SharedFailure { tab: Tab; error: string }
