//! A pod template: its pods are what counts, and an empty list means the service account's.

use crate::decide::attached::Attached;
use crate::decide::context::{About, Context, ServiceAccount};
use crate::decide::images::{self, Assessment, Image, secrets};
use crate::decide::list::{is_custom, is_invalid, report_invalid, report_misplaced};
use crate::decide::missing::{
    report_hidden, report_immutable, report_missing, report_nameless, without_refused,
};
use crate::distinct::Distinct;
use crate::finding::{Finding, Severity};
use crate::pod_spec::PodSpec;
use crate::request::Operation;
use crate::rule::Rule;
use crate::settings::{Mode, SecretLookup};

pub(super) fn check(context: &mut Context<'_>, path: &'static [&'static str], immutable: bool) {
    let (request, settings) = (context.request, context.settings);
    let Some(spec) = PodSpec::of(&request.object, path) else { return };
    let updating = request.operation == Operation::Update;
    let old = PodSpec::of(&request.old_object, path).filter(|_| updating);
    let old = old.map(|old| (old, Assessment::of(&old, settings, &request.namespace)));
    let mut assessment = Assessment::of(&spec, settings, &request.namespace);
    if let Some((_, old)) = &old {
        assessment.forget_troubles_of(old);
    }
    assessment.report_troubles(context);
    let old_spec = old.as_ref().map(|(old, _)| old);
    if old_spec.is_none() {
        report_misplaced(context, &spec);
    }
    // What the API server stores of a built-in kind is valid; a custom one may have had such a list before.
    let is_known = is_custom(context) && old_spec.is_some_and(|old| is_invalid(old.list()));
    if !is_known && report_invalid(context, spec.list(), spec.path()) {
        return;
    }
    let nameless = |spec: &PodSpec<'_>| spec.pull_secrets().nameless().count();
    if old.as_ref().is_none_or(|(old, _)| nameless(old) < nameless(&spec)) {
        report_nameless(context, &spec);
    }
    if old.as_ref().is_some_and(|(old_spec, old)| is_unchanged(&spec, &assessment, old_spec, old)) {
        return;
    }
    let view = View::of(context, &spec, &assessment);
    view.attached.report_unlisted(context, &spec, &assessment.images, old.as_ref().map(|(_, old)| old));
    let mut lacking = view.lacking(&assessment.images);
    let mut known = Vec::new();
    if let Some((old_spec, old)) = &old {
        let (was, found) = context.silently(|context| {
            let was = View::of(context, old_spec, old);
            was.attached.report(context, old_spec, &old.images, Severity::Reject);
            was
        });
        known = found;
        // A problem that was uncertain before the update and is certain now is reported as new.
        if !was.unsure || view.unsure {
            let was_lacking = was.lacking(&old.images);
            let was_lacking = images::known(&was_lacking);
            lacking.retain(|new| !new.is_among(&was_lacking));
        }
        if was.names == view.names {
            assessment.images.retain(|image| !old.has(image));
        }
    }
    let added = if lacking.is_empty() {
        Vec::new()
    } else {
        add_missing(context, &spec, &view, lacking.clone(), immutable && updating)
    };
    let mut names = view.names();
    if settings.mode == Mode::Mutate && settings.targets.pods && added.is_empty() {
        // The pods get the names when they are created, and rely on them then.
        names.extend(lacking.iter().filter_map(Image::secret));
    }
    names.extend(added.iter().map(String::as_str));
    let attached = if names == view.names() {
        view.attached
    } else {
        Attached::of(context, &names, &assessment.images, &spec)
    };
    // Secrets of a ServiceAccount that cannot be looked up may serve the image too, so the findings are only warnings.
    let unsure = view.unsure && settings.cluster.secrets == SecretLookup::Credentials;
    let most = if unsure { Severity::Warn } else { Severity::Reject };
    attached.report(context, &spec, &assessment.images, most);
    context.forget(&known, Finding::subject);
    context.add(spec.list_path(), added);
}

/// The pull secrets that the pods of a template will have.
struct View {
    names: Vec<String>,
    /// The template's own list is empty, and what its service account has is not known
    unsure: bool,
    account: ServiceAccount,
    attached: Attached,
}

impl View {
    fn of(context: &mut Context<'_>, spec: &PodSpec<'_>, assessment: &Assessment<'_>) -> Self {
        let list = spec.pull_secrets();
        let mut names: Vec<String> = list.names().map(str::to_owned).collect();
        let mut account = ServiceAccount::Unasked;
        // The list of the template does not count where the policy adds the names to its pods, and does not look for them.
        let settings = context.settings;
        let counts = settings.mode == Mode::Validate
            || !settings.targets.pods
            || settings.targets.pod_templates
            || settings.cluster.secrets != SecretLookup::None;
        let listed = Distinct::of(names.iter().map(String::as_str));
        let lacks = assessment.images.iter().filter_map(Image::secret).any(|name| !listed.has(name));
        let looks = list.is_empty()
            && match settings.cluster.secrets {
                SecretLookup::None => false,
                SecretLookup::Exists => assessment.images.iter().any(|image| image.secret().is_some()),
                SecretLookup::Credentials => !assessment.images.is_empty(),
            };
        if (counts && lacks) || looks {
            account = context.service_account(spec);
        }
        if let (true, ServiceAccount::Known { secrets, .. }) = (list.is_empty(), &account) {
            names.clone_from(secrets);
        }
        let unsure = list.is_empty() && matches!(account, ServiceAccount::Unasked | ServiceAccount::Unknown);
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let attached = Attached::of(context, &known, &assessment.images, spec);
        Self { names, unsure, account, attached }
    }

    /// The images that none of its secrets serves, nor its service account's identity.
    fn lacking<'a>(&self, images: &[Image<'a>]) -> Vec<Image<'a>> {
        if self.account.has_identity() { Vec::new() } else { self.attached.lacking(images, &self.names()) }
    }

    fn names(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}

