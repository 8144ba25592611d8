//! What the user brings into the page: files, settings, a theme, and work that is kept for the next visit.

use serde_json::{Value, json};

use super::copies::fill;
use super::driver::{Browser, DESK, DOWN, ENTER, NIGHT, PHONE, browse};
use super::{JUDGED, Playground, SECRET, open};

/// Puts files on the input, as a drag from a folder does: names and texts, where bytes are numbers.
async fn drop_files(browser: &Browser, files: Value) {
    let script = "const data = new DataTransfer();
        for (const [name, content] of input) data.items.add(new File([Array.isArray(content) ? new Uint8Array(content) : content], name));
        document.querySelector('#notice').hidden = true;
        const target = document.querySelector('[role=tabpanel]:not([hidden]) .editor').shadowRoot.querySelector('.cm-content');
        const dragged = (type) => new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true });
        target.dispatchEvent(dragged('dragover'));
        target.dispatchEvent(dragged('drop'));";
    browser.js_async(script, files).await;
    browser.until("!document.querySelector('#notice').hidden").await;
    browser.until("!document.body.hasAttribute('data-pending')").await;
}

#[test]
#[ignore = "needs Chromium"]
fn dropped_files_open_as_one_text() {
    let playground = Playground::start();
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: a, image: nginx}}]}}"
        )
    };
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        drop_files(browser, json!([["a.yaml", pod("one")], ["b.yaml", format!("---\n{}\n", pod("two"))], ["c.json", r#"{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "three"}, "spec": {"containers": []}}"#]])).await;
        assert_eq!(
            browser.text("#notice p").await,
            "Opened a.yaml, b.yaml, c.json under Manifests. Undo brings the old text back."
        );
        let names = "return [...document.querySelectorAll('.object .name')].map((name) => name.textContent)";
        assert_eq!(
            browser.js(names).await,
            json!(["Pod default/one", "Pod default/two", "Pod default/three"])
        );

        // Where the user is.
        browser.click("#tab-settings").await;
        drop_files(browser, json!([["settings.yaml", "mode: validate\n"]])).await;
        assert_eq!(browser.editor("settings").await, "mode: validate\n");

        drop_files(browser, json!([["a.png", [137, 80, 78, 71, 13, 10, 255]]])).await;
        assert_eq!(browser.text("#notice p").await, "Nothing was opened: a.png is not a text file in UTF-8.");
        assert_eq!(browser.editor("settings").await, "mode: validate\n");
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

const OPTIONS: &str = "[...document.querySelector('#panel-settings .editor').shadowRoot.querySelectorAll('.cm-completionLabel')].map((label) => label.textContent)";

#[test]
#[ignore = "needs Chromium"]
fn settings_are_completed_from_the_policys_form() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        let offers = async |expected: &[&str]| {
            browser.until(&format!("{OPTIONS}.join() === {:?}", expected.join(","))).await;
            // The library ignores Enter for a moment, so that no one picks an option unseen.
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        };
        browser.type_at_start("settings", "mo").await;
        offers(&["mode"]).await;
        browser.press(&[ENTER]).await;
        offers(&["mutate", "validate"]).await;
        browser.press(&[DOWN, ENTER, ENTER, 'c', 'l']).await;
        offers(&["cluster"]).await;
        browser.press(&[ENTER]).await;
        offers(&["serviceAccounts", "secrets"]).await;
        browser.press(&[DOWN, ENTER]).await;
        offers(&["none", "exists", "credentials"]).await;
        browser.press(&[DOWN, ENTER]).await;
        assert_eq!(browser.editor("settings").await, "mode: validate\ncluster:\n  secrets: exists");
        browser.until(JUDGED).await;
        assert_eq!(browser.js("return document.querySelector('#problems').textContent").await, "");
        assert_eq!(browser.complaints().await, Vec::<String>::new());

        // In a policy resource, settings stand below spec.settings; an item offers what it has not.
        let resource = "kind: ClusterAdmissionPolicy\nspec:\n  settings:\n    pullSecrets:\n      - registries: [a.io]\n        ";
        let paste = "const content = document.querySelector('#panel-settings .editor').shadowRoot.querySelector('.cm-content');
            const data = new DataTransfer();
            data.setData('text/plain', input);
            content.focus();
            content.getRootNode().getSelection?.();
            document.execCommand('selectAll');
            content.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));";
        browser.js_async(paste, json!(resource)).await;
        browser.press(&['s']).await;
        offers(&["serviceAccounts", "secret", "secretless"]).await;
    });
}

