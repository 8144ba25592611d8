//! What identifies a finding from one report to the next, also when lines move or other findings come and go.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::place::{self, path};
use crate::text::hex;
use review::outcome::Outcome;
use review::verdict::Finding;

/// Fingerprints of one report, of which no two are the same.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    /// How often a finding of this identity has come
    seen: HashMap<String, usize>,
}

impl Fingerprints {
    /// The fingerprint of the next finding in this object.
    pub(super) fn of(&mut self, outcome: &Outcome, finding: &Finding) -> String {
        self.next(&[
            &finding.rule,
            &path(place::file(outcome)),
            &outcome.api_version,
            &outcome.kind,
            &outcome.namespace,
            &outcome.name,
            finding.image.as_deref().unwrap_or_default(),
            finding.secret.as_deref().unwrap_or_default(),
        ])
    }

    /// The fingerprint of the next problem of a file. A message may have a line, so its numbers do not count.
    pub(super) fn of_problem(&mut self, kind: &str, file: &str, message: &str) -> String {
        let message = message.replace(|c: char| c.is_ascii_digit(), "");
        self.next(&[kind, &path(file), &message])
    }

    fn next(&mut self, parts: &[&str]) -> String {
        let parts = parts.join("\0");
        let seen = self.seen.entry(parts.clone()).or_default();
        *seen += 1;
        let hash = Sha256::digest(format!("{parts}\0{seen}"));
        hex(hash.get(..16).unwrap_or_default())
    }
}
