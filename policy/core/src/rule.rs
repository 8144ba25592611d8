//! The rules: every finding the policy can make, with its help.

use crate::settings::{Action, Actions};

/// The category that sets the severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// `actions.missing`
    Missing,
    /// `actions.unlisted`
    Unlisted,
    /// `actions.unusable`
    Unusable,
    /// `actions.expiring`
    Expiring,
    /// `actions.unknown`
    Unknown,
    /// Always rejected, as the API server does
    Invalid,
    /// Always a warning
    Advice,
}

impl Category {
    /// The name of the setting below `actions`, or `rejection` or `warning` if it is always one.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unlisted => "unlisted",
            Self::Unusable => "unusable",
            Self::Expiring => "expiring",
            Self::Unknown => "unknown",
            Self::Invalid => "rejection",
            Self::Advice => "warning",
        }
    }

    /// The action that `actions` sets for this category.
    pub fn action(self, actions: &Actions) -> Action {
        match self {
            Self::Missing => actions.missing,
            Self::Unlisted => actions.unlisted,
            Self::Unusable => actions.unusable,
            Self::Expiring => actions.expiring,
            Self::Unknown => actions.unknown,
            Self::Invalid => Action::Reject,
            Self::Advice => Action::Warn,
        }
    }
}

/// What a rule means, why it matters and how to fix what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Help {
    /// What is wrong, in one sentence
    pub summary: &'static str,
    /// Why it breaks
    pub reason: &'static str,
    /// What to do
    pub fix: &'static str,
}

macro_rules! rules {
    ($($variant:ident $id:literal $category:ident, $summary:literal, $reason:literal, $fix:literal;)*) => {
        /// A rule, known by a stable id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $summary] $variant,)*
        }

        impl Rule {
            /// Every rule, in the order of the documentation.
            pub const ALL: &[Rule] = &[$(Rule::$variant),*];

            /// The stable id: kebab-case.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$variant => $id),* }
            }

            /// The category that sets the severity of the rule's findings.
            pub fn category(self) -> Category {
                match self { $(Rule::$variant => Category::$category),* }
            }

            /// The rule's help.
            pub fn help(self) -> Help {
                match self {
                    $(Rule::$variant => Help { summary: $summary, reason: $reason, fix: $fix }),*
                }
            }
        }
    };
}

