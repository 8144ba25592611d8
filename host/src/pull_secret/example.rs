//! What documents and templates have where a password goes: `CHANGEME`, `your-password-here`, `__PASSWORD__`, `xxxx`.

/// Words of such texts that passwords are not made of.
const TELLING: [&str; 18] = [
    "change",
    "dummy",
    "enter",
    "example",
    "fill",
    "fixme",
    "goes",
    "here",
    "insert",
    "paste",
    "placeholder",
    "provide",
    "redacted",
    "replace",
    "sample",
    "tbd",
    "todo",
    "your",
];

/// Other words of such texts.
const OTHERS: [&str; 44] = [
    "a",
    "access",
    "account",
    "acr",
    "actual",
    "admin",
    "app",
    "application",
    "auth",
    "azure",
    "client",
    "container",
    "credential",
    "docker",
    "hidden",
    "in",
    "it",
    "key",
    "masked",
    "me",
    "my",
    "name",
    "now",
    "of",
    "pass",
    "passwd",
    "password",
    "please",
    "principal",
    "put",
    "pwd",
    "real",
    "registry",
    "removed",
    "secret",
    "service",
    "set",
    "sp",
    "the",
    "this",
    "to",
    "token",
    "value",
    "with",
];

/// What templates have before and after the name of a value.
const MARKS: [(&str, &str); 7] =
    [("[", "]"), ("(", ")"), ("{", "}"), ("__", "__"), ("@", "@"), ("**", "**"), ("$", "")];

/// What separates words.
const SEPARATORS: &str = " _-.,:;!";

/// Whether a text is what examples have in place of a password. A generated password is not, because it does not consist of
/// words.
pub(super) fn is_example(text: &str) -> bool {
    let is_constant = || text.contains('_') && !text.contains(|c: char| c.is_ascii_lowercase());
    words(text).is_some_and(|words| words.are_telling || is_constant()) || is_row(text) || is_marked(text)
}

/// `xxxx`, `XXXX-XXXX`, `____`.
fn is_row(text: &str) -> bool {
    let of = |filler: char| text.chars().all(|c| c == filler || c == '-');
    text.len() > 2 && ['x', 'X', '_', '#', '?', '-'].into_iter().any(of)
}

/// `[password]`, `__AcrPassword__`.
fn is_marked(text: &str) -> bool {
    MARKS.iter().any(|(begin, end)| {
        let inner = text.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
        inner.is_some_and(|inner| words(inner.trim_matches(['*', '[', ']', '{', '}'])).is_some())
    })
}

struct Words {
    /// Whether one of them is not in passwords
    are_telling: bool,
}

/// The words of a text, also without separators between them; `None` if there is anything else in it.
fn words(text: &str) -> Option<Words> {
    const LONGEST: usize = 200;
    let letters: String = text.chars().filter(|c| !SEPARATORS.contains(*c)).collect();
    let letters = letters.to_ascii_lowercase();
    if letters.is_empty() || letters.len() > LONGEST || !letters.bytes().all(|byte| byte.is_ascii_lowercase())
    {
        return None;
    }
    // For the end of each beginning that consists of words: whether one of these tells.
    let mut ends: Vec<Option<bool>> = vec![None; letters.len() + 1];
    *ends.first_mut()? = Some(false);
    for start in 0..letters.len() {
        let (Some(before), Some(rest)) = (ends.get(start).copied().flatten(), letters.get(start..)) else {
            continue;
        };
        let known = TELLING.iter().map(|word| (word, true)).chain(OTHERS.iter().map(|word| (word, false)));
        for (word, tells) in known.filter(|(word, _)| rest.starts_with(**word)) {
            let end = ends.get_mut(start + word.len())?;
            *end = Some(end.unwrap_or(false) || before || tells);
        }
    }
    ends.pop().flatten().map(|are_telling| Words { are_telling })
}

#[cfg(test)]
mod tests {
    use super::is_example;

    #[test]
    fn what_documents_and_templates_have_in_place_of_a_password_is_an_example() {
        for text in [
            "CHANGEME",
            "changeit",
            "change_me_please",
            "REPLACE_ME",
            "replace-with-real-token",
            "YOUR_PASSWORD",
            "yourPasswordHere",
            "your-password-here",
            "<your password>".trim_matches(['<', '>']),
            "TODO",
            "TODO: insert password",
            "FIXME",
            "placeholder",
            "dummy",
            "redacted",
            "[REDACTED]",
            "[MASKED]",
            "***REDACTED***",
            "[password]",
            "[[Password]]",
            "(password)",
            "{password}",
            "{{{password}}}",
            "@password@",
            "@acr.password@",
            "__PASSWORD__",
            "__AcrClientSecret__",
            "$password",
            "ACR_PASSWORD",
            "CLIENT_SECRET",
            "xxx",
            "xxxxxxxx",
            "XXXX-XXXX",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "____",
            "----",
            "????",
        ] {
            assert!(is_example(text), "{text}");
        }
    }

    #[test]
    fn what_could_be_a_password_is_not() {
        for text in [
            "",
            "x",
            "xx",
            "password",
            "secret",
            "mysecret",
            "Password1",
            "P@ssw0rd",
            "hunter2",
            "correct horse battery staple",
            "changeme4711",
            "enterprise",
            "{hunter2}",
            "[1",
            "$ecret",
            "a<b>",
            "11111111-2222-3333-4444-555555555555",
            "~abc.8Q~d_e-f",
        ] {
            assert!(!is_example(text), "{text}");
        }
    }
}
