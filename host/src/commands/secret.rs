//! `secret`: make the manifest of a pull secret.
//!
//! ```text
//! arguments ─▶ source: credentials ─▶ their end ─▶ logins ─▶ secrets ─▶ findings, manifest
//! ```

mod end;
mod findings;
mod password;
mod source;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, UnknownArgumentValueParser};
use clap::{Args, ValueEnum};
use review::diagnostic::{Diagnostic, Diagnostics};
use review::object_name::{parse_name, parse_namespace};
use review::user_info::without_user_info;

use self::findings::Findings;
use self::source::Sourced;
use crate::console::ExitStatus;
use crate::console::Io;
use crate::files::input;
use crate::pull_secret::azure::PASSWORD_NAMES;
use crate::pull_secret::manifest::{Format, manifest};
use crate::pull_secret::merge::merge;
use crate::pull_secret::time::{End, Time, When};
use crate::pull_secret::{EXPIRES, Login, PullSecret};

const EXAMPLES: &str = "Examples:
  acr-pull-secret secret --server contoso.azurecr.io --username reader \\
    --password-stdin < token.txt
  az acr token credential generate -r contoso -n reader --password1 --expiration-in-days 90 |
    acr-pull-secret secret --from-az - --server contoso.azurecr.io -n shop |
    kubectl apply -f -
  acr-pull-secret secret --from-docker-config ~/.docker/config.json \\
    --server contoso.azurecr.io";

/// Create the manifest of a pull secret, as kubectl create secret docker-registry does, and check it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MakeSecret {
    /// The registry's login server, such as contoso.azurecr.io; several get the same credential
    #[arg(
        long, value_name = "SERVER", required_unless_present_any = ["from_docker_config", "from_az"],
        value_parser = parse_server
    )]
    pub server: Vec<String>,
    /// User name: a token's name, or a service principal's id
    #[arg(
        long, value_name = "NAME", required_unless_present_any = ["from_docker_config", "from_az"],
        value_parser = parse_username, conflicts_with_all = ["from_docker_config", "from_az"]
    )]
    pub username: Option<String>,
    /// Read the password from standard input, without the trailing newline
    #[arg(
        long, required_unless_present_any = ["from_docker_config", "from_az"],
        conflicts_with_all = ["from_docker_config", "from_az"]
    )]
    pub password_stdin: bool,
    /// A password in the arguments would be visible to others
    #[arg(
        long, short, hide = true, value_name = "PASSWORD",
        value_parser = UnknownArgumentValueParser::suggest_arg("--password-stdin")
            .and_suggest("the password is read from standard input: --password-stdin < FILE")
    )]
    pub password: Option<String>,
    /// Read user name and password from what an az command printed, such as az ad sp create-for-rbac; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "from_docker_config")]
    pub from_az: Option<PathBuf>,
    /// Which password of a token or of the admin user, if az printed two
    #[arg(
        long, value_name = "NAME", requires = "from_az", value_parser = PossibleValuesParser::new(PASSWORD_NAMES),
        conflicts_with_all = ["username", "password_stdin", "from_docker_config"]
    )]
    pub password_name: Option<String>,
    /// Read user name and password from a docker config; --server selects the registries if it has several
    #[arg(long, value_name = "FILE")]
    pub from_docker_config: Option<PathBuf>,
    /// Run the credential helper that the docker config names, such as docker-credential-desktop
    #[arg(
        long, requires = "from_docker_config", conflicts_with_all = ["username", "password_stdin", "from_az"]
    )]
    pub use_helpers: bool,
    /// Accept a password that looks as if it were not one
    #[arg(long)]
    pub accept_any_password: bool,
    /// When the credential ends: 2027-01-31T12:00:00Z, a span from now such as 1y or 90d, or never [default: what the input
    /// or the token says]
    #[arg(long, value_name = "WHEN", conflicts_with = "expires_from")]
    pub expires: Option<When>,
    /// Read when the credential ends from what az ad app credential list printed
    #[arg(long, value_name = "FILE")]
    pub expires_from: Option<PathBuf>,
    /// E-mail address, which the kubelet ignores
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Name of the secret
    #[arg(long, value_name = "NAME", default_value = "acr-secret", value_parser = parse_name)]
    pub name: String,
    /// Namespace of the secret, each gets one; without it the manifest has no namespace
    #[arg(short, long, value_name = "NAME", value_parser = parse_namespace)]
    pub namespace: Vec<String>,
    /// Add to the pull secret in this manifest, or to each of a List, and keep the rest of it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "namespace"])]
    pub merge: Option<PathBuf>,
    /// Format of the manifest
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "yaml")]
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
        "" => Err("a user name must not be empty: pass a token's name or a service principal's id"),
        _ if text.contains(':') => {
            Err("a user name must not contain a colon; the password is read from standard input")
        }
        _ => Ok(text.to_owned()),
    }
}

/// A registry's name is not its login server, which may have a hash or a region in it.
fn parse_server(text: &str) -> Result<String, String> {
    let host = text.rsplit("//").next().unwrap_or_default().split('/').next().unwrap_or_default();
    match host {
        "" => Err("a login server must not be empty".to_owned()),
        "localhost" => Ok(text.to_owned()),
        _ if host.contains(['.', ':']) => Ok(text.to_owned()),
        _ => Err(format!(
            "a login server has a domain, is it {host}.azurecr.io? `az acr show -n {host} --query loginServer -o tsv` \
             prints it"
        )),
    }
}

