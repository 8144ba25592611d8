//! The command `acr-pull-secret`: checks and fixes Kubernetes manifests with the cluster's policy.
//!
//! ```text
//! files ─▶ review: manifest ─▶ admission request ─▶ sandbox: policy.wasm ─▶ verdict ─▶ report, edit
//!                                     ▲                    │  ▲
//!                                     └───── cluster ◀─────┴──┘ lookups
//! ```
//!
//! The host shows only what the shipped policy said: it knows the protocol and none of the rules.

pub mod args;
pub mod commands;
pub mod console;
mod edit;
pub mod files;
pub mod krm;
pub mod kubectl;
mod masking;
#[cfg(feature = "playground")]
pub mod playground;
mod process;
pub mod program;
pub mod publish;
pub mod pull;
pub mod pull_secret;
pub mod quantity;
pub mod registry;
pub mod report;
pub mod sandbox;
pub mod suite;
mod text;
mod unknown_accounts;
pub mod why;
