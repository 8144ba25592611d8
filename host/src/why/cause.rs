//! The one cause of a pod's trouble, and what to type.

mod credentials;
mod kept;
mod length;
mod report;
mod waiting;

use review::explanation::{OutcomeState, TriedKey, Usability};
use review::pull::{AttemptResult, ImagePull, PullAttempt};

use self::credentials::{of_credentials, refused};
use self::length::bounded_around;
use self::report::of_meaning;
use super::fix::{Step, again, ask, correct, describe, replace, template, to_read};
use super::image::{Image, Placeholder, State};
use super::kubelet::bounded;
use super::meaning::Meaning;
use super::secret::Secret;
use super::{Change, Facts, ImageFacts, Now};
use crate::pull_secret::time::Time;

/// The most characters of a cause.
const LONGEST: usize = 255;

/// Begins a message that says why the cause is not known.
const NOT_KNOWN: &str = "not known";

/// The most characters of a key in a cause.
const LONGEST_KEY: usize = 80;

/// A cause. Its message has at most `LONGEST` characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    message: String,
    help: String,
    then: String,
}

impl Cause {
    /// With one sentence, which is cut where it is too long, and what to do, which is empty where nothing is to be done.
    pub fn new(message: impl AsRef<str>, help: impl Into<String>) -> Self {
        let message = bounded_around(message.as_ref(), LONGEST, &[]);
        Self { message, help: help.into(), then: String::new() }
    }

    /// One sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it; empty where nothing is to be done.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// What remains to be done after that; empty where nothing remains.
    pub fn then(&self) -> &str {
        &self.then
    }

    /// The same with what to do in other words.
    #[must_use]
    pub fn with_help(self, change: impl Fn(&str) -> String) -> Self {
        Self { help: change(&self.help), then: change(&self.then), ..self }
    }
}

/// A cause in all its characters, which may be a part of another.
struct Draft {
    message: String,
    help: Step,
    new_pod: NewPod,
}

/// What a new pod would get of the image of one that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NewPod {
    /// Not the image, because of the cause
    Fails,
    /// The cause says why that is not known
    Unknown,
    /// What the old pod lacks, which the cause says
    Gets,
}

impl Draft {
    fn new(message: impl Into<String>, help: impl Into<Step>) -> Self {
        Self { message: message.into(), help: help.into(), new_pod: NewPod::Fails }
    }

    /// That the cause is not known, and `why`, with what is in front of it.
    fn unknown(why: &str, help: impl Into<Step>) -> Self {
        Self { new_pod: NewPod::Unknown, ..Self::new(format!("{NOT_KNOWN}{why}"), help) }
    }

    /// What a new pod gets, in a sentence about it.
    fn of_new_pod(message: impl Into<String>) -> Self {
        Self { new_pod: NewPod::Gets, ..Self::new(message, Step::default()) }
    }
}

/// The cause of a pod's trouble: of the first image that the kubelet does not get, or else of what keeps it from trying.
pub fn of(facts: &Facts) -> Cause {
    let Draft { message, help, .. } = whole(facts);
    let [help, then] = help.in_order();
    Cause { message: bounded_around(&message, LONGEST, &names(facts)), help, then }
}

/// The names that a user looks for: of secrets, the `ServiceAccount`, the namespace, the node, the images and their registries.
fn names(facts: &Facts) -> Vec<String> {
    let explanations =
        facts.images.iter().flat_map(|image| [Some(&image.explanation), image.of_account.as_ref()]);
    let secrets = explanations.flatten().flat_map(|explanation| &explanation.secrets);
    let images = facts.images.iter().map(|image| image.image.shown());
    secrets
        .map(|secret| secret.name.clone())
        .chain([facts.pod.service_account.clone(), facts.pod.namespace.clone()])
        .chain(facts.pod.node.clone())
        .chain(facts.images.iter().filter_map(|image| image.registry().map(str::to_owned)))
        .chain(images)
        .collect()
}

