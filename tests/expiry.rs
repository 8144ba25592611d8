//! When pull secrets end: every engine reads the annotation alike, and the JSON report lists the ends and who relies on them.

#[cfg(unix)]
mod api_server;
#[cfg(unix)]
mod rotation;
#[cfg(unix)]
mod suggestions;
mod walk;

use std::process::{Command, Stdio};
use std::sync::Arc;

use review::cluster::Cluster;
use review::log::NoLog;
use review::lookups::Lookups;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::engines::{POLICY, independent_host, json, native_answer, our_host, project, run};
use crate::reports::{assert_valid, schema};

/// A cluster of two secrets under one rotation, as kubectl prints it.
fn pair() -> String {
    std::fs::read_to_string(project("tests/expiry/pair.json")).unwrap()
}

fn in_days(days: i64) -> String {
    (OffsetDateTime::now_utc() + Duration::days(days)).format(&Rfc3339).unwrap()
}

/// So many days from now, and an hour and a half, so that no day and no hour ends during the test.
fn later(days: i64) -> String {
    (OffsetDateTime::now_utc() + Duration::days(days) + Duration::minutes(90)).format(&Rfc3339).unwrap()
}

fn secret(end: &str) -> Value {
    let mut secret = json(pair().as_bytes())["items"][0].clone();
    secret["metadata"]["annotations"]["acr-pull-secret/expires"] = end.into();
    secret
}

fn rules(answer: &Value) -> Vec<String> {
    let findings =
        answer["audit_annotations"]["findings"].as_str().map_or(json!([]), |text| json(text.as_bytes()));
    findings.as_array().unwrap().iter().map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_engine_reads_the_annotation_before_near_and_after_its_end() {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:1"}], "imagePullSecrets": [{"name": "acr-secret"}]},
    });
    for (end, days, expected) in [
        (in_days(-1), 30, Some("secret-expired")),
        (in_days(0), 0, Some("secret-expired")),
        (in_days(29), 30, Some("secret-expires-soon")),
        (in_days(29), 28, None),
        (in_days(31), 30, None),
        (in_days(31), 0, None),
    ] {
        let secret = secret(&end);
        for (object, depth) in [(&pod, "exists"), (&pod, "credentials"), (&secret, "none")] {
            let mut cluster = Cluster::default();
            cluster.add(secret.clone(), "shop");
            let host = Arc::new(Lookups::new(Arc::new(cluster), POLICY.metadata(), Arc::new(NoLog)));
            let settings =
                json!({"mode": "validate", "cluster": {"secrets": depth}, "expiryWarningDays": days});
            let request = json!({"operation": "CREATE", "namespace": "shop", "object": object});
            let payload = json!({"request": request, "settings": settings}).to_string();
            let payload = payload.as_bytes();
            for answer in [
                native_answer("validate", payload, &*host),
                our_host("validate", payload, host.clone()),
                independent_host("validate", payload, host.clone()),
            ] {
                assert_eq!(rules(&json(&answer)), Vec::from_iter(expected), "{end} {depth} {days}");
            }
            let settings = settings.to_string();
            let objects = format!("{object}\n---\n{secret}\n");
            let report =
                json(&run(&["check", "--settings-json", &settings, "-o", "json", "-"], &objects).stdout);
            let findings = report["results"][0]["object"]["findings"].as_array().unwrap();
            let rules: Vec<&str> = findings.iter().map(|it| it["rule"].as_str().unwrap()).collect();
            assert_eq!(rules, Vec::from_iter(expected), "{end} {depth} {days}");
        }
    }
}

#[test]
fn the_json_report_lists_each_pull_secret_with_its_end_and_its_users() {
    let report = json(&run(&["check", "-o", "json", "-"], &pair()).stdout);
    assert_valid(&schema("host/src/report/schema.json"), &report);
    let left =
        |end: &str| (OffsetDateTime::parse(end, &Rfc3339).unwrap() - OffsetDateTime::now_utc()).whole_days();
    assert_eq!(
        report["secrets"],
        json!([
            {
                "namespace": "shop", "name": "acr-secret", "expires": "2020-01-01T00:00:00Z", "source": "annotation",
                "daysLeft": left("2020-01-01T00:00:00Z"), "usedBy": ["Pod shop/batch-1", "Pod shop/web-1"],
            },
            {
                "namespace": "shop", "name": "acr-secret-2", "expires": "9999-12-31T23:59:59Z", "source": "annotation",
                "daysLeft": left("9999-12-31T23:59:59Z"),
                "usedBy": ["Deployment shop/web", "Pod shop/web-1", "ServiceAccount shop/web"],
            },
            {"namespace": "tools", "name": "unused", "usedBy": []},
        ])
    );
}

