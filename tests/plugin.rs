//! As a plugin of kubectl, the command shows the calls that a user can type.

use serde_json::Value;

use crate::engines::command_alone;

#[test]
fn a_plugin_of_kubectl_speaks_of_itself_as_one() {
    use std::os::unix::process::CommandExt as _;

    let run = |name: &str, args: &[&str]| {
        let mut command = command_alone(args);
        let output = command.arg0(name).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    for name in [
        "kubectl-acr_pull_secret",
        "/home/ann/.krew/bin/kubectl-acr_pull_secret",
        "kubectl-acr_pull_secret.exe",
    ] {
        let help = run(name, &["check", "--help"]);
        assert!(help.contains("Usage: kubectl acr-pull-secret check "), "{help}");
        assert!(help.contains("\n  kubectl acr-pull-secret check manifests/"), "{help}");
        assert!(help.contains("| kubectl acr-pull-secret check -"), "{help}");
        assert!(!help.contains("kubectl-acr_pull_secret"), "{help}");
        // The script completes the command alone.
        let script = run(name, &["completions", "bash"]);
        assert!(script.ends_with("kubectl_complete-acr_pull_secret in a folder of PATH\n"), "{script}");
        let error = run(name, &["check"]);
        assert!(error.contains("name one, such as kubectl acr-pull-secret check deploy/, or set paths in .acr-pull-secret.yaml"), "{error}");
        let error = run(name, &["check", "-f", "x"]);
        assert!(
            error.contains("tip: name the file without an option: kubectl acr-pull-secret check FILE"),
            "{error}"
        );
        assert!(error.contains("Usage: kubectl acr-pull-secret check"), "{error}");
    }
    let help = run("acr-pull-secret", &["check", "--help"]);
    assert!(
        help.contains("Usage: acr-pull-secret check ") && !help.contains("kubectl acr-pull-secret"),
        "{help}"
    );
}

/// What a help shows can be typed, in every format of every report.
#[test]
fn every_format_shows_the_calls_of_the_plugin() {
    use std::os::unix::process::CommandExt as _;

    const OTHER: &str = r#"{"pullSecrets": [{"registries": ["contoso.azurecr.io"], "secret": "other"}]}"#;
    const FORMATS: [&str; 8] = ["text", "json", "junit", "sarif", "github", "azure", "gitlab", "markdown"];
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let spec = "{containers: [{name: web, image: contoso.azurecr.io/web:1}], imagePullSecrets: [{name: acr-secret}]}";
    write("pod.yaml", &format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {spec}\n"));
    write(
        "template.yaml",
        &format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template: {{spec: {spec}}}\n"
        ),
    );
    // A patch of Kustomize.
    write(
        "patch.yaml",
        "spec:\n  template: {spec: {containers: [{name: web, image: contoso.azurecr.io/web:1}]}}\n",
    );
    let run = |name: &str, args: &[&str]| {
        let output = command_alone(args).arg0(name).current_dir(folder.path()).output().unwrap();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let checks: [&[&str]; 4] = [
        &["check", "--complete", "pod.yaml"],
        &["check", "--complete", "template.yaml"],
        &["check", "--settings-json", OTHER, "--fail-on", "mutate", "pod.yaml"],
        &["check", "patch.yaml"],
    ];
    let of_formats = checks.iter().flat_map(|args| FORMATS.map(|format| [*args, &["-o", format]].concat()));
    for args in of_formats.chain([
        vec!["explain", "secret-expired"],
        vec!["explain", "secret-expired", "-o", "json"],
        vec!["explain", "secret-wrong-type"],
    ]) {
        let calls = |[out, talk]: &[String; 2], name: &str| {
            // The messages of the policy have calls too, and are the same for every caller.
            let out = match serde_json::from_str(out) {
                Ok(report) if args.contains(&"json") => helps(&report).join("\n"),
                _ => out.clone(),
            };
            let text = format!("{out}\n{talk}");
            ["check", "fix", "secret", "why"].map(|command| {
                let call = format!("{name} {command}");
                text.to_ascii_lowercase().matches(&call).count()
            })
        };
        let (plain, plugin) = (run("acr-pull-secret", &args), run("kubectl-acr_pull_secret", &args));
        let expected = calls(&plain, "acr-pull-secret");
        // In JSON, a change is not a finding.
        let has_helps = !(args.contains(&"json") && args.contains(&"mutate"));
        assert_eq!(expected.iter().sum::<usize>() > 0, has_helps, "{args:?}: {plain:?}");
        assert_eq!(calls(&plugin, "kubectl acr-pull-secret"), expected, "{args:?}: {plugin:?}");
        assert_eq!(calls(&plugin, "acr-pull-secret"), expected, "{args:?}: {plugin:?}");
    }
}

/// The helps in a value.
fn helps(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = ["help", "fix"].into_iter().filter_map(|name| fields.get(name)?.as_str());
            own.chain(fields.values().flat_map(helps)).collect()
        }
        Value::Array(items) => items.iter().flat_map(helps).collect(),
        _ => Vec::new(),
    }
}

/// The name of a file is not a call of the command.
#[test]
fn foreign_texts_keep_the_name_of_the_command() {
    use std::os::unix::process::CommandExt as _;

    let folder = tempfile::tempdir().unwrap();
    // The last word is in no call of the command.
    let names = [
        "acr-pull-secret check q",
        "run acr-pull-secret check -k q",
        "x' and acr-pull-secret fix q",
        "a: acr-pull-secret why q",
    ];
    for name in names {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("Chart.yaml"), "name: a\nversion: 1.0.0\n").unwrap();
        std::fs::create_dir(folder.path().join(name).join("templates")).unwrap();
        std::fs::write(folder.path().join(name).join("templates/a.yaml"), "{{ }}").unwrap();
        let missing = format!("{name} of none");
        for args in [
            &["check", name][..],
            &["check", &missing],
            &["check", "-k", name],
            &["check", name, "--settings", &missing],
            &["fix", "-k", name],
            &["explain", name],
            &["init", "--dry-run", name],
            &["test", &missing],
            &["secret", "--from-az", &missing],
        ] {
            let run = |called: &str| {
                let output = command_alone(args).arg0(called).current_dir(folder.path()).output().unwrap();
                String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
            };
            let (plain, plugin) = (run("acr-pull-secret"), run("kubectl-acr_pull_secret"));
            assert_eq!(plugin.replace("kubectl acr-pull-secret", "acr-pull-secret"), plain, "{args:?}");
            let renamed = name.replace("acr-pull-secret", "kubectl acr-pull-secret");
            assert!(plugin.contains('q') && !plugin.contains(&renamed), "{args:?}: {plugin}");
        }
    }
}
