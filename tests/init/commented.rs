//! The fields that `init` writes as comments.

use super::*;

/// Of settings, of an entry and of the config file: each of them is one where it is uncommented.
const FIELDS: [&str; 13] = [
    "actions",
    "cluster",
    "exclude",
    "expiryWarningDays",
    "failOn",
    "mode",
    "namespaces",
    "pullSecrets",
    "registries",
    "registrySuffixes",
    "secret",
    "secretless",
    "targets",
];

/// The text with each field uncommented, with the lines below it that are indented more, and the names of the fields.
fn uncommented(text: &str) -> (String, Vec<&str>) {
    let mut names = Vec::new();
    let mut is_field = false;
    let mut lines = String::new();
    for line in text.split_inclusive('\n') {
        let comment = line.trim_start().strip_prefix("# ");
        let name = comment.and_then(|comment| comment.split_once(':')).map(|(name, _)| name);
        let name = name.filter(|name| FIELDS.contains(name));
        names.extend(name);
        is_field = name.is_some() || (is_field && comment.is_some_and(|comment| comment.starts_with(' ')));
        lines += &if is_field { line.replacen("# ", "", 1) } else { line.to_owned() };
    }
    (lines, names)
}

/// Uncomments the fields of a file that was written.
fn uncomment(folder: &Path, file: &str, expected: &[&str]) {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let (changed, names) = uncommented(&text);
    assert_eq!(names, expected, "{text}");
    fs::write(folder.join(file), changed).unwrap();
}

fn is_accepted(folder: &Path, args: &[&str]) {
    let (status, stdout, stderr) = run(folder, &[&["check"], args].concat());
    assert!(matches!(status, Some(0 | 1)) && !stderr.contains("error"), "{args:?}: {stdout}{stderr}");
}

#[test]
fn a_field_applies_after_it_is_uncommented() {
    let own = pod("shop", "contoso.azurecr.io/web:1", &["regcred"]);
    let other = pod("data", "ghcr.io/db:1", &[]);
    let bare = pod("jobs", "fabrikam.azurecr.io/job:1", &[]);
    let suffixes = json!(["registry.contoso.com"]);
    for (manifests, of_settings) in [
        (own.clone() + &other, &["registrySuffixes"][..]),
        (own + &bare + &other, &["registrySuffixes"]),
        (other, &["pullSecrets", "registrySuffixes"]),
    ] {
        let folder = repository(&[("all.yaml", &manifests)]);
        let folder = folder.path();
        let (status, _, stderr) = run(folder, &["init", "deploy"]);
        assert_eq!(status, Some(0), "{stderr}");
        uncomment(folder, SETTINGS, of_settings);
        uncomment(folder, CONFIG, &["failOn"]);
        let settings = yaml(folder, SETTINGS);
        assert_eq!(settings["registrySuffixes"], suffixes);
        assert!(!settings["pullSecrets"][0]["registries"].is_null(), "{settings}");
        assert_eq!(yaml(folder, CONFIG)["failOn"], "warn");
        is_accepted(folder, &[]);

        fs::remove_file(folder.join(CONFIG)).unwrap();
        let (status, _, stderr) = run(folder, &["init", "--policy", "deploy"]);
        assert_eq!(status, Some(0), "{stderr}");
        uncomment(folder, POLICY, &["registrySuffixes"; 2]);
        uncomment(folder, CONFIG, &["failOn"]);
        let text = fs::read_to_string(folder.join(POLICY)).unwrap();
        for policy in text.split("---\n") {
            let policy: Value = serde_saphyr::from_str(policy).unwrap();
            assert_eq!(policy["spec"]["settings"]["registrySuffixes"], suffixes, "{text}");
        }
        is_accepted(folder, &[]);
        is_accepted(folder, &["--settings", &format!("{POLICY}#2")]);
    }
}
