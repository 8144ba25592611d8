//! Real manifests: the project's own, and published ones that are next to the checkout.

use std::sync::Arc;

use acr_pull_secret::files::search::Search;
use acr_pull_secret::files::{found, input};
use review::kind::{Kind, template_path};
use review::manifest::manifests;
use serde_json::{Value, json};

use crate::engines::{project, run};

/// Folders of the project, of which the first is README's.
pub(crate) const OWN: &[&str] = &["tests/manifests", "tests/workloads"];

/// Real manifests, as others have published them.
pub(crate) const PUBLISHED: &[&str] = &["../shared/manifests"];

/// The report on a folder or file, and the messages.
fn check(path: &str) -> (Value, String) {
    let output = run(&["check", "-o", "json", path], "");
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(!talk.contains("panicked"), "{talk}");
    (serde_json::from_slice(&output.stdout).expect("a report"), talk)
}

/// The place that each error names, with its file below a folder.
fn places<'t>(talk: &'t str, folder: &str) -> Vec<&'t str> {
    let lines: Vec<&str> = talk.lines().collect();
    let errors = lines.windows(2).filter(|pair| pair[0].starts_with("error: "));
    errors
        .map(|pair| {
            let place = pair[1].trim_start().strip_prefix("--> ").unwrap_or_else(|| panic!("{pair:#?}"));
            place.strip_prefix(folder).unwrap_or_else(|| panic!("{place}")).trim_start_matches('/')
        })
        .collect()
}

#[test]
fn every_file_of_the_projects_folders_is_checked() {
    for folder in OWN {
        let (report, talk) = check(folder);
        assert!(report["summary"]["objects"].as_u64() >= Some(9), "{folder}: {}", report["summary"]);
        assert_eq!(report["summary"]["errors"], json!(0), "{folder}");
        assert!(!talk.contains("error: "), "{folder}: {talk}");
    }
}

/// Files that are often next to manifests.
#[test]
fn a_file_that_is_not_a_manifest_gives_an_error_with_its_location() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for (name, text, place) in [
        ("chart.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n", "4:10"),
        ("cut.json", "{\"kind\": \"Pod\", \"spec\": {", "1:25"),
        ("tab.yaml", "kind: Pod\nspec:\n\tcontainers: []\n", "3:1"),
        ("unclosed.yaml", "kind: Pod\nmetadata:\n  name: \"web\n", "3:9"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
        expected.push(format!("{name}:{place}"));
    }
    let root = folder.path().display().to_string();
    assert_eq!(places(&check(&root).1, &root), expected);
}

#[test]
#[ignore = "needs published manifests next to the checkout"]
fn every_published_file_is_checked_or_its_error_has_a_location() {
    for folder in PUBLISHED.iter().map(|folder| project(folder).display().to_string()) {
        let (report, talk) = check(&folder);
        assert!(report["summary"]["objects"].as_u64() > Some(300), "{}", report["summary"]);
        assert_eq!(report["summary"]["errors"], json!(0));
        let places = places(&talk, &folder);
        assert!(places.len() >= 5, "{places:#?}");
        for place in places {
            let mut numbers = place.rsplit(':').take(2);
            assert!(numbers.all(|number| number.parse::<usize>().is_ok_and(|number| number > 0)), "{place}");
        }
    }
}

#[test]
fn moved_to_acr_exactly_pods_end_mutated() {
    assert_exactly_pods_end_mutated(OWN, 15);
}

#[test]
#[ignore = "needs published manifests next to the checkout"]
fn published_manifests_moved_to_acr_exactly_pods_end_mutated() {
    assert_exactly_pods_end_mutated(PUBLISHED, 100);
}

/// With every image in ACR, a pod is fixed, a template is left alone and its pods are fixed, and all else is as it
/// was.
fn assert_exactly_pods_end_mutated(folders: &[&str], at_least: usize) {
    let target = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for folder in folders {
        for path in found::expand(&[project(folder).display().to_string()], &Search::default()) {
            let file = Arc::new(input::read(&path.unwrap(), &mut std::io::empty()).unwrap());
            let (documents, _, _) = manifests(&file);
            for manifest in documents {
                let mut object = manifest.object().clone();
                // Alone in a file, it is skipped.
                if Kind::of(&object).is_none() {
                    continue;
                }
                let moved = move_images(&mut object);
                expected.push(moved);
                let file = target.path().join(format!("{:05}.json", expected.len()));
                std::fs::write(file, object.to_string()).unwrap();
            }
        }
    }
    let (report, _) = check(&target.path().display().to_string());
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), expected.len());
    let mut fixed = 0;
    for (result, moved) in results.iter().zip(expected) {
        let decision = result["decision"].as_str().unwrap();
        match moved {
            Moved::Pod => assert_eq!(decision, "mutated", "{result}"),
            Moved::Template => {
                assert_eq!(decision, "mutated", "{result}");
                assert_eq!(result["object"]["decision"], "accepted", "{result}");
                assert_eq!(result["pods"][0]["decision"], "mutated", "{result}");
            }
            Moved::Nothing => assert!(decision == "accepted" || decision == "skipped", "{result}"),
        }
        fixed += usize::from(moved != Moved::Nothing);
    }
    assert!(fixed >= at_least, "{fixed}");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moved {
    Nothing,
    Pod,
    Template,
}

fn move_images(object: &mut Value) -> Moved {
    let Some(kind) = Kind::of(object) else { return Moved::Nothing };
    if kind.is_core("ServiceAccount") {
        object.as_object_mut().unwrap().remove("imagePullSecrets");
    }
    let (path, moved): (&[&str], _) = match template_path(&kind, object) {
        Some(path) => (path, Moved::Template),
        None if kind.is_core("Pod") => (&["spec"], Moved::Pod),
        None => return Moved::Nothing,
    };
    let spec = path.iter().try_fold(object, |value, name| value.get_mut(name)).expect("a pod spec");
    spec.as_object_mut().unwrap().remove("imagePullSecrets");
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            container["image"] = "contoso.azurecr.io/team/app:v1".into();
        }
    }
    moved
}
