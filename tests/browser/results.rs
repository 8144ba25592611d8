//! What the page says: each finding once, the command's words and counts, and what becomes of each image.

use serde_json::{Value, json};

use super::copies::fill;
use super::driver::{Browser, DESK, Look, PHONE, browse};
use super::{ADDED, JUDGED, Playground, choose, open};
use crate::engines::command;

/// Findings of both weights, several on one line, an object without any, and one that is skipped.
pub(super) const SEVERAL: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: a, image: 'contoso.azurecr.io/web:v1'}
        - {name: b, image: 'contoso.azurecr.io/web:v2'}
        - {name: c, image: 'contoso.azureacr.io/web:v3'}
        - {name: d, image: 'nginx:1.29'}
---
apiVersion: v1
kind: Pod
metadata: {name: fine, namespace: shop}
spec: {containers: [{name: a, image: 'nginx:1.29'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: shop}
spec:
  containers: [{name: a, image: 'contoso.azurecr.io/a:v1'}, {name: b, image: 'fabrikam.azurecr.io/b:v1'}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: shop}
";
const VALIDATE: &str =
    "{mode: validate, pullSecrets: [{registries: [contoso.azurecr.io], secret: acr-secret}]}";

const MANIFESTS: &str = "document.querySelector('#panel-manifests .editor').shadowRoot";

async fn opened(browser: &Browser, playground: &Playground, texts: [&str; 3]) {
    open(browser, &playground.url).await;
    fill(browser, texts).await;
}

#[test]
#[ignore = "needs Chromium"]
fn line_numbers_stay_beside_their_lines() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        opened(browser, &playground, [SEVERAL, VALIDATE, ""]).await;
        let measure = format!(
            "const root = {MANIFESTS};
             const top = (element) => element.getBoundingClientRect().top;
             const numbers = [...root.querySelectorAll('.cm-lineNumbers .cm-gutterElement')].filter((it) => it.offsetHeight > 0 && it.style.visibility !== 'hidden');
             const lines = [...root.querySelectorAll('.cm-line')];
             return {{ marks: root.querySelectorAll('.remarks').length, lines: lines.length,
                 drift: Math.max(...lines.map((line, i) => Math.abs(top(line) - top(numbers[i])))) }};"
        );
        browser.until(&format!("{MANIFESTS}.querySelectorAll('.remarks').length > 3")).await;
        // The gutter is measured a frame later than the lines.
        browser
            .js_async(
                "await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))",
                Value::Null,
            )
            .await;
        let told = browser.js(&measure).await;
        assert!(told["lines"].as_u64() > Some(20) && told["drift"].as_f64() < Some(2.0), "{told}");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn each_finding_is_there_once_in_full_and_its_places_are_links() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        opened(browser, &playground, [SEVERAL, VALIDATE, ""]).await;
        browser.until("document.querySelector('.findings')").await;
        let message = "container \"b\" cannot pull \"contoso.azurecr.io/web:v2\" without pull secret";
        let times = format!(
            "return (document.querySelector('#results').textContent + {MANIFESTS}.querySelector('.cm-content').textContent).split({message:?}).length - 1"
        );
        assert_eq!(browser.js(&times).await, json!(1));
        // Two containers lack the same secret: one rule, one help.
        let findings = browser.text("[data-rule=missing-pull-secret]").await;
        assert_eq!(findings.matches("Help: ").count(), 1, "{findings}");

        browser.js("document.querySelectorAll('[data-rule=missing-pull-secret] .link')[1].click()").await;
        let active = format!("{MANIFESTS}.querySelector('.cm-activeLine').textContent");
        browser.until(&format!("{active}.includes('web:v2')")).await;
        // And back, also where the card is closed.
        browser.js("document.querySelectorAll('.object')[2].open = false").await;
        let marks = format!("[...{MANIFESTS}.querySelectorAll('.remark-link')]");
        browser
            .js(&format!("{marks}.find((mark) => mark.textContent === 'unlisted-registry').click()"))
            .await;
        browser.until("document.activeElement.dataset.rule === 'unlisted-registry'").await;
        let card = browser.js("return document.activeElement.closest('.object').innerText").await;
        assert!(card.as_str().unwrap().contains("shop/two"), "{card}");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_counts_and_marks_what_the_command_reports() {
    let playground = Playground::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("several.yaml");
    std::fs::write(&path, SEVERAL).unwrap();
    let check = |format: &str| {
        let path = path.display().to_string();
        let output = command(&["check", "--complete", "--settings-json", SETTINGS_JSON, "-o", format, &path]);
        String::from_utf8({ output }.output().unwrap().stdout).unwrap()
    };
    let summary = check("text").lines().last().unwrap().to_owned();
    let report: Value = serde_json::from_str(&check("json")).unwrap();
    let objects = report["results"].as_array().unwrap();
    browse(DESK, async |browser| {
        opened(browser, &playground, [SEVERAL, VALIDATE, ""]).await;
        let shown = browser.text("#summary").await;
        // The page leaves out zeros.
        let counts = summary.split([':', ',', ';']).map(str::trim);
        let some: Vec<&str> = counts.filter(|count| !count.starts_with("0 ")).collect();
        assert_eq!(
            shown.trim_end_matches('.').split([':', ',', ';']).map(str::trim).collect::<Vec<_>>(),
            some
        );

        let badges = browser.js("return [...document.querySelectorAll('.object .decision')].map((badge) => badge.textContent)").await;
        let decisions: Vec<&Value> = objects.iter().map(|object| &object["decision"]).collect();
        assert_eq!(badges, json!(decisions));

        let marks = format!(
            "return [...{MANIFESTS}.querySelectorAll('.remark-link')].map((mark) => mark.textContent)"
        );
        let mut marks: Vec<String> = serde_json::from_value(browser.js(&marks).await).unwrap();
        let mut rules: Vec<String> = findings(objects);
        marks.sort();
        rules.sort();
        assert_eq!(marks.len(), 5, "{marks:?}");
        // Two of a rule on one line are one mark.
        rules.dedup();
        marks.dedup();
        assert_eq!(marks, rules);
    });
}

/// The settings of [`VALIDATE`], for the command.
const SETTINGS_JSON: &str = r#"{"mode": "validate", "pullSecrets": [{"registries": ["contoso.azurecr.io"], "secret": "acr-secret"}]}"#;

/// The rules of all findings in a report.
fn findings(objects: &[Value]) -> Vec<String> {
    let verdicts = objects.iter().flat_map(|object| {
        std::iter::once(&object["object"]).chain(object["pods"].as_array().into_iter().flatten())
    });
    let findings = verdicts.flat_map(|verdict| verdict["findings"].as_array().into_iter().flatten());
    findings.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs Chromium"]
fn each_image_has_its_outcome_and_what_to_give() {
    let playground = Playground::start();
    for look in [DESK, PHONE] {
        browse(look, async |browser| {
            open(browser, &playground.url).await;
            for (example, outcome) in [
                (
                    "what the kubelet will do, secrets read",
                    "Will pull with key contoso.azurecr.io of secret acr-secret.",
                ),
                (
                    "secret-without-credentials",
                    "Will fail: no key matches, so the kubelet pulls anonymously.",
                ),
                ("lookup-failed", "Allow the lookups in the Cluster tab."),
                (
                    "the article’s pod, fixed",
                    "To find out, add Secret awesomeapps/acr-secret to the Cluster tab.",
                ),
            ] {
                choose(browser, example).await;
                let told = format!("document.querySelector('.images')?.innerText.includes({outcome:?})");
                browser.until(&told).await;
            }
            let long =
                "contoso.azurecr.io/platform-team/payments-and-subscriptions/a-long-name-of-a-service:v1";
            let pod = format!(
                "kind: Pod\napiVersion: v1\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{long}'}}]}}\n"
            );
            fill(browser, [&pod, "", ""]).await;
            browser.until("document.querySelector('.images')?.innerText.includes('payments')").await;
            let wide = "return [...document.querySelectorAll('.images, .images *')].filter((it) => it.clientWidth && it.scrollWidth > it.clientWidth + 1).map((it) => it.outerHTML)";
            assert_eq!(browser.js(wide).await, json!([]), "{look:?}");
        });
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_diff_marks_the_added_lines_and_no_others() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        // What is added is above a key that begins with the same letters.
        choose(browser, "a Deployment, its pods fixed").await;
        browser.until("document.querySelector('.diff')").await;
        browser.until(&format!("{ADDED}.length > 0")).await;
        let added = browser.js(&format!("return {ADDED}")).await;
        assert_eq!(added, json!(["  imagePullSecrets:", "    - name: acr-secret"]));
    });
}

#[test]
#[ignore = "needs Chromium"]
fn empty_and_broken_input_say_one_thing() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        for (texts, expected) in [
            (["a: [", "", ""], "Result\nCan’t evaluate this yet\nManifests, line 1: "),
            (["", "", ""], "Result\nPaste a manifest, open a file, or choose an example."),
        ] {
            browser.client.goto("about:blank").await.unwrap();
            open(browser, &playground.url).await;
            let json = json!({"manifests": texts[0], "settings": texts[1], "cluster": texts[2]}).to_string();
            let link = "const packed = new Blob([input]).stream().pipeThrough(new CompressionStream('deflate-raw'));
                const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
                return '#1.' + btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');";
            let link = browser.js_async(link, json!(json)).await;
            browser.client.goto("about:blank").await.unwrap();
            browser.client.goto(&format!("{}{}", playground.url, link.as_str().unwrap())).await.unwrap();
            browser.until("document.querySelector('#about')?.textContent.includes('WebAssembly')").await;
            browser.until("document.querySelector('#problems li, .empty')").await;
            browser.until("!document.body.hasAttribute('data-pending')").await;
            let shown = browser.text("#results").await.replace("\n\n", "\n");
            assert!(shown.starts_with(expected) && shown.lines().count() <= 3, "{shown}");
        }
    });
}

