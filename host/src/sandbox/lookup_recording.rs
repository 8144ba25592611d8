//! A recorded session: the lookups of a policy and their answers, as kwctl writes and replays them.
//!
//! kwctl: `--record-host-capabilities-interactions`, `--replay-host-capabilities-interactions`
//! (`src/callback_handler/proxy.rs`): a YAML list of exchanges, each request tagged with its kind.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use review::host_calls::HostCalls;
use review::lookups::GetResource;
use review::yaml;

/// The first line of what is recorded here, a comment, which distinguishes it from a session of kwctl or of a person.
const RECORDED: &str = "# Recorded by acr-pull-secret check --record";

const GET_RESOURCE: &str = "!KubernetesGetResource";

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type")]
enum Response {
    Success { payload: String },
    Error { message: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Exchange {
    request: GetResource,
    response: Response,
}

/// A session that answers instead of a cluster.
///
/// kwctl answers in the order of the recording. Objects are evaluated in parallel here, so an answer belongs to its request at
/// any position, and may be used again.
#[derive(Debug)]
pub struct Replay {
    exchanges: Vec<Exchange>,
}

impl Replay {
    /// Reads a session.
    ///
    /// # Errors
    /// - not a YAML list of exchanges
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let (documents, error) = yaml::documents(text);
        if let Some(error) = error {
            bail!("{name}:{}:{}: {}", error.line, error.column, error.message);
        }
        let items = match documents.into_iter().next().map(|document| document.value) {
            Some(Value::Array(items)) => items,
            None => Vec::new(),
            Some(_) => bail!("{name}: a session is a list of exchanges"),
        };
        let exchange = |(i, item): (usize, Value)| {
            parse_exchange(&item).with_context(|| format!("{name}: exchange {}", i + 1))
        };
        let exchanges: Result<Vec<Option<Exchange>>> = items.into_iter().enumerate().map(exchange).collect();
        Ok(Self { exchanges: exchanges?.into_iter().flatten().collect() })
    }
}

/// `None` for exchanges of capabilities that this policy does not use.
fn parse_exchange(item: &Value) -> Result<Option<Exchange>> {
    let request = item.get("request").and_then(Value::as_str).context("it has no request")?;
    let Some(fields) = request.trim_start().strip_prefix(GET_RESOURCE) else { return Ok(None) };
    let (documents, error) = yaml::documents(fields);
    if let Some(error) = error {
        bail!("the request: {error}");
    }
    let fields = documents.into_iter().next().map(|document| document.value).unwrap_or_default();
    let request = serde_json::from_value(fields).context("the request")?;
    let response = item.get("response").cloned().unwrap_or_default();
    // The library's own text would quote a payload, which may be a Secret.
    let response =
        serde_json::from_value(response).ok().context("the response is neither a Success nor an Error")?;
    Ok(Some(Exchange { request, response }))
}

impl HostCalls for Replay {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        match (binding, namespace, operation) {
            ("kubewarden", "tracing", "log") => return Ok(Vec::new()),
            ("kubewarden", "kubernetes", "get_resource") => {}
            _ => return Err(format!("unknown operation: {operation}")),
        }
        let asked: GetResource = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
        match self
            .exchanges
            .iter()
            .find(|exchange| exchange.request == asked)
            .map(|exchange| &exchange.response)
        {
            Some(Response::Success { payload }) => Ok(payload.clone().into_bytes()),
            Some(Response::Error { message }) => Err(message.clone()),
            None => Err(format!(
                "Callback evaluation failure: the session has no exchange for {}/{} {}",
                asked.api_version, asked.kind, asked.name
            )),
        }
    }
}

/// Whether this is the text of a session that was recorded here, without other content.
pub fn is_recorded_here(text: &str) -> bool {
    let mut lines = text.lines();
    if lines.next() != Some(RECORDED) || lines.any(|line| line.trim_start().starts_with('#')) {
        return false;
    }
    let (documents, error) = yaml::documents(text);
    let [document] = documents.as_slice() else { return false };
    let is_exchange = |item: &Value| {
        let fields =
            item.as_object().map(|fields| fields.keys().map(String::as_str).collect::<BTreeSet<_>>());
        fields.is_some_and(|fields| fields == BTreeSet::from(["request", "response", "type"]))
    };
    error.is_none() && document.value.as_array().is_some_and(|items| items.iter().all(is_exchange))
}

/// A host whose lookups are recorded.
pub struct Record {
    host: Arc<dyn HostCalls>,
    session: Mutex<String>,
}

impl Record {
    /// Records the calls to `host`.
    pub fn new(host: Arc<dyn HostCalls>) -> Self {
        Self { host, session: Mutex::default() }
    }

    /// The session so far, as YAML.
    pub fn session(&self) -> String {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{RECORDED}\n{}", if session.is_empty() { "[]\n" } else { &session })
    }

