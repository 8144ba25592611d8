//! Which revision of a workload is the current one, where the workload itself is not listed.

use serde_json::Value;

use super::has_no_pods;
use crate::kubectl::field::word;

/// The annotations that number the revisions of a Rollout of Argo, a Deployment and a `DeploymentConfig` of OpenShift. After a
/// rollback an old object gets a new number.
const NUMBERS: [&str; 3] = [
    "/metadata/annotations/rollout.argoproj.io~1revision",
    "/metadata/annotations/deployment.kubernetes.io~1revision",
    "/metadata/annotations/openshift.io~1deployment-config.latest-version",
];

/// A revision of a workload, or what several have in common: the greatest value of what each of them has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Revision<'a> {
    has_pods: bool,
    /// As in [`NUMBERS`]
    numbers: [Option<u64>; 3],
    created: Option<&'a str>,
}

impl<'a> Revision<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        Self {
            has_pods: !has_no_pods(object),
            numbers: NUMBERS.map(|pointer| word(object, pointer).parse().ok()),
            // Times of the API server are in one form, in UTC.
            created: Some(word(object, "/metadata/creationTimestamp")).filter(|time| !time.is_empty()),
        }
    }

    /// This one or these, and others.
    pub(super) fn and(self, others: Self) -> Self {
        let mut numbers =
            self.numbers.into_iter().zip(others.numbers).map(|(one, other)| greater(one, other));
        Self {
            has_pods: self.has_pods || others.has_pods,
            numbers: std::array::from_fn(|_| numbers.next().flatten()),
            created: greater(self.created, others.created),
        }
    }

    /// Whether this one, which has no pods, is not the current one of all: others have pods, or a greater number, or, where
    /// they are not numbered, a later time. Where these do not say it, each one may be the current one.
    pub(super) fn is_old_among(self, all: Self) -> bool {
        let mut numbers = self.numbers.into_iter().zip(all.numbers);
        all.has_pods
            || match numbers.find_map(|(own, greatest)| own.zip(greatest)) {
                Some((own, greatest)) => own < greatest,
                None => self.created.zip(all.created).is_some_and(|(own, latest)| own < latest),
            }
    }
}

/// The greater of two values; none where one of them is not known.
fn greater<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    one.zip(other).map(|(one, other)| one.max(other))
}
