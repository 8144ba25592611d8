//! Real manifests: the project's own, and those beside the checkout where there are any.

use std::path::PathBuf;
use std::sync::Arc;

use acr_pull_secret::exclude::Exclude;
use acr_pull_secret::kind::{Kind, template_path};
use acr_pull_secret::manifest::manifests;
use acr_pull_secret::{input, yaml};
use serde_json::{Value, json};

use crate::engines::{project, run};

fn folders() -> Vec<PathBuf> {
    let folders = [project("tests/manifests"), project("../shared/manifests")];
    folders.into_iter().filter(|folder| folder.is_dir()).collect()
}

fn check(folder: &str) -> (Value, String) {
    let output = run(&["check", "-o", "json", folder], "");
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(!talk.contains("panicked"), "{talk}");
    (serde_json::from_slice(&output.stdout).expect("a report"), talk)
}

#[test]
fn every_file_is_judged_or_its_error_has_a_place() {
    for folder in folders() {
        let (report, talk) = check(&folder.display().to_string());
        assert!(report["summary"]["objects"].as_u64().unwrap() > 0);
        assert_eq!(report["summary"]["errors"], json!(0));
        let lines: Vec<&str> = talk.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].starts_with("error: ")) {
            let (_, place) = pair[1].split_once("--> ").unwrap_or_else(|| panic!("{pair:#?}"));
            let mut numbers = place.rsplit(':').take(2);
            assert!(numbers.all(|number| number.parse::<usize>().is_ok()), "{place}");
        }
    }
}

/// With every image in ACR, a pod is mended, a template is left alone and its pods are mended, and all else is as it
/// was.
#[test]
fn moved_to_acr_exactly_pods_end_mutated() {
    let target = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for folder in folders() {
        for path in input::expand(&[folder.display().to_string()], &Exclude::default()) {
            let file = Arc::new(input::read(&path.unwrap(), &mut std::io::empty()).unwrap());
            let (documents, _, _) = manifests(&file);
            for manifest in documents {
                let mut object = manifest.object().clone();
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
    let mut mended = 0;
    for (result, moved) in results.iter().zip(expected) {
        let own = if moved == Moved::Pod { "mutated" } else { "accepted" };
        let decision = result["decision"].as_str().unwrap();
        match moved {
            Moved::Pod => assert_eq!(decision, own, "{result}"),
            Moved::Template => {
                assert_eq!(decision, "accepted", "{result}");
                assert_eq!(result["pods"]["decision"], "mutated", "{result}");
            }
            Moved::Nothing => assert!(decision == "accepted" || decision == "skipped", "{result}"),
        }
        mended += usize::from(moved != Moved::Nothing);
    }
    assert!(mended >= 5, "{mended}");
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

#[test]
fn helm_output_names_its_template() {
    let text = std::fs::read_to_string(project("tests/manifests/helm-output.yaml")).unwrap();
    let (documents, error) = yaml::documents(&text);
    assert_eq!(error, None);
    assert!(
        documents.iter().all(|document| document.source.is_some()),
        "each document has a `# Source:` comment"
    );
}
