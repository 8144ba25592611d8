//! Blocks of shell in documents: a shell can read them, and kubectl takes its calls. Calls of our own command are in `calls`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::calls::{commands, shell_lines};
use super::documents;

/// The blocks of shell in a document, with the number of their first line.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line.trim()) {
            (None, "```sh") => open = Some((i + 2, String::new())),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, block)), _) => block.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    blocks
}

fn run(program: &str, arguments: &[&str], folder: &Path, input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("KUBECONFIG", "/dev/null");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that does not read its input closes it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn every_block_of_shell_is_one_that_a_shell_can_read() {
    let (mut count, mut problems) = (0, Vec::new());
    for document in documents() {
        for (line, block) in blocks(&fs::read_to_string(&document).unwrap()) {
            count += 1;
            let output = run("sh", &["-n"], Path::new("."), &block);
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                problems.push(format!("{}:{line}: {said}", document.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(count > 30, "only {count} blocks");
    let broken = run("sh", &["-n"], Path::new("."), "echo 'a\n");
    assert!(!broken.status.success(), "a quote that is not closed");
}

/// Without a cluster: what creates an object prints it instead, and all other calls end where no server answers.
#[test]
#[ignore = "needs kubectl"]
fn kubectl_takes_every_call_of_it_in_a_document() {
    const REFUSALS: [&str; 7] = [
        "unknown flag",
        "unknown shorthand",
        "unknown command",
        "flag needs",
        "invalid argument",
        "See 'kubectl",
        "must specify",
    ];
    // Commands of plugins are not kubectl's own.
    const PLUGINS: [&str; 2] = ["acr-pull-secret", "krew"];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("verification.yaml"), "apiVersion: v1\n").unwrap();
    let (mut count, mut printed, mut problems) = (0, 0, Vec::new());
    for document in documents() {
        for (line, text) in shell_lines(&fs::read_to_string(&document).unwrap()) {
            let of_kubectl =
                |words: &&Vec<String>| words[0] == "kubectl" && !PLUGINS.contains(&words[1].as_str());
            for words in commands(&text).iter().filter(of_kubectl) {
                let mut arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
                let creates = arguments[0] == "create" && !arguments.contains(&"-f");
                if creates {
                    arguments.extend(["--dry-run=client", "-o", "yaml"]);
                }
                arguments.push("--server=http://127.0.0.1:1");
                let output = run("kubectl", &arguments, folder.path(), "");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let is_refused = REFUSALS.iter().any(|refusal| said.contains(refusal));
                if is_refused || (creates && !output.status.success()) {
                    problems.push(format!("{}:{line}: {arguments:?}: {said}", document.display()));
                }
                count += 1;
                printed += usize::from(output.status.success());
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(count > 30 && printed > 0, "{count} calls, of which {printed} succeeded");
    let wrong = run("kubectl", &["get", "pods", "--all-namespace"], folder.path(), "");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains(REFUSALS[0]), "{wrong:?}");
}
