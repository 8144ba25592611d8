//! Cases from practice: scalars, places, damaged and hostile texts.

#![expect(clippy::string_slice, reason = "a wrong span must fail the test")]

mod damage;
mod marks;
mod places;

use serde_json::{Value, json};

use super::*;

fn only(text: &str) -> Document {
    let (mut documents, error) = documents(text);
    assert_eq!((documents.len(), error), (1, None), "{text}");
    documents.remove(0)
}

fn value(text: &str) -> Value {
    only(text).value
}

fn error(text: &str) -> SyntaxError {
    documents(text).1.unwrap_or_else(|| panic!("no error in {text}"))
}

/// Line, column and text of a value; the other functions for places must agree.
fn place<'t>(text: &'t str, document: usize, pointer: &str) -> (usize, usize, &'t str) {
    let found =
        places(text, document, &[pointer]).remove(0).unwrap_or_else(|| panic!("no {pointer} in {text}"));
    let (documents, _) = documents(text);
    let read = documents.iter().find(|read| read.index == document).unwrap();
    assert_eq!(read.places(text, &[pointer]), [Some(found.clone())], "{pointer} in {text}");
    (found.line, found.column, &text[found.span])
}

#[test]
fn plain_scalars_are_those_of_yaml_1_1() {
    for (written, expected) in [
        ("", json!(null)),
        ("~", json!(null)),
        ("null", json!(null)),
        ("Null", json!(null)),
        ("NULL", json!(null)),
        ("nULL", json!("nULL")),
        ("y", json!(true)),
        ("Y", json!(true)),
        ("yes", json!(true)),
        ("On", json!(true)),
        ("TRUE", json!(true)),
        ("n", json!(false)),
        ("No", json!(false)),
        ("off", json!(false)),
        ("False", json!(false)),
        ("yEs", json!("yEs")),
        ("0", json!(0)),
        ("-0", json!(0)),
        ("12", json!(12)),
        ("+12", json!(12)),
        ("-12", json!(-12)),
        ("1_000", json!(1000)),
        ("010", json!(8)),
        ("08", json!(8)),
        ("0o17", json!(15)),
        ("0x1F", json!(31)),
        ("-0x1f", json!(-31)),
        ("0b101", json!(5)),
        ("0b2", json!("0b2")),
        ("0x", json!("0x")),
        ("1.5", json!(1.5)),
        ("1.0", json!(1)),
        ("1.", json!(1)),
        (".5", json!(0.5)),
        ("-.5", json!(-0.5)),
        ("1e3", json!(1000)),
        ("1e-3", json!(0.001)),
        ("12e03", json!(12000)),
        ("9223372036854775807", json!(i64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("18446744073709551615", json!(u64::MAX)),
        ("18446744073709551616", json!(18_446_744_073_709_551_616.0)),
        ("0xFFFFFFFFFFFFFFFFFF", json!("0xFFFFFFFFFFFFFFFFFF")),
        ("1e999", json!("1e999")),
        (".", json!(".")),
        ("+", json!("+")),
        ("-.", json!("-.")),
        ("--1", json!("--1")),
        ("2001-12-14", json!("2001-12-14")),
        ("12:30:45", json!("12:30:45")),
        ("1.2.3", json!("1.2.3")),
        ("100m", json!("100m")),
        ("1Gi", json!("1Gi")),
        ("infinity", json!("infinity")),
        ("+inf", json!("+inf")),
        ("+.nan", json!("+.nan")),
        ("\"12\"", json!("12")),
        ("'yes'", json!("yes")),
        ("!!str 12", json!("12")),
        ("!!int \"12\"", json!(12)),
        ("!!float 1.5", json!(1.5)),
        ("!!bool yes", json!(true)),
        ("!!bool \"no\"", json!(false)),
        ("!!null ''", json!(null)),
        ("! 12", json!("12")),
        ("!", json!("")),
        ("! ~", json!("~")),
        ("!!binary aGk=", json!("hi")),
        ("!!binary |\n  aG\n  k=", json!("hi")),
        ("!!binary /w==", json!("\u{fffd}")),
        ("!!str", json!("")),
        ("!!float 0x10", json!(16)),
        ("!!int 010", json!(8)),
        ("0b+101", json!(5)),
        ("0b-101", json!(-5)),
        ("-0b-1", json!("-0b-1")),
        ("-0b101", json!(-5)),
        ("+0b1", json!(1)),
        ("0B11", json!(3)),
        ("0b1111111111111111111111111111111111111111111111111111111111111111", json!(u64::MAX)),
        ("0x-1", json!("0x-1")),
        ("0x_f", json!(15)),
        ("0777777777777777777777777", json!(777_777_777_777_777_777_777_777.0)),
        (".5_3", json!(0.53)),
        ("0._5", json!(0.5)),
        ("-.5e3", json!(-500)),
        (".e5", json!(".e5")),
        ("1_", json!(1)),
        ("1e", json!("1e")),
        ("=", json!("=")),
        ("<<", json!("<<")),
        ("!Ref x", json!("x")),
    ] {
        assert_eq!(value(&format!("a: {written}\n")), json!({"a": expected}), "{written}");
    }
}

#[test]
fn numbers_that_json_lacks_and_wrong_tags_are_errors_with_a_place() {
    for written in [
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        ".NaN",
        "!!int x",
        "!!int 1.5",
        "!!bool 1",
        "!!float x",
        "!!null x",
        "!!binary x",
        "!!int 08",
        "!!float 1e400",
    ] {
        let error = error(&format!("x: 1\na: {written}\n"));
        assert_eq!((error.line, error.column), (2, 4), "{error}");
    }
}

#[test]
fn keys_become_strings() {
    let expected = json!({"true": 1, "1": 2, "1.5": 3, "x": 4, "8": 5});
    assert_eq!(value("on: 1\n1: 2\n1.5: 3\n'x': 4\n010: 5\n"), expected);
    for (text, column) in [("~: 1", 1), (": 1", 1), ("[a]: 1", 1), ("? {a: 1}\n: 2", 3), ("&a [x]: 1", 4)] {
        let error = error(text);
        assert_eq!((error.line, error.column), (1, column), "{text}: {error}");
        assert!(error.message.starts_with("a key must"), "{error}");
    }
}

#[test]
fn anchors_aliases_and_merge_keys_are_followed() {
    assert_eq!(value("a: &x {b: [1]}\nc: *x\n"), json!({"a": {"b": [1]}, "c": {"b": [1]}}));
    assert_eq!(value("&k key: 1\nb: *k\n*k : 2\n"), json!({"key": 2, "b": "key"}));
    let merged = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  c: 3\n";
    assert_eq!(value(merged)["z"], json!({"a": 1, "b": 1, "c": 3}));
    assert_eq!(value("<<: {a: 1}\n'<<': 2\nb: 3\n"), json!({"a": 1, "<<": 2, "b": 3}));
    let late = "a: 1\n<<: {a: 2, b: 2}\n";
    let read = only(late);
    assert_eq!(read.value, json!({"a": 2, "b": 2}));
    let message = "this `<<` replaces key `a` above it, as it does for kubectl";
    assert_eq!(read.notes[0].message, message);
    assert_eq!(place(late, 1, "/a"), (2, 9, "2"));
    let order = "<<: {a: 1, b: 1}\na: 2\n<<: [{b: 3}, {b: 4, a: 5}]\nb: 6\n";
    assert_eq!(value(order), json!({"a": 5, "b": 6}));
    assert_eq!((place(order, 1, "/a").2, place(order, 1, "/b").2), ("5", "6"));
    assert_eq!(only("<<: {a: 1}\na: 2\n").notes, []);
    for (text, line, column) in [
        ("a: *x", 1, 4),
        ("a: &x 1\n---\nb: *x", 3, 4),
        ("a: &x [*x]", 1, 8),
        ("<<: 1", 1, 5),
        ("<<: [a]", 1, 5),
    ] {
        let error = error(text);
        assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
    }
}

#[test]
fn duplicate_keys_are_noted_and_the_last_one_counts() {
    for text in ["a: 1\nb: 2\n\"a\": 3\n", "{\"a\": 1,\n\"b\": 2,\n\"a\": 3}", "{a: 1,\nb: 2,\n'a': 3}"] {
        let document = only(text);
        assert_eq!(document.value, json!({"a": 3, "b": 2}));
        let message = "key `a` is already in this mapping (line 1); the last one counts".to_owned();
        let at = text.rfind('a').unwrap() - 1;
        let unnamed = Some(message.replace("key `a`", "this key"));
        // YAML in braces that begins a text has a note of its own.
        let count = if text.starts_with("{a") { 2 } else { 1 };
        assert_eq!(document.notes.len(), count, "{text}");
        let last = Note { line: 3, column: 1, at, message, unnamed, help: None, is_overwriting: true };
        assert_eq!(document.notes.last(), Some(&last));
        assert_eq!(place(text, 1, "/a").2, "3");
    }
}

#[test]
fn documents_are_counted_as_a_user_does() {
    let text = "# head\n---\n# Source: shop/templates/a.yaml\na: 1\n---\n# nothing\n---\nb: 2\n...\n---\n\n---\nc: 3\n---\n";
    let (documents, error) = documents(text);
    assert_eq!(error, None);
    let seen: Vec<_> =
        documents.iter().map(|read| (read.index, read.line, &text[read.span.clone()])).collect();
    let first = "\n# Source: shop/templates/a.yaml\na: 1\n";
    assert_eq!(seen, [(1, 4, first), (3, 8, "\nb: 2\n"), (5, 13, "\nc: 3\n")]);
    assert_eq!(documents[0].source.as_deref(), Some("shop/templates/a.yaml"));
    assert_eq!(documents[1].source, None);
    assert_eq!(super::documents("\u{feff}# only a comment\n"), (vec![], None));
}

#[test]
fn documents_before_an_error_are_kept() {
    for text in ["a: 1\n---\nb: [\n", "a: 1\n---\nb: .inf\n", "a: 1\n---\nb: \0\n", "{\"a\": 1} {\"b\": }"] {
        let (documents, error) = documents(text);
        assert_eq!(
            documents.iter().map(|read| &read.value).collect::<Vec<_>>(),
            [&json!({"a": 1})],
            "{text}"
        );
        assert_eq!(error.map(|error| error.line), Some(if text.starts_with('{') { 1 } else { 3 }), "{text}");
    }
}

#[test]
fn json_is_read_exactly_and_yaml_flow_where_it_is_none() {
    assert_eq!(
        value("{\"a\": 1.0, \"b\": \"yes\", \"c\": \"\\ud83d\\ude00\\/\"}"),
        json!({"a": 1.0, "b": "yes", "c": "😀/"})
    );
    assert_eq!(value("{a: yes, b: [x,], }"), json!({"a": true, "b": ["x"]}));
    assert_eq!(documents("{\"a\":\n\t1}\n---\n{\"b\": 2}\n").0.len(), 2);
    assert_eq!(error("{\n\t\"a\": 1,\n\t\"b\": [1,, ]\n}").line, 3);
}

#[test]
fn errors_say_what_to_do() {
    for text in [
        "image: {{ .Values.image }}\n",
        "{{- if .Values.on }}\na: 1\n{{- end }}\n",
        "a:\n  {{- toYaml .Values.x | nindent 2 }}\n",
    ] {
        let error = error(text);
        assert_eq!(error.message, "this looks like a Helm template that was not rendered", "{text}");
        assert_eq!(error.help.as_deref(), Some("render it first: helm template CHART"), "{text}");
    }
    let variable = error("${HEAD}\na: 1\n");
    assert_eq!(variable.message, "this text has ${…} placeholders that were not substituted");
    assert_eq!(variable.help.as_deref(), Some("substitute them first: envsubst < FILE"));
    let nul = error("a: 1\nb: x\0y\n");
    assert_eq!(
        (nul.line, nul.column, nul.message.as_str()),
        (2, 5, "control character U+0000 is not allowed in YAML")
    );
    assert_eq!(error("a: \u{9b}\n").column, 4);
    assert_eq!(error("a: \"x\n\n\n").line, 1);
}

#[test]
fn an_indenting_tab_is_reported_on_its_own_line() {
    const INDENT: &str = "this line is indented with a tab, and YAML allows only spaces";
    for (text, line, column) in [
        ("a:\n  b:\n\tc: 1\n", 3, 1),
        ("a:\n  b: 1\n\tc: 1\n", 3, 1),
        ("a:\n  b: 1\n\n  # note\n\tc: 1\n", 5, 1),
        ("a:\n  b: 1\n \tc: 1\n", 3, 2),
        ("a:\r\n  b: 1\r\n\tc: 1\r\n", 3, 1),
        ("\ta: 1\nb: 2\n", 1, 1),
        ("a:\n\tb: 1\n", 2, 1),
        ("a: 1\n\tb: 1\n", 2, 1),
        ("a:\n- b: 1\n\tc: 1\n", 3, 1),
        ("a:\n  - b\n\t- c\n", 3, 1),
        ("a:\n  b: 'x'\n\tc: 1\n", 3, 1),
        ("a: [1,\n  2]\n\tc: 1\n", 3, 1),
    ] {
        let error = error(text);
        assert_eq!((error.line, error.column, error.message.as_str()), (line, column, INDENT), "{text:?}");
        assert_eq!(error.help.as_deref(), Some("replace the tab by spaces"), "{text:?}");
    }
}

#[test]
fn an_error_is_on_the_line_of_the_text_that_causes_it() {
    for (text, line) in [
        ("?\n", 1),
        ("?\n\n\n", 1),
        ("a: 1\n?\n\n\nb: 2\n", 2),
        ("a: !!int\n\nb: 1\n", 1),
        ("a: !!int\r\n\r\n", 1),
        ("- !!int\n\n- b\n", 1),
        ("a: 1\nb: [\n\n", 2),
        ("a: 1\nb: 'x\n\n", 2),
        ("{a: 1\n\n\n", 1),
        ("a: 1\n\u{85}", 2),
    ] {
        assert_eq!(error(text).line, line, "{text:?}");
    }
}

#[test]
fn hostile_texts_are_refused() {
    for open in ["[", "{", "- ", "{\"a\":", "[[", "- [", "? "] {
        assert!(documents(&open.repeat(100_000)).1.is_some(), "{open}");
    }
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    for prefix in ["", "--- "] {
        assert_eq!(documents(&(prefix.to_owned() + &nested(100))).1, None);
        let message = documents(&(prefix.to_owned() + &nested(101))).1.map(|error| error.message);
        assert_eq!(message.as_deref(), Some("nested too deeply: more than 100 levels"));
    }
    let chain = |link: fn(usize) -> String, links: usize| (1..links).map(link).collect::<String>();
    let bomb = chain(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{},", n - 1).repeat(9)), 30);
    assert!(error(&format!("a0: &a0 x\n{bomb}")).message.contains("expand to far more"));
    let deep = chain(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1), 200);
    assert!(error(&format!("a0: &a0 x\n{deep}")).message.contains("nested too deeply"));
    let merged = chain(|n| format!("a{n}: &a{n} {{<<: *a{}}}\n", n - 1), 5000);
    assert!(error(&format!("a0: &a0 {{x: 1}}\n{merged}")).message.contains("nested too deeply"));
}
