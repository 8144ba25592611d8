//! The review alone, with the policy's core linked in as its engine: no WebAssembly, no command.
//!
//! | module | states |
//! |---|---|
//! | `cases` | every case of `tests/cases` has the expected result |
//! | `declarations` | objects in a repository that declare pull secrets count as the Secrets that controllers create |
//! | `differential` | our reader and an independent one read the same, and images are at the reported locations |
//! | `findings` | a finding is located at its value, and names its image and its secret |
//! | `manifests` | what is generated names its template |
//! | `places` | every finding is located at its value, in every style of file |
//! | `yaml_suite` | the official YAML test suite is read as kubectl's parser reads it |
//! | `policy_resources` | a policy resource applies as in the API server and policy-server |
//! | `other_namespaces` | the help of a secret that is not found says which namespaces have it |
//! | `reading` | what kubectl reads, we read |
//! | `templates` | each template of an object is checked, and objects without pods are skipped |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first unexpected result"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the tests read the files of the project"
)]

mod cases;
mod declarations;
mod differential;
mod findings;
mod manifests;
mod other_namespaces;
mod places;
mod policy_resources;
mod reading;
mod templates;
mod yaml_suite;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use review::engine::{Engine, EngineError};
use review::host_calls::HostCalls;
use review::source_file::SourceFile;
use review::suite::SuiteFiles;
use review::yaml;
use serde_json::Value;

/// The policy's metadata.
static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(project("policy/metadata.yml")).expect("the policy's metadata");
    yaml::documents(&text).0.remove(0).value
});

/// The policy's core, called like its WebAssembly.
struct Core;

impl Engine for Core {
    fn call(
        &self,
        operation: &str,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> Result<Vec<u8>, EngineError> {
        let cluster = HostCluster {
            get_resource: |request: &[u8]| host.call("kubewarden", "kubernetes", "get_resource", request),
            now: || SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|time| time.as_secs()),
        };
        match operation {
            "validate" => Ok(operations::validate(payload, &cluster)),
            "validate_settings" => Ok(operations::validate_settings(payload)),
            other => Err(EngineError::UnknownOperation(other.to_owned())),
        }
    }
}

/// The project's own files.
struct ProjectFiles;

impl SuiteFiles for ProjectFiles {
    fn expand(&self, path: &str) -> Vec<Result<PathBuf, String>> {
        let pattern = if Path::new(path).is_dir() { format!("{path}/**/*.yaml") } else { path.to_owned() };
        let files = glob::glob(&pattern).expect("a pattern");
        files.map(|file| file.map_err(|error| error.to_string())).collect()
    }

    fn read(&self, path: &Path) -> Result<SourceFile, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        Ok(SourceFile { name: path.display().to_string(), text })
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_stream(&self, _: &Path) -> bool {
        false
    }

    fn is_report(&self, _: &str) -> bool {
        false
    }

    fn resolved(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// A file of the project.
fn project(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}
