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
    /// The container runtime cannot say whether the image is on the node
    NotInspected,
    /// The registry refused a pull without a credential
    NoCredential,
    /// The registry refused a credential: the pod's, or the node's
    Refused,
    /// The registry refused, with or without a credential
    Unauthorized,
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
}

/// Words of messages, in lower case, and their meaning; the first that occurs counts. containerd: remotes/docker/authorizer.go,
/// resolver.go, errdefs; CRI-O: containers/image; dockershim: docker's registry client; kubelet: `throttledImageService`; Go: net,
/// net/http, crypto/x509; ACR: "denied: client with IP".
const WORDS: [(&str, Meaning); 49] = [
    ("no space left on device", Meaning::NoSpace),
    ("disk quota exceeded", Meaning::NoSpace),
    ("pull qps exceeded", Meaning::Throttled),
    ("toomanyrequests", Meaning::TooMany),
    ("429 too many requests", Meaning::TooMany),
    ("source image rejected", Meaning::NotSigned),
    ("no match for platform", Meaning::NoPlatform),
    ("no image found in manifest list for architecture", Meaning::NoPlatform),
    ("no image found in image index for architecture", Meaning::NoPlatform),
    ("no matching manifest", Meaning::NoPlatform),
    ("no unqualified-search registries", Meaning::NoRegistry),
    ("proxyconnect ", Meaning::Proxy),
    ("proxy authentication required", Meaning::Proxy),
    ("no such host", Meaning::UnknownHost),
    ("server misbehaving", Meaning::UnknownHost),
    // A server of DNS that does not answer ends with a timeout.
    ("dial tcp: lookup ", Meaning::UnknownHost),
    ("x509:", Meaning::Certificate),
    ("tls: failed to verify", Meaning::Certificate),
    ("server gave http response to https client", Meaning::PlainHttp),
    ("500 internal server error", Meaning::Broken),
    ("502 bad gateway", Meaning::Broken),
    ("503 service unavailable", Meaning::Broken),
    ("504 gateway timeout", Meaning::Broken),
    ("504 gateway time-out", Meaning::Broken),
    ("timeout", Meaning::Unreachable),
    ("deadline exceeded", Meaning::Unreachable),
    ("connection re", Meaning::Unreachable),
    ("unreachable", Meaning::Unreachable),
    ("no route to host", Meaning::Unreachable),
    ("unexpected eof", Meaning::Unreachable),
    ("\": eof", Meaning::Unreachable),
    ("is not allowed access", Meaning::Forbidden),
    ("403 forbidden", Meaning::Forbidden),
    ("status code 403", Meaning::Forbidden),
    // Where several credentials were tried, the message has one error for each.
    ("failed to fetch oauth token", Meaning::Refused),
    ("failed to fetch anonymous token", Meaning::NoCredential),
    ("no basic auth credentials", Meaning::NoCredential),
    ("401 unauthorized", Meaning::Unauthorized),
    ("unauthorized:", Meaning::Unauthorized),
    ("authentication required", Meaning::Unauthorized),
    ("authorization failed", Meaning::Unauthorized),
    ("pull access denied", Meaning::Unauthorized),
    ("access to the resource is denied", Meaning::Unauthorized),
    ("invalid username/password", Meaning::Unauthorized),
    ("insufficient_scope", Meaning::Unauthorized),
    ("manifest unknown", Meaning::NotFound),
    ("name unknown", Meaning::NotFound),
    (": not found", Meaning::NotFound),
    ("code = notfound", Meaning::NotFound),
];

