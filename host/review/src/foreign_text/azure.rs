//! Text in logging commands of Azure Pipelines: `##vso[task.logissue type=error;code=PROPERTY;]DATA`.
//!
//! microsoft/azure-pipelines-agent: `src/Microsoft.VisualStudio.Services.Agent/Command.cs` and `docs/design/percentEncoding.md`.

use super::plain;

/// Text behind the bracket of a command, in one line: the agent writes it into its log, where a second line could be a command.
pub fn data(text: &str) -> String {
    plain(text).replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property of a command.
pub fn property(text: &str) -> String {
    data(text).replace(';', "%3B").replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::texts;
    use super::super::{has_command, is_active, plain};
    use super::{data, property};

    /// As the agent reads it.
    fn unescaped(text: &str) -> String {
        let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%5D", "]").replace("%AZP25", "%")
    }

    #[test]
    fn what_ends_a_property_is_escaped() {
        for (text, in_property, in_data) in [
            ("deploy/web.yaml", "deploy/web.yaml", "deploy/web.yaml"),
            ("100%, a;b]c", "100%AZP25, a%3Bb%5Dc", "100%AZP25, a;b]c"),
            ("%3B%5D%0A", "%AZP253B%AZP255D%AZP250A", "%AZP253B%AZP255D%AZP250A"),
            ("%AZP25", "%AZP25AZP25", "%AZP25AZP25"),
            ("a\r\nb", "a\\r\\nb", "a\\r\\nb"),
            ("##vso[task.complete]", "\\u{23}#vso[task.complete%5D", "\\u{23}#vso[task.complete]"),
        ] {
            assert_eq!((property(text).as_str(), data(text).as_str()), (in_property, in_data));
        }
    }

    /// What the agent looks for.
    const WORDS: [&str; 14] =
        ["##vso[", "##", "[", "]", ";", "=", "%", "%3B", "%0A", "AZP25", "\r", "\n", "\u{2028}", " "];

    proptest! {
        #[test]
        fn the_agent_reads_what_is_shown(text in texts(&WORDS)) {
            let (data, property) = (data(&text), property(&text));
            prop_assert_eq!(unescaped(&data), plain(&text).into_owned());
            prop_assert_eq!(unescaped(&property), plain(&text).into_owned());
            prop_assert!(!property.contains([';', ']']), "{}", property);
            prop_assert!(!data.contains(is_active) && !has_command(&data), "{}", data);
        }
    }
}
