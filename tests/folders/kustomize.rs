//! Folders of Kustomize.

#[cfg(unix)]
mod built;

use std::fs;

use super::{POD, judged, notes, results, run, talk, tree};
use crate::engines::command;

const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
                     containers:\n        - {name: web, image: contoso.azurecr.io/web:v2}\n";

/// A base and an overlay whose files are all in it.
fn overlay() -> tempfile::TempDir {
    tree(&[
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        ("base/pod.yaml", POD),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\npatches:\n- path: patch.yaml\n- path: ops.yml\n  target: {kind: Pod}\n\
             patchesStrategicMerge: [more/deployment.yaml]\n",
        ),
        ("prod/patch.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {a: b}}\n"),
        ("prod/ops.yml", "- {op: add, path: /metadata/labels/c, value: d}\n"),
        ("prod/more/deployment.yaml", PATCH),
        ("component/Kustomization", "kind: Component\npatches: [{path: part.yaml}]\n"),
        ("component/part.yaml", PATCH),
    ])
}

#[test]
fn patches_are_skipped_with_the_reason() {
    let folder = overlay();
    let (all, said) = results(folder.path(), &["."]);
    let message = |name: &str| {
        let result = all.iter().find(|result| result["source"]["file"] == name);
        result.map(|result| result["object"]["message"].as_str().unwrap_or_default().to_owned())
    };
    let reason = |file: &str| Some(format!("patch of {file}"));
    for name in ["./prod/patch.yaml", "./prod/ops.yml", "./prod/more/deployment.yaml"] {
        assert_eq!(message(name), reason("./prod/kustomization.yaml"), "{name}");
    }
    assert_eq!(message("./component/part.yaml"), reason("./component/Kustomization"));
    let files = judged(folder.path(), &["."]).0;
    assert_eq!(files, ["./base/pod.yaml"]);
    let [component, prod, changes] = notes(&said)[..] else { panic!("{said}") };
    assert_eq!(component, "note: patches of ./component/Kustomization are skipped: ./component/part.yaml");
    assert_eq!(
        prod,
        "note: patches of ./prod/kustomization.yaml are skipped: ./prod/more/deployment.yaml, ./prod/ops.yml, \
         ./prod/patch.yaml"
    );
    assert_eq!(
        changes,
        "note: 2 kustomizations change what the files show: ./component/Kustomization (patches), \
         ./prod/kustomization.yaml (patches, patchesStrategicMerge); to check what is built, run acr-pull-secret check -k \
         with the folder of each"
    );
    let fix = run(folder.path(), &["fix", "."]);
    assert_eq!(fix.status.code(), Some(0), "{}", talk(&fix));
    assert!(talk(&fix).ends_with("1 file fixed, 0 unchanged\n"), "{}", talk(&fix));
    assert_eq!(fs::read_to_string(folder.path().join("prod/more/deployment.yaml")).unwrap(), PATCH);
}