#[test]
#[ignore = "needs Chromium"]
fn one_button_shows_only_what_fails() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        assert_eq!(browser.js("return document.querySelector('#failing').hidden").await, json!(true));
        fill(browser, [SEVERAL, VALIDATE, ""]).await;
        let badges =
            "return [...document.querySelectorAll('.object .decision')].map((badge) => badge.textContent)";
        assert_eq!(browser.js(badges).await, json!(["rejected", "accepted", "rejected", "skipped"]));
        assert_eq!(browser.text("#failing").await, "Only failures (2)");
        browser.click("#failing").await;
        assert_eq!(browser.js(badges).await, json!(["rejected", "rejected"]));
        // What was counted is not changed by what is shown.
        assert!(browser.text("#summary").await.starts_with("4 objects: "));
        browser.click("#failing").await;
        assert_eq!(browser.js(badges).await.as_array().map(Vec::len), Some(4));
        browser.until(JUDGED).await;
    });
}

#[test]
#[ignore = "needs Chromium"]
fn the_fixed_yaml_is_the_users_text_as_fix_writes_it() {
    let playground = Playground::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("web.yaml");
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        browser.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }").await;
        let own =
            SEVERAL.replace("    spec:\n", "    # Ours\n    spec:  # stays\n").replace("azureacr", "azurecr");
        for settings in ["{}", "{mode: validate}"] {
            std::fs::write(&path, &own).unwrap();
            let args = ["fix", "--settings-json", "{}", &path.display().to_string()];
            let fixed = command(&args).output().unwrap();
            assert_eq!(fixed.status.code(), Some(0), "{fixed:?}");
            fill(browser, [&own, settings, ""]).await;
            browser.js("window.copied = undefined").await;
            browser.click("#copy-fixed").await;
            browser.until("window.copied").await;
            let copied = browser.js("return window.copied").await;
            assert_eq!(copied.as_str().unwrap(), std::fs::read_to_string(&path).unwrap());
            let notice = browser.text("#notice").await;
            assert!(
                notice.starts_with("Fixed YAML copied. It adds acr-secret to Deployment shop/web;"),
                "{notice}"
            );
        }
        // Nothing is missing: there is nothing to copy.
        choose(browser, "empty-pull-secret-name").await;
        assert_eq!(browser.js("return document.querySelector('#copy-fixed').hidden").await, json!(true));
        choose(browser, "pull-secrets-immutable").await;
        assert_eq!(browser.js("return document.querySelector('#copy-fixed').hidden").await, json!(true));
    });
}

