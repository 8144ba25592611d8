//! The core alone, compiled for this machine: no WebAssembly, no host.
//!
//! | module | states |
//! |---|---|
//! | `actions` | each rule weighs what `actions` say |
//! | `agreement` | what is explained to fail is refused, and nothing else |
//! | `asked` | the cluster is asked for no more than the settings need, and for nothing twice |
//! | `expiry` | a pull secret's end is read from its annotation, and reported in time |
//! | `golden` | 700 sets of secrets are tried as the kubelet's own code tries them |
//! | `keyring` | keys match as the documentation says |
//! | `lookups` | what could not be looked up, what ends soon, and what need not be asked |
//! | `properties` | what holds for generated input |
//! | `secrecy` | no value of a secret is ever shown |
//! | `tables` | image references, registry keys, docker configs, settings and payloads are read as `../tables` says |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first unexpected result"
)]

mod actions;
mod agreement;
mod asked;
mod expiry;
mod golden;
mod keyring;
mod lookups;
mod properties;
mod secrecy;
mod tables;

use policy_core::{Cluster, LookupError, ObjectRef};
use serde_json::Value;

/// A table of `../tables`.
fn table(name: &str) -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables").join(name);
    let text = std::fs::read_to_string(path).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

/// JSON of an answer.
fn json(answer: &[u8]) -> Value {
    serde_json::from_slice(answer).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(answer)))
}

/// A cluster that gives no answer.
struct NoAnswer;

impl Cluster for NoAnswer {
    fn get(&self, _: &ObjectRef<'_>) -> Result<Option<policy_core::json::Value<'static>>, LookupError> {
        Err(LookupError::Unavailable)
    }
}
