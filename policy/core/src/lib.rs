//! Can a pod pull its Azure Container Registry images? This crate makes the decision, and does nothing else.
//!
//! ```text
//! payload ─▶ operations ─▶ Request ─┐
//!                         Settings ─┼─▶ decide ─▶ Decision ─▶ operations ─▶ response
//!                  Cluster lookups ─┘
//! ```
//!
//! ```
//! use policy_core::{Request, Settings, cluster::EmptyCluster, decide, json::Value};
//! use serde_json::json;
//!
//! // A pod that pulls from a registry of Azure, and lists no pull secret.
//! let pod = json!({"kind": "Pod", "apiVersion": "v1", "spec": {"containers": [
//!     {"name": "web", "image": "contoso.azurecr.io/web:v1"},
//! ]}});
//! let text = json!({"operation": "CREATE", "namespace": "shop", "object": pod}).to_string();
//! let request = Request::parse(&text)?;
//!
//! // By default the policy adds the name that Azure's own article uses.
//! let decision = decide(&request, &Settings::default(), &EmptyCluster);
//! assert_eq!(decision.addition.map(|addition| addition.names), Some(vec!["acr-secret".to_owned()]));
//!
//! // Where it may change nothing, it says what is wrong and what to do.
//! let settings = Settings::parse(&Value::from(&json!({"mode": "validate"})))?;
//! let decision = decide(&request, &settings, &EmptyCluster);
//! let finding = &decision.findings[0];
//! assert_eq!(finding.rule.id(), "missing-pull-secret");
//! assert_eq!(finding.pointer, "/spec/containers/0/image");
//! assert_eq!(finding.help, "add imagePullSecrets: [{name: acr-secret}] to the pod spec");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No I/O, no clock, no panic and no regular expression: the policy server starts a fresh instance for every request
//! and pays again for everything that is built here.
#![forbid(unsafe_code)]

mod ascii;
mod base64;
pub mod cluster;
pub mod decide;
pub mod decision;
mod distinct;
mod dns_name;
pub mod docker_config;
mod expiry;
mod explain;
pub mod finding;
mod go_url;
pub mod host_cluster;
pub mod image;
pub mod json;
mod json_append;
mod json_fields;
mod json_writer;
pub mod key_defect;
pub mod keyring;
pub mod login_server;
pub mod operations;
mod password;
mod placeholder;
pub mod pod_spec;
pub mod pull_secret;
pub mod registry_key;
pub mod request;
pub mod rule;
pub mod settings;
mod timestamp;
mod token;

pub use cluster::{Cluster, LookupError, ObjectRef};
pub use decide::decide;
pub use decision::Decision;
pub use finding::Finding;
pub use request::Request;
pub use settings::Settings;
