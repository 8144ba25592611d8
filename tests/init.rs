//! `init`: what it writes is accepted by the policy, works at once, and replaces nothing.

mod commented;
mod policies;
mod unchanged;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use proptest::prelude::*;
use proptest::sample;
use serde_json::{Value, json};

use crate::engines::{command_alone, project};

const SETTINGS: &str = "acr-pull-secret-settings.yaml";
const POLICY: &str = "acr-pull-secret-policy.yaml";
const CONFIG: &str = ".acr-pull-secret.yaml";

fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command_alone(args).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn yaml(folder: &Path, file: &str) -> Value {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A repository whose folder `deploy` has these files.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deploy")).unwrap();
    for (name, text) in files {
        fs::write(folder.path().join("deploy").join(name), text).unwrap();
    }
    folder
}

fn pod(namespace: &str, image: &str, secrets: &[&str]) -> String {
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace},
        "spec": {"containers": [{"name": "web", "image": image}], "imagePullSecrets": secrets},
    });
    format!("{pod}\n---\n")
}

/// The written entries, each in one line: `registry [namespaces] secret`.
fn entries(settings: &Value) -> Vec<String> {
    let words = |value: &Value| {
        let words = value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
        words.collect::<Vec<_>>().join(" ")
    };
    let entries = settings["pullSecrets"].as_array().into_iter().flatten();
    let line = |entry: &Value| {
        let secret = entry["secret"].as_str().unwrap();
        format!("{} [{}] {secret}", words(&entry["registries"]), words(&entry["namespaces"]))
    };
    entries.map(line).collect()
}

#[test]
fn the_secrets_in_use_become_entries() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: jobs}\nimagePullSecrets: [{name: of-account}]\n";
    let secret = |name: &str, registry: &str| {
        let config = json!({"auths": {registry: {"username": "reader", "password": "hunter2"}}}).to_string();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "data"},
            "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": config},
        });
        secret.to_string()
    };
    let folder = repository(&[
        ("shop.yaml", &pod("shop", "contoso.azurecr.io/web:1", &["shop-secret"])),
        ("jobs.yaml", &(pod("jobs", "contoso.azurecr.io/job:1", &[]) + account)),
        // Of two in the list, the one that has credentials for the registry.
        ("both.yaml", &pod("data", "fabrikam.azurecr.io:443/db:1", &["first", "second"])),
        ("first.yaml", &secret("first", "contoso.azurecr.io")),
        ("second.yaml", &secret("second", "fabrikam.azurecr.io:443")),
        // A Secret that no pod lists.
        ("unlisted.yaml", &pod("data", "contoso.azurecr.io/db:1", &[])),
        ("other.yaml", &pod("shop", "ghcr.io/web:1", &[])),
    ]);
    let (status, stdout, stderr) = run(folder.path(), &["init", "deploy"]);
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stdout, format!("wrote {SETTINGS}, for 2 registries in 3 namespaces\nwrote {CONFIG}\n"));
    let settings = yaml(folder.path(), SETTINGS);
    assert_eq!(
        entries(&settings),
        [
            "contoso.azurecr.io [data] first",
            "contoso.azurecr.io [jobs] of-account",
            "contoso.azurecr.io [shop] shop-secret",
            "fabrikam.azurecr.io:443 [] second",
        ]
    );
    let text = fs::read_to_string(folder.path().join(SETTINGS)).unwrap();
    assert!(text.contains("# Other images come from ghcr.io.") && !text.contains("hunter2"), "{text}");
    assert_eq!(yaml(folder.path(), CONFIG), json!({"settings": SETTINGS, "paths": ["deploy"]}));
}

#[test]
fn an_image_with_a_placeholder_is_of_the_registry_of_its_host() {
    for rest in ["web:${TAG}", "web:#{Build.BuildId}#", "${NAME}", "{{ .Values.image }}", "<NAME>:$(tag)"] {
        let image = format!("contoso.azurecr.io/{rest}");
        let folder = repository(&[("a.yaml", &pod("shop", &image, &["regcred"]))]);
        let (status, out, talk) = run(folder.path(), &["init", "."]);
        assert_eq!(status, Some(0), "{image}: {out}{talk}");
        assert!(!talk.contains("left out"), "{talk}");
        let settings = yaml(folder.path(), "acr-pull-secret-settings.yaml");
        assert_eq!(entries(&settings), ["contoso.azurecr.io [] regcred"], "{image}");
    }
}

