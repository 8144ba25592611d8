//! What the policy says about secrets and the servers in them.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::Result;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::commands::policy_file::load_policy;
use crate::console::Io;
use crate::program::called;
use crate::pull_secret::Login;
use crate::sandbox::{Limits, Policy};
use review::cluster::Cluster;
use review::diagnostic::in_one_line;
use review::evaluation::Evaluation;
use review::explanation::{self, Question};
use review::host_calls::HostCalls;
use review::kind::{Judged, Kind};
use review::lookups::Lookups;
use review::request::Request;
use review::verdict::Severity;

/// The rule about a credential that ends soon.
const EXPIRES_SOON: &str = "secret-expires-soon";

/// What the policy says about secrets.
pub(super) struct Findings {
    policy: Policy,
    settings: Box<RawValue>,
    cluster: Arc<Cluster>,
    host: Arc<dyn HostCalls>,
    /// A line for each finding
    lines: Vec<String>,
}

impl Findings {
    /// Loads the policy.
    ///
    /// # Errors
    /// - it cannot be loaded
    pub(super) fn new(io: &Io) -> Result<Self> {
        let policy = load_policy(Limits::default(), None)?;
        let cluster = Arc::new(Cluster::default());
        let host: Arc<dyn HostCalls> =
            Arc::new(Lookups::new(cluster.clone(), policy.metadata(), Arc::new(io.stderr.clone())));
        let settings = RawValue::from_string("{}".to_owned())?;
        Ok(Self { policy, settings, cluster, host, lines: Vec::new() })
    }

    /// Asks about a secret that is created. `renewal` says what replaces its credential, which the policy does not know.
    pub(super) fn judge(&mut self, secret: Value, namespace: &str, renewal: Option<&str>) {
        let judged = Judged::of(self.policy.metadata());
        let evaluation = Evaluation::new(
            &self.policy,
            &self.settings,
            &judged,
            namespace,
            &self.cluster,
            self.host.clone(),
        );
        let kind = Kind { group: String::new(), version: "v1".to_owned(), kind: "Secret".to_owned() };
        let object = Some(Cow::Owned(secret));
        let request =
            Request { kind: &kind, namespace: namespace.into(), operation: "CREATE", object, old: None };
        let mut verdict = evaluation.ask(&request.to_value());
        for finding in verdict.findings.iter_mut().filter(|finding| finding.rule == EXPIRES_SOON) {
            if let Some(renewal) = renewal {
                renewal.clone_into(&mut finding.help);
            }
        }
        let message = verdict.message.filter(|_| verdict.findings.is_empty());
        self.lines.extend(verdict.findings.iter().map(|finding| {
            let weight = if finding.severity == Severity::Reject { "error" } else { "warning" };
            format!("{weight}[{}]: {}", finding.rule, in_one_line(&finding.message, &called(&finding.help)))
        }));
        self.lines.extend(message.map(|message| format!("warning: {message}")));
    }

    /// Prints what was said, and which servers the policy does not apply to.
    ///
    /// # Errors
    /// - the policy gives no answer
    pub(super) fn tell(mut self, logins: &[Login], io: &Io) -> Result<()> {
        for login in logins {
            let other = self.other_server(&login.server)?;
            self.lines.extend(other);
        }
        for line in &self.lines {
            io.stderr.line(line);
        }
        Ok(())
    }

    /// A warning about a server that is not Azure's. One that a finding is about needs no second one.
    fn other_server(&self, server: &str) -> Result<Option<String>> {
        let host = server.rsplit("//").next().and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if self.lines.iter().any(|line| line.contains(host)) {
            return Ok(None);
        }
        let question = Question {
            image: &format!("{host}/image"),
            namespace: "",
            settings: &self.settings,
            pull_secrets: None,
            service_account: "",
            credentials: false,
        };
        let (_, explanation) = explanation::ask(&self.policy, &question, self.host.clone())?;
        let other = explanation.registry.filter(|registry| registry.kind == "other");
        Ok(other.map(|registry| {
            format!(
                "warning: --server {}: {}; if it is a registry's own domain, add it to registrySuffixes in the settings",
                registry.host, registry.reason
            )
        }))
    }
}
