//! What a message of the kubelet means: the words of the container runtime, the registry and the network in it.

/// What a message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The reference is not valid
    InvalidName,
    /// The reference has no registry, and the node has no default one
    NoRegistry,
    /// The pod may not pull, and the image is not on the node or not for this pod
    NeverPulled,
    /// The node has the image, and gives it only to pods with the credential of an earlier pull
    NotForPod,
    /// The container runtime cannot say whether the image is on the node
    NotInspected,
    /// The registry refused a pull without a credential
    NoCredential,
    /// The registry refused a credential: the pod's, or the node's
    Refused,
    /// The registry refused, with or without a credential
    Unauthorized,
    /// The registry knows the credential or needs none, and refuses the repository, which may not exist
    Denied,
    /// The registry refuses the address or the identity: 403
    Forbidden,
    /// There is no such repository, tag or digest
    NotFound,
    /// The image is not for the node's platform
    NoPlatform,
    /// The image is not signed as the node demands
    NotSigned,
    /// The registry's name is not known
    UnknownHost,
    /// The registry's certificate is not trusted
    Certificate,
    /// The registry's certificate has expired, by the node's clock
    Expired,
    /// The certificate is that of another server
    OtherServer,
    /// The certificate contains no name, or no address, of any server
    Nameless,
    /// The registry's certificate is not valid yet, by the node's clock
    Clock,
    /// The registry answers http, and the node asks with https
    PlainHttp,
    /// The node's proxy does not let it through
    Proxy,
    /// There is no connection, or no answer in time
    Unreachable,
    /// The registry answers with an error of its own: 5xx
    Broken,
    /// The registry allows no more pulls for now
    TooMany,
    /// The node pulls no more for now: `registryPullQPS` of the kubelet
    Throttled,
    /// The node has no room
    NoSpace,
    /// The container runtime of the node does not answer
    RuntimeDown,
    /// The node's store of layers has lost one
    StoreDamaged,
    /// The container runtime reads no image of this format any more
    OldFormat,
    /// The registry has no such layer
    LayerMissing,
    /// The storage that has the layers refuses the node
    StorageRefuses,
    /// TLS fails for another reason than the certificate
    Handshake,
}

