use super::Meaning::{
    self, Broken, Certificate, Clock, Denied, Expired, Forbidden, Handshake, LayerMissing, Nameless,
    NoCredential, NoPlatform, NoRegistry, NoSpace, NotForPod, NotFound, NotInspected, NotSigned, OldFormat,
    OtherServer, PlainHttp, Proxy, Refused, RuntimeDown, StorageRefuses, StoreDamaged, Throttled, TooMany,
    Unauthorized, UnknownHost, Unreachable,
};
use super::WORDS;

/// Messages of kubelets with containerd 1.7 and 2.x, CRI-O and dockershim, each as the state of a container and as an event.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn messages_of_kubelets_have_their_meaning() {
    let image = "contoso.azurecr.io/web:v1";
    let pull = format!("rpc error: code = Unknown desc = failed to pull and unpack image \"{image}\": ");
    let resolve = format!("{pull}failed to resolve reference \"{image}\": ");
    let authorize = format!("{resolve}failed to authorize: ");
    let request =
        format!("{resolve}failed to do request: Head \"https://contoso.azurecr.io/v2/web/manifests/v1\": ");
    let source = format!("rpc error: code = Unknown desc = initializing source docker://{image}: ");
    let docker = "rpc error: code = Unknown desc = Error response from daemon: ";
    let url = "https://contoso.azurecr.io/v2/web/manifests/v1";
    let tokens =
        "https://contoso.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=contoso.azurecr.io";
    for (begin, end, meaning) in [
        (authorize.as_str(), format!("failed to fetch anonymous token: unexpected status from GET request to {tokens}: 401 Unauthorized"), NoCredential),
        (&authorize, format!("failed to fetch oauth token: unexpected status from POST request to {tokens}: 401 Unauthorized"), Refused),
        (&authorize, "failed to fetch anonymous token: unexpected status: 403 Forbidden".to_owned(), Forbidden),
        (&authorize, format!("failed to fetch oauth token: Post \"{tokens}\": http2: server sent GOAWAY and closed the connection; LastStreamID=1"), Unreachable),
        (&authorize, format!("failed to fetch oauth token: Post \"{tokens}\": dial tcp 20.0.0.1:443: socket: too many open files"), Unreachable),
        (&authorize, format!("failed to fetch anonymous token: Get \"{tokens}\": stream error: stream ID 1; INTERNAL_ERROR; received from peer"), Unreachable),
        (&authorize, format!("failed to fetch oauth token: Post \"{tokens}\": Forbidden"), Proxy),
        (&authorize, "failed to fetch oauth token: unable to decode token response: invalid character '<' looking for beginning of value".to_owned(), Broken),
        (&request, "http: server closed idle connection".to_owned(), Unreachable),
        (&request, "Service Unavailable".to_owned(), Proxy),
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
            Denied,
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
            Expired,
        ),
        (
            &request,
            "tls: failed to verify certificate: x509: certificate is valid for *.blob.core.windows.net, not contoso.azurecr.io"
                .to_owned(),
            OtherServer,
        ),
        (
            &request,
            "x509: certificate is not valid for any names, but wanted to match contoso.azurecr.io".to_owned(),
            Nameless,
        ),
        (
            &request,
            "tls: failed to verify certificate: x509: certificate relies on legacy Common Name field, use SANs instead".to_owned(),
            Nameless,
        ),
        (
            &request,
            "x509: cannot validate certificate for 10.0.0.4 because it doesn't contain any IP SANs".to_owned(),
            Nameless,
        ),
        (&source, "pinging container registry contoso.azurecr.io: Get \"https://contoso.azurecr.io/v2/\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-07-31T00:00:00Z is after 2026-07-30T00:00:00Z".to_owned(), Expired),
        (
            &request,
            "x509: certificate has expired or is not yet valid: current time 2020-07-31T00:00:00Z is before \
             2026-07-30T00:00:00Z".to_owned(),
            Clock,
        ),
        // CRI-O
        (&source, "reading manifest v1 in contoso.azurecr.io/web: manifest unknown".to_owned(), NotFound),
        (&source, "reading manifest v1 in contoso.azurecr.io/web: name unknown: repository name not known to registry".to_owned(), NotFound),
        (
            &source,
            "unable to retrieve auth token: invalid username/password: unauthorized: authentication required".to_owned(),
            Unauthorized,
        ),
        (&source, "reading manifest v1 in contoso.azurecr.io/web: requested access to the resource is denied".to_owned(), Denied),
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
        (docker, "pull access denied for x/web, repository does not exist or may require 'docker login'".to_owned(), Denied),
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
        // The runtime, its store and its storage
        ("rpc error: code = Unavailable desc = ", "error reading from server: read unix @->/run/containerd/containerd.sock: read: connection reset by peer".to_owned(), RuntimeDown),
        ("rpc error: code = Unavailable desc = ", "connection error: desc = \"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused\"".to_owned(), RuntimeDown),
        ("rpc error: code = Unknown desc = ", "failed to create lease: rpc error: code = DeadlineExceeded desc = context deadline exceeded: unknown".to_owned(), RuntimeDown),
        (&pull, "failed to get reader from content store: content digest sha256:abc: not found".to_owned(), StoreDamaged),
        (&pull, "media type \"application/vnd.docker.distribution.manifest.v1+prettyjws\" is no longer supported since containerd v2.1: not found".to_owned(), OldFormat),
        (&pull, "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:abc (application/vnd.docker.image.rootfs.diff.tar.gzip) from remote: not found".to_owned(), LayerMissing),
        (&pull, "failed to copy: httpReadSeeker: failed open: unexpected status code https://contoso.azurecr.io/v2/web/blobs/sha256:00: 403 This request is not authorized to perform this operation. - Server message: unknown: AuthorizationFailure".to_owned(), StorageRefuses),
        (&request, "dial tcp 20.1.2.3:443: connect: connection timed out".to_owned(), Unreachable),
        (&request, "dial tcp 20.1.2.3:443: connect: operation timed out".to_owned(), Unreachable),
        (&request, "context canceled".to_owned(), Unreachable),
        (&request, "http2: client connection lost".to_owned(), Unreachable),
        (&request, "write tcp 10.0.0.5:40000->10.0.0.4:443: write: broken pipe".to_owned(), Unreachable),
        (&request, "remote error: tls: handshake failure".to_owned(), Handshake),
        (&request, "tls: first record does not look like a TLS handshake".to_owned(), PlainHttp),
        (&resolve, format!("unexpected status from HEAD request to {url}: 404 Not Found"), NotFound),
        (&source, "Requesting bearer token: invalid status code from registry 401 (Unauthorized)".to_owned(), Unauthorized),
        (&source, "Requesting bearer token: invalid status code from registry 403 (Forbidden)".to_owned(), Forbidden),
        (&source, "Requesting bearer token: invalid status code from registry 404 (Not Found)".to_owned(), NotFound),
        (&source, "Requesting bearer token: invalid status code from registry 429 (Too Many Requests)".to_owned(), TooMany),
        (&source, "Requesting bearer token: invalid status code from registry 503 (Service Unavailable)".to_owned(), Broken),
        ("rpc error: code = Unknown desc = ", "short-name resolution enforced but cannot prompt without a TTY".to_owned(), NoRegistry),
        ("rpc error: code = Unknown desc = ", "no valid signature found".to_owned(), NotSigned),
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

