//! A pod: its list can be extended when it is created, and is only checked afterwards.

use crate::decide::attached::Attached;
use crate::decide::context::{Context, ServiceAccount};
use crate::decide::images::{Assessment, Image, secrets};
use crate::decide::list::{report_invalid, report_misplaced};
use crate::decide::missing::{
    report_hidden, report_immutable, report_missing, report_nameless, without_refused,
};
use crate::finding::Severity;
use crate::pod_spec::PodSpec;
use crate::request::Operation;
use crate::settings::Mode;

pub(super) fn check(context: &mut Context<'_>) {
    let (request, settings) = (context.request, context.settings);
    let Some(spec) = PodSpec::of(&request.object, &["spec"]) else { return };
    if request.is_of_mirrored_node(spec.node_name()) {
        return;
    }
    let creating = request.operation == Operation::Create && request.subresource.is_empty();
    let old = PodSpec::of(&request.old_object, &["spec"]).filter(|_| !creating);
    let old = old.map(|old| Assessment::of(&old, settings, &request.namespace));
    let mut assessment = Assessment::of(&spec, settings, &request.namespace);
    if let Some(old) = &old {
        // A pod's list never changes, so only changed images can cause new findings.
        assessment.images.retain(|image| !old.has(image));
        assessment.forget_troubles_of(old);
    }
    assessment.report_troubles(context);
    if report_invalid(context, spec.list(), spec.path()) {
        return;
    }
    if creating {
        report_nameless(context, &spec);
        report_misplaced(context, &spec);
    }
    let mut names: Vec<&str> = spec.pull_secrets().names().collect();
    let attached = Attached::of(context, &names, &assessment.images, &spec);
    attached.report_unlisted(context, &spec, &assessment.images, None);
    let lacking = attached.lacking(&assessment.images, &names);
    let added = if lacking.is_empty() || context.service_account(&spec).has_identity() {
        Vec::new()
    } else {
        add_missing(context, &spec, &attached, lacking, creating)
    };
    names.extend(added.iter().map(String::as_str));
    let attached =
        if added.is_empty() { attached } else { Attached::of(context, &names, &assessment.images, &spec) };
    attached.report(context, &spec, &assessment.images, Severity::Reject);
    context.add(spec.list_path(), added);
}

/// The names to add for images that lack their secret; if that is not possible, findings give the reason.
fn add_missing(
    context: &mut Context<'_>,
    spec: &PodSpec<'_>,
    attached: &Attached,
    lacking: Vec<Image<'_>>,
    creating: bool,
) -> Vec<String> {
    let (request, settings) = (context.request, context.settings);
    let list = spec.pull_secrets();
    let may_add = creating && settings.mode == Mode::Mutate && settings.targets.pods;
    let may_add = may_add && !request.is_of_mirror_pod() && list.can_grow();
    // A secret that could not be read may serve the images: `lookup-failed` reports it, and no secret is known to be missing.
    if attached.has_unknown() && !may_add {
        return Vec::new();
    }
    if !creating {
        let names: Vec<&str> = spec.pull_secrets().names().collect();
        report_immutable(context, "imagePullSecrets of a pod", "the pod", &names, &lacking);
        return Vec::new();
    }
    if may_add {
        let account = context.service_account(spec);
        return secrets(&without_refused(context, spec, attached, &account, lacking));
    }
    // An empty list means that the service account has none.
    let account = if list.is_empty() { ServiceAccount::Unasked } else { context.service_account(spec) };
    report_missing(context, spec, attached, &account, Severity::Reject, &lacking);
    report_hidden(context, spec, &account, &lacking);
    Vec::new()
}
