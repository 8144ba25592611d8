//! The question that a command answers: can pods pull their images, or what does the policy do?

use review::settings::{Settings, SettingsSource};

use crate::console::Io;
use crate::sandbox::Policy;
use review::engine::Engine as _;

/// The settings for the evaluation: those that are given, or else those that check whether pods can pull their images. A policy
/// other than the built-in one gets `{}`.
pub(super) fn settings(given: Option<Settings>, policy: &Policy) -> (Settings, Question) {
    match given {
        Some(settings) => (settings, Question::Policy),
        None if policy.is_own() => (Settings::for_pulls(), Question::Pulls),
        None => (Settings::default(), Question::Policy),
    }
}

/// The question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Can these pods pull their images?
    Pulls,
    /// What does the policy do?
    Policy,
}

impl Question {
    /// Prints a note about which of the two it is.
    pub(super) fn tell(self, settings: &Settings, io: &Io) {
        match (self, &settings.resource, &settings.source) {
            (Self::Pulls, ..) => io.stderr.line(
                "note: checking whether the pods can pull their images; to check what the policy does in a cluster, add \
                 --settings FILE",
            ),
            (Self::Policy, Some(resource), Some(SettingsSource { name, .. })) => {
                let title = resource.title();
                io.stderr.line(&format!("note: checking what a cluster with {title} does ({name})"));
            }
            _ => {}
        }
    }
}
