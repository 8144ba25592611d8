//! `krm` changes the items of a `ResourceList` as `fix` changes manifests, and reports results as the functions
//! specification has them.

mod field_paths;

use std::fs;
use std::process::{Command, Stdio};

use jsonschema::validator_for;
use serde_json::{Value, json};

use crate::engines::{command_alone, project, run};

const HEAD: &str = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";

/// Items as kustomize writes them, with a comment that has to stay.
const ITEMS: &str = "items:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: web\n    annotations:\n      \
                     internal.config.kubernetes.io/index: '0' # kept\n  spec:\n    containers:\n    - name: web\n      image: \
                     contoso.azurecr.io/web:v1\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: map}\n";

fn config(spec: &Value) -> String {
    format!("functionConfig:\n  apiVersion: acr-pull-secret/v1\n  kind: PullSecrets\n  spec: {spec}\n")
}

fn krm(input: &str) -> (Option<i32>, String, String) {
    let output = run(&["krm"], input);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The only document of a text, which follows the schema.
fn list(text: &str) -> Value {
    let (documents, error) = review::yaml::documents(text);
    let [document] = documents.as_slice() else { panic!("{text}") };
    assert_eq!(error, None, "{text}");
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(project("tests/schemas/resource-list.json")).unwrap())
            .unwrap();
    let invalid: Vec<String> =
        validator_for(&schema).unwrap().iter_errors(&document.value).map(|error| error.to_string()).collect();
    assert!(invalid.is_empty(), "{text}: {invalid:?}");
    document.value.clone()
}

#[test]
fn mutate_adds_what_fix_adds_and_nothing_else_changes() {
    let (status, output, said) = krm(&[HEAD, ITEMS].concat());
    assert_eq!(status, Some(0), "{said}");
    let fixed = ITEMS.replace("  spec:\n", "  spec:\n    imagePullSecrets:\n    - name: acr-secret\n");
    let (items, results) = output.strip_prefix(HEAD).unwrap().split_once("results:\n").unwrap();
    assert_eq!(items, fixed);
    let result = &list(&output)["results"][0];
    assert_eq!(
        result,
        &json!({"message": "added pull secret acr-secret", "severity": "info",
            "resourceRef": {"apiVersion": "v1", "kind": "Pod", "name": "web"}, "field": {"path": "spec.imagePullSecrets"}}),
        "{results}"
    );
    // A second run has nothing to add.
    let (status, again, said) = krm(&[HEAD, items].concat());
    assert_eq!((status, again, said.as_str()), (Some(0), [HEAD, items].concat(), ""));
}

#[test]
fn validate_changes_nothing_and_fails_with_results() {
    let text = fs::read_to_string(project("tests/krm/validate.yaml")).unwrap();
    let (status, output, said) = krm(&text);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.starts_with("error[missing-pull-secret]: Pod web: container \"web\" cannot pull"), "{said}");
    assert!(output.starts_with(&text), "{output}");
    let page = fs::read_to_string(project("docs/kustomize.md")).unwrap();
    let results = output.strip_prefix(&text).unwrap();
    assert!(page.contains(said.trim_end()) && page.contains(results), "{said}{results}");
    let result = &list(&output)["results"][0];
    assert_eq!(result["severity"], "error");
    assert_eq!(result["field"], json!({"path": "spec.containers[0].image"}));
    assert_eq!(result["file"], json!({"path": "pod.yaml", "index": 0}));
    assert_eq!(result["tags"], json!({"rule": "missing-pull-secret"}));
}

#[test]
fn settings_come_from_the_function_config() {
    for (spec, status, told) in [
        (
            json!({"pullSecrets": [{"registries": ["contoso.azurecr.io"], "secret": "other"}]}),
            0,
            "added pull secret other",
        ),
        (json!({"registrySuffixes": ["example.com"]}), 0, "added pull secret acr-secret"),
        (json!({"pullSecrets": [{"registries": ["contoso.azurecr.io"], "secretless": true}]}), 0, ""),
        (json!({"mode": "mute"}), 2, "must be"),
        (json!({"mod": "mutate"}), 2, "mod"),
        (json!({"targets": ["Pod"], "mode": "validate"}), 1, "missing-pull-secret"),
    ] {
        let (code, output, said) = krm(&[HEAD, ITEMS, &config(&spec)].concat());
        assert_eq!(code, Some(status), "{spec}: {said}");
        let told_in = if status == 2 { &said } else { &output };
        assert!(told_in.contains(told), "{spec}: {output}{said}");
    }
}

