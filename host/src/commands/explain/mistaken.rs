//! Arguments that are neither images nor rules, although each could be the name of an image of Docker Hub.

use std::path::Path;

use review::diagnostic::Diagnostic;
use review::rule_help::Rule;
use review::similar_name::similar;
use review::user_info::without_user_info;

use crate::files::input::is_manifest;
use crate::report::explanation::ACTIONS;
use crate::text::{shell_path, shell_word};
use crate::why::target::Target;

/// What to type for an image with the name of something else.
const TAG: &str = "To explain an image of this name, add its tag";

/// The error for a file, or for a word that resembles a rule or a setting below `actions`.
pub(super) fn mistaken(word: &str, rules: &[Rule]) -> Option<Diagnostic> {
    if rules.iter().any(|rule| rule.id == word) {
        return None;
    }
    file(word)
        .or_else(|| url(word))
        .or_else(|| workload(word))
        .or_else(|| list(word, rules))
        .or_else(|| setting(word, rules))
        .or_else(|| misspelt(word, rules))
}

/// The error for a file or a folder.
fn file(word: &str) -> Option<Diagnostic> {
    let path = Path::new(word);
    if word == "-" {
        let error = Diagnostic::error("\"-\" is standard input, but explain needs an image or a rule");
        return Some(error.with_help("to check manifests, run acr-pull-secret check -"));
    }
    let what = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => "a folder",
        Ok(_) => "a file",
        Err(_) if is_manifest(path) => "the name of a file",
        Err(_) => return None,
    };
    let error = Diagnostic::error(format!("{word:?} is {what}, but explain needs an image or a rule"));
    let help = format!("to check manifests, run acr-pull-secret check {}. {TAG}", shell_path(path));
    Some(error.with_help(help))
}

/// The error for an image with the scheme of a URL.
fn url(word: &str) -> Option<Diagnostic> {
    let (scheme, image) = word.split_once("://")?;
    let error = Diagnostic::error(format!("an image has no {scheme}://"));
    let help = format!("type acr-pull-secret explain {}", shell_word(&without_user_info(image)));
    ["http", "https"].contains(&scheme).then(|| error.with_help(help))
}

/// The error for a pod or a workload as kubectl names it.
fn workload(word: &str) -> Option<Diagnostic> {
    let target: Target = word.parse().ok()?;
    target.resource?;
    let error = Diagnostic::error(format!(
        "{word:?} is an object of a cluster, but explain needs an image or a rule"
    ));
    let help = format!("for a workload in a cluster, run acr-pull-secret why {word}. {TAG}");
    Some(error.with_help(help))
}

/// The error for a word that asks which rules there are.
fn list(word: &str, rules: &[Rule]) -> Option<Diagnostic> {
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    let error = Diagnostic::error(format!("{word:?} is not a rule"));
    let is_asked = ["rules", "rule", "list"].contains(&word) && !ids.is_empty();
    is_asked.then(|| error.with_help(format!("the rules are {}. {TAG}", ids.join(", "))))
}

/// The error for a setting, whose rules can be explained.
fn setting(word: &str, rules: &[Rule]) -> Option<Diagnostic> {
    let category = word.strip_prefix("actions.").unwrap_or(word);
    let of_category: Vec<&str> = rules
        .iter()
        .filter(|rule| ACTIONS.contains(&rule.category.as_str()) && rule.category == category)
        .map(|rule| rule.id.as_str())
        .collect();
    let message = format!("{word:?} is a setting, not an image or a rule");
    let help = format!("explain one of the rules that it is for: {}", of_category.join(", "));
    (!of_category.is_empty()).then(|| Diagnostic::error(message).with_help(help))
}

/// The error for a word that resembles a rule, a setting, or a word in the names of few rules.
fn misspelt(word: &str, rules: &[Rule]) -> Option<Diagnostic> {
    let setting = word.strip_prefix("actions.");
    if setting.is_none() && word.contains(['/', '.', ':']) {
        return None;
    }
    let ids = rules.iter().map(|rule| rule.id.as_str()).filter(|_| setting.is_none());
    let names: Vec<&str> = ids.chain(ACTIONS.into_iter().filter(|_| !rules.is_empty())).collect();
    let near = similar::get_close_matches(setting.unwrap_or(word), &names, 1, 0.8);
    let near = if near.is_empty() { with_word(word, rules) } else { near };
    let error = Diagnostic::error(format!("there is no rule {word:?}"));
    (!near.is_empty()).then(|| error.with_help(format!("did you mean {}? {TAG}", near.join(", "))))
}

