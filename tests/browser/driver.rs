//! A real browser: Debian's chromium, driven through its chromedriver.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};

/// How long anything in the page may take. It only stops a test that would wait forever.
const PATIENCE: Duration = Duration::from_mins(1);

/// How the page is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) dark: bool,
}

pub(super) const DESK: Look = Look { width: 1400, height: 900, dark: false };
pub(super) const NIGHT: Look = Look { dark: true, ..DESK };
pub(super) const PHONE: Look = Look { width: 390, height: 844, dark: false };

/// An open browser, which ends with the test.
pub(super) struct Browser {
    _driver: Driver,
    pub(super) client: Client,
}

/// An extension of the driver beyond the standard: a call with a body.
#[derive(Debug)]
struct Extension(&'static str, Value);

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}

/// The driver, which also ends the browsers of tests that failed.
struct Driver {
    child: Child,
    port: u16,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let asked = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            stream.read(&mut [0])
        });
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Opens a browser, follows a path in it, and closes it.
pub(super) fn browse(look: Look, path: impl AsyncFnOnce(&Browser)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let browser = Browser::open(look).await;
        path(&browser).await;
        let _ = browser.client.clone().close().await;
    });
}

impl Browser {
    async fn open(look: Look) -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = said.map_while(Result::ok).find_map(|line| {
            line.strip_suffix('.')?
                .rsplit_once("successfully on port ")
                .map(|(_, port)| port.parse().unwrap())
        });
        let driver = Driver { child, port: port.expect("chromedriver names its port") };
        let mut args = vec![
            "--headless".to_owned(),
            // Tests run as root in their own machine.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--window-size={},{}", look.width, look.height),
        ];
        if look.dark {
            args.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://localhost:{}", driver.port))
            .await
            .expect("a session");
        let browser = Self { _driver: driver, client };
        // Smaller than a window can be.
        let metrics = json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.width < 500});
        browser.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
        browser
    }

    async fn extension(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Extension(path, body)).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A call of Chromium's own protocol.
    pub(super) async fn devtools(&self, name: &str, params: &Value) {
        self.extension("goog/cdp/execute", json!({"cmd": name, "params": params})).await;
    }

    /// The addresses of all requests so far that were meant for a network.
    pub(super) async fn requested(&self) -> Vec<String> {
        let log = self.extension("se/log", json!({"type": "performance"})).await;
        let messages = log.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap());
        let events =
            messages.map(|message| serde_json::from_str::<Value>(message).unwrap()["message"].take());
        let sent = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Errors of the page, including violations of its security policy.
    pub(super) async fn complaints(&self) -> Vec<String> {
        let log = self.extension("se/log", json!({"type": "browser"})).await;
        log.as_array().unwrap().iter().map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// The result of a function body.
    pub(super) async fn js(&self, body: &str) -> Value {
        self.client.execute(body, Vec::new()).await.unwrap_or_else(|error| panic!("{body}: {error}"))
    }

    /// The result of an asynchronous function body, given `arguments[0]` as `input`.
    pub(super) async fn js_async(&self, body: &str, input: Value) -> Value {
        let script = format!(
            "const [input, done] = arguments;
             (async () => {{ {body} }})().then((value) => done({{value}}), (error) => done({{error: String(error)}}));"
        );
        let answer = self.client.execute_async(&script, vec![input]).await;
        let answer = answer.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert!(answer.get("error").is_none(), "{body}: {}", answer["error"]);
        answer["value"].clone()
    }

    /// Waits until an expression is true.
    pub(super) async fn until(&self, expression: &str) {
        let start = Instant::now();
        while self.js(&format!("return Boolean({expression})")).await != json!(true) {
            if start.elapsed() > PATIENCE {
                let page = self.js("return document.body.innerText").await;
                panic!("never: {expression}\n{}", page.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of an element.
    pub(super) async fn text(&self, selector: &str) -> String {
        let text = self.js(&format!("return document.querySelector({selector:?}).innerText")).await;
        text.as_str().unwrap().to_owned()
    }

    /// Clicks as a user does.
    pub(super) async fn click(&self, selector: &str) {
        let element = self.client.find(fantoccini::Locator::Css(selector)).await;
        element.unwrap().click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Types into the editor of a tab, from its beginning.
    pub(super) async fn type_at_start(&self, tab: &str, keys: &str) {
        self.click(&format!("#tab-{tab}")).await;
        let content =
            format!("document.querySelector('#panel-{tab} .editor').shadowRoot.querySelector('.cm-content')");
        let found = self.js(&format!("{content}.focus(); return {content}")).await;
        let element: Element = {
            let id = found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
            Element::from_element_id(self.client.clone(), fantoccini::elements::ElementRef::from(id))
        };
        element.send_keys(&format!("{CONTROL}{HOME}{NULL}{keys}")).await.unwrap();
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub(super) async fn press(&self, keys: &[char]) {
        for key in keys {
            self.client.active_element().await.unwrap().send_keys(&key.to_string()).await.unwrap();
        }
    }

    /// The text of the editor of a tab, as far as it is on the screen.
    pub(super) async fn editor(&self, tab: &str) -> String {
        let lines = self
            .js(&format!(
                "const root = document.querySelector('#panel-{tab} .editor').shadowRoot;
                 return [...root.querySelectorAll('.cm-line')].map((line) => line.textContent)"
            ))
            .await;
        let lines = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        lines.collect::<Vec<_>>().join("\n")
    }
}

// https://www.w3.org/TR/webdriver2/#keyboard-actions
const NULL: char = '\u{e000}';
pub(super) const DELETE: char = '\u{e017}';
const CONTROL: char = '\u{e009}';
const HOME: char = '\u{e011}';
pub(super) const ENTER: char = '\u{e007}';
pub(super) const DOWN: char = '\u{e015}';
pub(super) const TAB: char = '\u{e004}';
pub(super) const ESCAPE: char = '\u{e00c}';
pub(super) const ARROW_RIGHT: char = '\u{e014}';
