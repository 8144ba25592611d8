//! Input that is broken, endless or hostile: a clear message, the right exit status, no crash, bounded memory.
#![cfg(unix)]

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::engines::command;

mod bounds;
mod fields;
mod outputs;
mod planted;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - {name: web, image: contoso.azurecr.io/web:v1}\n";

/// The depth of nested input.
const DEEP: usize = 100_000;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The command in `folder`, started by a shell with `redirect` behind it, and with no more than `mebibytes` of memory that it
/// could write to.
fn within(mebibytes: usize, folder: &Path, args: &[&str], redirect: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -d {} && exec \"$@\" {redirect}", mebibytes << 10);
    let program = command(args);
    let call = std::iter::once(program.get_program()).chain(program.get_args());
    shell.args(["-c", &script, "sh"]).args(call).current_dir(folder);
    shell.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?)))).stdin(Stdio::null());
    shell
}

fn run(folder: &Path, args: &[&str]) -> Output {
    within(512, folder, args, "").output().unwrap()
}

/// Each alias contains ten of the previous one: `*a9` for 10^9 words in some 400 bytes.
fn aliases() -> String {
    let list = |i: usize| format!("a{}: &a{0} [{}]\n", i + 1, vec![format!("*a{i}"); 10].join(", "));
    format!("a0: &a0 [{}]\n", ["x"; 10].join(", ")) + &(0..9).map(list).collect::<String>()
}

/// The same with merge keys.
fn merges() -> String {
    let map = |i: usize| format!("a{}: &a{0} {{<<: [*a{i}, *a{i}], b: *a{i}, c: *a{i}}}\n", i + 1);
    "a0: &a0 {k: x}\n".to_owned() + &(0..30).map(map).collect::<String>()
}

#[test]
fn a_file_that_cannot_be_read_has_a_reason_and_the_next_is_checked() {
    let nested = |open: &str, close: &str| [open.repeat(DEEP), "1".to_owned(), close.repeat(DEEP)].concat();
    let mapping = |depth: usize| (0..depth).map(|i| " ".repeat(i) + "a:\n").collect::<String>();
    let deep = "nested too deeply: more than 100 levels";
    let far = "the aliases of this document expand to far more than is written in it";
    let nul = "control character U+0000 is not allowed in YAML";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("aliases.yaml", aliases().into(), far),
        ("pod-and-aliases.yaml", (POD.to_owned() + &aliases()).into(), far),
        ("merges.yaml", merges().into(), far),
        ("alias-of-itself.yaml", "a: &a [*a]\n".into(), "the alias is inside the value that it refers to"),
        ("flow-lists.yaml", nested("[", "]").into(), deep),
        ("flow-mappings.yaml", nested("{a: ", "}").into(), deep),
        ("flow-without-end.yaml", "[".repeat(DEEP).into(), deep),
        ("block-lists.yaml", nested("- ", "").into(), deep),
        ("block-mappings.yaml", mapping(1500).into(), deep),
        ("lists.json", nested("[", "]").into(), deep),
        ("objects.json", nested(r#"{"a":"#, "}").into(), deep),
        ("keys.yaml", nested("? ", "").into(), "a key must be a plain value"),
        ("nul.yaml", (POD.to_owned() + "\0").into(), nul),
        ("only-nul.yaml", vec![0; 1 << 20], nul),
        ("utf16.yaml", POD.encode_utf16().flat_map(u16::to_le_bytes).collect(), nul),
        ("half.yaml", b"\xff\xfea\0:\0 \0b".to_vec(), "this is not valid UTF-16"),
    ];
    for (name, content, reason) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), &content).unwrap();
        fs::write(folder.path().join("zoo.yaml"), POD).unwrap();
        let check = run(folder.path(), &["check", "-o", "json", name, "zoo.yaml"]);
        let talk = text(&check.stderr);
        assert_eq!(check.status.code(), Some(2), "{name}: {talk}");
        assert!(
            talk.starts_with("error: ") && talk.contains(reason) && talk.contains(name),
            "{name}: {talk}"
        );
        assert!(talk.len() < 2000, "{name}: {} bytes", talk.len());
        let report: Value = serde_json::from_slice(&check.stdout).unwrap();
        assert_eq!(report["summary"]["mutated"], 1, "{name}: {report}");
        let fix = run(folder.path(), &["fix", name, "zoo.yaml"]);
        assert_eq!(fix.status.code(), Some(2), "{name}: {}", text(&fix.stderr));
        assert!(fs::read(folder.path().join(name)).unwrap() == content, "{name}");
        assert!(fs::read_to_string(folder.path().join("zoo.yaml")).unwrap().contains("acr-secret"), "{name}");
    }
}

