//! The policy as an artifact: its metadata, and the manifests that deploy it.

use std::path::Path;

use acr_pull_secret::sandbox::EMBEDDED;
use acr_pull_secret::sandbox::wasm_section::{METADATA, custom_sections, with_section};
use review::yaml;
use serde_json::{Value, json};

use crate::engines::{command, project, run};

pub(crate) fn fine(args: &[&str]) -> String {
    let output = run(&[&["policy"], args].concat(), "");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The resources that `policy manifest` prints.
pub(crate) fn manifest(settings: &Value, more: &[&str]) -> Vec<Value> {
    let printed = fine(&[&["manifest", "--settings-json", &settings.to_string()], more].concat());
    let (documents, error) = yaml::documents(&printed);
    assert!(error.is_none(), "{printed}");
    documents.into_iter().map(|document| document.value).collect()
}

fn names(resources: &[Value]) -> Vec<String> {
    let text = |resource: &Value, pointer: &str| {
        resource.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
    };
    let name = |resource: &Value| {
        let namespace =
            text(resource, "/metadata/namespace").map_or_else(String::new, |name| format!(" {name}"));
        text(resource, "/kind").unwrap_or_default() + &namespace
    };
    resources.iter().map(name).collect()
}

fn covered(policy: &Value) -> Vec<String> {
    let words = |rule: &Value, name: &str| -> Vec<String> {
        let words = rule[name].as_array().into_iter().flatten();
        words.map(|word| word.as_str().expect("a text").to_owned()).collect()
    };
    let rules = policy["spec"]["rules"].as_array().expect("rules");
    rules
        .iter()
        .flat_map(|rule| {
            let operations = words(rule, "operations").join("+");
            words(rule, "resources").into_iter().map(move |resource| format!("{resource} {operations}"))
        })
        .collect()
}

#[test]
fn annotating_the_built_in_policy_with_its_own_metadata_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (exported, annotated) = (folder.path().join("a.wasm"), folder.path().join("b.wasm"));
    fine(&["export", path(&exported)]);
    assert!(std::fs::read(&exported).unwrap() == EMBEDDED);
    fine(&[
        "annotate",
        path(&exported),
        "-m",
        path(&project("policy/metadata.yml")),
        "--output",
        path(&annotated),
    ]);
    assert!(std::fs::read(&annotated).unwrap() == EMBEDDED);
}

#[test]
fn kubewarden_reads_the_new_metadata_of_a_policy_that_had_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    // Two sections, of which Kubewarden would read the first.
    let old = with_section(EMBEDDED, METADATA, b"{\"mutating\":false}").unwrap();
    let twice = [&old[..], &EMBEDDED[EMBEDDED.len() - section_of(EMBEDDED)..]].concat();
    assert_eq!(custom_sections(&twice, METADATA).unwrap().len(), 2);
    std::fs::write(file("old.wasm"), twice).unwrap();
    std::fs::write(
        file("metadata.yml"),
        "mutating: true\nrules: []\nannotations: {io.kubewarden.policy.title: new}\n",
    )
    .unwrap();
    std::fs::write(file("README.md"), "# new\n").unwrap();
    let text = |name: &str| file(name).display().to_string();
    let files = [text("old.wasm"), text("metadata.yml"), text("README.md"), text("new.wasm")];
    let [old, metadata, readme, new] = files.each_ref().map(String::as_str);
    fine(&["annotate", old, "--metadata", metadata, "--readme", readme, "--output", new]);

    let annotated = std::fs::read(file("new.wasm")).unwrap();
    let piped = text("piped.wasm");
    let args = ["policy", "annotate", old, "--metadata", metadata, "--readme", "-", "--output", &piped];
    assert!(run(&args, "# new\n").status.success());
    assert!(std::fs::read(piped).unwrap() == annotated, "standard input is a readme too");
    let sections = custom_sections(&annotated, METADATA).unwrap();
    let metadata: Value = serde_json::from_slice(sections[0]).unwrap();
    assert_eq!(sections.len(), 1);
    let annotations = json!({"io.kubewarden.policy.title": "new", "io.kubewarden.policy.usage": "# new\n"});
    assert_eq!(
        metadata,
        json!({"mutating": true, "rules": [], "annotations": annotations, "protocolVersion": "v1"})
    );
}

/// The length of the metadata section, its header included.
fn section_of(wasm: &[u8]) -> usize {
    let without = with_section(wasm, METADATA, b"").unwrap();
    let empty = 1 + 1 + 1 + METADATA.len();
    wasm.len() - (without.len() - empty)
}

#[cfg(unix)]
#[test]
fn a_compiled_policy_is_kept_for_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let entries = || {
        let entries = std::fs::read_dir(folder.path().join("acr-pull-secret")).into_iter().flatten();
        let path = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().path();
        entries.map(path).filter(|path| path.extension().is_some_and(|end| end == "compiled")).count()
    };
    for _ in 0..2 {
        let mut check = command(&["check", "tests/manifests/my-awesome-app-pod.yaml"]);
        assert!(check.env("XDG_CACHE_HOME", folder.path()).output().unwrap().status.success());
        assert_eq!(entries(), 1);
    }
}