/// The rules with such a word in their names, if it is a word of few rules: `registry` is also a popular image.
fn with_word<'a>(word: &str, rules: &'a [Rule]) -> Vec<&'a str> {
    /// Shorter words resemble too many images.
    const SHORTEST: usize = 6;
    const FEW: usize = 2;
    if word.len() < SHORTEST {
        return Vec::new();
    }
    let has_word =
        |rule: &&Rule| !similar(word, rule.id.split('-').filter(|of| of.len() >= SHORTEST)).is_empty();
    let found: Vec<&str> = rules.iter().filter(has_word).map(|rule| rule.id.as_str()).collect();
    if found.len() <= FEW { found } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use review::rule_help::Rule;
    use serde_json::json;

    use super::mistaken;

    fn rules() -> Vec<Rule> {
        [
            ("secret-expired", "unusable"),
            ("secret-expires-soon", "expiring"),
            ("registry-host-case", ""),
            ("registry-unreachable", ""),
            ("unlisted-registry", "unlisted"),
            ("image-not-found", ""),
            ("pull-denied", ""),
        ]
        .map(|(id, category)| serde_json::from_value(json!({"id": id, "category": category})).unwrap())
        .to_vec()
    }

    #[test]
    fn what_is_not_an_image_gets_what_was_probably_meant() {
        for (word, message, help) in [
            ("expired", "there is no rule \"expired\"", "did you mean secret-expired, secret-expires-soon? "),
            ("expires", "there is no rule \"expires\"", "did you mean secret-expired, secret-expires-soon? "),
            (
                "deployment/web",
                "\"deployment/web\" is an object of a cluster",
                "run acr-pull-secret why deployment/web",
            ),
            ("pod/web", "\"pod/web\" is an object of a cluster", "run acr-pull-secret why pod/web"),
            ("rules", "\"rules\" is not a rule", "the rules are secret-expired, secret-expires-soon, "),
            ("list", "\"list\" is not a rule", "the rules are secret-expired, secret-expires-soon, "),
            (
                "https://contoso.azurecr.io/web:1",
                "an image has no https://",
                "type acr-pull-secret explain contoso.azurecr.io/web:1",
            ),
            ("secret-expird", "there is no rule \"secret-expird\"", "did you mean secret-expired? "),
            ("denied", "there is no rule \"denied\"", "did you mean pull-denied? "),
            (
                "expiring",
                "\"expiring\" is a setting",
                "explain one of the rules that it is for: secret-expires-soon",
            ),
            ("src", "\"src\" is a folder, but explain needs an image or a rule", "check src. "),
            ("Cargo.toml", "\"Cargo.toml\" is a file, but", "run acr-pull-secret check Cargo.toml. "),
            ("my deploy.yaml", "\"my deploy.yaml\" is the name of a file, but", "check 'my deploy.yaml'. "),
            ("-", "\"-\" is standard input, but", "run acr-pull-secret check -"),
        ] {
            let found = mistaken(word, &rules()).unwrap_or_else(|| panic!("{word}"));
            assert!(found.message.starts_with(message), "{word}: {}", found.message);
            assert!(found.help.as_ref().is_some_and(|found| found.contains(help)), "{word}: {found:?}");
        }
    }

    #[test]
    fn images_and_rules_are_not_mistaken_for_something_else() {
        for word in [
            "secret-expired",
            "registry",
            "nginx",
            "alpine",
            "debian",
            "ubuntu",
            "jenkins",
            "memcached",
            "wordpress",
            "contoso.azurecr.io/app:v1",
            "deploy/web.yaml:v1",
            "expired:v1",
        ] {
            assert_eq!(mistaken(word, &rules()), None, "{word}");
        }
    }
}
