//! Parts of secret values, found again in other texts: as they are, and in base64.

use std::collections::{BTreeSet, HashSet};

use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};

/// Bytes of a part that is taken for a copy.
pub const PART: usize = 8;

/// The base64 of longer values is not added: a credential is shorter, and there are ten parts for each byte.
const LONGEST_ENCODED: usize = 64 << 10;

/// Words that are in values of Secrets and in manifests alike, so that showing them reveals nothing.
const COMMON: &str = "apiVersion annotations automountServiceAccountToken certificate cluster.local config.json \
    configuration connection containers contexts CronJob current-context DaemonSet database default Deployment \
    ephemeralContainers identitytoken imagePullSecrets initContainers kind: kube-system kubernetes \
    kubernetes.io/dockerconfigjson kubernetes.io/dockercfg .dockerconfigjson .dockercfg labels localhost metadata \
    namespace namespaces password username pullSecrets registries registrytoken ReplicaSet ReplicationController secretName \
    selector serviceAccount serviceAccountName serviceaccount StatefulSet stringData template volumes https:// http:// \
    kubernetes.azure.com .svc.cluster.local .azurecr.io .azurecr.cn .azurecr.us index.docker.io/v1/ registry-1.docker.io \
    mcr.microsoft.com acr-secret 00000000-0000-0000-0000-000000000000 batch/v1 apps/v1 policies.kubewarden.io \
    ClusterAdmissionPolicy AdmissionPolicy AdmissionReview AdmissionRequest admission.k8s.io/v1 IfNotPresent ClusterFirst RollingUpdate";

/// A part. Bytes that are not UTF-8 follow a shorter one.
type Part = [u8; PART];

const NO_BYTE: u8 = 0xff;

/// The texts that must not be shown, and those that may be shown.
#[derive(Debug, Clone)]
pub struct SecretParts {
    parts: HashSet<Part>,
    public: HashSet<Part>,
    /// Texts whose parts are public
    published: HashSet<String>,
    /// Bytes of the shortest value that is looked for as a whole
    least: usize,
    /// Lengths of such values
    short: BTreeSet<usize>,
}

impl Default for SecretParts {
    /// Values of a part and more; what many texts have is public.
    fn default() -> Self {
        let mut values = Self::of_values_from(PART);
        values.publish_common();
        values
    }
}

impl SecretParts {
    /// Values of this many bytes and more. Those that are shorter than a part are found as a whole.
    pub fn of_values_from(least: usize) -> Self {
        let (parts, public, published) = (HashSet::new(), HashSet::new(), HashSet::new());
        Self { parts, public, published, least: least.clamp(1, PART), short: BTreeSet::new() }
    }

    /// Marks words that many manifests contain as public.
    pub fn publish_common(&mut self) {
        COMMON.split_whitespace().for_each(|word| self.publish(word));
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Adds a value, in base64 too: at any place of a longer text, once and twice.
    pub fn add(&mut self, value: &[u8]) {
        self.add_as_it_is(value);
        if (PART..LONGEST_ENCODED).contains(&value.len()) {
            self.parts.extend(encoded_parts(value));
        }
    }

    /// Adds a value that is base64 already.
    pub fn add_as_it_is(&mut self, value: &[u8]) {
        self.parts.extend(parts(&squeeze(value), PART));
        if (self.least..PART).contains(&value.len()) {
            self.short.insert(value.len());
            self.parts.extend(parts(&lowered(value), value.len()));
        }
        // The text between JSON values is in other texts too.
        if !value.starts_with(b"{") && !value.starts_with(b"[") {
            self.parts.extend(parts(&lowered(value), PART));
        }
    }

    /// Marks a text as public, even if a Secret contains it.
    pub fn publish(&mut self, text: &str) {
        self.public.extend(parts(&squeeze(text.as_bytes()), PART));
        let lowered = lowered(text.as_bytes());
        for length in self.least..=PART {
            self.public.extend(parts(&lowered, length));
        }
    }

    /// The same in base64, once and twice.
    pub fn publish_encoded(&mut self, text: &str) {
        if self.published.insert(text.to_owned()) {
            self.publish(text);
            self.public.extend(encoded_parts(text.as_bytes()));
        }
    }

    /// Whether a text holds a part of a value.
    pub fn are_in(&self, text: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let has = |text: &[u8], length| parts(text, length).any(|part| self.is_secret(part));
        let lowered = lowered(text);
        has(&squeeze(text), PART) || self.lengths().any(|length| has(&lowered, length))
    }

    /// For each byte of a text, whether it belongs to a part of a value.
    pub fn places(&self, text: &str) -> Vec<bool> {
        self.places_of(text, |part| self.is_secret(part))
    }

    /// The same, where no part is public.
    pub fn all_places(&self, text: &str) -> Vec<bool> {
        self.places_of(text, |part| self.parts.contains(&part))
    }

    fn places_of(&self, text: &str, is_found: impl Fn(Part) -> bool) -> Vec<bool> {
        let mut found = vec![false; text.len()];
        let places: Vec<(usize, u8)> = text.bytes().map(lower).enumerate().collect();
        let squeezed: Vec<(usize, u8)> =
            places.iter().copied().filter(|(_, byte)| !is_quote(*byte)).collect();
        let windows = self.lengths().flat_map(|length| places.windows(length));
        for window in windows.chain(squeezed.windows(PART)) {
            let mut part = [NO_BYTE; PART];
            part.iter_mut().zip(window).for_each(|(byte, (_, from))| *byte = *from);
            if is_found(part)
                && let Some((first, _)) = window.first()
                && let Some((last, _)) = window.last()
                && let Some(range) = found.get_mut(*first..=*last)
            {
                range.fill(true);
            }
        }
        found
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        self.short.iter().copied().chain([PART])
    }

    fn is_secret(&self, part: Part) -> bool {
        let is_empty = |byte: &u8| byte.is_ascii_whitespace() || b"x01+\\{}[]\":,\xff".contains(byte);
        self.parts.contains(&part) && !self.public.contains(&part) && !part.iter().all(is_empty)
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

/// A text as texts are compared.
pub fn lowered(text: &[u8]) -> Vec<u8> {
    text.iter().copied().map(lower).collect()
}

/// The same without what quoting and folding add to it.
pub fn squeeze(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !is_quote(*byte)).map(lower).collect()
}

fn parts(text: &[u8], length: usize) -> impl Iterator<Item = Part> {
    text.windows(length).map(|window| {
        let mut part = [NO_BYTE; PART];
        part.iter_mut().zip(window).for_each(|(byte, from)| *byte = *from);
        part
    })
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
    once.iter().chain(&twice).flat_map(|text| parts(&squeeze(text), PART).collect::<Vec<_>>()).collect()
}
