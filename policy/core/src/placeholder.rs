//! Image references with a placeholder that another tool substitutes: `contoso.azurecr.io/web:${TAG}`.

use std::borrow::Cow;

use crate::ascii::{has_any, is_any};
use crate::image::{ImageReference, has_user_info};

/// The start of a placeholder, which no reference contains: `${TAG}`, `$(tag)`, `{{ .Values.tag }}`, `#{tag}#` or `<TAG>`.
const BEGINNINGS: &str = "${<";

/// Why the kubelet cannot pull such an image.
pub(crate) const UNRESOLVED: &str = "it contains a variable that was not substituted";

/// The known part of a reference with a placeholder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unresolved<'a> {
    /// The host is complete, and so is the given part of the path
    Known(ImageReference<'a>),
    /// The placeholder is in the host, or the image is Docker Hub's
    Unknown,
}

impl<'a> Unresolved<'a> {
    /// Reads a text that is not a reference; `None` if it would not be one without its placeholders either.
    ///
    /// A path with a placeholder in it ends with the last slash before that, so it is a prefix of the real one.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let (before, after) =
            text.split_at_checked(text.bytes().position(|byte| is_any(byte, BEGINNINGS))?)?;
        // A password may precede an `@`, and only an error about that hides it.
        if has_user_info(after) {
            return None;
        }
        let Some(slash) = before.rfind('/') else { return Some(Self::Unknown) };
        let name = before.get(slash..)?.bytes().position(|byte| is_any(byte, ":@"));
        let known = before.get(..slash + name.unwrap_or_default())?;
        let mut reference = if known.contains('/') {
            ImageReference::parse(known).ok()?
        } else if !has_any(known, "@ ") {
            return Some(Self::Known(ImageReference {
                domain: known,
                path: Cow::Borrowed(""),
                tag: None,
                digest: None,
            }));
        } else {
            return None;
        };
        if name.is_none() {
            reference.path = Cow::Owned(format!("{}/", reference.path));
        }
        Some(Self::Known(reference))
    }
}

#[cfg(test)]
mod tests {
    use super::Unresolved;

    #[test]
    fn a_placeholder_leaves_the_host_and_the_path_before_it() {
        for (text, repository) in [
            ("contoso.azurecr.io/web:${TAG}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:#{Build.BuildId}#", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:$(tag)", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:$TAG", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:<TAG>", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:{{ .Values.tag }}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:{tag}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:v1-${BUILD}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web:v${MAJOR}.${MINOR}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web@${DIGEST}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io/web@sha256:${DIGEST}", "contoso.azurecr.io/web"),
            ("contoso.azurecr.io:443/team/web:${TAG}", "contoso.azurecr.io:443/team/web"),
            ("contoso.azurecr.io/team/${APP}:v1", "contoso.azurecr.io/team/"),
            ("contoso.azurecr.io/team/web-${ENV}/api:v1", "contoso.azurecr.io/team/"),
            ("contoso.azurecr.io/${APP}", "contoso.azurecr.io/"),
            ("contoso.azurecr.io/#{APP}#:v1", "contoso.azurecr.io/"),
            ("team/web:${TAG}", "docker.io/team/web"),
        ] {
            let Some(Unresolved::Known(reference)) = Unresolved::of(text) else { panic!("{text}") };
            assert_eq!(reference.repository(), repository, "{text}");
        }
    }

    #[test]
    fn a_placeholder_in_the_host_leaves_nothing() {
        for text in [
            "$(acr).azurecr.io/web:1",
            "${REGISTRY}/web:1",
            "{{ .Values.registry }}/web:1",
            "<registry>.azurecr.io/web:1",
            "#{acr}#.azurecr.io/web",
            "contoso.azurecr.io:${PORT}/web",
            "${IMAGE}",
            "web:${TAG}",
        ] {
            assert_eq!(Unresolved::of(text), Some(Unresolved::Unknown), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_an_image_without_its_placeholder_is_still_not_one() {
        for text in [
            "contoso.azurecr.io/web:",
            "contoso.azurecr.io/Web:${TAG}",
            "https://contoso.azurecr.io/web:${TAG}",
            " contoso.azurecr.io/web:${TAG}",
            "contoso.azurecr.io/we b:${TAG}",
            "contoso.azurecr.io/web:100%",
            "contoso.azurecr.io/web:%TAG%",
            "robot:hunter2@contoso.azurecr.io/web:${TAG}",
            "robot:${PASSWORD}@contoso.azurecr.io/web",
            "",
        ] {
            assert_eq!(Unresolved::of(text), None, "{text}");
        }
    }
}
