//! Each template of an object is checked with a pod of its own, and objects without pods are skipped with the reason.

use review::verdict::Decision;

use crate::places::judge;

const VALIDATE: &str = r#"{"mode":"validate"}"#;

/// A pod spec that lacks its secret.
const SPEC: &str = "{containers: [{name: web, image: contoso.azurecr.io/web:v1}]}";

fn object(api_version: &str, kind: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: web, namespace: shop}}, spec: {spec}}}"
    )
}

#[test]
fn every_template_of_an_object_has_pods() {
    let template = format!("{{template: {{spec: {SPEC}}}}}");
    let job = format!("{{template: {{spec: {template}}}}}");
    let ray = format!("{{headGroupSpec: {template}, workerGroupSpecs: [{template}, {template}]}}");
    for (api_version, kind, spec, pointers) in [
        (
            "keda.sh/v1alpha1",
            "ScaledJob",
            format!("{{jobTargetRef: {template}}}"),
            vec!["/spec/jobTargetRef/template/spec"],
        ),
        ("serving.knative.dev/v1", "Service", template.clone(), vec!["/spec/template/spec"]),
        ("serving.knative.dev/v1", "Configuration", template.clone(), vec!["/spec/template/spec"]),
        ("serving.knative.dev/v1", "Revision", SPEC.to_owned(), vec!["/spec"]),
        ("argoproj.io/v1alpha1", "Rollout", template.clone(), vec!["/spec/template/spec"]),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            format!("{{replicatedJobs: [{job}, {job}]}}"),
            vec![
                "/spec/replicatedJobs/0/template/spec/template/spec",
                "/spec/replicatedJobs/1/template/spec/template/spec",
            ],
        ),
        (
            "ray.io/v1",
            "RayCluster",
            ray.clone(),
            vec![
                "/spec/headGroupSpec/template/spec",
                "/spec/workerGroupSpecs/0/template/spec",
                "/spec/workerGroupSpecs/1/template/spec",
            ],
        ),
        (
            "ray.io/v1",
            "RayJob",
            format!("{{rayClusterSpec: {ray}, submitterPodTemplate: {{spec: {SPEC}}}}}"),
            vec![
                "/spec/rayClusterSpec/headGroupSpec/template/spec",
                "/spec/rayClusterSpec/workerGroupSpecs/0/template/spec",
                "/spec/rayClusterSpec/workerGroupSpecs/1/template/spec",
                "/spec/submitterPodTemplate/spec",
            ],
        ),
        (
            "ray.io/v1",
            "RayService",
            format!("{{rayClusterConfig: {{headGroupSpec: {template}}}}}"),
            vec!["/spec/rayClusterConfig/headGroupSpec/template/spec"],
        ),
        (
            "batch.volcano.sh/v1alpha1",
            "Job",
            format!("{{tasks: [{template}]}}"),
            vec!["/spec/tasks/0/template/spec"],
        ),
        (
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            format!(
                "{{leaderWorkerTemplate: {{leaderTemplate: {{spec: {SPEC}}}, workerTemplate: {{spec: {SPEC}}}}}}}"
            ),
            vec![
                "/spec/leaderWorkerTemplate/leaderTemplate/spec",
                "/spec/leaderWorkerTemplate/workerTemplate/spec",
            ],
        ),
    ] {
        let outcome = judge(&object(api_version, kind, &spec), VALIDATE).remove(0);
        let found: Vec<&str> = outcome.pods.iter().map(|pods| pods.spec_pointer.as_str()).collect();
        assert_eq!(found, pointers, "{kind}");
        assert!(outcome.pods.iter().all(|pods| pods.verdict.decision == Decision::Rejected), "{kind}");
        assert_eq!(outcome.worst(), Decision::Rejected, "{kind}");
        for pods in &outcome.pods {
            assert!(pods.verdict.findings.iter().all(|finding| finding.line.is_some()), "{kind}");
        }
    }
}

#[test]
fn one_template_with_its_secret_does_not_excuse_another() {
    let served = "{template: {spec: {containers: [{name: a, image: contoso.azurecr.io/a:v1}], imagePullSecrets: [{name: acr-secret}]}}}";
    let lacking = format!("{{template: {{spec: {SPEC}}}}}");
    let cluster = object(
        "ray.io/v1",
        "RayCluster",
        &format!("{{headGroupSpec: {served}, workerGroupSpecs: [{lacking}]}}"),
    );
    let outcome = judge(&cluster, VALIDATE).remove(0);
    let decisions: Vec<Decision> = outcome.pods.iter().map(|pods| pods.verdict.decision).collect();
    assert_eq!(decisions, [Decision::Accepted, Decision::Rejected]);
}

#[test]
fn a_pod_that_has_finished_or_is_being_deleted_is_skipped_with_the_reason() {
    let with = |metadata: &str, phase: &str| {
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{{metadata}}}, spec: {SPEC}, status: {{phase: {phase}}}}}"
        )
    };
    let pod = |phase: &str| with("name: web, namespace: shop, uid: 3d1c", phase);
    for phase in ["Succeeded", "Failed"] {
        let list = format!("{{apiVersion: v1, kind: List, items: [{}]}}", pod(phase));
        for text in [pod(phase), list] {
            let outcome = judge(&text, VALIDATE).remove(0);
            assert_eq!(outcome.verdict.decision, Decision::Skipped, "{text}");
            let reason = outcome.verdict.message.unwrap_or_default();
            assert!(reason.contains(&format!("finished (status.phase {phase})")), "{reason}");
        }
    }
    let going = "name: web, namespace: shop, uid: 3d1c, deletionTimestamp: \"2027-01-31T12:00:00Z\"";
    let outcome = judge(&with(going, "Running"), VALIDATE).remove(0);
    assert_eq!(outcome.verdict.decision, Decision::Skipped);
    assert!(outcome.verdict.message.unwrap_or_default().contains("is being deleted"));
    let kept =
        judge(&with("name: web, namespace: shop, uid: 3d1c, deletionTimestamp: null", "Running"), VALIDATE);
    assert_eq!(kept[0].verdict.decision, Decision::Rejected);
    let created = going.replace("uid: 3d1c, ", "");
    assert_eq!(judge(&with(&created, "Running"), VALIDATE).remove(0).verdict.decision, Decision::Rejected);
    // The API server drops the status of a manifest.
    let manifest = judge(&with("name: web, namespace: shop", "Failed"), VALIDATE).remove(0);
    assert_eq!(manifest.verdict.decision, Decision::Rejected);
    for phase in ["Running", "Pending", "Unknown"] {
        assert_eq!(judge(&pod(phase), VALIDATE).remove(0).verdict.decision, Decision::Rejected, "{phase}");
    }
}

#[test]
fn a_workflow_is_skipped_with_the_reason() {
    for kind in ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"] {
        let workflow = object(
            "argoproj.io/v1alpha1",
            kind,
            "{templates: [{name: a, container: {image: contoso.azurecr.io/a:v1}}]}",
        );
        let outcome = judge(&workflow, VALIDATE).remove(0);
        assert_eq!(outcome.verdict.decision, Decision::Skipped, "{kind}");
        assert!(
            outcome.verdict.message.unwrap_or_default().contains("Argo Workflows are not checked"),
            "{kind}"
        );
    }
}