impl Meaning {
    /// Of a message about this image, with the reason of a container's state.
    pub fn of(reason: &str, message: &str, image: &str) -> Option<Self> {
        let by_reason = match reason {
            "InvalidImageName" => return Some(Self::InvalidName),
            "ErrImageNeverPull" => return Some(Self::NeverPulled),
            "SignatureValidationFailed" => return Some(Self::NotSigned),
            "ImageInspectError" => Some(Self::NotInspected),
            "RegistryUnavailable" => Some(Self::Unreachable),
            _ => None,
        };
        // The image of the message may contain any of the words.
        let message = without_names(&without_quoted(&message.to_lowercase()), &image.to_lowercase());
        let by_words = WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, meaning)| *meaning);
        match by_reason {
            Some(Self::NotInspected) => by_words.filter(|meaning| *meaning == Self::NoRegistry).or(by_reason),
            _ => by_words.or(by_reason),
        }
    }

    /// Whether the registry refused for want of a valid credential.
    pub fn is_of_credentials(self) -> bool {
        matches!(self, Self::NoCredential | Self::Refused | Self::Unauthorized)
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
            | Self::PlainHttp
            | Self::Proxy
            | Self::Unreachable
            | Self::Throttled
            | Self::NoSpace => true,
            Self::InvalidName
            | Self::NoCredential
            | Self::Refused
            | Self::Unauthorized
            | Self::NotFound
            | Self::Broken
            | Self::TooMany => false,
        }
    }
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
mod tests {
    use super::Meaning::{
        self, Broken, Certificate, Forbidden, NoCredential, NoPlatform, NoRegistry, NoSpace, NotFound,
        NotInspected, NotSigned, PlainHttp, Proxy, Refused, Throttled, TooMany, Unauthorized, UnknownHost,
        Unreachable,
    };

