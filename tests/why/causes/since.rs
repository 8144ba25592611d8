//! What happened since the image was pulled: a credential has expired.

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
    let other = "container web has its image, and a pull on another node fails unless the identity of that node may pull: key contoso";
    let always = "container web has its image, and its next start pulls again, which fails unless the identity of its node may pull: key contoso";
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
            Case::new(name, pod, cause, help.is_empty(), help).events(&events).secrets(&[expired()])
        })
        .into(),
    );
}
