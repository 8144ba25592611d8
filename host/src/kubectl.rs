//! Runs kubectl, and reads the objects of a cluster with it. kubectl has the user's connection and login, so this command needs
//! neither.

pub(crate) mod field;
mod made;
mod reason;
pub mod world;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use review::log::Log;
use review::object_name::parse_name;
use serde_json::Value;

use self::reason::{is_forbidden, is_unauthorized, reason};
use crate::masking::without_credentials;
use crate::process::{self, Slow};
use crate::text::reason_of;

/// How long a call may take. Lists of a large cluster come in many parts.
const LIMIT: Duration = Duration::from_mins(2);

/// Lines of kubectl's messages that are shown of a call that succeeds or takes long.
const MOST_LINES: usize = 10;

/// Why kubectl gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum KubectlError {
    /// It is not installed
    #[error("kubectl was not found on the PATH")]
    NoProgram,
    /// It cannot be started, or its output cannot be read
    #[error("kubectl cannot be run: {}", reason_of(.0))]
    Unusable(io::Error),
    /// It failed
    #[error("kubectl get {kinds} failed: {reason}")]
    Failed {
        /// What was asked for: `pods`, or `pods and 9 other kinds`
        kinds: String,
        /// What failed, on one line
        reason: String,
        /// Whether the user may not do it
        is_forbidden: bool,
        /// Whether the login is missing or has ended
        is_login: bool,
    },
    /// There is no such kubeconfig, or it cannot be read
    #[error("{}: {}", path.display(), reason_of(reason))]
    NoKubeconfig {
        /// Its path
        path: PathBuf,
        /// Why
        reason: io::Error,
    },
    /// It took too long
    #[error("kubectl get {kinds} did not end within {} s and was stopped", limit.as_secs())]
    TooSlow {
        /// What was asked for
        kinds: String,
        /// The time limit
        limit: Duration,
    },
    /// Output larger than the limit
    #[error("the output of kubectl get {0} is larger than the limit of 256 MiB")]
    TooMuch(String),
    /// Output of another form
    #[error("the output of kubectl get {0} is not what was asked for")]
    Output(String),
}

impl KubectlError {
    /// Whether the user may not do it.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Failed { is_forbidden: true, .. })
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoProgram | Self::Unusable(_) => "install kubectl, or put its folder into PATH",
            Self::NoKubeconfig { .. } => "name a file that exists with --kubeconfig FILE",
            Self::Failed { .. } if self.is_forbidden() => {
                "name a namespace that you may read with -n NAMESPACE, or another context with --context NAME"
            }
            Self::Failed { is_login: true, .. } => "log in to the cluster again, and try kubectl get pods",
            Self::Failed { .. } => {
                "try kubectl get pods, and name the cluster with --context NAME or --kubeconfig FILE"
            }
            Self::TooSlow { .. } => {
                "run kubectl get pods, which may ask you to log in, or limit the call with -n NAMESPACE"
            }
            Self::TooMuch(_) => "limit the call with -n NAMESPACE",
            Self::Output(_) => "check which program kubectl is: kubectl version --client",
        }
    }

    /// What to do about it where all objects in this scope were asked for.
    pub fn help_for_list(&self, scope: &Scope) -> String {
        let Self::Failed { kinds, is_forbidden: true, .. } = self else { return self.help().to_owned() };
        match scope {
            Scope::All => {
                format!("ask for the right to list {kinds} in all namespaces, or name one with -n NAMESPACE")
            }
            Scope::Namespace(name) => format!("ask for the right to list {kinds} in namespace {name}"),
            Scope::Context => format!(
                "ask for the right to list {kinds} in the namespace of kubectl's context, or name another with -n NAMESPACE"
            ),
        }
    }
}

/// Which namespaces are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All
    All,
    /// The one of this name
    Namespace(String),
    /// That of kubectl's context
    Context,
}

/// Which objects are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Their kinds, as kubectl names them: `pods,jobs.batch`
    pub resources: &'a str,
    /// Their names; empty for all. A name that is not there is left out
    pub names: &'a [&'a str],
    /// Where they are
    pub scope: &'a Scope,
    /// Further options, each as one argument: `--selector=app=web`
    pub options: &'a [String],
}

/// kubectl with the cluster that it is to talk to.
pub struct Kubectl<'a> {
    program: OsString,
    limit: Duration,
    access: Vec<OsString>,
    kubeconfig: Option<PathBuf>,
    log: &'a dyn Log,
    /// Whether only what kubectl itself says goes to the log
    is_quiet: bool,
    /// Whether it leads a group of processes of its own, which ends with it
    is_alone: bool,
}

