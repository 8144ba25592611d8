//! Why a pod cannot pull its images.
//!
//! ```text
//! pod, events ─▶ pod: images, with what the kubelet reported ─┐
//! policy's explain: credentials, what is wrong with each ─────┼─▶ cause: one sentence, what to type
//! what registries answer, where they were asked ──────────────┘
//! ```
//!
//! Plain facts in, an answer out: who reads the cluster and asks registries is the command.

pub mod cause;
pub mod event;
mod fix;
pub mod image;
pub mod kubelet;
pub mod mask;
pub mod meaning;
pub mod pod;
pub mod secret;
pub mod target;

use review::explanation::{Explanation, OutcomeState, Usability};
use review::pull::{AttemptResult, ImagePull, PullAttempt, PullResult};
use serde_json::Value;

use crate::pull_secret::time::Time;

use self::event::Event;
use self::image::{Image, State};
use self::kubelet::{Complaint, shortened};
use self::meaning::Meaning;
use self::pod::Pod;
use self::secret::Secret;
use crate::pull::ReadFailures;

/// Everything that is known about a pod.
#[derive(Debug)]
pub struct Facts {
    /// The pod
    pub pod: Pod,
    /// Its events, oldest first
    pub events: Vec<Event>,
    /// Whether they could be read
    pub are_events_known: bool,
    /// The time of this machine's clock; none where it is wrong
    pub clock: Option<Time>,
    /// Its `ServiceAccount`, as it is now; none where it is not known
    pub account: Option<Value>,
    /// The Secrets that the pod or its `ServiceAccount` lists
    pub secrets: Vec<Secret>,
    /// Which of these, and whether the `ServiceAccount`, could not be read
    pub read_failures: ReadFailures,
    /// Its images, with what is known about each
    pub images: Vec<ImageFacts>,
}

/// What is known about an image of a pod.
#[derive(Debug, Clone)]
pub struct ImageFacts {
    /// The image
    pub image: Image,
    /// The name of its registry for `az`; none where it is not in ACR
    pub acr: Option<String>,
    /// What the policy says about its credentials
    pub explanation: Explanation,
    /// What it would say of the secrets that the `ServiceAccount` lists now; none where it lists none, or the pod has a list
    pub of_account: Option<Explanation>,
    /// What it would say if the image named its registry in lower case; none where it does
    pub of_lower_case: Option<Explanation>,
    /// What the registry answers; none where it was not asked
    pub pull: Option<ImagePull>,
}

/// The longest time between two attempts of the kubelet, in seconds. kubelet: `MaxImageBackOff`
const LONGEST_BACK_OFF: i64 = 300;

/// The longest time after which an attempt is reported, in seconds: the kubelet waits, and the attempt itself may take long.
const LONGEST_SILENCE: i64 = 2 * LONGEST_BACK_OFF;

/// How far the clocks of the cluster and of this machine may be apart, in seconds.
const MOST_SKEW: i64 = 300;

/// What was written since the kubelet's last reported attempt. The kubelet tries every secret, so of several the one that it has not
/// tried counts, and else the one that was written last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// Nothing
    None,
    /// The content of this secret
    Content(&'a Secret),
    /// This secret, at this time: its content or its labels
    Secret(&'a Secret, &'a str),
    /// This secret, at this time, and what is reported since is so late that the kubelet has tried
    Tried(&'a Secret, &'a str),
    /// This secret, at this time, so long ago that the kubelet must have tried, which no event reports
    Silent(&'a Secret, &'a str),
    /// This secret, at this time, which is in the future by the clock of this machine
    Ahead(&'a Secret, &'a str),
}

impl Change<'_> {
    /// Whether the kubelet has not tried what was written.
    fn is_untried(self) -> bool {
        matches!(self, Self::Content(_) | Self::Secret(..))
    }
}

/// Whether an image can be pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// As far as is known
    Yes,
    /// It cannot
    No,
    /// Nothing says so or otherwise
    Unknown,
}

impl ImageFacts {
    /// The first secret in this state.
    pub fn in_state(&self, state: Usability) -> Option<&str> {
        self.all_in_state(state).next()
    }

    /// The secrets in this state.
    fn all_in_state(&self, state: Usability) -> impl Iterator<Item = &str> {
        let secrets = self.explanation.secrets.iter().filter(move |secret| secret.state == state);
        secrets.map(|secret| secret.name.as_str())
    }

    /// The registry, with its port; none where the image is not a valid reference or names no registry.
    pub fn registry(&self) -> Option<&str> {
        let domain = self.explanation.reference.as_ref().map(|reference| reference.domain.as_str());
        domain.filter(|domain| !domain.is_empty())
    }

    /// The registry, in a sentence.
    pub fn host(&self) -> &str {
        self.registry().unwrap_or("its registry")
    }

