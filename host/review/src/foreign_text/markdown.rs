//! Text in Markdown, also in a cell of a table. Words of letters and digits are text; all else is in code spans, in which
//! nothing is a link, an image, a mention, HTML or the end of a cell.
//!
//! GitHub Flavored Markdown, <https://github.github.com/gfm/>. Backslashes would not do: GitHub makes links of what looks like
//! an address after it has read the escapes.

use super::plain;

/// A sentence: what Markdown cannot interpret is text, and the rest is in code spans.
pub fn prose(text: &str) -> String {
    let text = plain(text);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let pieces = words.chunk_by(|one, other| is_word(one) == is_word(other)).map(|group| {
        let text = group.join(" ");
        if group.first().is_some_and(|word| is_word(word)) { text } else { code(&text) }
    });
    pieces.collect::<Vec<String>>().join(" ")
}

/// Whether a word is text in any Markdown: nothing in it is markup, and nothing like `www.` or `@` makes it a link.
fn is_word(word: &str) -> bool {
    let inner = word.strip_suffix(['.', ',', ':']).unwrap_or(word);
    inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '\'' | '"' | '(' | ')' | ','))
}

/// A text as one code span, in one line. A vertical bar would end a cell even in a code span.
pub fn code(text: &str) -> String {
    let text = plain(text).replace('`', "\\u{60}").replace('|', "\\u{7c}");
    if text.is_empty() { text } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::texts;
    use super::super::{has_command, is_active};
    use super::{code, prose};

    #[test]
    fn only_plain_words_are_text() {
        for (text, shown) in [
            (
                "container \"web\" cannot pull \"contoso.azurecr.io/web:1\" (see above), sorry.",
                "container \"web\" cannot pull `\"contoso.azurecr.io/web:1\"` (see above), sorry.",
            ),
            ("add [{name: a}] to x", "add `[{name: a}]` to x"),
            ("a <b>x</b> & www.example.com c", "a `<b>x</b> & www.example.com` c"),
            ("@someone #1 *a* _b_ ~c~ \\ !", "`@someone #1 *a* _b_ ~c~ \\ !`"),
            ("a|b `c`", "`a\\u{7c}b \\u{60}c\\u{60}`"),
            ("  a   b\n", "a `b\\n`"),
            ("größe", "`größe`"),
            ("", ""),
        ] {
            assert_eq!(prose(text), shown);
        }
        assert_eq!(code("a`|`b"), "`a\\u{60}\\u{7c}\\u{60}b`");
        assert_eq!(code(""), "");
    }

    /// What Markdown interprets.
    const WORDS: [&str; 18] = [
        "`",
        "``",
        "|",
        "\\",
        "\\|",
        "[a](b)",
        "<b>",
        "&lt;",
        "https://a.b",
        "www.a.b",
        "a@b.c",
        "#1",
        " ",
        "\n",
        "##vso[",
        "a",
        "*",
        "  ",
    ];

    proptest! {
        #[test]
        fn no_text_is_markup(text in texts(&WORDS)) {
            for shown in [prose(&text), code(&text)] {
                prop_assert!(!shown.contains(is_active) && !shown.contains('|') && !has_command(&shown), "{:?}", shown);
                let spans: Vec<&str> = shown.split('`').collect();
                prop_assert!(spans.len() % 2 == 1, "every span ends: {:?}", shown);
                for outside in spans.iter().step_by(2) {
                    let is_text = |c: char| c.is_ascii_alphanumeric() || " -'\"(),.:".contains(c);
                    prop_assert!(outside.chars().all(is_text), "{:?}", shown);
                    // A dot or a colon within a word could make it an address.
                    let mut words = outside.split(' ');
                    let is_address = |word: &str| word.trim_end_matches(['.', ':', ',']).contains(['.', ':']);
                    prop_assert!(!words.any(is_address), "{:?}", shown);
                }
                prop_assert!(spans.iter().skip(1).step_by(2).all(|inside| !inside.is_empty()), "{:?}", shown);
            }
        }
    }
}
