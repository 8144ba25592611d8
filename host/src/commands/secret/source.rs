//! Where credentials come from: what `az` printed, a docker config, or standard input.

use std::path::Path;

use anyhow::{Result, bail};

use super::{MakeSecret, password, refusal};
use crate::console::Io;
use crate::files::input;
use crate::pull_secret::credential::Credential;
use crate::pull_secret::docker_config::{self, DockerConfigError, host};
use crate::pull_secret::{Login, azure};
use crate::registry::credentials::{self, Unusable, from_helper};
use review::user_info::without_user_info;

/// A credential, and the servers that it is for.
pub(super) struct Sourced {
    pub(super) credential: Credential,
    pub(super) servers: Vec<String>,
}

impl Sourced {
    /// The login to each of the servers.
    pub(super) fn logins(&self) -> impl Iterator<Item = Login> {
        self.servers.iter().map(|server| self.credential.login(server))
    }
}

/// Reads the credentials that the arguments name.
///
/// # Errors
/// - an input that cannot be read, or without a password
/// - a password that looks like something else
/// - no login server, neither in the input nor in the arguments
pub(super) fn read(args: &MakeSecret, io: &mut Io) -> Result<Vec<Sourced>> {
    let mut sourced = match (&args.from_az, &args.from_docker_config) {
        (Some(path), _) => vec![az_output(path, args, io)?],
        (None, Some(path)) => from_docker_config(path, args, io)?,
        (None, None) => vec![standard_input(args, io)?],
    };
    for Sourced { credential, .. } in &mut sourced {
        if args.email.is_some() {
            credential.email.clone_from(&args.email);
        }
    }
    Ok(sourced)
}

fn standard_input(args: &MakeSecret, io: &mut Io) -> Result<Sourced> {
    let ([server, ..], Some(username)) = (args.server.as_slice(), &args.username) else {
        bail!("--server and --username are missing");
    };
    let password = password::read(io)?;
    if !args.accept_any_password {
        password::check(&password, "the password on standard input")?;
    }
    let credential = Credential::new(username.clone(), password, None, server);
    Ok(Sourced { credential, servers: args.server.clone() })
}

fn az_output(path: &Path, args: &MakeSecret, io: &mut Io) -> Result<Sourced> {
    let file = input::read(path, &mut io.stdin)?;
    let output = azure::read(&file.text, args.password_name.as_deref())
        .map_err(|error| refusal(&file.name, &error, error.help()))?;
    if !args.accept_any_password {
        password::check(&output.credential.password, &format!("{}: the password in it", file.name))?;
    }
    let servers = match (args.server.as_slice(), output.server) {
        ([], Some(server)) => vec![server],
        ([], None) => {
            let command = output.credential.commands.map_or("az".to_owned(), |commands| commands.to_string());
            let registry = output.registry.as_deref().unwrap_or("REGISTRY");
            return Err(refusal(
                &file.name,
                format!("the output of {command} does not name the login server"),
                format!(
                    "add --server SERVER, which `az acr show -n {registry} --query loginServer -o tsv` prints"
                ),
            ));
        }
        (given, Some(server)) if given.iter().any(|given| host(given) != server) => {
            return Err(refusal(
                &file.name,
                format!("it is for {server}, and no other registry accepts it"),
                format!("leave out --server, or pass --server {server}"),
            ));
        }
        (given, _) => given.to_vec(),
    };
    Ok(Sourced { credential: output.credential, servers })
}

/// One credential for each server, because each registry has its own.
fn from_docker_config(path: &Path, args: &MakeSecret, io: &mut Io) -> Result<Vec<Sourced>> {
    let file = input::read(path, &mut io.stdin)?;
    let servers: Vec<Option<&str>> = match args.server.as_slice() {
        [] => vec![None],
        all => all.iter().map(|server| Some(server.as_str())).collect(),
    };
    let mut sourced = Vec::new();
    for server in servers {
        let login = match docker_config::pick(&file.text, server) {
            Err(DockerConfigError::Helper { server, key, helper, .. }) if args.use_helpers => {
                helped(server, &key, &helper).map_err(|error| refusal(&file.name, &error, error.help()))
            }
            Err(DockerConfigError::NotListed { server, helper, .. }) if args.use_helpers => {
                let key = server.clone();
                helped(server, &key, &helper).map_err(|error| refusal(&file.name, &error, error.help()))
            }
            picked => picked.map_err(|error| refusal(&file.name, &error, error.help())),
        };
        let login = login?;
        if !args.accept_any_password {
            password::check(
                &login.password,
                &format!("{}: the password for {}", file.name, without_user_info(&login.server)),
            )?;
        }
        if login.username.is_empty() || login.username.contains(':') {
            let problem = format!(
                "the user name for {} is empty or has a colon in it",
                without_user_info(&login.server)
            );
            return Err(refusal(
                &file.name,
                problem,
                "pass another one with --username and --password-stdin",
            ));
        }
        let servers = vec![login.server.clone()];
        sourced.push(Sourced { credential: Credential::of_entry(login), servers });
    }
    Ok(sourced)
}

/// The login that a credential helper keeps.
fn helped(server: String, key: &str, helper: &str) -> Result<Login, DockerConfigError> {
    if helper.contains(['/', '\\']) {
        return Err(DockerConfigError::HelperFailed {
            what: "the name of its credential helper has a path in it".to_owned(),
            help: String::new(),
        });
    }
    match from_helper(helper, key) {
        Ok(credentials::Credential::Password { user: username, password }) => {
            Ok(Login { server, username, password, email: None })
        }
        Ok(credentials::Credential::Identity(_)) => Err(DockerConfigError::IdentityToken(server)),
        Ok(credentials::Credential::Anonymous) => {
            Err(DockerConfigError::NotKept { server, helper: helper.to_owned() })
        }
        Err(Unusable { what, help }) => Err(DockerConfigError::HelperFailed { what, help }),
    }
}
