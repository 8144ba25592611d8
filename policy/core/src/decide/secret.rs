//! A Secret that is made or changed: would the kubelet get anything with it?

use std::collections::BTreeMap;

use serde_json::Value;

use crate::decide::judge::{About, Judge};
use crate::decide::sense;
use crate::distinct::Distinct;
use crate::docker_config::Credential;
use crate::finding::Finding;
use crate::key_defect::{self, KeyDefect};
use crate::pull_secret::PullSecret;
use crate::registry_key::RegistryKey;
use crate::request::string_at;
use crate::rule::Rule;

pub(super) fn judge(judge: &mut Judge<'_>) {
    let request = judge.request;
    judge_secret(judge, &request.object);
    if request.old_object.is_object() {
        let ((), old) = judge.silently(|judge| judge_secret(judge, &request.old_object));
        let words = |finding: &Finding| format!("{} {}", finding.rule.id(), finding.message);
        let mut was_so = Distinct::default();
        for finding in &old {
            was_so.add(&words(finding));
        }
        judge.decision.findings.retain(|finding| was_so.position(&words(finding)).is_none());
    }
}

fn judge_secret(judge: &mut Judge<'_>, secret: &Value) {
    let name = string_at(secret, &["metadata", "name"]);
    let this = format!("secret \"{name}\"{}", judge.in_namespace());
    match PullSecret::of(secret) {
        PullSecret::Ignored => report_ignored(judge, secret, name, &this),
        PullSecret::Malformed { data_key, error } => {
            let message = format!(
                "pull {this} is malformed, and every pull of a pod that lists it fails: {error}; make it anew with \
                 kubectl create secret docker-registry"
            );
            report(judge, Rule::SecretMalformed, data_key, name, message);
        }
        PullSecret::Usable { data_key, credentials } => {
            judge_credentials(judge, name, &this, data_key, &credentials);
        }
    }
}

fn report_ignored(judge: &mut Judge<'_>, secret: &Value, name: &str, this: &str) {
    if let Some((kind, key)) =
        PullSecret::misplaced_key(secret).filter(|(kind, _)| *kind != string_at(secret, &["type"]))
    {
        let message = format!(
            "the kubelet ignores {this}: {key} counts only in a secret of type {kind}; make it anew with that type, which \
             cannot be changed later"
        );
        report(judge, Rule::SecretWrongType, key, name, message);
    } else if PullSecret::has_readable_type(secret) {
        let message = format!(
            "the kubelet ignores {this}: it has a pull secret's type but no docker config; make it anew with kubectl \
             create secret docker-registry"
        );
        let about = About { pointer: "/type", image: None, secret: Some(name) };
        judge.report(Rule::SecretWrongType, about, message);
    }
}

fn judge_credentials(
    judge: &mut Judge<'_>,
    name: &str,
    this: &str,
    data_key: &str,
    credentials: &BTreeMap<String, Credential>,
) {
    if credentials.is_empty() {
        let message = format!(
            "pull {this} holds no credential: its docker config has no auths (they may be in the credential store of the \
             machine that it comes from); make it with kubectl create secret docker-registry"
        );
        report(judge, Rule::SecretWithoutCredentials, data_key, name, message);
    }
    let suffixes = judge.settings.registry_suffixes.as_slice();
    for (text, credential) in credentials {
        if let Some(defect) = KeyDefect::of(text, suffixes) {
            let mend = match key_defect::mend(text, suffixes) {
                _ if defect == KeyDefect::Wrapper => match data_key {
                    ".dockercfg" => "use type kubernetes.io/dockerconfigjson, which has it".to_owned(),
                    _ => "take one of the two away".to_owned(),
                },
                Some(mended) => format!("write {mended}"),
                None => "write the login server, such as contoso.azurecr.io".to_owned(),
            };
            let key = key_defect::shown(text);
            let message = format!("no image matches the key \"{key}\" of pull {this}: {defect}; {mend}");
            report(judge, Rule::SecretDeadKey, data_key, name, message);
            continue;
        }
        let Ok(key) = RegistryKey::parse(text) else { continue };
        if key.is_broad(suffixes) {
            let message = format!(
                "the key \"{}\" of pull {this} matches registries outside ACR too, and the kubelet sends them the \
                 password; write the login server",
                key_defect::shown_normalised(text, &key)
            );
            report(judge, Rule::SecretBroadKey, data_key, name, message);
        }
        // What the kubelet takes for the host may be a part of the password.
        if key.can_match_acr(suffixes) && !key_defect::is_hidden(text) {
            let host = key.host().split(':').next().unwrap_or_default();
            for problem in sense::problems(judge, credential, host, &format!("pull {this}")) {
                // A glob stands for many registries, so no token can be for another one.
                if !(problem.rule == Rule::SecretWithoutCredentials && host.contains('*')) {
                    report(judge, problem.rule, data_key, name, problem.to_string());
                }
            }
        }
    }
}

fn report(judge: &mut Judge<'_>, rule: Rule, data_key: &str, name: &str, message: String) {
    let pointer = format!("/data/{data_key}");
    judge.report(rule, About { pointer: &pointer, image: None, secret: Some(name) }, message);
}
