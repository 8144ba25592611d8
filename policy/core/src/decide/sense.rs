//! What only ACR knows of a credential: whose password is none, whose token ends, whose user may do too much.

use crate::decide::images::Image;
use crate::decide::judge::{About, Judge};
use crate::docker_config::Credential;
use crate::keyring::Held;
use crate::pod_spec::PodSpec;
use crate::rule::Rule;
use crate::token::{Token, day};

/// The user name that goes with tokens. Azure/acr: docs/AAD-OAuth.md
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// A token that ends within this time is no basis for a pull secret: 30 days, in seconds.
const SHORT: u64 = 30 * 24 * 60 * 60;

/// Judges a credential for the registry at `host`; each problem in one sentence, with its mend.
pub(super) fn problems(
    credential: &Credential,
    host: &str,
    secret: &str,
    now: impl FnOnce() -> Option<u64>,
) -> Vec<(Rule, String)> {
    let mut problems = Vec::new();
    let Credential { username, password } = credential;
    if password.is_empty() {
        let cause = if username == TOKEN_USER {
            ", as az acr login leaves it (its token is in identitytoken, which the kubelet ignores)"
        } else {
            ""
        };
        problems.push((
            Rule::SecretEmptyPassword,
            format!(
                "the credential for {host} in pull secret \"{secret}\" has no password{cause}; make the secret from a \
                 service principal or a repository-scoped token"
            ),
        ));
        return problems;
    }
    if let Some(token) = Token::of(password) {
        let ends = day(token.expires);
        match now() {
            Some(now) if token.expires <= now => problems.push((
                Rule::SecretExpired,
                format!(
                    "the token for {host} in pull secret \"{secret}\" expired on {ends}; make the secret from a service \
                     principal or a repository-scoped token"
                ),
            )),
            Some(now) if token.expires - now > SHORT => {}
            _ => problems.push((
                Rule::SecretShortLived,
                format!(
                    "the token for {host} in pull secret \"{secret}\" expires on {ends}; make the secret from a service \
                     principal or a repository-scoped token"
                ),
            )),
        }
        if !token.is_for(host) {
            problems.push((
                Rule::SecretWithoutCredentials,
                format!(
                    "the token under the key for {host} in pull secret \"{secret}\" is for {}; put a credential for \
                     {host} there",
                    token.audience.join(", ")
                ),
            ));
        }
    }
    if is_admin_user(username, host) {
        problems.push((
            Rule::SecretAdminUser,
            format!(
                "pull secret \"{secret}\" holds the admin user of {host}, who may push and delete everything; use a \
                 repository-scoped token or a service principal with AcrPull"
            ),
        ));
    }
    problems
}

/// The admin user is called as the registry; a hash-suffixed login server has the name before its dash.
fn is_admin_user(username: &str, host: &str) -> bool {
    let label = host.split('.').next().unwrap_or_default();
    let name = label.split('-').next().unwrap_or_default();
    !username.is_empty() && (username.eq_ignore_ascii_case(label) || username.eq_ignore_ascii_case(name))
}

/// Reports the problems of the credential that the kubelet tries first for an image. `told` holds what was said
/// already of a secret for other images.
pub(super) fn report_for_image(
    judge: &mut Judge<'_>,
    spec: &PodSpec<'_>,
    image: &Image<'_>,
    held: &Held,
    told: &mut Vec<(Rule, String)>,
) {
    let host = image.reference.host();
    for (rule, problem) in problems(&held.credential, host, &held.secret, || judge.now()) {
        if told.contains(&(rule, problem.clone())) {
            continue;
        }
        told.push((rule, problem.clone()));
        let pointer = spec.entry_pointer(&held.secret).unwrap_or_else(|| image.pointer.clone());
        let about = About { pointer: &pointer, image: Some(image.text), secret: Some(&held.secret) };
        judge.report(rule, about, problem);
    }
}
