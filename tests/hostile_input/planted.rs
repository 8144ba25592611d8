//! Compiled policies that come with a checkout, in a folder that `XDG_CACHE_HOME` names, as in CI: they must not run.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::*;

/// Bytes of the signature at the start of an entry.
const SIGNATURE: usize = 32;

/// A policy that accepts everything.
fn accepting() -> Vec<u8> {
    let answer = r#"{\"accepted\":true,\"valid\":true}"#;
    let metadata = r#"{\"rules\":[{\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"],\"operations\":[\"CREATE\"]}]}"#;
    let text = format!(
        r#"(module (@custom "io.kubewarden.metadata" "{metadata}") (import "wapc" "__guest_response" (func $answer (param i32 i32)))
             (memory (export "memory") 1) (data (i32.const 0) "{answer}")
             (func (export "__guest_call") (param i32 i32) (result i32)
               (call $answer (i32.const 0) (i32.const 30)) (i32.const 1)))"#
    );
    wat::parse_str(text).unwrap()
}

/// The command in a checkout as CI runs it.
fn check(checkout: &Path, args: &[&str]) -> Output {
    let mut check = command(&["check", "-o", "json"]);
    check.args(args).arg("pod.yaml").current_dir(checkout);
    check.env("CI", "true").env("HOME", checkout).env("XDG_CACHE_HOME", checkout.join(".cache"));
    check.env("XDG_STATE_HOME", checkout.join(".local/state")).output().unwrap()
}

fn decision(output: &Output) -> String {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["results"][0]["decision"].as_str().unwrap().to_owned()
}

fn entries(checkout: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(checkout.join(".cache/acr-pull-secret")).into_iter().flatten();
    folder.map(|entry| entry.unwrap().path()).collect()
}

/// The entry of the built-in policy holds the code of one that accepts everything: with the signature that was right for that
/// code, and with the plain sum that entries once had; with the modes that git writes, and with ours.
#[test]
fn a_compiled_policy_that_came_with_a_checkout_is_not_run() {
    let checkout = tempfile::tempdir().unwrap();
    let checkout = checkout.path();
    fs::write(checkout.join("pod.yaml"), POD).unwrap();
    fs::write(checkout.join("accepting.wasm"), accepting()).unwrap();
    assert_eq!(decision(&check(checkout, &["--policy", "accepting.wasm"])), "accepted");
    let kept = entries(checkout);
    assert_eq!(decision(&check(checkout, &[])), "mutated");
    let Some(built_in) = entries(checkout).into_iter().find(|entry| !kept.contains(entry)) else {
        // The user who runs this has no home folder in which a key could lie, so nothing is kept at all.
        return;
    };
    let accepting = fs::read(&kept[0]).unwrap();
    let code = &accepting[SIGNATURE..];
    fs::create_dir(checkout.join(".git")).unwrap();
    for content in [accepting.clone(), [&Sha256::digest(code)[..], code].concat()] {
        for (of_entry, of_folder) in [(0o644, 0o755), (0o600, 0o700)] {
            fs::write(&built_in, &content).unwrap();
            fs::set_permissions(&built_in, Permissions::from_mode(of_entry)).unwrap();
            let folder = Permissions::from_mode(of_folder);
            fs::set_permissions(built_in.parent().unwrap(), folder).unwrap();
            assert_eq!(decision(&check(checkout, &[])), "mutated", "{of_entry:o} in {of_folder:o}");
        }
    }
    let keys = checkout.join(".local");
    assert!(!keys.exists(), "a key lies where a checkout could bring one");
}
