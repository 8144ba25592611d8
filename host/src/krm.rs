//! A KRM function: a `ResourceList` in, the same list with fixed items and results out.
//!
//! The format: kubernetes-sigs/kustomize `cmd/config/docs/api-conventions/functions-spec.md`.
//!
//! ```text
//! text ─▶ resource list ─▶ settings, items ─▶ review ─▶ text with edits ─▶ output: the same with `results`
//! ```

pub mod output;
pub mod resource_list;
pub mod result;
