//! A service account: pods that are created later get its pull secrets.

use crate::decide::context::Context;
use crate::decide::list::report_invalid;
use crate::distinct::Distinct;
use crate::pod_spec::{PULL_SECRETS, PullSecretList, has_identity};
use crate::settings::{Mode, Owner};

pub(super) fn check(context: &mut Context<'_>) {
    let (request, settings) = (context.request, context.settings);
    if report_invalid(context, request.object.get(PULL_SECRETS), &[]) {
        return;
    }
    if has_identity(&request.object) {
        return;
    }
    if settings.mode != Mode::Mutate || !settings.targets.service_accounts || !request.object.is_object() {
        return;
    }
    let list = PullSecretList::of(request.object.get(PULL_SECRETS));
    if list.can_grow() {
        let known = Distinct::of(list.names());
        let wanted = settings.pull_secrets.secrets_of(Owner {
            namespace: &request.namespace,
            service_account: request.object.string_at(&["metadata", "name"]),
        });
        let lacking = Distinct::of(wanted.filter(|name| !known.has(name)));
        context.add(vec![PULL_SECRETS], lacking.into_vec());
    }
}
