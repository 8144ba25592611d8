//! What a command answers: whether pods get their images, or what the policy does.

use review::settings::{Settings, SettingsSource};

use crate::console::Io;
use crate::sandbox::Policy;
use review::engine::Engine as _;

/// The settings to judge with: those that are given, or else what the question whether pods get their images comes to. Another
/// policy than the built-in one gets `{}`.
pub(super) fn settings(given: Option<Settings>, policy: &Policy) -> (Settings, Question) {
    match given {
        Some(settings) => (settings, Question::Policy),
        None if policy.is_own() => (Settings::for_pulls(), Question::Pulls),
        None => (Settings::default(), Question::Policy),
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Will these pods get their images?
    Pulls,
    /// What does the policy do?
    Policy,
}

impl Question {
    /// Says which of the two it is.
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