/// A hook is given files rather than folders.
#[test]
fn patches_that_are_named_are_skipped_too_and_never_fixed() {
    let folder = overlay();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("prod/more/pod.yaml"), POD).unwrap();
    for (paths, files, skipped) in [
        (&["prod/patch.yaml", "base/pod.yaml"][..], &["base/pod.yaml"][..], "prod/patch.yaml"),
        (&["./prod/more/deployment.yaml"], &[], "./prod/more/deployment.yaml"),
        (&["prod/more/*.yaml"], &["prod/more/pod.yaml"], "prod/more/deployment.yaml"),
        (&["prod/more"], &["prod/more/pod.yaml"], "prod/more/deployment.yaml"),
    ] {
        let (judged, said) = judged(folder.path(), paths);
        assert_eq!(judged, files, "{paths:?}");
        let note = format!("note: patches of prod/kustomization.yaml are skipped: {skipped}");
        assert!(notes(&said).contains(&note.as_str()), "{said}");
    }
    let fix = run(folder.path(), &["fix", "--allow-empty", "prod/more/deployment.yaml"]);
    assert_eq!(fix.status.code(), Some(0), "{}", talk(&fix));
    assert_eq!(fs::read_to_string(folder.path().join("prod/more/deployment.yaml")).unwrap(), PATCH);

    // Where everyone may write a folder, or without a repository, a file above may be anyone's.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let prod = folder.path().join("prod");
        let set = |mode| fs::set_permissions(&prod, fs::Permissions::from_mode(mode)).unwrap();
        set(0o777);
        assert_eq!(judged(folder.path(), &["prod/more/deployment.yaml"]).0, ["prod/more/deployment.yaml"]);
        set(0o755);
        assert!(judged(folder.path(), &["prod/more/deployment.yaml"]).0.is_empty());
        let kustomization = prod.join("kustomization.yaml");
        fs::set_permissions(&kustomization, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(judged(folder.path(), &["prod/more/deployment.yaml"]).0, ["prod/more/deployment.yaml"]);
        fs::set_permissions(&kustomization, fs::Permissions::from_mode(0o644)).unwrap();
    }
    fs::remove_dir(folder.path().join(".git")).unwrap();
    assert_eq!(judged(folder.path(), &["prod/more/deployment.yaml"]).0, ["prod/more/deployment.yaml"]);
    assert_eq!(judged(folder.path(), &["component/part.yaml", "base/pod.yaml"]).0, ["base/pod.yaml"]);
}

#[test]
fn what_is_skipped_is_reported_once_where_several_paths_lead_to_it() {
    const OF_PROD: &str = "prod/kustomization.yaml are skipped";
    const OF_COMPONENT: &str = "component/Kustomization are skipped";
    const OF_BASE: &str = "base/kustomization.yaml sets images";
    let folder = overlay();
    let text = "images: [{name: web, newName: contoso.azurecr.io/web}]\n";
    fs::write(folder.path().join("base/kustomization.yaml"), format!("resources: [pod.yaml]\n{text}"))
        .unwrap();
    for (paths, expected) in [
        (&["prod", "prod/patch.yaml"][..], &[OF_PROD][..]),
        (&["prod/patch.yaml", "./prod", "prod"], &[OF_PROD]),
        (&["prod", "."], &[OF_PROD, OF_COMPONENT, OF_BASE]),
        (&[".", "prod/more", "prod/more/deployment.yaml"], &[OF_PROD, OF_COMPONENT, OF_BASE]),
        (&["base", "base/", "base/pod.yaml", "../BASE/base"], &[OF_BASE]),
    ] {
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let paths: Vec<String> = paths.iter().map(|path| path.replace("BASE", name)).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let (_, said) = results(folder.path(), &paths);
        for text in [OF_PROD, OF_COMPONENT, OF_BASE] {
            let count = notes(&said).iter().filter(|note| note.contains(text)).count();
            assert_eq!(count, usize::from(expected.contains(&text)), "{paths:?}, {text}: {said}");
        }
    }
}

/// The object of the file is built unchanged somewhere.
#[test]
fn a_patch_that_is_also_a_resource_is_checked() {
    let patch = "patches: [{path: ../base/pod.yaml}, {path: other.yaml}]\n";
    for (base, dev) in [
        ("resources: [pod.yaml]\n", patch.to_owned()),
        ("", format!("resources: [../dev/../base/pod.yaml]\n{patch}")),
    ] {
        let folder = tree(&[
            ("base/pod.yaml", POD),
            ("base/kustomization.yaml", base),
            ("dev/kustomization.yaml", &dev),
            ("dev/other.yaml", POD),
        ]);
        let (files, said) = judged(folder.path(), &["."]);
        assert_eq!(files, ["./base/pod.yaml"], "{base}{dev}");
        let note = "note: patches of ./dev/kustomization.yaml are skipped: ./dev/other.yaml";
        assert_eq!(notes(&said).first(), Some(&note));
    }
}

