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
            &finding.named_pointer,
            finding.image.as_deref().map(repository).unwrap_or_default(),
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

/// An image without its tag and digest, because each release changes these and not what is wrong.
fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let begin = name.rfind('/').map_or(0, |slash| slash + 1);
    let tag = name.get(begin..).and_then(|last| last.find(':'));
    tag.and_then(|tag| name.get(..begin + tag)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::repository;

    #[test]
    fn images_of_all_releases_have_one_repository() {
        for (image, expected) in [
            ("contoso.azurecr.io/web:v1", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:v1@sha256:e3b0", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web@sha256:e3b0", "contoso.azurecr.io/web"),
            ("localhost:5000/web", "localhost:5000/web"),
            ("web:v1", "web"),
            ("", ""),
        ] {
            assert_eq!(repository(image), expected);
        }
    }
}
