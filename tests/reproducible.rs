//! The policy is reproducible: building a version gives the published bytes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use acr_pull_secret::sandbox::EMBEDDED;
use acr_pull_secret::sandbox::wasm_section;
use walkdir::WalkDir;

use crate::engines::project;

#[path = "../host/build/module.rs"]
mod module;

/// The source, without what is built from it.
fn copy_source(to: &Path) {
    let source = project("");
    let entries = WalkDir::new(&source).into_iter().filter_entry(|entry| {
        let name = entry.file_name();
        entry.depth() != 1 || (name != "target" && name != ".git")
    });
    for entry in entries.map(Result::unwrap) {
        let copy = to.join(entry.path().strip_prefix(&source).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(copy).unwrap();
        } else {
            fs::copy(entry.path(), copy).unwrap();
        }
    }
}

/// A second home of cargo, which shares the downloads of the first but unpacks them in folders of its own.
fn second_cargo_home(home: &Path) {
    let first = module::cargo_home();
    fs::create_dir_all(home.join("registry")).unwrap();
    for shared in ["config.toml", "registry/cache", "registry/index"] {
        symlink(first.join(shared), home.join(shared)).unwrap();
    }
    for registry in fs::read_dir(first.join("registry/src")).unwrap() {
        fs::create_dir_all(home.join("registry/src").join(registry.unwrap().file_name())).unwrap();
    }
}

#[test]
#[ignore = "builds the policy twice from nothing"]
fn reproducible_in_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let second_home = folder.path().join("home of cargo");
    second_cargo_home(&second_home);
    let metadata = wasm_section::custom_sections(EMBEDDED, wasm_section::METADATA).unwrap()[0];
    let builds =
        [("a", "a/target", module::cargo_home()), ("b/a longer name/deeper", "elsewhere", second_home)];
    for (source, target_dir, cargo_home) in builds {
        let source = folder.path().join(source);
        copy_source(&source);
        let wasm =
            module::build(module::POLICY, &source, &folder.path().join(target_dir), &cargo_home).unwrap();
        let wasm =
            wasm_section::with_section(&fs::read(&wasm).unwrap(), wasm_section::METADATA, metadata).unwrap();
        assert!(
            wasm == EMBEDDED,
            "{}: {} bytes, which are not the {} bytes of the policy in this command",
            source.display(),
            wasm.len(),
            EMBEDDED.len()
        );
    }
}