#[test]
#[ignore = "needs Chromium"]
fn an_image_is_explained_in_the_words_of_the_command() {
    let playground = Playground::start();
    let entry = r#"{"pullSecrets": [{"registries": ["contoso.azurecr.io"], "secret": "acr-secret"}]}"#;
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        for (image, settings) in [
            ("contoso.azurecr.io/web:v1", "{}"),
            ("contoso.azurecr.io/web:v1", entry),
            ("fabrikam.azurecr.io/web:v1", entry),
            ("contoso.azureacr.io/web:v1", entry),
            ("nginx:1.29", entry),
        ] {
            let list = "imagePullSecrets: [{name: acr-secret}]";
            let pod = format!(
                "kind: Pod\napiVersion: v1\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{image}'}}], {list}}}\n"
            );
            fill(browser, [&pod, settings, ""]).await;
            browser
                .until(&format!("document.querySelector('.images code')?.textContent === {image:?}"))
                .await;
            let facts = browser
                .js("return [...document.querySelectorAll('.images dd')].map((fact) => fact.textContent)")
                .await;
            let facts = facts.as_array().unwrap();
            assert!(!facts.is_empty(), "{image} {settings}");
            let explain = ["explain", "--pull-secret", "acr-secret", image, "--settings-json", settings];
            let explained = command(&explain).output().unwrap();
            let explained = String::from_utf8(explained.stdout).unwrap();
            for fact in facts {
                assert!(explained.contains(fact.as_str().unwrap()), "{fact}\n{explained}");
            }
        }
    });
}

