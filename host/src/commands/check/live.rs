//! `check --live`: the objects of a cluster as inputs.

use anyhow::Result;
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::evaluation::Evaluation;
use review::foreign_text::plain;
use review::list::some_of;

use super::Check;
use super::ends::Ends;
use super::judging::OfLive;
use crate::args::{AccessArgs, CompleteArgs};
use crate::commands::question::Question;
use crate::commands::unknown::Unknown;
use crate::console::Io;
use crate::files::input::Given;
use crate::kubectl::world::{Found, Waiting, World};
use crate::kubectl::{Kubectl, Scope};
use crate::program;
use crate::text::{counted, shell_word};

/// The most pods that a note lists.
const MOST_PODS: usize = 3;

/// What was read of the cluster; nothing without `--live`.
#[derive(Default)]
pub(super) struct Live {
    world: World,
    was_read: bool,
    /// Whether the content of pull secrets was asked for
    has_contents: bool,
    /// Which cluster it is
    access: AccessArgs,
}

impl Live {
    /// Reads the cluster where the options say so.
    ///
    /// # Errors
    /// - kubectl is not there, or fails
    pub(super) fn read(args: &Check, io: &Io) -> Result<Self> {
        if !args.live.live {
            return Ok(Self::default());
        }
        let live = &args.live;
        let scope = match args.policy.given_namespace() {
            _ if live.all_namespaces => Scope::All,
            Some(name) => Scope::Namespace(name.to_owned()),
            None => Scope::Context,
        };
        let kubectl =
            Kubectl::new(live.access.context.as_deref(), live.access.kubeconfig.as_deref(), &io.stderr);
        let kubectl = kubectl.quiet(args.quiet);
        let world = World::read(&kubectl, &scope, live.secrets).map_err(|error| {
            let help = error.help_for_list(&scope);
            Diagnostics(vec![Diagnostic::error(error.to_string()).with_help(help)])
        })?;
        Ok(Self { world, was_read: true, has_contents: live.secrets, access: live.access.clone() })
    }

    /// The objects, each as an input.
    pub(super) fn inputs(&self) -> Vec<Result<Given, Box<Diagnostic>>> {
        let given =
            |found: &Found| Ok(Given::Live(found.place.clone(), found.object.to_string().into_bytes()));
        self.world.objects.iter().map(given).collect()
    }

    /// Adds the Secrets, whose content is not known, to the cluster.
    pub(super) fn add_secrets(&self, cluster: &mut Cluster) {
        self.world.secrets.iter().for_each(|secret| cluster.declare_secret(secret.clone()));
    }

    /// When the Secrets end whose content is not known.
    pub(super) fn ends(&self, question: Question, evaluation: &Evaluation<'_>) -> Ends {
        if self.has_contents { Ends::default() } else { Ends::of(&self.world.secrets, question, evaluation) }
    }

    /// Whether a Secret that was not read does not exist; `given` without `--live`.
    pub(super) fn complete(&self, given: CompleteArgs) -> CompleteArgs {
        if self.was_read { CompleteArgs { complete: self.world.no_secrets.is_none() } } else { given }
    }

    /// Prints what is left out, and which part of the Secrets is known.
    pub(super) fn tell(&self, question: Question, io: &Io) {
        let World { no_secrets, made, alike, finished, deleted, unused, .. } = &self.world;
        if *made > 0 {
            io.stderr.line(&format!(
                "note: {} checked with the {}",
                if *made == 1 { "1 object is".to_owned() } else { format!("{made} objects are") },
                if *made == 1 { "workload that made it" } else { "workloads that made them" }
            ));
        }
        if *alike > 0 {
            io.stderr.line(&format!(
                "note: {} skipped, because one with the same controller, images and pull secrets is checked",
                counted(*alike, "object")
            ));
        }
        for (count, of_one, of_many) in [
            (*finished, "it has finished", "they have finished"),
            (*deleted, "it is being deleted", "they are being deleted"),
        ] {
            if count > 0 {
                let reason = if count == 1 { of_one } else { of_many };
                io.stderr.line(&format!("note: {} skipped, because {reason}", counted(count, "object")));
            }
        }
        if *unused > 0 {
            io.stderr.line(&format!("note: {} without pods skipped", counted(*unused, "old revision")));
        }
        if self.was_read && !self.has_contents && no_secrets.is_none() {
            let are = if question == Question::Pulls { "checked" } else { "known" };
            io.stderr.line(&format!(
                "note: only the names, types and announced ends of Secrets are {are}; to check what is in them, add --secrets"
            ));
        }
    }