impl<'a> Kubectl<'a> {
    /// With this context and kubeconfig, or kubectl's own. Its messages go to `log`.
    pub fn new(context: Option<&str>, kubeconfig: Option<&Path>, log: &'a dyn Log) -> Self {
        // In one argument with its option, no value is read as another option.
        let context = context.map(|name| OsString::from(format!("--context={name}")));
        let option = kubeconfig.map(|path| {
            let mut option = OsString::from("--kubeconfig=");
            option.push(path);
            option
        });
        let access = context.into_iter().chain(option).collect();
        let kubeconfig = kubeconfig.map(Path::to_owned);
        Self {
            program: "kubectl".into(),
            limit: LIMIT,
            access,
            kubeconfig,
            log,
            is_quiet: false,
            is_alone: false,
        }
    }

    /// The same with another time limit of a call.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The same, where what kubectl starts for a login ends with it: at the time limit, and by `process::end_groups`. No login that
    /// asks on the terminal can be answered then.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { is_alone: true, ..self }
    }

    /// The same; if `is_quiet`, only what kubectl itself says goes to the log.
    #[must_use]
    pub fn quiet(self, is_quiet: bool) -> Self {
        Self { is_quiet, ..self }
    }

    /// The objects.
    ///
    /// # Errors
    /// - kubectl is not there, fails, or prints something else
    pub fn objects(&self, query: &Query<'_>) -> Result<Vec<Value>, KubectlError> {
        match self.readable(query)? {
            (objects, None) => Ok(objects),
            (_, Some(forbidden)) => Err(forbidden),
        }
    }

    /// The objects of several kinds that the user may read, and the error about the kinds that the user may not: kubectl prints the
    /// others then.
    ///
    /// # Errors
    /// - kubectl is not there, fails for another reason, or prints something else
    pub fn readable(&self, query: &Query<'_>) -> Result<(Vec<Value>, Option<KubectlError>), KubectlError> {
        match self.get(query, "--output=json")? {
            (output, None) => Ok((objects(&output, query)?, None)),
            (output, forbidden) => Ok((objects(&output, query).unwrap_or_default(), forbidden)),
        }
    }

    /// What a template of Go prints of the list of the objects.
    ///
    /// # Errors
    /// - kubectl is not there, fails, or prints something else than UTF-8
    pub fn printed(&self, query: &Query<'_>, template: &str) -> Result<String, KubectlError> {
        let (output, forbidden) = self.get(query, &format!("--output=go-template={template}"))?;
        match forbidden {
            Some(forbidden) => Err(forbidden),
            None => String::from_utf8(output).map_err(|_| KubectlError::Output(kinds(query))),
        }
    }

    /// What it prints, with the error about what the user may not read of it.
    fn get(&self, query: &Query<'_>, output: &str) -> Result<(Vec<u8>, Option<KubectlError>), KubectlError> {
        let Query { resources, names, scope, options } = query;
        // No other text is the name of an object, and one that begins with `-` would be an option.
        let known: Vec<&str> = names.iter().copied().filter(|name| parse_name(name).is_ok()).collect();
        if known.is_empty() && !names.is_empty() {
            return Ok((Vec::new(), None));
        }
        if let Some(path) = &self.kubeconfig
            && let Err(reason) = path.metadata()
        {
            return Err(KubectlError::NoKubeconfig { path: path.clone(), reason });
        }
        let mut command = Command::new(&self.program);
        command.args(["get", resources]).args(known).args(*options).arg(output);
        match scope {
            Scope::All => drop(command.arg("--all-namespaces")),
            Scope::Namespace(name) => drop(command.arg(format!("--namespace={name}"))),
            Scope::Context => {}
        }
        if !names.is_empty() {
            command.arg("--ignore-not-found");
        }
        command.args(&self.access);
        if self.is_alone {
            process::in_group(&mut command);
        }
        let mut messages = Messages { log: self.log, heard: String::new(), shown: 0, most: MOST_LINES };
        let mut slow = |slow: Slow<'_>| match slow {
            Slow::Running if self.is_quiet => {}
            Slow::Running => self.log.line(&format!("note: waiting for kubectl get {}", kinds(query))),
            Slow::Says(line) => messages.hear(line),
        };
        let ended = match process::run_patiently(&mut command, self.limit, &mut slow) {
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Err(KubectlError::NoProgram),
            ended => ended.map_err(KubectlError::Unusable)?,
        };
        let ended = ended.ok_or_else(|| KubectlError::TooSlow { kinds: kinds(query), limit: self.limit })?;
        let is_success = ended.is_success();
        let reason = reason(&ended);
        let (is_forbidden, is_login) = (is_forbidden(&ended), is_unauthorized(&ended));
        let output = ended.output.ok_or_else(|| KubectlError::TooMuch(kinds(query)))?;
        if !is_success {
            let failed = KubectlError::Failed { kinds: kinds(query), reason, is_forbidden, is_login };
            return if is_forbidden { Ok((output, Some(failed))) } else { Err(failed) };
        }
        ended.rest.lines().for_each(|line| messages.hear(line));
        Ok((output, None))
    }
}

/// The messages of a call.
struct Messages<'a> {
    log: &'a dyn Log,
    /// Those so far, as they are
    heard: String,
    /// How many lines of them were shown
    shown: usize,
    /// How many more lines may be shown
    most: usize,
}

