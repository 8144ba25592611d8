//! What each image of a pod spec needs, before the pull secrets are checked.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::decide::context::{About, Context};
use crate::distinct::Distinct;
use crate::finding::Severity;
use crate::image::{ImageError, ImageReference, without_user_info};
use crate::login_server::{Host, classify_image};
use crate::placeholder::{UNRESOLVED, Unresolved};
use crate::pod_spec::{ImageUse, PodSpec};
use crate::rule::Rule;
use crate::settings::{Need, Owner, Settings};

/// The ACR images of a pod spec, and problems of images that do not depend on the pull secrets.
pub(super) struct Assessment<'a> {
    pub(super) images: Vec<Image<'a>>,
    troubles: Vec<Trouble<'a>>,
    /// The images as they are written, for the comparison with the object before an update
    texts: OnceCell<Distinct>,
}

/// An image in ACR.
#[derive(Debug, Clone)]
pub(super) struct Image<'a> {
    /// Its place
    pub(super) used: ImageUse<'a>,
    pub(super) text: &'a str,
    pub(super) reference: ImageReference<'a>,
    /// What it needs according to the settings, if they cover it
    pub(super) need: Option<Need<'a>>,
}

struct Trouble<'a> {
    rule: Rule,
    pointer: String,
    /// As it may be shown
    image: Cow<'a, str>,
    message: String,
    help: String,
}

impl<'a> Assessment<'a> {
    pub(super) fn of(spec: &PodSpec<'a>, settings: &'a Settings, namespace: &str) -> Self {
        let mut assessment = Self { images: Vec::new(), troubles: Vec::new(), texts: OnceCell::new() };
        let owner = Owner { namespace, service_account: spec.service_account() };
        for used in spec.images() {
            assessment.assess(used, settings, owner);
        }
        assessment
    }

    fn assess(&mut self, used: ImageUse<'a>, settings: &'a Settings, owner: Owner<'_>) {
        let Some(text) = used.image.as_str() else {
            let message = format!("{}: the image is not a string", used.user());
            return self.note(
                Rule::UnparsableImage,
                &used,
                "",
                message,
                "write the image as a string such as HOST/REPOSITORY:TAG".to_owned(),
            );
        };
        let reference = match ImageReference::parse(text) {
            Ok(reference) => reference,
            Err(error) => match self.unresolved(text, &used, &error) {
                Some(reference) => reference,
                None => return,
            },
        };
        let host = reference.host().to_ascii_lowercase();
        let class = classify_image(text, &host, &settings.registry_suffixes);
        match class {
            Host::Other => return,
            Host::Mistaken(mistake) => {
                let message =
                    format!("{}: \"{text}\" cannot be pulled: {}", used.user(), mistake.explain(&host));
                return self.note(Rule::NotALoginServer, &used, text, message, mistake.help());
            }
            Host::LoginServer | Host::BelowSuffix => {}
        }
        if reference.host() != host {
            let message = format!(
                "{}: pull secrets for \"{host}\" do not serve \"{text}\", because the kubelet compares letter case",
                used.user()
            );
            self.note(Rule::RegistryHostCase, &used, text, message, format!("write {host}"));
        }
        let need = settings.pull_secrets.need(&reference, class, owner);
        self.images.push(Image { used, text, reference, need });
    }

    /// Reports why the kubelet cannot read a text; returns the known part of the reference if placeholders are the reason.
    fn unresolved(
        &mut self,
        text: &'a str,
        used: &ImageUse<'a>,
        error: &ImageError,
    ) -> Option<ImageReference<'a>> {
        let unresolved = Unresolved::of(text);
        let (rule, reason, help) = match unresolved {
            Some(_) => (
                Rule::UnresolvedPlaceholder,
                UNRESOLVED.to_owned(),
                "substitute it before the manifest is applied",
            ),
            None => (Rule::UnparsableImage, error.to_string(), error.help(text)),
        };
        let reference = match unresolved {
            Some(Unresolved::Known(reference)) => Some(reference),
            _ => None,
        };
        let shown = if reference.is_some() { Cow::Borrowed(text) } else { without_user_info(text) };
        let message = format!("{}: the kubelet cannot pull \"{shown}\": {reason}", used.user());
        self.note(rule, used, shown, message, help.to_owned());
        reference
    }

    fn note(
        &mut self,
        rule: Rule,
        used: &ImageUse<'a>,
        image: impl Into<Cow<'a, str>>,
        message: String,
        help: String,
    ) {
        let image = image.into();
        self.troubles.push(Trouble { rule, pointer: used.pointer().to_owned(), image, message, help });
    }

    /// Removes problems that already existed before an update.
    pub(super) fn forget_troubles_of(&mut self, old: &Assessment<'_>) {
        let subject = |trouble: &Trouble<'_>| [trouble.rule.id(), &trouble.image].join(" ");
        let mut known = Distinct::default();
        for trouble in &old.troubles {
            known.add(&subject(trouble));
        }
        self.troubles.retain(|new| !known.has(&subject(new)));
    }

    pub(super) fn report_troubles(&self, context: &mut Context<'_>) {
        for Trouble { rule, pointer, image, message, help } in &self.troubles {
            let image = Some(image.as_ref()).filter(|image| !image.is_empty());
            context.report(*rule, About { pointer, image, secret: None }, message.clone(), help.clone());
        }
    }

    pub(super) fn has(&self, image: &Image<'_>) -> bool {
        image.is_among(self.texts.get_or_init(|| known(&self.images)))
    }
}

impl<'a> Image<'a> {
    /// The pull secret that it needs, if it needs one.
    pub(super) fn secret(&self) -> Option<&'a str> {
        match self.need {
            Some(Need::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// The same, for an image that needs one.
    pub(super) fn secret_name(&self) -> &'a str {
        self.secret().unwrap_or_default()
    }

    /// The maximum severity of a problem of its secret: the kubelet does not need it if it does not pull, and a placeholder in
    /// the path may be replaced by the path of a key or an entry.
    pub(super) fn at_most(&self, most: Severity) -> Severity {
        let path = &self.reference.path;
        let is_partial = path.is_empty() || path.ends_with('/');
        if self.used.never || is_partial { Severity::Warn } else { most }
    }

    /// Whether it is one of the images that [`known`] made this of, or needs less than one of them.
    pub(super) fn is_among(&self, known: &Distinct) -> bool {
        known.has(self.text) || (self.used.never && known.has(&unpulled(self.text)))
    }

    pub(super) fn about(&self) -> About<'_> {
        About { pointer: self.used.pointer(), image: Some(self.text), secret: self.secret() }
    }
}

/// The images as they are written; those that the kubelet does not pull are separate.
pub(super) fn known(images: &[Image<'_>]) -> Distinct {
    let mut known = Distinct::default();
    for image in images {
        if image.used.never {
            known.add(&unpulled(image.text))
        } else {
            known.add(image.text)
        };
    }
    known
}

/// No image reference begins like that.
fn unpulled(text: &str) -> String {
    ["!", text].concat()
}

/// The secrets that `images` need, each once, in order of need.
pub(super) fn secrets(images: &[Image<'_>]) -> Vec<String> {
    Distinct::of(images.iter().filter_map(Image::secret)).into_vec()
}
