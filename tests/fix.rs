//! `fix` changes only what is necessary.
//!
//! | file in `fix/` | states |
//! |---|---|
//! | `NAME.in.*`, `NAME.out.*` | the first becomes the second, byte for byte |
//! | `NAME.same.*` | there is nothing to fix |
//! | `NAME.refused.*` | it is not changed, for the reason in its first line |

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use acr_pull_secret::files::search::Search;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use review::manifest::manifests;
use review::source_file::SourceFile;
use serde_json::{Value, json};

use crate::engines::{command, project, run};
use crate::manifests::{OWN, PUBLISHED};

/// The layouts whose names have this in the middle: `in`, `out`, `same`, `refused`.
fn layouts(state: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(project("tests/fix")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| name(path).contains(&format!(".{state}."))).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A folder with copies of these files.
pub(crate) fn copies(files: &[PathBuf]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        fs::copy(file, folder.path().join(name(file))).unwrap();
    }
    folder
}

fn command_on(folder: &Path, args: &[&str]) -> (String, String, Option<i32>) {
    let output = command(args).current_dir(folder).output().unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

/// Whether every line of `old` is in `new`, in the same order.
pub(crate) fn keeps_lines(old: &str, new: &str) -> bool {
    let mut new = new.lines();
    old.lines().all(|line| new.any(|kept| kept == line))
}

fn assert_clean(folder: &Path) {
    let (report, talk, _) = command_on(folder, &["check", "-o", "json", "."]);
    let report: Value = serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error}: {talk}"));
    for result in report["results"].as_array().unwrap() {
        assert_ne!(result["decision"], "mutated", "{result}");
        assert_ne!(result["pods"][0]["decision"], "mutated", "{result}");
    }
    assert_eq!(report["summary"]["rejected"], 0);
}

#[test]
fn every_layout_is_fixed_byte_for_byte() {
    let (before, same) = (layouts("in"), layouts("same"));
    assert!(before.len() >= 60, "{}", before.len());
    let folder = copies(&[before.clone(), same.clone()].concat());
    let (stdout, talk, status) = command_on(folder.path(), &["fix", "."]);
    assert_eq!((stdout.as_str(), status), ("", Some(0)), "{talk}");
    for file in &before {
        let wanted = fs::read_to_string(file.with_file_name(name(file).replace(".in.", ".out."))).unwrap();
        let is = fs::read_to_string(folder.path().join(name(file))).unwrap();
        assert_eq!(is, wanted, "{}", file.display());
        let was = fs::read_to_string(file).unwrap();
        assert_ne!(is, was, "{}", file.display());
    }
    for file in &same {
        let is = fs::read(folder.path().join(name(file))).unwrap();
        assert_eq!(is, fs::read(file).unwrap(), "{}", file.display());
    }
    assert_clean(folder.path());

    let (_, talk, status) = command_on(folder.path(), &["fix", "--check", "."]);
    assert_eq!(status, Some(0), "{talk}");
}

#[test]
fn unsafe_edits_are_refused_and_the_file_is_not_changed() {
    let files = layouts("refused");
    let folder = copies(&files);
    for file in &files {
        let was = fs::read_to_string(file).unwrap();
        let reason = was.lines().next().and_then(|line| line.strip_prefix("# refused: ")).expect("a reason");
        let (stdout, talk, status) = command_on(folder.path(), &["fix", &name(file)]);
        assert_eq!((stdout.as_str(), status), ("", Some(2)), "{}: {talk}", file.display());
        assert!(talk.contains(&format!("error: {}:", name(file))) && talk.contains(reason), "{talk}");
        assert_eq!(fs::read_to_string(folder.path().join(name(file))).unwrap(), was);
    }
}

