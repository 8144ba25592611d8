//! What the parts of the decision share: the request, the settings, the cluster, and the decision being built.

use std::rc::Rc;

use crate::cluster::{Cluster, LookupError, Memo, ObjectRef};
use crate::decide::credential::Judge;
use crate::decision::{Addition, Decision};
use crate::distinct::Distinct;
use crate::dns_name::is_dns_subdomain;
use crate::finding::{Finding, Severity};
use crate::json::Value;
use crate::pod_spec::{PULL_SECRETS, PodSpec, PullSecretList, has_identity};
use crate::request::Request;
use crate::rule::Rule;
use crate::settings::{Action, SecretLookup, Settings};

pub(super) struct Context<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) settings: &'a Settings,
    pub(super) decision: Decision,
    cluster: Memo<'a>,
    /// Failures of lookups that have a finding already
    told: Vec<(&'static str, LookupError)>,
}

/// The subject of a finding.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) pointer: &'a str,
    pub(super) image: Option<&'a str>,
    pub(super) secret: Option<&'a str>,
}

/// The answer to the lookup of a secret.
pub(super) enum Lookup {
    Found(Rc<Value<'static>>),
    Absent,
    /// A finding gives the reason, unless there is no namespace for the lookup, or the object is not among the command's inputs
    Failed,
}

/// The state of a pod's service account.
pub(super) enum ServiceAccount {
    /// It may not be looked up
    Unasked,
    /// The lookup failed, with a finding unless it is not among the command's inputs
    Unknown,
    /// It does not exist
    Absent,
    /// It exists
    Known {
        /// Its pull secrets
        secrets: Vec<String>,
        /// Whether its pods may reference no other secrets
        enforced: bool,
        /// Whether its pods pull with an identity of its own
        identity: bool,
    },
}

impl ServiceAccount {
    /// Whether its pods need no pull secret.
    pub(super) fn has_identity(&self) -> bool {
        matches!(self, Self::Known { identity: true, .. })
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(request: &'a Request<'a>, settings: &'a Settings, cluster: &'a dyn Cluster) -> Self {
        Self {
            request,
            settings,
            decision: Decision::default(),
            cluster: Memo::new(cluster),
            told: Vec::new(),
        }
    }

    /// Adds a finding, unless the settings allow the problem.
    pub(super) fn report(&mut self, rule: Rule, about: About<'_>, message: String, help: String) {
        self.report_at_most(Severity::Reject, rule, about, message, help);
    }

    /// Adds a finding that is at most as severe as `most`.
    pub(super) fn report_at_most(
        &mut self,
        most: Severity,
        rule: Rule,
        about: About<'_>,
        message: String,
        help: String,
    ) {
        let severity = match rule.category().action(&self.settings.actions) {
            Action::Allow => return,
            Action::Warn => Severity::Warn,
            Action::Reject => most,
        };
        self.decision.findings.push(Finding {
            rule,
            severity,
            pointer: about.pointer.to_owned(),
            image: about.image.map(str::to_owned),
            secret: about.secret.map(str::to_owned),
            message,
            help,
        });
    }

    /// The result of `look`, without its findings in the decision.
    pub(super) fn silently<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> (T, Vec<Finding>) {
        let findings = std::mem::take(&mut self.decision.findings);
        let told = std::mem::take(&mut self.told);
        let seen = look(self);
        self.told = told;
        (seen, std::mem::replace(&mut self.decision.findings, findings))
    }

    /// Removes the findings that `old` has with the same words and at least the same severity.
    pub(super) fn forget(&mut self, old: &[Finding], words: impl Fn(&Finding) -> String) {
        if old.is_empty() {
            return;
        }
        let (mut known, mut rejected) = (Distinct::default(), Distinct::default());
        for finding in old {
            let words = words(finding);
            known.add(&words);
            if finding.severity == Severity::Reject {
                rejected.add(&words);
            }
        }
        self.decision.findings.retain(|finding| {
            let words = words(finding);
            !rejected.has(&words) && (finding.severity == Severity::Reject || !known.has(&words))
        });
    }

    /// Appends `names` to the list at `path`.
    pub(super) fn add(&mut self, path: Vec<&'static str>, names: Vec<String>) {
        if !names.is_empty() {
            self.decision.addition = Some(Addition { list: path, names });
        }
    }

    /// ` in namespace "shop"`, or nothing where the namespace is not known.
    pub(super) fn in_namespace(&self) -> String {
        match &*self.request.namespace {
            "" => String::new(),
            namespace => format!(" in namespace \"{namespace}\""),
        }
    }

    /// Checks credentials for the registry at `host`.
    pub(super) fn judge<'j>(&'j self, host: &'j str, secretless: bool) -> Judge<'j> {
        let Settings { registry_suffixes: suffixes, expiry_warning_days: warning_days, .. } = self.settings;
        Judge { cluster: &self.cluster, suffixes, warning_days: *warning_days, host, secretless }
    }

    /// Reports a failed lookup once, because the same reason applies to similar objects.
    fn report_failure(&mut self, kind: &'static str, error: LookupError, about: About<'_>, what: &str) {
        if error != LookupError::NotGiven && !self.told.contains(&(kind, error.clone())) {
            let help = error.help(kind, &self.request.namespace);
            let message = format!("{what}: {error}");
            self.told.push((kind, error));
            self.report(Rule::LookupFailed, about, message, help);
        }
    }

    /// Looks up the secret `name`, in the depth that the settings allow; a failure is reported at `pointer`.
    pub(super) fn secret(&mut self, name: &str, pointer: &str) -> Lookup {
        let fields: &[&str] = match self.settings.cluster.secrets {
            SecretLookup::Credentials => &["data", "type"],
            _ => &["type"],
        };
        let namespace = &*self.request.namespace;
        let kind = "Secret";
        if namespace.is_empty() {
            return Lookup::Failed;
        }
        // No object can have such a name, and a host could interpret it differently.
        if !is_dns_subdomain(name) {
            return Lookup::Absent;
        }
        let object = ObjectRef { api_version: "v1", kind, namespace, name, fields };
        match self.cluster.get(&object) {
            Ok(Some(found)) => Lookup::Found(found),
            Ok(None) => Lookup::Absent,
            Err(error) => {
                let message = format!("pull secret \"{name}\"{} could not be looked up", self.in_namespace());
                self.report_failure(
                    kind,
                    error,
                    About { pointer, image: None, secret: Some(name) },
                    &message,
                );
                Lookup::Failed
            }
        }
    }

    /// Looks up the service account of a pod spec; a failure is reported at the spec's list.
    pub(super) fn service_account(&mut self, spec: &PodSpec<'_>) -> ServiceAccount {
        let name = spec.service_account();
        let namespace = &*self.request.namespace;
        if !self.settings.cluster.service_accounts || namespace.is_empty() {
            return ServiceAccount::Unasked;
        }
        if !is_dns_subdomain(name) {
            return ServiceAccount::Absent;
        }
        let kind = "ServiceAccount";
        let object = ObjectRef { api_version: "v1", kind, namespace, name, fields: &[PULL_SECRETS] };
        match self.cluster.get(&object) {
            Ok(Some(found)) => ServiceAccount::Known {
                secrets: PullSecretList::of(found.get(PULL_SECRETS)).names().map(str::to_owned).collect(),
                enforced: enforces_mountable_secrets(&found),
                identity: has_identity(&found),
            },
            Ok(None) => ServiceAccount::Absent,
            Err(error) => {
                let message =
                    format!("ServiceAccount \"{name}\"{} could not be looked up", self.in_namespace());
                let about = About { pointer: &spec.list_pointer(), ..About::default() };
                self.report_failure(kind, error, about, &message);
                ServiceAccount::Unknown
            }
        }
    }
}

/// plugin/pkg/admission/serviceaccount/admission.go `enforceMountableSecrets`; Go's `strconv.ParseBool`
fn enforces_mountable_secrets(account: &Value<'_>) -> bool {
    let value = account.string_at(&["metadata", "annotations", "kubernetes.io/enforce-mountable-secrets"]);
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
