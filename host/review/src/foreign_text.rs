//! Text of files, policies and registries, made safe to show within our own text: neither a terminal nor a CI system interprets
//! it.

pub mod azure;
pub mod markdown;

use std::borrow::Cow;

/// Whether a character does something to the text around it: moves a cursor, changes a colour, turns its direction, or ends
/// its line.
pub fn is_active(c: char) -> bool {
    let is_separator = matches!(c, '\u{2028}' | '\u{2029}');
    // Unicode: Bidi_Control
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || is_separator || turns
}

/// The text in one line that nothing interprets, with escapes for:
/// - characters that would change how the text around them is shown, and ends of lines;
/// - the beginnings of commands to GitHub Actions and Azure Pipelines: `##[` and `##vso[` anywhere, `::` where a line may
///   begin with it (actions/runner: src/Runner.Common/ActionCommand.cs; microsoft/azure-pipelines-agent:
///   src/Agent.Sdk/CommandPlugin.cs).
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_active) && !has_command(text) {
        return Cow::Borrowed(text);
    }
    let first = text.len() - text.trim_start().len();
    let mut escaped = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let begins = match c {
            '#' => begins_command(rest),
            ':' => at == first && rest.starts_with("::"),
            _ => false,
        };
        if begins {
            escaped.extend(c.escape_unicode());
        } else if is_active(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a line has what begins a command to a CI system.
pub fn has_command(line: &str) -> bool {
    line.trim_start().starts_with("::")
        || line.match_indices('#').any(|(at, _)| line.get(at..).is_some_and(begins_command))
}

/// Whether a text begins with `##[`, or with `##vso[` and its like.
fn begins_command(text: &str) -> bool {
    text.strip_prefix("##")
        .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('['))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{has_command, plain};

    /// Texts of these words and of any characters.
    pub(super) fn texts(words: &'static [&'static str]) -> impl Strategy<Value = String> {
        let word = prop_oneof![
            proptest::sample::select(words).prop_map(str::to_owned),
            any::<char>().prop_map(String::from)
        ];
        proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
    }

    #[test]
    fn what_a_terminal_or_a_ci_system_would_interpret_is_escaped() {
        for (text, shown) in [
            ("contoso.azurecr.io/app:v1", "contoso.azurecr.io/app:v1"),
            ("größe ✓ ## heading [x] a::b", "größe ✓ ## heading [x] a::b"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31m\u{9b}2J\u{7f}", "\\u{1b}[31m\\u{9b}2J\\u{7f}"),
            ("a\u{202e}b\u{2066}c\u{200f}", "a\\u{202e}b\\u{2066}c\\u{200f}"),
            ("a\u{2028}b\u{85}", "a\\u{2028}b\\u{85}"),
            ("::error::x", "\\u{3a}:error::x"),
            ("  ::stop-commands::x", "  \\u{3a}:stop-commands::x"),
            ("\n::error::x", "\\n\\u{3a}:error::x"),
            (":::x", "\\u{3a}::x"),
            ("##[group]x", "\\u{23}#[group]x"),
            ("a ##vso[task.setvariable]x", "a \\u{23}#vso[task.setvariable]x"),
            ("####vso[x ##VSO[", "##\\u{23}#vso[x \\u{23}#VSO["),
            ("###[group]x a ###vso[x", "#\\u{23}#[group]x a #\\u{23}#vso[x"),
        ] {
            assert_eq!(plain(text), shown);
            assert!(!has_command(&plain(text)), "{text:?}");
            assert_eq!(
                has_command(text),
                text.contains("##[")
                    || text.to_lowercase().contains("##vso[")
                    || text.trim_start().starts_with("::")
            );
            assert_eq!(plain(&plain(text)), shown, "plain text is not changed");
        }
    }
}
