//! Field masks: only the fields of an object that a policy requests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Kind, version and metadata always stay; of the rest only what the masks name.
/// policy-evaluator: `callback_handler/kubernetes/field_mask.rs`
pub(crate) fn mask(object: &Value, masks: &BTreeSet<String>) -> Value {
    let mut tree = Mask::default();
    for path in ["apiVersion", "kind", "metadata"].into_iter().chain(masks.iter().map(String::as_str)) {
        tree.insert(path);
    }
    tree.apply(object)
}

/// Field names to keep; a leaf keeps all below it.
#[derive(Debug, Default)]
struct Mask(BTreeMap<String, Mask>);

impl Mask {
    fn insert(&mut self, path: &str) {
        let mut node = self;
        for name in path.split('.') {
            node = node.0.entry(name.to_owned()).or_default();
        }
    }

    fn apply(&self, value: &Value) -> Value {
        match value {
            _ if self.0.is_empty() => value.clone(),
            Value::Object(fields) => {
                let kept = self
                    .0
                    .iter()
                    .filter_map(|(name, mask)| Some((name.clone(), mask.apply(fields.get(name)?))));
                Value::Object(kept.collect())
            }
            Value::Array(items) => items.iter().map(|item| self.apply(item)).collect(),
            other => other.clone(),
        }
    }
}
