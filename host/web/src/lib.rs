//! The host in a browser: what the page calls. It reviews manifests as the command does, with the policy's core linked in
//! as the engine.
//!
//! ```text
//! texts ─▶ review: manifest ─▶ admission request ─▶ core ─▶ verdict ─▶ report · detail · copies
//! ```
//! Whatever is wrong with the input is a value; nothing is thrown, and nothing leaves the page.

mod config_text;
mod copies;
mod core_engine;
mod detail;
mod dummy;
mod fixed;
mod javascript;
mod judgement;
mod lookups;
mod pass;
mod problem;
mod redaction;
mod secrecy;
mod secret_values;
mod settings;
mod shared;
mod signs;
#[cfg(test)]
mod tests;
mod text;

use policy_core::operations;
use review::yaml;
use wasm_bindgen::prelude::*;

use javascript::{parse, value};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

/// Answers an admission request: `payload` is the JSON of a `Payload`, `cluster` that of a `Cluster`.
#[wasm_bindgen(unchecked_return_type = "ValidationResponse")]
pub fn evaluate(payload: &str, cluster: &str) -> JsValue {
    match lookups::parse(cluster) {
        Ok(host) => parse(&operations::validate(payload.as_bytes(), &core_engine::lookups(&*host))),
        Err(message) => value(&serde_json::json!({"accepted": false, "code": 400, "message": message})),
    }
}

/// Says whether the policy takes the settings, given as JSON.
#[wasm_bindgen(js_name = validateSettings, unchecked_return_type = "SettingsResponse")]
pub fn validate_settings(settings: &str) -> JsValue {
    parse(&operations::validate_settings(settings.as_bytes()))
}

/// Explains an image: `question` is the JSON of a `Question`, `cluster` that of a `Cluster`.
#[wasm_bindgen(unchecked_return_type = "Explanation | Failure")]
pub fn explain(question: &str, cluster: &str) -> JsValue {
    match lookups::parse(cluster) {
        Ok(host) => parse(&operations::explain(question.as_bytes(), &core_engine::lookups(&*host))),
        Err(message) => value(&serde_json::json!({"error": message})),
    }
}

/// Every rule with its help.
#[wasm_bindgen(unchecked_return_type = "Rule[]")]
pub fn findings() -> JsValue {
    parse(&operations::findings())
}

/// The text without the values of Secrets: what may be shown to others.
#[wasm_bindgen(js_name = withoutSecrets, unchecked_return_type = "Redacted | Failure")]
pub fn without_secrets(text: &str) -> JsValue {
    match redaction::redact(&[text]) {
        Ok(redacted) => {
            let text = redacted.texts.concat();
            value(&serde_json::json!({"text": text, "removed": redacted.removed}))
        }
        Err(refused) => value(&serde_json::json!({"error": refused.reason})),
    }
}

/// The form of the settings: every field with what it may be, its default and its description.
#[wasm_bindgen(unchecked_return_type = "Form")]
pub fn form() -> JsValue {
    let (documents, _) = yaml::documents(include_str!("../../../policy/questions-ui.yml"));
    value(&documents.first().map(|document| &document.value))
}

/// The policy's version.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
