//! Does a pod get its Azure Container Registry images? The decision, and nothing else.
//!
//! ```text
//! payload ─▶ wire ─▶ Request ─┐
//!                   Settings ─┼─▶ decide ─▶ Decision ─▶ wire ─▶ response
//!            Cluster lookups ─┘
//! ```
//!
//! No I/O, no clock, no panic and no regular expression: the policy server starts a fresh instance for every request
//! and pays again for whatever is built here.
#![forbid(unsafe_code)]

mod base64;
pub mod cluster;
pub mod decide;
pub mod decision;
mod distinct;
pub mod docker_config;
mod excerpt;
mod explain;
pub mod finding;
mod go_url;
pub mod host_cluster;
pub mod image;
mod json;
pub mod key_defect;
pub mod keyring;
pub mod login_server;
mod name;
pub mod pod_spec;
mod pull_secret;
mod raw_fields;
pub mod registry_key;
pub mod request;
pub mod rule;
pub mod settings;
mod splice;
mod text;
mod token;
pub mod wire;

pub use cluster::{Cluster, LookupError, ObjectRef};
pub use decide::decide;
pub use decision::Decision;
pub use finding::Finding;
pub use request::Request;
pub use settings::Settings;
