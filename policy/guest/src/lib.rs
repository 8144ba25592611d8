//! Kubewarden's entry point: its three operations and three of our own over waPC, and the cluster over host calls.
//!
//! A host calls the exported functions that register operations, then `__guest_call` with the name of an operation.
#![cfg(target_family = "wasm")]
#![allow(clippy::unnecessary_wraps, reason = "waPC asks for results")]

use kubewarden_policy_sdk::wapc_guest::prelude::*;
use policy_core::host_cluster::HostCluster;
use policy_core::operations;

/// Registers Kubewarden's operations. Every host calls it for each new instance, so for every request: more operations
/// would make a small request take 4 % longer, because the table of operations would have to grow.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function("protocol_version", protocol_version);
}

/// Registers the operations of the command and the playground, whose host calls it after `wapc_init`.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn acr_pull_secret_init() {
    register_function("explain", explain);
    register_function("expiry", expiry);
    register_function("findings", findings);
}

fn validate(payload: &[u8]) -> CallResult {
    Ok(operations::validate(payload, &HostCluster { get_resource, now }))
}

fn validate_settings(payload: &[u8]) -> CallResult {
    Ok(operations::validate_settings(payload))
}

fn protocol_version(_: &[u8]) -> CallResult {
    Ok(operations::protocol_version())
}

fn explain(payload: &[u8]) -> CallResult {
    Ok(operations::explain(payload, &HostCluster { get_resource, now }))
}

fn expiry(payload: &[u8]) -> CallResult {
    Ok(operations::expiry(payload, &HostCluster { get_resource, now }))
}

fn findings(_: &[u8]) -> CallResult {
    Ok(operations::findings())
}

fn get_resource(request: &[u8]) -> Result<Vec<u8>, String> {
    host_call("kubewarden", "kubernetes", "get_resource", request).map_err(|e| e.to_string())
}

fn now() -> Option<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.ok().map(|since| since.as_secs())
}
