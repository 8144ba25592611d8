//! What a pod and a template have in common: the findings on images whose pull secret is missing.

use crate::decide::attached::Attached;
use crate::decide::context::{About, Context, ServiceAccount};
use crate::decide::images::{Image, secrets};
use crate::distinct::Distinct;
use crate::finding::Severity;
use crate::pod_spec::PodSpec;
use crate::rule::Rule;

/// Reports entries of the list that have no name.
pub(super) fn report_nameless(context: &mut Context<'_>, spec: &PodSpec<'_>) {
    for i in spec.pull_secrets().nameless() {
        let pointer = format!("{}/{i}", spec.list_pointer());
        let message = format!(
            "imagePullSecrets[{i}] has no name: the kubelet skips it, yet it keeps the ServiceAccount's secrets out"
        );
        let help = format!("remove imagePullSecrets[{i}] or give it a name");
        context.report(
            Rule::EmptyPullSecretName,
            About { pointer: &pointer, ..About::default() },
            message,
            help,
        );
    }
}

/// Reports each image whose secret is not in the list; at most as severe as `most`.
pub(super) fn report_missing(
    context: &mut Context<'_>,
    spec: &PodSpec<'_>,
    attached: &Attached,
    account: &ServiceAccount,
    most: Severity,
    lacking: &[Image<'_>],
) {
    let inherited = match account {
        ServiceAccount::Known { secrets, .. } => secrets.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    // A pod's list may be a copy of the service account's list, made by the API server.
    let is_its_own =
        !spec.pull_secrets().is_empty() && !spec.pull_secrets().names().eq(inherited.iter().copied());
    let list = whole_list(&inherited, lacking);
    let mirrors = context.request.is_of_mirror_pod();
    for image in lacking {
        let secret = image.secret_name();
        let message = format!(
            "{} cannot pull \"{}\" without pull secret \"{secret}\"{}{}{}",
            image.used.user(),
            image.text,
            context.in_namespace(),
            attached.shortcomings(),
            if mirrors {
                ", which a mirror pod may not reference"
            } else if image.used.never {
                ", so with imagePullPolicy: Never it starts only on nodes that have the image"
            } else {
                ""
            }
        );
        let help = if mirrors {
            "give the node the credential".to_owned()
        } else if is_its_own {
            format!("add {{name: {secret}}} to the pod spec's imagePullSecrets")
        } else {
            format!("add {list} to the pod spec")
        };
        context.report_at_most(image.at_most(most), Rule::MissingPullSecret, image.about(), message, help);
    }
}

/// `imagePullSecrets` with `names`, then what `lacking` need: a shorter list would exclude the others.
fn whole_list(names: &[&str], lacking: &[Image<'_>]) -> String {
    let names = names.iter().copied().chain(lacking.iter().filter_map(Image::secret));
    let entries: Vec<String> = Distinct::of(names).iter().map(|name| format!("{{name: {name}}}")).collect();
    format!("imagePullSecrets: [{}]", entries.join(", "))
}

/// Reports images whose secret cannot be added any more, because `what` cannot be changed.
pub(super) fn report_immutable(
    context: &mut Context<'_>,
    what: &str,
    whole: &str,
    names: &[&str],
    lacking: &[Image<'_>],
) {
    let list = whole_list(names, lacking);
    for image in lacking {
        let secret = image.secret_name();
        let message = format!(
            "{} cannot pull \"{}\" without pull secret \"{secret}\"{}, and {what} cannot be changed",
            image.used.user(),
            image.text,
            context.in_namespace()
        );
        let help = format!("recreate {whole} with {list}");
        let most = image.at_most(Severity::Reject);
        context.report_at_most(most, Rule::PullSecretsImmutable, image.about(), message, help);
    }
}

/// Reports the images whose secret the service account refuses, and keeps the others.
pub(super) fn without_refused<'w>(
    context: &mut Context<'_>,
    spec: &PodSpec<'_>,
    attached: &Attached,
    account: &ServiceAccount,
    lacking: Vec<Image<'w>>,
) -> Vec<Image<'w>> {
    let ServiceAccount::Known { secrets, enforced: true, .. } = account else { return lacking };
    let secrets = Distinct::of(secrets.iter().map(String::as_str));
    let (allowed, refused): (Vec<_>, Vec<_>) =
        lacking.into_iter().partition(|image| image.secret().is_some_and(|name| secrets.has(name)));
    // A secret that could not be read may serve them.
    let refused = if attached.has_unknown() { Vec::new() } else { refused };
    for image in refused {
        let message = format!(
            "{} cannot pull \"{}\" without pull secret \"{}\", which ServiceAccount \"{}\"{} does not allow \
             (kubernetes.io/enforce-mountable-secrets)",
            image.used.user(),
            image.text,
            image.secret_name(),
            spec.service_account(),
            context.in_namespace()
        );
        let about = About { pointer: &spec.list_pointer(), ..image.about() };
        let help = format!(
            "add {{name: {}}} to imagePullSecrets of ServiceAccount \"{}\"",
            image.secret_name(),
            spec.service_account()
        );
        context.report_at_most(
            image.at_most(Severity::Reject),
            Rule::SecretNotMountable,
            about,
            message,
            help,
        );
    }
    allowed
}

/// Reports secrets that the service account has, but that the pod does not get because of its own list.
pub(super) fn report_hidden(
    context: &mut Context<'_>,
    spec: &PodSpec<'_>,
    account: &ServiceAccount,
    lacking: &[Image<'_>],
) {
    let ServiceAccount::Known { secrets: inherited, .. } = account else { return };
    let inherited = Distinct::of(inherited.iter().map(String::as_str));
    for name in secrets(lacking).iter().filter(|name| inherited.has(name)) {
        let message = format!(
            "ServiceAccount \"{}\"{} has pull secret \"{name}\", but Kubernetes copies its secrets only into pods \
             whose own list is empty",
            spec.service_account(),
            context.in_namespace()
        );
        let pointer = spec.list_pointer();
        let about = About { pointer: &pointer, image: None, secret: Some(name) };
        let help = format!("add {{name: {name}}} to the pod spec's imagePullSecrets");
        context.report(Rule::ServiceAccountSecretsHidden, about, message, help);
    }
}
