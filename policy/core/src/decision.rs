//! A decision: findings about a request, and an addition to its object.

use crate::finding::{Finding, Severity};
use crate::json_append;
use crate::request::{Request, RequestError};

/// Kubernetes may truncate longer warnings. apiserver: admission `Warnings`
const LONGEST_WARNING: usize = 255;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// What is wrong
    pub findings: Vec<Finding>,
    /// The fix; [`Decision::mutated`] applies it, where nothing rejects
    pub addition: Option<Addition>,
}

/// Names to append to the one pull-secret list of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Path of the list, whose parent exists
    pub list: Vec<&'static str>,
    /// The names, in order, not yet in the list
    pub names: Vec<String>,
}

impl Decision {
    /// Whether nothing rejects.
    pub fn accepted(&self) -> bool {
        self.of(Severity::Reject).next().is_none()
    }

    /// The JSON text of the request's object with the addition, every other byte unchanged; `None` where there is
    /// nothing to add, or where something rejects.
    ///
    /// ```
    /// use policy_core::{Request, Settings, cluster::EmptyCluster, decide};
    ///
    /// let text = r#"{"operation": "CREATE", "object": {"apiVersion": "v1", "kind": "Pod", "spec": {
    ///     "containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}], "imagePullSecrets": []
    /// }}}"#;
    /// let request = Request::parse(text)?;
    /// let decision = decide(&request, &Settings::default(), &EmptyCluster);
    /// let mutated = decision.mutated(&request).transpose()?.unwrap_or_default();
    /// assert!(mutated.contains(r#""imagePullSecrets": [{"name":"acr-secret"}]"#));
    /// # Ok::<(), policy_core::request::RequestError>(())
    /// ```
    ///
    /// # Errors
    /// - a field above the list is there twice, so that either may count
    pub fn mutated(&self, request: &Request<'_>) -> Option<Result<String, RequestError>> {
        let Addition { list, names } = self.addition.as_ref().filter(|_| self.accepted())?;
        Some(json_append::append(request, list, names).ok_or_else(|| {
            RequestError(format!("a field above {} occurs twice; remove one", list.join(".")))
        }))
    }

    /// Why the request is rejected, in one line; `None` where it is not.
    pub fn message(&self) -> Option<String> {
        let messages: Vec<String> = self.of(Severity::Reject).map(Finding::in_one_line).collect();
        (!messages.is_empty()).then(|| messages.join("; "))
    }

    /// The warnings, each short enough for the API server.
    pub fn warnings(&self) -> Vec<String> {
        self.of(Severity::Warn).map(|finding| shorten(finding.in_one_line())).collect()
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }
}

fn shorten(message: String) -> String {
    if message.len() <= LONGEST_WARNING {
        return message;
    }
    let end = message.floor_char_boundary(LONGEST_WARNING - '…'.len_utf8());
    format!("{}…", message.get(..end).unwrap_or_default())
}
