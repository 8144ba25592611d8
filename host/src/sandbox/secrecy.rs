//! Restricts a policy other than the built-in one: it gets only Secrets that it is granted, and cannot repeat their values.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use review::failing_lookups::not_granted;
use review::lookups::GetResource;
use review::secret_mask::SecretMask;
use serde_json::Value;

use super::{HostCalls, PolicyError};

/// The host of one call of a foreign policy, for any source of answers to its calls: the inputs, a suite, or a recorded
/// session.
pub(super) struct ForeignHost {
    host: Arc<dyn HostCalls>,
    sees_secrets: bool,
    seen: Mutex<Seen>,
}

/// What the policy has seen, and its output so far.
struct Seen {
    mask: SecretMask,
    said: Vec<Said>,
}

/// Output of the policy. It is shown after the call, because a value can be in two lines, or be looked up later
/// in the call.
enum Said {
    Line(String),
    /// A `tracing` event
    Event(Vec<u8>),
}

/// The binding, namespace and operation of [`Said::Event`].
const LOG: (&str, &str, &str) = ("kubewarden", "tracing", "log");

impl ForeignHost {
    pub(super) fn new(host: Arc<dyn HostCalls>, payload: &[u8], sees_secrets: bool) -> Self {
        let seen = Seen { mask: SecretMask::of_call(payload), said: Vec::new() };
        Self { host, sees_secrets, seen: Mutex::new(seen) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of the call, and the output of the policy, both without the values of Secrets.
    pub(super) fn masked(&self, answer: Result<Vec<u8>, PolicyError>) -> Result<Vec<u8>, PolicyError> {
        let mut seen = self.seen();
        let Seen { mask, said } = &mut *seen;
        for said in std::mem::take(said).chunk_by(|one, next| one.is_line() && next.is_line()) {
            let lines: Vec<&str> = said.iter().filter_map(Said::line).collect();
            if !lines.is_empty() {
                mask.text(&lines.join("\n")).split('\n').for_each(|line| self.host.log(line));
            }
            for event in said.iter().filter_map(Said::event) {
                let (binding, namespace, operation) = LOG;
                let _ = self.host.call(binding, namespace, operation, &mask.json(event));
            }
        }
        match answer {
            Ok(answer) => Ok(mask.json(&answer).into_owned()),
            Err(PolicyError::Guest(message)) => Err(PolicyError::Guest(mask.text(&message).into_owned())),
            Err(error) => Err(error),
        }
    }
}

impl HostCalls for ForeignHost {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut seen = self.seen();
        if (binding, namespace, operation) == LOG {
            seen.said.push(Said::Event(payload.to_owned()));
            return Ok(Vec::new());
        }
        if !self.sees_secrets
            && (namespace, operation) == ("kubernetes", "get_resource")
            && let Ok(GetResource { api_version, kind, .. }) = serde_json::from_slice(payload)
            && (api_version.as_str(), kind.as_str()) == ("v1", "Secret")
        {
            return Err(not_granted(&api_version, &kind));
        }
        // The request is noted, recorded and shown.
        let mask = &mut seen.mask;
        let (namespace, operation) = (mask.text(namespace), mask.text(operation));
        let payload = mask.json(payload);
        let answer = self.host.call(&mask.text(binding), &namespace, &operation, &payload);
        if let Ok(answer) = &answer {
            mask.add(answer, asks_for_secret(&payload));
        }
        answer
    }

    fn log(&self, line: &str) {
        self.seen().said.push(Said::Line(line.to_owned()));
    }
}

/// Whether a host call asks for Secrets. With a list of fields, the answer does not say that it is one.
fn asks_for_secret(payload: &[u8]) -> bool {
    let asked: Value = serde_json::from_slice(payload).unwrap_or_default();
    asked.get("kind").is_some_and(|kind| kind == "Secret")
}

impl Said {
    fn is_line(&self) -> bool {
        self.line().is_some()
    }

    fn line(&self) -> Option<&str> {
        match self {
            Self::Line(line) => Some(line),
            Self::Event(_) => None,
        }
    }

    fn event(&self) -> Option<&[u8]> {
        match self {
            Self::Event(event) => Some(event),
            Self::Line(_) => None,
        }
    }
}
