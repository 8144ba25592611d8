//! The keys of the config file, and the arguments that they set.

use std::path::Path;

use clap::ValueEnum as _;
use serde::Deserialize;
use serde_json::Value;

use crate::args::{FailOn, Format, parse_output};
use crate::files::exclude::{self, Exclude};
use crate::quantity::{parse_duration, parse_memory, parse_size};
use review::field_error::{self, FieldError};

/// Keys, and the ids of their arguments.
const ARGUMENTS: [(&str, &str); 18] = [
    ("settings", "settings"),
    ("policy", "policy"),
    ("policyTimeout", "policy_timeout"),
    ("policyMemory", "policy_memory"),
    ("policyResponse", "policy_response"),
    ("policyHostCalls", "policy_host_calls"),
    ("cluster", "cluster"),
    ("complete", "complete"),
    ("namespace", "namespace"),
    ("output", "output"),
    ("failOn", "fail_on"),
    ("quiet", "quiet"),
    ("allowEmpty", "allow_empty"),
    ("jobs", "jobs"),
    ("exclude", "exclude"),
    ("hidden", "hidden"),
    ("noIgnore", "no_ignore"),
    ("paths", "paths"),
];

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// As in the file
    pub(super) name: &'static str,
    /// As on the command line
    pub(super) values: Vec<String>,
    /// Whether the file has a list of them
    pub(super) is_list: bool,
}

impl Key {
    /// The id of its argument.
    pub(super) fn argument(&self) -> &'static str {
        ARGUMENTS.iter().find(|(key, _)| *key == self.name).map_or("", |(_, argument)| argument)
    }

    /// The key as a note names it, with the paths where it gives some.
    pub(super) fn told(&self) -> String {
        if self.name == "paths" {
            format!("{} ({})", self.name, self.values.join(", "))
        } else {
            self.name.to_owned()
        }
    }

    /// Whether it sets this argument of this command.
    pub(super) fn is_for(&self, command: &str, argument: &str) -> bool {
        self.argument() == argument && is_argument(command, argument)
    }
}