/// Words of messages, in lower case, and their meaning; the first that occurs counts. containerd: remotes/docker/authorizer.go,
/// resolver.go, errdefs; CRI-O: containers/image; dockershim: docker's registry client; kubelet: `throttledImageService`; Go: net,
/// net/http, crypto/x509 (`verify.go`); ACR: "denied: client with IP".
const WORDS: [(&str, Meaning); 89] = [
    ("does not have the proper credentials", Meaning::NotForPod),
    ("no space left on device", Meaning::NoSpace),
    ("disk quota exceeded", Meaning::NoSpace),
    ("pull qps exceeded", Meaning::Throttled),
    ("toomanyrequests", Meaning::TooMany),
    ("429 too many requests", Meaning::TooMany),
    ("failed to create lease", Meaning::RuntimeDown),
    ("error reading from server", Meaning::RuntimeDown),
    ("connection error: desc", Meaning::RuntimeDown),
    ("dial unix ", Meaning::RuntimeDown),
    ("read unix ", Meaning::RuntimeDown),
    ("from content store: content digest ", Meaning::StoreDamaged),
    ("no longer supported since containerd", Meaning::OldFormat),
    ("could not fetch content descriptor", Meaning::LayerMissing),
    ("this request is not authorized", Meaning::StorageRefuses),
    ("authorizationfailure", Meaning::StorageRefuses),
    ("from registry 429", Meaning::TooMany),
    ("source image rejected", Meaning::NotSigned),
    ("no valid signature", Meaning::NotSigned),
    ("no match for platform", Meaning::NoPlatform),
    ("no image found in manifest list for architecture", Meaning::NoPlatform),
    ("no image found in image index for architecture", Meaning::NoPlatform),
    ("no matching manifest", Meaning::NoPlatform),
    ("no unqualified-search registries", Meaning::NoRegistry),
    ("short-name resolution enforced", Meaning::NoRegistry),
    ("proxyconnect ", Meaning::Proxy),
    ("proxy authentication required", Meaning::Proxy),
    ("no such host", Meaning::UnknownHost),
    ("server misbehaving", Meaning::UnknownHost),
    // A server of DNS that does not answer ends with a timeout.
    ("dial tcp: lookup ", Meaning::UnknownHost),
    // crypto/x509: `current time … is before …`
    ("is before 20", Meaning::Clock),
    ("x509: certificate has expired", Meaning::Expired),
    ("certificate is valid for ", Meaning::OtherServer),
    // crypto/x509: `HostnameError`
    ("certificate is not valid for any names", Meaning::Nameless),
    ("doesn't contain any ip sans", Meaning::Nameless),
    ("legacy common name field", Meaning::Nameless),
    ("x509:", Meaning::Certificate),
    ("tls: failed to verify", Meaning::Certificate),
    ("server gave http response to https client", Meaning::PlainHttp),
    ("first record does not look like a tls handshake", Meaning::PlainHttp),
    ("remote error: tls:", Meaning::Handshake),
    ("from registry 50", Meaning::Broken),
    ("500 internal server error", Meaning::Broken),
    ("502 bad gateway", Meaning::Broken),
    ("503 service unavailable", Meaning::Broken),
    ("504 gateway timeout", Meaning::Broken),
    ("504 gateway time-out", Meaning::Broken),
    ("timeout", Meaning::Unreachable),
    ("deadline exceeded", Meaning::Unreachable),
    ("connection refused", Meaning::Unreachable),
    ("connection reset", Meaning::Unreachable),
    ("unreachable", Meaning::Unreachable),
    ("no route to host", Meaning::Unreachable),
    ("unexpected eof", Meaning::Unreachable),
    ("\": eof", Meaning::Unreachable),
    ("timed out", Meaning::Unreachable),
    ("context canceled", Meaning::Unreachable),
    ("connection lost", Meaning::Unreachable),
    ("broken pipe", Meaning::Unreachable),
    ("is not allowed access", Meaning::Forbidden),
    ("403 forbidden", Meaning::Forbidden),
    ("status code 403", Meaning::Forbidden),
    ("from registry 403", Meaning::Forbidden),
    // What the proxy answers to CONNECT; Go gives its status alone.
    ("\": forbidden", Meaning::Proxy),
    ("\": service unavailable", Meaning::Proxy),
    ("\": bad gateway", Meaning::Proxy),
    // There was no answer, or none of a registry. Of a refusal, the words do not have the request: `unexpected status from POST`.
    ("oauth token: post \"", Meaning::Unreachable),
    ("oauth token: get \"", Meaning::Unreachable),
    ("anonymous token: get \"", Meaning::Unreachable),
    ("failed to do request: ", Meaning::Unreachable),
    ("unable to decode token response", Meaning::Broken),
    // Where several credentials were tried, the message has one error for each: see `yields_to_missing_image`.
    ("failed to fetch oauth token", Meaning::Refused),
    ("failed to fetch anonymous token", Meaning::NoCredential),
    ("no basic auth credentials", Meaning::NoCredential),
    ("insufficient_scope", Meaning::Denied),
    ("pull access denied", Meaning::Denied),
    ("access to the resource is denied", Meaning::Denied),
    ("from registry 401", Meaning::Unauthorized),
    ("401 unauthorized", Meaning::Unauthorized),
    ("unauthorized:", Meaning::Unauthorized),
    ("authentication required", Meaning::Unauthorized),
    ("authorization failed", Meaning::Unauthorized),
    ("unable to retrieve auth token", Meaning::Unauthorized),
    ("manifest unknown", Meaning::NotFound),
    ("name unknown", Meaning::NotFound),
    (": not found", Meaning::NotFound),
    ("404 not found", Meaning::NotFound),
    ("from registry 404", Meaning::NotFound),
    ("code = notfound", Meaning::NotFound),
];

/// The words of messages whose meaning is known.
pub fn words() -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().map(|(words, _)| words)
}

