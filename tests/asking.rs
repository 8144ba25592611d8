//! `--pull`: registries are asked as the kubelet asks them. Nothing here leaves this machine.

mod answers;
mod call;
mod hostile;
mod hub;
mod real;
pub(crate) mod registry;
#[cfg(target_os = "linux")]
mod silence;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::registry::front::{Act, Front};
use call::{Call, one, pod, secret, text};
use registry::{
    HOST, LIMITED, READER, REVOKED, Registry, digest, image, index, manifest, reply_with, reply_with_manifest,
};

#[test]
fn each_answer_of_a_registry_is_told() {
    let registry = Registry::start();
    let by_digest = format!("shop/web@{}", digest(&manifest()));
    let absent_digest = format!("shop/web@sha256:{}", "0".repeat(64));
    for (image, login, result, (attempt, answer), rules, status) in [
        ("shop/web:v1", READER, "pulled", ("pulled", "pulled as sha256:"), &[][..], 0),
        (by_digest.as_str(), READER, "pulled", ("pulled", "pulled as sha256:"), &[], 0),
        ("shop/web:v1", LIMITED, "pulled", ("pulled", "pulled as sha256:"), &[], 0),
        ("shop/web:v1", REVOKED, "denied", ("unauthorized", "401: wrong or revoked"), &["pull-denied"], 1),
        ("shop/secret:v1", LIMITED, "denied", ("denied", "403: no permission"), &["pull-denied"], 1),
        ("shop/web:gone", READER, "not-found", ("not-found", "404: no such"), &["image-not-found"], 1),
        (absent_digest.as_str(), READER, "not-found", ("not-found", "404: no such"), &["image-not-found"], 1),
        ("shop/arm:v1", READER, "no-platform", ("pulled", "pulled as sha256:"), &["image-not-found"], 1),
    ] {
        let checked = one(&registry, image, login).check(&[]);
        assert_eq!(checked.result(), result, "{image}: {}", checked.report);
        assert_eq!(checked.images()[0]["attempts"][0]["result"], attempt, "{image}: {}", checked.report);
        assert!(checked.answers()[0].starts_with(answer), "{image}: {:?}", checked.answers());
        assert_eq!(
            (checked.rules().as_slice(), checked.status),
            (rules, Some(status)),
            "{image}: {}",
            checked.talk
        );
        for finding in checked.findings() {
            let [message, help] = ["message", "help"].map(|field| finding[field].as_str().unwrap());
            assert!(message.len() < 256 && !message.contains(';') && !help.is_empty(), "{finding}");
            assert_eq!(
                (&finding["pointer"], &finding["line"]),
                (&json!("/spec/containers/0/image"), &json!(1))
            );
        }
        if result == "not-found" {
            let list = if image.contains('@') {
                "see the digests: az acr manifest list-metadata -r "
            } else {
                "see the tags: az acr repository show-tags -n "
            };
            let help = checked.images()[0]["help"].as_str().unwrap();
            assert!(help.starts_with(list), "{image}: {help}");
        }
        let has_digest = checked.images()[0].get("digest").is_some();
        assert_eq!(has_digest, answer.starts_with("pulled"), "{image}");
    }
}

#[test]
fn the_platform_is_that_of_the_option_or_of_the_nodes() {
    let registry = Registry::start();
    let name = registry.name();
    let mut arm = pod("arm", &format!("{name}/shop/arm:v1"), &["acr"]);
    let secret = secret("acr", &[(&name, READER)]);
    let result = |pod: &Value, more: &[&str]| {
        let checked = Call::new(&registry, &[pod.clone(), secret.clone()]).check(more);
        let image = checked.images()[0].clone();
        assert_eq!(
            (&image["digest"], &image["platforms"]),
            (&json!(digest(&index())), &json!(["linux/arm64"]))
        );
        image["result"].as_str().unwrap().to_owned()
    };
    assert_eq!(result(&arm, &[]), "no-platform");
    assert_eq!(result(&arm, &["--platform", "linux/arm64"]), "pulled");
    arm["spec"]["nodeSelector"] = json!({"kubernetes.io/arch": "arm64"});
    assert_eq!(result(&arm, &[]), "pulled");
}

