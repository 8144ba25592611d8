//! Whether images can be pulled, as their registries answer.
//!
//! ```text
//! pod, policy's explain ─▶ plan: credentials in the kubelet's order ─▶ asking: each image once ─▶ result ─▶ finding
//!                               ▲                                          ▲
//!                        Secrets among the inputs                      registries
//! ```
//!
//! The policy decodes the Secrets and says which credentials the kubelet tries; it never sees the network. This room asks the
//! registries with them, and hands back plain data without them.

mod answer;
mod asking;
mod finding;
mod plan;
mod pods;
mod result;
pub mod rules;

use std::time::Duration;

use crate::console::Io;
use crate::registry::{Connection, Platform, RegistryError};
use asking::Answers;
pub use plan::{Asker, Node, PlanError, Plans, Question, ReadFailure, ReadFailures, Unread};
pub use pods::platform;
use review::evaluation::{Evaluation, Part, PodToPull};
use review::outcome::Outcome;
use review::pull::ImagePull;
use review::verdict::{Decision, Severity};

/// How registries are asked.
#[derive(Debug, Clone)]
pub struct Asking {
    /// How they are reached
    pub connection: Connection,
    /// Time limit of one request with its answer
    pub timeout: Duration,
    /// The platform of pods that select none
    pub platform: Platform,
    /// Whether sizes and the platforms of single images are asked for too
    pub is_detailed: bool,
}

/// What the registries answered.
pub struct Pulls<'a> {
    asker: &'a Asker<'a>,
    answers: Answers,
    platform: Platform,
}

impl<'a> Pulls<'a> {
    /// Asks the registries about the images of these questions, each image and credential once.
    ///
    /// # Errors
    /// - a connection that cannot be set up
    pub fn ask(
        asker: &'a Asker<'a>,
        questions: impl Iterator<Item = Question>,
        asking: &Asking,
        io: &Io,
    ) -> Result<Self, RegistryError> {
        let plans = questions.filter_map(|question| asker.plan(&question).ok());
        let requests: Vec<_> = plans.filter_map(|plan| plan.request()).collect();
        let answers = asking::ask(&requests, asking, io)?;
        Ok(Self { asker, answers, platform: asking.platform.clone() })
    }

    /// Whether every image was asked for: Ctrl-C ends the asking.
    pub fn is_complete(&self) -> bool {
        self.answers.is_complete()
    }

    /// The result for an image; `None` where the policy does not apply to it and only images that it checks are wanted.
    pub fn result(
        &self,
        question: &Question,
        is_any: bool,
        platform: Option<&Platform>,
    ) -> Option<ImagePull> {
        let plan = self.asker.plan(question).ok()?;
        let platform = platform.unwrap_or(&self.platform);
        (is_any || plan.is_judged).then(|| result::of(&question.image, &plan, &self.answers, platform))
    }

    /// Adds the results to the outcome of a manifest, and what is wrong with them as findings.
    pub fn attach(&self, evaluation: &Evaluation<'_>, outcome: &mut Outcome) {
        for pod in evaluation.pods_to_pull(outcome) {
            for (pointer, question) in questions_of(&pod, self.asker) {
                let platform = pods::platform(&pod.pod, &self.platform);
                let Some(mut pull) = self.result(&question, false, Some(&platform)) else { continue };
                pull.pointer = pod.prefix.clone() + &pointer;
                let verdict = match pod.part {
                    Part::Object => &mut outcome.verdict,
                    Part::Pods(i) => match outcome.pods.get_mut(i) {
                        Some(pods) => &mut pods.verdict,
                        None => continue,
                    },
                };
                if let Some(finding) = finding::of(&pull, pods::user(&pod.pod, &pointer).as_deref()) {
                    if finding.severity == Severity::Reject && verdict.decision < Decision::Rejected {
                        verdict.decision = Decision::Rejected;
                        verdict.findings_say_message = true;
                    }
                    verdict.findings.push(finding);
                }
                verdict.images.push(pull);
            }
        }
    }
}

/// The questions about all images of an outcome, also those that the policy does not apply to.
pub fn all_questions(evaluation: &Evaluation<'_>, outcome: &Outcome, asker: &Asker<'_>) -> Vec<Question> {
    let pods = evaluation.pods_to_pull(outcome);
    pods.iter().flat_map(|pod| questions_of(pod, asker)).map(|(_, question)| question).collect()
}

/// The questions about the images of an outcome that the policy applies to.
pub fn questions(evaluation: &Evaluation<'_>, outcome: &Outcome, asker: &Asker<'_>) -> Vec<Question> {
    let pods = evaluation.pods_to_pull(outcome);
    let all = pods.iter().flat_map(|pod| questions_of(pod, asker));
    // Credentials are sent only for images that the policy applies to.
    let judged = all.filter(|(_, question)| asker.plan(question).is_ok_and(|plan| plan.is_judged));
    judged.map(|(_, question)| question).collect()
}

/// The questions about the images of a pod, each with the pointer of the image.
fn questions_of(pod: &PodToPull, asker: &Asker<'_>) -> Vec<(String, Question)> {
    let (pull_secrets, service_account) = (pods::pull_secrets(&pod.pod), pods::service_account(&pod.pod));
    let is_list_known = !pull_secrets.is_empty() || asker.knows_account(&pod.namespace, service_account);
    let question = |image: &str| Question {
        image: image.to_owned(),
        namespace: pod.namespace.clone(),
        service_account: service_account.to_owned(),
        pull_secrets: pull_secrets.clone(),
        is_list_known,
    };
    pods::images(&pod.pod).into_iter().map(|(pointer, image)| (pointer, question(image))).collect()
}
