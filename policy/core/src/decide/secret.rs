//! A Secret that is created or changed: could the kubelet pull with it?

use std::collections::BTreeMap;

use crate::decide::context::{About, Context};
use crate::decide::secret_command;
use crate::docker_config::Credential;
use crate::expiry::{ANNOTATION_POINTER, Announced};
use crate::json::Value;
use crate::key_defect::{self, KeyDefect};
use crate::pull_secret::PullSecret;
use crate::registry_key::RegistryKey;
use crate::request::is_of_controller;
use crate::rule::Rule;

pub(super) fn check(context: &mut Context<'_>) {
    let request = context.request;
    check_secret(context, &request.object);
    if request.old_object.is_object() {
        let ((), old) = context.silently(|context| check_secret(context, &request.old_object));
        context.forget(&old, |finding| [finding.rule.id(), &finding.message].join(" "));
    }
}

fn check_secret(context: &mut Context<'_>, secret: &Value<'_>) {
    let name = secret.string_at(&["metadata", "name"]);
    let this = format!("secret \"{name}\"{}", context.in_namespace());
    match PullSecret::of(secret) {
        PullSecret::Ignored => report_ignored(context, secret, name, &this),
        PullSecret::Malformed { data_key, error } => {
            let message =
                format!("pull {this} is malformed, and every pull of a pod that lists it fails: {error}");
            let help = recreate(context, name);
            report(context, Rule::SecretMalformed, data_key, name, message, help);
        }
        PullSecret::Usable { data_key, credentials } => {
            let is_renewed = is_of_controller(secret);
            let announced = Announced::of(secret);
            check_credentials(context, name, &this, data_key, &credentials, announced, is_renewed);
        }
    }
}

fn report_ignored(context: &mut Context<'_>, secret: &Value<'_>, name: &str, this: &str) {
    if let Some((kind, key)) =
        PullSecret::misplaced_key(secret).filter(|(kind, _)| *kind != secret.string_at(&["type"]))
    {
        let message = format!("the kubelet ignores {this}: {key} counts only in a secret of type {kind}");
        let help = format!("recreate secret \"{name}\" with type {kind}, because its type cannot be changed");
        report(context, Rule::SecretWrongType, key, name, message, help);
    } else if PullSecret::has_readable_type(secret) {
        let message = format!("the kubelet ignores {this}: {}", PullSecret::why_ignored(secret));
        let about = About { pointer: "/type", image: None, secret: Some(name) };
        let help = recreate(context, name);
        context.report(Rule::SecretWrongType, about, message, help);
    }
}

fn check_credentials(
    context: &mut Context<'_>,
    name: &str,
    this: &str,
    data_key: &str,
    credentials: &BTreeMap<String, Credential>,
    announced: Announced,
    is_renewed: bool,
) {
    if credentials.is_empty() {
        let message = format!(
            "pull {this} holds no credential: its docker config has no auths (they may be in the credential store of the \
             machine that it comes from)"
        );
        let help = recreate(context, name);
        report(context, Rule::SecretWithoutCredentials, data_key, name, message, help);
    }
    let suffixes = context.settings.registry_suffixes.as_slice();
    let mut told_of_annotation = false;
    for (text, credential) in credentials {
        if let Some(defect) = KeyDefect::of(text, suffixes) {
            let help = match key_defect::fix(text, suffixes) {
                _ if defect == KeyDefect::Wrapper => match data_key {
                    ".dockercfg" => {
                        "recreate the secret with type kubernetes.io/dockerconfigjson and key .dockerconfigjson"
                            .to_owned()
                    }
                    _ => "move the registries from auths.auths to auths".to_owned(),
                },
                Some(fixed) => format!("write {fixed}"),
                None => "write the login server, such as contoso.azurecr.io".to_owned(),
            };
            let key = key_defect::shown(text);
            let what = if defect.is_narrow() { "few images match" } else { "no image matches" };
            let message = format!("{what} the key \"{key}\" of pull {this}: {defect}");
            report(context, Rule::SecretDeadKey, data_key, name, message, help);
            if !defect.is_narrow() {
                continue;
            }
        }
        let Ok(key) = RegistryKey::parse(text) else { continue };
        if key.is_broad(suffixes) {
            let message = format!(
                "the key \"{}\" of pull {this} matches registries outside ACR too, and the kubelet sends them the \
                 password",
                key_defect::shown_normalised(text, &key)
            );
            report(
                context,
                Rule::SecretBroadKey,
                data_key,
                name,
                message,
                "write the login server".to_owned(),
            );
        }
        // The host that the kubelet reads may be a part of the password.
        if key.can_match_acr(suffixes) && !key_defect::is_hidden(text) {
            let host = key.host().split(':').next().unwrap_or_default();
            for problem in context.judge(host, false).problems(credential, announced) {
                if is_renewed && problem.rule == Rule::SecretExpiresSoon {
                    continue;
                }
                // Once for all credentials.
                if problem.is_announced && std::mem::replace(&mut told_of_annotation, true) {
                    continue;
                }
                // A glob matches many registries, so a token cannot be for a different one.
                if !(problem.rule == Rule::SecretWithoutCredentials && host.contains('*')) {
                    let message = problem.message(host, &format!("pull {this}"));
                    let place = if problem.is_announced { ANNOTATION_POINTER } else { data_key };
                    report(context, problem.rule, place, name, message, problem.help);
                }
            }
        }
    }
}

fn recreate(context: &Context<'_>, name: &str) -> String {
    ["recreate it with ", &secret_command::of("SERVER", name, &context.request.namespace)].concat()
}

/// Reports a problem at a pointer, or at a key of the data.
fn report(context: &mut Context<'_>, rule: Rule, place: &str, name: &str, message: String, help: String) {
    let pointer = [if place.starts_with('/') { "" } else { "/data/" }, place].concat();
    context.report(rule, About { pointer: &pointer, image: None, secret: Some(name) }, message, help);
}
