//! A suite: cases that state what the policy must decide, in YAML.

pub mod expect;
mod load;
pub mod run;

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::expect::Expect;
pub use self::load::{SuiteFiles, load};
use crate::diagnostic::{Diagnostic, Spot};
use crate::failing_lookups::FailingLookups;
use crate::field_error::FieldError;
use crate::source_file::SourceFile;
use crate::yaml::Document;

/// A suite with all files that it names.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Settings of the policy in every case that has none of its own
    pub settings: Map<String, Value>,
    /// Manifests that represent the cluster
    pub cluster: Vec<Value>,
    /// The cases
    pub cases: Vec<Case>,
}

/// One case: a request and the expected outcome.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// A sentence that states the behaviour
    pub name: String,
    /// The object, or where it is: `{file: pod.yaml#2}`
    #[serde(default)]
    pub object: Option<Value>,
    /// Short for `object: {file: …}`
    #[serde(default)]
    pub file: Option<String>,
    /// `CREATE` where it is left out
    #[serde(default)]
    pub operation: Option<Operation>,
    /// The object before an update, or where it is
    #[serde(default)]
    pub old_object: Option<Value>,
    /// A subresource
    #[serde(default)]
    pub sub_resource: Option<String>,
    /// Who makes the request
    #[serde(default)]
    pub user_info: Option<Value>,
    /// The request's namespace, if it differs from the object's own
    #[serde(default)]
    pub namespace: Option<String>,
    /// Settings instead of the suite's
    #[serde(default)]
    pub settings: Option<Map<String, Value>>,
    /// More of the cluster
    #[serde(default)]
    pub cluster: Vec<Value>,
    /// Lookups that fail
    #[serde(default)]
    pub lookups: Option<FailingLookups>,
    /// The expected outcome of the request
    pub expect: Expect,
}

/// The operation on the object of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// It is created
    Create,
    /// It is changed
    Update,
    /// It is deleted
    Delete,
    /// A client connects to it, as `kubectl exec` does
    Connect,
}

impl Operation {
    /// As an admission request says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// A suite that has been read, and its location.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The suite's file
    pub path: PathBuf,
    /// That file, and all that it uses
    pub files: Vec<PathBuf>,
    /// The suite; its cases' objects have been read from their files
    pub suite: Suite,
    /// Line of each case, from 1
    pub lines: Vec<usize>,
    /// The file's name and text
    pub file: SourceFile,
    /// Its document
    pub document: Document,
}

/// Something that is wrong with a suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Problem {
    /// JSON pointer of what is wrong
    pointer: String,
    /// Whether that is a field whose name is wrong
    is_unknown: bool,
    message: String,
    /// What to do about it; empty where the message says all
    help: String,
}

impl Problem {
    fn new(pointer: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), is_unknown: false, message: message.into(), help: help.into() }
    }

    /// The same below another pointer.
    fn below(self, pointer: &str) -> Self {
        Self { pointer: format!("{pointer}{}", self.pointer), ..self }
    }

    /// The problem with its location: the name of the field where the value is long, or the name is wrong.
    fn located(&self, file: &SourceFile, document: &Document) -> Diagnostic {
        let problem = Diagnostic::error(&self.message).with_help(&self.help);
        let place = document.nearest(&file.text, &[&self.pointer]).pop().flatten();
        let Some(place) = place else { return problem };
        let is_long = file.text.get(place.span.clone()).is_some_and(|value| value.contains(['\n', '\r']));
        let place = if is_long || self.is_unknown { place.of_name(&file.text) } else { place };
        let spot = Spot::of_key(&file.name, &file.text, &place);
        Diagnostic { spot: Some(spot), ..problem }
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        let message = error.to_string();
        let FieldError { pointer, help, is_unknown, .. } = error;
        Self { pointer, is_unknown, message, help }
    }
}
