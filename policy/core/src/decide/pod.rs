//! A pod: it can be mended when it is created, and only judged afterwards.

use crate::decide::attached::Attached;
use crate::decide::images::{Assessment, Image, secrets};
use crate::decide::judge::{About, Judge, ServiceAccount};
use crate::decide::{is_mirror, is_mirror_of_node};
use crate::finding::Severity;
use crate::pod_spec::PodSpec;
use crate::request::Operation;
use crate::rule::Rule;
use crate::settings::Mode;

pub(super) fn judge(judge: &mut Judge<'_>) {
    let (request, settings) = (judge.request, judge.settings);
    let Some(spec) = PodSpec::of(&request.object, &["spec"]) else { return };
    if is_mirror_of_node(request, spec.node_name()) {
        return;
    }
    let creating = request.operation == Operation::Create && request.subresource.is_empty();
    let old = PodSpec::of(&request.old_object, &["spec"]).filter(|_| !creating);
    let old = old.map(|old| Assessment::of(&old, settings, &request.namespace));
    let mut assessment = Assessment::of(&spec, settings, &request.namespace);
    if let Some(old) = &old {
        // A pod's list never changes, so only images can bring something new.
        assessment.images.retain(|image| !old.has(image));
        assessment.forget_troubles_of(old);
    }
    assessment.report_troubles(judge);
    if creating {
        report_nameless(judge, &spec);
    }
    let mut names: Vec<&str> = spec.pull_secrets().names().collect();
    let list = spec.list_pointer();
    let attached = Attached::of(judge, &names, &assessment.images, &list);
    assessment.report_unlisted(judge, &attached, None);
    let lacking = assessment.lacking(&names, &attached);
    let added =
        if lacking.is_empty() { Vec::new() } else { mend(judge, &spec, &attached, lacking, creating) };
    names.extend(added.iter().map(String::as_str));
    let attached =
        if added.is_empty() { attached } else { Attached::of(judge, &names, &assessment.images, &list) };
    attached.report(judge, &spec, &assessment.images, Severity::Reject);
    judge.add(spec.list_path(), added);
}

/// The names to add for images that lack their secret; where that may not be, findings say why.
fn mend(
    judge: &mut Judge<'_>,
    spec: &PodSpec<'_>,
    attached: &Attached,
    lacking: Vec<Image<'_>>,
    creating: bool,
) -> Vec<String> {
    let (request, settings) = (judge.request, judge.settings);
    if !creating {
        report_immutable(judge, "imagePullSecrets of a pod", "the pod", &lacking);
        return Vec::new();
    }
    let list = spec.pull_secrets();
    let may_mend = settings.mode == Mode::Mutate && settings.targets.pods;
    if may_mend && !is_mirror(request) && list.can_grow() {
        let account = judge.service_account(spec.service_account(), &spec.list_pointer());
        return secrets(&without_refused(judge, spec, &account, lacking));
    }
    report_missing(judge, spec, attached, Severity::Reject, &lacking);
    if !list.is_empty() {
        let account = judge.service_account(spec.service_account(), &spec.list_pointer());
        report_hidden(judge, spec, &account, &lacking);
    }
    Vec::new()
}

/// Reports entries of the list that have no name.
pub(super) fn report_nameless(judge: &mut Judge<'_>, spec: &PodSpec<'_>) {
    for i in spec.pull_secrets().nameless() {
        let pointer = format!("{}/{i}", spec.list_pointer());
        let message = format!(
            "imagePullSecrets[{i}] has no name: the kubelet skips it, yet it keeps the ServiceAccount's secrets out; \
             remove it or name a secret"
        );
        judge.report(Rule::EmptyPullSecretName, About { pointer: &pointer, ..About::default() }, message);
    }
}

/// Reports each image whose secret is not in the list; that weighs `most` at the most.
pub(super) fn report_missing(
    judge: &mut Judge<'_>,
    spec: &PodSpec<'_>,
    attached: &Attached,
    most: Severity,
    lacking: &[Image<'_>],
) {
    for image in lacking {
        let message = missing(judge, spec, attached, image);
        judge.report_at_most(most, Rule::MissingPullSecret, image.about(), message);
    }
}

fn missing(judge: &Judge<'_>, spec: &PodSpec<'_>, attached: &Attached, image: &Image<'_>) -> String {
    let secret = image.secret_name();
    let mend = if is_mirror(judge.request) {
        "a mirror pod may not reference secrets; give the node the credential".to_owned()
    } else if spec.pull_secrets().is_empty() {
        format!("add imagePullSecrets: [{{name: {secret}}}] to the pod spec")
    } else {
        format!("add {{name: {secret}}} to the pod spec's imagePullSecrets")
    };
    format!(
        "{} cannot pull \"{}\" without pull secret \"{secret}\"{}{}; {mend}",
        image.user,
        image.text,
        judge.in_namespace(),
        attached.shortcomings()
    )
}

/// Reports images whose secret cannot be added any more, because `what` cannot be changed.
pub(super) fn report_immutable(judge: &mut Judge<'_>, what: &str, whole: &str, lacking: &[Image<'_>]) {
    for image in lacking {
        let secret = image.secret_name();
        let message = format!(
            "{} cannot pull \"{}\" without pull secret \"{secret}\"{}, and {what} cannot be changed; recreate {whole} \
             with imagePullSecrets: [{{name: {secret}}}]",
            image.user,
            image.text,
            judge.in_namespace()
        );
        judge.report(Rule::PullSecretsImmutable, image.about(), message);
    }
}

/// Reports the images whose secret the service account refuses, and keeps the others.
pub(super) fn without_refused<'w>(
    judge: &mut Judge<'_>,
    spec: &PodSpec<'_>,
    account: &ServiceAccount,
    lacking: Vec<Image<'w>>,
) -> Vec<Image<'w>> {
    let ServiceAccount::Known { secrets, enforced: true } = account else { return lacking };
    let (allowed, refused): (Vec<_>, Vec<_>) = lacking
        .into_iter()
        .partition(|image| secrets.iter().any(|name| Some(name.as_str()) == image.secret()));
    for image in refused {
        let message = format!(
            "{} cannot pull \"{}\" without pull secret \"{}\", which ServiceAccount \"{}\"{} does not allow \
             (kubernetes.io/enforce-mountable-secrets); add it to the ServiceAccount's imagePullSecrets",
            image.user,
            image.text,
            image.secret_name(),
            spec.service_account(),
            judge.in_namespace()
        );
        let about = About { pointer: &spec.list_pointer(), ..image.about() };
        judge.report(Rule::SecretNotMountable, about, message);
    }
    allowed
}

/// Reports secrets that the service account has, but that the pod's own list keeps out.
pub(super) fn report_hidden(
    judge: &mut Judge<'_>,
    spec: &PodSpec<'_>,
    account: &ServiceAccount,
    lacking: &[Image<'_>],
) {
    let ServiceAccount::Known { secrets: held, .. } = account else { return };
    for name in secrets(lacking).iter().filter(|name| held.contains(name)) {
        let message = format!(
            "ServiceAccount \"{}\"{} has pull secret \"{name}\", but Kubernetes copies its secrets only into pods \
             whose own list is empty; add {{name: {name}}} to the pod spec's imagePullSecrets",
            spec.service_account(),
            judge.in_namespace()
        );
        let pointer = spec.list_pointer();
        let about = About { pointer: &pointer, image: None, secret: Some(name) };
        judge.report(Rule::ServiceAccountSecretsHidden, about, message);
    }
}