/// Applied by git to the files as they were, the diff of the whole folder gives what `fix` writes.
#[test]
fn git_applies_the_diff() {
    // A lone carriage return moves the cursor, so there is no diff with one.
    let (old_mac, files): (Vec<_>, Vec<_>) =
        layouts("in").into_iter().partition(|file| name(file).starts_with("old-mac"));
    let folder = copies(&old_mac);
    let (diff, talk, _) = command_on(folder.path(), &["fix", "--diff", "."]);
    assert!(diff.is_empty() && talk.contains("no diff is shown"), "{diff}{talk}");
    let folder = copies(&files);
    let with_space = folder.path().join("with space.yaml");
    fs::copy(project("tests/fix/absent-items-indented.in.yaml"), &with_space).unwrap();
    let (diff, _, status) = command_on(folder.path(), &["fix", "--diff", "."]);
    assert_eq!(status, Some(0));
    let was = fs::read_to_string(&with_space).unwrap();
    assert_eq!(was, fs::read_to_string(project("tests/fix/absent-items-indented.in.yaml")).unwrap());

    let mut git = Command::new("git");
    // A line next to a change is left out if it contains a value.
    git.args(["apply", "--unidiff-zero", "--whitespace=nowarn", "-"])
        .current_dir(&folder)
        .env("GIT_CEILING_DIRECTORIES", "/");
    git.env("GIT_DIR", folder.path().join("none")).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut git = git.spawn().expect("git");
    git.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    for file in &files {
        let wanted = fs::read_to_string(file.with_file_name(name(file).replace(".in.", ".out."))).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join(name(file))).unwrap(), wanted, "{}", file.display());
    }
    assert_ne!(fs::read_to_string(with_space).unwrap(), was);
}

#[test]
fn manifests_are_clean_afterwards_and_keep_every_line() {
    assert_clean_and_every_line_kept(OWN, 10);
}

#[test]
#[ignore = "needs published manifests next to the checkout"]
fn published_manifests_are_clean_afterwards_and_keep_every_line() {
    assert_clean_and_every_line_kept(PUBLISHED, 100);
}

/// Fixes all files of some folders with every image moved to ACR.
fn assert_clean_and_every_line_kept(folders: &[&str], at_least: usize) {
    let target = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for folder in folders {
        for path in acr_pull_secret::files::found::expand(
            &[project(folder).display().to_string()],
            &Search::default(),
        ) {
            let path = path.unwrap();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let file = Arc::new(SourceFile { name: String::new(), text: moved(&text) });
            let (objects, _, error) = manifests(&file);
            if error.is_some() || objects.iter().any(|object| !object.prefix.is_empty()) {
                continue;
            }
            let extension = path.extension().unwrap().to_str().unwrap();
            let copy = target.path().join(format!("{:04}.{extension}", files.len()));
            fs::write(&copy, &file.text).unwrap();
            files.push((path, copy, file.text.clone()));
        }
    }
    let (_, talk, _) = command_on(target.path(), &["fix", "."]);
    let mut changed = 0;
    for (path, copy, was) in &files {
        let is = fs::read_to_string(copy).unwrap();
        if talk.contains(&format!("error: {}", name(copy))) {
            assert_eq!(&is, was, "{}", path.display());
            fs::remove_file(copy).unwrap();
            continue;
        }
        // A value on the line of an empty list is the one thing that changes a line.
        assert!(keeps_lines(was, &is) || was.contains("imagePullSecrets: []"), "{}: {is}", path.display());
        changed += usize::from(is != *was);
    }
    assert!(changed >= at_least, "{changed}: {talk}");
    assert_clean(target.path());
}

/// Text with every image in ACR.
fn moved(text: &str) -> String {
    let image = |line: &str| {
        let (before, rest) = line.split_once("image: ")?;
        let value = rest.split([' ', '\r', '\n']).next()?;
        let is_image = before.trim_matches([' ', '-']).is_empty()
            && !value.is_empty()
            && !value.starts_with(['#', '{', '|', '>', '&', '*']);
        let after = rest.strip_prefix(value)?;
        is_image.then(|| format!("{before}image: contoso.azurecr.io/team/app:v1{after}"))
    };
    text.split_inclusive('\n').map(|line| image(line).unwrap_or_else(|| line.to_owned())).collect()
}