/// The cause in all its characters.
fn whole(facts: &Facts) -> Draft {
    let pod = &facts.pod;
    let all_bad = || facts.images.iter().filter(|image| facts.now(image) == Now::No);
    // What is still to be pulled fails before what the node has.
    let bad = || all_bad().find(|image| image.image.state != State::Pulled).or_else(|| all_bad().next());
    if pod.is_over() {
        return over(facts, bad());
    }
    let mut failing = facts.images.iter().filter(|image| matches!(image.image.state, State::Failing { .. }));
    if let Some(image) = failing.clone().find(|image| facts.now(image) != Now::Yes) {
        return of_image(facts, image);
    }
    if pod.node.is_none() {
        return waiting::unscheduled(facts, bad());
    }
    if let Some(image) = bad() {
        return waiting::beside_what_it_waits_for(facts, image);
    }
    if let Some(image) = failing.next() {
        return fixed(facts, image);
    }
    if let Some((container, reason)) = &pod.other {
        return waiting::waits(facts, container, reason);
    }
    match facts.images.iter().find(|image| image.image.state == State::NotYet) {
        Some(image) => waiting::not_yet(facts, image),
        None => Draft::new(format!("none: {}", kept::on_node(facts)), ""),
    }
}

/// The pod pulls no more images; its workload may make another.
fn over(facts: &Facts, bad: Option<&ImageFacts>) -> Draft {
    let pod = &facts.pod;
    let message = if pod.phase == "Terminating" {
        "the pod is being deleted and pulls no more images".to_owned()
    } else {
        let reason = pod.reason.as_ref().map(|reason| format!(": {}", facts.shown(reason)));
        format!("the pod has finished ({}{}) and pulls no more images", pod.phase, reason.unwrap_or_default())
    };
    let Some(image) = bad else { return Draft::new(message, "") };
    let Draft { message: reason, help, new_pod } = of_image(facts, image);
    let outlook = match (new_pod, &image.image.state) {
        (NewPod::Unknown, _) => format!("whether a new pod would fail is {reason}"),
        (NewPod::Gets, _) => format!("a new pod {reason}"),
        (NewPod::Fails, State::Failing { .. }) => format!("a new pod would fail: {reason}"),
        (NewPod::Fails, State::Pulled | State::NotYet) => {
            format!("a new pod {}: {reason}", kept::fails(image, "its node"))
        }
    };
    Draft::new(format!("{message}, and {outlook}"), help)
}

/// Whether the pod is known to have no credential for an image that needs one, so that the node's may be used.
fn lacks_credential(image: &ImageFacts) -> bool {
    let needs_one = state(image) == Some(OutcomeState::Fails) && !image.is_answered();
    image.explanation.tries.is_empty() && (needs_one || image.is_denied_anonymously())
}

/// The key with which an image is pulled, as far as is known.
fn works_with(image: &ImageFacts) -> Option<&TriedKey> {
    let mut tries = image.explanation.tries.iter();
    tries.find(|tried| !tried.fails).filter(|_| state(image) == Some(OutcomeState::Works))
}

/// Why a pull would fail that the kubelet has not tried, or not since.
fn expected(facts: &Facts, image: &ImageFacts) -> Draft {
    let reason =
        invalid(facts, image).or_else(|| of_registry(facts, image)).or_else(|| malformed(facts, image));
    let reason = reason.or_else(|| capital(facts, image)).or_else(|| of_credentials(facts, image));
    reason.unwrap_or_else(|| Draft::new(format!("{} cannot be pulled", image.image.shown()), describe(facts)))
}

/// An image that can be pulled since the kubelet's last attempt.
fn fixed(facts: &Facts, image: &ImageFacts) -> Draft {
    let change = facts.change(image);
    let changed = match change {
        Change::Content(secret) | Change::Secret(secret, _) => Some(secret),
        Change::None | Change::Tried(..) | Change::Silent(..) | Change::Ahead(..) => None,
    };
    let reference = image.image.shown();
    let late = changed.and_then(|secret| created_late(facts, secret));
    let of_changed = image
        .explanation
        .tries
        .iter()
        .find(|tried| !tried.fails && changed.is_some_and(|secret| secret.name == tried.secret));
    let how = of_changed
        .or_else(|| works_with(image))
        .map_or_else(|| "as the registry answers".to_owned(), |tried| format!("with {}", place(tried)));
    let message = match (change, late) {
        (_, Some(late)) => format!("{late}, so {reference} can be pulled now"),
        // What was written may be a label.
        (Change::Secret(secret, time), None) => {
            format!(
                "secret {} was written at {time}, after the last reported attempt, and looks valid for {reference}",
                secret.name
            )
        }
        _ => format!("fixed since the kubelet's last attempt: {reference} can be pulled now {how}"),
    };
    Draft::new(message, again(facts, "wait up to 5 minutes for the next attempt"))
}

