//! Texts that look like something other than a password: a wrong pipe.

use review::placeholder;
use serde::de::IgnoredAny;

use super::az_commands::Commands;
use super::azure;
use super::example::is_example;

/// Why a text is refused as a password. No message shows a part of it, or its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Suspicion {
    /// What one of these commands of `az` printed as a whole
    #[error("is the output of {0}")]
    Azure(Commands),
    /// A docker config
    #[error("is a docker config")]
    DockerConfig,
    /// Other JSON
    #[error("is JSON")]
    Json,
    /// In quotes, as `--query` prints it without `-o tsv`
    #[error("is in quotes")]
    Quoted,
    /// Line ends that are not removed
    #[error("ends in more than one line end")]
    LineEnds,
    /// Several lines
    #[error("has more than one line")]
    Lines,
    /// Several values of `-o tsv`
    #[error("has a tab in it, which -o tsv writes between values")]
    Tab,
    /// Characters that no program takes for a part of a password
    #[error("has a byte order mark or a control character in it")]
    Control,
    /// Blanks alone
    #[error("has blanks alone")]
    Blank,
    /// A placeholder that was not filled in
    #[error("is a variable or placeholder that was not substituted")]
    Placeholder,
    /// What CI systems show for a secret
    #[error("is masked or left out")]
    Masked,
    /// What `jq -r` prints for a missing field
    #[error("is a word that programs print for a missing value")]
    Missing,
}

impl Suspicion {
    /// What to type instead.
    pub fn help(self) -> &'static str {
        match self {
            Self::Azure(_) => "pass it with --from-az - in place of --username and --password-stdin",
            Self::DockerConfig => {
                "pass it with --from-docker-config - in place of --username and --password-stdin"
            }
            Self::Quoted => "add -o tsv to the az command, or -r to jq, which print a value without quotes",
            Self::LineEnds => "one line end is removed: print the password without others, as printf %s does",
            Self::Json | Self::Lines | Self::Tab => {
                "print only the password, as az does with --query password -o tsv"
            }
            Self::Control => "write the file as UTF-8 without a byte order mark, such as with printf %s",
            Self::Placeholder | Self::Masked | Self::Blank => "pass the password itself",
            Self::Missing => "see whether the field that the command before the pipe prints exists",
        }
    }
}

