//! Small texts that reports and messages share.

use std::io;
use std::path::Path;

/// A number and its noun: `1 object`, `3 objects`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// A noun, in the plural unless there is one of it.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let is_after_vowel = |start: &str| start.ends_with(['a', 'e', 'i', 'o', 'u']);
    match noun.strip_suffix('y') {
        _ if count == 1 => noun.to_owned(),
        Some(start) if !is_after_vowel(start) => format!("{start}ies"),
        _ => format!("{noun}s"),
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |text, byte| text + &format!("{byte:02x}"))
}

/// What failed, in words and without the number of the system's error: `permission denied`.
pub(crate) fn reason_of(error: &io::Error) -> String {
    let text = error.to_string();
    if error.raw_os_error().is_none() {
        return text;
    }
    if error.kind() == io::ErrorKind::NotFound {
        return "no such file or folder".to_owned();
    }
    if error.kind() == io::ErrorKind::IsADirectory {
        return "it is a folder".to_owned();
    }
    let reason = text.split_once(" (os error ").map_or(text.as_str(), |(reason, _)| reason);
    let mut letters = reason.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A path as one word for a Unix shell, which commands do not mistake for an option.
pub(crate) fn shell_path(path: &Path) -> String {
    let path = path.display().to_string();
    shell_word(&if path.starts_with('-') { format!("./{path}") } else { path })
}

/// A text as one word for a shell of Unix.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{counted, hex, reason_of, shell_path};

    #[test]
    fn one_is_singular_and_zero_is_plural() {
        for (noun, all) in [
            ("object", ["0 objects", "1 object", "2 objects"]),
            ("registry", ["0 registries", "1 registry", "2 registries"]),
            ("key", ["0 keys", "1 key", "2 keys"]),
        ] {
            assert_eq!([0, 1, 2].map(|count| counted(count, noun)), all);
        }
    }

    #[test]
    fn a_reason_has_no_number_of_the_system() {
        use std::io::{Error, ErrorKind};

        for (error, reason) in [
            (Error::from_raw_os_error(2), "no such file or folder"),
            (Error::from(ErrorKind::PermissionDenied), "permission denied"),
            (Error::other("its links form a loop"), "its links form a loop"),
            #[cfg(target_os = "linux")]
            (Error::from_raw_os_error(28), "no space left on device"),
        ] {
            assert_eq!(reason_of(&error), reason);
        }
    }

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }

    #[test]
    fn a_shell_reads_a_word_unchanged() {
        for (text, word) in [
            ("charts/shop", "charts/shop"),
            ("", "''"),
            ("my chart", "'my chart'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("~", "'~'"),
            ("-k", "./-k"),
            ("--help me", "'./--help me'"),
            ("a/-k", "a/-k"),
        ] {
            assert_eq!(shell_path(Path::new(text)), word);
        }
    }
}
