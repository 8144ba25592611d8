//! Every option and argument that names a file says in the same way why it cannot read that file.

use std::fs;

use crate::command::{BARE_POD, text};
use crate::engines::command_alone;

/// What a file may be without being wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fine {
    /// A folder, or without an object
    FolderOrEmpty,
    /// Without content, such as a session without lookups
    Empty,
    /// Neither
    Neither,
}

use Fine::{Empty, FolderOrEmpty, Neither};

/// Calls with `{}` where the file is.
const CALLS: [(&str, Fine); 25] = [
    ("check {}", FolderOrEmpty),
    ("check --cluster {} pod.yaml", FolderOrEmpty),
    ("check --operation update --old {} pod.yaml", FolderOrEmpty),
    ("check --settings {} pod.yaml", Neither),
    ("check --policy {} pod.yaml", Neither),
    ("check --replay {} pod.yaml", Empty),
    ("check --config {} pod.yaml", Empty),
    ("check --pull --ca-file {} pod.yaml", Neither),
    ("check --pull --docker-config {} pod.yaml", Neither),
    ("fix {}", FolderOrEmpty),
    ("fix --settings {} pod.yaml", Neither),
    ("test {}", FolderOrEmpty),
    ("test --policy {} suite.yaml", Neither),
    ("init --dry-run {}", FolderOrEmpty),
    ("explain --cluster {} contoso.azurecr.io/web", FolderOrEmpty),
    ("explain --settings {} contoso.azurecr.io/web", Neither),
    ("explain --pull --docker-config {} contoso.azurecr.io/web", Neither),
    ("bench --rounds 1 --against {}", Neither),
    ("secret --from-az {}", Neither),
    ("secret --from-docker-config {}", Neither),
    ("secret --from-docker-config config.json --expires-from {}", Neither),
    ("secret --from-docker-config config.json --merge {}", Neither),
    ("policy inspect {}", Neither),
    ("policy push {} localhost:1/policy:v1", Neither),
    ("policy manifest --settings {}", Neither),
];

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("pod.yaml"), BARE_POD).unwrap();
    fs::write(
        here.join("suite.yaml"),
        "cases: [{name: a, object: {apiVersion: v1, kind: Pod}, expect: {decision: accepted}}]\n",
    )
    .unwrap();
    fs::write(here.join("config.json"), r#"{"auths": {"a.azurecr.io": {"auth": "YTpodW50ZXIyIQ=="}}}"#)
        .unwrap();
    fs::create_dir(here.join("folder.d")).unwrap();
    fs::write(here.join("empty.yaml"), "").unwrap();
    fs::write(here.join("binary.yaml"), b"\0\x9f\x92\x1b[31m\xff\xfe").unwrap();
    let mut wrong = Vec::new();
    for (call, fine) in CALLS {
        for (file, reason) in [
            ("missing.yaml", "no such file or folder"),
            ("folder.d", "it is a folder"),
            ("empty.yaml", ""),
            ("binary.yaml", ""),
        ] {
            if (fine == FolderOrEmpty && file == "folder.d") || (fine != Neither && file == "empty.yaml") {
                continue;
            }
            let call = call.replace("{}", file);
            let output =
                command_alone(&call.split(' ').collect::<Vec<_>>()).current_dir(here).output().unwrap();
            let talk = text(&output.stderr);
            let is_said = |line: &str| line.starts_with("error: ") && line.contains(reason);
            let is_named = |line: &str| reason.is_empty() || line.contains(file);
            let said = talk.lines().any(|line| is_said(line) && is_named(line)) && talk.contains(file);
            let odd = ["os error", "No such file", "Is a directory", "\u{1b}", "\0"];
            if output.status.code() != Some(2) || !said || odd.iter().any(|odd| talk.contains(odd)) {
                wrong.push(format!("{call}: {}: {talk}", output.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
