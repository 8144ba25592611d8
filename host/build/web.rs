//! The policy for browsers: `policy/web`, and what wasm-bindgen writes to go with it.

use std::path::{Path, PathBuf};

use wasm_bindgen_cli_support::Bindgen;

use crate::module::Module;
use crate::{Result, build};

const PAGE: Module = Module { package: "policy-web", target: "wasm32-unknown-unknown" };

/// Builds `policy.js`, `policy.d.ts` and `policy_bg.wasm` into a folder and returns it.
pub fn build_page(workspace: &Path, out: &Path) -> Result<PathBuf> {
    let wasm = build(PAGE, workspace, &out.join("policy"))?;
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
