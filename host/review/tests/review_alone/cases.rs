//! Every case of `tests/cases` has the expected result, both in a suite and with the requests of a cluster.

use std::sync::Arc;

use review::engine::Engine as _;
use review::log::{Log, NoLog};
use review::suite::{self, Case, Suite, run::request};
use review::verdict::{Decision, Verdict};
use serde_json::{Value, json};
use test_support::reached::Reached;

use crate::{Core, METADATA, ProjectFiles, project};

pub(crate) fn suites() -> Vec<suite::Loaded> {
    suite::load(&[project("tests/cases")], &ProjectFiles).expect("the suites can be read")
}

/// A log that drops its lines.
fn log() -> Arc<dyn Log> {
    Arc::new(NoLog)
}

/// The core's answer to a request of a case.
pub(crate) fn core(suite: &Suite, case: &Case, request: &Value) -> Verdict {
    let host = suite::run::host(Some(&METADATA), suite, case, &log());
    let payload = json!({"request": request, "settings": case.settings.as_ref().unwrap_or(&suite.settings)})
        .to_string();
    let object = request.get("object").unwrap_or(&Value::Null);
    let answer = Core.call("validate", payload.as_bytes(), host).expect("an answer");
    Verdict::of(&answer, object).expect("a response")
}

#[test]
fn the_core_alone_gives_every_case_the_expected_result() {
    let (mut judged, mut fixed) = (Reached::default(), Reached::default());
    for loaded in suites() {
        assert!(!loaded.suite.cases.is_empty(), "{}", loaded.path.display());
        for (number, (case, line)) in loaded.suite.cases.iter().zip(&loaded.lines).enumerate() {
            let place = format!("{}:{line}: {}", loaded.path.display(), case.name);
            let result = suite::run::run(&Core, Some(&METADATA), &loaded, number, case, &log());
            let result = result.unwrap_or_else(|error| panic!("{place}: {error}"));
            assert!(result.passed(), "{place}: {result:#?}");
            // Without the command's own selection of kinds.
            let ask = |request: &Value| core(&loaded.suite, case, request);
            let mut request = request(case);
            let object = request.get("object").cloned().unwrap_or_default();
            let verdict = ask(&request);
            judged.add(&loaded.path);
            if case.expect.decision == Decision::Skipped {
                // A cluster's rules may be wider than the command's.
                assert_eq!((verdict.decision, verdict.findings), (Decision::Accepted, Vec::new()), "{place}");
                continue;
            }
            for comparison in case.expect.compare(&verdict, &object) {
                assert!(comparison.holds(), "{place}: {comparison:?}");
            }
            if verdict.decision == Decision::Mutated {
                json_patch::patch(&mut request["object"], &verdict.patch).unwrap();
                assert_eq!(ask(&request).decision, Decision::Accepted, "the second time: {place}");
                fixed.add(&loaded.path);
            }
        }
    }
    judged.assert(1200, &[]);
    let by_rule = [
        "lookalikes.yaml",
        "not-judged.yaml",
        "secrets-chain.yaml",
        "secrets-expiry.yaml",
        "secrets-judged.yaml",
        "secrets-keys.yaml",
    ];
    let by_operation = ["ephemeral-containers.yaml", "secrets-updates.yaml", "updates.yaml"];
    fixed.assert(190, &[&by_rule[..], &by_operation, &["templates.yaml"]].concat());
}

#[test]
fn every_rejection_has_a_reason() {
    let mut rejected = Reached::default();
    for loaded in suites() {
        for case in loaded.suite.cases.iter().filter(|case| case.expect.decision == Decision::Rejected) {
            assert!(case.expect.rules.as_ref().is_some_and(|rules| !rules.is_empty()), "{}", case.name);
            rejected.add(&loaded.path);
        }
    }
    let only_warn = ["lookalikes.yaml", "secrets-keys.yaml", "service-accounts.yaml"];
    rejected.assert(190, &only_warn);
}
