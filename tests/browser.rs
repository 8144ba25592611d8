//! The playground in a real browser.

mod copies;
mod driver;
mod input;
mod notices;
mod results;
mod site;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use review::failing_lookups::FailingLookups;
use review::suite;
use serde_json::{Value, json};

use crate::engines::{POLICY, command, json, native, project};
use driver::{ARROW_RIGHT, Browser, DELETE, DESK, ESCAPE, NIGHT, PHONE, TAB, browse};

/// The command, serving the page at a port of its own.
struct Playground {
    child: Child,
    url: String,
}

impl Playground {
    fn start() -> Self {
        let mut child = command(&["playground", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim_end().to_owned() }
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const JUDGED: &str =
    "!document.body.hasAttribute('data-pending') && document.querySelector('#objects .decision')";

/// Opens the page, and waits for the decision on its first example.
async fn open(browser: &Browser, url: &str) {
    browser.client.goto(url).await.unwrap();
    browser.until(JUDGED).await;
    browser.until("document.querySelector('#about').textContent.includes('WebAssembly')").await;
    browser.until(JUDGED).await;
}

async fn choose(browser: &Browser, example: &str) {
    let script = "const option = [...document.querySelectorAll('#example option')].find((option) => option.textContent === input);
        option.parentElement.closest('select').value = option.value;
        option.closest('select').dispatchEvent(new Event('change'));";
    browser.js_async(script, json!(example)).await;
    browser.until(JUDGED).await;
}

/// The changed lines of the diff.
const ADDED: &str =
    "[...document.querySelector('.diff .editor').shadowRoot.querySelectorAll('.cm-changedLine')]
    .map((line) => line.textContent)";

/// A value that occurs nowhere else.
const SECRET: &str = "TUFSS0VSLW9mLXRoZS1zZWNyZXQ=";

#[test]
#[ignore = "needs Chromium"]
fn the_path_of_a_user_from_the_articles_pod_to_a_link_without_secrets() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        assert_eq!(browser.text("#summary").await, "1 object: 1 mutated.");
        browser.until("document.querySelector('.diff')").await;
        let added = browser.js(&format!("return {ADDED}")).await;
        assert_eq!(added, json!(["  imagePullSecrets:", "    - name: acr-secret"]));
        let row = browser.text("#objects .images li").await;
        assert!(
            row.contains("myregistry.azurecr.io/my-awesome-app:v1") && row.contains("acr-secret"),
            "{row}"
        );
        assert!(browser.text("#cost").await.starts_with("1 evaluation, "));

        // The decision changes while typing, and its cause is marked.
        browser.type_at_start("settings", "mode: validate\n").await;
        browser.until("document.querySelector('#summary').textContent === '1 object: 1 rejected.'").await;
        browser.click("#tab-manifests").await;
        browser.until("document.querySelector('#panel-manifests .editor').shadowRoot.querySelector('.remark-error')").await;
        let mark = "document.querySelector('#panel-manifests .editor').shadowRoot.querySelector('.cm-lintRange-error').textContent";
        assert_eq!(browser.js(&format!("return {mark}")).await, "myregistry.azurecr.io/my-awesome-app:v1");

        // Broken: said, marked, and the last cards stay, greyed.
        browser.type_at_start("manifests", "a: [\n").await;
        browser.until("document.querySelector('#problems [role=alert]')").await;
        assert!(browser.text("#problems").await.contains("Manifests, line"));
        assert_eq!(browser.js("return document.querySelector('#objects').className").await, "stale");
        assert_eq!(
            browser.js("return document.querySelector('#tab-manifests').ariaLabel").await,
            "Manifests, 1 problem"
        );
        browser.click("#share").await;
        browser.until("!document.querySelector('#notice').hidden").await;
        assert!(browser.text("#notice").await.starts_with("Nothing was shared: in Manifests, "));

        // Fixed.
        let broken = browser.editor("manifests").await;
        let typed = broken.find("# The pod of").expect("the example is below what was typed");
        browser.type_at_start("manifests", &DELETE.to_string().repeat(typed)).await;
        let fixed = browser.editor("manifests").await;
        assert!(fixed.starts_with("# The pod of"), "{fixed}");
        browser.until("!document.querySelector('#problems [role=alert]')").await;
        assert_eq!(browser.js("return document.querySelector('#objects').className").await, "");

        // A Secret in the cluster, and a link without it.
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "acr-secret", "namespace": "awesomeapps"}, "data": {".dockerconfigjson": SECRET},
        });
        browser.type_at_start("cluster", &format!("{secret}\n")).await;
        assert!(browser.editor("cluster").await.contains(SECRET));
        browser.click("#share").await;
        browser.until("document.querySelector('#link').value.includes('#')").await;
        assert!(
            browser.text("#notice").await.contains(" 1 value of Secrets and credentials was replaced by")
        );
        let link = browser.js("return document.querySelector('#link').value").await;
        let link = link.as_str().unwrap();
        let unpack = "const packed = atob(input.split('#1.')[1].replaceAll('-', '+').replaceAll('_', '/'));
            const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
            return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text();";
        let carried = browser.js_async(unpack, json!(link)).await;
        let carried: Value = serde_json::from_str(carried.as_str().unwrap()).unwrap();
        assert!(!carried.to_string().contains(SECRET), "{carried}");

        // The opened link shows the same page, without the value.
        browser.client.goto("about:blank").await.unwrap();
        open(browser, link).await;
        assert_eq!(browser.text("#summary").await, "1 object: 1 rejected.");
        browser.click("#tab-cluster").await;
        let cluster = browser.editor("cluster").await;
        assert!(cluster.contains("acr-secret") && !cluster.contains(SECRET), "{cluster}");
        browser.click("#tab-settings").await;
        assert!(browser.editor("settings").await.starts_with("mode: validate"));

        let requested = browser.requested().await;
        let foreign: Vec<&String> = requested
            .iter()
            .filter(|url| {
                !url.starts_with(&playground.url) && !url.starts_with("data:") && *url != "about:blank"
            })
            .collect();
        assert!(requested.len() > 5 && foreign.is_empty(), "{foreign:?}");
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

