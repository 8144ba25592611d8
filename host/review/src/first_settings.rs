//! First settings for a repository, from what its manifests use: as JSON for the policy, and as YAML with comments for people.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::list::some_of;
use crate::settings::Settings;
use crate::usage::{Entry, Usage};

/// The most names that a comment lists.
const MOST_NAMES: usize = 8;

/// Words that YAML reads as something else than a text.
const NOT_TEXTS: [&str; 9] = ["true", "false", "yes", "no", "y", "n", "on", "off", "null"];

/// First settings.
#[derive(Debug, Clone)]
pub struct FirstSettings<'a> {
    /// What the manifests use
    pub usage: &'a Usage,
    /// The secret that images need where no pod has one
    pub default_secret: &'a str,
}

impl FirstSettings<'_> {
    /// The entries that say which secret an image needs, for a policy that adds what is missing. `{}` where there are none.
    pub fn entries_json(&self) -> Value {
        let entries: Vec<Value> = self.usage.entries().iter().map(|entry| self.entry_json(entry)).collect();
        if entries.is_empty() { json!({}) } else { json!({"pullSecrets": entries}) }
    }

    /// The same for a policy resource, where comments on the settings need a field below them.
    pub fn policy_json(&self) -> Value {
        if self.usage.entries().is_empty() { json!({"mode": "mutate"}) } else { self.entries_json() }
    }

    /// The entries, for a check of whether pods can pull their images.
    pub fn json(&self) -> Value {
        let checks: Map<String, Value> =
            serde_json::from_str(Settings::for_pulls().json.get()).unwrap_or_default();
        let entries = match self.entries_json() {
            Value::Object(entries) => entries,
            _ => Map::new(),
        };
        Value::Object(checks.into_iter().chain(entries).collect())
    }

    /// Comments on the settings of [`Self::policy_json`]: the JSON pointer of a value in them, and a line. A line that is a
    /// field is one of the settings when it is uncommented.
    pub fn policy_comments(&self) -> Vec<(String, String)> {
        let entries = self.usage.entries();
        let first = if entries.is_empty() { "/mode" } else { "/pullSecrets" };
        let mut all = Vec::new();
        if entries.is_empty() {
            all.push((first.to_owned(), self.without_entries()));
        }
        all.extend(self.of_others().into_iter().flatten().map(|line| (first.to_owned(), line)));
        for (i, entry) in entries.iter().enumerate() {
            all.extend(comments(entry).into_iter().map(|line| (format!("/pullSecrets/{i}"), line)));
        }
        all
    }

    /// What images need where there are no entries.
    fn without_entries(&self) -> String {
        format!(
            "The manifests have no image of an Azure container registry. Without entries, each one needs {}.",
            self.default_secret
        )
    }

    /// What is done about the images of other registries, in lines, where there are any.
    fn of_others(&self) -> Option<[String; 3]> {
        let others: Vec<&str> = self.usage.others().collect();
        (!others.is_empty()).then(|| {
            [
                format!(
                    "Other images come from {}. An Azure container registry with a domain of",
                    some_of(&others, MOST_NAMES)
                ),
                "its own counts after you add the domain:".to_owned(),
                "registrySuffixes: [registry.contoso.com]".to_owned(),
            ]
        })
    }

    fn entry_json(&self, entry: &Entry) -> Value {
        let mut json = json!({"registries": [entry.registry], "secret": self.secret_of(entry)});
        if let Some(fields) = json.as_object_mut().filter(|_| !entry.namespaces.is_empty()) {
            fields.insert("namespaces".to_owned(), entry.namespaces.clone().into());
        }
        json
    }

    fn secret_of<'e>(&'e self, entry: &'e Entry) -> &'e str {
        entry.secret.as_deref().unwrap_or(self.default_secret)
    }

    /// The value of [`Self::json`] as YAML, with comments.
    pub fn yaml(&self) -> String {
        let mut text =
            "# Report pods that cannot pull their images, and change nothing.\nmode: validate\n\n".to_owned();
        text += "# Which pull secret an image needs. The first entry that matches counts.\n";
        let entries = self.usage.entries();
        if entries.is_empty() {
            let _ = write!(
                text,
                "# {}\n# pullSecrets:\n#   - {{registries: [contoso.azurecr.io], secret: {}}}\n",
                self.without_entries(),
                scalar(self.default_secret)
            );
        } else {
            text += "pullSecrets:\n";
        }
        for entry in &entries {
            for line in comments(entry) {
                let _ = writeln!(text, "  # {line}");
            }
            let _ = writeln!(text, "  - registries: [{}]", scalar(&entry.registry));
            if !entry.namespaces.is_empty() {
                let names: Vec<String> = entry.namespaces.iter().map(|name| scalar(name)).collect();
                let _ = writeln!(text, "    namespaces: [{}]", names.join(", "));
            }
            let _ = writeln!(text, "    secret: {}", scalar(self.secret_of(entry)));
        }
        if let Some(lines) = self.of_others() {
            let _ = write!(text, "\n# {}\n", lines.join("\n# "));
        }
        text += "\n# Look into the ServiceAccounts and Secrets that are among the manifests.\n\
                 cluster: {serviceAccounts: true, secrets: credentials}\n\n\
                 # What a finding does: allow, warn or reject.\n\
                 actions: {missing: reject, unlisted: warn, unusable: reject, unknown: allow}\n";
        text
    }
}

