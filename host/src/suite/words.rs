//! The expectations of a case in the usual style: short YAML, or JSON.

use serde_json::Value;

use review::yaml;

/// A key with its value: a list as a block, an item to a line.
pub(super) fn block(key: &str, value: &Value) -> String {
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items.iter().map(|item| format!("  - {}\n", flow(item))).collect();
            format!("{key}:\n{}", items.concat())
        }
        other => format!("{key}: {}\n", flow(other)),
    }
}

/// A value on one line, in braces and brackets where it has parts.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text without quotes if it remains a text, else in the quotes that change it least.
fn scalar(text: &str) -> String {
    // What begins otherwise may be read alike in brackets only.
    let is_word = text.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '/' | '.' | '_'));
    let is_read = |list: &str| yaml::documents(list).0.first().is_some_and(|read| is_text(&read.value, text));
    if is_word && is_read(&format!("[{text}]")) && is_read(&format!("- {text}\n")) {
        return text.to_owned();
    }
    if text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return yaml::quoted(text);
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn is_text(list: &Value, text: &str) -> bool {
    list.as_array().is_some_and(|items| items.as_slice() == [Value::from(text)])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{block, flow};
    use review::yaml;

    #[test]
    fn what_is_written_is_read_again() {
        let texts = [
            "acr-secret",
            "a: b",
            "a #b",
            "a, b",
            "[a]",
            "it's",
            "yes",
            "1",
            "1e3",
            "null",
            "",
            " a",
            "-",
            "- a",
            "~",
            "a\nb",
            "tab\t",
            "\u{85}",
            "a\u{2028}b",
            "\u{2029}",
            "\u{7f}",
            "\u{feff}",
            "/spec/imagePullSecrets/-",
            "\"",
            "container \"web\": no; add it",
            "a:",
            "?",
            "---",
            "/a\\.b/",
            "ünï",
            "{{ x }}",
            "%",
            "@a",
            "2001-01-01",
            "0x1f",
            "=",
            "<<",
        ];
        let value = json!({"texts": texts[..], "list": [], "deep": [{"value": [{"name": "a"}], "n": 1.5, "b": true, "z": null}]});
        let read = |text: &str| yaml::documents(text).0.remove(0).value;
        assert_eq!(read(&flow(&value)), value);
        let blocks: Vec<String> = value
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value): (&String, &Value)| block(key, value))
            .collect();
        assert_eq!(read(&blocks.concat()), value);
    }
}