#[test]
#[ignore = "needs Chromium"]
fn every_example_shows_the_finding_that_it_is_named_after() {
    let playground = Playground::start();
    let rules = json(&POLICY.call("findings", b"", std::sync::Arc::new(FailingLookups::Denied)).unwrap());
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        let rules = rules.as_array().unwrap();
        assert_eq!(rules.len(), policy_core::rule::Rule::ALL.len());
        for rule in rules {
            let rule = rule["id"].as_str().unwrap();
            choose(browser, rule).await;
            browser.until("document.querySelector('.findings')").await;
            let findings = browser.text(".findings").await;
            assert!(findings.contains(rule), "{rule}: {findings}");
        }
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

/// A value with JavaScript's numbers, which are all of one type.
fn in_javascript(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(in_javascript).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, in_javascript(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

#[test]
#[ignore = "needs Chromium"]
fn every_case_has_the_same_result_in_the_page_as_natively() {
    let playground = Playground::start();
    let (mut calls, mut expected) = (Vec::new(), Vec::new());
    for loaded in crate::cases::suites() {
        for case in &loaded.suite.cases {
            let settings = case.settings.as_ref().unwrap_or(&loaded.suite.settings);
            let payload = json!({"request": suite::run::request(case), "settings": settings}).to_string();
            let host = suite::run::host(POLICY.metadata(), &loaded.suite, case, &crate::cases::log());
            let objects: Vec<&Value> = loaded.suite.cluster.iter().chain(&case.cluster).collect();
            let lookups = case.lookups.map(|lookups| match lookups {
                FailingLookups::Denied => "denied",
                FailingLookups::Unavailable => "unavailable",
                FailingLookups::Ungranted => "ungranted",
            });
            let mut cluster = json!({"objects": objects});
            if let Some(lookups) = lookups {
                cluster["lookups"] = lookups.into();
            }
            expected.push((case.name.clone(), json(&native(payload.as_bytes(), &*host))));
            calls.push(json!([payload, cluster.to_string()]));
        }
    }
    assert!(calls.len() >= 1_200, "{} cases", calls.len());
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        let judge = "const policy = await import(new URL('policy.js', location.href));
            await policy.default(new URL('policy_bg.wasm', location.href));
            const start = performance.now();
            const answers = input.map(([payload, cluster]) => policy.evaluate(payload, cluster));
            const each = (performance.now() - start) / input.length;
            const nonsense = [policy.evaluate('{', '{}'), policy.evaluate('{}', '['), policy.evaluate('', ''),
                policy.explain('{', '{}'), policy.validateSettings('['), policy.withoutSecrets('a: [')];
            return {answers, each, nonsense};";
        let told = browser.js_async(judge, json!(calls)).await;
        let answers = told["answers"].as_array().unwrap();
        assert_eq!(answers.len(), expected.len());
        for ((name, expected), answer) in expected.iter().zip(answers) {
            assert_eq!(in_javascript(answer.clone()), in_javascript(expected.clone()), "{name}");
        }
        let nonsense = told["nonsense"].as_array().unwrap();
        assert_eq!(nonsense.len(), 6);
        for value in nonsense {
            let text = value.to_string();
            assert!(text.contains("message") || text.contains("error"), "{text}");
        }
        println!("{} cases, {:.3} ms each in the page", answers.len(), told["each"].as_f64().unwrap());
    });
}

#[test]
#[ignore = "needs Chromium"]
fn the_keyboard_reaches_everything_and_is_never_trapped() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        let in_editor = "document.activeElement.classList.contains('editor')";
        browser.type_at_start("manifests", "").await;
        assert_eq!(browser.js(&format!("return {in_editor}")).await, json!(true));
        browser.press(&[ESCAPE, TAB]).await;
        assert_eq!(
            browser.js(&format!("return {in_editor}")).await,
            json!(false),
            "Esc and Tab leave the editor"
        );

        browser.js("document.querySelector('#tab-manifests').focus()").await;
        browser.press(&[ARROW_RIGHT]).await;
        browser.until("document.activeElement.id === 'tab-settings' && !document.querySelector('#panel-settings').hidden").await;
        browser.press(&[TAB]).await;
        browser.until("document.activeElement.id === 'namespace'").await;

        // From the top, with nothing but Tab, to the results.
        browser.js("document.activeElement.blur(); window.getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus()").await;
        let mut seen = Vec::new();
        for _ in 0..14 {
            browser.press(&[TAB]).await;
            seen.push(
                browser.js("return document.activeElement.id || document.activeElement.className").await,
            );
            browser.press(&[ESCAPE]).await;
        }
        for stop in
            ["example", "copy-policy", "copy-command", "copy-test", "share", "tab-settings", "namespace"]
        {
            assert!(seen.contains(&json!(stop)), "{stop}: {seen:?}");
        }
    });
}

