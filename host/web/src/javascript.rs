//! What is asked of JavaScript: its clocks, and its reader of JSON.

use serde::Serialize;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_clock() -> f64;

    #[wasm_bindgen(catch, js_namespace = JSON, js_name = parse)]
    fn json_parse(text: &str) -> Result<JsValue, JsValue>;
}

/// The time, in seconds since 1970.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time after 1970 fits")]
pub(crate) fn now() -> u64 {
    // Tests of the redaction run outside of a browser.
    if cfg!(target_family = "wasm") { (date_now() / 1000.0) as u64 } else { 1_790_000_000 }
}

/// Milliseconds on a clock that never goes back.
pub(crate) fn performance_now() -> f64 {
    if cfg!(target_family = "wasm") { performance_clock() } else { 0.0 }
}

/// The JavaScript value of a JSON text.
pub(crate) fn parse(json: &[u8]) -> JsValue {
    std::str::from_utf8(json).ok().and_then(|text| json_parse(text).ok()).unwrap_or(JsValue::NULL)
}

/// The JavaScript value of a plain Rust one.
pub(crate) fn value(value: &impl Serialize) -> JsValue {
    parse(&serde_json::to_vec(value).unwrap_or_default())
}
