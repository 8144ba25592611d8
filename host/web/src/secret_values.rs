//! The values of Secrets, found again in other texts: whole or in part, and in other spellings.

use std::collections::HashSet;

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};

use crate::dummy::{is_dummy, mask};
use crate::spelling::{in_any_spelling, is_base64};

/// Bytes of a part that is taken for a copy.
const PART: usize = 8;

/// Bytes below which an equal word elsewhere is chance: `true`, a port, a short name.
const LEAST: usize = 6;

/// Words that are in values of Secrets and in manifests alike, and tell nobody anything.
const COMMON: &str = "apiVersion annotations automountServiceAccountToken certificate cluster.local config.json \
    configuration connection containers contexts CronJob current-context DaemonSet database default Deployment \
    ephemeralContainers identitytoken imagePullSecrets initContainers kind: kube-system kubernetes \
    kubernetes.io/dockerconfigjson kubernetes.io/dockercfg .dockerconfigjson .dockercfg labels localhost metadata \
    namespace namespaces password username pullSecrets registries registrytoken ReplicaSet ReplicationController secretName \
    selector serviceAccount serviceAccountName serviceaccount StatefulSet stringData template volumes https:// http:// \
    kubernetes.azure.com .svc.cluster.local .azurecr.io .azurecr.cn .azurecr.us index.docker.io/v1/ registry-1.docker.io \
    mcr.microsoft.com acr-secret 00000000-0000-0000-0000-000000000000 batch/v1 apps/v1 policies.kubewarden.io \
    ClusterAdmissionPolicy AdmissionPolicy AdmissionReview AdmissionRequest admission.k8s.io/v1 IfNotPresent ClusterFirst RollingUpdate";

type Part = [u8; PART];

/// What must not be shown.
#[derive(Debug)]
pub(crate) struct SecretValues {
    parts: HashSet<Part>,
    /// Values that are too short to have parts
    short: HashSet<Vec<u8>>,
    public: HashSet<Part>,
    /// Texts whose parts are public
    published: HashSet<String>,
}

impl Default for SecretValues {
    fn default() -> Self {
        let mut values = Self {
            parts: HashSet::new(),
            short: HashSet::new(),
            public: HashSet::new(),
            published: HashSet::new(),
        };
        COMMON.split_whitespace().for_each(|word| values.publish(word));
        values
    }
}

impl SecretValues {
    /// Adds a value. Its base64 at any place of a longer text, once and twice, is added too.
    pub(crate) fn add(&mut self, value: &[u8]) {
        if is_dummy(&String::from_utf8_lossy(value)) {
            return;
        }
        let squeezed = squeeze(value);
        if (LEAST..PART).contains(&squeezed.len()) {
            self.short.insert(squeezed);
        } else {
            self.parts.extend(parts(&squeezed));
        }
        if value.len() >= PART {
            self.parts.extend(encoded_parts(value));
        }
        // Of JSON, what is between values is in other texts too.
        if !value.starts_with(b"{") && !value.starts_with(b"[") {
            self.parts.extend(parts(&lowered(value)));
        }
    }

    /// Says that a text may be shown, whatever Secret holds it.
    pub(crate) fn publish(&mut self, text: &str) {
        self.public.extend(parts(&squeeze(text.as_bytes())));
        self.public.extend(parts(&lowered(text.as_bytes())));
    }

    /// The same in base64, once and twice.
    pub(crate) fn publish_encoded(&mut self, text: &str) {
        if self.published.insert(text.to_owned()) {
            self.publish(text);
            self.public.extend(encoded_parts(text.as_bytes()));
        }
    }

