//! What happened since the image was pulled: a credential has expired.

use serde_json::{Value, json};

use super::super::{IMAGE, expired, pod};
use super::{Case, check, present, pulled, running};

/// The pod runs, and what its next pull needs is not only up to its credentials.
#[test]
fn a_pod_that_runs_with_an_expired_credential_says_what_its_next_pull_needs() {
    let with_policy = |policy: &str| {
        let mut pod = pod(IMAGE, &["acr-secret"], &running());
        pod["spec"]["containers"][0]["imagePullPolicy"] = policy.into();
        pod
    };
    let mut before = pulled(IMAGE);
    before["lastTimestamp"] = "2026-07-30T23:59:59Z".into();
    let mut completed = with_policy("IfNotPresent");
    completed["status"]["phase"] = "Succeeded".into();
    let with_init = |state: Value| {
        let mut pod = with_policy("IfNotPresent");
        pod["spec"]["initContainers"] =
            json!([{"name": "init", "image": IMAGE, "imagePullPolicy": "Always"}]);
        pod["status"]["initContainerStatuses"] = json!([{"name": "init", "state": state}]);
        pod
    };
    let worked = json!({"terminated": {"exitCode": 0, "reason": "Completed"}});
    let crashes = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let mut both = with_policy("IfNotPresent");
    both["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "proxy", "image": IMAGE, "imagePullPolicy": "Always"}));
    let mut once = with_policy("Always");
    once["spec"]["restartPolicy"] = "Never".into();
    let other =
        ", so container web gets its image on another node only if the identity of that node may pull";
    let of_init =
        ", so init container init gets its image on another node only if the identity of that node may pull";
    let always = ", so the next start of container web fails unless the identity of its node may pull";
    let of_proxy = ", so the next start of container proxy fails unless the identity of its node may pull";
    let crashing = "container init waits for another reason: CrashLoopBackOff, and the next start of init container init fails unless \
                    the identity of its node may pull: key contoso";
    let after = "none: the node pulled contoso.azurecr.io/shop/web:v1 at 2026-07-31T03:04:05Z, after the credential of secret acr-secret \
                 had expired, so the node has an identity";
    let never = "none: the node has contoso.azurecr.io/shop/web:v1, which the pod never pulls (imagePullPolicy Never)";
    let new = "the pod has finished (Succeeded) and pulls no more images, and a new pod fails unless the identity of its node may pull: key";
    let fix = "acr-pull-secret secret --merge";
    check(
        [
            ("events are gone", with_policy("IfNotPresent"), vec![], other, fix),
            ("pulled before", with_policy("IfNotPresent"), vec![before.clone()], other, fix),
            ("was on the node", with_policy("IfNotPresent"), vec![present(IMAGE)], other, fix),
            ("Always", with_policy("Always"), vec![before.clone()], always, fix),
            ("Always of the second container", both, vec![before.clone()], of_proxy, fix),
            ("Always, and it never starts again", once, vec![before.clone()], other, fix),
            (
                "Always of an init container that has done its work",
                with_init(worked),
                vec![before.clone()],
                of_init,
                fix,
            ),
            (
                "Always of an init container that crashes",
                with_init(crashes),
                vec![before.clone()],
                crashing,
                fix,
            ),
            ("pulled after", with_policy("IfNotPresent"), vec![pulled(IMAGE)], after, ""),
            ("Always, pulled after", with_policy("Always"), vec![pulled(IMAGE)], after, ""),
            ("Never", with_policy("Never"), vec![], never, ""),
            ("completed", completed.clone(), vec![before], new, fix),
            (
                "completed, pulled after",
                completed,
                vec![pulled(IMAGE)],
                "the pod has finished (Succeeded) and pulls no more images",
                "",
            ),
        ]
        .map(|(name, pod, events, cause, help)| {
            let ends = cause.starts_with(',');
            let begin = if ends {
                "key contoso.azurecr.io of secret acr-secret: its credential expired on 2026-"
            } else {
                cause
            };
            let case =
                Case::new(name, pod, begin, help.is_empty(), help).events(&events).secrets(&[expired()]);
            let found = case.answer()["cause"].to_string();
            assert!(!ends || found.contains(&format!("{cause}\"")), "{name}: {found}");
            case
        })
        .into(),
    );
}
