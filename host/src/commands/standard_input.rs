//! Standard input among the inputs: its name, and whether it holds anything to check.

use crate::commands::inputs::ALLOW_EMPTY;
use crate::console::Io;
use crate::files::input::Given;
use review::diagnostic::Diagnostic;

/// The same inputs, with this name for standard input.
pub(super) fn named(
    inputs: Vec<Result<Given, Box<Diagnostic>>>,
    name: Option<&str>,
) -> Vec<Result<Given, Box<Diagnostic>>> {
    let named = |given: Given| match name {
        Some(name) => given.with_stdin_name(name),
        None => given,
    };
    inputs.into_iter().map(|input| input.map(named)).collect()
}

/// The error for standard input without manifests: it is empty, as behind a command that failed. `None` if it
/// holds something else or is not an input.
pub(super) fn emptiness(inputs: &[Result<Given, Box<Diagnostic>>]) -> Option<Diagnostic> {
    let help = format!("did the command before the pipe fail? Run it alone to see, or {ALLOW_EMPTY}");
    without_manifests(inputs).map(|message| Diagnostic::error(message).with_help(help))
}

/// Whether standard input is among the inputs of an option such as `--cluster`, or of none, and has no manifests. Prints so. Without them,
/// every object of the cluster would be reported as missing.
pub(super) fn is_empty_for(option: &str, inputs: &[Result<Given, Box<Diagnostic>>], io: &Io) -> bool {
    let Some(message) = without_manifests(inputs) else { return false };
    let call = [option, "-"].join(" ");
    let help =
        format!("did the command before the pipe fail? Run it alone to see, or leave out {}", call.trim());
    io.stderr.diagnostic(&Diagnostic::error(message).with_help(help));
    true
}

fn without_manifests(inputs: &[Result<Given, Box<Diagnostic>>]) -> Option<&'static str> {
    let bytes = inputs.iter().flatten().filter(|input| input.is_stdin()).find_map(Given::held)?;
    if !lines(bytes).all(is_blank) {
        return None;
    }
    let is_empty = bytes.trim_ascii().is_empty();
    Some(if is_empty { "standard input is empty" } else { "standard input holds only comments" })
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text).split(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether a line holds at most a comment, or `---` and a comment.
fn is_blank(line: &[u8]) -> bool {
    let rest = [b"---", b"..."].iter().find_map(|mark| line.strip_prefix(*mark)).unwrap_or(line);
    let is_apart = rest.len() == line.len() || rest.first().is_none_or(u8::is_ascii_whitespace);
    let rest = rest.trim_ascii();
    is_apart && (rest.is_empty() || rest.starts_with(b"#"))
}

#[cfg(test)]
mod tests {
    use super::emptiness;
    use crate::files::input::Given;
    use crate::files::origin::Origin;
    use review::diagnostic::Diagnostic;

    fn message(text: &str) -> Option<String> {
        let name = "<stdin>".to_owned();
        let stdin = Given::Held { path: "-".into(), name, bytes: text.as_bytes().to_vec() };
        emptiness(&[Err(Box::new(Diagnostic::error("gone.yaml"))), Ok(stdin)]).map(|error| error.message)
    }

    #[test]
    fn comments_and_document_marks_hold_no_manifest() {
        for text in ["", " ", "\n\r\n\t\n", "\u{feff}"] {
            assert!(message(text).is_some(), "{text:?}");
        }
        for text in
            ["# a", "---\n# Source: shop/templates/a.yaml\n", "--- # a\r\n...\r\n", "\u{feff}  # a\n---"]
        {
            assert_eq!(message(text).as_deref(), Some("standard input holds only comments"), "{text:?}");
        }
        for text in ["a", "---a", "---#a", "--- a", "null", "# a\nb: 1", "%YAML 1.1\n", "{}"] {
            assert_eq!(message(text), None, "{text:?}");
        }
        assert!(emptiness(&[Ok(Given::File("-.yaml".into(), Origin::Named))]).is_none());
    }
}