/// That a secret was created after the kubelet could not retrieve it.
fn created_late(facts: &Facts, secret: &Secret) -> Option<String> {
    let (created, missed) = (secret.created.as_deref()?, facts.unretrieved(&secret.name)?.last.as_deref()?);
    (Time::parse(created)? > Time::parse(missed)?).then(|| {
        format!(
            "secret {} was created at {created}, after the kubelet could not retrieve it at {missed}",
            secret.name
        )
    })
}

/// The kubelet could not retrieve a secret that existed and has a credential for the image.
fn unreachable_secret(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let message = |tried: &TriedKey| {
        let name = &tried.secret;
        let (created, missed) =
            (facts.secret(name)?.created.as_deref()?, facts.unretrieved(name)?.last.as_deref()?);
        (Time::parse(created)? <= Time::parse(missed)?).then(|| {
            format!(
                "the kubelet could not retrieve secret {name} at {missed}, although it was created at {created}"
            )
        })
    };
    let message = image.explanation.tries.iter().filter(|tried| !tried.fails).find_map(message)?;
    Some(Draft::new(message, again(facts, "wait up to 5 minutes for the next attempt")))
}

/// Why the kubelet does not get an image.
fn of_image(facts: &Facts, image: &ImageFacts) -> Draft {
    let Image { state, .. } = &image.image;
    if !matches!(state, State::Failing { .. }) {
        return expected(facts, image);
    }
    if let Some(cause) = invalid(facts, image) {
        return cause;
    }
    let meaning = facts.complaint(&image.image).and_then(|complaint| complaint.meaning);
    let by_report = || of_meaning(facts, image, meaning?);
    // The registry knows more about its firewall than the kubelet, and less about the node.
    let is_of_node = meaning.is_some_and(|meaning| meaning.is_of_node() && meaning != Meaning::Forbidden);
    by_report()
        .filter(|_| is_of_node)
        .or_else(|| malformed(facts, image))
        .or_else(|| of_registry(facts, image))
        .or_else(by_report)
        .or_else(|| capital(facts, image))
        .or_else(|| of_credentials(facts, image))
        .or_else(|| unreachable_secret(facts, image))
        .unwrap_or_else(|| up_to_registry(facts, image, meaning))
}

/// What only an answer of the registry would prove, with the reason why there is none where it was asked.
fn up_to_registry(facts: &Facts, image: &ImageFacts, meaning: Option<Meaning>) -> Draft {
    let draft = written(facts, image, meaning)
        .or_else(|| refused(facts, image, meaning))
        .unwrap_or_else(|| unknown(facts, image));
    with_silence(image, draft)
}

/// The same, and that the registry gives this computer no answer, where it was asked.
fn with_silence(image: &ImageFacts, draft: Draft) -> Draft {
    let Some(reason) = image.silence() else { return draft };
    let message = format!("{}, and this computer gets no answer from the registry: {reason}", draft.message);
    Draft { message, ..draft }
}

/// The image is not a valid reference, so its registry and what it needs are not known.
fn invalid(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let error = image.explanation.error.as_ref()?;
    let (shown, error) = (image.image.shown(), facts.shown(error));
    Some(match image.image.placeholder() {
        Some(Placeholder::Helm) => Draft::new(
            format!("{shown} contains a Helm template that was not rendered"),
            "render the chart before it is applied: helm template CHART",
        ),
        Some(Placeholder::Variable) => Draft::new(
            format!("{shown} contains a variable that was not substituted"),
            format!("write its value into the image in {}", template(facts)),
        ),
        // A space at the end is not seen without quotes.
        None if shown.trim() != shown => {
            Draft::new(format!("{shown:?} is not a valid image reference: {error}"), correct(facts))
        }
        None => Draft::new(format!("{shown} is not a valid image reference: {error}"), correct(facts)),
    })
}