/// Whether any key sets this argument of this command.
pub(super) fn is_argument(command: &str, argument: &str) -> bool {
    match argument {
        // In other commands these are suites, or formats of something other than a report.
        "paths" => matches!(command, "check" | "fix"),
        "output" => command == "check",
        // The manifest of `secret` does not depend on a config file, and none says what is read of a cluster.
        "namespace" => !matches!(command, "secret" | "why"),
        _ => ARGUMENTS.iter().any(|(_, known)| *known == argument),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Fields {
    settings: Option<Value>,
    policy: Option<String>,
    policy_timeout: Option<Value>,
    policy_memory: Option<Value>,
    policy_response: Option<Value>,
    policy_host_calls: Option<u32>,
    cluster: Option<Vec<String>>,
    complete: Option<bool>,
    namespace: Option<String>,
    output: Option<Vec<String>>,
    fail_on: Option<FailOn>,
    quiet: Option<bool>,
    allow_empty: Option<bool>,
    jobs: Option<u16>,
    exclude: Option<Vec<String>>,
    hidden: Option<bool>,
    no_ignore: Option<bool>,
    paths: Option<Vec<String>>,
}

/// Reads the content of the config file at `path`. Paths in it are relative to its folder.
///
/// # Errors
/// - a key that is unknown, a value of the wrong type or out of its range
pub(super) fn read(value: Value, path: &Path) -> Result<Vec<Key>, FieldError> {
    let fields: Fields = field_error::read(value).map_err(with_example)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let from_folder = |path: &str| folder.join(path).to_string_lossy().into_owned();
    let all = |paths: Vec<String>| paths.iter().map(|path| from_folder(path)).collect();
    let one = |value: String| vec![value];
    let settings = match fields.settings {
        None => None,
        Some(Value::String(path)) => Some(from_folder(&path)),
        Some(Value::Object(_)) => Some(format!("{}#/settings", path.display())),
        Some(_) => return Err(wrong("settings", "must be a file name or an object")),
    };
    if fields.jobs.is_some_and(|jobs| !(1..=512).contains(&jobs)) {
        return Err(wrong("jobs", "must be a number from 1 to 512"));
    }
    if fields.policy_host_calls == Some(0) {
        return Err(wrong("policyHostCalls", "must be a number of at least 1"));
    }
    let timeout = quantity("policyTimeout", fields.policy_timeout, parse_duration)?;
    let memory = quantity("policyMemory", fields.policy_memory, parse_memory)?;
    let response = quantity("policyResponse", fields.policy_response, parse_size)?;
    for (i, output) in fields.output.iter().flatten().enumerate() {
        parse_output::<Format>(output).map_err(|message| wrong(&format!("output[{i}]"), &message))?;
    }
    for (i, pattern) in fields.exclude.iter().flatten().enumerate() {
        Exclude::new(std::slice::from_ref(pattern)).map_err(|_| {
            wrong(&format!("exclude[{i}]"), "must be the name of a file or folder, a path or a pattern")
        })?;
    }
    let output = |output: &String| match output.split_once('=') {
        Some((format, file)) if file != "-" => format!("{format}={}", from_folder(file)),
        _ => output.clone(),
    };
    let pattern = |pattern: &String| {
        if exclude::is_path(pattern) { from_folder(pattern) } else { pattern.clone() }
    };
    let fail_on = fields.fail_on.and_then(|fail_on| fail_on.to_possible_value());
    let keys: [(&str, Option<Vec<String>>); 18] = [
        ("settings", settings.map(one)),
        ("policy", fields.policy.map(|path| one(from_folder(&path)))),
        ("policyTimeout", timeout.map(one)),
        ("policyMemory", memory.map(one)),
        ("policyResponse", response.map(one)),
        ("policyHostCalls", fields.policy_host_calls.map(|calls| one(calls.to_string()))),
        ("cluster", fields.cluster.map(all)),
        ("complete", fields.complete.map(|flag| one(flag.to_string()))),
        ("namespace", fields.namespace.map(one)),
        ("output", fields.output.map(|outputs| outputs.iter().map(output).collect())),
        ("failOn", fail_on.map(|fail_on| one(fail_on.get_name().to_owned()))),
        ("quiet", fields.quiet.map(|flag| one(flag.to_string()))),
        ("allowEmpty", fields.allow_empty.map(|flag| one(flag.to_string()))),
        ("jobs", fields.jobs.map(|jobs| one(jobs.to_string()))),
        ("exclude", fields.exclude.map(|patterns| patterns.iter().map(pattern).collect())),
        ("hidden", fields.hidden.map(|flag| one(flag.to_string()))),
        ("noIgnore", fields.no_ignore.map(|flag| one(flag.to_string()))),
        ("paths", fields.paths.map(all)),
    ];
    let is_list = |name| matches!(name, "cluster" | "output" | "exclude" | "paths");
    let keys = keys
        .into_iter()
        .filter_map(|(name, values)| Some(Key { name, values: values?, is_list: is_list(name) }));
    // An empty list sets nothing.
    Ok(keys.filter(|key| !key.values.is_empty()).collect())
}

/// The error of a list that is not one, with an example.
fn with_example(error: FieldError) -> FieldError {
    let example = match error.path.as_str() {
        "cluster" => "cluster: [cluster.yaml]",
        "exclude" => "exclude: [vendor]",
        "output" => "output: [text, github]",
        "paths" => "paths: [deploy]",
        _ => return error,
    };
    FieldError { help: format!("write {example}"), ..error }
}

/// A quantity, which is a number alone as well: `2s`, `2`.
fn quantity<T>(
    key: &str,
    value: Option<Value>,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Option<String>, FieldError> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    parse(&text).map_err(|message| wrong(key, &message))?;
    Ok(Some(text))
}

/// The error of a field: `settings`, `output[1]`.
pub(super) fn wrong(path: &str, message: &str) -> FieldError {
    FieldError {
        path: path.to_owned(),
        pointer: format!("/{}", path.trim_end_matches(']').replace('[', "/")),
        message: message.to_owned(),
        help: String::new(),
        is_unknown: false,
    }
}
