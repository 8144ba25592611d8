//! What leaves the page: copies, and links that are shared.

use serde_json::{Value, json};

use super::driver::{Browser, DESK, browse};
use super::{JUDGED, Playground, choose, open};
use crate::engines::command;

#[test]
#[ignore = "needs Chromium"]
fn copied_inputs_have_the_same_result_in_the_command() {
    let playground = Playground::start();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_acr-pull-secret")).parent().unwrap();
    let paths = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }").await;
        for (example, decision) in [
            ("the article’s pod, fixed", "mutated"),
            ("a Deployment, its pods fixed", "mutated"),
            ("missing-pull-secret", "rejected"),
            ("pull-secrets-immutable", "rejected"),
            ("lookup-failed", "accepted"),
        ] {
            choose(browser, example).await;
            let mut copied = Vec::new();
            for button in ["copy-command", "copy-test", "copy-policy"] {
                browser.js("window.copied = undefined").await;
                browser.click(&format!("#{button}")).await;
                browser.until("window.copied").await;
                copied.push(browser.js("return window.copied").await.as_str().unwrap().to_owned());
            }
            let [command_line, suite, policy] = copied.try_into().unwrap();

            let mut bash = std::process::Command::new("bash");
            bash.args(["-c", &command_line]).env("PATH", &paths).current_dir(folder.path());
            let told = String::from_utf8(bash.output().unwrap().stdout).unwrap();
            // The first line is the object's, the last one counts every decision.
            let object = told.lines().next().unwrap_or_default();
            let word = object.split_once("; pods ").map_or(object, |(_, pods)| pods);
            assert!(word.starts_with(decision), "{example}: {command_line}\n{told}");
            let shown = browser.text("#objects .decision").await;
            assert_eq!(shown, decision, "{example}");

            std::fs::write(path("suite.yaml"), &suite).unwrap();
            let tested = command(&["test", &path("suite.yaml")]).output().unwrap();
            assert_eq!(tested.status.code(), Some(0), "{example}: {suite}");

            std::fs::write(path("policy.yaml"), &policy).unwrap();
            let pod = "tests/manifests/my-awesome-app-pod.yaml";
            // Settings that mutate are copied as a pair.
            for number in 1..=policy.matches("kind: ClusterAdmissionPolicy").count() {
                let settings = format!("{}#{number}", path("policy.yaml"));
                let checked = command(&["check", "--settings", &settings, pod]).output().unwrap();
                assert_eq!(checked.status.code(), Some(0), "{example}: {policy}");
            }
        }
    });
}

/// Texts that hold a credential somewhere, all of them `TUFSS0VS`.
const CREDENTIALS: [&str; 17] = [
    "kind: Secret\ndata:\n  # once: TUFSS0VS\n  x: |\n    TUFSS0VS\n",
    "kind: Secret\nstringData: {x: !!binary TUFSS0VS}\n",
    "KIND: secret\ndata: {x: TUFSS0VS}\n",
    "kind: Secret\nunknown:\n  nested: [TUFSS0VS]\n",
    "kind: Pod\n---\nkind: Secret\ndata: {x: TUFSS0VS}\n---\nkind: Pod\n",
    "kind: List\nitems:\n- kind: Secret\n  data: {x: TUFSS0VS}\n",
    "kind: SecretList\nitems:\n- data: {x: TUFSS0VS}\n",
    "kind: AdmissionReview\nrequest:\n  oldObject: {kind: Secret, data: {x: TUFSS0VS}}\n",
    "kind: AdmissionReview\nrequest:\n  kind: {kind: Secret}\n  object: {data: {x: TUFSS0VS}}\n",
    "kind: Pod\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"data\":\"TUFSS0VS\"}'\n",
    "kind: ConfigMap\ndata:\n  a.yaml: |\n    kind: Secret\n    data: {x: TUFSS0VS}\n",
    "a: &v TUFSS0VS\nkind: Secret\ndata: {x: *v}\n",
    "base: &b\n  data: {x: TUFSS0VS}\nkind: Secret\n<<: *b\n",
    "auths: {contoso.azurecr.io: {auth: TUFSS0VS}}\n",
    "{\"auths\": {\"contoso.azurecr.io\": {\"identitytoken\": \"TUFSS0VS\"}}}",
    "kind: Pod\nspec: {containers: [{name: web, env: [{name: AZURE_CLIENT_SECRET, value: TUFSS0VS}]}]}\n",
    "clientSecret: TUFSS0VS\n",
];

