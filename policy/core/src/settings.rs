//! The policy's settings: what an admin writes, checked once and valid from then on.

mod fields;
mod pull_secrets;

use serde_json::Value;

use self::fields::{Fields, Problems, show};
pub use self::pull_secrets::{Entry, Need, PullSecrets};
use crate::name::is_dns_subdomain;

/// Checked settings. Default: what an empty document means.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether the policy mends or only judges
    pub mode: Mode,
    /// What it may mend
    pub targets: Targets,
    /// Which secret an image needs
    pub pull_secrets: PullSecrets,
    /// Further login-server suffixes, without a leading dot
    pub registry_suffixes: Vec<String>,
    /// What each kind of problem does
    pub actions: Actions,
    /// What may be looked up
    pub cluster: Lookups,
}

/// Whether the policy mends or only judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Add what is missing
    #[default]
    Mutate,
    /// Never return an object
    Validate,
}

/// The objects that mode mutate may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Pods, when they are created
    pub pods: bool,
    /// Pod templates of workloads
    pub pod_templates: bool,
    /// Service accounts
    pub service_accounts: bool,
}

impl Default for Targets {
    fn default() -> Self {
        Self { pods: true, pod_templates: false, service_accounts: false }
    }
}

/// What a problem does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing
    Allow,
    /// A warning
    Warn,
    /// The request is refused
    Reject,
}

/// The action for each kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    /// The image needs a secret that the pod lacks and that may not be added
    pub missing: Action,
    /// No `pullSecrets` entry covers the image
    pub unlisted: Action,
    /// A secret is absent, of the wrong type, malformed, expired, or holds nothing for the image
    pub unusable: Action,
    /// The cluster could not be asked
    pub unknown: Action,
}

impl Default for Actions {
    fn default() -> Self {
        Self {
            missing: Action::Reject,
            unlisted: Action::Warn,
            unusable: Action::Warn,
            unknown: Action::Warn,
        }
    }
}

/// What may be looked up in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lookups {
    /// The `ServiceAccount` of a pod
    pub service_accounts: bool,
    /// Pull secrets
    pub secrets: SecretLookup,
}

/// How deep the policy looks into pull secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretLookup {
    /// Not at all
    #[default]
    None,
    /// Whether they exist and of what type they are; no credential enters the policy
    Exists,
    /// Whether the kubelet gets the image with them
    Credentials,
}

impl Settings {
    /// Reads settings. A field that is absent, null or an empty list means its default, as in Kubernetes' own API.
    ///
    /// # Errors
    /// - everything that is wrong, each with the path of its field
    pub fn parse(value: &Value) -> Result<Self, SettingsError> {
        let mut problems = Problems::default();
        let mut settings = Self::default();
        let names = ["mode", "targets", "pullSecrets", "registrySuffixes", "actions", "cluster"];
        if let Some(fields) = Fields::of(value, "", &names, &mut problems) {
            let modes = [("mutate", Mode::Mutate), ("validate", Mode::Validate)];
            fields.choice("mode", &modes, &mut settings.mode, &mut problems);
            settings.targets = parse_targets(&fields, &mut problems);
            settings.registry_suffixes = parse_suffixes(&fields, &mut problems);
            settings.pull_secrets = PullSecrets::parse(&fields, &settings.registry_suffixes, &mut problems);
            settings.actions = parse_actions(&fields, &mut problems);
            settings.cluster = parse_lookups(&fields, &mut problems);
            if settings.targets.pod_templates && !settings.cluster.service_accounts {
                problems.add(
                    "targets",
                    "PodTemplate needs cluster.serviceAccounts: true, because a secret added to a template hides \
                     those of its ServiceAccount",
                );
            }
        }
        problems.into_result(settings)
    }
}

fn parse_targets(fields: &Fields<'_>, problems: &mut Problems) -> Targets {
    let list = fields.list("targets", problems);
    if list.is_empty() {
        return Targets::default();
    }
    let mut targets = Targets { pods: false, pod_templates: false, service_accounts: false };
    for (path, target) in list {
        match target.as_str() {
            Some("Pod") => targets.pods = true,
            Some("PodTemplate") => targets.pod_templates = true,
            Some("ServiceAccount") => targets.service_accounts = true,
            _ => problems.add_unknown(&path, target, &["Pod", "PodTemplate", "ServiceAccount"]),
        }
    }
    targets
}

fn parse_suffixes(fields: &Fields<'_>, problems: &mut Problems) -> Vec<String> {
    let mut suffixes = Vec::new();
    for (path, suffix) in fields.list("registrySuffixes", problems) {
        let host = suffix.as_str().map(|text| text.strip_prefix('.').unwrap_or(text));
        match host {
            Some(host) if is_dns_subdomain(host) && host.contains('.') => suffixes.push(host.to_owned()),
            _ => problems.add(
                &path,
                format!(
                    "{} is no lower-case domain such as \"azurecr.my.cloud\" or \"registry.contoso.com\"",
                    show(suffix)
                ),
            ),
        }
    }
    suffixes
}

fn parse_actions(fields: &Fields<'_>, problems: &mut Problems) -> Actions {
    let mut actions = Actions::default();
    let names = ["missing", "unlisted", "unusable", "unknown"];
    if let Some(fields) = fields.object("actions", &names, problems) {
        let choices = [("allow", Action::Allow), ("warn", Action::Warn), ("reject", Action::Reject)];
        fields.choice("missing", &choices, &mut actions.missing, problems);
        fields.choice("unlisted", &choices, &mut actions.unlisted, problems);
        fields.choice("unusable", &choices, &mut actions.unusable, problems);
        fields.choice("unknown", &choices, &mut actions.unknown, problems);
    }
    actions
}

fn parse_lookups(fields: &Fields<'_>, problems: &mut Problems) -> Lookups {
    let mut lookups = Lookups::default();
    if let Some(fields) = fields.object("cluster", &["serviceAccounts", "secrets"], problems) {
        lookups.service_accounts = fields.boolean("serviceAccounts", problems).unwrap_or(false);
        let choices = [
            ("none", SecretLookup::None),
            ("exists", SecretLookup::Exists),
            ("credentials", SecretLookup::Credentials),
        ];
        fields.choice("secrets", &choices, &mut lookups.secrets, problems);
    }
    lookups
}

/// Everything that is wrong with a settings document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// The problems, each with the path of its field: `pullSecrets[0].secret: …`.
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for SettingsError {}
