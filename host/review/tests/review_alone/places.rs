//! Every finding is located at its value, in every style of file.

use std::sync::Arc;

use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::kind::Judged;
use review::log::NoLog;
use review::lookups::Lookups;
use review::manifest::manifests;
use review::outcome::{Outcome, locate};
use review::source_file::SourceFile;
use serde_json::value::RawValue;

use crate::{Core, METADATA};

const VALIDATE: &str = r#"{"mode":"validate"}"#;
const LOOKUPS: &str = r#"{"mode":"validate","cluster":{"serviceAccounts":true,"secrets":"credentials"}}"#;

pub(crate) fn judge(text: &str, settings: &str) -> Vec<Outcome> {
    let file = Arc::new(SourceFile { name: "test.yaml".to_owned(), text: text.to_owned() });
    let (manifests, _, error) = manifests(&file);
    assert_eq!(error, None, "{text}");
    let mut cluster = Cluster::default();
    for manifest in &manifests {
        cluster.add(manifest.object().clone(), "default");
    }
    let cluster = Arc::new(cluster);
    let lookups = Lookups::new(cluster.clone(), Some(&METADATA), Arc::new(NoLog));
    let settings = RawValue::from_string(settings.to_owned()).unwrap();
    let judged = Judged::of(Some(&METADATA));
    let evaluation = Evaluation::new(&Core, &settings, &judged, "default", &cluster, Arc::new(lookups));
    let mut outcomes: Vec<Outcome> =
        manifests.into_iter().map(|manifest| evaluation.judge(manifest)).collect();
    locate(&mut outcomes);
    outcomes
}

/// Takes the marks out of a text: `⟦rule value⟧` is the required location of a finding of that rule.
fn unmark(marked: &str) -> (String, Vec<(String, usize, usize, String)>) {
    let (mut text, mut places) = (String::new(), Vec::new());
    let mut rest = marked;
    while let Some((before, after)) = rest.split_once('⟦') {
        text.push_str(before);
        let (mark, after) = after.split_once('⟧').unwrap();
        let (rule, value) = mark.split_once(' ').unwrap();
        let line = text.replace("\r\n", "\n").matches(['\n', '\r']).count() + 1;
        let column =
            text.rsplit(['\n', '\r']).next().unwrap().trim_start_matches('\u{feff}').chars().count() + 1;
        places.push((rule.to_owned(), line, column, value.to_owned()));
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    (text, places)
}

fn check(name: &str, settings: &str, marked: &str) {
    let (text, mut expected) = unmark(marked);
    let outcomes = judge(&text, settings);
    let findings = outcomes.iter().flat_map(Outcome::findings);
    let mut found: Vec<_> = findings
        .map(|finding| {
            let span = finding.place.unwrap_or_else(|| panic!("{name}: {} has no place", finding.rule)).span;
            (finding.rule, finding.line.unwrap(), finding.column.unwrap(), text.get(span).unwrap().to_owned())
        })
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{name}:\n{text}");
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn images_are_marked_in_every_style() {
    for (name, marked) in [
        (
            "block",
            "apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  initContainers:
  - image: ⟦missing-pull-secret contoso.azurecr.io/init:v1⟧ # first
    name: init
  containers:
    - name: web
      image:   ⟦missing-pull-secret 'contoso.azurecr.io/web:v1'⟧
    - name: cache
      image: redis
    - name: folded
      image: ⟦missing-pull-secret >-
        contoso.azurecr.io/folded:v1⟧
    - name: tagged
      image: ⟦missing-pull-secret !!str contoso.azurecr.io/tagged⟧
  volumes:
    - name: model
      image:
        reference: ⟦missing-pull-secret contoso.azurecr.io/model:v1⟧
",
        ),
        (
            "flow",
            "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [
    {name: a, image: ⟦missing-pull-secret contoso.azurecr.io/a⟧},
    {image: ⟦missing-pull-secret \"contoso.azurecr.io/b\"⟧, name: b}]}}
",
        ),
        (
            "several documents, other alphabets, a byte order mark",
            "\u{feff}# größe
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: ä€😀, image: ⟦missing-pull-secret contoso.azurecr.io/a⟧}]}
---
# nothing
---
apiVersion: v1
kind: Pod
metadata: {name: b}
spec:
  containers:
    - {name: 日本, image: ⟦missing-pull-secret contoso.azurecr.io/b⟧}
... # end
---
{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"c\"}, \"spec\":
  {\"containers\": [{\"name\": \"ü\", \"image\": ⟦missing-pull-secret \"contoso.azurecr.io/c\"⟧}]}}
",
        ),
        (
            "JSON on one line and over several, twice in a text",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"ä"},"spec":{"containers":[{"name":"a","image":⟦missing-pull-secret "contoso.azurecr.io/a"⟧}]}}
{
	"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"},
	"spec": {"containers": [{
		"name": "b",
		"image": ⟦missing-pull-secret "contoso.azurecr.io\/b"⟧
	}]}
}
"#,
        ),
        (
            "items of lists",
            r#"{"apiVersion": "v1", "kind": "PodList", "items": [
  {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "redis"}]}},
  {"metadata": {"name": "b"}, "spec": {"containers": [{"name": "b", "image": ⟦missing-pull-secret "contoso.azurecr.io/b"⟧}]}}
]}
"#,
        ),
        (
            "lists in lists",
            "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: List
  items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: a}
    spec: {containers: [{name: a, image: ⟦missing-pull-secret contoso.azurecr.io/a⟧}]}
