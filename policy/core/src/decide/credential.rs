//! Problems of a credential that only ACR has: no password, a token that expires, a user with too many rights.

use crate::decide::context::Context;
use crate::docker_config::Credential;
use crate::login_server::{Host, classify};
use crate::rule::Rule;
use crate::token::{Token, day};

/// The user name that goes with tokens. Azure/acr: docs/AAD-OAuth.md
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// A token that ends within this time is no basis for a pull secret: 30 days, in seconds.
const SHORT: u64 = 30 * 24 * 60 * 60;

/// One thing that is wrong with a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) rule: Rule,
    /// What is wrong
    pub(super) message: String,
    /// What to do
    pub(super) help: String,
}

/// What is wrong with a credential for the registry at `host`; `secret` says which secret it is in.
pub(super) fn problems(
    context: &Context<'_>,
    credential: &Credential,
    host: &str,
    secret: &str,
) -> Vec<Problem> {
    const LASTING: &str = "make the secret from a service principal or a repository-scoped token";
    let mut problems = Vec::new();
    let mut note =
        |rule, message, help: &str| problems.push(Problem { rule, message, help: help.to_owned() });
    let Credential { username, password } = credential;
    if password.is_empty() {
        let cause = if username == TOKEN_USER {
            ", as az acr login leaves it (its token is in identitytoken, which the kubelet ignores)"
        } else {
            ""
        };
        let what = format!("the credential for {host} in {secret} has no password{cause}");
        note(Rule::SecretEmptyPassword, what, LASTING);
        return problems;
    }
    if let Some(token) = Token::of(password) {
        let ends = day(token.expires);
        match context.now() {
            Some(now) if token.expires <= now => {
                note(
                    Rule::SecretExpired,
                    format!("the token for {host} in {secret} expired on {ends}"),
                    LASTING,
                );
            }
            Some(now) if token.expires - now > SHORT => {}
            _ => note(
                Rule::SecretExpiresSoon,
                format!("the token for {host} in {secret} expires on {ends}"),
                LASTING,
            ),
        }
        if !token.is_for(host) {
            // Any other audience is not shown, because it may be part of a secret.
            let meant = match token.audience.as_slice() {
                [server] if classify(server, &context.settings.registry_suffixes) == Host::LoginServer => {
                    server
                }
                _ => "another registry",
            };
            let what = format!("the token for {host} in {secret} is meant for {meant}");
            note(Rule::SecretWithoutCredentials, what, &format!("use a credential for {host}"));
        }
    }
    if is_admin_user(username, host) {
        let what = format!("{secret} holds the admin user of {host}, who may push and delete everything");
        note(
            Rule::SecretAdminUser,
            what,
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
