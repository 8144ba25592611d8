//! Every case of `tests/cases` with the policy's core linked in as the engine: no WebAssembly, no command.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at its first surprise")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the tests read the files of the project"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use review::engine::{Engine, EngineError};
use review::host_calls::HostCalls;
use review::log::{Log, NoLog};
use review::source_file::SourceFile;
use review::suite::{self, SuiteFiles};
use review::yaml;
use serde_json::Value;

/// The policy's core, called as its WebAssembly would be.
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

fn project(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_case_ends_as_it_says() {
    let metadata = std::fs::read_to_string(project("policy/metadata.yml")).expect("the policy's metadata");
    let metadata: Value = yaml::documents(&metadata).0.remove(0).value;
    let log: Arc<dyn Log> = Arc::new(NoLog);
    let mut passed = 0;
    for loaded in suite::load(&[project("tests/cases")], &ProjectFiles).expect("the suites can be read") {
        assert!(!loaded.suite.cases.is_empty(), "{}", loaded.path.display());
        for (number, case) in loaded.suite.cases.iter().enumerate() {
            let result = suite::run::run(&Core, Some(&metadata), &loaded, number, case, &log);
            let result = result.unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert!(result.passed(), "{}: {}: {result:#?}", loaded.path.display(), case.name);
            passed += 1;
        }
    }
    assert!(passed > 1000, "{passed} cases");
}
