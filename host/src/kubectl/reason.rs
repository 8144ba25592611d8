//! What failed, of what kubectl prints about it.

use crate::masking::without_credentials;
use crate::process::{Ended, on_one_line};

/// The begin of a line with an error of the API server.
const OF_SERVER: &str = "Error from server";

/// The begin of the line that says why there is no connection.
const NO_CONNECTION: &str = "Unable to connect to the server: ";

/// Why kubectl failed, on one line and without credentials. Most failures end with one line that says it, after lines of the log that repeat it.
/// What was shown while kubectl ran is not repeated, unless nothing came after it.
pub(super) fn reason(ended: &Ended) -> String {
    let talk = masked(ended);
    let lines: Vec<&str> = talk.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said: Vec<&str> = lines.iter().copied().filter(|line| !is_of_log(line)).collect();
    let Some(last) = said.last().or(lines.last()) else {
        let status = ended.status.map(|status| format!(" ({status})")).unwrap_or_default();
        return format!("it gave no reason{status}");
    };
    // A plugin that logs in may print other errors before that of the API server.
    let of_server = said.iter().position(|line| line.starts_with(OF_SERVER));
    let Some(first) = of_server.or_else(|| said.iter().position(|line| is_error(line))) else {
        // A plugin that is missing has an explanation behind this line, and a server that logs in its answer.
        return on_one_line(said.iter().find(|line| line.starts_with(NO_CONNECTION)).unwrap_or(last));
    };
    // `error: ` with a list of several below it.
    let items = said.iter().skip(first + 1).take_while(|line| line.starts_with("* "));
    let parts: Vec<&str> = said.iter().skip(first).take(1).chain(items).copied().collect();
    let reason = parts.join(" ");
    on_one_line(reason.strip_prefix("error: ").unwrap_or(&reason))
}

/// What came last of its messages, without credentials. A password may be on the line behind its name, so all that it said is looked
/// at.
fn masked(ended: &Ended) -> String {
    let talk = without_credentials(&ended.talk);
    if ended.rest.trim().is_empty() {
        return talk;
    }
    let told = ended.talk.strip_suffix(&ended.rest).unwrap_or_default();
    let told = without_credentials(told).lines().count();
    talk.lines().skip(told).collect::<Vec<_>>().join("\n")
}

/// Whether the user may not do it, wherever the output says so.
pub(super) fn is_forbidden(ended: &Ended) -> bool {
    ended.talk.contains("(Forbidden)")
}

/// Whether the login is missing or has ended. kubectl: `error: You must be logged in to the server (Unauthorized)`
pub(super) fn is_unauthorized(ended: &Ended) -> bool {
    ["(Unauthorized)", "You must be logged in to the server"].iter().any(|words| ended.talk.contains(words))
}

fn is_error(line: &str) -> bool {
    line.get(.."error".len()).is_some_and(|start| start.eq_ignore_ascii_case("error"))
}

/// Whether a line has the header of klog: severity, month and day, time, thread, and where it was written.
/// `E1130 01:42:21.357070    7084 memcache.go:265]`
fn is_of_log(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_day = |word: &str| {
        word.strip_prefix(['I', 'W', 'E', 'F'])
            .is_some_and(|day| day.len() == 4 && day.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.next().is_some_and(is_day) && words.nth(2).is_some_and(|place| place.ends_with(']'))
}

#[cfg(test)]
mod tests {
    use super::{is_forbidden, is_unauthorized, reason};
    use crate::process::Ended;

    #[test]
    fn only_the_line_that_says_what_failed_is_kept() {
        const LOG: &str =
            "E1130 01:42:21.357070    7084 memcache.go:265] \"Unhandled Error\" err=\"dial tcp\"\n";
        let refused =
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?";
        for (talk, expected) in [
            (format!("{LOG}{LOG}{LOG}{LOG}{LOG}{refused}\n"), refused),
            ("error: stat /nope: no such file or directory\n".to_owned(), "stat /nope: no such file or directory"),
            (
                "Error in configuration: context was not found for specified context: nope".to_owned(),
                "Error in configuration: context was not found for specified context: nope",
            ),
            (
                "Error from server (Forbidden): pods is forbidden\nError from server (Forbidden): jobs is forbidden".to_owned(),
                "Error from server (Forbidden): pods is forbidden",
            ),
            (
                "Error in configuration:\n* unable to read a\n* unable to read b\nsee the help".to_owned(),
                "Error in configuration: * unable to read a * unable to read b",
            ),
            (
                "ERROR: run az login\nUnable to connect to the server: getting credentials: exec: exit code 1".to_owned(),
                "ERROR: run az login",
            ),
            (
                "ERROR: run az login\nError from server (Forbidden): pods is forbidden".to_owned(),
                "Error from server (Forbidden): pods is forbidden",
            ),
            (
                "Unable to connect to the server: getting credentials: exec: executable kubelogin not found\n\nIt looks like you\n\nhttps://kubernetes.io/docs/".to_owned(),
                "Unable to connect to the server: getting credentials: exec: executable kubelogin not found",
            ),
            ("Warning: old\nUnable to connect to the server: EOF\n".to_owned(), "Unable to connect to the server: EOF"),
            (LOG.to_owned(), LOG.trim()),
            ("\n \n".to_owned(), "it gave no reason"),
            ("é".to_owned(), "é"),
        ] {
            assert_eq!(reason(&Ended { status: None, output: None, talk, rest: String::new() }), expected);
        }
    }

    #[test]
    fn a_password_behind_its_name_is_not_the_reason() {
        for value in ["HUNTER2", "  HUNTER2", "\n\nHUNTER2", "'HUNTER2'"] {
            for name in ["password:", "error: password =", "token: |", "secret: >-"] {
                for (told, rest) in [
                    (String::new(), format!("{name}\n{value}\n")),
                    (format!("{name}\n"), format!("{value}\n")),
                ] {
                    let talk = format!("{told}{rest}");
                    let said = reason(&Ended { status: None, output: None, talk, rest });
                    assert!(!said.contains("HUNTER2"), "{said}");
                }
            }
        }
    }

    #[test]
    fn it_is_forbidden_whatever_a_plugin_prints_before() {
        for (talk, expected) in [
            ("Error from server (Forbidden): pods is forbidden", true),
            ("error: the cache is old\nError from server (Forbidden): pods is forbidden", true),
            ("Error: x\nError: y\nerror: pods is forbidden (Forbidden)", true),
            ("Error from server (NotFound): pods \"a\" not found", false),
            ("", false),
        ] {
            let talk = talk.to_owned();
            assert_eq!(
                is_forbidden(&Ended { status: None, output: None, talk: talk.clone(), rest: String::new() }),
                expected,
                "{talk}"
            );
        }
    }

    #[test]
    fn a_login_that_has_ended_is_known() {
        for (talk, expected) in [
            ("error: You must be logged in to the server (Unauthorized)", true),
            (
                "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
                true,
            ),
            ("Error from server (Unauthorized): Unauthorized", true),
            ("Error from server (Forbidden): pods is forbidden", false),
        ] {
            let ended = Ended { status: None, output: None, talk: talk.to_owned(), rest: String::new() };
            assert_eq!(is_unauthorized(&ended), expected, "{talk}");
        }
    }
}