    /// Messages of kubelets with containerd 1.7 and 2.x, CRI-O and dockershim, each as the state of a container and as an event.
    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn messages_of_kubelets_have_their_meaning() {
        let image = "contoso.azurecr.io/web:v1";
        let pull = format!("rpc error: code = Unknown desc = failed to pull and unpack image \"{image}\": ");
        let resolve = format!("{pull}failed to resolve reference \"{image}\": ");
        let authorize = format!("{resolve}failed to authorize: ");
        let request = format!(
            "{resolve}failed to do request: Head \"https://contoso.azurecr.io/v2/web/manifests/v1\": "
        );
        let source = format!("rpc error: code = Unknown desc = initializing source docker://{image}: ");
        let docker = "rpc error: code = Unknown desc = Error response from daemon: ";
        let url = "https://contoso.azurecr.io/v2/web/manifests/v1";
        let tokens = "https://contoso.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=contoso.azurecr.io";
        for (begin, end, meaning) in [
            (authorize.as_str(), format!("failed to fetch anonymous token: unexpected status from GET request to {tokens}: 401 Unauthorized"), NoCredential),
            (&authorize, format!("failed to fetch oauth token: unexpected status from POST request to {tokens}: 401 Unauthorized"), Refused),
            (&authorize, "failed to fetch anonymous token: unexpected status: 403 Forbidden".to_owned(), Forbidden),
            (&authorize, format!("failed to fetch anonymous token: Get \"{tokens}\": dial tcp: i/o timeout"), Unreachable),
            // A revoked secret, and then the anonymous attempt of a node of AKS.
            (
                "[",
                "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized, failed to authorize: \
                 failed to fetch anonymous token: unexpected status: 401 Unauthorized]".to_owned(),
                Refused,
            ),
            (
                &resolve,
                "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: \
                 authorization failed".to_owned(),
                Unauthorized,
            ),
            (&resolve, format!("unexpected status from HEAD request to {url}: 403 Forbidden"), Forbidden),
            (&resolve, format!("unexpected status from HEAD request to {url}: 503 Service Unavailable"), Broken),
            (&resolve, format!("unexpected status from HEAD request to {url}: 504 Gateway Timeout"), Broken),
            (&resolve, format!("unexpected status from HEAD request to {url}: 429 Too Many Requests"), TooMany),
            (&resolve, "unexpected status code 429 Too Many Requests - Server message: toomanyrequests: limit".to_owned(), TooMany),
            (&resolve, format!("{image}: not found"), NotFound),
            (&pull, "no match for platform in manifest: not found".to_owned(), NoPlatform),
            (&pull, "failed to extract layer sha256:00: write /var/lib/x: no space left on device".to_owned(), NoSpace),
            (&pull, "failed to extract layer sha256:00: write /var/lib/x: disk quota exceeded".to_owned(), NoSpace),
            (
                &pull,
                "failed to copy: httpReadSeeker: failed open: failed to do request: Get \"https://x.blob.core.windows.net/a?sig=b\": \
                 dial tcp: lookup x.blob.core.windows.net on 10.0.0.10:53: no such host".to_owned(),
                UnknownHost,
            ),
            (&request, "dial tcp: lookup contoso.azurecr.io: no such host".to_owned(), UnknownHost),
            (&request, "dial tcp: lookup contoso.azurecr.io on 10.0.0.10:53: server misbehaving".to_owned(), UnknownHost),
            (
                &request,
                "dial tcp: lookup contoso.azurecr.io on 10.0.0.10:53: read udp 10.0.0.4:40000->10.0.0.10:53: i/o timeout".to_owned(),
                UnknownHost,
            ),
            (&request, "dial tcp 10.0.0.4:443: i/o timeout".to_owned(), Unreachable),
            (&request, "dial tcp 10.0.0.4:443: connect: connection refused".to_owned(), Unreachable),
            (&request, "dial tcp 10.0.0.4:443: connect: no route to host".to_owned(), Unreachable),
            (&request, "dial tcp 10.0.0.4:443: connect: network is unreachable".to_owned(), Unreachable),
            (&request, "read tcp 10.0.0.5:40000->10.0.0.4:443: read: connection reset by peer".to_owned(), Unreachable),
            (&request, "net/http: TLS handshake timeout".to_owned(), Unreachable),
            (&request, "context deadline exceeded".to_owned(), Unreachable),
            (&request, "EOF".to_owned(), Unreachable),
            (&request, "proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused".to_owned(), Proxy),
            (&request, "proxyconnect tcp: dial tcp: lookup proxy.corp: no such host".to_owned(), Proxy),
            (&request, "Proxy Authentication Required".to_owned(), Proxy),
            (&request, "http: server gave HTTP response to HTTPS client".to_owned(), PlainHttp),
            (
                &request,
                "tls: failed to verify certificate: x509: certificate signed by unknown authority".to_owned(),
                Certificate,
            ),
            (
                &request,
                "x509: certificate has expired or is not yet valid: current time 2026-07-31T00:00:00Z is after \
                 2026-07-30T00:00:00Z".to_owned(),
                Certificate,
            ),
            // CRI-O
            (&source, "reading manifest v1 in contoso.azurecr.io/web: manifest unknown".to_owned(), NotFound),
            (&source, "reading manifest v1 in contoso.azurecr.io/web: name unknown: repository name not known to registry".to_owned(), NotFound),
            (
                &source,
                "unable to retrieve auth token: invalid username/password: unauthorized: authentication required".to_owned(),
                Unauthorized,
            ),
            (&source, "reading manifest v1 in contoso.azurecr.io/web: requested access to the resource is denied".to_owned(), Unauthorized),
            (&source, "pinging container registry contoso.azurecr.io: Get \"https://contoso.azurecr.io/v2/\": EOF".to_owned(), Unreachable),
            (
                "rpc error: code = Unknown desc = choosing image instance: ",
                "no image found in image index for architecture \"arm64\", variant \"v8\", OS \"linux\"".to_owned(),
                NoPlatform,
            ),
            (
                "rpc error: code = Unknown desc = ",
                "Source image rejected: A signature was required, but no signature exists".to_owned(),
                NotSigned,
            ),
            (
                "rpc error: code = Unknown desc = ",
                "short-name \"web:v1\" did not resolve to an alias and no unqualified-search registries are defined in \
                 \"/etc/containers/registries.conf\"".to_owned(),
                NoRegistry,
            ),
            // dockershim
            (docker, format!("Get {url}: unauthorized: authentication required, visit https://aka.ms/acr/authorization"), Unauthorized),
            (docker, format!("Get {url}: no basic auth credentials"), NoCredential),
            (docker, format!("manifest for {image} not found: manifest unknown: manifest tagged by \"v1\" is not found"), NotFound),
            (docker, "pull access denied for x/web, repository does not exist or may require 'docker login'".to_owned(), Unauthorized),
            (
                docker,
                "Get https://contoso.azurecr.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded \
                 while awaiting headers)".to_owned(),
                Unreachable,
            ),
            (docker, "Get https://contoso.azurecr.io/v2/: x509: certificate signed by unknown authority".to_owned(), Certificate),
            (docker, "no matching manifest for linux/arm64 in the manifest list entries".to_owned(), NoPlatform),
            (
                docker,
                "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and \
                 upgrading: https://www.docker.com/increase-rate-limit".to_owned(),
                TooMany,
            ),
            // ACR's firewall
            (
                &resolve,
                format!(
                    "unexpected status from HEAD request to {url}: 403 Forbidden - Server message: denied: client with IP '20.0.0.1' is \
                     not allowed access. Refer https://aka.ms/acr/firewall to grant access"
                ),
                Forbidden,
            ),
            // The kubelet itself
            ("", "pull QPS exceeded".to_owned(), Throttled),
        ] {
            for message in [format!("{begin}{end}"), format!("Failed to pull image \"{image}\": {begin}{end}")] {
                assert_eq!(Meaning::of("ErrImagePull", &message, image), Some(meaning), "{message}");
            }
            let back_off = format!("Back-off pulling image \"{image}\": ErrImagePull: {begin}{end}");
            assert_eq!(Meaning::of("ImagePullBackOff", &back_off, image), Some(meaning), "{back_off}");
        }
    }