#[test]
#[ignore = "needs Chromium"]
fn nothing_is_cut_off_in_a_narrow_window() {
    let playground = Playground::start();
    let long = SEVERAL
        .replace("name: web, namespace", &format!("name: {}, namespace", "long-name.".repeat(25) + "web"));
    for width in [320, 390, 820, 1024, 1400] {
        browse(Look { width, ..PHONE }, async |browser| {
            open(browser, &playground.url).await;
            for texts in [[&long, "mode: validat\n", ""], [&long, VALIDATE, ""]] {
                fill(browser, texts).await;
                for tab in ["manifests", "settings", "cluster"] {
                    browser.click(&format!("#tab-{tab}")).await;
                    let room = "const edge = (element) => element.getBoundingClientRect().right;
                        return [document.documentElement.scrollWidth - document.documentElement.clientWidth,
                            edge(document.querySelector('#namespace')) > edge(document.querySelector('#input')),
                            document.querySelector('.namespace').innerText.trim()]";
                    assert_eq!(browser.js(room).await, json!([0, false, "Namespace"]), "{width}, {tab}");
                }
            }
        });
    }
}

#[test]
#[ignore = "needs Chromium"]
fn many_findings_and_images_of_an_object_are_folded() {
    let playground = Playground::start();
    let container = |i: u32| format!("  - {{name: c{i}, image: 'contoso.azurecr.io/web:v{i}'}}\n");
    let containers: String = (0..60).map(container).collect();
    let pod = format!("kind: Pod\napiVersion: v1\nmetadata: {{name: a}}\nspec:\n  containers:\n{containers}");
    browse(DESK, async |browser| {
        opened(browser, &playground, [&pod, VALIDATE, ""]).await;
        browser.until("document.querySelectorAll('.images li').length === 60").await;
        for (kind, open) in
            [(".findings li > p", "#objects .findings .rest"), (".images > li", "#objects .body > .rest")]
        {
            let seen = format!(
                "return [...document.querySelectorAll({kind:?})].filter((it) => it.checkVisibility()).length"
            );
            assert!(browser.js(&seen).await.as_u64() <= Some(22), "{kind}");
            assert_eq!(browser.text(&format!("{open} > summary")).await, "40 more");
            browser.click(&format!("{open} > summary")).await;
            let all = format!("document.querySelectorAll({open:?} + ' p').length");
            browser
                .until(&format!(
                    "{all} >= 40 && document.querySelector({open:?}).lastElementChild.checkVisibility()"
                ))
                .await;
        }
        let places = browser.js("return document.querySelectorAll('.findings .link').length").await;
        assert_eq!(places, json!(60));
    });
}
