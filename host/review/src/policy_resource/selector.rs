//! Label selectors.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Labels of an object or a namespace.
pub type Labels = BTreeMap<String, String>;

/// The labels in an object's metadata.
pub fn labels_of(object: &Value) -> Labels {
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let word = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.into_iter().flatten().filter_map(word).collect()
}

/// Requirements for labels. An empty selector matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// Labels that must exist with these values
    #[serde(default, deserialize_with = "crate::field_error::or_default")]
    pub match_labels: Labels,
    /// Further requirements
    #[serde(default, deserialize_with = "crate::field_error::or_default")]
    pub match_expressions: Vec<Requirement>,
}

impl Selector {
    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether it matches these labels.
    pub fn takes(&self, labels: &Labels) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.is_met(labels))
    }
}

/// A requirement for one label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Expression")]
pub struct Requirement {
    key: String,
    demand: Demand,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Demand {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl Requirement {
    fn is_met(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match &self.demand {
            Demand::In(values) => value.is_some_and(|value| values.contains(value)),
            Demand::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Demand::Exists => value.is_some(),
            Demand::DoesNotExist => value.is_none(),
        }
    }
}

/// A requirement as it is written.
#[derive(Deserialize)]
struct Expression {
    key: String,
    operator: Operator,
    #[serde(default, deserialize_with = "crate::field_error::or_default")]
    values: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl TryFrom<Expression> for Requirement {
    type Error = &'static str;

    fn try_from(Expression { key, operator, values }: Expression) -> Result<Self, Self::Error> {
        let demand = match (operator, values.is_empty()) {
            (Operator::In, false) => Demand::In(values),
            (Operator::NotIn, false) => Demand::NotIn(values),
            (Operator::Exists, true) => Demand::Exists,
            (Operator::DoesNotExist, true) => Demand::DoesNotExist,
            (Operator::In | Operator::NotIn, true) => return Err("operators In and NotIn need values"),
            (Operator::Exists | Operator::DoesNotExist, false) => {
                return Err("operators Exists and DoesNotExist take no values");
            }
        };
        Ok(Self { key, demand })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Selector, labels_of};

    fn selector(value: Value) -> Selector {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn labels_meet_a_selector_as_kubernetes_says() {
        let labels = labels_of(&json!({"metadata": {"labels": {"team": "shop", "tier": ""}}}));
        for (requirements, takes) in [
            (json!({}), true),
            (json!({"matchLabels": null, "matchExpressions": null}), true),
            (json!({"matchLabels": {"team": "shop"}}), true),
            (json!({"matchLabels": {"team": "shop", "tier": "web"}}), false),
            (
                json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["pay", "shop"]}]}),
                true,
            ),
            (json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["pay"]}]}), false),
            (json!({"matchExpressions": [{"key": "absent", "operator": "In", "values": [""]}]}), false),
            (json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["shop"]}]}), false),
            (json!({"matchExpressions": [{"key": "absent", "operator": "NotIn", "values": ["shop"]}]}), true),
            (json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}), true),
            (json!({"matchExpressions": [{"key": "absent", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "absent", "operator": "DoesNotExist"}]}), true),
            (json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}), false),
            (
                json!({
                    "matchLabels": {"team": "shop"},
                    "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}],
                }),
                false,
            ),
        ] {
            assert_eq!(selector(requirements.clone()).takes(&labels), takes, "{requirements}");
        }
    }

    #[test]
    fn requirements_that_the_api_server_refuses_are_refused() {
        for expression in [
            json!({"key": "a", "operator": "In"}),
            json!({"key": "a", "operator": "NotIn", "values": []}),
            json!({"key": "a", "operator": "Exists", "values": ["b"]}),
            json!({"key": "a", "operator": "Equals", "values": ["b"]}),
            json!({"operator": "Exists"}),
        ] {
            let selector = json!({"matchExpressions": [expression]});
            assert!(serde_json::from_value::<Selector>(selector).is_err(), "{expression}");
        }
    }
}
