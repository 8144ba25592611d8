//! Passwords that look wrong: a file, a script or a form left something in them.

use crate::docker_config::Credential;

/// The characters around the name of a variable that was not substituted.
const PLACEHOLDERS: [(&str, &str); 6] =
    [("$(", ")"), ("${", "}"), ("{{", "}}"), ("#{", "}#"), ("<", ">"), ("%", "%")];

/// What looks wrong about a password, without any part of it; `None` for an ordinary one.
pub(crate) fn suspicion(credential: &Credential) -> Option<&'static str> {
    let password = credential.password.as_str();
    let is_between = |(open, close): &(&str, &str)| {
        password.len() > open.len() + close.len() && password.starts_with(open) && password.ends_with(close)
    };
    if password.ends_with(['\n', '\r']) {
        Some("ends in a line break")
    } else if password.trim() != password {
        Some("begins or ends with a blank")
    } else if PLACEHOLDERS.iter().any(is_between) {
        Some("is a variable or placeholder that was not substituted")
    } else if is_between(&("{", "}")) {
        Some("is a JSON object")
    } else if credential.is_contradicted {
        Some("differs from the field password, which the kubelet ignores")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::suspicion;
    use crate::docker_config::Credential;

    fn of(password: &str) -> Option<&'static str> {
        suspicion(&Credential { password: password.to_owned(), ..Credential::default() })
    }

    #[test]
    fn unexpected_content_of_a_password_is_reported() {
        for (password, told) in [
            ("hunter2\n", "line break"),
            ("hunter2\r\n", "line break"),
            ("hunter2\r", "line break"),
            (" hunter2", "blank"),
            ("hunter2 ", "blank"),
            ("\thunter2", "blank"),
            ("\nhunter2", "blank"),
            ("\u{a0}hunter2", "blank"),
            ("$(ACR_PASSWORD)", "variable"),
            ("${PW}", "variable"),
            ("<password>", "variable"),
            ("{{ .Values.password }}", "variable"),
            ("#{acrPassword}#", "variable"),
            ("%ACR_PASSWORD%", "variable"),
            (r#"{"password": "hunter2"}"#, "JSON"),
        ] {
            let said = of(password).unwrap_or_else(|| panic!("{password:?}"));
            assert!(said.contains(told) && !said.contains("hunter"), "{password:?}: {said}");
        }
    }

    #[test]
    fn an_ordinary_password_is_not_suspicious() {
        for password in [
            "",
            "hunter2",
            "hunter 2",
            "pa$$word",
            "$ecret",
            "a<b>",
            "{hunter2",
            "50%",
            "%%",
            "<>",
            "~abc.8Q~d_e-f",
            "AbC+def/ghi=",
            "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        ] {
            assert_eq!(of(password), None, "{password:?}");
        }
    }
}