/// What is built has an image, or lacks a pull secret, that no file shows.
#[test]
fn what_changes_objects_without_a_file_gets_a_note() {
    let inline = "patch: '[{op: remove, path: /spec/imagePullSecrets}]'\n  target: {kind: Pod}\n";
    for (kustomization, reason) in [
        (format!("resources: [pod.yaml]\npatches:\n- {inline}"), "patches"),
        ("resources: [pod.yaml]\ntransformers: [t.yaml]\n".to_owned(), "transformers"),
        ("resources: [pod.yaml]\nreplacements: [{path: r.yaml}]\n".to_owned(), "replacements"),
        ("resources: [pod.yaml, .hidden/pod.yaml]\n".to_owned(), "resources that are not read"),
        ("resources: [pod.yaml, pod.txt]\n".to_owned(), "resources that are not read"),
    ] {
        let folder = tree(&[
            ("-k/kustomization.yaml", &kustomization),
            ("-k/pod.yaml", POD),
            ("-k/pod.txt", POD),
            ("-k/.hidden/pod.yaml", POD),
        ]);
        let (_, said) = judged(folder.path(), &["."]);
        let note = format!(
            "note: 1 kustomization changes what the files show: ./-k/kustomization.yaml ({reason}); to check what is \
             built, run acr-pull-secret check -k ./-k"
        );
        assert_eq!(notes(&said), [note], "{kustomization}");
    }
    let plain = tree(&[("kustomization.yaml", "resources: [pod.yaml]\npatches: []\n"), ("pod.yaml", POD)]);
    assert_eq!(notes(&judged(plain.path(), &["."]).1), [""; 0]);
}

#[test]
fn images_that_a_kustomization_sets_get_a_note_where_the_policy_checks_them() {
    let pod = POD.replace("contoso.azurecr.io/", "");
    for (images, is_noted) in [
        ("{name: web, newName: contoso.azurecr.io/web}", true),
        ("{name: web, newName: docker.io/library/web}", false),
        ("{name: web, newTag: v2}", false),
    ] {
        let kustomization = format!("resources: [pod.yaml]\nimages: [{images}]\n");
        let folder = tree(&[("pr od/kustomization.yml", &kustomization), ("pr od/pod.yaml", &pod)]);
        for call in [&["check", "."][..], &["fix", "."]] {
            let said = talk(&run(folder.path(), call));
            let found = said.contains("note: ./pr od/kustomization.yml sets images ")
                && said.contains("run acr-pull-secret check -k './pr od'\n");
            assert_eq!(found, is_noted, "{images}: {said}");
        }
        let said = talk(&run(folder.path(), &["check", "-q", "."]));
        assert_eq!(said, "");
    }
}

/// As PowerShell 5 writes them.
#[test]
fn a_kustomization_and_a_chart_in_utf_16_are_known() {
    let folder = overlay();
    let write = |name: &str, text: &str| {
        let bytes: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), bytes).unwrap();
    };
    let kustomization = fs::read_to_string(folder.path().join("prod/kustomization.yaml")).unwrap();
    write("prod/kustomization.yaml", &kustomization);
    write("common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n");
    write("common/templates/pod.yaml", "{{ a }}");
    let (files, said) = judged(folder.path(), &["."]);
    assert_eq!(files, ["./base/pod.yaml"], "{said}");
    assert!(said.contains("./common are not read: this is a library chart"), "{said}");
    assert!(said.contains("patches of ./prod/kustomization.yaml are skipped: "), "{said}");
}

/// A recording is of the inputs alone.
#[test]
fn the_note_on_images_leaves_no_trace_in_a_recording() {
    let settings = r#"{"cluster": {"serviceAccounts": true, "secrets": "exists"}}"#;
    let folder = tree(&[("in/pod.yaml", POD)]);
    let record = || {
        let args = ["check", "--settings-json", settings, "--record", "session.yaml", "in"];
        assert!(run(folder.path(), &args).status.success());
        fs::read_to_string(folder.path().join("session.yaml")).unwrap()
    };
    let without = record();
    let kustomization = "images: [{name: a, newName: b.azurecr.io/a}]\n";
    fs::write(folder.path().join("in/kustomization.yaml"), kustomization).unwrap();
    let with = record();
    assert!(!with.is_empty());
    assert_eq!(with, without);
}