    /// Whether a text holds a part of a value in some spelling.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        !(self.parts.is_empty() && self.short.is_empty())
            && in_any_spelling(text.as_bytes(), &mut |spelled| self.are_plain_in(spelled))
    }

    fn are_plain_in(&self, text: &[u8]) -> bool {
        let has = |text: &[u8]| parts(text).any(|part| self.is_secret(part));
        has(&squeeze(text))
            || has(&lowered(text))
            || !self.short.is_empty() && words(text).any(|word| self.short.contains(&squeeze(word)))
    }

    fn is_secret(&self, part: Part) -> bool {
        let is_empty = |byte: &u8| byte.is_ascii_whitespace() || b"x01+\\{}[]\":,".contains(byte);
        self.parts.contains(&part) && !self.public.contains(&part) && !part.iter().all(is_empty)
    }

    /// The text without values, as much of it as can stay; `None` where it holds none.
    pub(crate) fn mask_in(&self, text: &str) -> Option<String> {
        if !self.are_in(text) {
            return None;
        }
        let plain = self.mask_parts(text);
        if !self.are_in(&plain) {
            return Some(plain);
        }
        let encoded = self.mask_words(&plain);
        Some(if self.are_in(&encoded) { mask(text) } else { encoded })
    }

    /// Masks what is spelled as the value is.
    fn mask_parts(&self, text: &str) -> String {
        let mut hidden = vec![false; text.len()];
        let places: Vec<(usize, u8)> = text.bytes().map(lower).enumerate().collect();
        let squeezed: Vec<(usize, u8)> =
            places.iter().copied().filter(|(_, byte)| !is_quote(*byte)).collect();
        for window in places.windows(PART).chain(squeezed.windows(PART)) {
            let mut part = Part::default();
            part.iter_mut().zip(window).for_each(|(byte, (_, from))| *byte = *from);
            if self.is_secret(part)
                && let [(first, _), .., (last, _)] = window
                && let Some(range) = hidden.get_mut(*first..=*last)
            {
                range.fill(true);
            }
        }
        let is_hidden =
            |at: usize, c: char| hidden.get(at..at + c.len_utf8()).is_some_and(|bytes| bytes.contains(&true));
        let mut masked = String::new();
        for (at, c) in text.char_indices() {
            if is_hidden(at, c) {
                masked.push_str(&mask(c.encode_utf8(&mut [0; 4])));
            } else {
                masked.push(c);
            }
        }
        masked
    }

    /// Masks words that hold a value in another spelling, or are a short value.
    fn mask_words(&self, text: &str) -> String {
        let is_of_word = |c: char| u8::try_from(c).is_ok_and(|byte| is_base64(byte) || byte == b'%');
        let mut masked = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            masked.push_str(&if self.are_in(word) { mask(word) } else { word.to_owned() });
            let end = after.find(is_of_word).unwrap_or(after.len());
            let (between, after) = after.split_at_checked(end).unwrap_or((after, ""));
            masked.push_str(between);
            rest = after;
        }
        masked
    }
}

/// A byte as texts are compared: without case, in one of the two alphabets of base64.
fn lower(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte.to_ascii_lowercase(),
    }
}

/// Whether a byte may be added to a text, or lost, when it is quoted or folded.
fn is_quote(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\')
}

fn lowered(text: &[u8]) -> Vec<u8> {
    text.iter().copied().map(lower).collect()
}

fn squeeze(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !is_quote(*byte)).map(lower).collect()
}

fn parts(text: &[u8]) -> impl Iterator<Item = Part> {
    text.windows(PART).filter_map(|window| window.try_into().ok())
}

/// The text itself, and words in it.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b"=:,;\"'\\{}[]()<>&?@".contains(byte);
    std::iter::once(text).chain(text.split(is_between))
}

/// The base64 of a value within a longer text: the characters that depend on the value alone, for each place of its begin.
fn encodings(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3_usize).map(move |before| {
        let encoded = BASE64_STANDARD_NO_PAD.encode([vec![0; before].as_slice(), value].concat());
        let (start, end) = ((before * 8).div_ceil(6), (before + value.len()) * 8 / 6);
        encoded.as_bytes().get(start..end).unwrap_or_default().to_vec()
    })
}

/// The parts of a value in base64, once and twice.
fn encoded_parts(value: &[u8]) -> Vec<Part> {
    let once: Vec<Vec<u8>> = encodings(value).collect();
    let twice: Vec<Vec<u8>> = once.iter().flat_map(|text| encodings(text)).collect();
    once.iter().chain(&twice).flat_map(|text| parts(&squeeze(text)).collect::<Vec<_>>()).collect()
}