#[test]
fn credentials_are_tried_in_the_kubelets_order_until_one_succeeds() {
    let registry = Registry::start();
    let name = registry.name();
    let image = format!("{name}/shop/web:v1");
    let (deep, host) = (format!("{name}/shop/web"), name.clone());
    let secrets = [secret("good", &[(&host, READER)]), secret("old", &[(&deep, REVOKED)])];
    let all = [vec![pod("web", &image, &["good", "old"])], secrets.to_vec()].concat();
    let checked = Call::new(&registry, &all).check(&[]);
    assert_eq!(checked.result(), "pulled");
    let attempts = &checked.images()[0]["attempts"];
    assert_eq!([&attempts[0]["secret"], &attempts[1]["secret"]], ["old", "good"], "the longer key is first");
    assert_eq!(checked.rules(), [""; 0]);

    // The one that works comes first, so the other is not sent.
    let before = registry.count("GET", "/oauth2/token");
    let secrets = [secret("good", &[(&deep, READER)]), secret("old", &[(&host, REVOKED)])];
    let all = [vec![pod("web", &image, &["old", "good"])], secrets.to_vec()].concat();
    let checked = Call::new(&registry, &all).check(&[]);
    assert_eq!((checked.result(), checked.answers().len()), ("pulled", 1));
    assert_eq!(registry.count("GET", "/oauth2/token"), before + 1);
}

#[test]
fn a_thousand_pods_of_fifty_images_cost_fifty_requests() {
    let registry = Registry::start();
    let name = registry.name();
    let mut all = vec![secret("acr", &[(&name, READER)])];
    for i in 0..1000 {
        let (repository, tag) = (i % 50 / 5, i % 5);
        all.push(pod(&format!("p{i}"), &format!("{name}/shop/r{repository}:v{tag}"), &["acr"]));
    }
    let checked = Call::new(&registry, &all).check(&[]);
    assert_eq!((checked.images().len(), checked.status), (1000, Some(0)), "{}", checked.talk);
    assert!(checked.images().iter().all(|image| image["digest"] == digest(&manifest()).as_str()));
    assert_eq!(registry.count("HEAD", "/manifests/"), 50);
    assert_eq!(registry.count("GET", "/manifests/"), 0);
    assert_eq!(registry.count("GET", "/oauth2/token"), 10, "one token for each repository and credential");
    assert_eq!(registry.count("GET", "/v2/"), 1, "one challenge");
    assert!(
        checked.talk.contains("asked the registries about 50 images: 50 can be pulled"),
        "{}",
        checked.talk
    );
}

#[test]
fn explain_prints_digest_size_and_platforms() {
    let registry = Registry::start();
    let name = registry.name();
    let call = Call::new(&registry, &[secret("acr-secret", &[(&name, READER)])]);
    let cluster = ["--cluster", "all.yaml", "-n", "shop", "--pull-secret", "acr-secret"];
    for (reference, digest, platform) in [
        ("shop/web:v1", digest(&manifest()), "linux/amd64"),
        ("shop/arm:v1", digest(&index()), "linux/arm64"),
    ] {
        let reference = format!("{name}/{reference}");
        let platform_option = ["--platform", platform];
        let args = [&["explain", "--pull", &reference], &cluster[..], &platform_option].concat();
        let output = call.run(&args);
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        for part in [
            format!("asked       1. key {name} of secret acr-secret: pulled as {digest}"),
            "pull        the image can be pulled".to_owned(),
            format!("digest      {digest}"),
            format!("size        {} B compressed", image().iter().map(String::len).sum::<usize>()),
            format!("platforms   {platform}"),
        ] {
            assert!(shown.contains(&part), "{part}: {shown}");
        }
        let output = call.run(&[&args[..], &["-o", "json"]].concat());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer[0]["pull"]["digest"], digest.as_str());
        assert_eq!(answer[0]["pull"]["platforms"], json!([platform]));
    }
}

