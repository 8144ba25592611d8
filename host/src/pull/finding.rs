//! The finding of a result.

use review::pull::{ImagePull, PullResult};
use review::verdict::{Finding, Severity};

use super::rules::{IMAGE_NOT_FOUND, PULL_DENIED, REGISTRY_UNREACHABLE};

/// The finding; `None` for an image that can be pulled, and where that is not known.
pub(super) fn of(pull: &ImagePull) -> Option<Finding> {
    let (rule, severity) = match pull.result {
        PullResult::Pulled | PullResult::Unknown => return None,
        PullResult::Denied => (PULL_DENIED, Severity::Reject),
        PullResult::NotFound | PullResult::NoPlatform => (IMAGE_NOT_FOUND, Severity::Reject),
        PullResult::Unreachable => (REGISTRY_UNREACHABLE, Severity::Warn),
    };
    Some(Finding {
        rule: rule.to_owned(),
        severity,
        pointer: pull.pointer.clone(),
        named_pointer: String::new(),
        line: None,
        column: None,
        place: None,
        image: Some(pull.image.clone()),
        secret: pull
            .attempts
            .first()
            .and_then(|attempt| attempt.secret.clone())
            .filter(|_| rule == PULL_DENIED),
        message: shortened(pull.message.as_deref().unwrap_or_default()),
        help: pull.help.clone().unwrap_or_default(),
    })
}

/// A sentence as long as the API server would print it as a warning.
fn shortened(message: &str) -> String {
    const MOST: usize = 255;
    if message.chars().count() <= MOST {
        return message.to_owned();
    }
    message.chars().take(MOST - 3).chain("...".chars()).collect()
}
