//! The commands of docs/rotation.md, as they are in it, with the real kubectl. `az` prints what it was seen to print.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::api_server::ApiServer;
use crate::engines::{json, project, run};

const ID: &str = "11111111-2222-3333-4444-555555555555";
const OLD: &str = "Old8Q~not-a-real-password-of-last-year-x";
const NEW: &str = "New8Q~not-a-real-password-of-this-year-x";
const OLD_END: &str = "2030-01-31T12:00:00Z";
const NEW_END: &str = "2031-01-31T12:00:00Z";

/// What it prints depends on the query, because it selects with `JMESPath`.
fn az() -> String {
    let end = |hint: &str, key: &str, end: &str| json!({"displayName": "rbac", "hint": hint, "keyId": key, "endDateTime": end});
    let both = json!([end("New", "key-new", NEW_END), end("Old", "key-old", OLD_END)]);
    format!(
        "#!/bin/sh\necho \"$*\" >> \"$CALLS\"\ncase $* in\n\
         *'credential list'*keyId*) echo key-old ;;\n\
         *'credential list'*endDateTime*) echo {OLD_END} ;;\n\
         *'credential list'*) echo '{both}' ;;\n\
         *'credential reset'*) echo '{NEW}' ;;\n\
         *'credential delete'*) ;;\n\
         *) exit 9 ;;\nesac\n"
    )
}

/// The shell blocks of the page.
fn blocks() -> Vec<String> {
    let page = fs::read_to_string(project("docs/rotation.md")).unwrap();
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "```sh" {
            blocks
                .push(lines.by_ref().take_while(|line| line.trim() != "```").collect::<Vec<_>>().join("\n"));
        }
    }
    blocks
}

fn login(password: &str) -> Value {
    let args = [
        "secret",
        "--server",
        "contoso.azurecr.io",
        "--username",
        ID,
        "--password-stdin",
        "-n",
        "shop",
        "-o",
        "json",
    ];
    json(&run(&args, password).stdout)
}

/// The cluster before: a secret without an end, what uses it, and the policy.
fn cluster() -> ApiServer {
    let pull = json!([{"name": "acr-secret"}]);
    let spec = json!({"containers": [{"name": "web", "image": "contoso.azurecr.io/web:1"}], "imagePullSecrets": pull});
    let meta = |name: &str| json!({"name": name, "namespace": "shop"});
    let labels = json!({"app": "web"});
    ApiServer::start(&[
        login(OLD),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("default"), "imagePullSecrets": pull}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("web-1"), "spec": spec}),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web"),
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}},
        }),
        json!({
            "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
            "metadata": {"name": "acr-pull-secret-validate"}, "spec": {},
        }),
    ])
}