#[test]
fn an_argument_that_is_not_a_file_is_read_as_a_reference() {
    for (name, told) in [
        ("Contoso/policy", "Contoso/policy: no such file or folder, and not a reference such as"),
        ("registry://Contoso/policy", "it must start with a registry"),
    ] {
        let output = run(&["policy", "inspect", name], "");
        let talk = String::from_utf8(output.stderr).unwrap();
        assert!(talk.contains(told), "{name}: {talk}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{name}");
    }
}

#[test]
fn the_mutating_policy_has_rules_only_for_the_pods_that_it_fixes() {
    let resources = manifest(&json!({}), &[]);
    assert_eq!(names(&resources), ["ClusterAdmissionPolicy", "ClusterAdmissionPolicy"]);
    let spec = &resources[0]["spec"];
    assert_eq!(covered(&resources[0]), ["pods CREATE"]);
    assert_eq!(covered(&resources[1]), ["pods CREATE+UPDATE", "pods/ephemeralcontainers UPDATE"]);
    assert_eq!((&spec["mutating"], &spec["failurePolicy"]), (&json!(true), &json!("Ignore")));
    assert_eq!(spec.get("contextAwareResources"), None);
    assert_eq!(spec["module"], "registry://acrpullsecret.azurecr.io/policies/acr-pull-secret:v0.1.0");
}

#[test]
fn each_target_adds_its_own_rules() {
    let settings =
        json!({"targets": ["PodTemplate", "ServiceAccount"], "cluster": {"serviceAccounts": true}});
    let resources = manifest(&settings, &[]);
    let policy = "ClusterAdmissionPolicy";
    assert_eq!(names(&resources), [policy, policy, "ClusterRole", "ClusterRoleBinding"]);
    let (validated, covered) = (covered(&resources[1]), covered(&resources[0]));
    assert!(!covered.iter().any(|rule| rule.starts_with("pods")), "{covered:?}");
    for rule in [
        "podtemplates CREATE+UPDATE",
        "deployments CREATE+UPDATE",
        "cronjobs CREATE+UPDATE",
        "serviceaccounts CREATE+UPDATE",
    ] {
        assert!(covered.iter().any(|covered| covered == rule), "{covered:?}");
    }
    for rule in ["pods CREATE+UPDATE", "deployments CREATE+UPDATE"] {
        assert!(
            validated.iter().any(|covered| covered == rule),
            "templates are fixed, so they are validated: {validated:?}"
        );
    }
    let lookups = json!([{"apiVersion": "v1", "kind": "ServiceAccount"}]);
    assert_eq!(resources[0]["spec"]["contextAwareResources"], lookups);
}

#[test]
fn the_validating_policy_has_all_rules_and_reads_secrets_by_name() {
    let settings = json!({
        "mode": "validate", "cluster": {"serviceAccounts": true, "secrets": "credentials"},
        "pullSecrets": [
            {"registries": ["contoso.azurecr.io"], "namespaces": ["shop", "pay"], "secret": "contoso"},
            {"registries": ["fabrikam.azurecr.io"], "namespaces": ["shop"], "secret": "fabrikam"},
            {"registries": ["public.azurecr.io"], "secretless": true},
        ],
    });
    let resources = manifest(&settings, &["--kubewarden-namespace", "policies", "--name", "guard"]);
    let role = ["Role pay", "RoleBinding pay", "Role shop", "RoleBinding shop"];
    assert_eq!(
        names(&resources),
        [&["ClusterAdmissionPolicy", "ClusterRole", "ClusterRoleBinding"][..], &role].concat()
    );
    let spec = &resources[0]["spec"];
    assert_eq!((&spec["mutating"], &spec["failurePolicy"]), (&json!(false), &json!("Fail")));
    let covered = covered(&resources[0]);
    for rule in ["pods CREATE+UPDATE", "pods/ephemeralcontainers UPDATE"] {
        assert!(covered.iter().any(|covered| covered == rule), "{covered:?}");
    }
    assert!(
        !covered.iter().any(|rule| rule.starts_with("secrets")),
        "a policy that fails closed must not block Secrets"
    );
    let spared = &spec["namespaceSelector"]["matchExpressions"][0]["values"];
    assert_eq!(spared, &json!(["kube-system", "kubewarden", "policies"]));
    let rules = &resources[5]["rules"];
    assert_eq!(
        rules,
        &json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["contoso", "fabrikam"], "verbs": ["get"]}])
    );
    let named = [
        "--kubewarden-namespace",
        "policies",
        "--policy-server",
        "own",
        "--service-account",
        "own-server",
        "--mode",
        "monitor",
    ];
    let elsewhere = manifest(&settings, &named);
    let (own, role) = (&elsewhere[0]["spec"], &elsewhere[2]["subjects"][0]["name"]);
    assert_eq!((&own["policyServer"], role), (&json!("own"), &json!("own-server")));
    assert_eq!(own["failurePolicy"], "Ignore", "on trial it blocks nothing");
    assert_eq!(
        resources[6]["subjects"],
        json!([{"kind": "ServiceAccount", "name": "policy-server", "namespace": "policies"}])
    );
    assert_eq!(resources[6]["roleRef"]["name"], resources[5]["metadata"]["name"]);
}