/// An error about an input, with what to type.
fn refusal(name: &str, problem: impl std::fmt::Display, help: impl Into<String>) -> anyhow::Error {
    Diagnostics(vec![Diagnostic::error(format!("{name}: {problem}")).with_help(help)]).into()
}

/// Runs the command.
///
/// # Errors
/// - an input without a password, or with one that looks like something else
/// - an end in the past, or one that is asked for and cannot be found
/// - standard output that cannot be written
pub fn run(args: &MakeSecret, io: &mut Io) -> Result<ExitStatus> {
    let now = Time::of_clock(SystemTime::now()).context("the clock of this machine is wrong")?;
    let mut sourced = source::read(args, io)?;
    end::determine(args, &mut sourced, now, &mut io.stdin)?;
    for Sourced { credential, servers } in &sourced {
        if args.expires.is_none() || credential.commands.is_some() {
            io.stderr.line(&format!("note: {}", credential.note(servers, now)));
        }
    }
    let renewal = match sourced.as_slice() {
        [Sourced { credential, servers }] => {
            servers.first().and_then(|first| credential.account.renewal(first))
        }
        _ => None,
    };
    let logins: Vec<Login> = sourced.iter().flat_map(Sourced::logins).collect();
    let ends = sourced.iter().filter_map(|sourced| sourced.credential.end.time());
    let written = match &args.merge {
        Some(path) => merged(path, &logins, ends.min(), args, io)?,
        None => made(&logins, ends.min(), renewal.as_deref(), args, io)?,
    };
    io.stdout.write_all(written.as_bytes())?;
    io.stdout.flush()?;
    Ok(ExitStatus::Fine)
}

/// The manifest of a secret for each namespace.
fn made(
    logins: &[Login],
    expires: Option<Time>,
    renewal: Option<&str>,
    args: &MakeSecret,
    io: &Io,
) -> Result<String> {
    let namespaces: Vec<Option<&str>> = match args.namespace.as_slice() {
        [] => vec![None],
        all => {
            let mut once: Vec<&str> = Vec::new();
            for one in all.iter().map(String::as_str) {
                if !once.contains(&one) {
                    once.push(one);
                }
            }
            once.into_iter().map(Some).collect()
        }
    };
    let secrets = namespaces.iter().map(|namespace| PullSecret::new(&args.name, *namespace, logins, expires));
    let secrets: Vec<PullSecret<'_>> = secrets.collect::<Result<_, _>>()?;
    let mut findings = Findings::new(io)?;
    for (secret, namespace) in secrets.iter().zip(namespaces) {
        findings.judge(serde_json::to_value(secret)?, namespace.unwrap_or_default(), renewal);
    }
    findings.tell(logins, io)?;
    Ok(manifest(&secrets, args.output.into())?)
}

/// The manifest of the secrets that get further logins.
fn merged(
    path: &Path,
    logins: &[Login],
    expires: Option<Time>,
    args: &MakeSecret,
    io: &mut Io,
) -> Result<String> {
    let file = input::read(path, &mut io.stdin)?;
    let end = expires.map_or(End::Unknown, End::At);
    let secrets = merge(&file.text, logins, end).map_err(|error| refusal(&file.name, error, error.help()))?;
    let mut findings = Findings::new(io)?;
    for secret in &secrets {
        let title = match secrets.as_slice() {
            [_] => file.name.clone(),
            _ => format!("{}: Secret {}", file.name, secret.title()),
        };
        for server in &secret.replaced {
            io.stderr.line(&format!("note: {title}: the login to {} is replaced", without_user_info(server)));
        }
        if let Some(first) = secret.expires().filter(|first| Some(*first) != expires) {
            io.stderr.line(&format!(
                "note: {title}: its annotation {EXPIRES} stays at {first}, because another credential in it may end then; if that \
                 is not so, remove the annotation first"
            ));
        }
        findings.judge(secret.object.clone(), secret.namespace(), None);
    }
    findings.tell(logins, io)?;
    let objects: Vec<_> = secrets.into_iter().map(|secret| secret.object).collect();
    Ok(manifest(&objects, args.output.into())?)
}

impl From<SecretFormat> for Format {
    fn from(format: SecretFormat) -> Self {
        match format {
            SecretFormat::Yaml => Self::Yaml,
            SecretFormat::Json => Self::Json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_server, parse_username};

    #[test]
    fn a_user_name_is_one_that_a_registry_accepts() {
        assert_eq!(parse_username("reader").as_deref(), Ok("reader"));
        assert!(parse_username("").is_err_and(|reason| reason.contains("empty")));
        assert!(
            parse_username("reader:password")
                .is_err_and(|reason| reason.contains("must not contain a colon"))
        );
    }

    #[test]
    fn a_login_server_has_a_domain() {
        for server in [
            "contoso.azurecr.io",
            "contoso-e7ggejfuhzhgedc8.azurecr.io",
            "https://contoso.azurecr.io/",
            "contoso.azurecr.io/team",
            "*.azurecr.io",
            "localhost",
            "localhost:5000",
            "registry:5000",
        ] {
            assert_eq!(parse_server(server).as_deref(), Ok(server));
        }
        for server in ["contoso", "https://contoso", "contoso/team.io"] {
            assert!(
                parse_server(server).is_err_and(|reason| reason.contains("contoso.azurecr.io?")),
                "{server}"
            );
        }
        assert!(parse_server("").is_err() && parse_server("https://").is_err());
    }
}