/// A Secret that is not among the inputs could have the credential that works.
#[test]
fn what_is_not_among_the_inputs_is_not_known() {
    let registry = Registry::start();
    let name = registry.name();
    let image = format!("{name}/shop/web:v1");
    let revoked = secret("old", &[(&name, REVOKED)]);
    for (manifests, asked) in [
        (vec![pod("web", &image, &["elsewhere"])], 0),
        (vec![pod("web", &image, &["old", "elsewhere"]), revoked.clone()], 1),
        (vec![pod("web", &image, &[])], 1),
    ] {
        let checked = Call::new(&registry, &manifests).check(&[]);
        assert_eq!((checked.result(), checked.rules().len()), ("unknown", 0), "{}", checked.report);
        assert_eq!(checked.images()[0]["attempts"].as_array().unwrap().len(), asked, "{}", checked.report);
    }
    // The settings say that the image needs a pull secret, so no node has an identity for it.
    let settings =
        json!({"mode": "validate", "pullSecrets": [{"registries": [&name], "secret": "acr"}]}).to_string();
    let bare = Call::new(&registry, &[pod("web", &image, &[])]);
    let complete = bare.check(&["--complete", "--settings-json", &settings]);
    assert_eq!((complete.result(), complete.rules().as_slice()), ("denied", &["pull-denied"][..]));
    // The tag does not exist, whatever other credentials there are.
    let gone = [
        pod("web", &format!("{name}/shop/web:gone"), &["acr", "elsewhere"]),
        secret("acr", &[(&name, READER)]),
    ];
    assert_eq!(Call::new(&registry, &gone).check(&[]).rules(), ["image-not-found"]);
}

#[test]
fn only_secrets_among_the_inputs_are_used_unless_a_docker_config_is_named() {
    let registry = Registry::start();
    let name = registry.name();
    let call = one(&registry, "shop/web:v1", REVOKED);
    let login = STANDARD.encode(format!("{}:{}", READER.0, READER.1));
    let config = json!({"auths": {name: {"auth": login}}}).to_string();
    std::fs::write(call.path("config.json"), config).unwrap();
    assert_eq!(call.check(&[]).result(), "denied", "DOCKER_CONFIG is not read");
    let checked = call.check(&["--docker-config", "config.json"]);
    assert_eq!((checked.result(), checked.answers().len()), ("pulled", 2));

    let refused = call.run(&["check", "--pull", "--docker-config", "all.yaml", "all.yaml"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("error: all.yaml: it is not JSON"), "{}", text(&refused.stderr));
}

#[test]
fn a_template_is_asked_about_as_its_pods_are() {
    let registry = Registry::start();
    let name = registry.name();
    let pod = pod("web", &format!("{name}/shop/web:gone"), &[]);
    let mut deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}}},
    });
    deployment["spec"]["template"]["spec"] = pod["spec"].clone();
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"},
        "imagePullSecrets": [{"name": "acr"}],
    });
    let all = [deployment, account, secret("acr", &[(&name, READER)])];
    let checked = Call::new(&registry, &all).check(&[]);
    assert_eq!(
        checked.report["results"][0]["pods"][0]["images"][0]["result"], "not-found",
        "{}",
        checked.report
    );
    assert_eq!(checked.report["results"][0]["decision"], "rejected");
    assert_eq!(checked.rules(), ["image-not-found"]);

    // Settings that change templates see only those.
    let settings = json!({
        "mode": "mutate", "targets": ["PodTemplate"], "cluster": {"serviceAccounts": true},
        "pullSecrets": [{"registries": [&name], "secret": "acr"}],
    });
    let checked = Call::new(&registry, &all).check(&["--settings-json", &settings.to_string()]);
    assert_eq!(checked.rules(), ["image-not-found"], "{}", checked.report);
}

