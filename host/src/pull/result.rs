//! The result for an image: the answers to its attempts, and what follows from them.

use super::answer::Answer;
use super::asking::{Answers, Image};
use super::plan::{Plan, Try};
use crate::registry::image::Listed;
use crate::registry::{Platform, acr_name, see_what_is_there};
use review::pull::{ImagePull, PullAttempt, PullResult};
use review::user_info::without_user_info;

/// The result of a plan.
pub(super) fn of(image: &str, plan: &Plan, answers: &Answers, platform: &Platform) -> ImagePull {
    let mut pull = ImagePull {
        pointer: String::new(),
        image: without_user_info(image).into_owned(),
        result: PullResult::Unknown,
        digest: None,
        size: None,
        platforms: Vec::new(),
        message: None,
        help: None,
        attempts: Vec::new(),
    };
    let Some(request) = plan.request() else {
        pull.message.clone_from(&plan.refusal);
        return pull;
    };
    let mut worst = Verdict::None;
    let mut given = Vec::new();
    for (it, credential) in plan.tries.iter().zip(&request.credentials) {
        let Some(answer) = answers.get(&request.image, credential) else {
            worst = Verdict::Unasked;
            break;
        };
        let (secret, key) = it.from.clone().unzip();
        let is_anonymous = it.from.is_none();
        pull.attempts.push(PullAttempt {
            secret,
            key,
            result: answer.result(),
            answer: answer.shown(is_anonymous),
        });
        given.push(answer);
        match answer {
            Answer::Pulled(manifest) => {
                pull.digest = Some(manifest.digest.clone());
                pull.size = manifest.details.as_ref().map(|details| details.size);
                let details = manifest.details.as_ref().filter(|_| manifest.index.is_none());
                let single = details.and_then(|details| details.platform.as_ref());
                let index = manifest.index.iter().flatten().map(|listed| &listed.platform);
                pull.platforms = index.chain(single).map(ToString::to_string).collect();
                let serves = |listed: &[Listed]| listed.iter().any(|listed| listed.platform.serves(platform));
                let is_for_platform = manifest.index.as_ref().is_none_or(|listed| serves(listed));
                if is_for_platform {
                    pull.result = PullResult::Pulled;
                } else {
                    no_platform(&mut pull, platform);
                }
                return pull;
            }
            Answer::Unreachable(trouble) => {
                pull.result = PullResult::Unreachable;
                pull.message = Some(trouble.reason.clone());
                pull.help = Some(trouble.help.clone());
                return pull;
            }
            Answer::NotFound => worst = Verdict::NotFound,
            Answer::Wrong | Answer::Denied { .. } if worst == Verdict::None => worst = Verdict::Denied,
            Answer::Wrong | Answer::Denied { .. } => {}
        }
    }
    let registry = &request.image.registry;
    match (worst, &plan.doubt) {
        (Verdict::NotFound, _) => {
            let Image { repository, wanted, .. } = &request.image;
            let is_by_digest = wanted.contains(':');
            let separator = if is_by_digest { '@' } else { ':' };
            pull.result = PullResult::NotFound;
            pull.message = Some(format!(
                "{registry} has no image {repository}{separator}{wanted}: the repository, the tag or the digest does not exist"
            ));
            pull.help = Some(see_what_is_there(registry, repository, is_by_digest));
        }
        (Verdict::Denied, None) => {
            pull.result = PullResult::Denied;
            pull.message = Some(denied(registry, &plan.tries, &pull.attempts));
            pull.help = Some(allow(registry, &plan.tries, &given));
        }
        (Verdict::Denied, Some(doubt)) => {
            pull.message = Some(format!("{registry} denies the pull with what was tried, but {doubt}"));
        }
        (Verdict::None | Verdict::Unasked, _) => {
            pull.message = Some("the registry was not asked".to_owned());
        }
    }
    pull
}

/// What the answers mean together, where none is a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    None,
    Denied,
    NotFound,
    Unasked,
}

fn no_platform(pull: &mut ImagePull, platform: &Platform) {
    pull.result = PullResult::NoPlatform;
    let known = pull.platforms.join(", ");
    let known = if known.len() > 80 { format!("{} others", pull.platforms.len()) } else { known };
    pull.message = Some(if pull.platforms.is_empty() {
        format!("the image is not for {platform}")
    } else {
        format!("the image is not for {platform}, only for {known}")
    });
    pull.help = Some(format!(
        "push an image for {platform}, or pass the platform of the nodes with --platform {}",
        pull.platforms.first().map_or("OS/ARCHITECTURE", |it| it)
    ));
}

/// The most characters of a message, as the API server cuts warnings.
const LONGEST: usize = 255;

fn denied(registry: &str, tries: &[Try], attempts: &[PullAttempt]) -> String {
    if let [Try { from: None, .. }] = tries {
        return format!("{registry} denies an anonymous pull, and the pod has no credential for it");
    }
    let one = |attempt: &PullAttempt| {
        let PullAttempt { secret, key, answer, .. } = attempt;
        let [secret, key] = [secret, key].map(|it| it.as_deref().unwrap_or_default());
        format!("key {key} of secret {secret} ({answer})")
    };
    let all: Vec<String> = attempts.iter().map(one).collect();
    let message = format!("{registry} denies the pull with {}", all.join(" and with "));
    if message.chars().count() <= LONGEST {
        return message;
    }
    format!("{registry} denies the pull with each of the pod's {} credentials for it", attempts.len())
}

/// What to do about a denial, given the answer to each of the tries.
fn allow(registry: &str, tries: &[Try], answers: &[&Answer]) -> String {
    let secret = |of: fn(&Answer) -> bool| {
        let first = tries.iter().zip(answers).find(|(_, answer)| of(answer));
        first.and_then(|(it, _)| it.from.as_ref()).map(|(secret, _)| secret)
    };
    let denied = secret(|answer| matches!(answer, Answer::Denied { .. }));
    match (denied, secret(|answer| *answer == Answer::Wrong)) {
        (Some(denied), _) if acr_name(registry).is_some() => {
            format!(
                "assign the role AcrPull to the identity in secret {denied}, or add the repository to the scope map of its token"
            )
        }
        (Some(denied), _) => format!("let the user in secret {denied} pull from the repository"),
        (None, Some(wrong)) => {
            format!("write a valid password into secret {wrong} with acr-pull-secret secret")
        }
        (None, None) => "list a pull secret for the registry in the pod or its ServiceAccount".to_owned(),
    }
}