/// The last one counts, as for the API server, but no user means it.
#[test]
fn a_key_given_twice_is_reported_and_not_edited() {
    let folder = tempfile::tempdir().unwrap();
    let twice = POD.replace("kind: Pod\n", "kind: Pod\nspec: {containers: []}\n");
    let json = r#"{"apiVersion":"v1","kind":"Pod","spec":{},"metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"contoso.azurecr.io/web:v1"}]}}"#;
    for (name, content) in [("pod.yaml", twice.as_str()), ("pod.json", json)] {
        fs::write(folder.path().join(name), content).unwrap();
        let check = run(folder.path(), &["check", name]);
        assert_eq!(check.status.code(), Some(0), "{}", text(&check.stderr));
        assert!(
            text(&check.stderr).contains("key `spec` is already in this mapping"),
            "{}",
            text(&check.stderr)
        );
        assert!(text(&check.stdout).contains("mutated  Pod default/web"), "{}", text(&check.stdout));
        let fix = run(folder.path(), &["fix", name]);
        assert_eq!(fix.status.code(), Some(2), "{name}: {}", text(&fix.stderr));
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), content);
    }
}

#[test]
fn links_and_devices_in_a_folder_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("deep/er")).unwrap();
    fs::create_dir(at("folder.yaml")).unwrap();
    fs::write(at("deep/pod.yaml"), POD).unwrap();
    symlink("../..", at("deep/er/up")).unwrap();
    symlink(".", at("deep/here")).unwrap();
    symlink("/dev/zero", at("zero.yaml")).unwrap();
    let output = run(folder.path(), &["check", "."]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).lines().count()),
        (Some(0), 2),
        "{}",
        text(&output.stdout)
    );
    symlink("nothing", at("dangling.yaml")).unwrap();
    symlink("circle.yaml", at("circle.yaml")).unwrap();
    let mut broken = vec!["dangling.yaml", "circle.yaml"];
    if Path::new("/proc/self/mem").exists() {
        symlink("/proc/self/mem", at("memory.yaml")).unwrap();
        broken.push("memory.yaml");
    }
    for call in [&["check", "--follow", "."][..], &["fix", "--follow", "."]] {
        let output = run(folder.path(), call);
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{call:?}: {talk}");
        for name in &broken {
            assert!(talk.contains(&format!("{name}: cannot be read: ")), "{name}: {talk}");
        }
    }
    assert!(fs::read_to_string(at("deep/pod.yaml")).unwrap().contains("acr-secret"));
    assert!(at("dangling.yaml").is_symlink() && !at("nothing").exists());
    for (path, status) in
        [("folder.yaml", 3), ("dangling.yaml", 2), ("circle.yaml", 2), ("deep/pod.yaml/x", 2)]
    {
        let output = run(folder.path(), &["check", path]);
        assert_eq!(output.status.code(), Some(status), "{path}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty() || status == 3, "{path}");
    }
}

/// A `.gitignore` does no harm itself: a device does not use memory, and a terminal does not block.
#[test]
fn a_gitignore_that_is_a_link_or_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("real"), "*\n").unwrap();
    let make = |name: &str, target: &str| {
        let inner = folder.path().join(name);
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("pod.yaml"), POD).unwrap();
        symlink(target, inner.join(".gitignore")).unwrap();
    };
    (0..20).for_each(|i| make(&format!("zero{i:02}"), "/dev/zero"));
    make("terminal", "/dev/tty");
    make("link", "../real");
    make("large", "nothing");
    fs::remove_file(folder.path().join("large/.gitignore")).unwrap();
    fs::write(folder.path().join("large/.gitignore"), format!("*\n{}", "#".repeat(64 << 10))).unwrap();
    let output = within(128, folder.path(), &["check", "."], "").output().unwrap();
    let (report, talk) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert!(report.ends_with("23 objects: 0 accepted, 23 mutated, 0 rejected; 0 warnings\n"), "{report}");
    let notes: Vec<&str> = talk.lines().filter(|line| line.contains(".gitignore")).collect();
    let expected = [
        "note: 1 .gitignore file is not used, because it is larger than 64 KiB: ./large/.gitignore",
        "note: 22 .gitignore files are not used, because they are links or not regular files: ./link/.gitignore, \
         ./terminal/.gitignore, ./zero00/.gitignore and 19 more",
    ];
    assert_eq!(notes, expected);
}

