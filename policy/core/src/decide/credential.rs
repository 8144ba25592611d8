//! Problems of a credential that only ACR has: no password, a token that expires, a user with too many rights.

use crate::cluster::Memo;
use crate::docker_config::Credential;
use crate::expiry::{ANNOTATION, Announced, End};
use crate::login_server::{Host, classify};
use crate::password::suspicion;
use crate::rule::{Category, Rule};
use crate::timestamp::when;
use crate::token::Token;

/// The user name of tokens. Azure/acr: docs/AAD-OAuth.md
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// What to do about a credential that cannot last.
const LASTING: &str = "make the secret from a service principal or a repository-scoped token";

/// One thing that is wrong with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) rule: Rule,
    /// What it is wrong with: `token`, `credential`
    pub(crate) noun: &'static str,
    /// What is wrong: `expired on …`, `has no password`
    pub(crate) what: String,
    /// What to do
    pub(crate) help: String,
    /// Whether the annotation of the secret shows it, so that all credentials of the secret have it
    pub(crate) is_announced: bool,
}

impl Problem {
    /// One sentence. `secret` says which secret the credential is in.
    pub(super) fn message(&self, host: &str, secret: &str) -> String {
        if self.is_announced {
            return [secret, " ", &self.what].concat();
        }
        ["the ", self.noun, " for ", host, " in ", secret, " ", &self.what].concat()
    }
}

/// Whether a registry is known to refuse a credential with these problems.
pub(crate) fn fails(problems: &[Problem]) -> bool {
    has(problems, Category::Unusable)
}

/// Whether there is no known reason for a credential to fail, now or soon.
pub(super) fn lasts(problems: &[Problem]) -> bool {
    !fails(problems) && !has(problems, Category::Expiring)
}

fn has(problems: &[Problem], category: Category) -> bool {
    problems.iter().any(|problem| problem.rule.category() == category)
}

/// Whether a pull with the credential is anonymous.
pub(super) fn is_anonymous(credential: &Credential) -> bool {
    credential.username.is_empty() && credential.password.is_empty()
}

/// The use of a credential: the pull of an image.
pub(crate) struct Judge<'a> {
    /// Knows the time
    pub(crate) cluster: &'a Memo<'a>,
    /// More suffixes of login servers
    pub(crate) suffixes: &'a [String],
    /// How many days before its end a credential is reported; 0 for never
    pub(crate) warning_days: u16,
    /// The registry
    pub(crate) host: &'a str,
    /// Whether an anonymous pull may work
    pub(crate) secretless: bool,
}

impl Judge<'_> {
    /// What is wrong with a credential of a secret whose annotation says `announced`.
    pub(crate) fn problems(&self, credential: &Credential, announced: Announced) -> Vec<Problem> {
        if self.secretless && is_anonymous(credential) {
            Vec::new()
        } else {
            problems(self, credential, announced)
        }
    }

    /// What is wrong with all credentials of a secret, according to its annotation.
    pub(super) fn announced(&self, announced: Announced) -> Option<Problem> {
        self.end("", None, announced)
    }

    /// The problem with the end of a credential, of which the earlier one counts: that of its token or the announced one.
    fn end(&self, user: &str, token: Option<u64>, announced: Announced) -> Option<Problem> {
        let Some(end) = End::of(token, announced) else {
            return (announced == Announced::Unreadable && self.warning_days > 0).then(unreadable);
        };
        let now = self.cluster.now();
        let left = match now {
            Some(now) => end.at.saturating_sub(now),
            // Without a clock only a token is known to end soon.
            None if end.is_announced => return None,
            None => 1,
        };
        if left > u64::from(self.warning_days) * 86_400 {
            return None;
        }
        let (rule, verb) = match left {
            0 => (Rule::SecretExpired, "expired on "),
            _ => (Rule::SecretExpiresSoon, "expires on "),
        };
        let when = when(end.at, now);
        let (noun, what, help) = if end.is_announced {
            let what = [verb, &when, ", according to annotation ", ANNOTATION].concat();
            ("credential", what, renewal(user, self.host))
        } else {
            ("token", [verb, &when].concat(), LASTING)
        };
        Some(Problem { rule, noun, what, help: help.to_owned(), is_announced: end.is_announced })
    }
}

/// How to replace the password of a user, who may not be known: that of a service principal is the GUID of its application, the
/// admin user has the name of the registry.
fn renewal(user: &str, host: &str) -> &'static str {
    match user {
        "" => "replace it with az ad app credential reset or az acr token credential generate",
        _ if user.len() == 36 && user.split('-').count() == 5 => {
            "replace it with az ad app credential reset --id APPID --append"
        }
        _ if host.strip_prefix(user).is_some_and(|rest| rest.starts_with('.')) => {
            "replace it with az acr credential renew -n REGISTRY --password-name password"
        }
        _ => "replace it with az acr token credential generate -n TOKEN -r REGISTRY",
    }
}

/// An end that was announced and cannot be read would pass without a warning.
fn unreadable() -> Problem {
    Problem {
        rule: Rule::SecretExpiresSoon,
        noun: "secret",
        what: ["has an annotation ", ANNOTATION, " that is not an RFC 3339 time, so its end is not known"]
            .concat(),
        help: "write the end as in 2027-01-31T00:00:00Z".to_owned(),
        is_announced: true,
    }
}

fn problems(judge: &Judge<'_>, credential: &Credential, announced: Announced) -> Vec<Problem> {
    let &Judge { suffixes, host, .. } = judge;
    let mut problems = Vec::new();
    let Credential { username, password, .. } = credential;
    let token = Token::of(password);
    if !password.is_empty() {
        problems.extend(judge.end(username, token.as_ref().map(|token| token.expires), announced));
    }
    let mut note = |rule, noun, what, help: &str| {
        problems.push(Problem { rule, noun, what, help: help.to_owned(), is_announced: false });
    };
    if password.is_empty() {
        let cause = if username == TOKEN_USER {
            ", as az acr login leaves it (its token is in identitytoken, which the kubelet ignores)"
        } else if username.is_empty() {
            " and no user, which makes the pull anonymous"
        } else {
            ""
        };
        note(Rule::SecretEmptyPassword, "credential", ["has no password", cause].concat(), LASTING);
        return problems;
    }
    if let Some(token) = token.filter(|token| !token.is_for(host)) {
        // Any other audience is not shown, because it may be part of a secret.
        let meant = match token.audience.as_slice() {
            [server] if classify(server, suffixes) == Host::LoginServer => server,
            _ => "another registry",
        };
        let what = ["is meant for ", meant].concat();
        note(Rule::SecretWithoutCredentials, "token", what, &["use a credential for ", host].concat());
    }
    if let Some(reason) = suspicion(credential) {
        let what = ["has a password that ", reason].concat();
        note(
            Rule::SecretSuspiciousPassword,
            "credential",
            what,
            "recreate the secret with one password and nothing else",
        );
    }
    if is_admin_user(username, host) {
        note(
            Rule::SecretAdminUser,
            "credential",
            "belongs to the admin user, who may push and delete everything".to_owned(),
            "use a repository-scoped token or a service principal with AcrPull",
        );
    }
    problems
}

/// The admin user has the name of the registry; a hash-suffixed login server has the name before its dash.
fn is_admin_user(username: &str, host: &str) -> bool {
    let label = host.split('.').next().unwrap_or_default();
    let name = label.split('-').next().unwrap_or_default();
    !username.is_empty() && (username.eq_ignore_ascii_case(label) || username.eq_ignore_ascii_case(name))
}