/// The secret that is tried was written, and the kubelet has tried since, or what it did since is not known.
fn written(facts: &Facts, image: &ImageFacts, meaning: Option<Meaning>) -> Option<Draft> {
    works_with(image).filter(|_| meaning.is_none_or(Meaning::is_of_credentials))?;
    let is_answered = image.is_answered();
    Some(match facts.change(image) {
        Change::Tried(Secret { name, .. }, time) => Draft::new(
            format!(
                "the pull of {} still fails since secret {name} was written at {time}",
                image.image.shown()
            ),
            if image.is_refused(name) { replace(facts, image, name) } else { ask(facts, image).into() },
        ),
        Change::Silent(Secret { name, .. }, time) => Draft::unknown(
            &format!(
                ": secret {name} was written at {time}, and no event reports a pull since, though the kubelet tries every 5 \
                 minutes"
            ),
            if is_answered { again(facts, "check whether the node is ready") } else { ask(facts, image) },
        ),
        Change::Ahead(Secret { name, .. }, time) => Draft::unknown(
            &format!(
                ": secret {name} was written at {time}, which is in the future by the clock of this machine"
            ),
            if is_answered { "correct the clock of this machine".to_owned() } else { ask(facts, image) },
        ),
        Change::None | Change::Content(_) | Change::Secret(..) => return None,
    })
}

/// A key would match if the image's registry were in lower case: the kubelet compares them as they are written.
fn capital(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let lower = image.registry()?.to_ascii_lowercase();
    let tried = image.of_lower_case.as_ref().filter(|_| image.explanation.tries.is_empty())?.tries.first()?;
    Some(Draft::new(
        format!("the registry in {} has capital letters, and {} has none", image.image.shown(), place(tried)),
        format!("write {lower} in the image in {}", template(facts)),
    ))
}

fn malformed(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let name = image.in_state(Usability::Malformed)?;
    let message = format!("secret {name} is malformed, which fails every pull of the pod");
    Some(Draft::new(message, replace(facts, image, name)))
}

/// What the registry answers, where it was asked and could be.
fn of_registry(facts: &Facts, image: &ImageFacts) -> Option<Draft> {
    let pull = image.pull.as_ref().filter(|pull| pull.result.is_failure())?;
    // Why the pod has no credential says more than that the registry allows no anonymous pull.
    let lack = of_credentials(facts, image).filter(|_| image.is_denied_anonymously());
    if lack.is_some() {
        return lack;
    }
    let replaced = invalid_secret(pull).filter(|name| facts.secret(name).is_some());
    let help = replaced.map(|name| replace(facts, image, name)).or_else(|| pull.help.clone().map(Step::from));
    Some(Draft::new(pull.message.clone()?, help.unwrap_or_default()))
}

/// The first secret whose credential the registry refuses, where that is all that it refuses.
fn invalid_secret(pull: &ImagePull) -> Option<&str> {
    let is_invalid = |attempt: &PullAttempt| attempt.result == AttemptResult::Unauthorized;
    let all = pull.attempts.iter().all(is_invalid);
    pull.attempts.first().filter(|_| all).and_then(|attempt| attempt.secret.as_deref())
}

fn unknown(facts: &Facts, image: &ImageFacts) -> Draft {
    let said =
        facts.complaint(&image.image).map(|complaint| complaint.message).filter(|said| !said.is_empty());
    let secret = facts.unread(image);
    let unread = secret.map(|name| format!(", because secret {name} cannot be read")).unwrap_or_default();
    let why = match said {
        // What follows is no part of the quotation.
        Some(said) if image.silence().is_some() => {
            format!("{unread}, and the kubelet reports \"{said}\"")
        }
        Some(said) => format!("{unread}, and the kubelet reports: {said}"),
        None => {
            let events = match facts.events.as_slice() {
                _ if !facts.are_events_known => "its events could not be read",
                [] => "its events have expired",
                _ => "no event with the reason is left",
            };
            format!("{unread}: the kubelet gives no reason, and {events}")
        }
    };
    let help = match secret {
        // A registry cannot be asked with it either.
        Some(name) => to_read(facts.read_failures.of_secret(name), &format!("secret {name}")),
        None if image.is_answered() => describe(facts),
        None => ask(facts, image),
    };
    Draft::unknown(&why, help)
}

fn state(image: &ImageFacts) -> Option<OutcomeState> {
    image.explanation.outcome.as_ref().map(|outcome| outcome.state)
}

fn place(tried: &TriedKey) -> String {
    format!("key {} of secret {}", bounded(&tried.key, LONGEST_KEY), tried.secret)
}