#[test]
fn fix_refuses_the_output_of_kustomize_and_says_what_to_type() {
    let folder = overlay();
    let output = run(folder.path(), &["fix", "-k", "prod"]);
    assert_eq!(output.status.code(), Some(2));
    let said = talk(&output);
    assert!(
        said.contains("the output of Kustomize is not a file")
            && said.contains("acr-pull-secret check -k prod"),
        "{said}"
    );
    assert!(said.lines().count() == 1, "{said}");
}

#[test]
fn a_folder_that_cannot_be_built_has_its_reason() {
    let folder = overlay();
    for (named, reason) in [
        ("nothing", "-k nothing: no such folder"),
        (
            "prod/kustomization.yaml",
            "-k prod/kustomization.yaml: this is a file\n |\n = help: name its folder: -k prod\n",
        ),
        ("prod/more", "-k prod/more: there is no kustomization.yaml in this folder"),
    ] {
        let output = run(folder.path(), &["check", "-k", named]);
        assert_eq!(output.status.code(), Some(2), "{named}");
        assert!(talk(&output).contains(&format!("error: {reason}")), "{named}: {}", talk(&output));
    }
    // No suggested command reads the folder as an option.
    fs::rename(folder.path().join("prod"), folder.path().join("-prod")).unwrap();
    let output = command(&["check", "-k=-prod"]).current_dir(folder.path()).env("PATH", "").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = talk(&output);
    assert!(said.contains("neither kubectl nor kustomize was found"), "{said}");
    assert!(said.contains("kustomize build ./-prod | acr-pull-secret check -"), "{said}");
    let said = talk(&run(folder.path(), &["fix", "-k=-prod"]));
    assert!(said.contains("run acr-pull-secret check -k ./-prod to see"), "{said}");
}

#[test]
#[ignore = "needs kubectl"]
fn the_output_of_kubectl_is_checked() {
    let folder = overlay();
    fs::write(
        folder.path().join("prod/kustomization.yaml"),
        "namespace: shop\nresources: [../base]\nimages: [{name: contoso.azurecr.io/web, newTag: v9}]\n",
    )
    .unwrap();
    let (all, said) = results(folder.path(), &["-k", "prod", "-k", "base"]);
    assert_eq!(all.len(), 2, "{said}");
    assert_eq!(
        (&all[0]["source"]["file"], &all[0]["namespace"]),
        (&"prod/kustomization.yaml".into(), &"shop".into())
    );
    assert_eq!(all[0]["decision"], "mutated");
    assert_eq!(all[1]["source"]["file"], "base/kustomization.yaml");
    let (all, said) = results(folder.path(), &["-k", "prod", "-k", "./prod", "-k", "base/../prod"]);
    assert_eq!(all.len(), 1, "a folder is built once: {said}");
    // Each needs an option that it does not get.
    fs::write(folder.path().join("prod/fn.yaml"), "apiVersion: x/v1\nkind: X\nmetadata: {name: x}\n")
        .unwrap();
    for (kustomization, call) in [
        (
            "transformers: [fn.yaml]\nresources: [../base]\n",
            "kustomize build --enable-alpha-plugins --enable-exec",
        ),
        (
            "helmCharts: [{name: a, version: '1', repo: 'https://example.com'}]\n",
            "kubectl kustomize --enable-helm",
        ),
    ] {
        fs::write(folder.path().join("prod/kustomization.yaml"), kustomization).unwrap();
        let said = talk(&run(folder.path(), &["check", "-k", "prod"]));
        assert!(said.contains(&format!(": {call} prod | acr-pull-secret check -")), "{said}");
    }
    fs::write(folder.path().join("prod/kustomization.yaml"), "resources: [nothing.yaml]\n").unwrap();
    let output = run(folder.path(), &["check", "-k", "prod"]);
    assert_eq!(output.status.code(), Some(2));
    let said = talk(&output);
    assert!(
        said.contains("error: -k prod: kubectl kustomize failed: ") && said.contains("nothing.yaml"),
        "{said}"
    );
}