    /// Whether the pod's secrets are known to fail the pull: each key that is tried, or a secret that cannot be read.
    fn fails_with_secrets(&self) -> bool {
        let Explanation { error, tries, secrets, .. } = &self.explanation;
        error.is_some()
            || !tries.is_empty()
            || secrets.iter().any(|secret| secret.state == Usability::Malformed)
    }

    /// Whether the registry allows no anonymous pull, and was asked for no other. A node may have an identity.
    fn is_denied_anonymously(&self) -> bool {
        let attempts = self.pull.as_ref().map(|pull| pull.attempts.as_slice()).unwrap_or_default();
        let is_denied =
            |attempt: &PullAttempt| attempt.secret.is_none() && attempt.result == AttemptResult::Unauthorized;
        !attempts.is_empty() && attempts.iter().all(is_denied)
    }

    /// Whether the registry answered this computer. No answer is no proof.
    fn is_answered(&self) -> bool {
        let attempts = self.pull.as_ref().map(|pull| pull.attempts.as_slice()).unwrap_or_default();
        attempts.iter().any(|attempt| attempt.result != AttemptResult::Unreachable)
    }

    /// Whether the registry refused a credential of this secret to this computer.
    fn is_refused(&self, secret: &str) -> bool {
        let attempts = self.pull.as_ref().map(|pull| pull.attempts.as_slice()).unwrap_or_default();
        let of_secret = |attempt: &&PullAttempt| attempt.secret.as_deref() == Some(secret);
        attempts.iter().filter(of_secret).any(|attempt| attempt.result.is_refusal())
    }

    /// Why the registry gave this computer no answer, where it was asked and gave none.
    fn silence(&self) -> Option<&str> {
        let is_silent = |pull: &&ImagePull| pull.result == PullResult::Unreachable;
        let pull = self.pull.as_ref().filter(is_silent).filter(|_| !self.is_answered())?;
        pull.message.as_deref()
    }

    /// Whether the pod lists only secrets that do not exist, which it would not do on a node that has an identity.
    fn lists_absent_secrets(&self) -> bool {
        let secrets = &self.explanation.secrets;
        !secrets.is_empty() && secrets.iter().all(|secret| secret.state == Usability::Absent)
    }
}

impl Facts {
    /// A message of the cluster as it may be shown.
    fn shown(&self, message: &str) -> String {
        shortened(&self.pod.masked(message))
    }

    /// The kubelet's last complaint about an image.
    pub fn complaint(&self, image: &Image) -> Option<Complaint> {
        self.pod.complaint(image, &self.events)
    }

    /// Whether the node had the image of a container before the pod, so that nothing was pulled for it.
    pub fn was_on_node(&self, image: &Image) -> bool {
        image.state == State::Pulled && self.last_pull(image).is_some_and(Event::is_already_present)
    }

    /// Whether the node pulled the image for this pod, so that it has what is needed, such as an identity.
    pub fn was_pulled(&self, image: &Image) -> bool {
        image.state == State::Pulled && self.last_pull(image).is_some_and(|event| !event.is_already_present())
    }

    fn last_pull(&self, image: &Image) -> Option<&Event> {
        self.events.iter().rev().find(|event| event.is_about_pull_of(&image.reference))
    }

