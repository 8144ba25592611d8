//! Links in folders.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{POD, judged, notes, pods, run, talk, tree};

/// Folders of which each has two links to the next: 60 links make 2^30 paths to the last one, which has a pod.
fn maze(folder: &Path) {
    for i in 0..=30 {
        fs::create_dir_all(folder.join(format!("{i:02}"))).unwrap();
        for link in ["a", "b"].iter().filter(|_| i < 30) {
            symlink(format!("../{:02}", i + 1), folder.join(format!("{i:02}/{link}"))).unwrap();
        }
    }
    fs::write(folder.join("30/pod.yaml"), POD).unwrap();
}

#[test]
fn a_folder_is_visited_once_however_many_paths_lead_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named");
    maze(&named);
    symlink("named", folder.path().join("start")).unwrap();
    let started = Instant::now();
    assert_eq!(judged(&named, &["."]).0, ["./30/pod.yaml"]);
    assert_eq!(judged(folder.path(), &["start"]).0, ["start/30/pod.yaml"]);
    assert_eq!(judged(folder.path(), &["**/*.yaml"]).0, ["named/30/pod.yaml"]);
    // From outside it is one link more, and every way is by links.
    let outside = tempfile::tempdir().unwrap();
    symlink(named.join("00"), outside.path().join("start")).unwrap();
    let (files, _) = judged(outside.path(), &["--follow", "."]);
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].starts_with("./start/a/") && files[0].ends_with("/pod.yaml"), "{files:?}");
    assert_eq!(run(&named, &["fix", "--check", "."]).status.code(), Some(1));
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}

#[test]
fn a_file_is_named_by_its_path_without_links() {
    let folder = pods(&["z/pod.yaml", ".hidden/deep/other.yaml"]);
    let at = |name: &str| folder.path().join(name);
    symlink("z", at("a")).unwrap();
    symlink("z/pod.yaml", at("b.yaml")).unwrap();
    symlink("..", at("z/up")).unwrap();
    symlink(".", at("z/here")).unwrap();
    symlink(".hidden", at("shown")).unwrap();
    symlink("../.hidden/deep/other.yaml", at("z/other.yaml")).unwrap();
    let (files, said) = judged(folder.path(), &["."]);
    assert_eq!(files, ["./shown/deep/other.yaml", "./z/pod.yaml"]);
    assert_eq!(notes(&said), [""; 0]);
}

#[test]
fn links_out_of_the_named_folder_are_followed_on_request() {
    let folder = pods(&["named/pod.yaml", "other/pod.yaml", "single.yaml", "named/deep/pod.yaml"]);
    fs::write(folder.path().join("library.so"), "").unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink("../other", at("named/folder")).unwrap();
    symlink("../single.yaml", at("named/single.yaml")).unwrap();
    symlink("../library.so", at("named/library.so")).unwrap();
    symlink("../..", at("named/deep/up")).unwrap();
    symlink("nothing", at("named/broken")).unwrap();
    let (files, said) = judged(folder.path(), &["named"]);
    assert_eq!(files, ["named/deep/pod.yaml", "named/pod.yaml"]);
    let note = "note: 3 links out of named not followed: named/folder, named/single.yaml, named/deep/up; to follow them, add \
                --follow";
    assert_eq!(notes(&said), [note]);
    let (files, said) = judged(folder.path(), &["--follow", "named"]);
    assert_eq!(
        files,
        ["named/deep/pod.yaml", "named/folder/pod.yaml", "named/pod.yaml", "named/single.yaml"]
    );
    assert_eq!(notes(&said), [""; 0]);
    let (files, _) = judged(folder.path(), &["named/folder", "named/single.yaml"]);
    assert_eq!(files, ["named/folder/pod.yaml", "named/single.yaml"]);
}

#[test]
fn test_does_not_follow_links_out_of_a_folder_and_says_so() {
    let suite = |name: &str| {
        format!(
            "cases:\n- name: {name}\n  object: {{apiVersion: v1, kind: Namespace, metadata: {{name: a}}}}\n  \
             expect: {{decision: accepted}}\n"
        )
    };
    let folder = tree(&[("suites/a.yaml", &suite("inner")), ("other/b.yaml", &suite("outer"))]);
    symlink("../other", folder.path().join("suites/link")).unwrap();
    symlink("a.yaml", folder.path().join("suites/same.yaml")).unwrap();
    let tested = |args: &[&str]| {
        let output = run(folder.path(), &[&["test", "-o", "junit"], args].concat());
        let report = String::from_utf8(output.stdout.clone()).unwrap();
        (["inner", "outer"].map(|name| report.contains(name)), talk(&output))
    };
    let (ran, said) = tested(&["suites"]);
    assert_eq!(ran, [true, false], "{said}");
    let note = "note: 1 link out of suites not followed: suites/link; to follow them, name them too";
    assert_eq!(notes(&said), [note]);
    assert_eq!(notes(&tested(&["-q", "suites"]).1), [""; 0]);
    assert_eq!(tested(&["suites", "suites/link"]).0, [true, true]);
}

/// As the kubelet mounts a `ConfigMap`: each file is a link through a link to a hidden folder.
#[test]
fn files_of_a_mounted_config_map_are_read_once() {
    let folder = pods(&["..2026_08_22/pod.yaml"]);
    symlink("..2026_08_22", folder.path().join("..data")).unwrap();
    symlink("..data/pod.yaml", folder.path().join("pod.yaml")).unwrap();
    assert_eq!(judged(folder.path(), &["."]).0, ["./pod.yaml"]);
    assert_eq!(judged(folder.path(), &["--hidden", "."]).0, ["./..2026_08_22/pod.yaml"]);
}

#[test]
fn a_link_is_left_out_by_what_leaves_out_its_name() {
    let folder = pods(&["a/pod.yaml"]);
    let outside = pods(&["pod.yaml"]);
    for link in [".hidden", "ignored", "vendor"] {
        symlink(outside.path(), folder.path().join("a").join(link)).unwrap();
    }
    fs::write(folder.path().join(".gitignore"), "ignored\n").unwrap();
    let (files, said) = judged(folder.path(), &["--exclude", "vendor", "."]);
    assert_eq!((files, notes(&said)), (vec!["./a/pod.yaml".to_owned()], vec![]));
}

#[test]
fn templates_behind_a_link_are_skipped_too() {
    let folder =
        tree(&[("chart/Chart.yaml", "name: a\n"), ("chart/templates/pod.yaml", "kind: {{ a }}: [\n")]);
    symlink("chart/templates", folder.path().join("link")).unwrap();
    let output = run(folder.path(), &["check", "."]);
    assert_eq!(output.status.code(), Some(3), "{}", talk(&output));
}
