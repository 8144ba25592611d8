//! Obtains the policy.wasm that the command embeds.
//!
//! It is `$ACR_PULL_SECRET_POLICY` as it stands (an absolute path, or one from the workspace), or else built
//! here from `policy/guest` and annotated with `policy/metadata.yml`. Building it here makes `cargo run`
//! enough, and keeps the embedded policy from ever being older than its source.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;

#[path = "src/section.rs"]
pub mod section;

const TARGET: &str = "wasm32-wasip1";
const POLICY: &str = "ACR_PULL_SECRET_POLICY";
const VERSION: &str = "io.kubewarden.policy.version";

/// The guest's own stack, in bytes. It lies below the data, and all of it is touched by no request: a smaller one
/// lets a fresh instance fit into the memory that the host keeps mapped.
const STACK: u32 = 128 << 10;

type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    match policy() {
        Ok(path) => {
            println!("cargo::rustc-env=POLICY_WASM={}", path.display());
            ExitCode::SUCCESS
        }
        Err(reason) => {
            println!("cargo::error={}", reason.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn policy() -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("host/ has no parent folder")?;
    println!("cargo::rerun-if-env-changed={POLICY}");
    if let Some(path) = env::var_os(POLICY).filter(|path| !path.is_empty()) {
        return ready(&workspace.join(path));
    }
    let out = PathBuf::from(var("OUT_DIR")?);
    add_target()?;
    let wasm = build(workspace, &out.join("policy"))?;
    let annotated = section::with_section(&read(&wasm)?, section::METADATA, &metadata(workspace)?)
        .map_err(|error| format!("{} is not a WebAssembly module: {error}", wasm.display()))?;
    let path = out.join("policy.wasm");
    fs::write(&path, annotated).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}

/// A policy that somebody else built.
fn ready(path: &Path) -> Result<PathBuf> {
    rerun_if_changed(path);
    let wasm = read(path).map_err(|error| format!("${POLICY}: {error}"))?;
    let metadata = section::custom_sections(&wasm, section::METADATA)
        .map_err(|error| format!("${POLICY}: {} is not a WebAssembly module: {error}", path.display()))?;
    if metadata.is_empty() {
        println!("cargo::warning=${POLICY}: {} has no Kubewarden metadata", path.display());
    }
    Ok(path.to_owned())
}

fn build(workspace: &Path, target_dir: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(var("CARGO")?);
    cargo
        .args(["build", "--locked", "--profile", "policy", "-p", "policy-guest", "--target", TARGET])
        .arg("--manifest-path")
        .arg(workspace.join("Cargo.toml"))
        .current_dir(workspace)
        // The outer cargo holds the lock of its own target folder: sharing that one would wait for ever.
        .env("CARGO_TARGET_DIR", target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(workspace, target_dir)?)
        .env_remove("RUSTFLAGS")
        // Under `cargo clippy` this is clippy, which builds nothing.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        // Standard output is where cargo reads this script's own instructions.
        .stdout(Stdio::null());
    let built = cargo.status().map_err(|error| format!("cannot run cargo to build the policy: {error}"))?;
    if !built.success() {
        return Err("the policy (policy/guest) does not build, see above".to_owned());
    }
    let folder = target_dir.join(TARGET).join("policy");
    for path in dependencies(&folder.join("policy_guest.d"))? {
        rerun_if_changed(&path);
    }
    for name in ["Cargo.lock", "Cargo.toml", "policy/core/Cargo.toml", "policy/guest/Cargo.toml"] {
        rerun_if_changed(workspace.join(name));
    }
    Ok(folder.join("policy_guest.wasm"))
}

/// The flags of the policy's build, none of them the user's: the same source gives the same bytes in any folder.
fn rustflags(workspace: &Path, target_dir: &Path) -> Result<OsString> {
    let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?);
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    // Of several prefixes that match, the last one counts: the build folder usually lies in the workspace.
    let prefixes = [
        (sysroot.join("lib/rustlib/src/rust"), "/rust"),
        (cargo_home.join("registry/src"), "/registry"),
        (workspace.to_owned(), "/acr-pull-secret"),
        (target_dir.to_owned(), "/target"),
    ];
    // The linker pads the numbers that it fills in to five bytes each, a twelfth of the module, unless told not to.
    let mut flags =
        OsString::from(format!("-Clink-arg=-zstack-size={STACK}\u{1f}-Clink-arg=--compress-relocations"));
    for (from, to) in prefixes {
        // Cargo separates the flags by this character.
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    Ok(flags)
}

/// The files that a dep-info file names after `output:`, where a space within a name has a backslash.
fn dependencies(dep_info: &Path) -> Result<Vec<PathBuf>> {
    let text = String::from_utf8(read(dep_info)?).map_err(|error| error.to_string())?;
    let (_, files) = text.split_once(": ").unwrap_or_default();
    let names = files.trim().replace("\\ ", "\0");
    Ok(names.split_whitespace().map(|name| PathBuf::from(name.replace('\0', " "))).collect())
}

/// Sees to it that the toolchain can build for WebAssembly.
fn add_target() -> Result<()> {
    let installed =
        || rustc(&["--print", "target-libdir", "--target", TARGET]).map(|dir| Path::new(&dir).is_dir());
    if installed()? {
        return Ok(());
    }
    let mut add = vec!["target".to_owned(), "add".to_owned(), TARGET.to_owned()];
    if let Ok(toolchain) = env::var("RUSTUP_TOOLCHAIN") {
        add.extend(["--toolchain".to_owned(), toolchain]);
    }
    let command = format!("rustup {}", add.join(" "));
    println!("cargo::warning=the Rust target {TARGET} is missing: running `{command}`");
    let added = Command::new("rustup").args(&add).stdout(Stdio::null()).status();
    if added.is_ok_and(|status| status.success()) && installed()? {
        return Ok(());
    }
    Err(format!(
        "the policy needs the Rust target {TARGET}, which could not be added: type `{command}`, or let {POLICY} \
         name a ready policy.wasm"
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

fn rustc(args: &[&str]) -> Result<String> {
    let output = Command::new(var("RUSTC")?).args(args).output();
    let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    if !output.status.success() {
        return Err(format!("rustc {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn var(name: &str) -> Result<OsString> {
    env::var_os(name).ok_or_else(|| format!("cargo does not set {name}"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn rerun_if_changed(path: impl AsRef<OsStr>) {
    println!("cargo::rerun-if-changed={}", Path::new(&path).display());
}
