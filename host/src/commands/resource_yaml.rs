//! Resources of Kubernetes as the text of a YAML file.

use std::collections::BTreeMap;

use anyhow::Result;
use review::deployment::{FieldComment, Resource};
use review::foreign_text::plain;
use review::yaml::places;

/// The resources as documents with comments.
pub(super) fn yaml(resources: &[Resource]) -> Result<String> {
    let mut documents = Vec::new();
    for Resource { comments, field_comments, object } in resources {
        let head: String = comments.iter().map(|text| comment("", text)).collect();
        documents.push(head + &commented(&serde_saphyr::to_string(object)?, field_comments));
    }
    Ok(documents.join("---\n"))
}

/// The text of one document with each comment above its field.
fn commented(text: &str, comments: &[FieldComment]) -> String {
    let pointers: Vec<&str> = comments.iter().map(|comment| comment.pointer.as_str()).collect();
    let mut above: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (comment, place) in comments.iter().zip(places(text, 1, &pointers)) {
        if let Some(place) = place {
            above.entry(place.of_name(text).line).or_default().push(&comment.text);
        }
    }
    let mut commented = String::with_capacity(text.len() * 2);
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let indent = line.get(..line.len() - line.trim_start().len()).unwrap_or_default();
        commented.extend(above.remove(&(i + 1)).into_iter().flatten().map(|text| comment(indent, text)));
        commented.push_str(line);
    }
    commented
}

/// A comment in a line of its own. A name in its text may come from a manifest.
fn comment(indent: &str, text: &str) -> String {
    format!("{indent}# {}\n", plain(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use review::deployment::{FieldComment, Resource};
    use review::yaml::documents;
    use serde_json::json;

    use super::yaml;

    #[test]
    fn a_comment_is_above_its_field() {
        let object = json!({"a": {"b": [{"c": 1, "d": [2]}, "x"], "e": {}}});
        let fields = [
            ("/a/b/0", "first"),
            ("/a/b/1", "second"),
            ("/a/e", "one"),
            ("/a/e", "two"),
            ("/a/f", "no field"),
        ];
        let field_comments =
            fields.map(|(pointer, text)| FieldComment { pointer: pointer.to_owned(), text: text.to_owned() });
        let resource =
            Resource { comments: vec!["all".to_owned()], field_comments: field_comments.to_vec(), object };
        assert_eq!(
            yaml(&[resource]).unwrap(),
            "# all\na:\n  b:\n  # first\n  - c: 1\n    d:\n    - 2\n  # second\n  - x\n  # one\n  # two\n  e: {}\n"
        );
    }

    proptest! {
        #[test]
        fn no_comment_changes_what_is_read(text in "[a-z#:\u{85}\u{2028}\r\n\t {}-]{0,12}|\\PC{0,8}", at in 0..4usize) {
            let object = json!({"a": {"b": [{"c": "x: y\n- z"}, "# no comment"]}});
            let pointer = ["/a", "/a/b", "/a/b/0/c", "/a/b/1"][at].to_owned();
            let field_comments = vec![FieldComment { pointer, text: text.clone() }];
            let resource = Resource { comments: vec![text.clone()], field_comments, object: object.clone() };
            let written = yaml(&[resource]).unwrap();
            let (read, error) = documents(&written);
            prop_assert!(error.is_none(), "{written}");
            let values: Vec<_> = read.iter().map(|document| &document.value).collect();
            prop_assert_eq!(values, [&object], "{}", written);
            let saphyr: serde_json::Value = serde_saphyr::from_str(&written).unwrap();
            prop_assert_eq!(saphyr, object, "{}", written);
        }
    }
}
