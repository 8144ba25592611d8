//! A `kubectl` on the PATH that prints what was recorded for the arguments that it gets, and fails for any others.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engines::command_alone;

/// A folder with such a program.
pub(crate) struct Stub {
    folder: TempDir,
    script: String,
}

impl Stub {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), script: "#!/bin/sh\ncase \"$*\" in\n".to_owned() }
    }

    /// Prints these objects, as kubectl does: nothing, one alone where it has a name, or else a list.
    pub(crate) fn objects(self, args: &str, objects: &[Value]) -> Self {
        let text = match objects {
            [] if args.contains("--ignore-not-found") => String::new(),
            [one] if args.contains("--ignore-not-found") && !args.contains(',') => one.to_string(),
            objects => json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string(),
        };
        self.prints(args, &text)
    }

    pub(crate) fn prints(mut self, args: &str, text: &str) -> Self {
        let file = self.folder.path().join(format!("answer-{}", self.script.len()));
        std::fs::write(&file, text).unwrap();
        let pattern = args.replace('\'', r"'\''");
        writeln!(self.script, "'{pattern}') while IFS= read -r line; do printf '%s\\n' \"$line\"; done <'{}'\n[ -z \"$line\" ] || printf '%s' \"$line\" ;;", file.display()).unwrap();
        self
    }

    /// Fails with this message.
    pub(crate) fn fails(mut self, args: &str, message: &str) -> Self {
        writeln!(self.script, "'{args}') echo '{message}' >&2; exit 1 ;;").unwrap();
        self
    }

    /// Prints the objects of the kinds that may be read, and forbids the others.
    pub(crate) fn forbids_in_part(mut self, args: &str, objects: &[Value], what: &str) -> Self {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let forbidden =
            format!("Error from server (Forbidden): {what} is forbidden: User \"ann\" cannot get it");
        writeln!(self.script, "'{args}') echo '{list}'; echo '{forbidden}' >&2; exit 1 ;;").unwrap();
        self
    }

    /// Forbids it.
    pub(crate) fn forbids(self, args: &str, what: &str) -> Self {
        let message =
            format!("Error from server (Forbidden): {what} is forbidden: User \"ann\" cannot list it");
        self.fails(args, &message)
    }

    /// Writes the program into its folder.
    pub(crate) fn install(&self) {
        let path = self.folder.path().join("kubectl");
        let unknown = "*) printf 'unknown arguments: %s\\n' \"$*\" >&2; exit 97 ;;\nesac\n";
        std::fs::write(&path, format!("{}{unknown}", self.script)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The command with this kubectl and no other program on the PATH.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.install();
        let mut command = command_alone(args);
        command.env("PATH", self.folder.path()).env("NO_COLOR", "1").current_dir(self.folder.path());
        command
    }

    /// Standard output, standard error and exit status.
    pub(crate) fn run(&self, args: &[&str]) -> (String, String, Option<i32>) {
        let output = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr), output.status.code())
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A docker config Secret with one login.
pub(crate) fn secret(name: &str, key: &str, login: (&str, &str), annotations: &Value) -> Value {
    let auth = STANDARD.encode(format!("{}:{}", login.0, login.1));
    let config = json!({"auths": {key: {"auth": auth}}}).to_string();
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {
            "name": name, "namespace": "shop", "annotations": annotations, "creationTimestamp": "2026-07-01T00:00:00Z",
        },
        "data": {".dockerconfigjson": STANDARD.encode(config)},
    })
}
