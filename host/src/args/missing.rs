//! Errors of calls in which something is missing: an input, or an option that another one needs.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use review::diagnostic::Diagnostic;

use super::live;
use super::usage::command_of;

/// What each command needs, and what to type for it.
const NEEDS: [(&str, &str, &str); 11] = [
    (
        "check",
        "a file, a folder, or - for standard input",
        "name one, such as acr-pull-secret check deploy/, or set paths in .acr-pull-secret.yaml",
    ),
    (
        "fix",
        "a file, a folder, or - for standard input",
        "name one, such as acr-pull-secret fix --diff deploy/, or set paths in .acr-pull-secret.yaml",
    ),
    (
        "explain",
        "an image or a rule",
        "name one, such as acr-pull-secret explain contoso.azurecr.io/shop/web:v1",
    ),
    ("test", "a suite, or a folder of suites", "name one, such as acr-pull-secret test tests/"),
    ("init", "a file, a folder, or - for standard input", "name one, such as acr-pull-secret init deploy/"),
    ("why", "a pod or a workload", "name one, such as acr-pull-secret why deployment/web -n shop"),
    ("completions", "a shell", "name one, such as acr-pull-secret completions bash"),
    (
        "policy annotate",
        "a policy, its metadata and an output file",
        "name them, such as acr-pull-secret policy annotate policy.wasm -m metadata.yml --output annotated.wasm",
    ),
    (
        "policy export",
        "an output file, or - for standard output",
        "name it, such as acr-pull-secret policy export policy.wasm",
    ),
    (
        "policy push",
        "a reference in a registry",
        "name it, such as acr-pull-secret policy push contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
    ),
    (
        "policy pull",
        "a reference in a registry and an output file",
        "name them, such as acr-pull-secret policy pull contoso.azurecr.io/policies/acr-pull-secret:v0.1.0 --output policy.wasm",
    ),
];

/// Options that have an effect only with another one: that one, what it does, and the options.
const TOGETHER: [(&str, &str, &[&str]); 3] = [
    (
        "--pull",
        "which asks the registries",
        &["--platform", "--pull-timeout", "--insecure", "--ca-file", "--resolve", "--docker-config"],
    ),
    ("--from-az", "which reads what az printed", &["--password-name"]),
    ("--from-docker-config", "which reads a docker config", &["--use-helpers"]),
];

/// What `secret` needs.
const CREDENTIAL: &str = "pass --from-az FILE with what az printed, --from-docker-config FILE, or all of --server SERVER, \
                          --username NAME and --password-stdin";

/// The error of a call, with these arguments, in which something is missing.
pub fn of_missing(error: &clap::Error, args: &[OsString]) -> Option<Diagnostic> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return None };
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    if let Some(diagnostic) = missing.iter().find_map(|missing| of_option(missing, args)) {
        return Some(diagnostic);
    }
    let command = command_of(error)?;
    if command == "secret" {
        if let [only] = missing.as_slice()
            && only == "--password-stdin"
        {
            let help = "pass it on standard input: --password-stdin < FILE";
            return Some(Diagnostic::error("the password is missing").with_help(help));
        }
        let error = Diagnostic::error("secret needs a server, a user name and a password");
        return Some(error.with_help(CREDENTIAL));
    }
    let is_all = |arg: &OsString| arg == "-A" || arg == "--all-namespaces";
    if command == "check" && args.iter().any(is_all) {
        return Some(live::alone("--all-namespaces"));
    }
    let (command, need, help) = NEEDS.into_iter().find(|(name, ..)| *name == command)?;
    Some(Diagnostic::error(format!("{command} needs {need}")).with_help(help))
}

/// The error of an option without the one that it needs.
fn of_option(missing: &str, args: &[OsString]) -> Option<Diagnostic> {
    let missing = missing.split_whitespace().next()?;
    let (needed, what, options) = TOGETHER.into_iter().find(|(needed, ..)| *needed == missing)?;
    let is_given = |option: &&&str| args.iter().any(|arg| is_option(arg, option));
    let given = options.iter().find(is_given)?;
    let error = Diagnostic::error(format!("{given} has an effect only with {needed}"));
    Some(error.with_help(format!("leave it out, or add {needed}, {what}")))
}

