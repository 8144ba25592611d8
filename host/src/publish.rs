//! Publishing: the policy's metadata, its module, and registries.

pub mod metadata;
pub mod registry;
pub mod wasm_module;
