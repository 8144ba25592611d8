//! The exit status of a check.

use super::Check;
use crate::args::FailOn;
use crate::console::ExitStatus;
use crate::report::Summary;

/// The worst that the call asks for; `all_done` says whether everything was read, asked and written.
pub(super) fn of(args: &Check, summary: &Summary, all_done: bool) -> ExitStatus {
    let found = summary.rejected > 0
        || (args.fail_on <= FailOn::Warn && summary.warnings > 0)
        || (args.fail_on <= FailOn::Mutate && summary.mutated > 0);
    if !all_done || summary.errors > 0 {
        ExitStatus::Trouble
    } else if found {
        ExitStatus::Found
    } else if summary.judged() == 0 && !args.allow_empty {
        ExitStatus::Nothing
    } else {
        ExitStatus::Fine
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::{Check, of};
    use crate::console::ExitStatus;
    use crate::report::Summary;

    fn ended(args: &[&str], summary: Summary, all_done: bool) -> ExitStatus {
        let command = Check::augment_args(Command::new("check"));
        let matches = command.get_matches_from([&["check", "-"], args].concat());
        of(&Check::from_arg_matches(&matches).unwrap(), &summary, all_done)
    }

    #[test]
    fn the_exit_status_is_the_worst_that_the_call_asks_for() {
        use ExitStatus::{Fine, Found, Nothing, Trouble};

        let none = Summary::default();
        let objects = Summary { objects: 2, accepted: 1, skipped: 1, ..none };
        let warned = Summary { warnings: 1, ..objects };
        let mutated = Summary { mutated: 1, ..objects };
        let rejected = Summary { rejected: 2, ..objects };
        let broken = Summary { errors: 1, rejected: 1, ..objects };
        let skipped = Summary { objects: 2, skipped: 2, ..none };
        for (summary, [reject, warn, mutate]) in [
            (objects, [Fine, Fine, Fine]),
            (warned, [Fine, Found, Found]),
            (mutated, [Fine, Fine, Found]),
            (rejected, [Found, Found, Found]),
            (broken, [Trouble, Trouble, Trouble]),
            (skipped, [Nothing, Nothing, Nothing]),
            (none, [Nothing, Nothing, Nothing]),
        ] {
            for (fail_on, expected) in [("reject", reject), ("warn", warn), ("mutate", mutate)] {
                let args = ["--fail-on", fail_on];
                assert_eq!(ended(&args, summary, true), expected, "{fail_on}: {summary:?}");
                assert_eq!(ended(&args, summary, false), Trouble, "{fail_on}: {summary:?}");
                let allowed = if expected == Nothing { Fine } else { expected };
                assert_eq!(
                    ended(&[&args[..], &["--allow-empty"]].concat(), summary, true),
                    allowed,
                    "{summary:?}"
                );
            }
        }
    }
}
