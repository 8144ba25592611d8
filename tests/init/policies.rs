//! The policies that `init --policy` writes.

use super::*;

#[test]
fn policies_are_a_pair_with_the_same_entries() {
    let folder = repository(&[("pod.yaml", &pod("shop", "contoso.azurecr.io/web:1", &["regcred"]))]);
    let (status, _, stderr) = run(folder.path(), &["init", "--policy", "deploy"]);
    assert_eq!(status, Some(0), "{stderr}");
    let text = fs::read_to_string(folder.path().join(POLICY)).unwrap();
    let policies: Vec<Value> =
        text.split("---\n").map(|text| serde_saphyr::from_str(text).unwrap()).collect();
    let names: Vec<&Value> = policies.iter().map(|policy| &policy["metadata"]["name"]).collect();
    assert_eq!(names, ["acr-pull-secret-mutate", "acr-pull-secret-validate"]);
    for policy in &policies {
        assert_eq!(entries(&policy["spec"]["settings"]), ["contoso.azurecr.io [] regcred"]);
    }
    assert!(!folder.path().join(SETTINGS).exists());
}

/// Each policy says what its fields do, and what the manifests have for an entry.
#[test]
fn the_policies_have_comments_where_their_fields_are() {
    let folder = repository(&[
        ("shop.yaml", &pod("shop", "contoso.azurecr.io/web:1", &["regcred"])),
        ("jobs.yaml", &pod("jobs", "contoso.azurecr.io/job:1", &[])),
        ("data.yaml", &pod("data", "ghcr.io/db:1", &[])),
    ]);
    let (status, text, stderr) = run(folder.path(), &["init", "--policy", "--dry-run", "deploy"]);
    assert_eq!(status, Some(0), "{stderr}");
    let (head, rest) = text.split_once("\n\n").unwrap();
    assert!(
        head.contains("Keep them in this order: .acr-pull-secret.yaml names the first one as #1."),
        "{head}"
    );
    let policies: Vec<&str> = rest.split("---\n").collect();
    let entry = "
    # Which pull secret an image needs. The first entry that matches counts.
    pullSecrets:
    # pods in shop have this secret
    # pods in jobs have no pull secret for these images
    - registries:
      - contoso.azurecr.io
      secret: regcred
";
    for (policy, head, fields) in [
        (
            policies[0],
            "# Adds missing pull secrets.",
            &[
                "  # Ignore: if the policy gives no answer, the API server goes on without it.\n  failurePolicy: Ignore\n",
                "  # Which objects the policy gets: new pods, because the list of a pod cannot change later.\n  rules:\n",
                "  # Without a mode, the policy adds missing pull secrets.\n",
            ][..],
        ),
        (
            policies[1],
            "# Rejects what lacks its pull secret.",
            &[
                "  # Fail: if the policy gives no answer, the API server rejects the object.\n  failurePolicy: Fail\n",
                "    # validate: the policy checks objects and changes nothing.\n    mode: validate\n",
            ],
        ),
    ] {
        assert!(policy.starts_with(head), "{policy}");
        for field in fields.iter().chain([&entry, &"# Other images come from ghcr.io."]) {
            assert!(policy.contains(field), "{field}\n{policy}");
        }
    }
}