/// Runs blocks in one shell, and returns what they print, what they say, and the calls of az.
pub(super) fn run_blocks(cluster: &ApiServer, blocks: &[&String]) -> [String; 3] {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let script = |name: &str, text: &str| {
        fs::write(place.join(name), text).unwrap();
        fs::set_permissions(place.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    };
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|folder| folder.join("kubectl")).find(|it| it.exists());
    // There is no schema to validate with.
    let kubectl = format!(
        "#!/bin/sh\ncase $1 in create|apply|replace) set -- \"$@\" --validate=false ;; esac\nexec {} {} \"$@\"\n",
        real.expect("kubectl is on the PATH").display(),
        cluster.option()
    );
    script("kubectl", &kubectl);
    script("az", &az());
    symlink(env!("CARGO_BIN_EXE_acr-pull-secret"), place.join("acr-pull-secret")).unwrap();
    symlink(project("policy").canonicalize().unwrap(), place.join("policy")).unwrap();
    let text: Vec<&str> = blocks.iter().map(|block| block.as_str()).collect();
    let output = Command::new("sh")
        .args(["-euc", &text.join("\n")])
        .current_dir(place)
        .env("PATH", format!("{}:{path}", place.display()))
        .env("APP_ID", ID)
        .env("CALLS", place.join("calls"))
        .env("KUBECONFIG", "/dev/null")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("HOME", place)
        .output()
        .unwrap();
    let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{out}{said}");
    [out, said, read(&place.join("calls"))]
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The password and the end in a secret.
fn password_and_end(cluster: &ApiServer, name: &str) -> Option<(String, String)> {
    let secret = cluster.get(&format!("/api/v1/namespaces/shop/secrets/{name}"))?;
    let config = BASE64_STANDARD.decode(secret["data"][".dockerconfigjson"].as_str()?).unwrap();
    let password = json(&config)["auths"]["contoso.azurecr.io"]["password"].as_str()?.to_owned();
    Some((password, secret["metadata"]["annotations"]["acr-pull-secret/expires"].as_str()?.to_owned()))
}

fn listed(cluster: &ApiServer) -> Value {
    cluster.get("/api/v1/namespaces/shop/serviceaccounts/default").unwrap()["imagePullSecrets"].clone()
}

#[test]
#[ignore = "needs kubectl and jq"]
fn each_step_of_the_rotation_page_runs() {
    let blocks = blocks();
    let [annotate, inventory, pods, begin, end, replace, create, both, group, wait, remove, again] =
        blocks.as_slice()
    else {
        panic!("the page has {} blocks", blocks.len())
    };

    // The same name.
    let cluster_of_one = cluster();
    let [out, said, calls] = run_blocks(&cluster_of_one, &[annotate, inventory, pods]);
    assert!(out.contains(&format!("shop\tacr-secret\t{OLD_END}\t")), "{out}{said}");
    assert!(out.ends_with("shop/acr-secret: Pod shop/web-1\n"), "{out}");
    assert_eq!(calls.lines().count(), 1, "{calls}");
    let [out, said, calls] = run_blocks(&cluster_of_one, &[begin, replace, end]);
    assert_eq!(
        password_and_end(&cluster_of_one, "acr-secret"),
        Some((NEW.to_owned(), NEW_END.to_owned())),
        "{out}{said}"
    );
    assert!(
        calls.ends_with("credential delete --id 11111111-2222-3333-4444-555555555555 --key-id key-old\n"),
        "{calls}"
    );
    assert!(cluster_of_one.get("/api/v1/namespaces/shop/pods/pull-test").is_none());

    // A new name.
    let cluster = cluster();
    let policies = "/apis/policies.kubewarden.io/v1";
    let [out, said, _] = run_blocks(&cluster, &[annotate, begin, create, both, group]);
    assert_eq!(
        password_and_end(&cluster, "acr-secret"),
        Some((OLD.to_owned(), OLD_END.to_owned())),
        "{out}{said}"
    );
    assert_eq!(
        password_and_end(&cluster, "acr-secret-2"),
        Some((NEW.to_owned(), NEW_END.to_owned())),
        "{out}{said}"
    );
    assert_eq!(listed(&cluster), json!([{"name": "acr-secret"}, {"name": "acr-secret-2"}]));
    let restarted = cluster.get("/apis/apps/v1/namespaces/shop/deployments/web").unwrap();
    assert!(restarted["spec"]["template"]["metadata"]["annotations"].is_object(), "{restarted}");
    let group_at = format!("{policies}/clusteradmissionpolicygroups/acr-pull-secret-either-name");
    let policy_at = format!("{policies}/clusteradmissionpolicies/acr-pull-secret-validate");
    assert!(cluster.get(&group_at).is_some() && cluster.get(&policy_at).is_none());
    // Its pod was not replaced, so the step says to wait.
    let [out, ..] = run_blocks(&cluster, &[wait]);
    assert_eq!(out, "Pod shop/web-1\n");
    let [out, said, calls] = run_blocks(&cluster, &[remove, again, begin, end]);
    assert_eq!(listed(&cluster), json!([{"name": "acr-secret-2"}]), "{out}{said}");
    assert_eq!(password_and_end(&cluster, "acr-secret"), None);
    assert!(cluster.get(&group_at).is_none() && cluster.get(&policy_at).is_some());
    assert!(calls.contains("credential delete"), "{calls}");
    for hidden in [OLD, NEW] {
        assert!(!out.contains(hidden) && !said.contains(hidden));
    }
}