/// What the manifests say about an entry.
fn comments(entry: &Entry) -> Vec<String> {
    let some = |names: &[String]| some_of(names, MOST_NAMES);
    let mut lines = Vec::new();
    if !entry.listed_in.is_empty() {
        lines.push(format!("pods in {} have this secret", some(&entry.listed_in)));
    }
    if !entry.known_in.is_empty() {
        let namespaces = some(&entry.known_in);
        lines.push(format!(
            "pods in {namespaces} have no list, and a Secret there has this name, or a ServiceAccount there lists it"
        ));
    }
    if !entry.others.is_empty() {
        lines.push(format!("other pods there have {}", some(&entry.others)));
    }
    if entry.secret.is_none() {
        let pods = match entry.without.as_slice() {
            [] => "pods".to_owned(),
            names => format!("pods in {}", some(names)),
        };
        lines.push(format!("{pods} have no pull secret for these images: write the name of theirs,"));
        lines.push(
            "or secretless: true instead of secret where the nodes have access to the registry".to_owned(),
        );
    } else if !entry.without.is_empty() {
        lines.push(format!("pods in {} have no pull secret for these images", some(&entry.without)));
    }
    lines
}

/// The name of an object or a registry as a YAML text. Names are of lower-case letters, digits, `-`, `.` and `:`.
fn scalar(name: &str) -> String {
    let is_text = name.starts_with(|c: char| c.is_ascii_lowercase()) && !NOT_TEXTS.contains(&name);
    if is_text { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::FirstSettings;
    use crate::usage::{Usage, Use};
    use crate::yaml;

    fn settings(usage: &Usage) -> FirstSettings<'_> {
        FirstSettings { usage, default_secret: "acr-secret" }
    }

    fn name() -> impl Strategy<Value = String> {
        const ODD: [&str; 12] =
            ["true", "null", "1e3", "0x1f", "12", "1.5", "no", "y", "n", "off", "0o7", "shop"];
        let odd = proptest::sample::select(ODD.as_slice()).prop_map(str::to_owned);
        prop_oneof![odd, "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?"]
    }

    proptest! {
        #[test]
        fn the_text_says_what_the_policy_gets(
            uses in proptest::collection::vec((name(), name(), proptest::option::of(name())), 0..8),
            others in proptest::collection::vec(name(), 0..12),
        ) {
            let mut usage = Usage::default();
            for (registry, namespace, secret) in &uses {
                let secret = secret.as_deref().map_or(Use::None, Use::Listed);
                usage.add(&format!("{registry}.azurecr.io"), namespace, secret);
            }
            for host in &others {
                usage.add_other(host);
            }
            let settings = settings(&usage);
            let text = settings.yaml();
            let (documents, error) = yaml::documents(&text);
            prop_assert!(error.is_none() && documents.len() == 1, "{}", text);
            prop_assert_eq!(&documents[0].value, &settings.json(), "{}", text);
        }
    }

    #[test]
    fn long_lists_are_cut_in_comments_only() {
        let mut usage = Usage::default();
        (10..30)
            .for_each(|i| usage.add("contoso.azurecr.io", &format!("team-{i}"), Use::Listed("acr-secret")));
        let text = settings(&usage).yaml();
        assert!(text.contains("# pods in team-10, team-11, team-12, team-13, team-14, team-15, team-16, team-17 and 12 more have"));
    }
}