    /// Prints what the user may not list.
    pub(super) fn warn_of_forbidden(&self, io: &Io) {
        if !self.world.forbidden.is_empty() {
            let kinds = self.world.forbidden.join(", ");
            let warning = Diagnostic::warning(format!("not checked, because you may not list them: {kinds}"));
            io.stderr
                .diagnostic(&warning.with_help("ask for the right to list them, if the cluster has any"));
        }
        if let Some(error) = &self.world.no_secrets {
            let warning = Diagnostic::warning(format!("the Secrets are not known: {error}"));
            let help = "ask for the right to list secrets, without which no Secret is reported as missing";
            io.stderr.diagnostic(&warning.with_help(help));
        }
    }

    /// Prints what to do about pods that are rejected: unlike a manifest, a pod cannot get another pull secret.
    pub(super) fn tell_of_rejected(&self, of_live: &OfLive, io: &Io) {
        let found = self.world.objects.iter().filter(|found| of_live.rejected_pods.contains(&found.place));
        let (again, others): (Vec<&Found>, Vec<&Found>) = found.partition(|found| found.is_created_again());
        let (mirrors, gone): (Vec<&Found>, Vec<&Found>) =
            others.into_iter().partition(|found| found.is_mirror());
        let note = |text: &str, pods: &[&Found]| {
            let names: Vec<String> = pods.iter().map(|found| found.name()).collect();
            if !names.is_empty() {
                io.stderr.line(&format!("note: {text}: {}", some_of(&names, MOST_PODS)));
            }
        };
        note(
            "a pod keeps the pull secrets that it was created with, so delete these rejected pods of workloads after a fix",
            &again,
        );
        note("only the kubelet's manifests on the nodes change these rejected static pods", &mirrors);
        note("no built-in workload creates these rejected pods again", &gone);
        if !gone.is_empty() {
            io.stderr.line(
                "note: to replace a pod, change the manifest of the pod or of its controller, and run \
                 kubectl replace --force -f FILE",
            );
        }
    }

    /// Prints which pods wait for their images, although nothing is wrong with what was checked for them.
    pub(super) fn warn_of_waiting(&self, of_live: &OfLive, io: &Io) {
        let waiting = self.world.waiting.iter().filter(|pod| of_live.accepted.contains(&pod.checked));
        let pods: Vec<&Waiting> = waiting.collect();
        let Some(first) = pods.first() else { return };
        let names: Vec<String> =
            pods.iter().map(|Waiting { namespace, name, .. }| format!("{namespace}/{name}")).collect();
        let warning = Diagnostic::warning(format!(
            "the kubelet cannot pull an image of {} that {} accepted: {}",
            counted(pods.len(), "pod"),
            if pods.len() == 1 { "is" } else { "are" },
            some_of(&names, MOST_PODS),
        ));
        let help = format!(
            "to see why, run {} why {} -n {}{}",
            program::name(),
            shell_word(&first.name),
            shell_word(&first.namespace),
            self.access.words()
        );
        // What is shown with escapes cannot be pasted.
        let help = Some(help).filter(|help| plain(help) == *help);
        io.stderr.diagnostic(&Diagnostic { help, ..warning });
    }

    /// Prints what is not among other inputs. Of a cluster, everything was asked for.
    pub(super) fn tell_of_unknown(&self, unknown: &Unknown, io: &Io) {
        if !self.was_read {
            unknown.tell(io);
        }
    }
}
