//! The output of a KRM function: the text of the list with its results.

use review::text_edit::{Edit, apply};
use review::yaml;
use serde_json::Value;

use super::result::FunctionResult;
use crate::report::json_text;

const RESULTS: &str = "results";

/// Why a list cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// There is no place for the results
    #[error("the ResourceList is written in a way that results cannot be added to")]
    Layout,
    /// A result has no JSON form
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// The text of a list with these results, instead of those of an earlier function. All the rest keeps its order, comments and layout.
///
/// # Errors
/// - the text is laid out in a way that cannot be edited
pub fn with_results(text: &str, results: &[FunctionResult]) -> Result<String, OutputError> {
    let Some(document) = yaml::documents(text).0.pop() else { return Ok(text.to_owned()) };
    if results.is_empty() && document.value.get(RESULTS).is_none_or(Value::is_null) {
        return Ok(text.to_owned());
    }
    let lines: Vec<String> = results.iter().map(json_text::in_one_line).collect::<serde_json::Result<_>>()?;
    let mut wanted = document.value.clone();
    let written: Vec<Value> = results.iter().map(serde_json::to_value).collect::<serde_json::Result<_>>()?;
    if let Some(fields) = wanted.as_object_mut() {
        fields.insert(RESULTS.to_owned(), Value::Array(written));
    }
    // An edit counts only if it reads as what is meant.
    let is_meant = |text: &String| match yaml::documents(text) {
        (documents, None) => matches!(documents.as_slice(), [only] if only.value == wanted),
        (_, Some(_)) => false,
    };
    let edits = [at_the_end(text, &document, &lines), before_the_items(text, &document, &lines)];
    edits.into_iter().flatten().find(is_meant).ok_or(OutputError::Layout)
}

/// The text with the results as its last field, or instead of those that it has.
fn at_the_end(text: &str, document: &yaml::Document, lines: &[String]) -> Option<String> {
    let flow = format!("[{}]", lines.join(", "));
    if let Some(place) = document.places(text, &["/results"]).pop().flatten() {
        // In a line of its own it has to be indented.
        let indent = if place.column == 1 { "  " } else { "" };
        return apply(text, vec![Edit { at: place.span, text: [indent, &flow].concat() }]);
    }
    let end = document.span.start + text.get(document.span.clone())?.trim_end().len();
    let whole = text.get(document.span.start..end)?;
    if whole.trim_start().starts_with('{') {
        let brace = end.checked_sub(1)?;
        return apply(text, vec![Edit::insert(brace, format!(", \"{RESULTS}\": {flow}"))]);
    }
    apply(
        text,
        vec![Edit::insert(end, format!("{0}{RESULTS}:{0}- {1}", end_of_line(text), joined(text, lines)))],
    )
}

/// The text with the results before its items: a block scalar at the end of the list may go on to the end of the text.
fn before_the_items(text: &str, document: &yaml::Document, lines: &[String]) -> Option<String> {
    let key = document.places(text, &["/items"]).pop().flatten()?.key?;
    let results = format!("{RESULTS}:{0}- {1}{0}", end_of_line(text), joined(text, lines));
    apply(text, vec![Edit::insert(key.start, results)])
}

fn joined(text: &str, lines: &[String]) -> String {
    lines.join(&format!("{}- ", end_of_line(text)))
}

fn end_of_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use review::diagnostic::Diagnostic;

    use super::with_results;
    use crate::krm::result::{FunctionResult, Weight};

    fn result(message: &str) -> FunctionResult {
        FunctionResult {
            message: message.to_owned(),
            severity: Weight::Warning,
            resource_ref: None,
            field: None,
            file: None,
            tags: BTreeMap::new(),
            diagnostic: Diagnostic::warning(message),
            is_refusal: false,
        }
    }

    #[test]
    fn results_are_the_last_field_and_nothing_else_changes() {
        let one = r#"{"message":"a: \"b\"","severity":"warning"}"#;
        let list = "kind: ResourceList\nitems:\n- kind: A # first\n";
        for (text, output) in [
            (list.to_owned(), format!("{list}results:\n- {one}\n")),
            (format!("# head\n{list}\n\n"), format!("# head\n{list}results:\n- {one}\n\n\n")),
            (format!("---\n{list}...\n"), format!("---\n{list}results:\n- {one}\n...\n")),
            (format!("{list}results:\n- message: old\n"), format!("{list}results:\n  [{one}]\n")),
            (format!("results: []\n{list}"), format!("results: [{one}]\n{list}")),
            (
                "{\"kind\": \"ResourceList\", \"items\": []}\n".to_owned(),
                format!("{{\"kind\": \"ResourceList\", \"items\": [], \"results\": [{one}]}}\n"),
            ),
        ] {
            assert_eq!(with_results(&text, &[result("a: \"b\"")]).unwrap(), output, "{text}");
        }
        assert_eq!(with_results(list, &[]).unwrap(), list);
        let old = format!("{list}results: [{{message: old}}]\n");
        assert_eq!(with_results(&old, &[]).unwrap(), format!("{list}results: []\n"));
    }

    #[test]
    fn results_come_before_items_whose_text_has_no_end() {
        let text = "kind: ResourceList\nitems:\n- a: |+\n    text\n\n\n";
        let output = with_results(text, &[result("a")]).unwrap();
        assert!(
            output.starts_with("kind: ResourceList\nresults:\n- {")
                && output.ends_with("}\nitems:\n- a: |+\n    text\n\n\n"),
            "{output}"
        );
        let windows = "kind: ResourceList\r\nitems: []\r\n";
        let output = with_results(windows, &[result("a")]).unwrap();
        assert_eq!(output.matches('\n').count(), output.matches("\r\n").count(), "{output:?}");
    }

    #[test]
    fn a_layout_that_cannot_be_edited_is_refused() {
        let text = "  kind: ResourceList\n  items: []\n";
        assert!(with_results(text, &[result("a")]).is_err());
    }
}