#[test]
fn every_format_shows_what_registries_say() {
    let registry = Registry::start();
    for (format, parts) in [
        ("text", &["error[image-not-found]: ", " = help: "][..]),
        ("json", &["\"rule\":\"image-not-found\"", "\"result\":\"not-found\""]),
        ("sarif", &["\"ruleId\":\"image-not-found\"", "docs/rules/image-not-found.md"]),
        ("junit", &["image-not-found"]),
        ("github", &["image-not-found"]),
        ("azure", &["code=image-not-found;"]),
        ("gitlab", &["\"check_name\":\"image-not-found\""]),
        ("markdown", &["| error |", "`image-not-found`"]),
    ] {
        let output =
            one(&registry, "shop/web:gone", READER).run(&["check", "--pull", "all.yaml", "-o", format]);
        let report = text(&output.stdout).replace("\": ", "\":");
        for part in parts {
            let part = part.replace("\": ", "\":");
            assert!(
                report.contains(&part) || report.contains(&part.replace(": ", ":")),
                "{format}, {part}: {report}"
            );
        }
        assert_eq!(output.status.code(), Some(1), "{format}");
    }
    let explained = one(&registry, "shop/web:v1", READER).run(&["explain", "--pull", "pull-denied"]);
    assert!(text(&explained.stdout).contains("ImagePullBackOff"), "{}", text(&explained.stderr));
}