#[test]
#[ignore = "needs Chromium"]
fn a_shared_link_has_all_inputs_without_credentials() {
    let playground = Playground::start();
    let harmless = [
        "pullSecrets:\n  - registries: [contoso.azurecr.io] # ours\n    secret: acr-secret\n",
        "kind: ServiceAccount\nmetadata:\n  annotations: {kubernetes.io/enforce-mountable-secrets: \"true\"}\n",
        "kind: Pod\nspec: {imagePullSecrets: [{name: acr-secret}], volumes: [{secret: {secretName: tls}}]}\n",
    ];
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        let redact = "const policy = await import(new URL('policy.js', location.href));
            await policy.default(new URL('policy_bg.wasm', location.href));
            return input.map(policy.withoutSecrets);";
        let shared = browser.js_async(redact, json!(CREDENTIALS)).await;
        let shared = shared.as_array().unwrap();
        assert_eq!(shared.len(), CREDENTIALS.len());
        for (text, shared) in CREDENTIALS.iter().zip(shared) {
            assert!(shared["removed"].as_u64() > Some(0), "{text}: {shared}");
            assert!(!shared.to_string().contains("TUFSS0VS"), "{text}: {shared}");
        }
        let shared = browser.js_async(redact, json!(harmless)).await;
        assert_eq!(shared, json!(harmless.map(|text| json!({"text": text, "removed": 0}))));
    });
}

/// Opens a link with these texts of the tabs.
pub(super) async fn fill(browser: &Browser, texts: [&str; 3]) {
    let json = json!({"manifests": texts[0], "settings": texts[1], "cluster": texts[2]}).to_string();
    let link = "const packed = new Blob([input]).stream().pipeThrough(new CompressionStream('deflate-raw'));
        const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
        location.hash = '1.' + btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');";
    browser.js_async(link, json!(json)).await;
    browser.until(JUDGED).await;
    browser.until("document.querySelector('#example').value === ''").await;
    browser.until(JUDGED).await;
}

/// The inputs that the link of the notice carries.
async fn carried(browser: &Browser) -> String {
    let unpack = "const packed = atob(document.querySelector('#link').value.split('#1.')[1].replaceAll('-', '+').replaceAll('_', '/'));
        const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
        return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text();";
    browser.js_async(unpack, Value::Null).await.as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs Chromium"]
fn a_link_holds_no_value_of_another_tab_and_says_whether_its_verdict_differs() {
    const PASSWORD: &str = "Tr0ub4dor-horse";
    let playground = Playground::start();
    let pod = format!(
        "# {PASSWORD}\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: web, image: 'contoso.azurecr.io/web:v1', \
         args: [x{PASSWORD}]}}]\n  imagePullSecrets: [{{name: acr-secret}}]\n"
    );
    let secret = |user: &str| {
        let config =
            json!({"auths": {"contoso.azurecr.io": {"username": user, "password": PASSWORD}}}).to_string();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "acr-secret"}, "stringData": {".dockerconfigjson": config},
        });
        secret.to_string()
    };
    let settings = format!("mode: validate # {PASSWORD}\ncluster: {{secrets: credentials}}\n");
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }").await;
        // The admin user is recognised by its name, which here is a value of another Secret too.
        let other = "---\nkind: Secret\nstringData: {x: contoso}\n";
        for (cluster, differs) in
            [(secret("contoso"), false), (format!("{}\n{other}", secret("contoso")), true)]
        {
            fill(browser, [&pod, &settings, &cluster]).await;
            let before = browser.text("#summary").await;
            browser.click("#share").await;
            browser.until("document.querySelector('#link').value.includes('#')").await;
            let carried = carried(browser).await;
            assert!(!carried.contains("ub4dor") && !carried.contains("horse"), "{carried}");
            let notice = browser.text("#notice").await;
            assert_eq!(notice.contains("The verdict changes"), differs, "{notice}");
            let told = ": the findings of Pod default/web are none instead of secret-admin-user.";
            assert_eq!(notice.contains(told), differs, "{notice}");
            let link = browser.js("return document.querySelector('#link').value").await;
            for button in ["copy-command", "copy-test", "copy-policy"] {
                browser.js("window.copied = undefined").await;
                browser.click(&format!("#{button}")).await;
                browser.until("window.copied").await;
                let copied = browser.js("return window.copied").await.to_string();
                assert!(!copied.contains("ub4dor") && !copied.contains("horse"), "{copied}");
            }
            browser.client.goto("about:blank").await.unwrap();
            open(browser, link.as_str().unwrap()).await;
            browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }").await;
            assert_eq!(browser.text("#summary").await == before, !differs, "{carried}");
        }
    });
}

#[test]
#[ignore = "needs Chromium"]
fn every_example_is_shared_with_the_same_verdict() {
    let playground = Playground::start();
    let folder = tempfile::tempdir().unwrap();
    let suite = folder.path().join("suite.yaml").display().to_string();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }").await;
        for rule in policy_core::rule::Rule::ALL {
            choose(browser, rule.id()).await;
            browser.js("window.copied = undefined").await;
            browser.click("#copy-test").await;
            browser.until("window.copied").await;
            let notice = browser.text("#notice").await;
            assert!(
                notice.starts_with("Test case copied.") && !notice.contains("verdict"),
                "{}: {notice}",
                rule.id()
            );
            let copied = browser.js("return window.copied").await.as_str().unwrap().to_owned();
            assert!(copied.contains(rule.id()), "{copied}");
            std::fs::write(&suite, &copied).unwrap();
            let tested = command(&["test", &suite]).output().unwrap();
            assert_eq!(tested.status.code(), Some(0), "{}: {copied}", rule.id());
        }
    });
}
