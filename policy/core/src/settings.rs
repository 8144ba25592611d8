//! The policy's settings: what an admin writes, checked once and valid from then on.

mod fields;
mod pull_secrets;

use self::fields::{Fields, Path, Problems};
pub use self::pull_secrets::{Entry, Need, Owner, PullSecrets};
use crate::dns_name::is_dns_subdomain;
use crate::json::Value;

/// Checked settings. Default: what an empty document means.
///
/// ```
/// use policy_core::{Settings, json::Value};
/// use serde_json::json;
///
/// let settings = Settings::parse(&Value::from(&json!({"pullSecrets": [{"registries": ["contoso.azurecr.io"]}]})));
/// let error = settings.unwrap_err();
/// let problem = &error.problems()[0];
/// assert_eq!(problem.path, "pullSecrets[0].secret");
/// assert_eq!(problem.pointer, "/pullSecrets/0/secret");
/// assert_eq!(problem.message, "is missing");
/// assert_eq!(problem.help, "name the pull secret, or set secretless: true");
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether the policy adds missing secrets or only validates
    pub mode: Mode,
    /// What it may change
    pub targets: Targets,
    /// Which secret an image needs
    pub pull_secrets: PullSecrets,
    /// Further login-server suffixes, without a leading dot
    pub registry_suffixes: Vec<String>,
    /// What each kind of problem does
    pub actions: Actions,
    /// How many days before its end a credential is reported as expiring; 0 for never
    pub expiry_warning_days: u16,
    /// What may be looked up
    pub cluster: Lookups,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            targets: Targets::default(),
            pull_secrets: PullSecrets::default(),
            registry_suffixes: Vec::new(),
            actions: Actions::default(),
            expiry_warning_days: 30,
            cluster: Lookups::default(),
        }
    }
}

/// Whether the policy adds missing secrets or only validates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Add missing secrets
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
    /// An image, or the secret it relies on, cannot work: absent, of the wrong type, malformed, expired, for another registry
    pub unusable: Action,
    /// A credential ends soon
    pub expiring: Action,
    /// A lookup failed
    pub unknown: Action,
}

impl Default for Actions {
    fn default() -> Self {
        Self {
            missing: Action::Reject,
            unlisted: Action::Warn,
            unusable: Action::Warn,
            expiring: Action::Warn,
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
    pub fn parse(value: &Value<'_>) -> Result<Self, SettingsError> {
        let mut problems = Problems::default();
        let mut settings = Self::default();
        let names =
            ["mode", "targets", "pullSecrets", "registrySuffixes", "actions", "expiryWarningDays", "cluster"];
        if let Some(fields) = Fields::of(
            value,
            Path::default(),
            &names,
            "write an object, for example {mode: validate}",
            &mut problems,
        ) {
            let modes = [("mutate", Mode::Mutate), ("validate", Mode::Validate)];
            fields.choice("mode", &modes, &mut settings.mode, &mut problems);
            settings.targets = parse_targets(&fields, &mut problems);
            settings.registry_suffixes = parse_suffixes(&fields, &mut problems);
            settings.pull_secrets = PullSecrets::parse(&fields, &settings.registry_suffixes, &mut problems);
            settings.actions = parse_actions(&fields, &mut problems);
            fields.days("expiryWarningDays", &mut settings.expiry_warning_days, &mut problems);
            settings.cluster = parse_lookups(&fields, &mut problems);
            if settings.targets.pod_templates && !settings.cluster.service_accounts {
                problems.add(
                    &fields.path_of("targets"),
                    "PodTemplate needs lookups of ServiceAccounts, because a secret added to a template hides those of \
                     its ServiceAccount"
                        .to_owned(),
                    "set cluster.serviceAccounts: true".to_owned(),
                );
            }
        }
        problems.into_result(settings)
    }
}

fn parse_targets(fields: &Fields<'_>, problems: &mut Problems) -> Targets {
    let list = fields.list("targets", "write a list, for example [Pod]", problems);
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
    for (path, suffix) in
        fields.list("registrySuffixes", "write a list, for example [azurecr.my.cloud]", problems)
    {
        let host = suffix.as_str().map(|text| text.strip_prefix('.').unwrap_or(text));
        match host {
            Some(host) if is_suffix(host) => suffixes.push(host.to_owned()),
            _ => problems.add(
                &path,
                "must be a domain in lower case".to_owned(),
                "write a domain such as \"azurecr.my.cloud\" or \"registry.contoso.com\"".to_owned(),
            ),
        }
    }
    suffixes
}

/// Whether `registrySuffixes` may have it.
fn is_suffix(host: &str) -> bool {
    is_dns_subdomain(host) && host.contains('.')
}

fn parse_actions(fields: &Fields<'_>, problems: &mut Problems) -> Actions {
    let mut actions = Actions::default();
    let names = ["missing", "unlisted", "unusable", "expiring", "unknown"];
    if let Some(fields) =
        fields.object("actions", &names, "write an object, for example {missing: warn}", problems)
    {
        let choices = [("allow", Action::Allow), ("warn", Action::Warn), ("reject", Action::Reject)];
        fields.choice("missing", &choices, &mut actions.missing, problems);
        fields.choice("unlisted", &choices, &mut actions.unlisted, problems);
        fields.choice("unusable", &choices, &mut actions.unusable, problems);
        fields.choice("expiring", &choices, &mut actions.expiring, problems);
        fields.choice("unknown", &choices, &mut actions.unknown, problems);
    }
    actions
}

fn parse_lookups(fields: &Fields<'_>, problems: &mut Problems) -> Lookups {
    let mut lookups = Lookups::default();
    if let Some(fields) = fields.object(
        "cluster",
        &["serviceAccounts", "secrets"],
        "write an object, for example {secrets: exists}",
        problems,
    ) {
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

/// One thing that is wrong with a settings document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// The field, `pullSecrets[0].secret`; empty for the document
    pub path: String,
    /// The same as a JSON pointer (RFC 6901), because a name may have a dot or a bracket in it. Where the field is absent,
    /// the pointer says where it has to be
    pub pointer: String,
    /// Whether the field is unknown, so that its name is wrong and not its value
    pub unknown_field: bool,
    /// What is wrong, without the path
    pub message: String,
    /// What to do about it
    pub help: String,
}

impl std::fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, message, help, .. } = self;
        let colon = if path.is_empty() { "" } else { ": " };
        let semicolon = if help.is_empty() { "" } else { "; " };
        f.write_str(&[path, colon, message, semicolon, help].concat())
    }
}

/// Everything that is wrong with a settings document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(Vec<SettingsProblem>);

impl SettingsError {
    /// The problems, in the order of the settings' documentation.
    pub fn problems(&self) -> &[SettingsProblem] {
        &self.0
    }
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all: Vec<String> = self.0.iter().map(SettingsProblem::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl std::error::Error for SettingsError {}
