//! Places of values.

use serde_json::json;

use super::super::*;
use super::*;

#[test]
fn places_in_blocks() {
    let text = "kind: Pod # c\nspec:\n  list:\n  - \"a\"   # \"quoted\"\n  - --flag\n  deep:\n    - - x\n    - {k: [v, w]}\n  text: |-  # c\n\n    one\n    two\n\n  none:\n  last: !!str 'it''s' # c\n# end\n";
    for (pointer, expected) in [
        ("/kind", (1, 7, "Pod")),
        ("/spec/list", (4, 3, "- \"a\"   # \"quoted\"\n  - --flag")),
        ("/spec/list/0", (4, 5, "\"a\"")),
        ("/spec/list/1", (5, 5, "--flag")),
        ("/spec/deep", (7, 5, "- - x\n    - {k: [v, w]}")),
        ("/spec/deep/0", (7, 7, "- x")),
        ("/spec/deep/1/k/1", (8, 15, "w")),
        ("/spec/deep/1/k", (8, 11, "[v, w]")),
        ("/spec/text", (9, 9, "|-  # c\n\n    one\n    two")),
        ("/spec/none", (14, 8, "")),
        ("/spec/last", (15, 9, "!!str 'it''s'")),
    ] {
        assert_eq!(place(text, 1, pointer), expected, "{pointer}");
    }
    let around = |pointer| {
        let place = nearest(text, 1, &[pointer]).remove(0).unwrap();
        (place.line, place.column, &text[place.span])
    };
    for (pointer, expected) in [
        ("/spec/list/1", (5, 5, "--flag")),
        ("/spec/list/7", (3, 3, "list")),
        ("/spec/new/0/name", (2, 1, "spec")),
        ("/new", (1, 1, "kind")),
        ("/spec/deep/1/new", (8, 8, "k")),
    ] {
        assert_eq!(around(pointer), expected, "{pointer}");
    }
    let found = places(
        text,
        1,
        &["/spec/deep/1/k/1", "/spec/deep", "/spec/none", "/nope", "/spec/list/01", "kind", "/spec/list/2"],
    );
    assert_eq!(found[0].as_ref().map(|place| place.flow), Some(true));
    assert_eq!(
        found[1].as_ref().map(|place| (place.flow, &text[place.key.clone().unwrap()])),
        Some((false, "deep"))
    );
    assert!(found[3..].iter().all(Option::is_none));
    assert!(places(text, 2, &["/kind"])[0].is_none() && places(text, 0, &["/kind"]).len() == 1);
}

#[test]
fn places_of_block_scalars_begin_at_their_header() {
    let text = "a: |\n  !important\nb: !!str >-\n  | x\nc:\n- &d |\n  & y\n- |\n---\nx\n";
    for (pointer, expected) in [
        ("/a", (1, 4, "|\n  !important")),
        ("/b", (3, 4, "!!str >-\n  | x")),
        ("/c/0", (6, 3, "&d |\n  & y")),
        ("/c/1", (8, 3, "|")),
    ] {
        assert_eq!(place(text, 1, pointer), expected, "{pointer}");
    }
}

#[test]
fn places_hold_with_crlf_byte_order_mark_and_other_alphabets() {
    let text = "\u{feff}# größe\r\nä: 'ü' # ö\r\nlist:\r\n- 😀: x\r\n--- # zwei\r\n日本: {語: \"ß\" }\r\n";
    for (document, pointer, expected) in [
        (1, "/ä", (2, 4, "'ü'")),
        (1, "/list", (4, 1, "- 😀: x")),
        (1, "/list/0/😀", (4, 6, "x")),
        (2, "/日本/語", (6, 9, "\"ß\"")),
        (2, "/日本", (6, 5, "{語: \"ß\" }")),
        (2, "", (6, 1, "日本: {語: \"ß\" }")),
    ] {
        assert_eq!(place(text, document, pointer), expected, "{pointer}");
    }
    assert_eq!(place("%FOO äöü\n---\na: b\n", 1, "/a"), (3, 4, "b"));
    let first = "\u{feff}a: b";
    assert_eq!(place(first, 1, "/a"), (1, 4, "b"));
}

#[test]
fn places_hold_far_into_long_lines_and_texts() {
    let pods: Vec<String> = (0..3_000).map(|i| format!("{{\"größe\": {i}}}")).collect();
    let text = format!("[{}]", pods.join(", "));
    let (line, column, found) = place(&text, 1, "/2999/größe");
    assert_eq!((line, found), (1, "2999"));
    assert_eq!(column, text.chars().count() - "2999}]".len() + 1);
    let text = format!("{}ö: [ß, x]\r\n", "a: ß\r\n---\n".repeat(2_000));
    assert_eq!(place(&text, 2001, "/ö/1"), (4001, 8, "x"));
}

#[test]
fn places_in_json() {
    let text =
        "\u{feff}{\t\"a\\u0062\":\t[1,\t\"\\ud83d\\ude00\"],\r\n\t\"x/y~\": {\"é\":true}}\n{\"b\": null}";
    for (document, pointer, expected) in [
        (1, "/ab/1", (1, 18, "\"\\ud83d\\ude00\"")),
        (1, "/ab", (1, 14, "[1,\t\"\\ud83d\\ude00\"]")),
        (1, "/x~1y~0/é", (2, 15, "true")),
        (2, "/b", (3, 7, "null")),
        (2, "", (3, 1, "{\"b\": null}")),
    ] {
        assert_eq!(place(text, document, pointer), expected, "{pointer}");
    }
    assert!(places(text, 1, &[""])[0].as_ref().unwrap().flow);
    assert_eq!(documents(text).0[0].value, json!({"ab": [1, "😀"], "x/y~": {"é": true}}));
}

#[test]
fn places_tell_what_is_shared() {
    let text = "a: &x\n  b: {c: 1}\nd: *x\ne:\n  <<: *x\n  f: 2\ng: &y\n  h: &z 3\n";
    for (pointer, found, aliased) in [
        ("/d", "*x", true),
        ("/d/b/c", "1", true),
        ("/a/b/c", "1", true),
        ("/e/b/c", "1", true),
        ("/e/f", "2", false),
        ("/e/<<", "", false),
        ("/g/h", "&z 3", false),
    ] {
        let place = places(text, 1, &[pointer]).remove(0);
        assert_eq!(
            place.map(|place| (&text[place.span], place.aliased)),
            (!found.is_empty()).then_some((found, aliased)),
            "{pointer}"
        );
    }
}
