//! Any text is read or refused as a manifest, in its parts as in whole; every value is found again where it is; and what
//! `fix` makes of it differs only by the names.
#![no_main]

use std::sync::{Arc, LazyLock};

use acr_pull_secret::sandbox::{Compiler, EMBEDDED, HostCalls, Limits, Policy};
use libfuzzer_sys::fuzz_target;
use review::cluster::Cluster;
use review::evaluation::Evaluation;
use review::fix::{self, fix};
use review::json_pointer::escaped;
use review::kind::Judged;
use review::manifest::manifests;
use review::source_file::SourceFile;
use review::yaml;
use serde_json::Value;
use serde_json::value::RawValue;

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here).unwrap());

struct NoHost;

impl HostCalls for NoHost {
    fn call(&self, _: &str, _: &str, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("no host".to_owned())
    }
}

fuzz_target!(|text: &str| {
    let file = Arc::new(SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() });
    let (documents, error) = yaml::documents(text);
    for document in &documents {
        let mut pointers = Vec::new();
        collect(&document.value, String::new(), &mut pointers);
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        for (place, pointer) in document.nearest(text, &pointers).into_iter().zip(&pointers) {
            let place = place.unwrap_or_else(|| panic!("{pointer} has no place"));
            assert!(text.get(place.span).is_some(), "{pointer} has no text");
        }
    }
    let (objects, _, _) = manifests(&file);
    if objects.is_empty() || error.is_some() {
        return;
    }
    let (cluster, judged) = (Cluster::default(), Judged::of(POLICY.metadata()));
    let settings = RawValue::from_string("{}".to_owned()).unwrap();
    let settings = fix::settings(&settings).unwrap();
    let evaluation = Evaluation::new(&*POLICY, &settings, &judged, "default", &cluster, Arc::new(NoHost));
    let fixed = fix(&evaluation, None, None, &file, objects);
    if fixed.changes.is_empty() || !fixed.refusals.is_empty() {
        assert_eq!(fixed.text, text);
        return;
    }
    assert_ne!(fixed.text, text);
    let (after, error) = yaml::documents(&fixed.text);
    assert_eq!(error, None);
    assert_eq!(after.len(), documents.len());
    let again = Arc::new(SourceFile { name: "a.yaml".to_owned(), text: fixed.text.clone() });
    let objects = manifests(&again).0;
    assert!(fix(&evaluation, None, None, &again, objects).changes.is_empty(), "the second time");
});

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    if pointers.len() > 200 {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, format!("{pointer}/{}", escaped(name)), pointers);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{i}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}