/// What is suspicious about a password; `None` for an ordinary one.
pub fn suspicion(password: &str) -> Option<Suspicion> {
    let trimmed = password.trim();
    if let Some(commands) = azure::commands_of(password) {
        return Some(Suspicion::Azure(commands));
    }
    if trimmed.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(trimmed).is_ok() {
        let is_config =
            ["\"auths\"", "\"credHelpers\"", "\"credsStore\""].iter().any(|key| trimmed.contains(key));
        return Some(if is_config { Suspicion::DockerConfig } else { Suspicion::Json });
    }
    let is_between =
        |quote: char| trimmed.len() > 1 && trimmed.starts_with(quote) && trimmed.ends_with(quote);
    let is_line_end = |c: char| matches!(c, '\n' | '\r');
    let is_missing = ["null", "None", "undefined"].contains(&trimmed);
    match password {
        _ if is_between('"') || is_between('\'') => Some(Suspicion::Quoted),
        _ if placeholder::is_whole(trimmed) || is_example(trimmed) => Some(Suspicion::Placeholder),
        _ if is_missing => Some(Suspicion::Missing),
        _ if !trimmed.is_empty() && trimmed.chars().all(|c| "*•….".contains(c)) => {
            Some(Suspicion::Masked)
        }
        _ if password.ends_with(is_line_end) => Some(Suspicion::LineEnds),
        _ if password.contains(is_line_end) => Some(Suspicion::Lines),
        _ if password.contains('\t') => Some(Suspicion::Tab),
        _ if password.contains(|c: char| c.is_control() || c == '\u{feff}') => Some(Suspicion::Control),
        _ if trimmed.is_empty() => Some(Suspicion::Blank),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Commands, Suspicion, suspicion};

    #[test]
    fn what_looks_like_something_else_is_recognised() {
        for (password, expected) in [
            (
                r#"{"appId": "1", "displayName": "x", "password": "hunter2", "tenant": "2"}"#,
                Suspicion::Azure(Commands(&["az ad sp create-for-rbac"])),
            ),
            (
                "appId: 1\npassword: hunter2\ntenant: 2\n",
                Suspicion::Azure(Commands(&["az ad sp credential reset", "az ad app credential reset"])),
            ),
            (r#"{"auths": {"contoso.azurecr.io": {"auth": "aHVudGVyMg=="}}}"#, Suspicion::DockerConfig),
            (r#"{"password": "hunter2"}"#, Suspicion::Json),
            ("[\n  \"hunter2\"\n]\n", Suspicion::Json),
            ("\"hunter2\"", Suspicion::Quoted),
            ("'hunter2'", Suspicion::Quoted),
            ("\"hunter2\"\r", Suspicion::Quoted),
            ("hunter2\n", Suspicion::LineEnds),
            ("hunter2\r", Suspicion::LineEnds),
            ("hunter2\n\n", Suspicion::LineEnds),
            ("hunter2\nhunter3", Suspicion::Lines),
            ("1\thunter2", Suspicion::Tab),
            ("${ACR_PASSWORD}", Suspicion::Placeholder),
            ("$(acrPassword)", Suspicion::Placeholder),
            ("{{ .Values.password }}", Suspicion::Placeholder),
            ("#{acrPassword}#", Suspicion::Placeholder),
            ("<password>", Suspicion::Placeholder),
            ("%ACR_PASSWORD%", Suspicion::Placeholder),
            ("$ACR_PASSWORD", Suspicion::Placeholder),
            ("CHANGEME", Suspicion::Placeholder),
            (" your-password-here ", Suspicion::Placeholder),
            ("[password]", Suspicion::Placeholder),
            ("xxxx", Suspicion::Placeholder),
            ("********", Suspicion::Masked),
            ("***", Suspicion::Masked),
            ("...", Suspicion::Masked),
            ("…", Suspicion::Masked),
            ("\u{feff}hunter2", Suspicion::Control),
            ("hun\0ter2", Suspicion::Control),
            ("  ", Suspicion::Blank),
            ("null", Suspicion::Missing),
            ("None", Suspicion::Missing),
        ] {
            assert_eq!(suspicion(password), Some(expected), "{password:?}");
            assert!(!expected.to_string().contains("hunter"), "{password:?}");
        }
    }

    #[test]
    fn an_ordinary_password_is_accepted() {
        for password in [
            "hunter2",
            "hunter 2",
            "with:colons",
            "\"half",
            "it's",
            "\"",
            "{hunter2",
            "[1",
            "{hunter2}",
            "pa$$word",
            "$ecret",
            "$",
            "a<b>",
            "50%",
            "%%",
            "<>",
            "12345678",
            "true",
            "~abc.8Q~d_e-f",
            "AbC+def/ghi=",
            "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        ] {
            assert_eq!(suspicion(password), None, "{password:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Microsoft Entra: 40 characters. ACR: base64 of random bytes, of 32 to 84 characters. Before 2020, az made GUIDs.
        #[test]
        fn a_generated_password_is_accepted(
            password in prop_oneof![
                "[A-Za-z0-9_~.-]{40}",
                "[A-Za-z0-9]{3}8Q~[A-Za-z0-9_~.-]{34}",
                "[A-Za-z0-9+/]{32}",
                "[A-Za-z0-9+/]{43}=",
                "[A-Za-z0-9]{52}",
                "[A-Za-z0-9]{40}ACR[A-Za-z0-9]{41}",
                "[A-Za-z]{16}",
                "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}",
            ],
        ) {
            prop_assert_eq!(suspicion(&password), None);
        }
    }
}
