//! The manifests with the pull secrets that they lack, as the command `fix` writes them.

use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::core_engine::METADATA;
use crate::javascript::value;
use crate::judgement::Judgement;
use review::evaluation::Evaluation;
use review::fix::{self, Change, FixedFile};
use review::kind::Judged;

/// What the page shows of a fix.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Fixed {
    pub(crate) text: String,
    changes: Vec<Changed>,
    pub(crate) refusals: Vec<Refused>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    object: String,
    line: usize,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown_account: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    line: usize,
    pub(crate) message: String,
}

#[wasm_bindgen]
impl Judgement {
    /// The manifests that were checked, with the pull secrets that they lack.
    #[wasm_bindgen(unchecked_return_type = "Fixed")]
    pub fn fixed(&self) -> JsValue {
        value(&self.fix())
    }
}

impl Judgement {
    pub(crate) fn fix(&self) -> Fixed {
        let manifests = self.outcomes.iter().map(|outcome| outcome.manifest.clone()).collect();
        // Nothing is checked where there are problems, and settings that were checked can be read.
        let Ok(settings) = fix::settings(&self.raw_settings) else { return Fixed::default() };
        let judged = Judged::of(Some(&METADATA));
        let host = self.host.clone();
        let evaluation =
            Evaluation::new(&self.policy, &settings, &judged, &self.namespace, &self.cluster, host);
        let FixedFile { text, changes, refusals, .. } =
            fix::fix(&evaluation, None, self.resource.as_ref(), &self.file, manifests);
        let changed = |Change { object, line, names, unknown_account, .. }| Changed {
            object,
            line,
            names,
            unknown_account: unknown_account.map(|account| format!("{}/{}", account.namespace, account.name)),
        };
        let refusals = refusals.iter();
        Fixed {
            text,
            changes: changes.into_iter().map(changed).collect(),
            refusals: refusals
                .map(|refused| Refused { line: refused.line, message: refused.sentence() })
                .collect(),
        }
    }
}
