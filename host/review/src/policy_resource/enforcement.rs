//! How the policy server enforces a policy's answer.

use crate::verdict::{Decision, Severity, Verdict};

/// How a policy resource has its policy's answers enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcement {
    /// The policy server's name for the policy: `clusterwide-acr-pull-secret`
    pub policy: String,
    /// Whether nothing is ever refused or changed
    pub monitors: bool,
    /// Whether it may change objects
    pub may_mutate: bool,
    /// The message to the user instead of the policy's own
    pub message: Option<String>,
}

impl Enforcement {
    /// The verdict as the API server gets it. policy-evaluator: `admission_response_handler.rs`
    pub fn apply(&self, verdict: Verdict) -> Verdict {
        let verdict = if self.monitors { monitored(verdict) } else { self.protected(verdict) };
        match &self.message {
            Some(message) if verdict.decision == Decision::Rejected => {
                Verdict { message: Some(message.clone()), findings_say_message: false, ..verdict }
            }
            _ => verdict,
        }
    }

    fn protected(&self, verdict: Verdict) -> Verdict {
        if verdict.decision != Decision::Mutated || self.may_mutate {
            return verdict;
        }
        let message = format!(
            "Request rejected by policy {}. The policy attempted to mutate the request, but it is currently configured \
             to not allow mutations.",
            self.policy
        );
        let patch = json_patch::Patch::default();
        let findings_say_message = false;
        Verdict {
            decision: Decision::Rejected,
            patch,
            message: Some(message),
            findings_say_message,
            ..verdict
        }
    }
}

/// Accepts every object; the policy's answer stays visible.
fn monitored(mut verdict: Verdict) -> Verdict {
    let held_back = match verdict.decision {
        Decision::Rejected => "monitor mode: it would be rejected",
        Decision::Mutated => "monitor mode: it would be mutated",
        Decision::Skipped | Decision::Accepted | Decision::Error => return verdict,
    };
    if verdict.decision == Decision::Rejected {
        let why = verdict.message.take().map(|message| format!(": {message}")).unwrap_or_default();
        verdict.warnings.push(format!("{held_back}{why}"));
    }
    for finding in &mut verdict.findings {
        finding.severity = Severity::Warn;
    }
    let patch = json_patch::Patch::default();
    let message = Some(held_back.to_owned());
    Verdict { decision: Decision::Accepted, patch, message, findings_say_message: false, ..verdict }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Enforcement;
    use crate::verdict::Verdict;

    const PROTECT: Enforcement =
        Enforcement { policy: String::new(), monitors: false, may_mutate: true, message: None };

    fn rejected() -> Verdict {
        let finding =
            json!([{"rule": "missing-pull-secret", "severity": "reject", "pointer": "", "message": "no"}]);
        let answer = json!({
            "accepted": false, "message": "no", "warnings": ["careful"],
            "audit_annotations": {"findings": finding.to_string()},
        });
        Verdict::of(answer.to_string().as_bytes(), &json!({})).unwrap()
    }

    fn mutated() -> Verdict {
        let answer = json!({"accepted": true, "mutated_object": {"a": 1}});
        Verdict::of(answer.to_string().as_bytes(), &json!({})).unwrap()
    }

    fn shown(verdict: &Verdict) -> Value {
        serde_json::to_value(verdict).unwrap()
    }

    #[test]
    fn a_policy_that_protects_and_mutates_is_enforced() {
        for verdict in [rejected(), mutated()] {
            assert_eq!(shown(&PROTECT.apply(verdict.clone())), shown(&verdict));
        }
    }

    #[test]
    fn monitoring_refuses_nothing_and_hides_nothing() {
        let monitor = Enforcement { monitors: true, message: Some("unused".to_owned()), ..PROTECT };
        let verdict = shown(&monitor.apply(rejected()));
        assert_eq!(verdict["decision"], "accepted");
        assert_eq!(verdict["message"], "monitor mode: it would be rejected");
        assert_eq!(verdict["warnings"], json!(["careful", "monitor mode: it would be rejected: no"]));
        assert_eq!(verdict["findings"][0]["severity"], "warn");
    }

    #[test]
    fn monitoring_changes_nothing() {
        for may_mutate in [true, false] {
            let monitor = Enforcement { monitors: true, may_mutate, ..PROTECT };
            let verdict = shown(&monitor.apply(mutated()));
            assert_eq!((&verdict["decision"], &verdict["patch"]), (&json!("accepted"), &json!([])));
            assert_eq!(verdict["message"], "monitor mode: it would be mutated");
            assert_eq!(verdict["warnings"], json!([]));
        }
    }

    #[test]
    fn a_change_that_is_not_allowed_is_a_rejection() {
        let policy = "clusterwide-acr".to_owned();
        let verdict = shown(&Enforcement { policy, may_mutate: false, ..PROTECT }.apply(mutated()));
        assert_eq!((&verdict["decision"], &verdict["patch"]), (&json!("rejected"), &json!([])));
        assert_eq!(
            verdict["message"],
            "Request rejected by policy clusterwide-acr. The policy attempted to mutate the request, but it is \
             currently configured to not allow mutations."
        );
    }

    #[test]
    fn a_message_of_the_resource_replaces_the_policys_where_something_is_refused() {
        let ours = Enforcement { message: Some("ask #platform".to_owned()), ..PROTECT };
        let verdict = shown(&ours.apply(rejected()));
        assert_eq!(verdict["message"], "ask #platform");
        assert_eq!(verdict["findings"][0]["message"], "no");
        assert_eq!(shown(&ours.apply(mutated())), shown(&mutated()));
    }
}