/// What `kpt fn eval FOLDER --image …-krm` sends, and what it makes of `-- mode=validate`.
#[test]
fn kpt_needs_no_configuration_and_gets_its_option_named() {
    let config = |data: &str| {
        format!(
            "functionConfig:\n  metadata:\n    name: function-input\n  data: {data}\n  kind: ConfigMap\n  apiVersion: v1\n"
        )
    };
    let (status, output, said) = krm(&[HEAD, &config("{}"), ITEMS].concat());
    assert_eq!(status, Some(0), "{said}");
    assert!(output.contains("imagePullSecrets:\n    - name: acr-secret\n"), "{output}");
    let (status, output, said) = krm(&[HEAD, &config("{mode: validate}"), ITEMS].concat());
    assert_eq!((status, output.as_str()), (Some(2), ""), "{said}");
    assert!(said.contains("--fn-config pull-secrets.yaml"), "{said}");
}

#[test]
fn a_secret_and_an_account_among_the_items_are_looked_up() {
    let account = "items:\n- apiVersion: v1\n  kind: ServiceAccount\n  metadata: {name: default}\n  imagePullSecrets: [{name: mine}]\n";
    let items = ITEMS.replace("items:\n", account);
    let spec = json!({"mode": "validate", "cluster": {"serviceAccounts": true, "secrets": "exists"}});
    let (_, output, _) = krm(&[HEAD, &items, &config(&spec)].concat());
    assert!(output.contains("pull secret \\\"acr-secret\\\""), "{output}");
    let (status, output, said) = krm(&[HEAD, &items].concat());
    assert_eq!(status, Some(0), "{said}");
    assert!(output.contains("imagePullSecrets:\n    - name: mine\n    - name: acr-secret\n"), "{output}");
}

/// Where `fix` warns. The items say which accounts there are, and the pods which they use.
#[test]
fn a_list_that_hides_the_secrets_of_an_account_is_a_warning() {
    let pod = |name: &str, account: &str, list: &str| {
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n    namespace: shop\n    annotations: \
             {{internal.config.kubernetes.io/path: {name}.yaml, internal.config.kubernetes.io/index: '2'}}\n  spec:\n    \
             serviceAccountName: {account}\n{list}    containers: [{{name: web, image: contoso.azurecr.io/web:v1}}]\n"
        )
    };
    let account = |name: &str| {
        format!("- apiVersion: v1\n  kind: ServiceAccount\n  metadata: {{name: {name}, namespace: shop}}\n")
    };
    let own_list = "    imagePullSecrets: [{name: other}]\n";
    for (items, warned) in [
        (pod("a", "builder", ""), vec!["a"]),
        (pod("a", "builder", "") + &pod("b", "builder", ""), vec!["a", "b"]),
        (pod("a", "default", "") + &pod("b", "default", ""), vec!["a"]),
        (pod("a", "builder", "") + &account("builder"), vec![]),
        (account("default") + &pod("a", "builder", ""), vec!["a"]),
        (pod("a", "builder", own_list), vec![]),
        (pod("a", "builder", &own_list.replace("other", "acr-secret")), vec![]),
    ] {
        let (status, output, said) = krm(&format!("{HEAD}items:\n{items}"));
        assert_eq!(status, Some(0), "{said}");
        let list = list(&output);
        let results = list["results"].as_array().into_iter().flatten();
        let warnings: Vec<&Value> = results.filter(|result| result["severity"] == "warning").collect();
        let names: Vec<&str> =
            warnings.iter().map(|result| result["resourceRef"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, warned, "{items}{output}");
        assert_eq!(said.matches("warning: Pod shop/").count(), warned.len(), "{said}");
        for (warning, name) in warnings.iter().zip(warned) {
            assert_eq!(warning["file"], json!({"path": format!("{name}.yaml"), "index": 2}));
            assert_eq!(warning["field"], json!({"path": "spec.imagePullSecrets"}));
            assert!(warning["message"].as_str().unwrap().contains("is not among the items"), "{warning}");
        }
    }
}

