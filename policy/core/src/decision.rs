//! A decision: what is to be said about a request, and what is to be added to its object.

use crate::finding::{Finding, Severity};

/// Kubernetes may truncate longer warnings. apiserver: admission `Warnings`
const LONGEST_WARNING: usize = 255;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// What is wrong
    pub findings: Vec<Finding>,
    /// What fixes it; counts only where nothing rejects
    pub addition: Option<Addition>,
}

/// Names to append to the one pull-secret list of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Path of the list, whose parent exists
    pub list: Vec<&'static str>,
    /// The names, in order, none of them in the list yet
    pub names: Vec<String>,
}

impl Decision {
    /// Whether nothing rejects.
    pub fn accepted(&self) -> bool {
        self.of(Severity::Reject).next().is_none()
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
