//! A Kubewarden policy that accepts everything, written like the SDK's template: it reads the request and accepts it.
//! As operation `blind` it accepts without reading, which is the least that any policy on the SDK costs.
#![cfg(target_family = "wasm")]

use kubewarden_policy_sdk::request::ValidationRequest;
use kubewarden_policy_sdk::wapc_guest::prelude::*;
use kubewarden_policy_sdk::{accept_request, protocol_version_guest};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize, Serialize)]
struct Settings {}

/// Registers the operations.
#[allow(unsafe_code, reason = "the host finds the function by its name")]
#[unsafe(no_mangle)]
pub extern "C" fn wapc_init() {
    register_function("validate", validate);
    register_function("blind", blind);
    register_function("protocol_version", protocol_version_guest);
}

fn validate(payload: &[u8]) -> CallResult {
    let _request: ValidationRequest<Settings> = ValidationRequest::new(payload)?;
    accept_request()
}

fn blind(_: &[u8]) -> CallResult {
    accept_request()
}
