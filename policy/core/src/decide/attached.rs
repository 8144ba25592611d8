//! The pull secrets attached to a pod, as far as the settings allow lookups.

use std::cell::{LazyCell, OnceCell};
use std::vec::IntoIter;

use crate::decide::context::{About, Context, Lookup};
use crate::decide::credential::{self, Problem, fails, lasts};
use crate::decide::images::{Assessment, Image};
use crate::decide::secret_command;
use crate::distinct::Distinct;
use crate::expiry::Announced;
use crate::finding::Severity;
use crate::image::ImageReference;
use crate::keyring::{Held, Keyring};
use crate::login_server::classify;
use crate::pod_spec::PodSpec;
use crate::pull_secret::{Malformed, PullSecret};
use crate::request::is_of_controller;
use crate::rule::Rule;
use crate::settings::{Need, Owner, SecretLookup};

/// How many keys or secrets a message names.
const SHOWN: usize = 3;

/// The JSON pointer of a name in the pod's list, where it is there.
type EntryPointer<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The known state of the secrets, and the keyring that the kubelet creates from them.
#[derive(Debug, Default)]
pub(super) struct Attached {
    /// In the order of the pod's list
    names: Distinct,
    /// Those of the names, in their order
    states: Vec<State>,
    /// Whether a secret that may serve any image could not be read
    has_unknown: bool,
    keyring: Keyring,
    /// The secrets that a controller renews
    renewed: Distinct,
    /// The first of their keys, for messages
    shown_keys: OnceCell<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// The lookup failed
    Unknown,
    Absent,
    /// The kubelet skips it; contains the reason
    Ignored(String),
    Malformed(Malformed),
    /// Contains what its annotation says, where only its existence is looked up; the keyring has it for credentials
    Usable(Announced),
}