#[test]
#[ignore = "needs Chromium"]
fn work_survives_a_reload_until_it_is_forgotten_and_secrets_never_do() {
    let playground = Playground::start();
    let stored = "return JSON.stringify(Object.values(localStorage))";
    let status = async |browser: &Browser, text: &str| {
        browser.until(&format!("document.querySelector('#kept').textContent === {text:?}")).await;
    };
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        // An example is no one's work.
        assert_eq!(browser.js(stored).await, "[]");
        browser.type_at_start("manifests", "# my own\n").await;
        browser.type_at_start("settings", "mode: validate\n").await;
        status(browser, "Kept in this browser only.").await;
        browser.until("JSON.stringify(Object.values(localStorage)).includes('validate')").await;
        open(browser, &playground.url).await;
        assert!(browser.editor("manifests").await.starts_with("# my own\n"));
        assert_eq!(browser.text("#summary").await, "1 object: 1 rejected.");

        // A link shows what it holds, and the work is still there afterwards.
        fill(browser, ["kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n", "", ""]).await;
        assert!(browser.js(stored).await.as_str().unwrap().contains("my own"));
        browser.client.goto("about:blank").await.unwrap();
        open(browser, &playground.url).await;
        assert!(browser.editor("manifests").await.starts_with("# my own\n"));

        // Values of Secrets are kept in no form, nor is a text that may hold one.
        let secret =
            json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"a": SECRET}});
        browser.type_at_start("cluster", &secret.to_string()).await;
        status(browser, "Not kept: the text holds values of Secrets.").await;
        browser.type_at_start("cluster", "a: [").await;
        status(browser, "Not kept while the text has a syntax error.").await;
        let kept = browser.js(stored).await;
        assert!(!kept.as_str().unwrap().contains("TUFSS0VS"), "{kept}");

        browser.click("#forget").await;
        status(browser, "Your edits are not kept.").await;
        assert!(!browser.js(stored).await.as_str().unwrap().contains("my own"));
        browser.type_at_start("manifests", "# more\n").await;
        browser.until(JUDGED).await;
        open(browser, &playground.url).await;
        assert_eq!(browser.text("#summary").await, "1 object: 1 mutated.");
        assert!(browser.editor("manifests").await.starts_with("# The pod of"));
        status(browser, "Your edits are not kept.").await;
        browser.click("#forget").await;
        status(browser, "Your edits are kept in this browser only.").await;
    });
}

#[test]
#[ignore = "needs Chromium"]
fn an_edit_after_sharing_is_not_lost_to_the_link() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        browser.type_at_start("manifests", "# one\n").await;
        browser.click("#share").await;
        browser.until("location.hash.startsWith('#1.')").await;
        browser.type_at_start("manifests", "# two\n").await;
        browser
            .until("location.hash === '' && JSON.stringify(Object.values(localStorage)).includes('# two')")
            .await;
        browser.client.refresh().await.unwrap();
        browser.until(JUDGED).await;
        assert!(browser.editor("manifests").await.starts_with("# two\n# one\n"));
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_chosen_theme_wins_over_the_systems_and_lasts() {
    let playground = Playground::start();
    for (look, other, system, chosen) in [(DESK, "dark", "255", "27"), (NIGHT, "light", "27", "255")] {
        browse(look, async |browser| {
            let panel = "return getComputedStyle(document.querySelector('header')).backgroundColor";
            let choose = "const theme = document.querySelector('#theme'); theme.value = input; theme.dispatchEvent(new Event('change'));";
            open(browser, &playground.url).await;
            let is = async |shade: &str| {
                let colour = browser.js(panel).await;
                assert!(colour.as_str().unwrap().starts_with(&format!("rgb({shade},")), "{colour}");
            };
            is(system).await;
            browser.js_async(choose, json!(other)).await;
            is(chosen).await;
            open(browser, &playground.url).await;
            is(chosen).await;
            browser.js_async(choose, json!("")).await;
            is(system).await;
            open(browser, &playground.url).await;
            is(system).await;
        });
    }
}

#[test]
#[ignore = "needs Chromium"]
fn hints_on_keys_are_shown_only_where_there_is_a_keyboard() {
    let playground = Playground::start();
    for (look, is_shown) in [(DESK, true), (PHONE, false)] {
        browse(look, async |browser| {
            browser.devtools("Emulation.setTouchEmulationEnabled", &json!({"enabled": !is_shown})).await;
            open(browser, &playground.url).await;
            let shown = browser.js("return document.querySelector('.keys').offsetWidth > 0").await;
            assert_eq!(shown, json!(is_shown), "{look:?}");
            assert!(
                browser.js("return document.querySelector('#open').offsetWidth > 0").await == json!(true)
            );
        });
    }
}