/// `kyaml/fn/runtime/runtimeutil`: an orchestrator takes the results of each function, and passes none to the next.
#[test]
fn results_are_those_of_this_function_alone() {
    let earlier = "results:\n- message: of an earlier function\n  severity: error\n";
    let nothing = ITEMS.replace("contoso.azurecr.io", "ghcr.io");
    for items in [ITEMS, &nothing] {
        let (_, expected, _) = krm(&[HEAD, items].concat());
        let (status, output, said) = krm(&[HEAD, items, earlier].concat());
        assert_eq!(status, Some(0), "{said}");
        let results = |text: &str| list(text)["results"].as_array().cloned().unwrap_or_default();
        assert_eq!(results(&output), results(&expected));
        assert!(output.contains("results:") && !output.contains("earlier"), "{output}");
        let items = |text: &str| text.split("results:").next().unwrap().to_owned();
        assert_eq!(items(&output), items(&expected));
    }
    assert!(krm(&[HEAD, &nothing, earlier].concat()).1.ends_with("results:\n  []\n"));
}

/// All items of a list in JSON are in one line.
#[test]
fn each_change_names_its_own_item() {
    let pod = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}]}})
    };
    let input = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [pod("a"), pod("b")]});
    let (status, output, said) = krm(&input.to_string());
    assert_eq!(status, Some(0), "{said}");
    let list = list(&output);
    let results = list["results"].as_array().unwrap().iter();
    let added: Vec<&Value> = results.filter(|result| result["severity"] == "info").collect();
    for (i, name) in ["a", "b"].into_iter().enumerate() {
        assert_eq!(added[i]["resourceRef"]["name"], name, "{output}");
        assert_eq!(list["items"][i]["spec"]["imagePullSecrets"], json!([{"name": "acr-secret"}]), "{output}");
    }
}

/// What another command wrote into a file with PowerShell 5.
#[test]
fn a_list_in_utf_16_is_read_and_written_in_utf_8() {
    let (_, expected, _) = krm(&[HEAD, ITEMS].concat());
    let text = ["\u{feff}", HEAD, ITEMS].concat();
    for bytes in [
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &bytes).unwrap();
        let output = command_alone(&["krm"]).stdin(fs::File::open(file.path()).unwrap()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        // Half a character.
        fs::write(file.path(), &bytes[..bytes.len() - 1]).unwrap();
        let output = command_alone(&["krm"]).stdin(fs::File::open(file.path()).unwrap()).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    }
}

#[test]
fn what_is_not_a_list_is_refused_without_output() {
    for input in ["", "a: b\n", "apiVersion: v1\nkind: Pod\n", "{", "apiVersion: v1\nkind: List\nitems: []\n"]
    {
        let (status, output, said) = krm(input);
        assert_eq!((status, output.as_str()), (Some(2), ""), "{input}: {said}");
        assert!(said.starts_with("error: "), "{input}: {said}");
    }
}

#[test]
fn an_item_that_cannot_be_edited_is_an_error_and_nothing_is_changed() {
    let items = "items:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec: &spec\n    containers: [{name: web, \
                 image: contoso.azurecr.io/web:v1}]\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: map}\n  data: *spec\n";
    let (status, output, said) = krm(&[HEAD, items].concat());
    assert_eq!(status, Some(1), "{said}");
    assert!(output.starts_with(&[HEAD, items].concat()), "{output}");
    assert!(said.contains("shared by an alias"), "{said}");
}

/// Every manifest that `fix` is tested with, as an item. Some are not one mapping, and cannot be an item.
#[test]
fn an_item_gets_what_fix_writes_into_the_same_manifest() {
    let mut items = 0;
    for entry in fs::read_dir(project("tests/fix")).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.to_str().and_then(|path| path.strip_suffix(".in.yaml")) else { continue };
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Ok(fixed) = fs::read_to_string(format!("{name}.out.yaml")) else { continue };
        let is_block =
            |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.contains('\r');
        if !is_block(&text) || text.contains("---") || text.contains("...") || text.contains("\nitems:") {
            continue;
        }
        let item = |text: &str| {
            let lines = text
                .lines()
                .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") });
            let item: String = lines.collect();
            format!("{HEAD}items:\n-{}", item.strip_prefix(' ').unwrap())
        };
        let (status, output, said) = krm(&item(&text));
        assert_eq!(status, Some(0), "{name}: {said}");
        let output = output.split_once("\nresults:").map_or(output.as_str(), |(items, _)| items);
        assert_eq!(output.trim_end(), item(&fixed).trim_end(), "{name}");
        items += 1;
    }
    assert!(items > 5, "only {items}");
}