/// One error for each credential that was tried, in any order. An image that is not there decides: the registry let that attempt
/// come so far.
#[test]
fn the_errors_of_several_credentials_have_one_meaning() {
    let image = "contoso.azurecr.io/web:v1";
    let resolve = format!(
        "rpc error: code = Unknown desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": "
    );
    let authorize = format!("{resolve}failed to authorize: ");
    let tokens =
        "https://contoso.azurecr.io/oauth2/token?scope=repository%3Aweb%3Apull&service=contoso.azurecr.io";
    let docker = "rpc error: code = Unknown desc = Error response from daemon: ";
    let source =
        format!("initializing source docker://{image}: reading manifest v1 in contoso.azurecr.io/web: ");
    let anonymous = &format!(
        "{authorize}failed to fetch anonymous token: unexpected status from GET request to {tokens}: 401 Unauthorized"
    );
    let refused = &format!(
        "{authorize}failed to fetch oauth token: unexpected status from POST request to {tokens}: 401 Unauthorized"
    );
    let forbidden = &format!(
        "{resolve}unexpected status from HEAD request to https://contoso.azurecr.io/v2/web/manifests/v1: 403 Forbidden"
    );
    let missing = &format!("{}{image}: not found", resolve.replace("Unknown", "NotFound"));
    let timeout = &format!("{resolve}failed to do request: dial tcp 10.0.0.4:443: i/o timeout");
    let by_docker = [
        &format!("{docker}manifest for {image} not found: manifest unknown: manifest unknown"),
        &format!(
            "{docker}Get https://contoso.azurecr.io/v2/web/manifests/v1: unauthorized: authentication required"
        ),
    ];
    let by_crio =
        [&format!("{source}manifest unknown"), &format!("{source}unauthorized: authentication required")];
    let platform =
        &format!("{resolve}no match for platform in manifest: not found").replace("Unknown", "NotFound");
    for (errors, meaning) in [
        (&[anonymous, missing] as &[&String], NotFound),
        (&[refused, missing], NotFound),
        (&[forbidden, missing], NotFound),
        (&[refused, missing, anonymous], NotFound),
        (&by_docker, NotFound),
        (&by_crio, NotFound),
        (&[anonymous, refused], Refused),
        (&[anonymous, forbidden], Forbidden),
        (&[missing, timeout], Unreachable),
        (&[platform, anonymous], NoPlatform),
    ] {
        let mut reversed = errors.to_vec();
        reversed.reverse();
        for errors in [errors.to_vec(), reversed] {
            let list = errors.iter().map(|error| error.as_str()).collect::<Vec<_>>().join(", ");
            for message in [
                format!("[{list}]"),
                format!("Failed to pull image \"{image}\": [{list}]"),
                format!("Back-off pulling image \"{image}\": ErrImagePull: [{list}]"),
                // The API server cuts the message of an event.
                format!("Failed to pull image \"{image}\": [{list}"),
            ] {
                assert_eq!(Meaning::of("ErrImagePull", &message, image), Some(meaning), "{message}");
            }
        }
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
            "ErrImageNeverPull",
            "Container image \"a\" is present with pull policy of Never but does not have the proper credentials to access the image",
            NotForPod,
        ),
        (
            "ErrImagePull",
            "Container image \"a\" is present with pull policy of IfNotPresent but does not have the proper credentials to access the \
             image",
            NotForPod,
        ),
        ("ErrImageNeverPull", "Container image \"a\": timeout", Meaning::NeverPulled),
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
        ("RegistryUnavailable", "image pull failed for a because the registry is unavailable", Unreachable),
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
        ("x/timeout", "pull access denied for x/timeout, repository does not exist", Meaning::Denied),
        ("timeout", "pull access denied for timeout, repository does not exist", Meaning::Denied),
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

/// Alone, as the runtime has them: behind the URL that Go quotes, before the name that is looked up.
#[test]
fn each_of_the_words_alone_has_its_meaning() {
    for (words, meaning) in WORDS {
        let begin = if words.starts_with('"') { "Get \"https://x" } else { "" };
        let end = if words.ends_with('"') { "https://x\": x" } else { " x" };
        let message = format!("{begin}{words}{end}");
        let image = "contoso.azurecr.io/shop/web:v1";
        assert_eq!(Meaning::of("ErrImagePull", &message, image), Some(meaning), "{message}");
    }
}
