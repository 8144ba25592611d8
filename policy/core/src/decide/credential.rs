//! Problems of a credential that only ACR has: no password, a token that expires, a user with too many rights.

use crate::cluster::Memo;
use crate::docker_config::Credential;
use crate::login_server::{Host, classify};
use crate::password::suspicion;
use crate::rule::{Category, Rule};
use crate::token::{Token, when};

/// The user name of tokens. Azure/acr: docs/AAD-OAuth.md
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// A token that ends within this time is not suitable for a pull secret: 30 days, in seconds.
const SHORT: u64 = 30 * 24 * 60 * 60;

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
}

impl Problem {
    /// One sentence. `secret` says which secret the credential is in.
    pub(super) fn message(&self, host: &str, secret: &str) -> String {
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
    /// The registry
    pub(crate) host: &'a str,
    /// Whether an anonymous pull may work
    pub(crate) secretless: bool,
}

impl Judge<'_> {
    /// What is wrong with a credential.
    pub(crate) fn problems(&self, credential: &Credential) -> Vec<Problem> {
        if self.secretless && is_anonymous(credential) { Vec::new() } else { problems(self, credential) }
    }
}

fn problems(&Judge { cluster, suffixes, host, .. }: &Judge<'_>, credential: &Credential) -> Vec<Problem> {
    const LASTING: &str = "make the secret from a service principal or a repository-scoped token";
    let mut problems = Vec::new();
    let mut note =
        |rule, noun, what, help: &str| problems.push(Problem { rule, noun, what, help: help.to_owned() });
    let Credential { username, password, .. } = credential;
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
    if let Some(token) = Token::of(password) {
        let now = cluster.now();
        let ends = when(token.expires, now);
        match now {
            Some(now) if token.expires <= now => {
                note(Rule::SecretExpired, "token", ["expired on ", &ends].concat(), LASTING);
            }
            Some(now) if token.expires - now > SHORT => {}
            _ => note(Rule::SecretExpiresSoon, "token", ["expires on ", &ends].concat(), LASTING),
        }
        if !token.is_for(host) {
            // Any other audience is not shown, because it may be part of a secret.
            let meant = match token.audience.as_slice() {
                [server] if classify(server, suffixes) == Host::LoginServer => server,
                _ => "another registry",
            };
            let what = ["is meant for ", meant].concat();
            note(Rule::SecretWithoutCredentials, "token", what, &["use a credential for ", host].concat());
        }
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