",
        ),
        (
            "a review",
            r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
  "uid": "1", "operation": "CREATE", "namespace": "shop",
  "kind": {"group": "", "version": "v1", "kind": "Pod"},
  "resource": {"group": "", "version": "v1", "resource": "pods"},
  "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "a", "image": ⟦missing-pull-secret "contoso.azurecr.io/a"⟧}]}}}}
"#,
        ),
        (
            "templates",
            "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - image: ⟦missing-pull-secret contoso.azurecr.io/web⟧
          name: web
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: job}
spec:
  jobTemplate:
    spec: {template: {spec: {containers: [{name: job, image: ⟦missing-pull-secret contoso.azurecr.io/job⟧}]}}}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: t}
template: {spec: {containers: [{name: t, image: ⟦missing-pull-secret contoso.azurecr.io/t⟧}]}}
",
        ),
        (
            "an alias and its value",
            "apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: a}
    spec: &spec
      containers:
        - &c {name: c, image: ⟦missing-pull-secret contoso.azurecr.io/c⟧}
  - {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: d, image: redis}]}}
",
        ),
    ] {
        check(name, VALIDATE, marked);
        // Other line ends do not change locations.
        check(name, VALIDATE, &marked.replace('\n', "\r\n"));
    }
}

#[test]
fn pull_secrets_are_marked_as_a_list_or_an_entry() {
    for (name, marked) in [
        (
            "entries that do not exist or have no name",
            "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - {name: web, image: contoso.azurecr.io/web}
  imagePullSecrets:
    - ⟦secret-not-found name: acr-secret⟧
    - ⟦empty-pull-secret-name {}⟧
",
        ),
        (
            "flow",
            "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {
  imagePullSecrets: [⟦secret-not-found {name: acr-secret}⟧], containers: [{name: web, image: contoso.azurecr.io/web}]}}
",
        ),
        (
            "a list that hides those of the ServiceAccount",
            "apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
imagePullSecrets: [{name: acr-secret}]
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  imagePullSecrets: ⟦service-account-secrets-hidden [{name: mine}]⟧
  containers:
    - {name: web, image: ⟦missing-pull-secret contoso.azurecr.io/web⟧}
",
        ),
        (
            "secrets that the pod has from its ServiceAccount are nowhere in the file: what lacks them is marked",
            "apiVersion: v1
kind: ServiceAccount
metadata: {name: default}
imagePullSecrets: [{name: acr-secret}]
---
apiVersion: v1
kind: Pod
metadata: {name: web}
⟦secret-not-found spec⟧:
  containers:
    - {name: web, image: contoso.azurecr.io/web}
",
        ),
    ] {
        check(name, LOOKUPS, marked);
    }
}

#[test]
fn secrets_are_marked_at_their_type_and_data_as_they_are_written() {
    let auths = |password: &str| {
        format!(
            r#"'{{"auths": {{"contoso.azurecr.io": {{"username": "contoso", "password": "{password}"}}}}}}'"#
        )
    };
    for (name, marked) in [
        (
            "data that does not count",
            "apiVersion: v1
kind: Secret
metadata: {name: acr-secret}
type: Opaque
data: {.dockerconfigjson: ⟦secret-wrong-type e30=⟧}
"
            .to_owned(),
        ),
        (
            "stringData, which the API server stores as data",
            format!(
                "apiVersion: v1
kind: Secret
metadata: {{name: acr-secret}}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: ⟦secret-admin-user {}⟧
",
                auths("x")
            ),
        ),
    ] {
        check(name, LOOKUPS, &marked);
    }
}
