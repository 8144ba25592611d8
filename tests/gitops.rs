//! The plugin files for Helm and Argo CD are calls of the command that do what the pages say.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::engines::{command_alone, project, run};

/// The only document of a file.
fn document(path: &str) -> Value {
    let text = fs::read_to_string(project(path)).unwrap();
    let (documents, error) = review::yaml::documents(&text);
    let [document] = documents.as_slice() else { panic!("{path}: {error:?}") };
    document.value.clone()
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// `PATH` with the command's folder before it.
fn path_with_command(more: &Path) -> String {
    let bin = PathBuf::from(command_alone(&[]).get_program());
    let path = std::env::var("PATH").unwrap();
    format!("{}:{}:{path}", bin.parent().unwrap().display(), more.display())
}

/// Helm gives what it rendered to the plugin's command, and applies what that writes.
#[test]
fn the_plugin_of_helm_adds_pull_secrets_and_lets_other_charts_pass() {
    let plugin = document("docs/integrations/helm-plugin/plugin.yaml");
    for (field, value) in [("apiVersion", "v1"), ("type", "postrenderer/v1"), ("runtime", "subprocess")] {
        assert_eq!(plugin[field], value, "{field}");
    }
    assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"));
    let call = &plugin["runtimeConfig"]["platformCommand"][0];
    assert_eq!(call["command"], "acr-pull-secret");
    let args = words(&call["args"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let pod = "---\n# Source: shop/templates/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  \
               - name: web\n    image: contoso.azurecr.io/web:v1\n";
    let map =
        "---\n# Source: shop/templates/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n";
    let fixed = pod.replace("spec:\n", "spec:\n  imagePullSecrets:\n  - name: acr-secret\n");
    for (rendered, applied) in [
        (pod.to_owned(), fixed.clone()),
        ([map, pod].concat(), [map, &fixed].concat()),
        (map.to_owned(), map.to_owned()),
        (
            "---\n# Source: shop/templates/none.yaml\n".to_owned(),
            "---\n# Source: shop/templates/none.yaml\n".to_owned(),
        ),
        (String::new(), String::new()),
    ] {
        let output = run(&args, &rendered);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), applied);
    }
}

/// Settings under which the secret depends on the namespace.
const BY_NAMESPACE: &str = r#"{"pullSecrets": [
    {"registries": ["contoso.azurecr.io"], "namespaces": ["shop"], "secret": "shop-secret"},
    {"registries": ["contoso.azurecr.io"], "secret": "acr-secret"}]}"#;

/// A chart renders pods without a namespace, and Helm passes none to a post-renderer.
#[test]
fn each_call_of_the_page_of_helm_names_the_namespace_of_the_release() {
    let page = fs::read_to_string(project("docs/helm.md")).unwrap().replace("\\\n", " ");
    let plugin = document("docs/integrations/helm-plugin/plugin.yaml");
    let plugin = words(&plugin["runtimeConfig"]["platformCommand"][0]["args"]);
    let settings = tempfile::tempdir().unwrap();
    let file = settings.path().join("settings.yaml");
    fs::write(&file, BY_NAMESPACE).unwrap();
    let file = file.to_str().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: [{name: web, image: contoso.azurecr.io/web}]\n";
    let mut calls = 0;
    for line in page.lines().filter(|line| line.starts_with("helm upgrade ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let values = |option: &str| {
            let pairs = words.windows(2).filter(|pair| pair[0] == option);
            pairs.map(|pair| pair[1].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (values("--namespace"), values("--post-renderer")),
            (vec!["shop".to_owned()], vec!["acr-pull-secret".to_owned()])
        );
        let given = values("--post-renderer-args");
        let args =
            if given.iter().any(|arg| arg == "fix") { given } else { [plugin.clone(), given].concat() };
        let mut args: Vec<String> = args.into_iter().filter(|arg| !arg.starts_with("--settings=")).collect();
        args.extend(["--settings".to_owned(), file.to_owned()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = run(&args, pod);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains("name: shop-secret"),
            "{line}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        calls += 1;
    }
    assert_eq!(calls, 3);
}

#[test]
#[ignore = "needs kubectl"]
fn the_plugin_of_argo_cd_fixes_what_kustomize_builds_and_fails_where_that_fails() {
    let plugin = document("docs/integrations/argocd/plugin.yaml");
    assert_eq!(plugin["kind"], "ConfigManagementPlugin");
    let generate = &plugin["spec"]["generate"];
    let (command, args) = (words(&generate["command"]), words(&generate["args"]));
    let bin = tempfile::tempdir().unwrap();
    let kustomize = bin.path().join("kustomize");
    fs::write(&kustomize, "#!/bin/sh\n[ \"$1\" = build ] && exec kubectl kustomize \"$2\"\n").unwrap();
    fs::set_permissions(&kustomize, fs::Permissions::from_mode(0o755)).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let generated = |folder: &Path, namespace: Option<&str>| {
        let namespace = namespace.map(|namespace| ("ARGOCD_APP_NAMESPACE", namespace));
        Command::new(&command[0])
            .args(&command[1..])
            .args(&args)
            .current_dir(folder)
            .env("PATH", path_with_command(bin.path()))
            .env("TMPDIR", temporary.path())
            .envs(namespace)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    fs::copy(project("docs/integrations/kustomize/deployment.yaml"), folder.path().join("deployment.yaml"))
        .unwrap();
    // Line ends at the end of a text count.
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {text: \"a\\n\\n\\n\"}\n";
    fs::write(folder.path().join("map.yaml"), map).unwrap();
    let settings = format!("settings: {BY_NAMESPACE}\n");
    fs::write(folder.path().join(".acr-pull-secret.yaml"), settings).unwrap();
    for (kustomization, namespace, secret) in [
        ("resources: [deployment.yaml, map.yaml]\n", Some("shop"), "shop-secret"),
        ("resources: [deployment.yaml, map.yaml]\n", Some("other"), "acr-secret"),
        ("resources: [deployment.yaml, map.yaml]\n", Some(""), "acr-secret"),
        ("resources: [deployment.yaml, map.yaml]\n", None, "acr-secret"),
        ("resources: [deployment.yaml, map.yaml]\nnamespace: shop\n", Some("other"), "shop-secret"),
    ] {
        fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
        let built = Command::new("kubectl").arg("kustomize").arg(folder.path()).output().unwrap().stdout;
        let output = generated(folder.path(), namespace);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let added = format!("      imagePullSecrets:\n      - name: {secret}\n");
        assert!(text.contains(&added), "{kustomization}{namespace:?}: {text}");
        assert_eq!(text.replace(&added, ""), String::from_utf8_lossy(&built));
    }
    // Argo CD shows the message, and applies nothing.
    fs::copy(project("tests/fix/mirror-pod.refused.yaml"), folder.path().join("mirror.yaml")).unwrap();
    for (resources, message) in
        [("[gone.yaml]", "gone.yaml"), ("[deployment.yaml, mirror.yaml]", "cannot be fixed")]
    {
        let kustomization = format!("resources: {resources}\n");
        fs::write(folder.path().join("kustomization.yaml"), kustomization).unwrap();
        let output = generated(folder.path(), Some("shop"));
        assert!(!output.status.success() && output.stdout.is_empty(), "{resources}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(message), "{resources}: {said}");
    }
    // What is built can have Secrets.
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