#[test]
fn comments_say_what_is_among_the_manifests() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: regcred, namespace: data}\n\
                  type: kubernetes.io/dockerconfigjson\n---\n";
    let image = "contoso.azurecr.io/web:1";
    let folder = repository(&[
        ("shop.yaml", &pod("shop", image, &["regcred"])),
        ("data.yaml", &(secret.to_owned() + &pod("data", image, &[]))),
        ("jobs.yaml", &pod("jobs", image, &[])),
    ]);
    let (status, stdout, stderr) = run(folder.path(), &["init", "--dry-run", "deploy"]);
    assert_eq!(status, Some(0), "{stderr}");
    let expected = "pullSecrets:
  # pods in shop have this secret
  # pods in data have no list, and a Secret there has this name, or a ServiceAccount there lists it
  # pods in jobs have no pull secret for these images
  - registries: [contoso.azurecr.io]
    secret: regcred
";
    assert!(stdout.contains(expected), "{stdout}");
}

#[test]
fn names_that_are_left_out_are_named() {
    let folder = repository(&[
        ("a.yaml", &pod("${NAMESPACE}", "contoso.azurecr.io/web:1", &["regcred"])),
        ("b.yaml", &pod("shop", "con_toso.azurecr.io/web:1", &["regcred"])),
        ("c.yaml", &pod("shop", "contoso.azurecr.io/web:1", &["$SECRET"])),
        ("second.yaml", &pod("shop", "contoso.azurecr.io/web:1", &["regcred", "evil # x"])),
        ("d.yaml", &pod("shop", "${REGISTRY}/web:1", &["regcred"])),
    ]);
    let (status, stdout, stderr) = run(folder.path(), &["init", "--dry-run", "deploy"]);
    assert_eq!(status, Some(0), "{stderr}");
    for note in [
        "note: images \"${REGISTRY}/web:1\", \"con_toso.azurecr.io/web:1\" are left out, because their registries are not known\n",
        "note: namespace \"${NAMESPACE}\" is left out, because Kubernetes does not accept this name\n",
        "note: pull secrets \"$SECRET\", \"evil # x\" are left out, because Kubernetes does not accept these names\n",
    ] {
        assert!(stderr.contains(note), "{note}: {stderr}");
    }
    assert!(stdout.contains("- registries: [contoso.azurecr.io]\n    secret: regcred\n"), "{stdout}");
}

#[test]
fn no_file_is_overwritten() {
    let taken = [
        (SETTINGS, &["init", "deploy"][..]),
        (CONFIG, &["init", "deploy"]),
        (POLICY, &["init", "--policy", "deploy"]),
    ];
    for (file, args) in taken {
        let folder = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
        // An empty config file has no defaults.
        fs::write(folder.path().join(file), "# theirs\n").unwrap();
        let (status, stdout, stderr) = run(folder.path(), args);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(
            stderr.starts_with(&format!("error: {file} exists")) && stderr.contains("--dry-run"),
            "{stderr}"
        );
        assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), "# theirs\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is written");
        let (status, stdout, _) = run(folder.path(), &[args, &["--dry-run"]].concat());
        assert!(status == Some(0) && stdout.contains("contoso.azurecr.io"), "{stdout}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a dry run writes nothing");
    }
    #[cfg(unix)]
    {
        let folder = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
        std::os::unix::fs::symlink("elsewhere", folder.path().join(SETTINGS)).unwrap();
        assert_eq!(run(folder.path(), &["init", "deploy"]).0, Some(2), "a link counts as a file");
        assert!(!folder.path().join("elsewhere").exists());
    }
}

/// The nearest file alone counts.
#[test]
fn a_config_file_above_that_no_longer_applies_is_named() {
    let folder = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join(CONFIG), "failOn: warn\n").unwrap();
    let deploy = folder.path().join("deploy");
    let note = |applies: &str| {
        format!(
            "note: ../.acr-pull-secret.yaml {applies} in this folder, because .acr-pull-secret.yaml is nearer; copy what is still \
             needed\n"
        )
    };
    for (args, applies) in
        [(&["init", "--dry-run", "."][..], "would no longer apply"), (&["init", "."], "no longer applies")]
    {
        let (status, _, stderr) = run(&deploy, args);
        assert_eq!(status, Some(0), "{stderr}");
        assert!(stderr.contains(&note(applies)), "{stderr}");
    }
    let (_, _, stderr) = run(&deploy, &["init", "--dry-run", "."]);
    assert!(!stderr.contains("longer appl"), "it does not apply already: {stderr}");
}