    #[test]
    fn reasons_of_the_kubelet_have_their_meaning() {
        for (reason, message, meaning) in [
            (
                "InvalidImageName",
                "Failed to apply default image tag \"A\": couldn't parse image name",
                Meaning::InvalidName,
            ),
            (
                "ErrImageNeverPull",
                "Container image \"a\" is not present with pull policy of Never",
                Meaning::NeverPulled,
            ),
            (
                "ImageInspectError",
                "Failed to inspect image \"a\": rpc error: code = Unknown desc = i/o timeout",
                NotInspected,
            ),
            (
                "ImageInspectError",
                "Failed to inspect image \"a\": rpc error: code = Unknown desc = short-name \"a:latest\" did not resolve to an alias and \
                 no unqualified-search registries are defined in \"/etc/containers/registries.conf\"",
                NoRegistry,
            ),
            (
                "RegistryUnavailable",
                "image pull failed for a because the registry is unavailable",
                Unreachable,
            ),
            (
                "RegistryUnavailable",
                "image pull failed for a because the registry is unavailable: 503 Service Unavailable",
                Broken,
            ),
            (
                "SignatureValidationFailed",
                "image pull failed for a because the signature validation failed",
                NotSigned,
            ),
        ] {
            assert_eq!(Meaning::of(reason, message, "a"), Some(meaning), "{reason}: {message}");
        }
        assert_eq!(Meaning::of("ErrImagePull", "odd", "a"), None);
    }

    #[test]
    fn words_of_the_image_are_not_the_reason() {
        for (image, end, meaning) in [
            (
                "contoso.azurecr.io/timeout-svc:v1",
                "contoso.azurecr.io/timeout-svc:v1: not found",
                Meaning::NotFound,
            ),
            (
                "contoso.azurecr.io/timeout-svc:v1",
                "failed to fetch anonymous token: unexpected status from GET request to \
                 https://contoso.azurecr.io/oauth2/token?scope=repository%3Atimeout-svc%3Apull&service=contoso.azurecr.io: 401 \
                 Unauthorized",
                Meaning::NoCredential,
            ),
            (
                "contoso.azurecr.io/web:unreachable",
                "reading manifest unreachable in contoso.azurecr.io/web: manifest unknown",
                Meaning::NotFound,
            ),
            ("timeout", "docker.io/library/timeout:latest: not found", Meaning::NotFound),
            (
                "x/timeout",
                "pull access denied for x/timeout, repository does not exist",
                Meaning::Unauthorized,
            ),
            ("timeout", "pull access denied for timeout, repository does not exist", Meaning::Unauthorized),
            (
                "contoso.azurecr.io/unreachable/web:v1",
                "unexpected status from HEAD request to https://contoso.azurecr.io/v2/unreachable/web/manifests/v1: 403 Forbidden",
                Meaning::Forbidden,
            ),
            ("contoso.azurecr.io/web:v1", "dial tcp 10.0.0.4:443: i/o timeout", Meaning::Unreachable),
        ] {
            let message = format!("Failed to pull image \"{image}\": rpc error: code = Unknown desc = {end}");
            assert_eq!(Meaning::of("ErrImagePull", &message, image), Some(meaning), "{message}");
        }
    }
}
