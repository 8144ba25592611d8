//! Whether the page may keep its inputs: a browser's storage must not hold the values of Secrets.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::javascript::value;
use crate::judgement::Judgement;
use crate::redaction::{Redacted, redact};

/// What the texts of the page hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Secrecy {
    /// No value of a Secret, and no credential
    None,
    /// Values of Secrets, or credentials
    Some,
    /// Unknown, because a text cannot be read
    Unreadable,
}

#[wasm_bindgen]
impl Judgement {
    /// Whether the texts that were checked hold values of Secrets.
    #[wasm_bindgen(js_name = secrecy, unchecked_return_type = "Secrecy")]
    pub fn secrecy_of_texts(&self) -> JsValue {
        value(&self.secrecy())
    }
}

impl Judgement {
    pub(crate) fn secrecy(&self) -> Secrecy {
        let texts = self.texts();
        match redact(&texts) {
            // A text that speaks of Secrets is written again without its comments: they may hold values too.
            Ok(Redacted { removed: 0, texts: shown, .. }) if shown == texts => Secrecy::None,
            Ok(_) => Secrecy::Some,
            Err(_) => Secrecy::Unreadable,
        }
    }
}
