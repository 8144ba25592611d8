//! Obtains the policy.wasm that the command embeds.
//!
//! It is `$ACR_PULL_SECRET_POLICY` unchanged (an absolute path, or one from the workspace), or else built
//! here from `policy/guest` and annotated with `policy/metadata.yml`. Building it here makes `cargo run`
//! enough, and ensures that the embedded policy is never older than its source. With the feature `playground`, the
//! playground's policy comes from `host/web` in the same way, or from the folder `$ACR_PULL_SECRET_PAGE`, which
//! `playground --export` wrote.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;
use wasm_encoder::{CustomSection, Section as _};

#[path = "build/module.rs"]
mod module;
#[cfg(feature = "playground")]
#[path = "build/web.rs"]
mod web;

use module::{Module, rustc};

const POLICY: &str = "ACR_PULL_SECRET_POLICY";
/// The section that Kubewarden reads a policy's metadata from.
const METADATA: &str = "io.kubewarden.metadata";
const VERSION: &str = "io.kubewarden.policy.version";

type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("cargo::error={}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// Tells rustc where the files are that the command embeds.
fn embed() -> Result<()> {
    println!("cargo::rustc-env=POLICY_WASM={}", policy()?.display());
    // Only the profile `release`, which a checkout is built with, has this level, and a Cranelift that is not optimised.
    println!("cargo::rustc-check-cfg=cfg(slow_compiler)");
    if env::var("OPT_LEVEL").is_ok_and(|level| level == "1") {
        println!("cargo::rustc-cfg=slow_compiler");
    }
    #[cfg(feature = "playground")]
    println!("cargo::rustc-env=POLICY_PAGE={}", web::page()?.display());
    Ok(())
}

fn workspace() -> Result<PathBuf> {
    // Asked when it runs: a build folder that is copied to another checkout keeps the compiled script.
    let host =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names no folder of the package")?);
    Ok(host.parent().ok_or("host/ has no parent folder")?.to_owned())
}

fn out() -> Result<PathBuf> {
    Ok(PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo does not set OUT_DIR")?))
}

/// Where the modules are compiled: one folder for all profiles and features of the command, because the modules do not differ.
fn target_dir() -> Result<PathBuf> {
    let out = out()?;
    // target/PROFILE/build/PACKAGE/out
    let profile = out.ancestors().find(|folder| folder.ends_with("build")).and_then(Path::parent);
    Ok(profile.and_then(Path::parent).unwrap_or(&out).join("policy-build"))
}

/// The path in the environment variable, relative to the workspace.
fn named(variable: &str) -> Result<Option<PathBuf>> {
    println!("cargo::rerun-if-env-changed={variable}");
    let path = env::var_os(variable).filter(|path| !path.is_empty());
    path.map(|path| Ok(workspace()?.join(path))).transpose()
}

fn policy() -> Result<PathBuf> {
    if let Some(path) = named(POLICY)? {
        return ready(&path);
    }
    let (workspace, out) = (workspace()?, out()?);
    let wasm = build(module::POLICY, &workspace)?;
    let mut annotated = read(&wasm)?;
    // The linker writes no such section, so there is none to replace.
    CustomSection { name: METADATA.into(), data: metadata(&workspace)?.into() }.append_to(&mut annotated);
    let path = out.join("policy.wasm");
    fs::write(&path, annotated).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

/// A policy that was built before, from its file.
fn ready(path: &Path) -> Result<PathBuf> {
    rerun_if_changed(path);
    let wasm = read(path).map_err(|error| format!("${POLICY}: {error}"))?;
    if !wasm.starts_with(&wasm_encoder::Module::HEADER) {
        return Err(format!("${POLICY}: {} is not a WebAssembly module", path.display()));
    }
    // Parsing the module only for this warning would make every build of the command slower.
    if !wasm.windows(METADATA.len()).any(|bytes| bytes == METADATA.as_bytes()) {
        println!("cargo::warning=${POLICY}: {} has no Kubewarden metadata", path.display());
    }
    Ok(path.to_owned())
}

/// Builds a module and tells cargo what it was built from.
fn build(module: Module, workspace: &Path) -> Result<PathBuf> {
    add_target(module.target)?;
    let wasm = module::build(module, workspace, &target_dir()?, &module::cargo_home())?;
    for path in dependencies(&wasm.with_extension("d"))? {
        rerun_if_changed(&path);
    }
    let own = format!("{}/Cargo.toml", module.folder);
    for name in ["Cargo.lock", "Cargo.toml", "policy/core/Cargo.toml", "host/review/Cargo.toml", &own] {
        rerun_if_changed(workspace.join(name));
    }
    Ok(wasm)
}

/// The files that a dep-info file names after `output:`, where a space within a name has a backslash.
fn dependencies(dep_info: &Path) -> Result<Vec<PathBuf>> {
    let text = String::from_utf8(read(dep_info)?).map_err(|error| error.to_string())?;
    let (_, files) = text.split_once(": ").unwrap_or_default();
    let names = files.trim().replace("\\ ", "\0");
    Ok(names.split_whitespace().map(|name| PathBuf::from(name.replace('\0', " "))).collect())
}

/// Ensures that the toolchain can build for WebAssembly.
fn add_target(target: &str) -> Result<()> {
    let installed =
        || rustc(&["--print", "target-libdir", "--target", target]).map(|dir| Path::new(&dir).is_dir());
    if installed()? {
        return Ok(());
    }
    let mut add = vec!["target".to_owned(), "add".to_owned(), target.to_owned()];
    if let Ok(toolchain) = env::var("RUSTUP_TOOLCHAIN") {
        add.extend(["--toolchain".to_owned(), toolchain]);
    }
    let command = format!("rustup {}", add.join(" "));
    println!("cargo::warning=the Rust target {target} is missing: running `{command}`");
    let added = Command::new("rustup").args(&add).stdout(Stdio::null()).status();
    if added.is_ok_and(|status| status.success()) && installed()? {
        return Ok(());
    }
    Err(format!(
        "the policy needs the Rust target {target}, which could not be added: type `{command}`{}",
        if target == module::POLICY.target {
            format!(", or let {POLICY} name a ready policy.wasm")
        } else {
            String::new()
        }
    ))
}

/// The metadata as Kubewarden reads it from the module.
fn metadata(workspace: &Path) -> Result<Vec<u8>> {
    let path = workspace.join("policy/metadata.yml");
    rerun_if_changed(&path);
    let text = String::from_utf8(read(&path)?).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut metadata: Value =
        serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let version = metadata.get("annotations").and_then(|annotations| annotations.get(VERSION));
    if version.and_then(Value::as_str) != Some(env!("CARGO_PKG_VERSION")) {
        return Err(format!(
            "policy/metadata.yml: {VERSION} must be the version of the workspace, {}",
            env!("CARGO_PKG_VERSION")
        ));
    }
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("protocolVersion".to_owned(), "v1".into());
    }
    serde_json::to_vec(&metadata).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn rerun_if_changed(path: impl AsRef<OsStr>) {
    println!("cargo::rerun-if-changed={}", Path::new(&path).display());
}
