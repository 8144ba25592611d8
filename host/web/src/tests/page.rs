//! What the page keeps in the browser, copies as fixed, and shows of an object.

use super::{POD, pull_secret};
use crate::detail;
use crate::judgement::Judgement;
use crate::secrecy::Secrecy;

fn judge(manifests: &str, settings: &str, cluster: &str) -> Judgement {
    Judgement::new(manifests, settings, cluster, "shop", false)
}

#[test]
fn texts_with_values_of_secrets_are_told_from_others() {
    let secret = pull_secret(r#"{"auths": {}}"#);
    let env = POD.replace(
        "name: web, image",
        "name: web, env: [{name: AZURE_CLIENT_SECRET, value: TUFSS0VSTUFSS0VS}], image",
    );
    let rows = [
        (POD, "", Secrecy::None),
        (POD, "# mode: validate\nmode: validate", Secrecy::None),
        (POD, &secret, Secrecy::Some),
        (&secret, "", Secrecy::Some),
        (&env, "", Secrecy::Some),
        ("# was: hunter2hunter2\nkind: Secret\n", "", Secrecy::Some),
        ("kind: [", "", Secrecy::Unreadable),
        (POD, "kind: Secret\ndata: {x: [", Secrecy::Unreadable),
    ];
    for (manifests, other, expected) in rows {
        assert_eq!(judge(manifests, "", other).secrecy(), expected, "{manifests}\n{other}");
    }
}

#[test]
fn the_fixed_text_is_the_users_own_with_the_names_added() {
    let own = "# ours\nkind: Pod\napiVersion: v1\nmetadata: {name: web, namespace: shop}\nspec:\n  # one\n  containers:\n  - \
               {name: web, image: 'contoso.azurecr.io/web:v1'} # the web\n";
    let added = own.replace("  # one\n", "  imagePullSecrets:\n  - name: acr-secret\n  # one\n");
    for settings in ["", "mode: validate"] {
        assert_eq!(judge(own, settings, "").fix().text, added, "{settings}");
    }
    assert_eq!(judge(&added, "", "").fix().text, added);

    let recorded = format!(
        r#"{{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {{"uid": "1", "operation": "CREATE",
        "namespace": "shop", "kind": {{"group": "", "version": "v1", "kind": "Pod"}}, "object": {}}}}}"#,
        serde_json::json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}]},
        })
    );
    let fixed = judge(&recorded, "", "").fix();
    assert_eq!(fixed.text, recorded);
    let message = &fixed.refusals[0].message;
    assert!(message.contains("part of an admission request"), "{message}");
}

#[test]
fn a_secret_that_is_not_given_is_not_known_unless_the_policy_reads_secrets() {
    let other = pull_secret("{}").replace("\"shop\"", "\"stage\"");
    let outcome = |settings: &str, cluster: &str| {
        let judgement = judge(POD, settings, cluster);
        let detail = detail::of(&judgement, &judgement.outcomes[0]);
        let detail = serde_json::to_value(&detail).unwrap();
        detail["images"][0]["explanation"]["outcome"]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("", ""), "unknown");
    assert_eq!(outcome("", &other), "fails");
    assert_eq!(outcome("cluster: {secrets: exists}", ""), "fails");
}

#[test]
fn a_long_image_stands_on_one_line_as_people_write_it() {
    let image = format!("contoso.azurecr.io/{}:v1", "a-long-name-of-a-team/".repeat(8) + "web");
    let pod = POD
        .replace("contoso.azurecr.io/web:v1", &image)
        .replace("  imagePullSecrets: [{name: acr-secret}]\n", "");
    let judgement = judge(&pod, "", "");
    let detail = detail::of(&judgement, &judgement.outcomes[0]);
    let detail = serde_json::to_value(&detail).unwrap();
    let after = detail["changes"][0]["after"].as_str().unwrap();
    assert!(after.contains(&format!("image: {image}\n")), "{after}");
}

/// The images of the first object, each with its explanation.
fn images(manifests: &str, settings: &str, cluster: &str) -> Vec<(String, serde_json::Value)> {
    let judgement = judge(manifests, settings, cluster);
    let detail = serde_json::to_value(detail::of(&judgement, &judgement.outcomes[0])).unwrap();
    let images = detail["images"].as_array().unwrap().iter();
    images.map(|image| (image["image"].as_str().unwrap().to_owned(), image["explanation"].clone())).collect()
}

#[test]
fn an_image_is_explained_for_the_service_account_of_its_pods() {
    let settings = "pullSecrets:
- {registries: [contoso.azurecr.io], serviceAccounts: [deployer], secret: deployer-secret}
- {registries: [contoso.azurecr.io], secret: acr-secret}
";
    let template = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web, namespace: shop}\nspec:
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'contoso.azurecr.io/web:v1'}]}}
";
    for manifest in [POD, template] {
        let field = if manifest == POD { "spec:\n" } else { "spec: {containers" };
        for (account, secret) in [
            ("", "acr-secret"),
            ("serviceAccountName: deployer", "deployer-secret"),
            ("serviceAccount: deployer", "deployer-secret"),
            ("serviceAccountName: other", "acr-secret"),
        ] {
            let put = match account {
                "" => field.to_owned(),
                _ if manifest == POD => format!("{field}  {account}\n"),
                _ => format!("spec: {{{account}, containers"),
            };
            let images = images(&manifest.replace(field, &put), settings, "");
            assert_eq!(images[0].1["needs"]["secret"], secret, "{account} {manifest}");
        }
    }
}

#[test]
fn a_service_account_with_an_identity_needs_no_secret() {
    let account = "{kind: ServiceAccount, apiVersion: v1, metadata: {name: default, namespace: shop, annotations: \
                   {kubernetes.azure.com/acr-client-id: x}}}\n";
    for (settings, needs) in [
        ("cluster: {serviceAccounts: true}", serde_json::json!("nothing")),
        ("", serde_json::json!({"secret": "acr-secret"})),
    ] {
        assert_eq!(images(POD, settings, account)[0].1["needs"], needs, "{settings}");
    }
}

#[test]
fn an_image_that_is_no_text_is_not_explained() {
    for image in ["5", "[a]", "{a: b}", "true", "null"] {
        let pod = POD.replace("contoso.azurecr.io/web:v1", image).replace(&format!("'{image}'"), image);
        assert_eq!(images(&pod, "", ""), [], "{pod}");
    }
}
