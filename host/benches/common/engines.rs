//! The engines that are compared, and the two policies.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acr_pull_secret::sandbox::{Compiler, EMBEDDED, HostCalls, Limits, Policy};
use policy_core::host_cluster::HostCluster;
use wapc::WapcHost;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

use super::module::{self, Module};

/// Our policy.
pub(crate) fn policy() -> Policy {
    Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here).unwrap()
}

/// The policy that accepts everything, built as ours is.
pub(crate) fn accepting_wasm() -> Vec<u8> {
    let package = Module { package: "accepting-policy", folder: "tests/accepting-policy", ..module::POLICY };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target_dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("accepting-policy");
    fs::read(module::build(package, &workspace, &target_dir, &module::cargo_home()).unwrap()).unwrap()
}

/// The core, compiled for this machine.
pub(crate) fn native(payload: &[u8], host: &dyn HostCalls) -> Vec<u8> {
    let cluster = HostCluster {
        get_resource: |request: &[u8]| host.call("kubewarden", "kubernetes", "get_resource", request),
        now: || std::time::UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs()),
    };
    policy_core::operations::validate(payload, &cluster)
}

/// The engine of policy-server: a fresh instance for every call.
pub(crate) struct Independent(WasmtimeEngineProviderPre);

impl Independent {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        Self(WasmtimeEngineProviderBuilder::new().module_bytes(wasm).build_pre().unwrap())
    }

    pub(crate) fn call(&self, operation: &str, payload: &[u8], host: &Arc<dyn HostCalls>) -> Vec<u8> {
        let host = host.clone();
        let callback = move |_: u64, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
            host.call(binding, namespace, operation, payload).map_err(Into::into)
        };
        let provider = self.0.rehydrate(None).unwrap();
        let guest = WapcHost::new(Box::new(provider), Some(Box::new(callback))).unwrap();
        guest.call(operation, payload).unwrap()
    }
}
