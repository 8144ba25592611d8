//! When credentials end: as the arguments say, or else their source.

use std::io::Read;

use anyhow::{Result, bail};

use super::source::Sourced;
use super::{MakeSecret, refusal};
use crate::files::input;
use crate::pull_secret::credential::Account;
use crate::pull_secret::credential_list;
use crate::pull_secret::time::{End, Time};
use review::diagnostic::{Diagnostic, Diagnostics};

/// Determines when each credential ends.
///
/// # Errors
/// - an end in the past
/// - a list that does not have the credential
pub(super) fn determine(
    args: &MakeSecret,
    sourced: &mut [Sourced],
    now: Time,
    stdin: &mut dyn Read,
) -> Result<()> {
    if let Some(when) = args.expires {
        let Some(end) = when.end(now) else { bail!("--expires must be a time before the year 10000") };
        if let Some(past) = end.time().filter(|time| *time <= now) {
            let error = Diagnostic::error(format!("--expires is in the past: {past}"));
            bail!(Diagnostics(vec![
                error.with_help("pass a time in the future, or how long from now, such as 1y")
            ]));
        }
        for Sourced { credential, .. } in sourced {
            if let (Some(own), End::Never | End::At(_)) = (credential.end.time(), end)
                && end.time().is_none_or(|end| own < end)
            {
                let error = Diagnostic::error(format!(
                    "--expires is later than the end of the credential itself, {own}"
                ));
                let help = match credential.account {
                    Account::AccessToken => {
                        "leave out --expires, because an access token itself says when it ends, three hours after az made it"
                    }
                    _ => "leave out --expires, or pass an earlier time",
                };
                bail!(Diagnostics(vec![error.with_help(help)]));
            }
            credential.end = end;
        }
    } else if let Some(path) = &args.expires_from {
        let file = input::read(path, stdin)?;
        for Sourced { credential, .. } in sourced {
            let end = credential_list::end_of(&file.text, &credential.password)
                .map_err(|error| refusal(&file.name, &error, error.help()))?;
            if end <= now {
                bail!("{}: the password ended at {end}", file.name);
            }
            credential.end = End::At(end);
        }
    } else if args.from_az.is_some() {
        for Sourced { credential, .. } in sourced {
            if let Some(past) = credential.end.time().filter(|end| *end <= now) {
                let error = Diagnostic::error(format!("{} ended at {past}", credential.account));
                let command = credential.commands.map_or("az".to_owned(), |commands| commands.to_string());
                bail!(Diagnostics(vec![
                    error.with_help(format!("run {command} again, and pass what it prints"))
                ]));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::{Sourced, determine};
    use crate::commands::secret::MakeSecret;
    use crate::pull_secret::credential::Credential;
    use crate::pull_secret::time::{End, Time};

    const ID: &str = "11111111-2222-3333-4444-555555555555";

    fn end(options: &[&str], list: &str, now: &str) -> Result<End, String> {
        let call = ["secret", "--server", "contoso.azurecr.io", "--username", ID, "--password-stdin"];
        let matches =
            MakeSecret::augment_args(Command::new("secret")).try_get_matches_from([&call, options].concat());
        let args = MakeSecret::from_arg_matches(&matches.expect("a call")).expect("a call");
        let credential =
            Credential::new(ID.to_owned(), "Abc8Q~hunter2".to_owned(), None, "contoso.azurecr.io");
        let mut sourced = [Sourced { credential, servers: Vec::new() }];
        let now = Time::parse(now).expect("a time");
        determine(&args, &mut sourced, now, &mut list.as_bytes()).map_err(|error| error.to_string())?;
        Ok(sourced.map(|sourced| sourced.credential.end)[0])
    }

    #[test]
    fn an_end_is_after_the_time_now() {
        let at = |time: &str| Ok(End::At(Time::parse(time).expect("a time")));
        let list = r#"[{"displayName": "rbac", "hint": "Abc", "endDateTime": "2027-01-31T12:00:00Z"}]"#;
        let (before, after) = ("2026-11-29T08:00:00Z", "2027-01-31T12:00:00Z");
        let from_list = ["--expires-from", "-"];
        assert_eq!(end(&[], "", before), Ok(End::Unknown));
        assert_eq!(end(&["--expires", "never"], "", before), Ok(End::Never));
        assert_eq!(end(&["--expires", "1y"], "", before), at("2027-11-29T08:00:00Z"));
        assert_eq!(end(&["--expires", "2027-01-31T13:00:00+01:00"], "", before), at(after));
        assert_eq!(end(&from_list, list, before), at(after));
        for (options, list, says) in [
            (["--expires", "2027-01-31T12:00:00Z"], "", "is in the past: 2027-01-31T12:00:00Z"),
            (["--expires", "0d"], "", "is in the past"),
            (["--expires", "9000y"], "", "before the year 10000"),
            (from_list, list, "the password ended at 2027-01-31T12:00:00Z"),
        ] {
            let error = end(&options, list, after).expect_err("an error");
            assert!(error.contains(says) && !error.contains("hunter"), "{options:?}: {error}");
        }
    }
}
