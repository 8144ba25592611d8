//! The reader reads what kubectl reads: `reading.json` has texts, each with kubectl's answer.
//!
//! A row without `ours` states: the documents that kubectl sees are the documents that we see, and what kubectl refuses is an
//! error or has a note. `ours` states differences, and why.

use std::io::Write as _;
use std::process::{Command, Stdio};

use review::yaml::{self, Documents, SyntaxError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use test_support::alike::difference;
use test_support::libyaml;

use crate::project;

const TABLE: &str = "host/review/tests/review_alone/reading.json";

/// The text above each `body`, because kubectl accepts objects only.
const HEAD: &str = "apiVersion: v1\nkind: X\nmetadata: {name: a}\n";

/// The label that kubectl adds.
const LABEL: &str = "seen";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// Text below [`HEAD`]
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The whole text
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The encoding for kubectl, if it is not UTF-8
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    kubectl: Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    ours: Option<Ours>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Encoding {
    #[serde(rename = "utf-16le")]
    Utf16le,
    #[serde(rename = "utf-16be")]
    Utf16be,
    #[serde(rename = "latin-1")]
    Latin1,
}

/// kubectl's result for a text: the documents that it reads, and the error.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refuses: Option<String>,
}

/// Our result, if it differs from kubectl's.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    /// The documents, where they are others
    #[serde(default, skip_serializing_if = "Option::is_none")]
    documents: Option<Vec<Value>>,
    /// Words of one of the notes
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// The location of an error that replaces a document: `LINE`, `LINE:COLUMN` or `LINE:COLUMN WORDS of its message`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The same for an error that may replace a document
    #[serde(default, skip_serializing_if = "Option::is_none")]
    or_error: Option<String>,
    why: String,
}

