//! Publishing: the policy's metadata, its module, and the registries that it lives in.

pub mod metadata;
pub mod registry;
pub mod wasm_module;
