//! Bytes in, bytes out: the operations of Kubewarden's protocol, and three of our own. Every entry point of the core is here.

use serde::Serialize;

use crate::cluster::Cluster;
use crate::decide::decide;
use crate::decision::Decision;
use crate::expiry;
use crate::explain::Question;
use crate::finding::{Finding, Severity};
use crate::json::{self, Value};
use crate::json_fields;
use crate::json_writer::Json;
use crate::request::{Request, RequestError};
use crate::rule::{Help, Rule};
use crate::settings::{Action, Actions, Settings, SettingsProblem};

/// `kubewarden_policy_sdk::response::ValidationResponse`, but for `mutated_object`, which is put in as text.
#[derive(Serialize)]
struct Response {
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_annotations: Option<Annotations>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Kubernetes supports only texts, so the findings are JSON in JSON.
#[derive(Serialize)]
struct Annotations {
    findings: String,
}

/// A finding as it is in the audit annotation `findings`.
#[derive(Serialize)]
struct ShownFinding<'a> {
    rule: &'static str,
    severity: Severity,
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    message: &'a str,
    help: &'a str,
}

/// Answers `validate`: `{"request": AdmissionRequest, "settings": {…}}` in, a `ValidationResponse` out.
///
/// An invalid payload is answered too: refused, with code 400 and the reason.
pub fn validate(payload: &[u8], cluster: &dyn Cluster) -> Vec<u8> {
    match evaluate(payload, cluster) {
        Ok((decision, mutated)) => respond(&decision, mutated.as_deref()),
        Err(RequestError(message)) => write(&Response {
            accepted: false,
            message: Some(message),
            code: Some(400),
            audit_annotations: None,
            warnings: Vec::new(),
        }),
    }
}

/// Answers `protocol_version`.
pub fn protocol_version() -> Vec<u8> {
    br#""v1""#.to_vec()
}

/// Answers `explain`: `{"image", "namespace", "settings", "pullSecrets"}` in; out the parsed reference, the entries and
/// why they match or not, what the image needs, and which key of which secret the kubelet tries, in its order.
pub fn explain(payload: &[u8], cluster: &dyn Cluster) -> Vec<u8> {
    match text(payload).and_then(Question::parse) {
        Ok(question) => question.answer(cluster).into_bytes(),
        Err(error) => refused(&error),
    }
}

/// Answers `expiry`: the JSON of a Secret in; out `{"ends", "announced", "now"}`: when the first of its credentials ends,
/// whether its annotation says so or a token, and the present time, in seconds since 1970. `{}` if no end is known.
pub fn expiry(payload: &[u8], cluster: &dyn Cluster) -> Vec<u8> {
    match text(payload).and_then(|text| expiry::explain(text, cluster.now())) {
        Ok(answer) => answer.into_bytes(),
        Err(error) => refused(&error),
    }
}

/// Answers `findings`: every rule with the action it has by default and its help, as a JSON list.
pub fn findings() -> Vec<u8> {
    let mut json = Json::default();
    json.open("", "[");
    for rule in Rule::ALL {
        let Help { summary, reason, fix } = rule.help();
        let category = rule.category();
        let action = match category.action(&Actions::default()) {
            Action::Allow => "allow",
            Action::Warn => "warn",
            Action::Reject => "reject",
        };
        json.open("", "{");
        for (name, text) in [
            ("id", rule.id()),
            ("category", category.as_str()),
            ("action", action),
            ("summary", summary),
            ("reason", reason),
            ("fix", fix),
        ] {
            json.text(name, text);
        }
        json.close("}");
    }
    json.close("]");
    json.into_text().into_bytes()
}

fn refused(error: &RequestError) -> Vec<u8> {
    let mut json = Json::default();
    json.open("", "{");
    json.text("error", &error.0);
    json.close("}");
    json.into_text().into_bytes()
}

/// Answers `validate_settings`: a settings document in; out
/// `{"valid": …, "message": …, "problems": [{"path", "pointer", "message", "help"}]}`.
///
/// Kubewarden reads `valid` and `message`, which contains all problems.
pub fn validate_settings(payload: &[u8]) -> Vec<u8> {
    let mut json = Json::default();
    json.open("", "{");
    let parsed = text(payload).and_then(settings_document).map(|document| Settings::parse(&document));
    let message = match &parsed {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(RequestError(message)) => Some(message.clone()),
    };
    json.literal("valid", if message.is_none() { "true" } else { "false" });
    if let Some(message) = message {
        json.text("message", &message);
    }
    if let Ok(Err(error)) = &parsed {
        json.open("problems", "[");
        for SettingsProblem { path, pointer, unknown_field, message, help } in error.problems() {
            json.open("", "{");
            json.text("path", path);
            json.text("pointer", pointer);
            if *unknown_field {
                json.literal("unknownField", "true");
            }
            json.text("message", message);
            json.text("help", help);
            json.close("}");
        }
        json.close("]");
    }
    json.close("}");
    json.into_text().into_bytes()
}

fn evaluate(payload: &[u8], cluster: &dyn Cluster) -> Result<(Decision, Option<String>), RequestError> {
    let fields = json_fields::read(text(payload)?, Request::PAYLOAD)
        .map_err(|e| RequestError::unreadable("the payload", &e))?;
    let [settings, fields @ ..] = fields;
    let settings = settings_document(settings.unwrap_or("{}"))
        .and_then(|document| Settings::parse(&document).map_err(|error| RequestError(error.to_string())))
        .map_err(|RequestError(problem)| {
            RequestError(format!("the policy's settings are not valid: {problem}"))
        })?;
    let request = Request::of_payload(fields)?;
    let decision = decide(&request, &settings, cluster);
    let mutated = decision.mutated(&request).transpose()?;
    Ok((decision, mutated))
}

/// Everything is read from text: a second reader, for bytes, would make the module a tenth larger.
fn text(payload: &[u8]) -> Result<&str, RequestError> {
    std::str::from_utf8(payload).map_err(|_| RequestError("the payload is not UTF-8".to_owned()))
}

fn settings_document(text: &str) -> Result<Value<'_>, RequestError> {
    json::value(text).map_err(|e| RequestError::unreadable("the settings document", &e))
}

fn respond(decision: &Decision, mutated: Option<&str>) -> Vec<u8> {
    let findings: Vec<ShownFinding<'_>> = decision.findings.iter().map(ShownFinding::of).collect();
    let annotations = (!findings.is_empty())
        .then(|| Annotations { findings: String::from_utf8(write(&findings)).unwrap_or_default() });
    let mut response = write(&Response {
        accepted: decision.accepted(),
        message: decision.message(),
        code: None,
        audit_annotations: annotations,
        warnings: decision.warnings(),
    });
    if let Some(mutated) = mutated {
        response.pop();
        response.extend_from_slice(br#","mutated_object":"#);
        response.extend_from_slice(mutated.as_bytes());
        response.push(b'}');
    }
    response
}

impl<'a> ShownFinding<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            rule: finding.rule.id(),
            severity: finding.severity,
            pointer: &finding.pointer,
            image: finding.image.as_deref(),
            secret: finding.secret.as_deref(),
            message: &finding.message,
            help: &finding.help,
        }
    }
}

fn write(answer: &impl Serialize) -> Vec<u8> {
    // Plain structs of strings can always be serialised.
    serde_json::to_vec(answer).unwrap_or_default()
}
