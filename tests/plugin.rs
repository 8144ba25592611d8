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