impl Attached {
    /// Looks up the secrets `names` where the settings say so and there are images to pull. A failure is reported at
    /// the list of the pod spec.
    pub(super) fn of(
        context: &mut Context<'_>,
        names: &[&str],
        images: &[Image<'_>],
        spec: &PodSpec<'_>,
    ) -> Self {
        let mut attached = Self::default();
        let wanted: Vec<&str> = match context.settings.cluster.secrets {
            SecretLookup::None => return attached,
            _ if images.is_empty() => return attached,
            // Only secrets that an image needs: the policy does not ask for the others.
            SecretLookup::Exists => {
                let needed = Distinct::of(images.iter().filter_map(Image::secret));
                names.iter().copied().filter(|name| needed.has(name)).collect()
            }
            SecretLookup::Credentials => names.to_vec(),
        };
        let pointer = spec.list_pointer();
        let by_content = context.settings.cluster.secrets == SecretLookup::Credentials;
        for name in wanted {
            if attached.names.add(name) {
                let state = attached.look(context, name, &pointer);
                let tells = by_content && !context.request.namespace.is_empty();
                attached.has_unknown |= tells && state == State::Unknown;
                attached.states.push(state);
            }
        }
        attached
    }

    fn state(&self, name: &str) -> Option<&State> {
        self.states.get(self.names.position(name)?)
    }

    fn look(&mut self, context: &mut Context<'_>, name: &str, pointer: &str) -> State {
        let secret = match context.secret(name, pointer) {
            Lookup::Found(secret) => secret,
            Lookup::Absent => return State::Absent,
            Lookup::Failed => return State::Unknown,
        };
        if is_of_controller(&secret) {
            self.renewed.add(name);
        }
        let ignored = || State::Ignored(PullSecret::why_ignored(&secret));
        if context.settings.cluster.secrets == SecretLookup::Exists {
            let is_read = PullSecret::has_readable_type(&secret);
            return if is_read { State::Usable(Announced::of(&secret)) } else { ignored() };
        }
        match PullSecret::of(&secret) {
            PullSecret::Ignored => ignored(),
            PullSecret::Malformed { error, .. } => State::Malformed(error),
            PullSecret::Usable { credentials, .. } => {
                self.keyring.add_announced(name, credentials, Announced::of(&secret));
                State::Usable(Announced::Nothing)
            }
        }
    }

    /// Whether the kubelet finds a credential for the image; never true where credentials may not be seen.
    pub(super) fn serves(&self, image: &Image<'_>) -> bool {
        self.tried(image).next().is_some()
    }

    /// Whether a secret that could not be read may serve any image.
    pub(super) fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// The credentials that the kubelet tries for the image until one works, in its order.
    fn tried(&self, image: &Image<'_>) -> IntoIter<&Held> {
        if self.keyring.is_empty() {
            return IntoIter::default();
        }
        self.keyring.lookup(&image.reference.repository())
    }

    /// The images that none of these serves, and whose secret is not in the list.
    pub(super) fn lacking<'a>(&self, images: &[Image<'a>], list: &[&str]) -> Vec<Image<'a>> {
        let list = Distinct::of(list.iter().copied());
        let lacks = |image: &&Image<'_>| {
            image.secret().is_some_and(|secret| !list.has(secret)) && !self.serves(image)
        };
        images.iter().filter(lacks).cloned().collect()
    }

    /// Reports images that no entry covers and none of these serves, unless `old` had them already.
    pub(super) fn report_unlisted(
        &self,
        context: &mut Context<'_>,
        spec: &PodSpec<'_>,
        images: &[Image<'_>],
        old: Option<&Assessment<'_>>,
    ) {
        for image in images.iter().filter(|image| image.need.is_none() && !self.serves(image)) {
            if old.is_some_and(|old| old.has(image)) {
                continue;
            }
            let message = format!(
                "{}: no pullSecrets entry covers \"{}\"{}",
                image.used.user(),
                image.text,
                context.in_namespace()
            );
            let lower = image.reference.domain.to_ascii_lowercase();
            let written = ImageReference { domain: &lower, ..image.reference.clone() };
            // In lower case it may have an entry already.
            let class = classify(written.host(), &context.settings.registry_suffixes);
            let owner =
                Owner { namespace: &context.request.namespace, service_account: spec.service_account() };
            let has_entry = context.settings.pull_secrets.need(&written, class, owner).is_some();
            let help = if has_entry { format!("write {lower}") } else { format!("add an entry for {lower}") };
            context.report(Rule::UnlistedRegistry, image.about(), message, help);
        }
    }

    /// Reports what is wrong with the secrets for `images`. No finding about them is more severe than `most`.
    pub(super) fn report(
        &self,
        context: &mut Context<'_>,
        spec: &PodSpec<'_>,
        images: &[Image<'_>],
        most: Severity,
    ) {
        let begin = context.decision.findings.len();
        self.report_images(context, spec, images, most);
        let found = context.decision.findings.iter().skip(begin);
        let rejects = found.filter(|finding| finding.severity == Severity::Reject).count() > 0;
        // An identity of the service account makes up for bad secrets, so it is asked for only where they matter.
        if rejects && context.service_account(spec).has_identity() {
            context.decision.findings.truncate(begin);
            let images = images.iter().cloned().map(|image| Image { need: Some(Need::Nothing), ..image });
            self.report_images(context, spec, &images.collect::<Vec<_>>(), most);
        }
    }

    fn report_images(
        &self,
        context: &mut Context<'_>,
        spec: &PodSpec<'_>,
        images: &[Image<'_>],
        most: Severity,
    ) {
        // Where no secret was looked up, nothing is known of any.
        if images.is_empty() || self.states.is_empty() {
            return;
        }
        let entries = LazyCell::new(|| spec.entries());
        let mut poisoned = false;
        for (name, state) in self.names.iter().zip(&self.states) {
            let State::Malformed(error) = state else { continue };
            poisoned = true;
            let message = format!(
                "pull secret \"{name}\"{} is malformed, which makes the kubelet fail every pull of the pod: {error}",
                context.in_namespace()
            );
            let pointer = entries.pointer(name).unwrap_or_else(|| spec.list_pointer());
            context.report(
                Rule::SecretMalformed,
                About { pointer: &pointer, image: None, secret: Some(name) },
                message,
                format!("recreate pull secret \"{name}\", or take it off the pod's list"),
            );
        }
        if poisoned {
            return;
        }
        let mut told = Distinct::default();
        for image in images {
            if self.serves(image) {
                self.report_tried(context, &|name| entries.pointer(name), image, most, &mut told);
            } else {
                self.report_unserved(context, &|name| entries.pointer(name), image, most, &mut told);
            }
        }
    }

    /// Reports the problems of the credentials that the kubelet tries for an image. They are warnings if another one, or the
    /// node's own, is tried as well. `told` contains what was reported for other images.
    fn report_tried(
        &self,
        context: &mut Context<'_>,
        entry: EntryPointer<'_>,
        image: &Image<'_>,
        most: Severity,
        told: &mut Distinct,
    ) {
        let host = image.reference.host();
        let needless = image.need == Some(Need::Nothing);
        let mut tried: Vec<(&Held, Vec<Problem>)> = Vec::new();
        let mut lasting: Option<&Held> = None;
        for held in self.tried(image) {
            // What follows a credential that works is not tried.
            if lasting.is_some_and(|lasting| !held.has_key_of(lasting)) {
                break;
            }
            let mut problems = context.judge(host, needless).problems(&held.credential, held.announced);
            problems.retain(|problem| self.is_told(problem, &held.secret));
            if lasts(&problems) {
                lasting.get_or_insert(held);
            }
            tried.push((held, problems));
        }
        let is_anonymous = |held: &Held| credential::is_anonymous(&held.credential);
        if let Some((first, _)) = tried.first().filter(|_| needless && !self.tried(image).any(is_anonymous)) {
            report_needless(context, image, first);
        }
        let is_last_hope = lasting.is_none() && !needless && !self.has_unknown;
        let all_fail = is_last_hope && tried.iter().all(|(_, problems)| fails(problems));
        for (i, (held, problems)) in tried.iter().enumerate() {
            let secret = format!("pull secret \"{}\"{}", held.secret, context.in_namespace());
            for problem in problems {
                let is_decisive = if fails(std::slice::from_ref(problem)) { all_fail } else { is_last_hope };
                let mut what = problem.message(&held.shown, &secret);
                let follows = tried.get(i + 1).map(|(next, _)| *next);
                if let Some(next) = follows.or(lasting).filter(|_| fails(problems) && !all_fail) {
                    let order = if held.has_key_of(next) { "too, in no fixed order" } else { "next" };
                    let next =
                        [", so the kubelet tries key ", &next.shown, " of \"", &next.secret, "\" ", order];
                    what += &next.concat();
                }
                let most = if is_decisive { image.at_most(most) } else { Severity::Warn };
                report_credential(context, entry, image, most, (problem, &held.secret, what), told);
            }
        }
    }

    /// Whether a problem of a secret's credential is reported: a controller renews what it owns.
    fn is_told(&self, problem: &Problem, secret: &str) -> bool {
        problem.rule != Rule::SecretExpiresSoon || !self.renewed.has(secret)
    }

    /// Why an image finds no credential, for an image that relies on a secret.
    fn report_unserved(
        &self,
        context: &mut Context<'_>,
        entry: EntryPointer<'_>,
        image: &Image<'_>,
        most: Severity,
        told: &mut Distinct,
    ) {
        let Some(name) = image.secret() else { return };
        let Some(state) = self.state(name) else { return };
        let rule = match state {
            State::Absent => Rule::SecretNotFound,
            State::Ignored(_) => Rule::SecretWrongType,
            State::Usable(_) if context.settings.cluster.secrets == SecretLookup::Credentials => {
                Rule::SecretWithoutCredentials
            }
            State::Usable(announced) => {
                let problem = context.judge("", false).announced(*announced);
                if let Some(problem) = problem.filter(|problem| self.is_told(problem, name)) {
                    let what =
                        problem.message("", &format!("pull secret \"{name}\"{}", context.in_namespace()));
                    report_credential(
                        context,
                        entry,
                        image,
                        image.at_most(most),
                        (&problem, name, what),
                        told,
                    );
                }
                return;
            }
            _ => return,
        };
        let about_secret = matches!(rule, Rule::SecretNotFound | Rule::SecretWrongType);
        let most = image.at_most(most);
        let weight = if most == Severity::Warn { "warn" } else { "" };
        // One finding for the secret, however many images rely on it.
        if about_secret && !told.add(&[rule.id(), weight, name].join(" ")) {
            return;
        }
        if self.has_unknown {
            return;
        }
        let (Image { text, reference, .. }, place) = (image, context.in_namespace());
        let create = secret_command::of(reference.domain, name, &context.request.namespace);
        let (reason, help) = match state {
            State::Absent => (
                format!("pull secret \"{name}\" does not exist{place}"),
                ["create it with ", &create].concat(),
            ),
            State::Ignored(why) => (
                format!("the kubelet ignores pull secret \"{name}\"{place}, because {why}"),
                ["recreate it with ", &create].concat(),
            ),
            _ => (
                format!(
                    "no pull secret{place} has a key that matches it{}",
                    self.shown_keys.get_or_init(|| self.keys())
                ),
                format!("add {} to \"{name}\"", reference.domain),
            ),
        };
        let message = format!("{} cannot pull \"{text}\": {reason}", image.used.user());
        let entry = if about_secret { entry(name) } else { None };
        let pointer = entry.as_deref().unwrap_or_else(|| image.used.pointer());
        context.report_at_most(most, rule, About { pointer, ..image.about() }, message, help);
    }

    /// Why the attached secrets do not serve an image, if that is known.
    pub(super) fn shortcomings(&self) -> String {
        let why = |(name, state): (&str, &State)| match state {
            State::Absent => Some(format!("\"{name}\" does not exist")),
            State::Ignored(why) => Some(format!("\"{name}\" is ignored because {why}")),
            State::Malformed(_) => Some(format!("\"{name}\" is malformed")),
            State::Usable(_) => Some(format!("\"{name}\" has no key for it")),
            State::Unknown => None,
        };
        let all: Vec<String> = self.names.iter().zip(&self.states).filter_map(why).take(SHOWN).collect();
        if all.is_empty() { String::new() } else { format!(" (of those that it has, {})", all.join(", ")) }
    }

    /// The keys there are, so that a misspelled one is seen at once.
    fn keys(&self) -> String {
        let mut keys: Vec<&str> = self.keyring.keys().take(SHOWN + 1).collect();
        let more = if keys.len() > SHOWN { ", …" } else { "" };
        keys.truncate(SHOWN);
        if keys.is_empty() { String::new() } else { format!(" (they have {}{more})", keys.join(", ")) }
    }
}

/// Reports a problem of a credential in a secret, of which `what` is the message. `told` contains what was reported for other
/// images.
fn report_credential(
    context: &mut Context<'_>,
    entry: EntryPointer<'_>,
    image: &Image<'_>,
    most: Severity,
    (problem, secret, what): (&Problem, &str, String),
    told: &mut Distinct,
) {
    let weight = if most == Severity::Warn { "warn" } else { "" };
    // What an annotation shows is the same for all keys and images.
    let (host, words) = if problem.is_announced { ("", secret) } else { (image.reference.host(), &*what) };
    if !told.add(&[problem.rule.id(), weight, host, words].join(" ")) {
        return;
    }
    let pointer = entry(secret).unwrap_or_else(|| image.used.pointer().to_owned());
    let about = About { pointer: &pointer, image: Some(image.text), secret: Some(secret) };
    let message = format!("{}, \"{}\": {what}", image.used.user(), image.text);
    context.report_at_most(most, problem.rule, about, message, problem.help.clone());
}

fn report_needless(context: &mut Context<'_>, image: &Image<'_>, used: &Held) {
    let message = format!(
        "{}: \"{}\" needs no pull secret, but the kubelet tries \"{}\" (key {}) first, then the node's credential, and \
         never pulls anonymously",
        image.used.user(),
        image.text,
        used.secret,
        used.shown
    );
    let about = About { secret: Some(&used.secret), ..image.about() };
    let help = "narrow the key, or take the secret off the pod's list".to_owned();
    context.report(Rule::AnonymousPullBlocked, about, message, help);
}