impl Row {
    fn text(&self) -> String {
        match (&self.body, &self.text) {
            (Some(body), None) => format!("{HEAD}{body}"),
            (None, Some(text)) => text.clone(),
            _ => panic!("{}: either `body` or `text`", self.name),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let text = self.text();
        let wide = |bytes: fn(u16) -> [u8; 2]| {
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
        };
        match self.encoding {
            None => text.into_bytes(),
            Some(Encoding::Utf16le) => wide(u16::to_le_bytes),
            Some(Encoding::Utf16be) => wide(u16::to_be_bytes),
            Some(Encoding::Latin1) => {
                text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect()
            }
        }
    }

    /// A document without the text above each `body`.
    fn shown(&self, mut document: Value) -> Value {
        if let (Some(_), Value::Object(fields)) = (&self.body, &mut document) {
            for field in ["apiVersion", "kind", "metadata"] {
                fields.remove(field);
            }
        }
        document
    }

    /// The difference from the expected result, if there is one.
    fn check(&self) -> Option<String> {
        let found = yaml::documents_below(0, &self.text());
        let shown = found.documents.iter().map(|document| self.shown(document.value.clone()));
        let read: Vec<Value> = shown.collect();
        let said = || said(&found);
        let ours = self.ours.as_ref();
        let expected = ours.and_then(|ours| ours.error.as_ref().or(ours.or_error.as_ref()));
        if let (Some(error), Some(expected)) = (&found.error, expected) {
            return (!is_at(error, expected)).then(|| format!("not the error at {expected}: {}", said()));
        }
        if ours.is_some_and(|ours| ours.error.is_some()) {
            return Some(format!("no error: {}", said()));
        }
        let note = |words: &str| found.all_notes().any(|note| note.message.contains(words));
        let refused = self.kubectl.refuses.is_some();
        if ours.is_none() && refused {
            let told = found.error.is_some() || note("kubectl");
            return (!told).then(|| format!("neither an error nor a note that names kubectl: {}", said()));
        }
        if found.error.is_some() {
            return Some(said());
        }
        let wanted = ours.and_then(|ours| ours.documents.as_ref()).unwrap_or(&self.kubectl.documents);
        if let Some(other) = difference(&json!(wanted), &json!(read), "") {
            return Some(other);
        }
        let words = ours.and_then(|ours| ours.note.as_deref());
        words.filter(|words| !note(words)).map(|words| format!("no note that says {words:?}: {}", said()))
    }
}

fn is_at(error: &SyntaxError, expected: &str) -> bool {
    let (place, words) = expected.split_once(' ').unwrap_or((expected, ""));
    let (line, column) = place.split_once(':').map_or((place, None), |(line, column)| (line, Some(column)));
    line == error.line.to_string()
        && column.is_none_or(|column| column == error.column.to_string())
        && error.message.contains(words)
}

fn said(found: &Documents) -> String {
    let notes: Vec<_> = found.all_notes().map(|note| &note.message).collect();
    let count = found.documents.len();
    match &found.error {
        Some(error) => format!("{count} documents, then {error}; notes: {notes:?}"),
        None => format!("{count} documents; notes: {notes:?}"),
    }
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(project(TABLE)).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

#[test]
fn texts_are_read_as_kubectl_reads_them() {
    let rows = rows();
    assert!(rows.len() >= 500, "{}", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|row| row.check().map(|wrong| format!("{}: {:?}\n    {wrong}", row.name, row.text())))
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Rows in which the independent reader differs from kubectl, and why.
const NOT_AS_KUBECTL: &[(&str, &[&str])] = &[
    (
        "libyaml 0.2 does not end a word of a flow collection at a question mark, and refuses one that ends in a colon",
        &[
            "18 colon at end in flow",
            "keys without values in braces",
            "colons at the end in brackets",
            "colon at the end before the bracket",
            "colon at the end in braces",
            "colon at the end of a key before a comma",
            "question mark before a bracket, as key in block",
            "question mark within a word in brackets",
            "question mark ends a word in brackets",
            "question marks in brackets",
        ],
    ),
    (
        "libyaml 0.2 has the escape of a slash, and not that of a single quote",
        &[
            "09 escaped single quote",
            "escaped slash",
            "escaped slash in JSON behind a separator",
            "escaped single quote",
        ],
    ),
    ("libyaml 0.2 ends a tag before a bracket", &["tag tight before a bracket"]),
    (
        "libyaml takes each byte order mark for the first of a text",
        &[
            "byte order mark at the start of a line",
            "byte order mark behind a comment at the start",
            "byte order mark behind the first separator",
            "byte order mark behind two separators",
            "byte order mark behind a comment of the second document",
            "byte order mark behind an empty line of the second document",
        ],
    ),
    ("kubectl shows the items of a List one by one", &["21 fix handwritten list"]),
    (
        "kubectl 1.33 and later read this as YAML",
        &[
            "JSON with a block comment",
            "JSON with a number too large",
            "JSON and text behind it",
            "JSON with a comma too many",
            "JSON, a separator and YAML",
            "YAML in braces begins the text",
            "U+0085 as blank in JSON",
            "U+2028 as blank in JSON",
        ],
    ),
    ("serde_json has no half of a pair", &["JSON with half of a pair"]),
];

/// Tests compare generated manifests with the independent reader, so it must read as kubectl does.
#[test]
fn the_independent_reader_reads_as_kubectl_reads() {
    let mut wrong = Vec::new();
    for row in rows() {
        let newer = row.ours.as_ref().filter(|ours| ours.why.contains("kubectl 1.33"));
        let documents = newer.and_then(|ours| ours.documents.as_ref()).unwrap_or(&row.kubectl.documents);
        let documents = documents.iter().filter(|document| !document.is_null());
        let refuses = row.kubectl.refuses.is_some() && newer.is_none();
        let answer = libyaml::kubectl(&row.text());
        let read = answer.documents.iter().map(|document| row.shown(document.clone()));
        let wanted: Value = documents.cloned().collect();
        let differs = difference(&wanted, &read.collect(), "");
        let said = match (&answer.refuses, refuses) {
            (Some(reason), false) => Some(format!("refused: {reason}")),
            (None, true) => Some(format!("read: {}", json!(answer.documents))),
            _ => differs,
        };
        let listed = NOT_AS_KUBECTL.iter().any(|(_, names)| names.contains(&row.name.as_str()));
        if said.is_some() != listed {
            wrong.push(format!("{}: {:?}\n    {}", row.name, row.text(), said.unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// Asks kubectl, which reads a file, adds a label and prints the objects, all without a cluster.
fn ask_kubectl(row: &Row) -> Answer {
    let mut kubectl = Command::new("kubectl");
    kubectl.args(["label", "--local", "-f", "-", &format!("{LABEL}=1"), "-o", "json"]);
    kubectl.env("KUBECONFIG", "/dev/null");
    kubectl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut kubectl = kubectl.spawn().expect("kubectl runs");
    kubectl.stdin.take().unwrap().write_all(&row.bytes()).unwrap();
    let output = kubectl.wait_with_output().unwrap();
    let documents = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let documents = documents.map(|document| row.shown(without_label(document.expect("JSON"))));
    let talk = String::from_utf8(output.stderr).expect("UTF-8");
    let talk = talk.trim_end().trim_start_matches("error: ").trim_start_matches("error parsing STDIN: ");
    Answer {
        documents: documents.collect(),
        refuses: (!output.status.success()).then(|| talk.lines().next().unwrap_or_default().to_owned()),
    }
}

fn without_label(mut document: Value) -> Value {
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut)
        && let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut)
    {
        labels.remove(LABEL);
        if labels.is_empty() {
            metadata.remove("labels");
        }
    }
    document
}

/// `UPDATE=1` writes kubectl's results into the table.
#[test]
#[ignore = "needs kubectl"]
fn the_table_has_the_results_of_kubectl() {
    let mut rows = rows();
    let mut wrong = Vec::new();
    for row in &mut rows {
        let answer = ask_kubectl(row);
        if answer != row.kubectl {
            wrong.push(format!("{}: {}", row.name, json!(answer)));
            row.kubectl = answer;
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        let lines: Vec<String> =
            rows.iter().map(|row| visible(&serde_json::to_string(row).unwrap())).collect();
        std::fs::write(project(TABLE), format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    } else {
        assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    }
}

/// JSON with escapes for the characters that an editor does not show, or takes for line ends.
fn visible(json: &str) -> String {
    let hidden = |c: char| {
        matches!(c, '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
            || u32::from(c) & 0xfffe == 0xfffe
    };
    let escaped = |c: char| {
        let mut units = [0; 2];
        c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat()
    };
    json.chars().map(|c| if hidden(c) { escaped(c) } else { c.to_string() }).collect()
}
