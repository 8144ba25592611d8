//! What `az ad app credential list` prints: when the passwords of a service principal end.

use serde::Deserialize;

use super::time::Time;

/// Why a list does not say when a password ends. No message shows a part of the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialListError {
    /// Another text
    #[error("it is not the JSON of az ad app credential list")]
    Syntax,
    /// No passwords
    #[error("it lists no password")]
    Empty,
    /// None of them is the password
    #[error("none of its passwords begins as this one: {}", list(.0))]
    Missing(Vec<String>),
    /// Several of them may be the password
    #[error("several of its passwords begin as this one: {}", list(.0))]
    Several(Vec<String>),
}

impl CredentialListError {
    /// What to type.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Syntax | Self::Empty => "pass what `az ad app credential list --id APPID` prints",
            Self::Missing(_) => {
                "pass the list of the application that the password is for, taken after it was made"
            }
            Self::Several(_) => "pass the end of the right one with --expires",
        }
    }
}

/// The longest name that a message shows, in characters.
const LONGEST: usize = 40;

/// The most credentials that a message lists.
const MOST: usize = 8;

fn list(all: &[String]) -> String {
    let shown = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > MOST { format!("{shown}, …") } else { shown }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    display_name: Option<String>,
    /// The first three characters of the password. Microsoft Graph: `passwordCredential`
    hint: Option<String>,
    end_date_time: String,
}

impl Entry {
    /// Its name and end, as a message shows them.
    fn shown(&self) -> String {
        let is_short = |name: &&str| !name.is_empty() && name.chars().count() <= LONGEST;
        let name = self.display_name.as_deref().filter(is_short).unwrap_or("unnamed");
        let end =
            Time::parse(&self.end_date_time).map_or_else(|| "unknown".to_owned(), |time| time.to_string());
        format!("{name} (ends at {end})")
    }
}

/// When a password ends: as the credential says that begins as the password does, or that is the only one.
///
/// # Errors
/// - another text, or a list in which it is not clear which credential is the password
pub fn end_of(text: &str, password: &str) -> Result<Time, CredentialListError> {
    let entries: Vec<Entry> = serde_json::from_str(text).map_err(|_| CredentialListError::Syntax)?;
    let start: String = password.chars().take(3).collect();
    let has_hint = |entry: &&Entry| entry.hint.as_ref().is_some_and(|hint| !hint.is_empty());
    let fitting: Vec<&Entry> =
        entries.iter().filter(|entry| entry.hint.as_deref() == Some(start.as_str())).collect();
    let shown = |all: &[&Entry]| all.iter().map(|entry| entry.shown()).collect();
    let entry = match (fitting.as_slice(), entries.as_slice()) {
        (_, []) => return Err(CredentialListError::Empty),
        ([one], _) => one,
        ([], [only]) if !has_hint(&only) => only,
        ([], all) => return Err(CredentialListError::Missing(shown(&all.iter().collect::<Vec<_>>()))),
        (several, _) => return Err(CredentialListError::Several(shown(several))),
    };
    Time::parse(&entry.end_date_time).ok_or(CredentialListError::Syntax)
}

#[cfg(test)]
mod tests {
    use super::{CredentialListError, end_of};
    use serde_json::{Value, json};

    fn entry(name: &str, hint: &Value, end: &str) -> Value {
        json!({
            "customKeyIdentifier": null, "displayName": name, "endDateTime": end, "hint": hint,
            "keyId": "33333333-4444-5555-6666-777777777777", "secretText": null, "startDateTime": "2026-01-31T12:00:00Z"
        })
    }

    #[test]
    fn the_password_is_found_by_its_beginning() {
        let old = entry("rbac", &json!("Abc"), "2027-01-31T12:00:00Z");
        let new = entry("rotated", &json!("x~1"), "2028-01-31T12:00:00.5Z");
        let nameless = json!({"displayName": null, "hint": "Abc", "endDateTime": "2029-01-31T12:00:00Z"});
        let without_hint = entry("old", &Value::Null, "2027-03-31T12:00:00Z");
        let missing = |all: &[&str]| {
            Err(CredentialListError::Missing(all.iter().map(|one| (*one).to_owned()).collect()))
        };
        let several = |all: &[&str]| {
            Err(CredentialListError::Several(all.iter().map(|one| (*one).to_owned()).collect()))
        };
        let rows = [
            (json!([old, new]), "Abc8Q~hunter2", Ok("2027-01-31T12:00:00Z")),
            (json!([old, new]), "x~18Q~hunter2", Ok("2028-01-31T12:00:00Z")),
            (json!([without_hint]), "x~18Q~hunter2", Ok("2027-03-31T12:00:00Z")),
            (json!([without_hint, new]), "x~18Q~hunter2", Ok("2028-01-31T12:00:00Z")),
            (json!([old]), "x~18Q~hunter2", missing(&["rbac (ends at 2027-01-31T12:00:00Z)"])),
            (
                json!([old, without_hint]),
                "x~18Q~hunter2",
                missing(&["rbac (ends at 2027-01-31T12:00:00Z)", "old (ends at 2027-03-31T12:00:00Z)"]),
            ),
            (
                json!([old, nameless]),
                "Abc8Q~hunter2",
                several(&["rbac (ends at 2027-01-31T12:00:00Z)", "unnamed (ends at 2029-01-31T12:00:00Z)"]),
            ),
            (json!([]), "Abc", Err(CredentialListError::Empty)),
            (json!({"appId": "x"}), "Abc", Err(CredentialListError::Syntax)),
            (json!([{"keyId": "x"}]), "Abc", Err(CredentialListError::Syntax)),
            (json!([entry("rbac", &json!("Abc"), "soon")]), "Abc", Err(CredentialListError::Syntax)),
        ];
        for (list, password, end) in rows {
            assert_eq!(
                end_of(&list.to_string(), password).map(|time| time.to_string()),
                end.map(str::to_owned),
                "{list}"
            );
        }
    }
}