#[test]
fn standard_input_is_written_completely() {
    let pod = fs::read_to_string(project("tests/fix/crlf.in.yaml")).unwrap();
    let fixed = fs::read_to_string(project("tests/fix/crlf.out.yaml")).unwrap();
    let output = run(&["fix", "-"], &pod);
    assert_eq!((text(&output.stdout), output.status.code()), (fixed.clone(), Some(0)));
    let output = run(&["fix", "-"], &fixed);
    assert_eq!((text(&output.stdout), output.status.code()), (fixed, Some(0)));
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = copies(&[project("tests/fix/absent-items-indented.in.yaml")]);
    let target = folder.path().join("absent-items-indented.in.yaml");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join("link.yaml")).unwrap();
    let (_, talk, status) = command_on(folder.path(), &["fix", "link.yaml"]);
    assert_eq!(status, Some(0), "{talk}");
    assert!(fs::read_to_string(&target).unwrap().contains("acr-secret"));
    assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link.yaml").symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left behind");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_named_twice_is_fixed_once() {
    let file = project("tests/fix/absent-items-indented.in.yaml");
    let folder = copies(std::slice::from_ref(&file));
    let (file, wanted) =
        (name(&file), fs::read(project("tests/fix/absent-items-indented.out.yaml")).unwrap());
    std::os::unix::fs::symlink(&file, folder.path().join("link.yaml")).unwrap();
    let whole = folder.path().join(&file).display().to_string();
    let dotted = format!("./{file}");
    let names = [file.as_str(), &dotted, &whole, "link.yaml", ".", file.as_str()];
    let (diff, talk, status) = command_on(folder.path(), &[&["fix", "--diff"], &names[..]].concat());
    assert_eq!((diff.matches("\n+++ ").count(), status), (1, Some(0)), "{diff}{talk}");
    assert!(talk.contains("1 file to fix, 0 unchanged\n"), "{talk}");
    let (_, talk, status) = command_on(folder.path(), &[&["fix"], &names[..]].concat());
    assert!(talk.contains("1 file fixed, 0 unchanged\n"), "{talk}");
    assert_eq!(status, Some(0), "{talk}");
    assert!(fs::read(folder.path().join(&file)).unwrap() == wanted, "it is fixed once");
}

#[cfg(unix)]
#[test]
fn a_read_only_file_is_not_changed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = copies(&[project("tests/fix/absent-items-indented.in.yaml")]);
    let file = folder.path().join("absent-items-indented.in.yaml");
    let was = fs::read_to_string(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    let (_, talk, status) = command_on(folder.path(), &["fix", "."]);
    assert_eq!(status, Some(2));
    assert!(talk.contains("it is read-only (chmod u+w ./absent-items-indented.in.yaml"), "{talk}");
    assert_eq!(fs::read_to_string(&file).unwrap(), was);
}

/// As with editors that write a new file, other hard links keep the old text. Backups made of hard links rely on this.
#[cfg(unix)]
#[test]
fn other_hard_links_keep_the_old_text_and_a_note_says_so() {
    let folder = copies(&[project("tests/fix/absent-items-indented.in.yaml")]);
    let file = folder.path().join("absent-items-indented.in.yaml");
    let was = fs::read_to_string(&file).unwrap();
    fs::hard_link(&file, folder.path().join("backup")).unwrap();
    let (_, talk, status) = command_on(folder.path(), &["fix", "."]);
    assert_eq!(status, Some(0), "{talk}");
    assert!(talk.contains("note: ./absent-items-indented.in.yaml is now a file of its own"), "{talk}");
    assert_eq!(fs::read_to_string(folder.path().join("backup")).unwrap(), was);
    assert!(fs::read_to_string(&file).unwrap().contains("acr-secret"));
    let (_, talk, _) = command_on(folder.path(), &["fix", "."]);
    assert!(!talk.contains("hard link"), "{talk}");
}

