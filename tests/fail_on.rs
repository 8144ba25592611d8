//! The exit status and the reports agree for every value of `--fail-on`.

use serde_json::Value;

use crate::engines::command_alone;
use crate::reports::workflow_command;

/// A bare pod: the policy changes it, or refuses it in mode validate.
const BARE: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: contoso.azurecr.io/web:1}]}\n";

/// Number of its entries that report a failure.
fn failures(format: &str, report: &str) -> usize {
    match format {
        "github" => report.lines().filter(|line| workflow_command(line).0 == "error").count(),
        "junit" => report.matches("<failure").count(),
        "azure" => report.matches("##vso[task.logissue type=error;").count(),
        "markdown" => report.matches("| error |").count(),
        "gitlab" => {
            let issues: Value = serde_json::from_str(report).unwrap();
            issues.as_array().unwrap().iter().filter(|issue| issue["severity"] == "major").count()
        }
        "sarif" => {
            let report: Value = serde_json::from_str(report).unwrap();
            let results = report["runs"][0]["results"].as_array().unwrap();
            results.iter().filter(|result| result["level"] == "error").count()
        }
        _ => unreachable!(),
    }
}

#[test]
fn every_report_shows_the_reason_of_the_exit_status_1() {
    let validate = r#"{"mode": "validate"}"#;
    let warned = r#"{"mode": "validate", "actions": {"missing": "warn"}}"#;
    let none = r#"{"pullSecrets": [{"registries": ["*.azurecr.io"], "secretless": true}]}"#;
    for (settings, fails) in [
        (validate, [true, true, true]),
        (warned, [false, true, true]),
        ("{}", [false, false, true]),
        (none, [false, false, false]),
    ] {
        for (fail_on, fails) in ["reject", "warn", "mutate"].into_iter().zip(fails) {
            for format in ["github", "junit", "sarif", "azure", "gitlab", "markdown"] {
                let folder = tempfile::tempdir().unwrap();
                std::fs::write(folder.path().join("pod.yaml"), BARE).unwrap();
                let args =
                    ["check", "--fail-on", fail_on, "-o", format, "--settings-json", settings, "pod.yaml"];
                let output = command_alone(&args).current_dir(folder.path()).output().unwrap();
                let report = String::from_utf8(output.stdout).unwrap();
                let name = format!("{settings} {fail_on} {format}: {report}");
                assert_eq!(output.status.code(), Some(i32::from(fails)), "{name}");
                let entries = failures(format, &report);
                // A warning is one where the format has no exit status of its own.
                let is_warning = fails && settings == warned && format != "junit";
                assert_eq!(entries > 0, fails && !is_warning, "{name}");
                assert!(
                    !is_warning || report.contains(if format == "gitlab" { "minor" } else { "warning" }),
                    "{name}"
                );
            }
        }
    }
}
