//! `fix` adds lines once to a pod that is written in any way.

use std::sync::Arc;

use proptest::prelude::*;
use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::fix::{FixedFile, fix, settings};
use review::kind::Judged;
use review::log::NoLog;
use review::lookups::Lookups;
use review::manifest::manifests;
use review::source_file::SourceFile;
use serde_json::value::RawValue;

use crate::engines::POLICY;
use crate::fix::keeps_lines;

/// The result of `fix` for a text, with a policy that needs two secrets.
fn fixed(text: &str) -> FixedFile {
    try_fixed(text).unwrap_or_else(|| panic!("{text}"))
}

/// As [`fixed`]; none if the text is not read completely.
pub(crate) fn try_fixed(text: &str) -> Option<FixedFile> {
    let given = r#"{"pullSecrets":[{"registries":["contoso.azurecr.io"],"secret":"acr-secret"},{"registries":["*.azurecr.io"],"secret":"1e3"}]}"#;
    let settings = settings(&RawValue::from_string(given.to_owned()).unwrap()).unwrap();
    let judged = Judged::of(POLICY.metadata());
    let cluster = Arc::new(Cluster::default());
    let host = Arc::new(Lookups::new(cluster.clone(), POLICY.metadata(), Arc::new(NoLog)));
    let evaluation = Evaluation::new(&*POLICY, &settings, &judged, "shop", &cluster, host);
    let file = Arc::new(SourceFile { name: "generated.yaml".to_owned(), text: text.to_owned() });
    let (objects, _, error) = manifests(&file);
    error.is_none().then(|| fix(&evaluation, None, None, &file, objects))
}

/// A line between the keys of a pod spec.
fn between() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("\n".to_owned()),
        Just("  # imagePullSecrets: []\n".to_owned()),
        Just("# containers:\n".to_owned()),
        Just("      # deep\n".to_owned()),
        "  [a-z]{3}x: [a-z0-9 ]{0,8}(#[a-z]{0,3}| # [a-z:]{0,5})?\n",
        "  [a-z]{3}y: (\\||>)[+-]?\n(    [#a-z:\\- ]{1,9}\n){1,2}\n?",
        "  [a-z]{3}z: \"[a-z# :]{0,5}\n {3,5}[#a-z: ]{0,5}\"\n",
    ]
}

fn list() -> impl Strategy<Value = String> {
    let item = "(    |  |      )-  ?name: (a|\"a\"|'a')( # [a-z]{0,4})?\n";
    let block = item.prop_map(|item| format!("  imagePullSecrets:\n{item}"));
    prop_oneof![
        3 => Just(String::new()),
        3 => block,
        1 => "  imagePullSecrets: ?(#[a-z]{0,3})?\n".prop_filter("a comment needs a blank", |text| !text.contains(":#")),
        1 => "  imagePullSecrets: \\[ ?(\\{ ?name: a ?\\},?( \\{name: b\\})?)? ?\\]( # c)?\n"
            .prop_filter("items need a comma", |text| !text.contains("} {")),
    ]
}

/// A pod whose two containers need two secrets, written in one of many ways.
fn pod() -> impl Strategy<Value = String> {
    let containers = prop_oneof![
        Just("  containers:\n  - name: c\n    image: contoso.azurecr.io/a\n  - image: fabrikam.azurecr.io/b # b\n".to_owned()),
        Just("  containers: # all\n      -  image: contoso.azurecr.io/a\n      -  {image: fabrikam.azurecr.io/b}\n".to_owned()),
        Just("  containers: [{image: contoso.azurecr.io/a}, {image: fabrikam.azurecr.io/b}]\n".to_owned()),
        Just("  containers: [\n      { image: contoso.azurecr.io/a }, # a\n      { image: fabrikam.azurecr.io/b }\n    ]\n".to_owned()),
    ];
    let line_end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    let end = prop_oneof![Just(""), Just("\n"), Just("# end\n"), Just("...\n")];
    (between(), list(), between(), containers, between(), end, line_end, any::<bool>(), any::<bool>())
        .prop_map(|(one, list, two, containers, three, end, line_end, list_last, cut)| {
            let spec = if list_last {
                [one, two, containers, three, list].concat()
            } else {
                [one, list, two, containers, three].concat()
            };
            let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n{spec}{end}");
            let text = text.replace('\n', line_end);
            if cut { text.trim_end().to_owned() } else { text }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn lines_are_only_added_and_only_once(pod in pod()) {
        let file = Arc::new(SourceFile { name: String::new(), text: pod.clone() });
        prop_assume!(manifests(&file).2.is_none());
        let once = fixed(&pod);
        prop_assert_eq!(&once.refusals, &vec![], "{}", pod);
        prop_assert_eq!(once.changes.len(), 1);
        prop_assert_eq!(&once.changes[0].names, &["acr-secret", "1e3"]);
        prop_assert!(keeps_lines(&pod, &once.text) || pod.contains("imagePullSecrets: ["), "{}", once.text);
        prop_assert_eq!(pod.ends_with('\n'), once.text.ends_with('\n'));
        prop_assert_eq!(pod.contains('\r'), once.text.contains('\r'));
        prop_assert_eq!(once.text.matches('\r').count(), if pod.contains('\r') { once.text.matches('\n').count() } else { 0 });
        let twice = fixed(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.changes.is_empty() && twice.refusals.is_empty());
    }

    #[test]
    fn items_of_lists_get_lines_added_and_only_once(one in pod(), two in pod()) {
        let item = |pod: &str| {
            let pod = pod.trim_end_matches("...\n").trim_end_matches("...\r\n").trim_end_matches("...");
            let lines: Vec<&str> = pod.split_inclusive('\n').collect();
            let item = format!("- {}", lines.join("  "));
            if item.ends_with('\n') { item } else { item + "\n" }
        };
        let list = format!("kind: List\napiVersion: v1\nitems:\n{}{}", item(&one), item(&two));
        let file = Arc::new(SourceFile { name: String::new(), text: list.clone() });
        prop_assume!(manifests(&file).2.is_none());
        let once = fixed(&list);
        prop_assert_eq!(&once.refusals, &vec![], "{}", list);
        prop_assert_eq!(once.changes.len(), 2);
        prop_assert!(keeps_lines(&list, &once.text) || list.contains("imagePullSecrets: ["), "{}", once.text);
        let twice = fixed(&once.text);
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.changes.is_empty() && twice.refusals.is_empty());
    }
}