    fn write_down(&self, payload: &[u8], answer: &Result<Vec<u8>, String>) {
        let Ok(asked) = serde_json::from_slice::<GetResource>(payload) else { return };
        let (kind, field, text) = match answer {
            Ok(object) => ("Success", "payload", String::from_utf8_lossy(object).into_owned()),
            Err(message) => ("Error", "message", message.clone()),
        };
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        // JSON is YAML: every value is written in quotes.
        let _ = write!(
            session,
            "- type: Exchange\n  request: |\n    {GET_RESOURCE}\n    api_version: {}\n    kind: {}\n    name: {}\n    \
             namespace: {}\n    disable_cache: {}\n    field_masks: {}\n  response:\n    type: {kind}\n    {field}: {}\n",
            yaml::quoted(&asked.api_version),
            yaml::quoted(&asked.kind),
            yaml::quoted(&asked.name),
            Value::from(asked.namespace),
            asked.disable_cache,
            serde_json::json!(asked.field_masks),
            yaml::quoted(&text),
        );
    }
}

impl HostCalls for Record {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let answer = self.host.call(binding, namespace, operation, payload);
        if (namespace, operation) == ("kubernetes", "get_resource") {
            self.write_down(payload, &answer);
        }
        answer
    }

    fn log(&self, line: &str) {
        self.host.log(line);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::{Record, Replay};
    use review::host_calls::HostCalls;

    /// A host that answers with the request.
    struct Echo;

    impl HostCalls for Echo {
        fn call(&self, _: &str, _: &str, _: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
            Ok(payload.to_vec())
        }
    }

    fn ask(host: &dyn HostCalls, asked: &Value) -> Result<Vec<u8>, String> {
        host.call("kubewarden", "kubernetes", "get_resource", asked.to_string().as_bytes())
    }

    fn secret() -> Value {
        json!({
            "api_version": "v1", "kind": "Secret", "name": "acr-secret", "namespace": "shop",
            "disable_cache": false, "field_masks": ["type"],
        })
    }

    /// Requests that differ from the one above in one field each.
    fn others() -> [Value; 7] {
        [
            ("api_version", json!("v2")),
            ("kind", json!("ServiceAccount")),
            ("name", json!("other")),
            ("namespace", json!("team")),
            ("namespace", json!(null)),
            ("field_masks", json!(["data", "type"])),
            ("field_masks", json!(null)),
        ]
        .map(|(field, value)| {
            let mut other = secret();
            other[field] = value;
            other
        })
    }

    #[test]
    fn an_answer_belongs_to_its_request_alone() {
        let record = Record::new(Arc::new(Echo));
        ask(&record, &secret()).unwrap();
        let replay = Replay::parse("session.yml", &record.session()).unwrap();
        assert_eq!(ask(&replay, &secret()), Ok(secret().to_string().into_bytes()));
        for other in others() {
            let refusal = ask(&replay, &other).unwrap_err();
            assert!(refusal.contains("the session has no exchange for"), "{other}: {refusal}");
        }
    }

    #[test]
    fn each_request_gets_its_own_answer_at_any_position() {
        let record = Record::new(Arc::new(Echo));
        let all = [&others()[..], &[secret()]].concat();
        for asked in &all {
            ask(&record, asked).unwrap();
        }
        let replay = Replay::parse("session.yml", &record.session()).unwrap();
        for asked in all.iter().rev() {
            assert_eq!(ask(&replay, asked), Ok(asked.to_string().into_bytes()), "{asked}");
        }
    }

    #[test]
    fn characters_that_end_lines_or_are_not_yaml_are_recorded_too() {
        let record = Record::new(Arc::new(Echo));
        let mut asked = secret();
        asked["name"] = json!("a\u{85}b\u{2028}c\u{2029}d\u{7f}e\u{1}f\u{feff}😀\"\\");
        ask(&record, &asked).unwrap();
        let replay = Replay::parse("session.yml", &record.session()).unwrap();
        assert_eq!(ask(&replay, &asked), Ok(asked.to_string().into_bytes()));
    }

    #[test]
    fn a_session_contains_only_lookups() {
        let record = Record::new(Arc::new(Echo));
        assert_eq!(record.call("kubewarden", "tracing", "log", b"{}"), Ok(b"{}".to_vec()));
        assert_eq!(record.call("kubewarden", "oci", "get_resource", b"{}"), Ok(b"{}".to_vec()));
        let replay = Replay::parse("session.yml", &record.session()).unwrap();
        assert!(replay.exchanges.is_empty());
        assert_eq!(
            replay.call("kubewarden", "tracing", "log", b"{}"),
            Ok(Vec::new()),
            "this request was not recorded"
        );
        for (binding, namespace, operation) in [
            ("other", "tracing", "log"),
            ("kubewarden", "oci", "get_resource"),
            ("other", "kubernetes", "get_resource"),
        ] {
            let refusal = replay.call(binding, namespace, operation, secret().to_string().as_bytes());
            assert_eq!(refusal, Err(format!("unknown operation: {operation}")), "{binding} {namespace}");
        }
    }

    /// A host that keeps what a policy prints.
    #[derive(Default)]
    struct Listener(Mutex<Vec<String>>);

    impl HostCalls for Listener {
        fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
            Ok(Vec::new())
        }

        fn log(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    #[test]
    fn what_a_policy_prints_while_it_is_recorded_is_not_lost() {
        let listener = Arc::new(Listener::default());
        Record::new(listener.clone()).log("printed");
        assert_eq!(*listener.0.lock().unwrap(), ["printed"]);
    }
}
