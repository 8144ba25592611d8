//! The words of a line that a user types in a shell.

use std::ffi::OsString;
use std::path::Path;

/// The words of a line, as a shell reads them, without the name of the program. The one at the cursor may be empty. Nothing is
/// expanded.
pub(super) fn words(before: &str, behind: &str) -> Vec<String> {
    let gap = match (before.ends_with(char::is_whitespace), behind.starts_with(char::is_whitespace)) {
        (true, true) => "''",
        (true, false) => "'' ",
        (false, _) => "",
    };
    let line = format!("{before}{gap}{behind}");
    // The quote in which the cursor is may not have its end yet.
    let words = ["", "'", "\""].iter().find_map(|end| shlex::split(&format!("{line}{end}")));
    words.unwrap_or_default().into_iter().skip(1).collect()
}

/// The word with the home folder in place of `~`.
pub(super) fn at_home(word: OsString, home: Option<&Path>) -> OsString {
    let below = word.to_str().and_then(|word| word.strip_prefix("~/"));
    match (below, home) {
        (Some(below), Some(home)) => home.join(below).into_os_string(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{at_home, words};

    #[test]
    fn words_are_those_of_a_shell() {
        for (before, behind, expected) in [
            ("acr-pull-secret check -n ", "", &["check", "-n", ""] as &[&str]),
            ("acr-pull-secret check -n sh", "", &["check", "-n", "sh"]),
            ("acr-pull-secret check -n ", " deploy", &["check", "-n", "", "deploy"]),
            ("acr-pull-secret check -n ", "deploy", &["check", "-n", "", "deploy"]),
            ("acr-pull-secret why --context a@b:c=d -n ", "", &["why", "--context", "a@b:c=d", "-n", ""]),
            (
                r#"acr-pull-secret check my\ dir 'it s' "a b" -n "#,
                "",
                &["check", "my dir", "it s", "a b", "-n", ""],
            ),
            ("acr-pull-secret check '$(id)' -n \"s", "", &["check", "$(id)", "-n", "s"]),
            ("acr-pull-secret check $(id) -n 's", "", &["check", "$(id)", "-n", "s"]),
            ("", "", &[]),
        ] {
            assert_eq!(words(before, behind), expected, "{before}|{behind}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        let home = Path::new("/home/ann");
        for (word, expected) in [("~/m", "/home/ann/m"), ("~bob/m", "~bob/m"), ("a~/m", "a~/m"), ("~", "~")] {
            assert_eq!(at_home(word.into(), Some(home)), expected);
            assert_eq!(at_home(word.into(), None), word);
        }
    }
}
