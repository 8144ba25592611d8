//! The host in a browser: `host/web`, and what wasm-bindgen writes to go with it.

use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

use crate::module::Module;
use crate::{Result, build, named, out, rerun_if_changed, workspace};

const READY: &str = "ACR_PULL_SECRET_PAGE";

const PAGE: Module = Module { package: "web", folder: "host/web", target: "wasm32-unknown-unknown" };

/// The folder of the page: a ready one, or one that is built here.
pub(crate) fn page() -> Result<PathBuf> {
    if let Some(folder) = named(READY)? {
        rerun_if_changed(&folder);
        return Ok(folder);
    }
    build_page(&workspace()?, &out()?)
}

/// Builds `policy.js`, `policy.d.ts` and `policy_bg.wasm` into a folder and returns it.
fn build_page(workspace: &Path, out: &Path) -> Result<PathBuf> {
    let wasm = build(PAGE, workspace)?;
    let folder = out.join("page");
    Bindgen::new()
        .input_path(&wasm)
        .out_name("policy")
        .web(true)
        .and_then(|bindgen| {
            let bindgen = bindgen.typescript(true).remove_name_section(true).remove_producers_section(true);
            bindgen.generate(&folder)
        })
        .map_err(|error| format!("wasm-bindgen cannot read {}: {error:#}", wasm.display()))?;
    Ok(folder)
}
