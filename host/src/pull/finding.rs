//! The finding of a result.

use review::pull::{ImagePull, PullResult};
use review::verdict::{Finding, Severity};

use super::rules::{IMAGE_NOT_FOUND, PULL_DENIED, REGISTRY_UNREACHABLE};

/// The most characters of a message, as the API server cuts warnings.
const LONGEST: usize = 255;

/// The finding on an image and what uses it; `None` for an image that can be pulled, and where that is not known.
pub(super) fn of(pull: &ImagePull, user: Option<&str>) -> Option<Finding> {
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
        message: message(user, &pull.image, pull.message.as_deref().unwrap_or_default()),
        help: pull.help.clone().unwrap_or_default(),
    })
}

/// One sentence: what uses the image, which one, and what the registry says. Where that is too long, the image is left out, and then
/// the end.
fn message(user: Option<&str>, image: &str, result: &str) -> String {
    let Some(user) = user else { return shortened(result) };
    let whole = format!("{user}, {image:?}: {result}");
    if whole.chars().count() <= LONGEST { whole } else { shortened(&format!("{user}: {result}")) }
}

fn shortened(message: &str) -> String {
    if message.chars().count() <= LONGEST {
        return message.to_owned();
    }
    message.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_message_names_the_user_and_the_image_where_there_is_room() {
        let image = "contoso.azurecr.io/web:v1";
        let user = Some("container \"web\"");
        assert_eq!(message(None, image, "no"), "no");
        assert_eq!(message(user, image, "no"), "container \"web\", \"contoso.azurecr.io/web:v1\": no");
        let long = "n".repeat(230);
        assert_eq!(message(user, image, &long), format!("container \"web\": {long}"));
        let longer = message(user, image, &"n".repeat(300));
        assert!(longer.chars().count() == 255 && longer.ends_with("n..."), "{longer}");
    }
}