/// Whether an argument is this option: `--platform`, or `--platform=linux/arm64`.
fn is_option(arg: &OsStr, option: &str) -> bool {
    let arg = arg.to_string_lossy();
    arg.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::error::ErrorKind;
    use clap::{CommandFactory as _, Parser as _};
    use review::diagnostic::Diagnostic;

    use super::{NEEDS, of_missing};
    use crate::commands::Cli;

    fn refused(call: &str) -> Diagnostic {
        let args: Vec<OsString> = call.split_whitespace().map(OsString::from).collect();
        let error = Cli::try_parse_from(&args).expect_err("an error");
        assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument, "{call}: {error}");
        of_missing(&error, &args).unwrap_or_else(|| panic!("{call}: {error}"))
    }

    /// The calls of all commands.
    fn calls(command: &clap::Command, call: &str) -> Vec<String> {
        let below =
            command.get_subcommands().map(|below| calls(below, &format!("{call} {}", below.get_name())));
        let below: Vec<String> = below.flatten().collect();
        if below.is_empty() { vec![call.to_owned()] } else { below }
    }

    #[test]
    fn a_command_without_its_input_says_what_it_needs() {
        for call in calls(&Cli::command(), "acr-pull-secret") {
            let needs = Cli::try_parse_from(call.split_whitespace()).is_err();
            let name = call.trim_start_matches("acr-pull-secret ");
            assert_eq!(needs, name == "secret" || NEEDS.iter().any(|(of, ..)| *of == name), "{call}");
            if needs {
                let message = refused(&call).message;
                assert!(message.starts_with(&format!("{name} needs ")), "{call}: {message}");
            }
        }
    }

    #[test]
    fn an_option_without_the_one_that_it_needs_names_both() {
        for (call, error) in [
            ("check --platform linux/arm64 a.yaml", "--platform has an effect only with --pull"),
            ("check --platform=linux/arm64 a.yaml", "--platform has an effect only with --pull"),
            ("check --platform linux/arm64", "--platform has an effect only with --pull"),
            ("check --pull-timeout 3s a.yaml", "--pull-timeout has an effect only with --pull"),
            ("explain --insecure localhost:5000 a", "--insecure has an effect only with --pull"),
            ("explain --ca-file ca.pem a", "--ca-file has an effect only with --pull"),
            ("why --resolve a.azurecr.io:443:10.0.0.4 a", "--resolve has an effect only with --pull"),
            ("why --docker-config config.json a", "--docker-config has an effect only with --pull"),
            ("secret --password-name password1", "--password-name has an effect only with --from-az"),
            ("secret --use-helpers", "--use-helpers has an effect only with --from-docker-config"),
            ("secret --username reader", "secret needs a server, a user name and a password"),
            ("secret --server a.io --username reader", "the password is missing"),
            ("check -A", "--all-namespaces is for --live, which checks a cluster"),
            ("secret --password-stdin", "secret needs a server, a user name and a password"),
            ("policy pull a.io/b:v1", "policy pull needs a reference in a registry and an output file"),
            (
                "policy annotate policy.wasm",
                "policy annotate needs a policy, its metadata and an output file",
            ),
        ] {
            let diagnostic = refused(&format!("acr-pull-secret {call}"));
            assert_eq!(diagnostic.message, error, "{call}");
            assert!(diagnostic.help.is_some(), "{call}");
        }
    }

    #[test]
    fn an_option_of_another_source_of_the_credential_is_refused() {
        for call in [
            "--password-name password1 --server a.io --username b --password-stdin",
            "--password-name password1 --from-docker-config config.json",
            "--use-helpers --server a.io --username b --password-stdin",
            "--use-helpers --from-az az.json",
            "--username b --from-az az.json",
            "--password-stdin --from-docker-config config.json",
        ] {
            let args = ["acr-pull-secret", "secret"].into_iter().chain(call.split_whitespace());
            let kind = Cli::try_parse_from(args).expect_err("an error").kind();
            assert_eq!(kind, ErrorKind::ArgumentConflict, "{call}");
        }
    }
}
