//! The commands, one file each.

pub mod bench;
pub mod check;
pub mod completions;
pub mod explain;
pub mod fix;
mod inputs;
pub mod man;
pub mod playground;
pub mod policy;
mod reports;
pub mod secret;
pub mod test;
mod watching;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::Io;
use crate::input::SourceFile;
use crate::policy::{Cache, EMBEDDED, Limits, Policy};
use crate::save;

/// The built-in policy, or the one in a file.
fn load_policy(limits: Limits, path: Option<&Path>) -> Result<Policy> {
    let cache = Cache::of_user();
    let load = |wasm: &[u8]| Policy::load(wasm, limits, cache.as_ref());
    let Some(path) = path else { return load(EMBEDDED).context("the built-in policy") };
    let wasm = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    load(&wasm).with_context(|| path.display().to_string())
}

/// Gives the file at `path` a new text, if nobody has changed it since it was read, and says what of that goes wrong or is odd;
/// false where the file is as it was.
fn rewrite(path: &Path, read: &SourceFile, text: &str, io: &Io) -> bool {
    let name = &read.name;
    match save::replace(path, &read.text, text) {
        Ok(0) => {}
        Ok(others) => io.stderr.line(&format!(
            "note: {name} is now a file of its own: its other hard links ({others}) keep the old text"
        )),
        Err(error) => {
            io.stderr.line(&format!("error: {name}: {error}"));
            return false;
        }
    }
    true
}
