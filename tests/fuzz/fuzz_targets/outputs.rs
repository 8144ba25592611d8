//! No part of a text that is shown can be a command to a terminal or CI system: errors, notes, the line of each value,
//! and the lines that a diff shows next to a change.
#![no_main]

use libfuzzer_sys::fuzz_target;
use review::diagnostic::{Diagnostic, Spot};
use review::foreign_text::{azure, has_command, is_active, markdown, plain};
use review::{structure, yaml};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert_plain(&plain(text));
    assert_eq!(plain(&plain(text)), plain(text), "what is plain stays");
    commands_of_azure(text);
    cells_of_markdown(text);
    let found = yaml::documents_below(0, text);
    for diagnostic in Diagnostic::of_notes(text, text, &found.notes) {
        rendered(&diagnostic);
    }
    if let Some(error) = &found.error {
        rendered(&Diagnostic::of_syntax(text, text, error));
    }
    for document in &found.documents {
        let pointers = pointers(&document.value);
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        for place in document.nearest(text, &pointers).into_iter().flatten() {
            for place in [place.clone(), place.of_name(text)] {
                for spot in [Spot::of_value(text, text, &place), Spot::of_key(text, text, &place)] {
                    rendered(&Diagnostic::at(spot, text).with_help(text));
                }
            }
        }
    }
    assert_eq!(structure::lines(text).len(), text.split('\n').count());
});

/// A property ends nowhere, and the agent reads what is shown: microsoft/azure-pipelines-agent, `Command.cs`.
fn commands_of_azure(text: &str) {
    let (data, property) = (azure::data(text), azure::property(text));
    for escaped in [&data, &property] {
        assert_plain(escaped);
        let read = escaped.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n");
        assert_eq!(read.replace("%5D", "]").replace("%AZP25", "%"), plain(text));
    }
    assert!(!property.contains([';', ']']), "{property:?}");
}

/// A cell ends nowhere, every code span ends, and outside of them there are words only.
fn cells_of_markdown(text: &str) {
    for cell in [markdown::prose(text), markdown::code(text)] {
        assert_plain(&cell);
        let spans: Vec<&str> = cell.split('`').collect();
        let is_text = |c: char| c.is_ascii_alphanumeric() || " -'\"(),.:".contains(c);
        assert!(!cell.contains('|') && spans.len() % 2 == 1, "{cell:?}");
        assert!(spans.iter().step_by(2).all(|outside| outside.chars().all(is_text)), "{cell:?}");
    }
}

fn rendered(diagnostic: &Diagnostic) {
    diagnostic.to_string().lines().for_each(assert_plain);
}

fn assert_plain(line: &str) {
    assert!(!line.contains(is_active) && !has_command(line), "{line:?}");
}

/// Pointers to some values of a document, and past its end.
fn pointers(value: &serde_json::Value) -> Vec<String> {
    let mut all = vec![String::new(), "/no/such/field".to_owned()];
    let mut rest = vec![(String::new(), value)];
    while let Some((pointer, value)) = rest.pop().filter(|_| all.len() < 20) {
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        match value {
            serde_json::Value::Object(fields) => {
                rest.extend(fields.iter().map(|(key, value)| (format!("{pointer}/{}", escaped(key)), value)));
            }
            serde_json::Value::Array(items) => {
                rest.extend(items.iter().enumerate().map(|(i, item)| (format!("{pointer}/{i}"), item)));
            }
            _ => {}
        }
        all.push(pointer);
    }
    all
}
