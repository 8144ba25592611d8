//! What the manifests use, as the API server and the policy read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, bail};
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::evaluation::Evaluation;
use review::explanation::{self, Explanation, OutcomeState, Question};
use review::host_calls::HostCalls;
use review::kind::{Judged, Kind};
use review::lookups::Lookups;
use review::settings::Settings;
use review::usage::{Usage, Use};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use crate::args::jobs::threads;
use crate::commands::inputs::{self, Problems};
use crate::commands::skipped;
use crate::console::Io;
use crate::files::search::Search;
use crate::pull::{self, Asker, Node, Plans, Unread};
use crate::sandbox::Policy;

/// What manifests have.
pub(super) struct Found {
    /// Which registries and pull secrets they use
    pub(super) usage: Usage,
    /// How many Kubernetes objects there are
    pub(super) objects: usize,
    /// How many images their pods have
    pub(super) images: usize,
}

/// Reads the manifests.
///
/// # Errors
/// - one of them that cannot be read to its end
/// - a policy that does not explain images
pub(super) fn read(
    paths: &[String],
    search: &Search,
    namespace: &str,
    policy: &Policy,
    io: &mut Io,
) -> Result<Found> {
    let mut problems = Problems::default();
    let (inputs, folders) = inputs::given_in_folders(paths, search, io);
    let (cluster, _) = inputs::cluster_with(Cluster::default(), &inputs, namespace, threads(None)?);
    let cluster = Arc::new(cluster);
    let log = Arc::new(io.stderr.clone());
    let host: Arc<dyn HostCalls> =
        Arc::new(Lookups::new(cluster.clone(), policy.metadata(), log).incomplete());
    let settings = Settings::for_pulls().json;
    let judged = Judged::of(policy.metadata());
    let evaluation = Evaluation::new(policy, &settings, &judged, namespace, &cluster, host.clone());
    let asker = Asker {
        policy,
        settings: &settings,
        host: host.clone(),
        cluster: &cluster,
        is_complete: false,
        unread: Unread::NotGiven,
        node: Node::default(),
        plans: Plans::default(),
    };
    let mut objects = 0;
    let mut questions = Vec::new();
    inputs::read(&inputs, io, &mut problems, |_, manifests| {
        for manifest in manifests {
            objects += usize::from(Kind::of(manifest.object()).is_some());
            questions.extend(pull::all_questions(&evaluation, &evaluation.judge(manifest), &asker));
        }
    });
    skipped::tell(&folders, search, io);
    if !problems.is_complete() {
        let error = Diagnostic::error("the manifests could not be read completely, so nothing was written");
        let help = if inputs.iter().any(Result::is_err) {
            "name only files and folders that are there and that you may read"
        } else {
            "correct the file, or leave it out with --exclude"
        };
        bail!(Diagnostics(vec![error.with_help(help)]));
    }

    let images = questions.len();
    let known = cluster.pull_secret_names();
    let mut usage = Usage::default();
    let mut explained = Explained { policy, host, settings: &settings, answers: BTreeMap::new() };
    for question in questions {
        let listed = Some(question.pull_secrets).filter(|names| !names.is_empty());
        let known = || known.get(question.namespace.as_str()).into_iter().flatten();
        let is_listed = listed.is_some();
        let names = listed.unwrap_or_else(|| known().map(|name| (*name).to_owned()).collect());
        match explained.ask(question.image.clone(), question.namespace.clone(), names.clone())? {
            Image::Of(registry, secret) => {
                usage.add_listed(&names);
                let found = if is_listed { Use::Listed } else { Use::Known };
                usage.add(registry, &question.namespace, secret.as_deref().map_or(Use::None, found));
            }
            Image::OfOther(host) => usage.add_other(host),
            Image::Unknown => usage.add_unknown(&question.image),
        }
    }
    // A host such as `con_toso.azurecr.io` cannot be a registry in settings.
    usage.retain(|registry| {
        let key = json!({"pullSecrets": [{"registries": [registry], "secretless": true}]});
        to_raw_value(&key).is_ok_and(|json| {
            Settings { json, ..Settings::default() }.validate(policy, explained.host.clone()).is_ok()
        })
    });
    Ok(Found { usage, objects, images })
}

/// What an image says about its registry.
enum Image {
    /// An Azure registry, and the pull secret that a pod has for it
    Of(String, Option<String>),
    /// Another one
    OfOther(String),
    /// Not known, as of a placeholder
    Unknown,
}

/// The policy's answers, each asked for once.
struct Explained<'a> {
    policy: &'a Policy,
    host: Arc<dyn HostCalls>,
    settings: &'a RawValue,
    answers: BTreeMap<(String, String, Vec<String>), Image>,
}

impl Explained<'_> {
    /// The registry of an image, and which of these pull secrets of the pod is for it.
    fn ask(&mut self, image: String, namespace: String, names: Vec<String>) -> Result<&Image> {
        let key = (image, namespace, names);
        if !self.answers.contains_key(&key) {
            let (image, namespace, names) = &key;
            let ask = |image: &str| {
                let question = Question {
                    image,
                    namespace,
                    settings: self.settings,
                    pull_secrets: Some(names),
                    service_account: "",
                    credentials: false,
                };
                explanation::ask(self.policy, &question, self.host.clone())
            };
            let (_, mut answer) = ask(image)?;
            // With a placeholder behind its host, an image is of the registry of that host.
            let is_unknown = answer.outcome.as_ref().is_some_and(|it| it.state == OutcomeState::Unknown);
            if let Some((host, _)) =
                image.split_once('/').filter(|_| answer.reference.is_none() && is_unknown)
            {
                (_, answer) = ask(&format!("{host}/image"))?;
            }
            let image = Image::of(&answer, names);
            self.answers.insert(key.clone(), image);
        }
        Ok(self.answers.get(&key).unwrap_or(&Image::Unknown))
    }
}

impl Image {
    fn of(answer: &Explanation, names: &[String]) -> Self {
        let (Some(registry), Some(reference)) = (&answer.registry, &answer.reference) else {
            return Self::Unknown;
        };
        match registry.kind.as_str() {
            // The secret that the kubelet tries first, or else the first of the list.
            "login-server" => {
                let secret = answer.tries.first().map(|tried| &tried.secret).or(names.first());
                Self::Of(reference.domain.to_ascii_lowercase(), secret.cloned())
            }
            "other" if registry.host.is_empty() => Self::Unknown,
            "other" => Self::OfOther(registry.host.clone()),
            _ => Self::Unknown,
        }
    }
}