#[test]
fn a_report_without_pull_secrets_has_no_list_of_them() {
    let report = run(&["check", "-o", "json", "docs/examples/web.yaml"], "");
    assert_eq!(json(&report.stdout)["secrets"], Value::Null);
}

#[test]
fn days_left_are_those_that_the_finding_counts() {
    for (end, days, words) in [
        (later(2), 2, "in 2 days"),
        (later(0), 0, "in 1 hour"),
        (later(-1), 0, "22 hours ago"),
        (later(-2), -1, "1 day ago"),
        (later(-400), -399, "399 days ago"),
    ] {
        let report = json(&run(&["check", "-o", "json", "-"], &secret(&end).to_string()).stdout);
        assert_eq!(report["secrets"][0]["daysLeft"], days, "{end}: {report}");
        assert!(report.to_string().contains(words), "{words}: {report}");
    }
}

#[test]
fn an_explanation_says_when_each_credential_ends() {
    for (end, words) in [(later(90), "ok, expires on"), (later(9), "its credential expires on")] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cluster.json");
        std::fs::write(&file, secret(&end).to_string()).unwrap();
        let file = file.display().to_string();
        let told = run(&["explain", "--cluster", &file, "-n", "shop", "contoso.azurecr.io/web:1"], "");
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.contains(&format!("key contoso.azurecr.io of secret acr-secret: {words}")), "{told}");
    }
}

/// The lines of the document that begin with `jq`, each as the program and what it prints for the pair.
#[test]
#[ignore = "needs jq"]
fn the_questions_of_the_rotation_page_have_answers() {
    let page = std::fs::read_to_string(project("docs/rotation.md")).unwrap();
    let programs: Vec<&str> = page
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("jq -r '")?.strip_suffix('\''))
        .collect();
    let report = run(&["check", "-o", "json", "-"], &pair()).stdout;
    let answers: Vec<String> = programs.iter().map(|program| jq(program, &report)).collect();
    assert_eq!(answers.len(), 3, "{programs:?}");
    let lines: Vec<&str> = answers[0].lines().collect();
    assert!(lines[0].starts_with("shop\tacr-secret\t2020-01-01T00:00:00Z\t-"), "{lines:?}");
    assert_eq!(lines[2], "tools\tunused\tunknown\t\t");
    assert_eq!(answers[1], "shop/acr-secret: Pod shop/batch-1, Pod shop/web-1\n");
    assert_eq!(answers[2], "Pod shop/batch-1\n");
}

fn jq(program: &str, input: &[u8]) -> String {
    let mut jq = Command::new("jq")
        .args(["-r", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("jq starts");
    std::io::Write::write_all(&mut jq.stdin.take().unwrap(), input).unwrap();
    let output = jq.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}");
    String::from_utf8(output.stdout).unwrap()
}

/// As docs/rotation.md does it for a secret that exists.
#[test]
#[ignore = "needs kubectl"]
fn an_end_that_kubectl_writes_is_read() {
    let args = [
        "secret",
        "--server",
        "contoso.azurecr.io",
        "--username",
        "reader",
        "--password-stdin",
        "-n",
        "shop",
    ];
    let manifest = run(&args, "not-a-real-password").stdout;
    let end = later(9);
    let annotation = format!("acr-pull-secret/expires={end}");
    let mut kubectl = Command::new("kubectl")
        .args(["annotate", "--local", "-f", "-", &annotation, "-o", "yaml"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kubectl starts");
    std::io::Write::write_all(&mut kubectl.stdin.take().unwrap(), &manifest).unwrap();
    let annotated = String::from_utf8(kubectl.wait_with_output().unwrap().stdout).unwrap();
    let report = json(&run(&["check", "-o", "json", "-"], &annotated).stdout);
    assert_eq!(report["secrets"][0]["daysLeft"], 9, "{report}");
}