#[test]
fn inputs_without_objects_or_with_errors_write_nothing() {
    for (text, status, told) in [
        ("a: b\n", 3, "there is no Kubernetes object among the inputs"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            3,
            "there is no pod or pod template among the inputs",
        ),
        ("kind: Pod\nmetadata: [\n", 2, "could not be read completely"),
    ] {
        let folder = repository(&[("file.yaml", text)]);
        let (exit, stdout, stderr) = run(folder.path(), &["init", "deploy"]);
        assert!(exit == Some(status) && stdout.is_empty() && stderr.contains(told), "{exit:?}: {stderr}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let folder = repository(&[]);
    let (status, stdout, stderr) = run(folder.path(), &["init", "nope"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("nope") && stderr.contains("files and folders that are there"), "{stderr}");
    assert!(!stderr.contains("--exclude"), "{stderr}");
}

/// A config file that is found may not read outside its folder.
#[test]
fn only_paths_that_a_config_file_may_have_are_written() {
    let folder = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
    let outside = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
    let outside = outside.path().to_str().unwrap();
    let args =
        ["init", "deploy", "./deploy/*.yaml", outside, "-n", "team", "--exclude", "a'b: \"c\"", "--hidden"];
    let (status, _, stderr) = run(folder.path(), &args);
    assert_eq!(status, Some(0), "{stderr}");
    let note = format!(
        "note: path {outside:?} is left out, because the config file names only paths inside of this folder\n"
    );
    assert!(stderr.contains(&note), "{stderr}");
    assert_eq!(
        yaml(folder.path(), CONFIG),
        json!({
            "settings": SETTINGS, "paths": ["deploy", "./deploy/*.yaml"], "namespace": "team",
            "exclude": ["a'b: \"c\""], "hidden": true,
        })
    );
    assert_eq!(run(folder.path(), &["check"]).0, Some(1));
}

/// A shell completes `$PWD`, which has the links that lead to the folder.
#[cfg(unix)]
#[test]
fn a_path_from_the_root_is_written_as_seen_from_this_folder() {
    let folder = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
    let links = tempfile::tempdir().unwrap();
    let link = links.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    let real = folder.path().canonicalize().unwrap();
    let root = PathBuf::from("/");
    for (above, pwd) in [(&real, &real), (&real, &link), (&link, &link), (&link, &root)] {
        for (below, expected) in
            [("deploy", json!(["deploy"])), ("deploy/*.yaml", json!(["deploy/*.yaml"])), ("", json!(["."]))]
        {
            let path = above.join(below);
            let output = command_alone(&["init", path.to_str().unwrap()])
                .current_dir(folder.path())
                .env("PWD", pwd)
                .output()
                .unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success() && !stderr.contains("left out"), "{path:?}: {stderr}");
            assert_eq!(yaml(folder.path(), CONFIG)["paths"], expected, "{path:?}");
            fs::remove_file(folder.path().join(CONFIG)).unwrap();
            fs::remove_file(folder.path().join(SETTINGS)).unwrap();
        }
    }
    let other = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &[]))]);
    let path = other.path().join("deploy");
    let output =
        command_alone(&["init", path.to_str().unwrap()]).current_dir(folder.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("is left out, because the config file names only paths inside of this folder"),
        "{stderr}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Names of inputs are data: they get into the files only where an object can have them.
    #[test]
    fn any_names_give_settings_that_the_policy_accepts(
        namespace in names(), registry in names(), secret in names(), file in "[a-z\u{202e}'\" :#{}-]{1,12}",
    ) {
        let image = format!("{registry}.azurecr.io/web:1");
        let folder = repository(&[("pod.yaml", &pod(&namespace, &image, &[&secret]))]);
        fs::rename(folder.path().join("deploy"), folder.path().join(format!("a{file}"))).unwrap();
        for (variant, main) in [(&["init"][..], SETTINGS), (&["init", "--policy"], POLICY)] {
            let (status, _, stderr) = run(folder.path(), &[variant, &[&format!("a{file}")]].concat());
            prop_assert_eq!(status, Some(0), "{}", stderr);
            let (status, stdout, stderr) = run(folder.path(), &["check"]);
            prop_assert!(matches!(status, Some(0 | 1)), "{:?} {}{}", status, stdout, stderr);
            for written in [main, CONFIG] {
                let text = fs::read_to_string(folder.path().join(written)).unwrap();
                prop_assert!(!text.contains(['\u{202e}', '\u{1b}']), "{}", text);
                fs::remove_file(folder.path().join(written)).unwrap();
            }
        }
    }
}

/// Names that objects have, and texts that are none.
fn names() -> impl Strategy<Value = String> {
    const ODD: [&str; 10] =
        ["contoso", "true", "1e3", "a_b", "UPPER", "${NAME}", "x: {}\n- y", "a#b", "\u{1b}[31m", "-"];
    proptest::sample::select(ODD.as_slice()).prop_map(str::to_owned)
}
