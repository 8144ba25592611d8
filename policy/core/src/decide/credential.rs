//! Problems of a credential that only ACR has: no password, a token that expires, a user with too many rights.

use crate::cluster::Memo;
use crate::docker_config::Credential;
use crate::login_server::{Host, classify};
use crate::rule::{Category, Rule};
use crate::token::{Token, when};

/// The user name that goes with tokens. Azure/acr: docs/AAD-OAuth.md
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// A token that ends within this time is no basis for a pull secret: 30 days, in seconds.
const SHORT: u64 = 30 * 24 * 60 * 60;

/// One thing that is wrong with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) rule: Rule,
    /// What is wrong, with what: `token expired on …`, `credential has no password`
    pub(crate) what: String,
    /// What to do
    pub(crate) help: String,
}

impl Problem {
    /// One sentence. `secret` says which secret the credential is in.
    pub(super) fn message(&self, host: &str, secret: &str) -> String {
        let (noun, what) = self.what.split_once(' ').unwrap_or_default();
        format!("the {noun} for {host} in {secret} {what}")
    }
}

/// Whether a registry is known to refuse a credential with these problems.
pub(crate) fn fails(problems: &[Problem]) -> bool {
    has(problems, Category::Unusable)
}

/// Whether nothing is known by which a credential fails, now or soon.
pub(super) fn lasts(problems: &[Problem]) -> bool {
    !fails(problems) && !has(problems, Category::Expiring)
}

fn has(problems: &[Problem], category: Category) -> bool {
    problems.iter().any(|problem| problem.rule.category() == category)
}

/// Whether a pull with the credential is an anonymous one.
pub(crate) fn is_anonymous(credential: &Credential) -> bool {
    credential.username.is_empty() && credential.password.is_empty()
}

/// What is wrong with a credential for the registry at `host`.
pub(crate) fn problems(
    cluster: &Memo<'_>,
    suffixes: &[String],
    credential: &Credential,
    host: &str,
) -> Vec<Problem> {
    const LASTING: &str = "make the secret from a service principal or a repository-scoped token";
    let mut problems = Vec::new();
    let mut note = |rule, what, help: &str| problems.push(Problem { rule, what, help: help.to_owned() });
    let Credential { username, password } = credential;
    if password.is_empty() {
        let cause = if username == TOKEN_USER {
            ", as az acr login leaves it (its token is in identitytoken, which the kubelet ignores)"
        } else if username.is_empty() {
            " and no user, which makes the pull anonymous"
        } else {
            ""
        };
        note(Rule::SecretEmptyPassword, format!("credential has no password{cause}"), LASTING);
        return problems;
    }
    if let Some(token) = Token::of(password) {
        let now = cluster.now();
        let ends = when(token.expires, now);
        match now {
            Some(now) if token.expires <= now => {
                note(Rule::SecretExpired, format!("token expired on {ends}"), LASTING);
            }
            Some(now) if token.expires - now > SHORT => {}
            _ => note(Rule::SecretExpiresSoon, format!("token expires on {ends}"), LASTING),
        }
        if !token.is_for(host) {
            // Any other audience is not shown, because it may be part of a secret.
            let meant = match token.audience.as_slice() {
                [server] if classify(server, suffixes) == Host::LoginServer => server,
                _ => "another registry",
            };
            let what = format!("token is meant for {meant}");
            note(Rule::SecretWithoutCredentials, what, &format!("use a credential for {host}"));
        }
    }
    if is_admin_user(username, host) {
        note(
            Rule::SecretAdminUser,
            "credential is the admin user's, who may push and delete everything".to_owned(),
            "use a repository-scoped token or a service principal with AcrPull",
        );
    }
    problems
}

/// The admin user is called as the registry; a hash-suffixed login server has the name before its dash.
fn is_admin_user(username: &str, host: &str) -> bool {
    let label = host.split('.').next().unwrap_or_default();
    let name = label.split('-').next().unwrap_or_default();
    !username.is_empty() && (username.eq_ignore_ascii_case(label) || username.eq_ignore_ascii_case(name))
}
