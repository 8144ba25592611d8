//! A call of `check --pull` or `explain --pull` in a folder, and what it reports.

use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::registry::Registry;
use crate::engines::command_alone;
use crate::reports::{assert_valid, schema};

/// A folder with manifests, and the call in it.
pub(super) struct Call {
    pub(super) folder: TempDir,
    pub(super) options: Vec<String>,
    pub(super) variables: Vec<(String, String)>,
}

impl Call {
    pub(super) fn new(registry: &Registry, manifests: &[Value]) -> Self {
        Self::of(registry.options(), manifests)
    }

    pub(super) fn of(options: Vec<String>, manifests: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // One document a line keeps the lines of findings apart.
        let text: Vec<String> = manifests.iter().map(Value::to_string).collect();
        std::fs::write(folder.path().join("all.yaml"), text.join("\n---\n")).unwrap();
        Self { folder, options, variables: Vec::new() }
    }

    pub(super) fn with(mut self, more: &[&str]) -> Self {
        self.options.extend(more.iter().map(|&option| option.to_owned()));
        self
    }

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn command(&self, args: &[&str]) -> std::process::Command {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let mut command = command_alone(&[args, &options].concat());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().cloned()).env("DOCKER_CONFIG", self.folder.path());
        command.current_dir(self.folder.path());
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// `check --pull`: the report in JSON, the messages, the exit status.
    pub(super) fn check(&self, more: &[&str]) -> Checked {
        let output = self.run(&[&["check", "--pull", "all.yaml", "-o", "json"], more].concat());
        let talk = text(&output.stderr);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {talk}"));
        assert_valid(&schema("host/src/report/schema.json"), &report);
        Checked { report, talk, status: output.status.code() }
    }
}

pub(super) struct Checked {
    pub(super) report: Value,
    pub(super) talk: String,
    pub(super) status: Option<i32>,
}

impl Checked {
    /// Every finding on images, of objects and their pods.
    pub(super) fn images(&self) -> Vec<&Value> {
        self.parts().flat_map(|part| part["images"].as_array().into_iter().flatten()).collect()
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Value> {
        let results = self.report["results"].as_array().unwrap().iter();
        results.flat_map(|result| {
            std::iter::once(&result["object"]).chain(result["pods"].as_array().into_iter().flatten())
        })
    }

    /// The first result of an image.
    pub(super) fn result(&self) -> &str {
        self.images().first().unwrap_or_else(|| panic!("{}", self.report))["result"].as_str().unwrap()
    }

    /// The answers to the attempts of the first image.
    pub(super) fn answers(&self) -> Vec<&str> {
        let images = self.images();
        let attempts = images[0]["attempts"].as_array().unwrap();
        attempts.iter().map(|attempt| attempt["answer"].as_str().unwrap()).collect()
    }

    /// The findings that registries cause.
    pub(super) fn findings(&self) -> Vec<&Value> {
        let known = ["pull-denied", "image-not-found", "registry-unreachable"];
        let all = self.parts().flat_map(|part| part["findings"].as_array().unwrap());
        all.filter(|finding| known.contains(&finding["rule"].as_str().unwrap())).collect()
    }

    pub(super) fn rules(&self) -> Vec<&str> {
        self.findings().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(super) fn pod(name: &str, image: &str, secrets: &[&str]) -> Value {
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"imagePullSecrets": secrets, "containers": [{"name": "web", "image": image}]},
    })
}

/// A pull secret with one login for each key.
pub(super) fn secret(name: &str, logins: &[(&str, (&str, &str))]) -> Value {
    let auths: serde_json::Map<String, Value> = logins
        .iter()
        .map(|(key, (user, password))| {
            ((*key).to_owned(), json!({"auth": STANDARD.encode(format!("{user}:{password}"))}))
        })
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json!({"auths": auths}).to_string()},
    })
}

/// One pod with one image, and one secret with this login.
pub(super) fn one(registry: &Registry, image: &str, login: (&str, &str)) -> Call {
    let name = registry.name();
    Call::new(registry, &[pod("web", &format!("{name}/{image}"), &["acr"]), secret("acr", &[(&name, login)])])
}