/// The names to write into the template for images that lack their secret; otherwise findings report the problem.
fn add_missing(
    context: &mut Context<'_>,
    spec: &PodSpec<'_>,
    view: &View,
    lacking: Vec<Image<'_>>,
    immutable: bool,
) -> Vec<String> {
    let settings = context.settings;
    let list = spec.pull_secrets();
    let may_add = settings.mode == Mode::Mutate && settings.targets.pod_templates;
    if view.attached.has_unknown() && (!may_add || immutable || !list.can_grow()) {
        // A secret that could not be read may serve the images: `lookup-failed` reports it, and no secret is known to be
        // missing.
    } else if may_add && immutable {
        report_immutable(context, "the template of a Job", "the Job", &view.names(), &lacking);
    } else if may_add && list.can_grow() && !view.unsure {
        let lacking = without_refused(context, spec, &view.attached, &view.account, lacking);
        if matches!(view.account, ServiceAccount::Absent) && list.is_empty() && !lacking.is_empty() {
            report_unknown_account(context, spec);
        }
        return union(if list.is_empty() { &view.names } else { &[] }, &lacking);
    } else if settings.mode == Mode::Mutate && settings.targets.pods {
        // The pods get the names when they are created.
    } else if view.unsure {
        report_missing(context, spec, &view.attached, &view.account, Severity::Warn, &lacking);
    } else {
        report_missing(context, spec, &view.attached, &view.account, Severity::Reject, &lacking);
        if !list.is_empty() {
            report_hidden(context, spec, &view.account, &lacking);
        }
    }
    Vec::new()
}

/// Whether an update does not change anything that the decision depends on: then there are no new findings and no lookups.
fn is_unchanged(
    new: &PodSpec<'_>,
    assessed: &Assessment<'_>,
    old: &PodSpec<'_>,
    was: &Assessment<'_>,
) -> bool {
    new.service_account() == old.service_account()
        && new.pull_secrets().names().eq(old.pull_secrets().names())
        && new.pull_secrets().is_empty() == old.pull_secrets().is_empty()
        && assessed.images.iter().all(|image| was.has(image))
}

/// The service account's names first, as Kubernetes would have copied them, then the missing names.
fn union(inherited: &[String], lacking: &[Image<'_>]) -> Vec<String> {
    let lacking = secrets(lacking);
    if lacking.is_empty() {
        return lacking;
    }
    Distinct::of(inherited.iter().chain(&lacking).map(String::as_str)).into_vec()
}

fn report_unknown_account(context: &mut Context<'_>, spec: &PodSpec<'_>) {
    let message = format!(
        "ServiceAccount \"{}\"{} does not exist yet, and the list added to the template will keep its pull secrets \
         out",
        spec.service_account(),
        context.in_namespace()
    );
    let about = About { pointer: &spec.list_pointer(), ..About::default() };
    let help = format!(
        "create ServiceAccount \"{}\" first, or list its secrets in the template",
        spec.service_account()
    );
    context.report(Rule::ServiceAccountSecretsHidden, about, message, help);
}
