//! Policy resources, and the decisions on objects under them.

use std::collections::BTreeSet;
use std::sync::Arc;

use review::admission::ApiServer;
use review::cluster::Cluster;
use review::diagnostic::{Diagnostic, Diagnostics};
use review::evaluation::Evaluation;
use review::kind::Judged;
use review::log::NoLog;
use review::lookups::Lookups;
use review::manifest::manifests;
use review::outcome::Outcome;
use review::settings::{self, Selection, Settings};
use review::source_file::SourceFile;
use review::verdict::Verdict;
use serde_json::{Value, json};

use crate::{Core, METADATA, project};

fn rule(group: &str, resources: &[&str], operations: &[&str]) -> Value {
    json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": resources, "operations": operations})
}

/// A `ClusterAdmissionPolicy` for new pods that refuses; `spec` adds to it or replaces.
fn cluster_wide(spec: &Value) -> Value {
    let mut resource = json!({
        "apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy", "metadata": {"name": "acr"},
        "spec": {
            "module": "registry://contoso.azurecr.io/policies/acr-pull-secret:v0.1.0",
            "mutating": false,
            "rules": [rule("", &["pods"], &["CREATE"])],
            "settings": {"mode": "validate"},
        },
    });
    for (field, value) in spec.as_object().unwrap() {
        resource["spec"][field] = value.clone();
    }
    resource
}

fn in_namespace(namespace: &str, spec: &Value) -> Value {
    let mut resource = cluster_wide(spec);
    resource["kind"] = "AdmissionPolicy".into();
    resource["metadata"]["namespace"] = namespace.into();
    resource
}

fn read(resource: &Value) -> Result<(Settings, Vec<String>), String> {
    let file = SourceFile { name: "policy.json".to_owned(), text: format!("{resource:#}") };
    let said = |diagnostic: &Diagnostic| {
        let place = diagnostic.spot.as_ref().map(|spot| (spot.line, spot.column.unwrap_or_default()));
        let place = place.map(|(line, column)| format!("policy.json:{line}:{column}: ")).unwrap_or_default();
        let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place}{}{help}", diagnostic.message)
    };
    let (settings, notes) =
        settings::read(file, &Selection::Whole, "default").map_err(|Diagnostics(all)| said(&all[0]))?;
    Ok((settings, notes.iter().map(|note| said(&note.diagnostic)).collect()))
}

fn refused(resource: &Value) -> String {
    read(resource).expect_err(&resource.to_string())
}

/// Evaluates the first of `objects`; all of them are in the cluster.
fn judge(resource: &Value, operation: &str, objects: &[Value]) -> Outcome {
    let (Settings { json: settings, resource, .. }, _) = read(resource).unwrap();
    let resource = resource.expect("a resource");
    let mut cluster = Cluster::default();
    for object in objects {
        cluster.add(object.clone(), "default");
    }
    let cluster = Arc::new(cluster);
    let lookups = Lookups::new(cluster.clone(), Some(&METADATA), Arc::new(NoLog));
    let host = Arc::new(lookups.granting(Some(resource.context_aware_resources.clone())));
    let judged = Judged::default();
    let evaluation = Evaluation {
        resource: Some(&resource),
        api_server: ApiServer {
            namespace: "default",
            operation,
            old: &[],
            cluster: &cluster,
            are_pods_admitted: false,
        },
        ..Evaluation::new(&Core, &settings, &judged, "default", &cluster, host)
    };
    let file = Arc::new(SourceFile { name: "objects.json".to_owned(), text: objects[0].to_string() });
    evaluation.judge(manifests(&file).0.remove(0))
}

fn decision(verdict: &Verdict) -> String {
    serde_json::to_value(verdict.decision).unwrap().as_str().unwrap().to_owned()
}

fn pod(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": namespace, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}]},
    })
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "contoso.azurecr.io/web:v1"}]},
        }},
    })
}

