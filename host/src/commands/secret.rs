//! `secret`: make the manifest of a pull secret.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use serde_json::value::RawValue;

use crate::commands::policy_file::load_policy;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::input;
use crate::pull_secret::{Login, PullSecret, docker_config};
use crate::sandbox::Limits;
use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::explanation::{self, Question};
use review::host_calls::HostCalls;
use review::kind::{Judged, Kind};
use review::lookups::Lookups;
use review::object_name::{parse_name, parse_namespace};
use review::request::Request;
use review::verdict::Severity;

const EXAMPLES: &str = "Examples:
  acr-pull-secret secret --server contoso.azurecr.io --username reader --password-stdin < token.txt
  az acr token credential generate -r contoso -n reader --query 'passwords[0].value' -o tsv |
    acr-pull-secret secret --server contoso.azurecr.io --username reader --password-stdin -n shop |
    kubectl apply -f -
  acr-pull-secret secret --from-docker-config ~/.docker/config.json --server contoso.azurecr.io";

/// Create the manifest of a pull secret, as kubectl create secret docker-registry does, and check it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MakeSecret {
    /// The registry's login server, such as contoso.azurecr.io
    #[arg(
        long, value_name = "SERVER", required_unless_present = "from_docker_config",
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub server: Option<String>,
    /// User name: a token's name, or a service principal's id
    #[arg(
        long, value_name = "NAME", required_unless_present = "from_docker_config", value_parser = parse_username,
        conflicts_with = "from_docker_config"
    )]
    pub username: Option<String>,
    /// Read the password from standard input, without the trailing newline
    #[arg(long, required_unless_present = "from_docker_config", conflicts_with = "from_docker_config")]
    pub password_stdin: bool,
    /// Read user name and password from a docker config; --server selects the registry if it has several
    #[arg(long, value_name = "FILE")]
    pub from_docker_config: Option<PathBuf>,
    /// E-mail address, which is no longer used
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Name of the secret
    #[arg(long, value_name = "NAME", default_value = "acr-secret", value_parser = parse_name)]
    pub name: String,
    /// Namespace of the secret; without it the manifest has no namespace
    #[arg(short, long, value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: Option<String>,
    /// Format of the manifest
    #[arg(short, long, value_enum, default_value = "yaml")]
    pub output: SecretFormat,
}

/// The formats of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SecretFormat {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

/// A registry splits user and password at the first colon.
fn parse_username(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("a user name must not be empty"),
        _ if text.contains(':') => {
            Err("a user name must not contain a colon; the password is read from standard input")
        }
        _ => Ok(text.to_owned()),
    }
}

/// Runs the command.
///
/// # Errors
/// - no password, a docker config without one, standard output that cannot be written
pub fn run(args: &MakeSecret, io: &mut Io) -> Result<ExitStatus> {
    let mut login = login(args, io)?;
    if args.email.is_some() {
        login.email.clone_from(&args.email);
    }
    let secret = PullSecret::new(&args.name, args.namespace.as_deref(), &login)?;
    for warning in warnings(&secret, args.namespace.as_deref(), &login.server, io)? {
        io.stderr.line(&warning);
    }
    let manifest = match args.output {
        SecretFormat::Yaml => secret.yaml()?,
        SecretFormat::Json => secret.json()?,
    };
    io.stdout.write_all(manifest.as_bytes())?;
    io.stdout.flush()?;
    Ok(ExitStatus::Fine)
}

fn login(args: &MakeSecret, io: &mut Io) -> Result<Login> {
    if let Some(path) = &args.from_docker_config {
        let file = input::read(path, &mut io.stdin)?;
        return docker_config::pick(&file.text, args.server.as_deref()).context(file.name);
    }
    let (Some(server), Some(username)) = (args.server.clone(), args.username.clone()) else {
        bail!("--server and --username are missing");
    };
    Ok(Login { server, username, password: password(io)?, email: None })
}

/// core/v1 `MaxSecretSize`
const LONGEST_PASSWORD: u64 = 1 << 20;

fn password(io: &mut Io) -> Result<String> {
    // What is typed at a terminal is shown on it.
    if std::io::stdin().is_terminal() {
        bail!(
            "the password would be visible on the terminal; pass it with `--password-stdin < FILE` or a pipe"
        );
    }
    let mut bytes = Vec::new();
    (&mut io.stdin)
        .take(LONGEST_PASSWORD + 1)
        .read_to_end(&mut bytes)
        .context("standard input cannot be read")?;
    if bytes.len() as u64 > LONGEST_PASSWORD {
        bail!("standard input is too long for a password: a Secret holds at most 1 MiB");
    }
    let Ok(mut password) = String::from_utf8(bytes) else {
        bail!("the password on standard input is not UTF-8 text");
    };
    // As docker login --password-stdin does.
    if password.ends_with('\n') {
        password.pop();
        if password.ends_with('\r') {
            password.pop();
        }
    }
    if password.is_empty() {
        bail!(
            "the password on standard input is empty: does the command before the pipe, or the file, have one?"
        );
    }
    Ok(password)
}

/// What the policy says about the secret and its server.
fn warnings(secret: &PullSecret<'_>, namespace: Option<&str>, server: &str, io: &Io) -> Result<Vec<String>> {
    let policy = load_policy(Limits::default(), None)?;
    let cluster = Arc::new(Cluster::default());
    let host: Arc<dyn HostCalls> =
        Arc::new(Lookups::new(cluster.clone(), policy.metadata(), Arc::new(io.stderr.clone())));
    let settings = RawValue::from_string("{}".to_owned())?;
    let namespace = namespace.unwrap_or_default();

    let judged = Judged::of(policy.metadata());
    let evaluation = Evaluation::new(&policy, &settings, &judged, namespace, &cluster, host.clone());
    let kind = Kind { group: String::new(), version: "v1".to_owned(), kind: "Secret".to_owned() };
    let object = Some(Cow::Owned(secret.object()?));
    let request =
        Request { kind: &kind, namespace: namespace.into(), operation: "CREATE", object, old: None };
    let verdict = evaluation.ask(&request.to_value());
    let mut warnings: Vec<String> = verdict
        .findings
        .iter()
        .map(|finding| {
            let weight = if finding.severity == Severity::Reject { "error" } else { "warning" };
            format!("{weight}[{}]: {}", finding.rule, finding.in_one_line())
        })
        .collect();
    warnings
        .extend(verdict.message.filter(|_| warnings.is_empty()).map(|message| format!("warning: {message}")));

    let host_name = server.rsplit("//").next().and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let image = format!("{host_name}/image");
    let question =
        Question { image: &image, namespace, settings: &settings, pull_secrets: None, service_account: "" };
    let (_, explanation) = explanation::ask(&policy, &question, host)?;
    let registry = explanation.registry.filter(|registry| registry.kind == "other" && warnings.is_empty());
    warnings.extend(registry.map(|registry| {
        format!(
            "warning: --server {}: {}; if it is a registry's own domain, add it to registrySuffixes in the settings",
            registry.host, registry.reason
        )
    }));
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::parse_username;

    #[test]
    fn a_user_name_is_one_that_a_registry_accepts() {
        assert_eq!(parse_username("reader").as_deref(), Ok("reader"));
        assert!(parse_username("").is_err_and(|reason| reason.contains("empty")));
        assert!(
            parse_username("reader:password")
                .is_err_and(|reason| reason.contains("must not contain a colon"))
        );
    }
}
