//! A resolver that is silent: the system's lookup of a name cannot be interrupted, and the command ends all the same.
//!
//! The test runs itself once more in namespaces of its own, where the resolver is a socket of the test on loopback.

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::registry::{HOST, READER};
use super::{Call, pod, secret, text};

const INSIDE: &str = "ACR_PULL_SECRET_SILENT_RESOLVER";

#[test]
#[ignore = "needs unshare and ip"]
fn a_resolver_that_is_silent_keeps_no_one_waiting() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let folder = tempfile::tempdir().unwrap();
    let resolver = folder.path().join("resolv.conf");
    std::fs::write(&resolver, "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n").unwrap();
    let script = "ip link set lo up && mount --bind \"$1\" \"$(readlink -f /etc/resolv.conf)\" && exec \"$2\" --ignored --exact \
                  asking::silence::a_resolver_that_is_silent_keeps_no_one_waiting --nocapture";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "--net", "sh", "-c", script, "sh"])
        .arg(resolver)
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, "1")
        .output()
        .expect("unshare runs");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

fn inside() {
    let resolver = UdpSocket::bind("127.0.0.1:53").unwrap();
    resolver.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let image = format!("{HOST}/shop/web:v1");
    let call = Call::of(Vec::new(), &[pod("web", &image, &["acr"]), secret("acr", &[(HOST, READER)])]);
    let explain =
        ["explain", "--pull", &image, "--cluster", "all.yaml", "-n", "shop", "--pull-secret", "acr"];
    for (args, limit, is_interrupted, status) in [
        (&["check", "--pull", "all.yaml"][..], "5m", true, 2),
        (&explain, "5m", true, 2),
        (&["check", "--pull", "all.yaml"], "1s", false, 0),
    ] {
        // The one before has asked for addresses of both families.
        resolver.set_nonblocking(true).unwrap();
        while resolver.recv(&mut [0; 512]).is_ok() {}
        resolver.set_nonblocking(false).unwrap();
        let mut command = call.command(&[args, &["--pull-timeout", limit]].concat());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        resolver.recv(&mut [0; 512]).expect("the command asks the resolver");
        std::thread::sleep(Duration::from_millis(300));
        let started = Instant::now();
        if is_interrupted {
            kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let (elapsed, said) = (started.elapsed(), text(&output.stderr));
        assert!(elapsed < Duration::from_secs(5), "{elapsed:?}: {said}");
        assert_eq!(
            (output.status.code(), said.contains("interrupted")),
            (Some(status), is_interrupted),
            "{said}"
        );
    }
}
