//! The engines that must agree: the core itself, the policy.wasm in our host, and the policy.wasm in an independent host.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, LazyLock};

use acr_pull_secret::sandbox::{Compiler, EMBEDDED, HostCalls, Limits, Policy};
use policy_core::host_cluster::HostCluster;
use serde_json::Value;
use wapc::WapcHost;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

pub(crate) static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here).expect("the embedded policy loads")
});

/// What policy-server is built on.
static INDEPENDENT: LazyLock<WasmtimeEngineProviderPre> = LazyLock::new(|| {
    WasmtimeEngineProviderBuilder::new()
        .module_bytes(EMBEDDED)
        .build_pre()
        .expect("wasmtime-provider loads the policy")
});

/// The answer of the core, compiled for this machine.
pub(crate) fn native(payload: &[u8], host: &dyn HostCalls) -> Vec<u8> {
    native_answer("validate", payload, host)
}

/// The core's answer to an operation.
pub(crate) fn native_answer(operation: &str, payload: &[u8], host: &dyn HostCalls) -> Vec<u8> {
    let cluster = HostCluster {
        get_resource: |request: &[u8]| host.call("kubewarden", "kubernetes", "get_resource", request),
        now: || std::time::UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs()),
    };
    match operation {
        "explain" => policy_core::operations::explain(payload, &cluster),
        "findings" => policy_core::operations::findings(),
        _ => policy_core::operations::validate(payload, &cluster),
    }
}

/// The answer of the policy.wasm in our host.
pub(crate) fn our_host(operation: &str, payload: &[u8], host: Arc<dyn HostCalls>) -> Vec<u8> {
    POLICY.call(operation, payload, host).unwrap_or_else(|error| panic!("our host: {error}"))
}

/// The answer of the policy.wasm in an independent host, a fresh instance as in policy-server.
pub(crate) fn independent_host(operation: &str, payload: &[u8], host: Arc<dyn HostCalls>) -> Vec<u8> {
    let provider = INDEPENDENT.rehydrate(None).expect("an instance");
    let callback = move |_: u64, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
        host.call(binding, namespace, operation, payload).map_err(Into::into)
    };
    let guest = WapcHost::new(Box::new(provider), Some(Box::new(callback))).expect("the policy starts");
    guest.call(operation, payload).unwrap_or_else(|error| panic!("independent host: {error}"))
}

/// JSON of an answer.
pub(crate) fn json(answer: &[u8]) -> Value {
    serde_json::from_slice(answer).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(answer)))
}

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The command, in the project's folder. Without settings of their own, `check` and `fix` use the policy's defaults here, so
/// that they give the policy's decisions, which the cases state.
pub(crate) fn command(args: &[&str]) -> Command {
    let has_settings =
        args.iter().any(|arg| arg.starts_with("--settings") || ["--policy", "--config"].contains(arg));
    let takes_settings = matches!(args.first(), Some(&("check" | "fix"))) && !has_settings;
    let defaults = ["--settings-json", "{}"];
    command_alone(&[args, if takes_settings { &defaults } else { &[] }].concat())
}

/// Variables of the server that runs these tests, by which paths in reports start in its checkout.
pub(crate) const CHECKOUTS: [&str; 4] =
    ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY", "WORKSPACE"];

/// The command with these arguments and no others, in the project's folder.
pub(crate) fn command_alone(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acr-pull-secret"));
    command.args(args).current_dir(project("")).env_remove("NO_COLOR").stdin(Stdio::null());
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    for variable in CHECKOUTS.into_iter().chain(["JENKINS_URL"]) {
        command.env_remove(variable);
    }
    command
}

/// The command's output, given some input.
pub(crate) fn run(args: &[&str], input: &str) -> Output {
    run_bytes(args, input.as_bytes())
}

/// The command's output, given input that need not be UTF-8.
pub(crate) fn run_bytes(args: &[&str], input: &[u8]) -> Output {
    let mut command = command(args);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A command that does not need its input may end before all is written.
        let _ = std::io::Write::write_all(&mut stdin, &input);
    });
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("the writer ends");
    output
}
