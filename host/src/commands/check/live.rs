//! `check --live`: the objects of a cluster as inputs.

use anyhow::Result;
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};

use super::Check;
use crate::args::CompleteArgs;
use crate::commands::unknown::Unknown;
use crate::console::Io;
use crate::files::input::Given;
use crate::kubectl::world::World;
use crate::kubectl::{Kubectl, Scope};
use crate::text::counted;

/// What was read of the cluster; nothing without `--live`.
#[derive(Default)]
pub(super) struct Live {
    world: World,
    was_read: bool,
    /// Whether the content of pull secrets was asked for
    has_contents: bool,
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
        let world = World::read(&kubectl, &scope, live.secrets).map_err(|error| {
            Diagnostics(vec![Diagnostic::error(error.to_string()).with_help(error.help())])
        })?;
        Ok(Self { world, was_read: true, has_contents: live.secrets })
    }

    /// The objects, each as an input.
    pub(super) fn inputs(&self) -> Vec<Result<Given, String>> {
        let given = |found: &crate::kubectl::world::Found| {
            Ok(Given::Live(found.place.clone(), found.object.to_string().into_bytes()))
        };
        self.world.objects.iter().map(given).collect()
    }

    /// Adds the Secrets, whose content is not known, to the cluster.
    pub(super) fn add_secrets(&self, cluster: &mut Cluster) {
        self.world.secrets.iter().for_each(|secret| cluster.declare_secret(secret.clone()));
    }

    /// Whether a Secret that was not read does not exist; `given` without `--live`.
    pub(super) fn complete(&self, given: CompleteArgs) -> CompleteArgs {
        if self.was_read { CompleteArgs { complete: self.world.no_secrets.is_none() } } else { given }
    }

    /// Prints what is left out, and what is not known.
    pub(super) fn tell(&self, io: &Io) {
        let World { no_secrets, made, finished, .. } = &self.world;
        if *made > 0 {
            io.stderr.line(&format!(
                "note: {} checked with the workloads that made them",
                if *made == 1 { "1 object is".to_owned() } else { format!("{made} objects are") }
            ));
        }
        if *finished > 0 {
            io.stderr.line(&format!("note: {} skipped", counted(*finished, "finished pod")));
        }
        match no_secrets {
            Some(error) => {
                let warning = Diagnostic::warning(format!("the Secrets are not known: {error}"));
                let help =
                    "ask for the right to list secrets, without which no Secret is reported as missing";
                io.stderr.diagnostic(&warning.with_help(help));
            }
            None if self.was_read && !self.has_contents => {
                io.stderr.line("note: only the names and types of Secrets are checked; to check what is in them, and when it ends, add --secrets");
            }
            None => {}
        }
    }

    /// Prints what is not among other inputs. Of a cluster, everything was asked for.
    pub(super) fn tell_of_unknown(&self, unknown: &Unknown, io: &Io) {
        if !self.was_read {
            unknown.tell(io);
        }
    }
}