/// What docs/kustomize.md says of the items: `namespace` of the same kustomization is set in them, and an item that is not
/// built is among them. kubectl runs no function, but a transformer of an earlier kind, which gets the same items.
#[cfg(unix)]
#[test]
#[ignore = "needs kubectl"]
fn a_function_gets_the_namespace_and_the_local_items_of_its_kustomization() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, text) in [
        (
            "account.yaml",
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: builder\n  annotations: \
             {config.kubernetes.io/local-config: \"true\"}\nimagePullSecrets: [{name: mine}]\n",
        ),
        (
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  serviceAccountName: builder\n  containers: [{name: web, \
             image: contoso.azurecr.io/web:v1}]\n",
        ),
        ("seen.yaml", "apiVersion: example.com/v1\nkind: Seen\nmetadata: {name: seen}\n"),
        ("plugin/example.com/v1/seen/Seen", "#!/bin/sh\nexec tee \"$SEEN\"\n"),
        (
            "kustomization.yaml",
            "namespace: shop\nresources: [account.yaml, pod.yaml]\ntransformers: [seen.yaml]\n",
        ),
    ] {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), text).unwrap();
    }
    let script = path("plugin/example.com/v1/seen/Seen");
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
    let built = Command::new("kubectl")
        .args(["kustomize", "--enable-alpha-plugins"])
        .arg(folder.path())
        .env("KUSTOMIZE_PLUGIN_HOME", path("plugin"))
        .env("SEEN", path("seen"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let built = String::from_utf8(built.stdout).unwrap();
    assert!(!built.contains("ServiceAccount"), "{built}");
    let seen = fs::read_to_string(path("seen")).unwrap();
    let items: Vec<String> =
        seen.split("---\n").map(|item| format!("- {}\n", item.trim_end().replace('\n', "\n  "))).collect();
    let (status, output, said) = krm(&[HEAD, "items:\n", &items.concat()].concat());
    assert_eq!((status, said.as_str()), (Some(0), ""), "{output}");
    let list = list(&output);
    assert_eq!(
        list["items"][1]["spec"]["imagePullSecrets"],
        json!([{"name": "mine"}, {"name": "acr-secret"}])
    );
    assert_eq!(list["results"][0]["resourceRef"]["namespace"], "shop", "{output}");
}

/// The items of a function are what kustomize built so far.
#[test]
#[ignore = "needs kubectl"]
fn what_kubectl_builds_is_fixed_as_items() {
    let folder = project("docs/integrations/kustomize");
    let copy = tempfile::tempdir().unwrap();
    fs::copy(folder.join("deployment.yaml"), copy.path().join("deployment.yaml")).unwrap();
    fs::write(
        copy.path().join("kustomization.yaml"),
        "resources: [deployment.yaml]\nnamespace: shop\nbuildMetadata: [originAnnotations]\n",
    )
    .unwrap();
    let built = Command::new("kubectl").arg("kustomize").arg(copy.path()).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let built = String::from_utf8(built.stdout).unwrap();
    let item = built.replace('\n', "\n  ");
    let text = fs::read_to_string(folder.join("pull-secrets.yaml")).unwrap();
    let input = format!(
        "{HEAD}items:\n- {}\nfunctionConfig:\n  {}\n",
        item.trim_end(),
        text.replace('\n', "\n  ").trim_end()
    );
    // As krm.sh calls it, found on the PATH.
    let bin = command_alone(&[]).get_program().to_owned();
    let bin = std::path::Path::new(&bin).parent().unwrap().to_owned();
    let mut child = Command::new(folder.join("krm.sh"))
        .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let list = list(&output);
    assert_eq!(
        list["items"][0]["spec"]["template"]["spec"]["imagePullSecrets"],
        json!([{"name": "acr-secret"}])
    );
    assert_eq!(list["items"][0]["metadata"]["namespace"], "shop");
    let added = "        imagePullSecrets:\n        - name: acr-secret\n";
    assert_eq!(output.split_once("results:").unwrap().0.replace(added, ""), input);
}
