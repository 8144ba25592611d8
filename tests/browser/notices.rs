//! What the page says beside the results: its notices, and what is wrong with settings.

use serde_json::json;

use super::copies::fill;
use super::driver::{DESK, PHONE, browse};
use super::results::SEVERAL;
use super::{Playground, open};

#[test]
#[ignore = "needs Chromium"]
fn a_notice_is_in_sight_wherever_its_button_is() {
    let playground = Playground::start();
    browse(PHONE, async |browser| {
        open(browser, &playground.url).await;
        fill(browser, [&[SEVERAL; 3].join("---\n"), "", ""]).await;
        browser.js("document.querySelector('#copy-fixed').scrollIntoView({ block: 'center' })").await;
        assert!(browser.js("return scrollY").await.as_f64() > Some(100.0));
        browser.js("document.querySelector('#copy-fixed').click()").await;
        browser.until("!document.querySelector('#notice').hidden").await;
        let place = browser
            .js("return [document.querySelector('#notice').getBoundingClientRect().top, innerHeight]")
            .await;
        let [top, height] = [0, 1].map(|i| place[i].as_f64().unwrap());
        assert!((0.0..height).contains(&top), "{place}");
    });
}

#[test]
#[ignore = "needs Chromium"]
fn what_is_wrong_with_settings_is_a_list_of_links_in_the_order_of_the_text() {
    let playground = Playground::start();
    let settings =
        "mode: validat\nfoo: 1\npullSecrets:\n  - registries: contoso.azurecr.io\n    secret: ACR_secret\n";
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        fill(browser, ["kind: Pod\n", settings, ""]).await;
        browser.until("document.querySelectorAll('#problems li').length === 4").await;
        let places =
            "return [...document.querySelectorAll('#problems li .link')].map((link) => link.textContent)";
        let expected = [1, 2, 4, 5].map(|line| format!("Settings, line {line}"));
        assert_eq!(browser.js(places).await, json!(expected));
        browser.click("#tab-manifests").await;
        browser.click("#problems li:nth-child(3) .link").await;
        let active = "document.querySelector('#panel-settings .editor').shadowRoot.querySelector('.cm-activeLine')?.textContent";
        browser.until(&format!("{active}?.includes('registries: contoso')")).await;
    });
}

#[test]
#[ignore = "needs Chromium"]
fn a_text_that_the_browser_does_not_let_the_page_copy_is_not_called_copied() {
    let playground = Playground::start();
    browse(DESK, async |browser| {
        open(browser, &playground.url).await;
        browser.js("navigator.clipboard.writeText = async () => { throw new Error('forbidden'); }").await;
        for button in ["copy-fixed", "copy-command", "copy-test", "copy-policy", "share"] {
            browser.js("document.querySelector('#link').value = ''").await;
            browser.click(&format!("#{button}")).await;
            browser.until("document.querySelector('#link').value !== ''").await;
            let notice = browser.text("#notice p").await;
            assert!(notice.contains("from here") || notice.starts_with("Here is the link."), "{notice}");
            assert!(!notice.contains("copied"), "{button}: {notice}");
        }
    });
}
