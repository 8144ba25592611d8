//! Signs of a credential, in names and in texts.

use serde_json::{Map, Value};

use review::cluster::Cluster;
use review::yaml;

use crate::spelling::in_any_spelling;

/// Whether fields are those of a Secret.
pub(crate) fn is_secret(fields: &Map<String, Value>) -> bool {
    let kind = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("kind"));
    kind.and_then(|(_, kind)| kind.as_str()).is_some_and(|kind| kind.trim().eq_ignore_ascii_case("secret"))
        || fields.contains_key("stringData")
}

/// Whether a field or variable of this name holds a credential.
pub(crate) fn is_telling(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "password",
        "passwd",
        "passphrase",
        "token",
        "secret",
        "apikey",
        "accesskey",
        "accountkey",
        "privatekey",
        "clientkeydata",
        "connectionstring",
        "credential",
    ];
    /// Ends of the names of what only tells where a credential is.
    const PLACES: [&str; 6] = ["name", "names", "ref", "refs", "file", "path"];
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    WORDS.iter().any(|word| name.contains(word)) && !PLACES.iter().any(|end| name.ends_with(end))
}

/// Fields of Kubernetes, and of the settings, that hold the name of a Secret.
pub(crate) fn is_name_of_secret(name: &str) -> bool {
    matches!(name, "secret" | "secrets" | "secretName" | "pullSecret" | "pullSecrets")
        || ["SecretName", "PullSecret", "PullSecrets"].iter().any(|end| name.ends_with(end))
        || name.starts_with("kubernetes.io/")
}

/// Whether a Secret is written somewhere, be it in a comment.
pub(crate) fn speaks_of_secrets(text: &str) -> bool {
    let is_said = |line: &str| {
        let comment = line.split_once('#').map_or("", |(_, comment)| comment);
        let words = comment.split_inclusive([':', '=']);
        words.filter(|word| word.ends_with([':', '='])).any(|word| {
            let name = word.trim_end_matches([':', '=']).trim_end();
            is_telling(name.rsplit(|c: char| c.is_whitespace() || c == '"').next().unwrap_or(name))
        })
    };
    text.lines().any(is_said)
        || ["kind:secret", "stringdata", "dockerc", "auths"].iter().any(|word| squeezed(text).contains(word))
}

/// Whether a text within a value is a Secret or a docker config, or holds one in another spelling.
pub(crate) fn holds_secret(text: &str) -> bool {
    const SHORTEST: usize = 16;
    const WORDS: [&str; 6] =
        ["kind:secret", "stringdata:", ".dockerconfigjson:", ".dockercfg:", "auths:{", "privatekey-----"];
    text.len() >= SHORTEST
        && in_any_spelling(text.as_bytes(), &mut |spelled| {
            let text = String::from_utf8_lossy(spelled);
            let squeezed = squeezed(&text);
            WORDS.iter().any(|word| squeezed.contains(word))
                // A kind in escapes or in base64.
                || text.contains("kind")
                    && Cluster::may_be_in(&text)
                    && yaml::documents(&text).0.iter().any(|document| is_or_has_secret(&document.value))
        })
}

fn is_or_has_secret(value: &Value) -> bool {
    match value {
        Value::Object(fields) => is_secret(fields) || fields.values().any(is_or_has_secret),
        Value::Array(items) => items.iter().any(is_or_has_secret),
        _ => false,
    }
}

/// Whether a text is a docker config, as it is or in base64.
pub(crate) fn is_docker_config(text: &str) -> bool {
    in_any_spelling(text.as_bytes(), &mut |spelled| {
        squeezed(&String::from_utf8_lossy(spelled)).starts_with("{auths:")
    })
}

/// Login servers in a text.
pub(crate) fn login_servers(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
    words.filter(|word| {
        let name =
            [".azurecr.io", ".azurecr.cn", ".azurecr.us"].iter().find_map(|end| word.strip_suffix(end));
        name.is_some_and(|name| !name.is_empty())
    })
}

/// What stands behind the `=` of an argument or variable that holds a credential: `--password=x`.
pub(crate) fn assigned(text: &str) -> Option<&str> {
    let (name, value) = text.split_once('=')?;
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (is_word && is_telling(name) && !value.is_empty()).then_some(value)
}

/// User name and password in a URL.
pub(crate) fn logins(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(rest.len());
        rest.get(..end)?.rsplit_once('@').map(|(login, _)| login).filter(|login| !login.is_empty())
    })
}

fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