fn namespace(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

#[test]
fn pods_are_checked_where_rules_and_selectors_apply() {
    let not_in = |key: &str, value: &str| json!({"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]});
    let in_ = |key: &str, value: &str| json!({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]});
    let pods = |operations: &[&str]| json!({"rules": [rule("", &["pods"], operations)]});
    let (shop, prod) = ("kubernetes.io/metadata.name", "env");
    for (resource, operation, said) in [
        (cluster_wide(&json!({})), "CREATE", None),
        (
            cluster_wide(&pods(&["UPDATE"])),
            "CREATE",
            Some("no rule of ClusterAdmissionPolicy acr matches pods CREATE"),
        ),
        (
            cluster_wide(&json!({})),
            "DELETE",
            Some("no rule of ClusterAdmissionPolicy acr matches pods DELETE"),
        ),
        (cluster_wide(&json!({"rules": []})), "CREATE", Some("no rule")),
        (
            cluster_wide(&json!({"rules": [rule("apps", &["*"], &["*"]), rule("*", &["*/*"], &["*"])]})),
            "CREATE",
            None,
        ),
        (cluster_wide(&json!({"namespaceSelector": not_in(shop, "kube-system")})), "CREATE", None),
        (cluster_wide(&json!({"namespaceSelector": in_(shop, "shop")})), "CREATE", None),
        (
            cluster_wide(&json!({"namespaceSelector": not_in(shop, "shop")})),
            "CREATE",
            Some("the namespaceSelector of ClusterAdmissionPolicy acr excludes namespace shop"),
        ),
        (cluster_wide(&json!({"namespaceSelector": in_(prod, "prod")})), "CREATE", None),
        (
            cluster_wide(&json!({"namespaceSelector": in_(prod, "test")})),
            "CREATE",
            Some("excludes namespace shop"),
        ),
        // Kubewarden drops them.
        (cluster_wide(&json!({"namespaceSelector": {"matchLabels": {"env": "test"}}})), "CREATE", None),
        (
            cluster_wide(&json!({
                "namespaceSelector": {"matchLabels": {"env": "test"}},
                "allowInsideAdmissionControllerNamespace": true,
            })),
            "CREATE",
            Some("excludes namespace shop"),
        ),
        (cluster_wide(&json!({"objectSelector": {"matchLabels": {"app": "web"}}})), "CREATE", None),
        (
            cluster_wide(&json!({"objectSelector": {"matchLabels": {"app": "api"}}})),
            "CREATE",
            Some("the objectSelector of ClusterAdmissionPolicy acr does not match its labels"),
        ),
        (in_namespace("shop", &json!({})), "CREATE", None),
        (
            in_namespace("team", &json!({})),
            "CREATE",
            Some("AdmissionPolicy team/acr applies only to namespace team"),
        ),
    ] {
        let outcome = judge(&resource, operation, &[pod("shop"), namespace("shop", &json!({"env": "prod"}))]);
        let expected = if said.is_some() { "skipped" } else { "rejected" };
        assert_eq!(decision(&outcome.verdict), expected, "{resource:#}");
        let message = outcome.verdict.message.unwrap();
        assert!(said.is_none_or(|said| message.contains(said)), "{message} of {resource:#}");
    }
}

#[test]
fn an_unknown_namespace_has_its_name_as_a_label() {
    let by_label = |key: &str, value: &str| {
        let expression = json!({"key": key, "operator": "In", "values": [value]});
        judge(
            &cluster_wide(&json!({"namespaceSelector": {"matchExpressions": [expression]}})),
            "CREATE",
            &[pod("shop")],
        )
    };
    assert_eq!(decision(&by_label("kubernetes.io/metadata.name", "shop").verdict), "rejected");
    let message = by_label("env", "prod").verdict.message.unwrap();
    assert!(message.contains("pass its Namespace with the manifests or with --cluster"), "{message}");
}

#[test]
fn kubewardens_own_namespace_is_skipped_unless_it_is_allowed() {
    let outcome = judge(&cluster_wide(&json!({})), "CREATE", &[pod("kubewarden")]);
    assert_eq!(decision(&outcome.verdict), "skipped");
    let inside = cluster_wide(&json!({"allowInsideAdmissionControllerNamespace": true}));
    assert_eq!(decision(&judge(&inside, "CREATE", &[pod("kubewarden")]).verdict), "rejected");
}

#[test]
fn namespaces_are_selected_by_their_own_labels_and_cluster_scoped_objects_always() {
    let rules = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["*"]}]);
    let selector = json!({"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]});
    let resource = cluster_wide(&json!({"rules": rules, "namespaceSelector": selector}));
    let of = |object: Value| decision(&judge(&resource, "CREATE", &[object]).verdict);
    assert_eq!(of(namespace("shop", &json!({"env": "prod"}))), "accepted");
    assert_eq!(of(namespace("shop", &json!({"env": "test"}))), "skipped");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a"}});
    assert_eq!(of(role), "accepted");
}

#[test]
fn the_pods_of_a_template_are_checked_where_a_rule_names_new_pods() {
    let both = |rules: Value| {
        let outcome = judge(&cluster_wide(&json!({"rules": rules})), "CREATE", &[deployment()]);
        (decision(&outcome.verdict), outcome.pods.first().map(|pods| decision(&pods.verdict)))
    };
    let pods = rule("", &["pods"], &["CREATE"]);
    let deployments = rule("apps", &["deployments"], &["CREATE"]);
    let rejected = || Some("rejected".to_owned());
    assert_eq!(both(json!([pods])), ("skipped".to_owned(), rejected()));
    assert_eq!(both(json!([pods, deployments])).1, rejected());
    assert_eq!(both(json!([deployments])).1, None);
    assert_ne!(both(json!([deployments])).0, "skipped");
    assert_eq!(both(json!([rule("", &["services"], &["*"])])), ("skipped".to_owned(), None));
}

#[test]
fn mode_mutating_and_message_determine_how_an_answer_is_enforced() {
    let mutates = json!({"mode": "mutate"});
    let refusal = "Request rejected by policy clusterwide-acr. The policy attempted to mutate the request, but it is \
                   currently configured to not allow mutations.";
    for (spec, expected, message) in [
        (json!({}), "rejected", Some("acr-secret")),
        (json!({"message": "ask #platform"}), "rejected", Some("ask #platform")),
        (json!({"mode": "monitor"}), "accepted", Some("monitor mode: it would be rejected")),
        (json!({"settings": mutates, "mutating": true}), "mutated", None),
        (json!({"settings": mutates, "mutating": false}), "rejected", Some(refusal)),
        (json!({"settings": null, "mutating": false}), "rejected", Some(refusal)),
        (
            json!({"settings": mutates, "mutating": true, "mode": "monitor"}),
            "accepted",
            Some("monitor mode: it would be mutated"),
        ),
    ] {
        let Verdict { decision, patch, message: said, .. } =
            judge(&cluster_wide(&spec), "CREATE", &[pod("shop")]).verdict;
        assert_eq!(serde_json::to_value(decision).unwrap(), expected, "{spec}");
        assert_eq!(patch.is_empty(), expected != "mutated", "{spec}");
        assert_eq!(said.is_some(), message.is_some(), "{spec}: {said:?}");
        assert!(said.unwrap_or_default().contains(message.unwrap_or_default()), "{spec}");
    }
    let namespaced = in_namespace("shop", &json!({"settings": mutates}));
    let said = judge(&namespaced, "CREATE", &[pod("shop")]).verdict.message.unwrap();
    assert!(said.contains("policy namespaced-shop-acr."), "{said}");
}

#[test]
fn only_what_the_resource_grants_can_be_looked_up() {
    let rules_of = |resource: &Value| -> Vec<String> {
        let mut pod = pod("shop");
        pod["spec"]["imagePullSecrets"] = json!([{"name": "acr-secret"}]);
        let outcome = judge(resource, "CREATE", &[pod]);
        outcome.verdict.findings.into_iter().map(|finding| finding.rule).collect()
    };
    let settings = json!({"mode": "validate", "cluster": {"secrets": "exists"}});
    let granted = json!([{"apiVersion": "v1", "kind": "Secret"}]);
    let asks = json!({"settings": settings});
    assert!(rules_of(&cluster_wide(&asks)).contains(&"lookup-failed".to_owned()));
    let may_ask = json!({"settings": settings, "contextAwareResources": granted});
    assert!(!rules_of(&cluster_wide(&may_ask)).contains(&"lookup-failed".to_owned()));
    // An AdmissionPolicy has no such field.
    assert!(rules_of(&in_namespace("shop", &may_ask)).contains(&"lookup-failed".to_owned()));
}

#[test]
fn ignored_fields_are_reported_with_their_location() {
    let notes = |resource: &Value| read(resource).unwrap().1.join("\n");
    assert_eq!(notes(&cluster_wide(&json!({"backgroundAudit": false, "timeoutEvalSeconds": 2}))), "");
    let conditions = json!({"matchConditions": [{"name": "a", "expression": "true"}]});
    let said = notes(&cluster_wide(&conditions));
    assert!(said.starts_with("policy.json:8:24: spec.matchConditions are ignored"), "{said}");
    let misspelt = notes(&cluster_wide(&json!({"namespaceSelecter": {}})));
    assert!(
        misspelt.contains("spec.namespaceSelecter is not a known field of a ClusterAdmissionPolicy"),
        "{misspelt}"
    );
    let foreign = notes(&in_namespace("shop", &json!({"namespaceSelector": {}})));
    assert!(
        foreign.contains("spec.namespaceSelector is not a known field of an AdmissionPolicy"),
        "{foreign}"
    );
    let dropped = notes(&cluster_wide(&json!({"namespaceSelector": {"matchLabels": {"a": "b"}}})));
    assert!(dropped.contains("matchExpressions"), "{dropped}");
}

#[test]
fn broken_resources_are_refused_at_the_field() {
    let selector = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
    for (spec, path) in [
        (json!({"rules": "pods"}), "spec.rules: "),
        (json!({"rules": [{"apiGroups": [""]}]}), "spec.rules[0]: "),
        (json!({"rules": [rule("", &["pods"], &["create"])]}), "spec.rules[0].operations[0]: "),
        (json!({"mode": "watch"}), "spec.mode: "),
        (json!({"mutating": "yes"}), "spec.mutating: "),
        (json!({"namespaceSelector": selector}), "spec.namespaceSelector.matchExpressions[0]: "),
        (json!({"contextAwareResources": [{"kind": "Secret"}]}), "spec.contextAwareResources[0]: "),
        (json!({"settings": []}), "spec.settings: "),
    ] {
        let error = refused(&cluster_wide(&spec));
        assert!(error.starts_with("policy.json:") && error.contains(path), "{spec}: {error}");
    }
    for (pointer, value, said) in [
        ("/kind", json!("AdmissionPolicyGroup"), "it combines several policies in an expression"),
        ("/kind", json!("Deployment"), "this is a Deployment"),
        ("/apiVersion", json!("policies.kubewarden.io/v9"), "(write policies.kubewarden.io/v1 or"),
        ("/apiVersion", Value::Null, "(write policies.kubewarden.io/v1 or"),
        ("/metadata", json!({}), "metadata: name is missing"),
    ] {
        let mut resource = cluster_wide(&json!({}));
        *resource.pointer_mut(pointer).unwrap() = value;
        let error = refused(&resource);
        assert!(error.starts_with("policy.json:") && error.contains(said), "{pointer}: {error}");
    }
}

#[test]
#[ignore = "needs Kubewarden's resource definitions next to the checkout"]
fn a_resource_with_every_field_fits_the_published_schemas_and_every_field_is_known() {
    let spec = json!({
        "mode": "monitor", "message": "no", "matchPolicy": "Exact", "backgroundAudit": true, "failurePolicy": "Ignore",
        "objectSelector": {"matchLabels": {"app": "web"}}, "policyServer": "default", "sideEffects": "None",
        "timeoutSeconds": 10, "timeoutEvalSeconds": 2, "matchConditions": [{"name": "a", "expression": "true"}],
    });
    let mut cluster_spec = spec.clone();
    cluster_spec["namespaceSelector"] = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}]});
    cluster_spec["contextAwareResources"] = json!([{"apiVersion": "v1", "kind": "Secret"}]);
    cluster_spec["allowInsideAdmissionControllerNamespace"] = true.into();
    for (resource, file) in [
        (cluster_wide(&cluster_spec), "clusteradmissionpolicies"),
        (in_namespace("shop", &spec), "admissionpolicies"),
    ] {
        let path = project(&format!("../shared/crds/policies.kubewarden.io_{file}.yaml"));
        let text = std::fs::read_to_string(path).expect("Kubewarden's resource definitions");
        let definition = review::yaml::documents(&text).0.remove(0).value;
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let misfits = misfits(schema, &resource, "");
        assert!(misfits.is_empty(), "{file}: {misfits:?}");
        let names = |fields: &Value| fields.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(&resource["spec"]), names(&schema["properties"]["spec"]["properties"]), "{file}");
        let notes = read(&resource).unwrap().1;
        assert!(notes.iter().all(|note| note.contains("matchConditions")), "{notes:?}");
    }
}

/// The fields that do not fit a schema, by the keywords that these definitions are made of.
fn misfits(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let is_of_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        _ => true,
    };
    let is_listed = schema["enum"].as_array().is_none_or(|known| known.contains(value));
    let required = schema["required"].as_array().into_iter().flatten();
    let has_all = required.filter_map(Value::as_str).all(|name| value.get(name).is_some());
    let fits = is_of_type && is_listed && has_all;
    let mut misfits = if fits { Vec::new() } else { vec![format!("{path}: {value}")] };
    for (name, field) in value.as_object().into_iter().flatten() {
        let schema = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
        misfits.extend(self::misfits(schema, field, &format!("{path}.{name}")));
    }
    for item in value.as_array().into_iter().flatten() {
        misfits.extend(self::misfits(&schema["items"], item, &format!("{path}[]")));
    }
    misfits
}