#[test]
fn where_namespaces_are_patterns_the_grant_is_for_the_cluster_and_still_for_names_only() {
    let settings = json!({
        "mode": "validate", "cluster": {"secrets": "exists"},
        "pullSecrets": [
            {"registries": ["contoso.azurecr.io"], "namespaces": ["team-*"], "secret": "contoso"},
            {"registries": ["fabrikam.azurecr.io"], "namespaces": ["shop"], "secret": "contoso"},
        ],
    });
    let resources = manifest(&settings, &[]);
    assert_eq!(names(&resources), ["ClusterAdmissionPolicy", "ClusterRole", "ClusterRoleBinding"]);
    assert_eq!(resources[1]["rules"][0]["resourceNames"], json!(["contoso"]));
    assert!(!covered(&resources[0]).iter().any(|rule| rule.starts_with("secrets")));

    let default = manifest(&json!({"mode": "validate", "cluster": {"secrets": "exists"}}), &[]);
    assert_eq!(default[1]["rules"][0]["resourceNames"], json!(["acr-secret"]));
}

#[test]
fn the_policy_resource_is_read_back_as_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    std::fs::write(&file, fine(&["manifest", "--settings-json", r#"{"mode":"validate"}"#])).unwrap();
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop"},
        "spec":{"containers":[{"name":"web","image":"contoso.azurecr.io/web"}]}}"#;
    let output = run(&["check", "--settings", path(&file), "-"], pod);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Everything that the API server would drop silently is an error here.
fn closed(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        let open = fields.contains_key("additionalProperties")
            || fields.contains_key("x-kubernetes-preserve-unknown-fields");
        if fields.contains_key("properties") && !open {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
        fields.values_mut().for_each(closed);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(closed);
    }
}

#[test]
#[ignore = "needs Kubewarden's resource definitions next to the checkout"]
fn the_policy_resource_fits_the_published_schema() {
    let crd = project("../shared/crds/policies.kubewarden.io_clusteradmissionpolicies.yaml");
    let (definitions, _) = yaml::documents(&std::fs::read_to_string(crd).unwrap());
    let versions = definitions[0].value["spec"]["versions"].as_array().unwrap().clone();
    let version = versions.into_iter().find(|version| version["name"] == "v1").unwrap();
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    closed(&mut schema["properties"]["spec"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for settings in [
        json!({}),
        json!({"mode": "validate", "cluster": {"serviceAccounts": true, "secrets": "credentials"}}),
        json!({"targets": ["Pod", "PodTemplate", "ServiceAccount"], "cluster": {"serviceAccounts": true}}),
    ] {
        let resources = manifest(&settings, &["--mode", "monitor", "--exclude-namespace", "calico-system"]);
        let policies = resources.iter().filter(|resource| resource["kind"] == "ClusterAdmissionPolicy");
        for policy in policies {
            let problems: Vec<String> =
                validator.iter_errors(policy).map(|error| error.to_string()).collect();
            assert_eq!(problems, Vec::<String>::new());
        }
    }
    for given in crate::deployment::given_policies() {
        let problems: Vec<String> = validator.iter_errors(&given).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new());
    }
    let mut policy = manifest(&json!({}), &[])[0].clone();
    policy["spec"]["mutatng"] = json!(true);
    assert!(!validator.is_valid(&policy), "the schema accepts an unknown field");
}

#[test]
fn a_module_in_a_registry_needs_a_version() {
    let manifest = |module: &str| run(&["policy", "manifest", "--module", module], "");
    let unversioned = manifest("contoso.azurecr.io/policies/acr-pull-secret");
    let said = String::from_utf8_lossy(&unversioned.stderr).into_owned();
    assert_eq!(unversioned.status.code(), Some(2), "{said}");
    assert!(said.contains("the version is missing"), "{said}");
    let versioned = manifest("contoso.azurecr.io/policies/acr-pull-secret:v0.1.0");
    let printed = String::from_utf8_lossy(&versioned.stdout).into_owned();
    assert!(
        printed.contains("module: registry://contoso.azurecr.io/policies/acr-pull-secret:v0.1.0"),
        "{printed}"
    );
}

#[test]
fn an_inspection_lists_lookups_and_rules() {
    let output = run(&["policy", "inspect"], "");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |name: &str| {
        let line = shown.lines().find(|line| line.starts_with(name));
        line.map(|line| line.trim_start_matches(name).trim().to_owned()).unwrap_or_default()
    };
    assert_eq!(value("lookups"), "v1/Secret, v1/ServiceAccount", "{shown}");
    assert_eq!(value("rules"), "v1: pods, podtemplates, replicationcontrollers on CREATE, UPDATE", "{shown}");
}
