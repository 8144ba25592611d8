//! Properties: any text is read or refused, JSON is read as it was written.

use proptest::prelude::*;
use serde_json::Value;

use super::super::{Above, documents, json, places, problem, read, reader::Reader, text};
use crate::json_pointer::escaped;

fn json_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![any::<String>(), "[ -~]{0,8}", Just("yes".to_owned()), Just("<<".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("whole floats are integers in YAML", |float| float.fract() != 0.0)
            .prop_map(Value::from),
        text.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let map = prop::collection::btree_map(text.clone(), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            map.prop_map(|map| Value::Object(map.into_iter().collect()))
        ]
    })
}

/// A manifest with a few pieces cut out, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    const BASE: &str = "\u{feff}%YAML 1.1\n---\n# Source: a/b.yaml\napiVersion: v1\nkind: &k Pod\nmetadata: {name: \"ä\\u00e9\", labels: {a: 'b', <<: {x: y}}}\nspec:\n  containers:\n  - image: \"a/b:{{ .Values.tag }}\"\n    args: [--x, -y, 1e3, .5, 0x1f]\n    command:\n    - |\n      sh -c 'x'\n    - >-\n      folded\n  imagePullSecrets:\n    - name: !!str x\n    - ? name\n      : *k\n...\n---\n{\"a\": [1, null, \"\\ud83d\\ude00\"]}\n";
    const PIECES: [&str; 24] = [
        "", "\n", "\r", "\t", " ", "- ", "? ", ": ", "[", "]", "{", "}", "\"", "'", "|", "&a ", "*a ",
        "!!int ", "<<: ", "---\n", "...\n", "#", "\0", "é😀",
    ];
    let edit = (any::<prop::sample::Index>(), 0usize..4, prop::sample::select(&PIECES[..]));
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut characters: Vec<char> = BASE.chars().collect();
        for (at, cut, piece) in edits {
            let at = at.index(characters.len());
            let end = (at + cut).min(characters.len());
            characters.splice(at..end, piece.chars());
        }
        characters.into_iter().collect()
    })
}

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| pointers(item, &format!("{at}/{n}"), found));
        }
        Value::Object(map) => {
            for (key, value) in map {
                pointers(value, &format!("{at}/{}", escaped(key)), found);
            }
        }
        _ => {}
    }
}

/// Every value that is read has a place, and every place lies in its document.
fn check(text: &str) {
    let (read, error) = documents(text);
    if let Some(error) = error {
        if error.help.as_deref() == Some(problem::INDENT) {
            let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
            let at = text[..error.at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
            let (above, line) = text.split_at(at);
            // Another document has other siblings.
            let above = &above[above.rfind("\n---").unwrap_or(0)..];
            let siblings = above.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
            assert!(siblings.map(indent).all(|above| above != indent(line)), "{error:?}");
        }
        assert!(
            error.line >= 1
                && error.column >= 1
                && error.line <= text.lines().count().max(1) + text.matches('\r').count()
        );
    }
    for document in read {
        assert!(text.get(document.span.clone()).is_some());
        let mut all = Vec::new();
        pointers(&document.value, "", &mut all);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let found = places(text, document.index, &all);
        assert_eq!(document.places(text, &all), found);
        for (pointer, place) in all.iter().zip(found) {
            let place = place.unwrap_or_else(|| panic!("no place for {pointer}"));
            assert!(
                text.get(place.span.clone()).is_some() && place.key.is_none_or(|key| text.get(key).is_some())
            );
            assert!(
                document.span.start <= place.span.start && place.span.end <= document.span.end,
                "{pointer} {:?} {:?}",
                document.span,
                place.span
            );
        }
    }
}

/// Random texts seldom end at each place where a value is missing.
#[test]
fn short_texts_are_read_or_refused() {
    const PIECES: [&str; 14] =
        ["?", ":", "-", "[", "]", "{", "}", "\n", " ", "a", "!!int", "&a", "'", "---\n"];
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        texts = texts.iter().flat_map(|text| PIECES.map(|piece| format!("{text}{piece}"))).collect();
        for text in &texts {
            check(text);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn arbitrary_yaml_is_read_or_refused(text in "([-?:,\\[\\]{}#&*!|>'\"%@ \n\r\tab0.<~é]|- |: |\n  |\n|---\n|<<: |&a |\\*a ){0,60}") {
        check(&text);
    }

    #[test]
    fn damaged_manifests_are_read_or_refused(text in mutated()) {
        check(&text);
    }

    #[test]
    fn json_is_read_as_it_was_written(value in json_value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()].into_iter().filter(|text| json::starts(text)) {
            prop_assert_eq!(&documents(&text).0.remove(0).value, &value);
            check(&text);
        }
    }

    #[test]
    fn damaged_json_is_accepted_only_where_serde_json_does(value in json_value(), at: prop::sample::Index, piece in "[0-9eE.+,:\"{}\\[\\]\\\\u -]{0,2}") {
        let mut characters: Vec<char> = value.to_string().chars().collect();
        let at = at.index(characters.len());
        characters.splice(at..=at, piece.chars());
        let text: String = characters.into_iter().collect();
        prop_assume!(!text.starts_with("---"));
        let ours = read(Above { lines: 0, begins: true, is_json: true }, Reader::json(&text), &text).problem.is_none();
        let theirs = serde_json::Deserializer::from_str(&text).into_iter::<Value>().all(|value| value.is_ok());
        prop_assert_eq!(ours, theirs, "{}", text);
    }

    #[test]
    fn yaml_flow_is_read_as_json(value in json_value()) {
        let text = format!("--- {value}\n");
        prop_assume!(text::forbidden_character(&text).is_none() && !text.contains("\\ud") && !text.contains('\u{feff}'));
        let (read, error) = documents(&text);
        prop_assert_eq!(error, None);
        if let Some(document) = read.first() {
            prop_assert_eq!(&document.value, &value);
        }
    }
}