#[test]
fn the_last_line_counts_files_by_how_they_ended() {
    let names = [
        "absent-items-indented.in.yaml",
        "has-it-already.same.yaml",
        "secret.same.yaml",
        "alias-as-list.refused.yaml",
    ];
    let folder = copies(&names.map(|name| project("tests/fix").join(name)));
    let (_, talk, status) = command_on(folder.path(), &["fix", "--check", "."]);
    assert!(talk.ends_with("1 file to fix, 2 unchanged, 1 refused\n"), "{talk}");
    assert_eq!(status, Some(2), "{talk}");
    let (_, talk, _) = command_on(folder.path(), &["fix", "."]);
    assert!(talk.ends_with("1 file fixed, 2 unchanged, 1 refused\n"), "{talk}");
}

/// Nearly every namespace has a `default` account without pull secrets, so one warning is enough for it.
#[test]
fn an_unknown_account_causes_a_warning_at_each_pod_but_default_only_once() {
    let pod = |name: &str, account: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  serviceAccountName: {account}\n  containers: [{{name: c, image: contoso.azurecr.io/a}}]\n"
        )
    };
    let pods = [pod("a", "default"), pod("b", "default"), pod("c", "robot"), pod("d", "robot")].concat();
    let output = run(&["fix", "--check", "-"], &pods);
    let talk = text(&output.stderr);
    let warned = |account: &str| {
        talk.matches(&format!("ServiceAccount \"{account}\" in namespace \"shop\" is not among the inputs"))
            .count()
    };
    assert_eq!((warned("default"), warned("robot")), (1, 2), "{talk}");
}

#[test]
fn an_object_without_a_name_is_called_so() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {NAMES}\nspec:\n  containers: [{name: c, image: contoso.azurecr.io/a}]\n";
    for (names, title) in [
        ("name: a", "Pod default/a"),
        ("", "Pod without a name in namespace default"),
        ("namespace: shop", "Pod without a name in namespace shop"),
        ("generateName: a-", "Pod default/a-"),
    ] {
        let output = run(&["fix", "--check", "--complete", "-"], &pod.replace("NAMES", names));
        let talk = text(&output.stderr);
        assert!(talk.starts_with(&format!("would fix {title} (<stdin>:1), added")), "{talk}");
    }
}

/// The settings for other problems do not matter.
#[test]
fn other_problems_do_not_prevent_adding_a_secret() {
    let ends = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 24 * 60 * 60;
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let claims = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{ends}}}"#));
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl");
    let auth = encode(&format!("{}:{token}", "00000000-0000-0000-0000-000000000000"));
    let config = encode(&format!(r#"{{"auths":{{"fabrikam.azurecr.io":{{"auth":"{auth}"}}}}}}"#));
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  imagePullSecrets: [{name: other}, {name: gone}]\n  containers:\n  \
        - {name: a, image: contoso.azurecr.io/a}\n  - {name: b, image: fabrikam.azurecr.io/b}\n  \
        - {name: c, image: unlisted.azurecr.io/c}\n  - {name: d, image: \"not an image\"}\n";
    let secret = format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: other}}\ntype: kubernetes.io/dockerconfigjson\ndata: {{.dockerconfigjson: {config}}}\n"
    );
    let settings = json!({
        "pullSecrets": [
            {"registries": ["contoso.azurecr.io"], "secret": "acr-secret"},
            {"registries": ["fabrikam.azurecr.io"], "secret": "other"},
        ],
        "cluster": {"secrets": "credentials"},
        "actions": {"missing": "reject", "unlisted": "reject", "unusable": "reject", "expiring": "reject", "unknown": "reject"},
    });
    let input = format!("{pod}{secret}");
    let judged = run(&["check", "--complete", "--settings-json", &settings.to_string(), "-"], &input);
    let said = text(&judged.stdout);
    for rule in ["secret-not-found", "unlisted-registry", "unparsable-image", "secret-expires-soon"] {
        assert!(said.contains(&format!("error[{rule}]")), "{rule}: {said}");
    }
    let output = run(&["fix", "--settings-json", &settings.to_string(), "-"], &input);
    assert!(text(&output.stdout).contains("{name: gone}, {name: acr-secret}]"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
