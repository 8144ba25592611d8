//! The rules of the findings that registries cause. The policy has no network, so it does not list them.

use review::rule_help::Rule;

pub(super) const PULL_DENIED: &str = "pull-denied";
pub(super) const IMAGE_NOT_FOUND: &str = "image-not-found";
pub(super) const REGISTRY_UNREACHABLE: &str = "registry-unreachable";

/// Id, category, action, summary, reason, fix.
const RULES: [[&str; 6]; 3] = [
    [
        PULL_DENIED,
        "rejection",
        "reject",
        "`check --pull` was denied the image by its registry.",
        "The registry refuses every credential that the kubelet would try: a password is wrong or revoked, or its owner has no \
         permission to pull from the repository. The pod stays in ImagePullBackOff. Nothing in a manifest shows this.",
        "Renew the password in the pull secret, or give its owner the permission: the role AcrPull, in registries with ABAC the role \
         Container Registry Repository Reader, or a scope map with the repository for a token.",
    ],
    [
        IMAGE_NOT_FOUND,
        "rejection",
        "reject",
        "`check --pull` found that the registry does not have the image.",
        "The credential is accepted, but the repository, the tag or the digest does not exist, or the image is not for the platform \
         of the nodes. The pod stays in ImagePullBackOff.",
        "Push the image, correct the reference, or pass the platform of the nodes with `--platform linux/arm64`.",
    ],
    [
        REGISTRY_UNREACHABLE,
        "warning",
        "warn",
        "`check --pull` got no usable answer from the registry.",
        "The name is not known, the certificate is not trusted, a proxy or a firewall is in the way, or the registry is overloaded. \
         Nodes may be in another network, so this does not say that the pod cannot pull.",
        "Run the command where the nodes are, or pass `--ca-file`, `--resolve HOST:443:ADDRESS` for a private endpoint, or \
         `--pull-timeout`.",
    ],
];

/// The rules, in the order of the documentation.
pub fn rules() -> Vec<Rule> {
    let rule = |words: [&str; 6]| {
        let [id, category, action, summary, reason, fix] = words.map(str::to_owned);
        Rule { id, category, action, summary, reason, fix }
    };
    RULES.map(rule).into()
}
