//! Every case through every engine: host/review/tests tests the core alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use acr_pull_secret::suite::suite_files::DiskFiles;

use review::kind::{Judged, Kind};
use review::log::{Log, NoLog};
use review::suite::{self, Case, Suite, run::request};
use review::verdict::Verdict;
use serde_json::{Value, json};
use test_support::reached::Reached;

use crate::engines::{POLICY, independent_host, json, native, our_host, project, run};

pub(crate) fn suites() -> Vec<suite::Loaded> {
    suite::load(&[project("tests/cases").display().to_string()], &DiskFiles::default())
        .expect("the suites can be read")
}

/// A log that drops the lines of a policy.
pub(crate) fn log() -> Arc<dyn Log> {
    Arc::new(NoLog)
}

fn settings<'a>(suite: &'a Suite, case: &'a Case) -> &'a serde_json::Map<String, Value> {
    case.settings.as_ref().unwrap_or(&suite.settings)
}

/// The core's answer to a request of a case.
fn core(suite: &Suite, case: &Case, request: &Value) -> Verdict {
    let host = suite::run::host(POLICY.metadata(), suite, case, &log());
    let payload = json!({"request": request, "settings": settings(suite, case)}).to_string();
    let object = request.get("object").unwrap_or(&Value::Null);
    Verdict::of(&native(payload.as_bytes(), &*host), object).expect("an answer")
}

#[test]
fn core_our_host_and_an_independent_host_give_the_same_response() {
    let mut compared = Reached::default();
    for loaded in suites() {
        for (case, line) in loaded.suite.cases.iter().zip(&loaded.lines) {
            let payload =
                json!({"request": request(case), "settings": settings(&loaded.suite, case)}).to_string();
            let host = suite::run::host(POLICY.metadata(), &loaded.suite, case, &log());
            let native = json(&native(payload.as_bytes(), &*host));
            let ours = json(&our_host("validate", payload.as_bytes(), host.clone()));
            let independent = json(&independent_host("validate", payload.as_bytes(), host));
            let place = format!("{}:{line}: {}", loaded.path.display(), case.name);
            assert_eq!(native, ours, "core and our host differ: {place}");
            assert_eq!(native, independent, "core and the independent host differ: {place}");
            compared.add(&loaded.path);
        }
    }
    compared.assert(1200, &[]);
}

#[test]
fn every_case_has_the_expected_result() {
    let output = run(&["test", "tests/cases"], "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let cases: usize = suites().iter().map(|loaded| loaded.suite.cases.len()).sum();
    assert!(text.contains(&format!("{cases} passed")), "{text}");
}

/// A case and what the core decides.
struct Expected {
    name: String,
    request: Value,
    verdict: Verdict,
}

/// The same cases as admission reviews, as an API server would send them, through the command line.
#[test]
fn check_reports_what_the_core_decides() {
    let judged = Judged::of(POLICY.metadata());
    // By settings and cluster, because one call of the command has one of each.
    let mut groups = BTreeMap::<(String, String), Vec<Expected>>::new();
    let mut compared = Reached::default();
    for loaded in suites() {
        // The command has no cluster that refuses to answer.
        for case in loaded.suite.cases.iter().filter(|case| case.lookups.is_none()) {
            let request = request(case);
            let settings = settings(&loaded.suite, case);
            let object = request.get("object").filter(|object| !object.is_null());
            let subject = object.or_else(|| request.get("oldObject")).cloned().unwrap_or_default();
            if !Kind::of(&subject).is_some_and(|kind| judged.includes(&kind, &subject)) {
                continue;
            }
            let verdict = core(&loaded.suite, case, &request);
            let cluster: Vec<&Value> = loaded.suite.cluster.iter().chain(&case.cluster).collect();
            let key = (json!(settings).to_string(), json!({"kind": "List", "items": cluster}).to_string());
            compared.add(&loaded.path);
            groups.entry(key).or_default().push(Expected { name: case.name.clone(), request, verdict });
        }
    }
    compared.assert(1000, &[]);
    let folder = tempfile::tempdir().unwrap();
    for ((settings, cluster), cases) in groups {
        let file = folder.path().join("cluster.json");
        std::fs::write(&file, cluster).unwrap();
        let file = file.display().to_string();
        let reviews: Vec<Value> = cases
            .iter()
            .map(|Expected { request, .. }| json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}))
            .collect();
        let reviews = json!({"kind": "List", "items": reviews}).to_string();
        let args =
            ["check", "-o", "json", "--complete", "--settings-json", &settings, "--cluster", &file, "-"];
        let output = run(&args, &reviews);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
        let results = report["results"].as_array().unwrap();
        assert_eq!(results.len(), cases.len());
        for (Expected { name, verdict, .. }, result) in cases.iter().zip(results) {
            assert_eq!(said(&json!(verdict)), said(&result["object"]), "{name}");
        }
    }
}

/// The content of a verdict, without the locations that only files have.
fn said(verdict: &Value) -> Value {
    let mut said = json!({});
    for name in ["decision", "patch", "findings", "message", "warnings"] {
        said[name] = verdict[name].clone();
    }
    for finding in said["findings"].as_array_mut().unwrap() {
        let finding = finding.as_object_mut().unwrap();
        if finding["rule"] == "secret-not-found" {
            // The command says which other namespaces have the secret, which the policy does not know.
            finding.remove("help");
        }
        finding.remove("line");
        finding.remove("column");
    }
    said
}
