//! Signs of a credential, in names and in texts.

use serde_json::{Map, Value};

use review::cluster::Cluster;
use review::yaml;

use review::spelling::{in_any_spelling, is_base64};

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
    /// Names that hold a credential if they are not a part of a longer word.
    const NAMES: [&str; 5] = ["auth", "authorization", "pass", "pat", "pwd"];
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    NAMES.contains(&name.as_str())
        || WORDS.iter().any(|word| name.contains(word)) && !PLACES.iter().any(|end| name.ends_with(end))
}

/// Fields of Kubernetes, and of the settings, that hold the name of a Secret.
pub(crate) fn is_name_of_secret(name: &str) -> bool {
    matches!(name, "secret" | "secrets" | "secretName" | "pullSecret" | "pullSecrets")
        || ["SecretName", "PullSecret", "PullSecrets"].iter().any(|end| name.ends_with(end))
        || name.starts_with("kubernetes.io/")
}

/// Whether fields are those of an admission request for a Secret.
pub(crate) fn is_request_for_secret(fields: &Map<String, Value>) -> bool {
    let is = |pointer: [&str; 2], word: &str| {
        let value = fields.get(pointer[0]).and_then(|value| value.get(pointer[1]));
        value.and_then(Value::as_str).is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    is(["kind", "kind"], "Secret")
        || is(["requestKind", "kind"], "Secret")
        || is(["resource", "resource"], "secrets")
}

/// Whether a text may hold a Secret, or a credential in a comment.
pub(crate) fn speaks_of_secrets(text: &str) -> bool {
    let squeezed = squeezed(text);
    ["kind:secret", "stringdata", "dockerc", "auths"].iter().any(|word| squeezed.contains(word))
        || text
            .lines()
            .filter_map(|line| line.split_once('#'))
            .any(|(_, comment)| is_telling_comment(comment))
}

/// What a text has beside its values: comments, and the names of anchors, tags and directives.
pub(crate) fn remarks(text: &str) -> String {
    let mut remarks = String::new();
    for line in text.lines() {
        let (values, comment) = line.split_once('#').unwrap_or((line, ""));
        let names = values.split_whitespace().filter(|word| word.starts_with(['&', '*', '!', '%']));
        for remark in names.chain([comment]).filter(|remark| !remark.is_empty()) {
            remarks.push_str(remark);
            remarks.push('\n');
        }
    }
    remarks
}

/// Whether a comment has a field or variable that holds a credential, or a word that looks like one.
fn is_telling_comment(comment: &str) -> bool {
    const SHORTEST: usize = 12;
    let mut assigned = comment.split_inclusive([':', '=']).filter_map(|part| part.strip_suffix([':', '=']));
    let mut words = comment.split(|c: char| !u8::try_from(c).is_ok_and(is_base64));
    assigned.any(|name| is_telling(name.rsplit([' ', '\t', '"', '\'', '{', ',']).next().unwrap_or(name)))
        || words.any(|word| {
            let has = |is_such: fn(char) -> bool| word.contains(is_such);
            word.len() >= SHORTEST
                && has(|c| c.is_ascii_digit())
                && has(|c| c.is_ascii_lowercase())
                && has(|c| c.is_ascii_uppercase())
        })
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

/// Credentials in a text: an argument or variable, each word of a command line, and user information in a URL.
pub(crate) fn credentials(text: &str) -> Vec<&str> {
    const QUOTES: [char; 4] = ['"', '\'', ';', '`'];
    let words = || text.split_whitespace().map(|word| word.trim_matches(QUOTES));
    let follows = words().zip(words().skip(1));
    let after_option = follows.filter_map(|(option, value)| names_credential(option).then_some(value));
    let assigned = std::iter::once(text).chain(words()).filter_map(assigned);
    assigned.chain(after_option).chain(logins(text)).filter(|credential| !credential.is_empty()).collect()
}

/// Whether an argument is followed by a credential: `--password x`.
pub(crate) fn names_credential(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains('=') && is_telling(argument)
}

/// The text after the `=` of an argument or variable that holds a credential: `--password=x`.
fn assigned(text: &str) -> Option<&str> {
    let (name, value) = text.split_once('=')?;
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    (is_word && is_telling(name) && !value.is_empty()).then_some(value)
}

/// User name and password in a URL.
fn logins(text: &str) -> impl Iterator<Item = &str> {
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