    /// What was written since the kubelet's last attempt to pull an image.
    pub fn change(&self, image: &ImageFacts) -> Change<'_> {
        let tried = image.explanation.tries.iter().filter(|tried| !tried.fails);
        let secrets = tried.filter_map(|tried| self.secret(&tried.secret));
        let changes = secrets.filter_map(|secret| {
            let (text, time) = (secret.written.as_deref()?, Time::parse(secret.written.as_deref()?)?);
            Some((self.change_of(secret, (text, time), &image.image.reference), time))
        });
        // Of several of the same time, the first is tried first.
        let last = changes.rev().max_by_key(|(change, time)| (change.is_untried(), *time));
        last.map_or(Change::None, |(change, _)| change)
    }

    /// What this secret, which was written at this time, is to the attempts to pull this image. The kubelet tries again within five
    /// minutes, so later reports are about the new secret.
    fn change_of<'a>(
        &self,
        secret: &'a Secret,
        (text, written): (&'a str, Time),
        reference: &str,
    ) -> Change<'a> {
        let last = |is: &dyn Fn(&Event) -> bool| {
            self.events.iter().rev().find(|event| is(event)).and_then(Event::time)
        };
        let failed =
            last(&|event| event.is_failed_pull_of(reference) || event.is_failed_retrieval_of(&secret.name));
        if failed.is_none_or(|failed| written < failed) {
            return Change::None;
        }
        let reported = last(&|event| event.is_about_image(reference));
        let since = |time: Option<Time>| time.map_or(0, |time| time.seconds_since(written));
        let age = since(self.clock.max(reported));
        match () {
            () if since(reported) > LONGEST_BACK_OFF => Change::Tried(secret, text),
            () if age > LONGEST_SILENCE => Change::Silent(secret, text),
            () if age < -MOST_SKEW => Change::Ahead(secret, text),
            () if secret.is_content_written => Change::Content(secret),
            () => Change::Secret(secret, text),
        }
    }

    /// The last event that says that the kubelet could not retrieve this secret. It would say so with each attempt, so an event
    /// that is much older than the last report about a pull counts no more.
    fn unretrieved(&self, secret: &str) -> Option<&Event> {
        let last = self.events.iter().rev().find(|event| event.is_about_retrieval())?;
        let about =
            |event: &&Event| self.pod.images.iter().any(|image| event.is_about_image(&image.reference));
        let [said, pulled] = [Some(last), self.events.iter().rev().find(about)].map(|event| event?.time());
        let is_old =
            pulled.zip(said).is_some_and(|(pulled, said)| pulled.seconds_since(said) > LONGEST_BACK_OFF);
        (!is_old && last.is_failed_retrieval_of(secret)).then_some(last)
    }

    /// The first secret that this login may not read, and that the kubelet may have retrieved.
    fn unread<'a>(&self, image: &'a ImageFacts) -> Option<&'a str> {
        let mut unknown = image.all_in_state(Usability::Unknown);
        unknown.find(|name| self.unretrieved(name).is_none())
    }

    /// A Secret that could be read.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    /// When the node pulled the image for this pod although the end of every credential that the pod has for it had passed: it has an
    /// identity that may pull, or the announced ends are wrong.
    fn pulled_after_end(&self, image: &ImageFacts) -> Option<&str> {
        let event = self.last_pull(&image.image).filter(|event| !event.is_already_present())?;
        let (time, pulled) = (event.last.as_deref()?, event.time()?);
        let tries = &image.explanation.tries;
        let has_ended = |secret: &str| {
            self.secret(secret).and_then(|secret| secret.ends).is_some_and(|end| end <= pulled)
        };
        let all = !tries.is_empty() && tries.iter().all(|tried| tried.fails && has_ended(&tried.secret));
        let is_malformed = image.in_state(Usability::Malformed).is_some();
        (image.image.state == State::Pulled && all && !is_malformed).then_some(time)
    }

    /// Whether an image can be pulled now.
    pub fn now(&self, facts: &ImageFacts) -> Now {
        match facts.image.state {
            // Nothing pulls it.
            State::Pulled if facts.image.is_never_pulled => return Now::Yes,
            State::NotYet if facts.image.is_never_pulled && facts.explanation.error.is_none() => {
                return Now::Unknown;
            }
            _ => {}
        }
        let has_other = self.pulled_after_end(facts).is_some();
        let was_pulled = self.was_pulled(&facts.image);
        let complaint = self.complaint(&facts.image);
        let meaning = complaint.as_ref().and_then(|complaint| complaint.meaning);
        // An answer of the registry to this computer is no proof for the node.
        let is_of_node = match &complaint {
            Some(Complaint { meaning: Some(meaning), .. }) => meaning.is_of_node(),
            Some(complaint) => complaint.says_why(),
            None => false,
        };
        match facts.pull.as_ref().map(|pull| pull.result) {
            Some(PullResult::Pulled) if !is_of_node => return Now::Yes,
            Some(PullResult::NotFound) => return Now::No,
            Some(PullResult::NoPlatform) if facts.image.state != State::Pulled => return Now::No,
            // A node that pulled without a credential of the pod has one of its own.
            Some(PullResult::Denied) if !was_pulled && !facts.is_denied_anonymously() => return Now::No,
            Some(PullResult::Denied) if !facts.explanation.tries.is_empty() && !has_other => return Now::No,
            _ => {}
        }
        let expected = match facts.explanation.outcome.as_ref().map(|outcome| outcome.state) {
            Some(OutcomeState::Works) => Now::Yes,
            _ if has_other => Now::Yes,
            // Without a credential of the pod, that of the node is tried.
            Some(OutcomeState::Fails) if facts.fails_with_secrets() => Now::No,
            Some(OutcomeState::Fails) if facts.lists_absent_secrets() && !was_pulled => Now::No,
            _ if was_pulled => Now::Yes,
            _ => Now::Unknown,
        };
        let is_up_to_secrets = meaning.is_none_or(Meaning::is_of_credentials);
        match &facts.image.state {
            State::Failing { .. }
                if expected == Now::Yes && is_up_to_secrets && self.change(facts).is_untried() =>
            {
                Now::Yes
            }
            State::Failing { .. } => Now::No,
            State::Pulled | State::NotYet => expected,
        }
    }

    /// Whether every image can be pulled now, as far as is known.
    pub fn can_pull(&self) -> bool {
        self.images.iter().all(|image| self.now(image) != Now::No)
    }
}

#[cfg(test)]
mod tests;
