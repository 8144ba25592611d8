//! Of the revisions of a workload that is not listed, the current one is checked.

use serde_json::json;

use super::*;

#[test]
fn of_the_revisions_of_a_workload_that_is_not_listed_the_current_one_is_checked() {
    const ROLLOUT: Option<(&str, &str)> = Some(("Rollout", "web"));
    let revision = |kind: &str, name: &str, replicas: usize, owner| {
        let object = with(workload(kind, name, owner), "/spec/replicas", replicas.into());
        let object = with(object, "/spec/template/spec/containers/0/image", format!("a:{name}").into());
        // The names are in the order of the revisions.
        with(object, "/metadata/creationTimestamp", format!("2027-01-0{name}T12:00:00Z").into())
    };
    let of = |name: &str, replicas| revision("ReplicaSet", name, replicas, ROLLOUT);
    let config = Some(("DeploymentConfig", "web"));
    let of_config = |name: &str, replicas| revision("ReplicationController", name, replicas, config);
    let deleted = |object| with(object, "/metadata/deletionTimestamp", "2027-01-31T12:00:00Z".into());
    let other = |object| with(object, "/metadata/namespace", "ops".into());
    for (what, objects, expected) in [
        ("the newest has pods", vec![of("1", 0), of("2", 0), of("3", 2)], vec![Unused, Unused, Checked]),
        ("an older one has pods, after a rollback", vec![of("1", 2), of("2", 0)], vec![Checked, Unused]),
        (
            "two have pods, during a rollout",
            vec![of("1", 1), of("2", 2), of("3", 0)],
            vec![Checked, Checked, Unused],
        ),
        ("scaled to nothing", vec![of("2", 0), of("3", 0), of("1", 0)], vec![Unused, Checked, Unused]),
        (
            "the newest is being deleted",
            vec![of("1", 0), of("2", 0), deleted(of("3", 2))],
            vec![Unused, Checked, Deleted],
        ),
        ("of two namespaces", vec![of("1", 0), other(of("2", 0))], vec![Checked, Checked]),
        ("of OpenShift", vec![of_config("1", 0), of_config("2", 1)], vec![Unused, Checked]),
        (
            "without a controller",
            vec![revision("ReplicaSet", "1", 0, None), revision("ReplicaSet", "2", 1, None)],
            vec![Checked, Checked],
        ),
        (
            "of a Deployment that may not be listed",
            vec![revision("ReplicaSet", "1", 0, WEB), revision("ReplicaSet", "2", 1, WEB)],
            vec![Unused, Checked],
        ),
    ] {
        assert_eq!(parts(&objects), expected, "{what}");
    }
}

/// After a rollback an old object is the current one.
#[test]
fn the_number_of_a_revision_says_which_is_the_current_one_or_else_its_time() {
    const ROLLOUT: &str = "rollout.argoproj.io/revision";
    const DEPLOYMENT: &str = "deployment.kubernetes.io/revision";
    const CONFIG: &str = "openshift.io/deployment-config.latest-version";
    let revision = |owner, (annotation, number): (&str, &str), day: &str| {
        let object = with(workload("ReplicaSet", "web", Some((owner, "web"))), "/spec/replicas", 0.into());
        let object = with(object, "/metadata/annotations", json!({annotation: number}));
        if day.is_empty() {
            return object;
        }
        with(object, "/metadata/creationTimestamp", format!("2027-01-0{day}T12:00:00Z").into())
    };
    for (what, owner, revisions, expected) in [
        ("a rollback", "Rollout", vec![((ROLLOUT, "10"), "1"), ((ROLLOUT, "9"), "2")], vec![Checked, Unused]),
        (
            "a rollback",
            "Deployment",
            vec![((DEPLOYMENT, "3"), "1"), ((DEPLOYMENT, "2"), "2")],
            vec![Checked, Unused],
        ),
        (
            "a rollback",
            "DeploymentConfig",
            vec![((CONFIG, "10"), "1"), ((CONFIG, "9"), "1")],
            vec![Checked, Unused],
        ),
        (
            "taken over from a Deployment",
            "Rollout",
            vec![((DEPLOYMENT, "7"), "1"), ((ROLLOUT, "2"), "2")],
            vec![Unused, Checked],
        ),
        (
            "one without a number",
            "Rollout",
            vec![((ROLLOUT, "2"), "1"), (("a", "b"), "2")],
            vec![Unused, Checked],
        ),
        (
            "a number that is none",
            "Rollout",
            vec![((ROLLOUT, "2"), "1"), ((ROLLOUT, "x"), "2")],
            vec![Unused, Checked],
        ),
        (
            "two of one number",
            "Rollout",
            vec![((ROLLOUT, "2"), "1"), ((ROLLOUT, "2"), "2")],
            vec![Checked, Checked],
        ),
        ("two of one time", "Rollout", vec![(("a", "b"), "1"), (("a", "b"), "1")], vec![Checked, Checked]),
        ("one without both", "Rollout", vec![(("a", "b"), "1"), (("a", "b"), "")], vec![Checked, Checked]),
        (
            "numbers without times",
            "Rollout",
            vec![((ROLLOUT, "1"), ""), ((ROLLOUT, "2"), "")],
            vec![Unused, Checked],
        ),
    ] {
        let objects: Vec<Value> =
            revisions.into_iter().map(|(number, day)| revision(owner, number, day)).collect();
        // Two without a time or a number are not alike.
        let objects: Vec<Value> = objects
            .into_iter()
            .enumerate()
            .map(|(i, object)| {
                with(object, "/spec/template/spec/containers/0/image", format!("a:{i}").into())
            })
            .collect();
        assert_eq!(parts(&objects), expected, "{what} of a {owner}");
    }
}
