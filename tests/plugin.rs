//! As a plugin of kubectl, the command shows the calls that a user can type.

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