/// Files are removed after the folder was listed and before they are read.
#[test]
fn removed_files_are_reported_and_the_rest_is_processed() {
    const FILES: usize = 400;
    for call in ["check", "fix"] {
        let folder = tempfile::tempdir().unwrap();
        let file = |i: usize| folder.path().join(format!("{i:03}.yaml"));
        // With the first words of the first file most of it is still to be done, and then the others: it has more to say
        // than a pipe takes (64 KiB), so the command waits for its reader.
        fs::write(file(0), vec![POD; 1500].join("---\n")).unwrap();
        (1..FILES).for_each(|i| fs::write(file(i), POD).unwrap());
        let mut child = within(512, folder.path(), &[call, "--jobs", "1", "."], "")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let words: &mut dyn Read = if call == "check" { &mut stdout } else { &mut stderr };
        words.read_exact(&mut [0]).unwrap();
        for i in FILES / 2..FILES {
            fs::remove_file(file(i)).unwrap();
        }
        let report = thread::spawn(move || io::read_to_string(stdout).unwrap());
        let talk = io::read_to_string(stderr).unwrap();
        let report = report.join().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(2), "{talk}");
        let errors: Vec<&str> = talk.lines().filter(|line| line.starts_with("error: ")).collect();
        assert!(errors.last().unwrap().contains("/399.yaml: cannot be read"), "{talk}");
        assert!(errors.iter().all(|line| line.contains(".yaml: cannot be read")), "{talk}");
        assert!(errors.iter().all(|line| line.contains("no such file or folder")), "{talk}");
        if call == "check" {
            let objects = 1500 + FILES - 1 - errors.len();
            assert!(
                report.contains(&format!("{objects} objects: 0 accepted, {objects} mutated")),
                "{report}"
            );
        } else {
            assert!(fs::read_to_string(file(FILES / 2 - 1)).unwrap().contains("acr-secret"));
        }
    }
}

#[test]
fn messages_cannot_move_the_cursor() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    fs::write(folder.path().join("config.yaml"), "settings: {\"\\e[31m\": 1}\n").unwrap();
    fs::write(folder.path().join("odd.yaml"), "\"\\e[31m\": 1\n").unwrap();
    for args in [
        &["check", "--config", "config.yaml", "pod.yaml"][..],
        &["check", "--config", "odd.yaml", "pod.yaml"],
        &["check", "--settings", "odd.yaml", "pod.yaml"],
        &["check", "--settings", "none\u{1b}[31m", "pod.yaml"],
        &["check", "--policy", "none\u{1b}[31m", "pod.yaml"],
        &["check", "--config", "none\u{1b}[31m", "pod.yaml"],
        &["check", "none\u{1b}[31m"],
        &["policy", "inspect", "./none\u{1b}[31m"],
    ] {
        let output = run(folder.path(), args);
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {talk}");
        assert!(talk.starts_with("error: ") && !talk.contains('\u{1b}'), "{args:?}: {talk:?}");
    }
}

/// U+202E makes `v1gnp.exe` of `exe.png1v`.
#[test]
fn reports_cannot_reverse_the_text_around_a_value() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), POD.replace("web:v1", "web:\u{202e}v1")).unwrap();
    for format in ["text", "github", "junit", "azure", "markdown"] {
        let output = run(folder.path(), &["check", "-o", format, "pod.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{format}");
        let report = text(&output.stdout);
        assert!(report.contains("202e") && !report.contains('\u{202e}'), "{format}: {report}");
    }
}

/// Arguments, redirections, exit status, and a part of the messages.
#[test]
fn lost_output_is_neither_a_crash_nor_a_success() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    let refused = "{\"mode\": \"validate\"}";
    let closed = "error: standard output is closed, so the result would be lost";
    let full = "standard output cannot be written: no space left on device";
    for (args, redirect, status, told) in [
        (&["check", "pod.yaml"][..], ">&-", 0, ""),
        (&["check", "--settings-json", refused, "pod.yaml"], ">&-", 1, ""),
        (&["check", "none.yaml"], ">&-", 2, "none.yaml: no such file or folder"),
        (&["check", "-"], ">&- </dev/null", 3, ""),
        (&["check", "-"], "<&-", 3, ""),
        (&["check", "-", "-o", "json=/dev/null", "--allow-empty"], "</dev/null", 0, ""),
        (&["check", "pod.yaml"], ">&- 2>&-", 0, ""),
        (&["check", "none.yaml"], "2>&-", 2, ""),
        (&["check", "pod.yaml"], "| head -c 0", 0, ""),
        (&["fix", "-"], "<pod.yaml >&-", 2, closed),
        (&["fix", "-"], "<pod.yaml >&- 2>&-", 2, ""),
        (&["fix", "-"], "<pod.yaml >/dev/null", 0, "fixed Pod default/web"),
        (&["fix", "-"], "<pod.yaml | head -c 0", 0, ""),
        (&["fix", "--diff", "-"], "<pod.yaml >&-", 0, "would fix Pod default/web"),
        (&["fix", "--check", "-"], "<pod.yaml >&-", 1, "would fix Pod default/web"),
        #[cfg(target_os = "linux")]
        (
            &["check", "pod.yaml"],
            ">/dev/full",
            2,
            "the text report cannot be written: no space left on device",
        ),
        #[cfg(target_os = "linux")]
        (&["check", "pod.yaml"], "2>/dev/full", 0, ""),
        #[cfg(target_os = "linux")]
        (&["fix", "-"], "<pod.yaml >/dev/full", 2, full),
        #[cfg(target_os = "linux")]
        (&["man"], ">/dev/full", 2, full),
    ] {
        let output = within(512, folder.path(), args, redirect).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?} {redirect}: {talk}");
        assert!(talk.contains(told), "{args:?} {redirect}: {talk}");
        assert!(!talk.contains("panicked"), "{args:?} {redirect}: {talk}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("pod.yaml")).unwrap(), POD);
}
