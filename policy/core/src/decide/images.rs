//! What each image of a pod spec needs, before anybody looks at the pull secrets.

use crate::decide::attached::Attached;
use crate::decide::judge::{About, Judge};
use crate::distinct::Distinct;
use crate::image::ImageReference;
use crate::login_server::{Host, classify};
use crate::pod_spec::{ImageUse, PodSpec};
use crate::rule::Rule;
use crate::settings::{Need, Settings};

/// The ACR images of a pod spec, and what is wrong with images whatever the pull secrets are.
pub(super) struct Assessment<'a> {
    pub(super) images: Vec<Image<'a>>,
    troubles: Vec<Trouble<'a>>,
}

/// An image in ACR.
#[derive(Debug, Clone)]
pub(super) struct Image<'a> {
    pub(super) pointer: String,
    /// `container "web"`
    pub(super) user: String,
    pub(super) text: &'a str,
    pub(super) reference: ImageReference<'a>,
    /// What the settings say that it needs, if they say anything
    pub(super) need: Option<Need<'a>>,
}

struct Trouble<'a> {
    rule: Rule,
    pointer: String,
    image: &'a str,
    message: String,
}

impl<'a> Assessment<'a> {
    pub(super) fn of(spec: &PodSpec<'a>, settings: &'a Settings, namespace: &str) -> Self {
        let mut assessment = Self { images: Vec::new(), troubles: Vec::new() };
        for used in spec.images() {
            assessment.assess(used, settings, namespace);
        }
        assessment
    }

    fn assess(&mut self, used: ImageUse<'a>, settings: &'a Settings, namespace: &str) {
        let Some(text) = used.image.as_str() else {
            let message = format!("{}: the image is no string; write it in quotes", used.user);
            return self.note(Rule::UnparsableImage, &used, "", message);
        };
        let reference = match ImageReference::parse(text) {
            Ok(reference) => reference,
            Err(error) => {
                let message = format!("{}: the kubelet cannot pull \"{text}\": {error}", used.user);
                return self.note(Rule::UnparsableImage, &used, text, message);
            }
        };
        let host = reference.host().to_ascii_lowercase();
        match classify(&host, &settings.registry_suffixes) {
            Host::Other => return,
            Host::Mistaken(mistake) => {
                let message =
                    format!("{}: \"{text}\" cannot be pulled: {}", used.user, mistake.explain(&host));
                return self.note(Rule::NotALoginServer, &used, text, message);
            }
            Host::LoginServer => {}
        }
        if reference.host() != host {
            let message = format!(
                "{}: pull secrets for \"{host}\" do not serve \"{text}\", because the kubelet compares letter case; \
                 write {host}",
                used.user
            );
            self.note(Rule::RegistryHostCase, &used, text, message);
        }
        let need = settings.pull_secrets.need(&reference, namespace);
        self.images.push(Image { pointer: used.pointer, user: used.user, text, reference, need });
    }

    fn note(&mut self, rule: Rule, used: &ImageUse<'a>, image: &'a str, message: String) {
        self.troubles.push(Trouble { rule, pointer: used.pointer.clone(), image, message });
    }

    /// Leaves out what was already so before an update.
    pub(super) fn forget_troubles_of(&mut self, old: &Assessment<'_>) {
        self.troubles
            .retain(|new| !old.troubles.iter().any(|old| old.rule == new.rule && old.image == new.image));
    }

    /// The images that nothing attached serves, and whose secret is not in the list.
    pub(super) fn lacking(&self, list: &[&str], attached: &Attached) -> Vec<Image<'a>> {
        let lacks = |image: &&Image<'_>| {
            image.secret().is_some_and(|secret| !list.contains(&secret)) && !attached.serves(image)
        };
        self.images.iter().filter(lacks).cloned().collect()
    }

    pub(super) fn report_troubles(&self, judge: &mut Judge<'_>) {
        for Trouble { rule, pointer, image, message } in &self.troubles {
            let image = Some(*image).filter(|image| !image.is_empty());
            judge.report(*rule, About { pointer, image, secret: None }, message.clone());
        }
    }

    /// Reports images that no entry covers and no attached secret serves, unless `old` had them already.
    pub(super) fn report_unlisted(&self, judge: &mut Judge<'_>, attached: &Attached, old: Option<&Self>) {
        for image in self.images.iter().filter(|image| image.need.is_none() && !attached.serves(image)) {
            if old.is_some_and(|old| old.has(image)) {
                continue;
            }
            let message = format!(
                "{}: the policy's pullSecrets say nothing about \"{}\"{}; add an entry for {}",
                image.user,
                image.text,
                judge.in_namespace(),
                image.reference.domain
            );
            judge.report(Rule::UnlistedRegistry, image.about(), message);
        }
    }

    pub(super) fn has(&self, image: &Image<'_>) -> bool {
        self.images.iter().any(|known| known.text == image.text)
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

    /// The same, for an image that is known to need one.
    pub(super) fn secret_name(&self) -> &'a str {
        self.secret().unwrap_or_default()
    }

    pub(super) fn about(&self) -> About<'_> {
        About { pointer: &self.pointer, image: Some(self.text), secret: self.secret() }
    }
}

/// The secrets that `images` need, each once, in order of need.
pub(super) fn secrets(images: &[Image<'_>]) -> Vec<String> {
    Distinct::of(images.iter().filter_map(Image::secret)).into_vec()
}
