//! The commands, one file each.

pub mod check;
pub mod completions;
pub mod explain;
pub mod fix;
mod inputs;
pub mod man;
pub mod policy;
mod reports;
pub mod secret;
pub mod test;
mod watching;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::policy::{Limits, Policy};

/// The built-in policy, or the one in a file.
fn load_policy(path: Option<&Path>) -> Result<Policy> {
    let Some(path) = path else { return Policy::embedded(Limits::default()).context("the built-in policy") };
    let wasm = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    Policy::load(&wasm, Limits::default()).with_context(|| path.display().to_string())
}
