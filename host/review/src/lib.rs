//! From a manifest to a verdict, with any engine for the policy.
//!
//! ```text
//! source file ─▶ yaml ─▶ manifest ─▶ admission request ─▶ Engine ─▶ verdict ─▶ outcome
//!                                        ▲                 │  ▲
//!                                        └──── cluster ◀───┴──┘ lookups
//! ```
//! The command runs the policy's WebAssembly as the engine, the playground links the policy's core in. The caller
//! brings the files, the log and the engine: this library opens nothing, starts no thread and reads no clock.
#![forbid(unsafe_code)]

pub mod admission;
pub mod cluster;
mod declaration;
pub mod deployment;
pub mod diagnostic;
pub mod engine;
pub mod evaluation;
pub mod excerpt;
pub mod explanation;
pub mod failing_lookups;
mod field;
pub mod field_error;
mod field_mask;
pub mod first_settings;
pub mod fix;
pub mod foreign_text;
pub mod gaps;
pub mod host_calls;
pub mod inventory;
pub mod json_pointer;
pub mod kind;
mod known_names;
mod kubectl_table;
pub mod list;
pub mod log;
pub mod lookups;
pub mod manifest;
pub mod object_name;
mod other_namespace;
pub mod outcome;
pub mod placeholder;
pub mod policy_resource;
pub mod pull;
pub mod request;
pub mod rule_help;
pub mod secret_mask;
pub mod secret_parts;
pub mod settings;
pub mod similar_name;
mod similar_secret;
pub mod source_file;
pub mod spelling;
pub mod structure;
pub mod suite;
pub mod text_edit;
pub mod usage;
pub mod user_info;
pub mod verdict;
pub mod yaml;
