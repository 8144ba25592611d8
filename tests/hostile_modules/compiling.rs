//! Modules that cost far more to compile than their size suggests: the command ends that within its limits.
#![cfg(target_os = "linux")]

use super::*;

fn leb(mut number: usize, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

fn section(id: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(id);
    leb(content.len(), out);
    out.extend_from_slice(content);
}

/// A policy whose only function has these locals and this body.
fn function(locals: usize, body: &[u8]) -> Vec<u8> {
    let mut code = vec![1];
    leb(locals, &mut code);
    code.push(0x7f);
    code.extend_from_slice(body);
    code.push(0x0b);
    let mut functions = vec![1];
    leb(code.len(), &mut functions);
    functions.extend_from_slice(&code);
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    section(1, b"\x01\x60\x02\x7f\x7f\x01\x7f", &mut wasm);
    section(3, b"\x01\0", &mut wasm);
    section(5, b"\x01\0\x01", &mut wasm);
    section(7, b"\x02\x0c__guest_call\0\0\x06memory\x02\0", &mut wasm);
    section(10, &functions, &mut wasm);
    wasm
}

/// Blocks in blocks, each left early: 400 KB.
fn nested() -> Vec<u8> {
    const BLOCKS: usize = 60_000;
    function(0, &[&b"\x02\x40".repeat(BLOCKS)[..], &b"\x20\0\x0d\0\x0b".repeat(BLOCKS), b"\x41\x01"].concat())
}

/// Many variables over many branches: 300 KB.
fn variables() -> Vec<u8> {
    const LOCALS: usize = 2000;
    let mut body = Vec::new();
    for i in 0..30_000 {
        body.extend_from_slice(b"\x20\0\x04\x40\x20");
        leb(2 + i * 7 % LOCALS, &mut body);
        body.push(0x21);
        leb(2 + (i * 13 + 1) % LOCALS, &mut body);
        body.push(0x0b);
    }
    body.extend_from_slice(b"\x20\x02");
    function(LOCALS, &body)
}

#[test]
fn a_module_that_costs_too_much_to_compile_is_refused_within_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), pod("web")).unwrap();
    for (module, options, said, help) in [
        (
            nested(),
            ["--policy-timeout", "1", "--policy-memory", "4Gi"],
            "takes longer than 3 s",
            "raise --policy-timeout",
        ),
        (
            variables(),
            ["--policy-timeout", "10m", "--policy-memory", "16Mi"],
            "needs more than ",
            "raise --policy-memory",
        ),
    ] {
        std::fs::write(folder.path().join("policy.wasm"), module).unwrap();
        let mut check = command(&["check", "--policy", "policy.wasm", "pod.yaml"]);
        let output = check.args(options).current_dir(folder.path()).output().unwrap();
        let talk = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{talk}");
        let reason = format!("error: policy.wasm: compiling this module {said}");
        assert!(talk.starts_with(&reason) && talk.contains(help), "{talk}");
    }
}

/// As above, of a policy that accepts everything: 3 MB of ordinary functions.
fn large() -> Vec<u8> {
    const FUNCTIONS: usize = 6000;
    let mut body = String::new();
    for number in 0..60 {
        let _ = write!(
            body,
            "(local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 0x{number}7654)) (local.get 1)))"
        );
    }
    let functions = format!("(func (param i32 i32) (result i32) {body} (local.get 0))").repeat(FUNCTIONS);
    module(&format!(
        r#"{functions} (func (export "__guest_call") (param i32 i32) (result i32)
             (call $answer (i32.const 0) (i32.const 30)) (i32.const 1))"#
    ))
}

#[test]
fn a_large_module_of_ordinary_functions_compiles_within_the_default_limits() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pod.yaml"), pod("web")).unwrap();
    let wasm = large();
    assert!(wasm.len() > 3 << 20, "{}", wasm.len());
    std::fs::write(folder.path().join("policy.wasm"), wasm).unwrap();
    let args = ["check", "--settings-json", "{}", "--policy", "policy.wasm", "pod.yaml"];
    let output = command(&args).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// The processes that a process has started.
fn children(process: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    children.flat_map(|all| all.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn an_interrupt_while_a_module_is_compiled_leaves_no_process_and_no_file() {
    use std::os::unix::process::ExitStatusExt as _;

    use rustix::process::{Pid, Signal, kill_process};

    let wait_until = |what: &str, is_so: &mut dyn FnMut() -> bool| {
        let is_over = (0..6000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            is_so()
        });
        assert!(is_over, "{what}");
    };
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pod.yaml"), pod("web")).unwrap();
        std::fs::write(folder.path().join("policy.wasm"), nested()).unwrap();
        let args = [
            "fix",
            "--policy",
            "policy.wasm",
            "--policy-timeout",
            "10m",
            "--policy-memory",
            "4Gi",
            "pod.yaml",
        ];
        let mut child = command(&args).current_dir(folder.path()).spawn().unwrap();
        let mut compilers = Vec::new();
        wait_until("it compiles", &mut || {
            compilers = children(child.id());
            !compilers.is_empty()
        });
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        // A process that has ended, although its parent has not waited for it, uses nothing any more.
        wait_until("the compiler ends", &mut || {
            compilers.iter().all(|compiler| {
                let state = std::fs::read_to_string(format!("/proc/{compiler}/stat")).unwrap_or_default();
                !state.contains(") R") && !state.contains(") S") && !state.contains(") D")
            })
        });
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["pod.yaml", "policy.wasm"]);
    }
}