impl Messages<'_> {
    /// Shows a line. A password may be on the line behind its name, so what came before is looked at too.
    fn hear(&mut self, line: &str) {
        if self.most == 0 || line.trim().is_empty() {
            return;
        }
        self.most -= 1;
        self.heard.extend([line, "\n"]);
        let masked = without_credentials(&self.heard);
        masked.lines().skip(self.shown).for_each(|line| self.log.line(&format!("kubectl: {line}")));
        self.shown = self.shown.max(masked.lines().count());
    }
}

/// The objects that kubectl prints as JSON.
fn objects(output: &[u8], query: &Query<'_>) -> Result<Vec<Value>, KubectlError> {
    if output.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let other = || KubectlError::Output(kinds(query));
    let mut value: Value = serde_json::from_slice(output).map_err(|_| other())?;
    match value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => Ok(items),
        None if is_named(&value) => Ok(vec![value]),
        _ => Err(other()),
    }
}

/// Whether it is an object of a cluster, which a `Status` is not.
fn is_named(value: &Value) -> bool {
    value.pointer("/metadata/name").and_then(Value::as_str).is_some_and(|name| !name.is_empty())
}

/// What is asked for, in a message, which is too short for a long list of kinds.
fn kinds(query: &Query<'_>) -> String {
    match query.resources.split_once(',') {
        Some((first, others)) if others.contains(',') => {
            format!("{first} and {} other kinds", others.split(',').count())
        }
        _ => query.resources.to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use review::log::Log;

    use super::{Kubectl, Query, Scope};

    struct Silent;

    impl Log for Silent {
        fn line(&self, _: &str) {}
    }

    #[test]
    fn every_end_of_kubectl_is_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("kubectl");
        for (script, message) in [
            ("exit 3", "kubectl get pods failed: it gave no reason (exit status: 3)"),
            ("kill -9 $$", "kubectl get pods failed: it gave no reason (signal: 9 (SIGKILL))"),
            ("exec sleep 60", "kubectl get pods did not end within 1 s and was stopped"),
            ("echo no JSON", "the output of kubectl get pods is not what was asked for"),
            ("printf '{\"items\": 1}'", "the output of kubectl get pods is not what was asked for"),
            ("echo null", "the output of kubectl get pods is not what was asked for"),
            ("echo '{}'", "the output of kubectl get pods is not what was asked for"),
            ("echo '[[]]'", "the output of kubectl get pods is not what was asked for"),
            ("echo '{\"items\": [5]}'", "the output of kubectl get pods is not what was asked for"),
            (
                "echo '{\"kind\": \"Status\", \"metadata\": {}, \"status\": \"Failure\"}'",
                "the output of kubectl get pods is not what was asked for",
            ),
            (
                "echo 'Unable to connect to the server: proxyconnect tcp: dial http://bob:hunter2@proxy:3128' >&2; exit 1",
                "kubectl get pods failed: Unable to connect to the server: proxyconnect tcp: dial ***@proxy:3128",
            ),
            ("printf 'password:\\n  hunter2\\n' >&2; exit 1", "kubectl get pods failed: ***"),
            (
                "echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1",
                "kubectl get pods failed: You must be logged in to the server (Unauthorized)",
            ),
            (
                "printf 'password: |-\\n  hunter2 x\\n  hunter2\\n' >&2; exit 1",
                "kubectl get pods failed: ***",
            ),
            (
                "echo 'Error from server (Forbidden): pods is forbidden' >&2; exit 1",
                "kubectl get pods failed: Error from server (Forbidden): pods is forbidden",
            ),
        ] {
            // A file that this process has open for writing cannot be run.
            let write = ["-c", "printf '#!/bin/sh\n%s\n' \"$2\" >\"$1\" && chmod 755 \"$1\"", "sh"];
            let written = Command::new("sh").args(write).arg(&program).arg(script).status().unwrap();
            assert!(written.success());
            let limit = Duration::from_secs(if script.contains("sleep") { 1 } else { 60 });
            let kubectl =
                Kubectl { program: program.clone().into(), limit, ..Kubectl::new(None, None, &Silent) };
            let query = Query { resources: "pods", names: &[], scope: &Scope::Context, options: &[] };
            let error = kubectl.objects(&query).unwrap_err();
            assert_eq!(error.to_string(), message);
            let help = error.help();
            assert!(!help.is_empty());
            assert_eq!(help.starts_with("log in"), message.contains("logged in"));
        }
        let kubectl =
            Kubectl { program: folder.path().join("none").into(), ..Kubectl::new(None, None, &Silent) };
        let query = Query { resources: "a,b,c", names: &[], scope: &Scope::Context, options: &[] };
        assert_eq!(kubectl.objects(&query).unwrap_err().to_string(), "kubectl was not found on the PATH");
        assert_eq!(super::kinds(&query), "a and 2 other kinds");
    }
}
