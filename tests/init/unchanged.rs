//! What `init` writes changes no finding of `check`.

use super::*;

/// Copies a folder, with the folders in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let copied = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &copied);
        } else {
            fs::copy(&entry, copied).unwrap();
        }
    }
}

/// The objects that `check` rejects, and those with warnings, each with its file. Which names they lack depends on the settings.
fn rejected_and_warned(report: &str) -> [BTreeSet<String>; 2] {
    let report: Value = serde_json::from_str(report).unwrap();
    let mut all = <[BTreeSet<String>; 2]>::default();
    for result in report["results"].as_array().unwrap() {
        let pods = result["pods"].as_array().into_iter().flatten();
        let mut parts = std::iter::once(&result["object"]).chain(pods);
        let has_findings = parts.any(|part| part["findings"].as_array().is_some_and(|it| !it.is_empty()));
        let [rejected, warned] = &mut all;
        if result["decision"] == "rejected" {
            rejected.insert(result["source"].to_string());
        }
        if has_findings {
            warned.insert(result["source"].to_string());
        }
    }
    all
}

/// What `check` with the written config file finds, and does not find without it.
fn surprises(folder: &Path) -> Vec<String> {
    let (status, after, stderr) = run(folder, &["check", "-o", "json"]);
    assert!(matches!(status, Some(0 | 1)) && !stderr.contains("error"), "{after}{stderr}");
    let (_, before, _) = run(folder, &["check", "--no-config", "-o", "json", "deploy"]);
    let pairs = rejected_and_warned(&after).into_iter().zip(rejected_and_warned(&before));
    pairs.flat_map(|(after, before)| after.difference(&before).cloned().collect::<Vec<_>>()).collect()
}

/// In each folder: `check` takes the written config file, and finds nothing that it does not find without one.
#[test]
fn what_is_written_works_at_once() {
    works_at_once(&["tests/manifests", "tests/workloads", "docs/examples"]);
}

#[test]
#[ignore = "needs published manifests next to the checkout"]
fn what_is_written_for_published_manifests_works_at_once() {
    works_at_once(&["../shared/manifests/microservices-demo"]);
}

fn works_at_once(folders: &[&str]) {
    for source in folders {
        for variant in [&["init", "deploy"][..], &["init", "--policy", "deploy"]] {
            let folder = repository(&[]);
            copy(&project(source), &folder.path().join("deploy"));
            let (status, _, stderr) = run(folder.path(), variant);
            assert_eq!(status, Some(0), "{source}: {stderr}");
            let surprises = surprises(folder.path());
            assert!(surprises.is_empty(), "{source}, {variant:?}: {surprises:#?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Pods of two namespaces with any of the secrets, which are there or not.
    #[test]
    fn check_finds_nothing_new_with_what_is_written(
        pods in proptest::collection::vec(
            (sample::select(&["a", "b"][..]), sample::select(&["one", "two"][..]), sample::subsequence(&["x", "y"][..], 0..=2)),
            1..6,
        ),
        secrets in sample::subsequence(&[("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")][..], 0..=4),
    ) {
        let mut text = String::new();
        for (i, (namespace, registry, list)) in pods.iter().enumerate() {
            let pod = pod(namespace, &format!("{registry}.azurecr.io/web:1"), list);
            text += &pod.replace(r#""name":"web","namespace""#, &format!(r#""name":"web-{i}","namespace""#));
        }
        for (namespace, name) in &secrets {
            let auths = json!({"auths": {"one.azurecr.io": {"username": "reader", "password": "hunter2"}}});
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
                "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": auths.to_string()},
            });
            text.extend([secret.to_string().as_str(), "\n---\n"]);
        }
        let folder = repository(&[("all.yaml", &text)]);
        let (status, _, stderr) = run(folder.path(), &["init", "deploy"]);
        prop_assert_eq!(status, Some(0), "{}", stderr);
        let surprises = surprises(folder.path());
        let settings = fs::read_to_string(folder.path().join(SETTINGS)).unwrap();
        prop_assert!(surprises.is_empty(), "{:#?}\n{}\n{}", surprises, settings, text);
    }
}