#[test]
#[ignore = "needs Chromium and npm's axe-core"]
fn the_page_is_accessible() {
    let playground = Playground::start();
    let axe = std::fs::read_to_string(project("host/playground/node_modules/axe-core/axe.min.js"))
        .expect("`npm ci` in host/playground brings axe");
    let audit = "const { violations, passes } = await axe.run(document, { resultTypes: ['violations'] });
        return { passes: passes.length, violations: violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]) };";
    for look in [DESK, NIGHT, PHONE] {
        browse(look, async |browser| {
            open(browser, &playground.url).await;
            browser.js(&axe).await;
            for example in ["the article’s pod, fixed", "missing-pull-secret", "secret-expires-soon"] {
                choose(browser, example).await;
                for tab in ["manifests", "settings", "cluster"] {
                    browser.click(&format!("#tab-{tab}")).await;
                    let audit = browser.js_async(audit, Value::Null).await;
                    assert_eq!(audit["violations"], json!([]), "{example}, {tab}, {look:?}");
                    assert!(audit["passes"].as_u64() > Some(20), "{audit}");
                }
            }
            let room = browser.js("return [document.documentElement.scrollWidth, innerWidth]").await;
            assert_eq!(room[0], room[1], "nothing is wider than the window, {look:?}");
        });
    }
}

#[test]
#[ignore = "needs Chromium"]
fn five_megabytes_do_not_freeze_the_page() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        // In addition to the worker, the page's own thread evaluates the same text, to measure how long the page would freeze
        // without the worker.
        let paste = r##"
            const pod = (i) => `apiVersion: v1\nkind: Pod\nmetadata: {name: web-${i}, namespace: shop}\nspec:\n  containers:\n    - name: web\n      image: contoso.azurecr.io/web:v1\n---\n`;
            let text = "";
            for (let i = 0; text.length < 5_000_000; i++) text += pod(i);
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const content = document.querySelector("#panel-manifests .editor").shadowRoot.querySelector(".cm-content");
            content.focus();
            const start = performance.now();
            let [last, longest] = [start, 0];
            const tick = () => {
                const now = performance.now();
                [longest, last] = [Math.max(longest, now - last), now];
            };
            content.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
            do {
                await new Promise((resolve) => setTimeout(resolve, 10));
                tick();
            } while (document.body.hasAttribute("data-pending"));
            const whole = performance.now() - start;
            const policy = await import(new URL("policy.js", location.href));
            await policy.default(new URL("policy_bg.wasm", location.href));
            const before = performance.now();
            const objects = new policy.Judgement(text, "", "", "default", false).report().objects.length;
            return { longest, whole, judging: performance.now() - before, objects };"##;
        browser
            .client
            .update_timeouts(fantoccini::wd::TimeoutConfiguration::new(
                Some(std::time::Duration::from_mins(2)),
                None,
                None,
            ))
            .await
            .unwrap();
        let told = browser.js_async(paste, Value::Null).await;
        println!("{told}");
        let [longest, whole, judging] =
            ["longest", "whole", "judging"].map(|name| told[name].as_f64().unwrap());
        assert!(
            told["objects"].as_u64() > Some(30_000) && whole > judging / 2.0,
            "the text was not checked: {told}"
        );
        assert!(longest < judging / 5.0, "the page froze: {told}");
        let summary = browser.text("#summary").await;
        assert!(summary.contains("mutated"), "{summary}");
    });
}
