//! What holds for any output.

use proptest::prelude::*;
use serde_json::Value;

use super::super::{PASSWORD_NAMES, read};
use super::{ID, rows};
use crate::pull_secret::time::Time;

/// Some JSON that has the fields of outputs in it.
fn some_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("hunter2-hunter2".to_owned()),
        Just(ID.to_owned()),
        Just("reader".to_owned()),
        ".{0,12}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let field = prop::sample::select(vec![
            "appId",
            "displayName",
            "password",
            "clientId",
            "clientSecret",
            "credentials",
            "scopeMapId",
            "passwords",
            "username",
            "expiry",
            "name",
            "value",
            "accessToken",
            "loginServer",
            "keyId",
            "endDateTime",
            "id",
            "hint",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(field.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_stops_the_command_or_is_repeated(value in some_json(), name in prop::option::of(prop::sample::select(&PASSWORD_NAMES[..]))) {
        let said = match read(&value.to_string(), name) {
            Ok(output) => format!("{output:?}"),
            Err(error) => format!("{error} {} {error:?}", error.help()),
        };
        prop_assert!(!said.contains("hunter"), "{}", said);
    }

    #[test]
    fn no_text_stops_the_command(text in "(?s).{0,60}") {
        let _ = read(&text, None);
    }

    /// A password of other letters than ours, so that no part of it can be in a message by chance.
    #[test]
    fn nothing_of_a_password_is_in_what_is_said(password in "[~#+/=ßäöü€0-9]{4,40}", cut in 0_usize..200) {
        let now = Time::parse("2026-11-29T08:00:00Z").expect("a time");
        for (_, output, name, (_, old, ..), _, _) in rows() {
            let text = output.to_string().replace(old, &password);
            let cut: String = text.chars().take(text.chars().count().saturating_sub(cut)).collect();
            for text in [text, cut] {
                let said = match read(&text, name) {
                    Ok(output) => format!("{output:?} {}", output.credential.note(&["contoso.azurecr.io".to_owned()], now)),
                    Err(error) => format!("{error} {} {error:?}", error.help()),
                };
                let parts = password.char_indices().filter_map(|(at, _)| password.get(at..)).filter_map(|rest| {
                    let end = rest.char_indices().nth(4).map_or(rest.len(), |(end, _)| end);
                    rest.get(..end).filter(|part| part.chars().count() == 4)
                });
                for part in parts {
                    // Digits of our own are in application ids and times.
                    prop_assert!(part.chars().all(|c| c.is_ascii_digit()) || !said.contains(part), "{}", said);
                }
            }
        }
    }
}