rules! {
    MissingPullSecret "missing-pull-secret" Missing,
        "An image needs a pull secret that the pod does not list.",
        "The kubelet uses only the secrets in the pod's imagePullSecrets, so the pull ends in ImagePullBackOff.",
        "Add the secret's name to imagePullSecrets of the pod (or of the pod template).";
    PullSecretsImmutable "pull-secrets-immutable" Missing,
        "An update brings in an image whose pull secret the pod does not list.",
        "The API server rejects a change of a pod's imagePullSecrets, or of a Job's template, once the object exists.",
        "Recreate the object with the secret in imagePullSecrets.";
    SecretNotMountable "secret-not-mountable" Missing,
        "The pod's ServiceAccount forbids the pull secret that an image needs.",
        "With the annotation kubernetes.io/enforce-mountable-secrets the API server rejects pods that reference a secret which the ServiceAccount does not list.",
        "Add the secret's name to imagePullSecrets of the ServiceAccount.";
    UnlistedRegistry "unlisted-registry" Unlisted,
        "An ACR image has no entry in the policy's pullSecrets.",
        "The policy cannot tell whether the image needs a secret.",
        "Add an entry for the registry to pullSecrets: with the secret's name, or with secretless: true.";
    SecretNotFound "secret-not-found" Unusable,
        "A pull secret does not exist in the pod's namespace.",
        "The kubelet skips a secret that it cannot fetch, and pulls without it.",
        "Create the secret in the pod's namespace, or correct its name.";
    SecretWrongType "secret-wrong-type" Unusable,
        "A pull secret is of a type that the kubelet does not read.",
        "Only kubernetes.io/dockerconfigjson with .dockerconfigjson and kubernetes.io/dockercfg with .dockercfg are read; everything else is silently ignored.",
        "Delete the secret and create it with acr-pull-secret secret, because its type cannot be changed.";
    SecretMalformed "secret-malformed" Unusable,
        "A pull secret cannot be decoded.",
        "One malformed secret makes the kubelet fail every pull of the pod, images without credentials included.",
        "Recreate the secret, or take it off the pod's list.";
    SecretWithoutCredentials "secret-without-credentials" Unusable,
        "No pull secret of the pod holds a credential for the image.",
        "The kubelet finds no key that matches the image and pulls anonymously.",
        "Add the image's registry to the secret, spelled as in the image.";
    SecretExpired "secret-expired" Unusable,
        "A credential in a pull secret has expired.",
        "ACR answers 401. The end is in the token or, for a password, in the annotation acr-pull-secret/expires.",
        "Replace the secret: az ad app credential reset --id APPID --append | acr-pull-secret secret --from-az - --server SERVER -n NAMESPACE | kubectl apply -f -. For a repository-scoped token, az acr token credential generate. Tokens of az acr login last three hours.";
    SecretEmptyPassword "secret-empty-password" Unusable,
        "A credential that the kubelet tries has no password.",
        "az acr login stores its token as identitytoken, which the kubelet ignores; what remains is a user without a password.",
        "Make the secret from a service principal or a repository-scoped token, not from the docker config of az acr login.";
    UnparsableImage "unparsable-image" Unusable,
        "The image is not a valid image reference.",
        "The kubelet reports InvalidImageName and never starts the container.",
        "Correct the image.";
    SecretExpiresSoon "secret-expires-soon" Expiring,
        "A credential in a pull secret expires soon, or the end that it announces cannot be read.",
        "The secret works now and fails when a node pulls the image later.",
        "Replace the secret before its end; acr-pull-secret explain secret-expired has the commands.";
    LookupFailed "lookup-failed" Unknown,
        "A lookup in the cluster failed.",
        "Without the answer the policy cannot tell whether the image can be pulled.",
        "Grant the policy what the finding's help names, or switch the lookup off.";
    InvalidPullSecretList "invalid-pull-secret-list" Invalid,
        "imagePullSecrets is not a list of objects with a name.",
        "The API server rejects the object.",
        "Write each entry as - name: SECRET.";
    SecretSuspiciousPassword "secret-suspicious-password" Advice,
        "A password in a pull secret has unexpected content.",
        "The kubelet sends the password as it is, line breaks included, and ACR answers 401.",
        "Recreate the secret with the password alone.";
    SecretAdminUser "secret-admin-user" Advice,
        "A pull secret holds the registry's admin user.",
        "The admin user may push and delete in the whole registry, is shared by everybody and cannot be limited.",
        "Use a repository-scoped token or a service principal with AcrPull, and disable the admin user.";
    SecretBroadKey "secret-broad-key" Advice,
        "A key of a pull secret matches registries outside ACR.",
        "The kubelet sends the password to any matching host that a pod's author names.",
        "Write the login server instead of the glob.";
    SecretDeadKey "secret-dead-key" Advice,
        "A key of a pull secret matches no image, or only a few.",
        "The kubelet compares keys with the image's host and path, letter by letter.",
        "Write the key that the finding's help names.";
    AnonymousPullBlocked "anonymous-pull-blocked" Advice,
        "A pull secret matches an image that needs none.",
        "Once a key matches, the kubelet makes no anonymous pull. Only the node's own credential is tried after those of the pod.",
        "Narrow the key in the secret, or take the secret off the pod's list.";
    EmptyPullSecretName "empty-pull-secret-name" Advice,
        "An entry of imagePullSecrets has no name.",
        "The kubelet skips the entry, but a list that is not empty keeps the ServiceAccount's secrets out.",
        "Remove the entry or give it a name.";
    ServiceAccountSecretsHidden "service-account-secrets-hidden" Advice,
        "The pull secrets of the ServiceAccount do not reach the pod.",
        "Kubernetes copies them only into pods whose own list is empty.",
        "List the ServiceAccount's secrets in imagePullSecrets as well.";
    RegistryHostCase "registry-host-case" Advice,
        "The image's registry host has upper-case letters.",
        "Keys in pull secrets are compared letter by letter, and login servers are written in lower case.",
        "Write the host in lower case.";
    NotALoginServer "not-a-login-server" Advice,
        "The image's host looks like ACR, but images cannot be pulled from it.",
        "Only login servers (and their regional endpoints) serve images.",
        "Write the registry's login server.";
    MisplacedPullSecrets "misplaced-pull-secrets" Advice,
        "imagePullSecrets is in a place where Kubernetes does not read it.",
        "Only the list of the pod spec counts.",
        "Move it to the place that the finding's help names.";
    UnresolvedPlaceholder "unresolved-placeholder" Advice,
        "The image contains a variable that was not substituted.",
        "The kubelet reports InvalidImageName. The policy checks the image by its host where that is whole.",
        "Substitute the variable before the manifest is applied.";
}
