//! The browser's door to the policy: what the page calls, over the core's one entry.
//!
//! ```text
//! texts ─▶ Judgement ─▶ manifest ─▶ admission ─▶ core ─▶ verdict ─▶ report · detail · copies
//!                       └────── the command's own modules ──────┘
//! ```
//! Whatever is wrong with the input is a value; nothing is thrown, and nothing leaves the page.
#![cfg(target_family = "wasm")]

mod copies;
mod detail;
pub mod input;
mod javascript;
mod judgement;
mod lookups;
pub mod policy;
mod redaction;
mod settings;
pub mod talk;
mod text;

/// The command's modules, so that the page reads manifests and plays the API server as the command does.
#[path = "../../../host/src"]
mod command {
    pub mod admission;
    pub mod cluster;
    pub mod evaluation;
    pub mod host_calls;
    pub mod kind;
    pub mod manifest;
    pub mod policy_resource;
    pub mod typed;
    pub mod verdict;
    pub mod yaml;
}

pub use command::{
    admission, cluster, evaluation, host_calls, kind, manifest, policy_resource, typed, verdict, yaml,
};

use policy_core::wire;
use wasm_bindgen::prelude::*;

use javascript::{parse, value};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// Answers an admission request: `payload` is the JSON of a `Payload`, `cluster` that of a `Cluster`.
#[wasm_bindgen(unchecked_return_type = "ValidationResponse")]
pub fn evaluate(payload: &str, cluster: &str) -> JsValue {
    match lookups::parse(cluster) {
        Ok(host) => parse(&wire::validate(payload.as_bytes(), &policy::lookups(&*host))),
        Err(message) => value(&serde_json::json!({"accepted": false, "code": 400, "message": message})),
    }
}

/// Says whether the policy takes the settings, given as JSON.
#[wasm_bindgen(js_name = validateSettings, unchecked_return_type = "SettingsResponse")]
pub fn validate_settings(settings: &str) -> JsValue {
    parse(&wire::validate_settings(settings.as_bytes()))
}

/// Explains an image: `question` is the JSON of a `Question`, `cluster` that of a `Cluster`.
#[wasm_bindgen(unchecked_return_type = "Explanation | Failure")]
pub fn explain(question: &str, cluster: &str) -> JsValue {
    match lookups::parse(cluster) {
        Ok(host) => parse(&wire::explain(question.as_bytes(), &policy::lookups(&*host))),
        Err(message) => value(&serde_json::json!({"error": message})),
    }
}

/// Every rule with its help.
#[wasm_bindgen(unchecked_return_type = "Rule[]")]
pub fn findings() -> JsValue {
    parse(&wire::findings())
}

/// The text without the values of Secrets: what may be shown to others.
#[wasm_bindgen(js_name = withoutSecrets, unchecked_return_type = "Redacted | Failure")]
pub fn without_secrets(text: &str) -> JsValue {
    match redaction::redact(text) {
        Ok(redacted) => value(&redacted),
        Err(error) => value(&serde_json::json!({"error": error.to_string()})),
    }
}

/// The policy's version.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