impl Meaning {
    /// Of a message about this image, with the reason of a container's state.
    pub fn of(reason: &str, message: &str, image: &str) -> Option<Self> {
        let by_reason = match reason {
            "InvalidImageName" => return Some(Self::InvalidName),
            "ErrImageNeverPull" => Some(Self::NeverPulled),
            "SignatureValidationFailed" => return Some(Self::NotSigned),
            "ImageInspectError" => Some(Self::NotInspected),
            "RegistryUnavailable" => Some(Self::Unreachable),
            _ => None,
        };
        // The image of the message may contain any of the words.
        let message = without_names(&without_quoted(&message.to_lowercase()), &image.to_lowercase());
        let mut found =
            WORDS.iter().filter(|(words, _)| message.contains(words)).map(|(_, meaning)| *meaning);
        let by_words = match found.next() {
            Some(first) if first.yields_to_missing_image() && is_list(&message) => {
                found.find(|meaning| *meaning == Self::NotFound).or(Some(first))
            }
            first => first,
        };
        match by_reason {
            Some(Self::NeverPulled) => by_words.filter(|meaning| *meaning == Self::NotForPod).or(by_reason),
            Some(Self::NotInspected) => by_words.filter(|meaning| *meaning == Self::NoRegistry).or(by_reason),
            _ => by_words.or(by_reason),
        }
    }

    /// Whether the registry refused for want of a valid credential.
    pub fn is_of_credentials(self) -> bool {
        matches!(
            self,
            Self::NoCredential | Self::Refused | Self::Unauthorized | Self::Denied | Self::NotForPod
        )
    }

    /// Whether one attempt may end so and another find that there is no such image, to which the registry let it come. AKS tries
    /// anonymously last, which ACR refuses. cloud-provider-azure: `GetCredentials`; kubelet: `pullImage` tries every credential
    fn yields_to_missing_image(self) -> bool {
        self.is_of_credentials() || self == Self::Forbidden
    }

    /// Whether it concerns the node, so that an answer of the registry to another computer proves nothing.
    pub fn is_of_node(self) -> bool {
        match self {
            Self::NeverPulled
            | Self::NoRegistry
            | Self::NotInspected
            | Self::Forbidden
            | Self::NoPlatform
            | Self::NotSigned
            | Self::UnknownHost
            | Self::Certificate
            | Self::Expired
            | Self::OtherServer
            | Self::Nameless
            | Self::Clock
            | Self::PlainHttp
            | Self::Proxy
            | Self::Unreachable
            | Self::Throttled
            | Self::NoSpace
            | Self::RuntimeDown
            | Self::StoreDamaged
            | Self::OldFormat
            | Self::StorageRefuses
            | Self::Handshake => true,
            Self::InvalidName
            | Self::NoCredential
            | Self::Refused
            | Self::Unauthorized
            | Self::Denied
            | Self::NotForPod
            | Self::NotFound
            | Self::LayerMissing
            | Self::Broken
            | Self::TooMany => false,
        }
    }
}

/// Whether a message has several errors, one for each credential: `[…, …]`. apimachinery: `errors.Aggregate`
fn is_list(message: &str) -> bool {
    message.starts_with('[') || message.contains(": [")
}

/// A message without what is in quotes.
fn without_quoted(message: &str) -> String {
    message.split('"').step_by(2).collect::<Vec<_>>().join("\"")
}

/// A message without URLs, paths, and words that are a part of the image: its host, its repository, its tag.
fn without_names(message: &str, image: &str) -> String {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let (host, path) = image.split_once('/').unwrap_or(("", image));
    let (repository, tag) = path.rsplit_once(':').unwrap_or((path, ""));
    let names = [image, host, path, repository, tag];
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_name = (!bare.is_empty() && names.contains(&bare))
            || ["/", "%2f", "%3a", "repository:"].iter().any(|it| word.contains(it));
        match (is_name, word.ends_with(':')) {
            (false, _) => word.to_owned(),
            (true, true) => ":".to_owned(),
            (true, false) => String::new(),
        }
    };
    message.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