#[test]
fn a_slow_registry_costs_one_time_limit() {
    let registry = Registry::with(|head| {
        head.path.contains("/manifests/").then(|| {
            Act::Answer(Box::new(|_| {
                std::thread::sleep(Duration::from_secs(30));
                String::new()
            }))
        })
    });
    let name = registry.name();
    let mut all = vec![secret("acr", &[(&name, READER)])];
    all.extend((0..20).map(|i| pod(&format!("p{i}"), &format!("{name}/shop/web:v{i}"), &["acr"])));
    let started = Instant::now();
    let checked = Call::new(&registry, &all).check(&["--pull-timeout", "1s"]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(checked.rules(), ["registry-unreachable"; 20]);
    assert_eq!(registry.count("HEAD", "/manifests/"), 1, "the others are not asked for");
    assert_eq!(checked.status, Some(0), "a warning");
}

#[test]
fn a_busy_registry_is_asked_again_after_the_time_that_it_asks_for() {
    for (wait, result, least) in [("1", "pulled", 1), ("3600", "unreachable", 0)] {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let registry = Registry::with(move |head| {
            let is_first = head.path.contains("/manifests/")
                && asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            is_first
                .then(|| reply_with(head, "429 Too Many Requests", &format!("Retry-After: {wait}\r\n"), ""))
        });
        let started = Instant::now();
        let checked = one(&registry, "shop/web:v1", READER).check(&[]);
        assert_eq!(checked.result(), result, "{}", checked.report);
        let elapsed = started.elapsed().as_secs();
        assert!((least..60).contains(&elapsed), "{elapsed}");
    }
}

#[test]
fn a_registry_that_is_not_reached_is_a_warning_with_the_reason() {
    let registry = Registry::start();
    let firewall = Registry::with(|head| {
        let message = "client with IP '203.0.113.9' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.";
        let body = json!({"errors": [{"code": "DENIED", "message": message}]}).to_string();
        (head.path.starts_with("/oauth2") || head.path == "/v2/")
            .then(|| reply_with(head, "403 Forbidden", "", &body))
    });
    let closed = crate::registry::server::free_port();
    let finding = |call: &Call| {
        let checked = call.check(&[]);
        assert_eq!(
            (checked.rules().as_slice(), checked.status),
            (&["registry-unreachable"][..], Some(0)),
            "{}",
            checked.report
        );
        let finding = checked.findings()[0].clone();
        let words = ["message", "help"].map(|field| finding[field].as_str().unwrap().to_owned());
        words.join(" | ")
    };
    let refused = finding(&one(&firewall, "shop/web:v1", READER));
    assert!(
        refused.contains("firewall of contoso.azurecr.io") && refused.contains("203.0.113.9"),
        "{refused}"
    );

    let mut untrusted = one(&registry, "shop/web:v1", READER);
    untrusted.options.drain(..2);
    let refused = finding(&untrusted);
    assert!(refused.contains("is not trusted") && refused.contains("--ca-file"), "{refused}");

    let name = format!("{HOST}:{closed}");
    let manifests = [pod("web", &format!("{name}/shop/web:v1"), &["acr"]), secret("acr", &[(&name, READER)])];
    let call = Call::new(&registry, &manifests).with(&["--resolve", &format!("{name}:127.0.0.1")]);
    let refused = finding(&call);
    assert!(refused.contains("cannot connect") && refused.contains("--resolve"), "{refused}");

    let mut proxied = one(&registry, "shop/web:v1", READER);
    proxied.variables = vec![("HTTPS_PROXY".to_owned(), format!("http://127.0.0.1:{closed}"))];
    let refused = finding(&proxied);
    assert!(refused.contains("cannot connect") && refused.contains("HTTPS_PROXY"), "{refused}");
}

/// A registry of another kind, which the settings name, over plain http and with passwords.
#[test]
fn another_registry_is_asked_where_the_settings_name_it() {
    let authorized = format!("Basic {}", STANDARD.encode(format!("{}:{}", READER.0, READER.1)));
    let front = Front::start(0, None, move |head| {
        if head.header("authorization") == Some(&authorized) {
            return reply_with_manifest(head, &manifest());
        }
        reply_with(head, "401 Unauthorized", "Www-Authenticate: Basic realm=\"x\"\r\n", "")
    });
    let registry = Registry::start();
    let name = format!("registry.example:{}", front.port);
    let settings = json!({
        "mode": "validate", "registrySuffixes": ["registry.example"], "cluster": {"secrets": "credentials"},
        "pullSecrets": [{"registries": [&name], "secret": "local"}],
    })
    .to_string();
    let call = Call::new(
        &registry,
        &[pod("web", &format!("{name}/web:v1"), &["local"]), secret("local", &[(&name, READER)])],
    )
    .with(&["--resolve", &format!("{name}:127.0.0.1")]);
    let without = call.check(&["--settings-json", &settings]);
    assert_eq!(without.rules(), ["registry-unreachable"], "{}", without.report);
    assert!(front.seen().is_empty(), "nothing is sent without TLS");
    let checked = call.check(&["--settings-json", &settings, "--insecure", &name]);
    assert_eq!(checked.result(), "pulled", "{} {}", checked.report, checked.talk);
    // Images that the policy does not apply to are not asked for.
    let before = front.seen().len();
    let checked = call.check(&["--insecure", &name]);
    assert!(checked.images().is_empty() && front.seen().len() == before, "{}", checked.report);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_asking_and_reports_what_is_known() {
    use rustix::process::{Pid, Signal, kill_process};

    let registry = Registry::with(|head| {
        head.path.contains("slow/manifests/").then(|| {
            Act::Answer(Box::new(|_| {
                std::thread::sleep(Duration::from_mins(1));
                String::new()
            }))
        })
    });
    let name = registry.name();
    let all = [
        secret("acr", &[(&name, READER)]),
        pod("fast", &format!("{name}/fast:gone"), &["acr"]),
        pod("slow", &format!("{name}/slow:v1"), &["acr"]),
    ];
    let call = Call::new(&registry, &all);
    let mut command = call.command(&["check", "--pull", "all.yaml", "--pull-timeout", "60s"]);
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while registry.count("HEAD", "/slow/manifests/") == 0 || registry.count("HEAD", "/fast/manifests/") == 0 {
        assert!(started.elapsed() < Duration::from_mins(1), "the registry is not asked");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let started = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let (shown, said) = (text(&output.stdout), text(&output.stderr));
    assert!(started.elapsed() < Duration::from_secs(20), "{said}");
    assert!(shown.contains("error[image-not-found]"), "{shown}{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(output.status.code(), Some(2), "{said}");
}

#[test]
fn options_of_pull_need_it_and_exclude_others() {
    let registry = Registry::start();
    let call = one(&registry, "shop/web:v1", READER);
    let refused: BTreeSet<Option<i32>> = [
        &["check", "all.yaml"][..],
        &["check", "--pull", "--watch", "all.yaml"],
        &["check", "--pull", "--operation", "DELETE", "all.yaml"],
        &["check", "--pull", "--platform", "linux", "all.yaml"],
        &["check", "--pull", "--resolve", "contoso.azurecr.io:443", "all.yaml"],
    ]
    .iter()
    .map(|args| call.run(args).status.code())
    .collect();
    assert_eq!(refused, BTreeSet::from([Some(2)]));
    assert!(registry.seen().is_empty());
}
