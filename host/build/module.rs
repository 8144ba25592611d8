//! How the WebAssembly modules are compiled: the same source gives the same bytes, in any folder and under any user's
//! settings.
//!
//! `build.rs` builds what the command embeds with it; a test builds the policy twice elsewhere and compares.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A WebAssembly module of this workspace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Module {
    /// The package that it is made of
    pub(crate) package: &'static str,
    /// The folder of the package, from the workspace
    pub(crate) folder: &'static str,
    /// Its Rust target
    pub(crate) target: &'static str,
}

/// The policy.
pub(crate) const POLICY: Module =
    Module { package: "policy-guest", folder: "policy/guest", target: "wasm32-wasip1" };

/// The module's own stack, in bytes. It lies below the data, and all of it is touched by no request: a smaller one
/// lets a fresh instance fit into the memory that the host keeps mapped.
const STACK: u32 = 128 << 10;

/// The memory that an instance begins with, in bytes. Untouched pages cost nothing; growing the memory costs a request a
/// tenth of its time.
const MEMORY: u32 = 512 << 10;

/// Cargo separates flags by this character.
const SEPARATOR: &str = "\u{1f}";

/// Compiles a module in a workspace and returns where it is, in `target_dir`. Cargo keeps its downloads in `cargo_home`.
///
/// # Errors
/// One sentence, where cargo or rustc cannot be run or the module does not build.
pub(crate) fn build(
    Module { package, folder, target }: Module,
    workspace: &Path,
    target_dir: &Path,
    cargo_home: &Path,
) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--locked", "--profile", "policy", "--target", target])
        .arg("--manifest-path")
        .arg(workspace.join(folder).join("Cargo.toml"))
        .current_dir(workspace)
        // The outer cargo holds the lock of its own target folder: sharing that one would wait for ever.
        .env("CARGO_TARGET_DIR", target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(workspace, target_dir, cargo_home)?)
        .env("CARGO_HOME", cargo_home)
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS")
        // Under `cargo clippy` this is clippy, which builds nothing.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        // Standard output is where cargo reads a build script's instructions.
        .stdout(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
            cargo.env_remove(name);
        }
    }
    let built = cargo.status().map_err(|error| format!("cannot run cargo to build the policy: {error}"))?;
    if !built.success() {
        return Err(format!("the policy ({package}) does not build, see above"));
    }
    Ok(target_dir.join(target).join("policy").join(package.replace('-', "_")).with_extension("wasm"))
}

/// What rustc prints when asked.
///
/// # Errors
/// One sentence, where it cannot be run or fails.
pub(crate) fn rustc(args: &[&str]) -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(args).output();
    let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
    if !output.status.success() {
        return Err(format!("rustc {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where the user's cargo keeps its downloads.
pub(crate) fn cargo_home() -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default()
}

/// Flags that replace the user's own, and that keep folders of this machine out of panic messages.
fn rustflags(workspace: &Path, target_dir: &Path, cargo_home: &Path) -> Result<OsString, String> {
    let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?);
    // Of several prefixes that match, the last one counts: the build folder usually lies in the workspace.
    let mut prefixes = vec![(sysroot.join("lib/rustlib/src/rust"), "/rust")];
    // One folder for each registry: its name is another one behind a mirror.
    for registry in fs::read_dir(cargo_home.join("registry/src")).into_iter().flatten().flatten() {
        prefixes.push((registry.path(), "/registry"));
    }
    prefixes.push((workspace.to_owned(), "/acr-pull-secret"));
    prefixes.push((target_dir.to_owned(), "/target"));
    // The linker pads the numbers that it fills in to five bytes each, a twelfth of the module, unless an option forbids it.
    let mut flags = OsString::from(format!(
        "-Clink-arg=-zstack-size={STACK}{SEPARATOR}-Clink-arg=--initial-memory={MEMORY}{SEPARATOR}\
         -Clink-arg=--compress-relocations"
    ));
    for (from, to) in prefixes {
        flags.push(SEPARATOR);
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    Ok(flags)
}
