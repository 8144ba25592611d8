//! Which secret an image needs: the `pullSecrets` entries.

use crate::ascii::is_any;

use super::fields::{Fields, Path, Problems};
use super::is_suffix;
use crate::dns_name::is_dns_subdomain;
use crate::image::ImageReference;
use crate::json::Value;
use crate::key_defect::{self, KeyDefect};
use crate::login_server::Host;
use crate::registry_key::{RegistryKey, Repository, glob_matches};

/// The name that Azure's own article uses.
/// learn.microsoft.com: "Pull images from an Azure container registry to a Kubernetes cluster using a pull secret"
const DEFAULT_SECRET: &str = "acr-secret";

const ENTRY: &str = "write an object, for example {registries: [contoso.azurecr.io], secret: acr-secret}";
const ENTRIES: &str = "write a list, for example [{registries: [contoso.azurecr.io], secret: acr-secret}]";

/// What an image needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need<'a> {
    /// The pull secret of this name
    Secret(&'a str),
    /// Nothing: an anonymous pull, or the node's identity
    Nothing,
}

/// What an entry of the settings may be limited to: where a pod runs, and as whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The pod's namespace
    pub namespace: &'a str,
    /// The name of its `ServiceAccount`
    pub service_account: &'a str,
}

/// One entry: images of `registries`, in `namespaces`, of `service_accounts`, need `secret`.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Registry keys, matched as the kubelet matches those of a docker config
    pub registries: Vec<RegistryKey>,
    /// Namespaces, `*` for any run of characters; empty for every namespace
    pub namespaces: Vec<String>,
    /// Names of the pod's `ServiceAccount`, with the same `*`; empty for every one
    pub service_accounts: Vec<String>,
    /// The secret's name, or `None` where the images need none
    pub secret: Option<String>,
}

/// The entries, in order.
#[derive(Debug, Clone, Default)]
pub enum PullSecrets {
    /// No entries: every login server needs `acr-secret`
    #[default]
    Default,
    /// The first entry that matches wins
    Entries(Vec<Entry>),
}

impl PullSecrets {
    /// What the settings say that an image from such a host needs in a pod of `owner`; `None` if they do not cover it.
    pub fn need(&self, image: &ImageReference<'_>, host: Host<'_>, owner: Owner<'_>) -> Option<Need<'_>> {
        match self {
            // Upper case and ports are not part of "every login server": a secret made as the article says
            // has a key that the kubelet does not match with them.
            Self::Default => {
                let plain = !image.domain.bytes().any(|b| b.is_ascii_uppercase() || b == b':');
                (plain && host == Host::LoginServer).then_some(Need::Secret(DEFAULT_SECRET))
            }
            Self::Entries(entries) => {
                let repository = image.repository();
                let repository = Repository::parse(&repository).ok()?;
                let entry = entries.iter().find(|entry| entry.holds(&repository, owner))?;
                Some(entry.need())
            }
        }
    }

    /// The names of all secrets that images in pods of `owner` may need, in order.
    pub fn secrets_of<'a>(&'a self, owner: Owner<'_>) -> impl Iterator<Item = &'a str> {
        let (default, entries) = match self {
            Self::Default => (Some(DEFAULT_SECRET), &[][..]),
            Self::Entries(entries) => (None, entries.as_slice()),
        };
        let entries = entries.iter().filter(move |entry| entry.is_for(owner));
        default.into_iter().chain(entries.filter_map(|entry| entry.secret.as_deref()))
    }

    pub(super) fn parse(fields: &Fields<'_>, suffixes: &[String], problems: &mut Problems) -> Self {
        let list = fields.list("pullSecrets", ENTRIES, problems);
        if list.is_empty() {
            return Self::Default;
        }
        let entries = list.into_iter();
        Self::Entries(
            entries.filter_map(|(path, entry)| Entry::parse(entry, path, suffixes, problems)).collect(),
        )
    }
}

impl Entry {
    /// What the entry's images need.
    pub fn need(&self) -> Need<'_> {
        self.secret.as_deref().map_or(Need::Nothing, Need::Secret)
    }

    /// Whether the entry applies to a repository in a pod of `owner`.
    pub fn holds(&self, repository: &Repository<'_>, owner: Owner<'_>) -> bool {
        self.is_for(owner) && self.registries.iter().any(|key| key.covers(repository))
    }

    /// Whether the entry applies to any pods of `owner`.
    pub fn is_for(&self, owner: Owner<'_>) -> bool {
        let matches = |globs: &[String], name: &str| {
            globs.is_empty() || globs.iter().any(|glob| glob_matches(glob, name))
        };
        matches(&self.namespaces, owner.namespace) && matches(&self.service_accounts, owner.service_account)
    }

    fn parse(value: &Value<'_>, path: Path, suffixes: &[String], problems: &mut Problems) -> Option<Self> {
        let names = ["registries", "namespaces", "serviceAccounts", "secret", "secretless"];
        let fields = Fields::of(value, path, &names, ENTRY, problems)?;
        let mut registries = Vec::new();
        let list = fields.list("registries", "write a list, for example [contoso.azurecr.io]", problems);
        if list.is_empty()
            && value.get("registries").is_none_or(|list| list.is_null() || list.as_array().is_some())
        {
            problems.add(
                &fields.path_of("registries"),
                "must name at least one registry".to_owned(),
                "write one such as \"contoso.azurecr.io\"".to_owned(),
            );
        }
        for (path, key) in list {
            match parse_key(key, suffixes) {
                Ok(key) => registries.push(key),
                Err((message, help)) => problems.add(&path, message, help),
            }
        }
        let namespaces = parse_globs(&fields, "namespaces", "a namespace", 63, problems);
        let service_accounts =
            parse_globs(&fields, "serviceAccounts", "the name of a ServiceAccount", 253, problems);
        let secretless = fields.boolean("secretless", problems).unwrap_or(false);
        // A form sends an untouched field as an empty text.
        let secret = fields
            .string("secret", "write a name, for example acr-secret", problems)
            .filter(|name| !(secretless && name.is_empty()));
        let path = fields.path_of("secret");
        match secret {
            Some(_) if secretless => {
                let message = "an entry with secretless: true has no secret".to_owned();
                problems.add(&path, message, "remove secret or secretless: true".to_owned());
            }
            Some(name) if !is_dns_subdomain(name) => problems.add(
                &path,
                "must be a name that a Secret can have".to_owned(),
                "write at most 253 lower-case letters and digits, with - or single dots only between them"
                    .to_owned(),
            ),
            None if !secretless && value.get("secret").is_none_or(Value::is_null) => {
                let help = "name the pull secret, or set secretless: true".to_owned();
                problems.add(&path, "is missing".to_owned(), help);
            }
            _ => {}
        }
        Some(Self { registries, namespaces, service_accounts, secret: secret.map(str::to_owned) })
    }
}

/// Message and help where it is not a key.
fn parse_key(value: &Value<'_>, suffixes: &[String]) -> Result<RegistryKey, (String, String)> {
    let text = value.as_str().unwrap_or_default();
    // An entry may be meant for the few images that match.
    let defect = KeyDefect::of(text, suffixes).filter(|defect| !defect.is_narrow());
    let message = if value.as_str().is_none() {
        format!("must be a registry, not {}", value.kind())
    } else if let Some(defect) = defect {
        format!("matches no image: {defect}")
    } else {
        match RegistryKey::parse(text) {
            Ok(key) if key.can_match_acr(suffixes) => return Ok(key),
            _ => "matches no ACR login server".to_owned(),
        }
    };
    let fixed = key_defect::fix(text, suffixes);
    let key = fixed.as_deref().and_then(|fixed| RegistryKey::parse(fixed).ok());
    let help = match key {
        Some(key) if key.can_match_acr(suffixes) => format!("write {}", key.as_str()),
        Some(key) if is_suffix(domain(&key)) => {
            format!("for another cloud or a custom domain, add {} to registrySuffixes", domain(&key))
        }
        _ => "write a registry such as \"contoso.azurecr.io\" or \"*.azurecr.io\"".to_owned(),
    };
    Err((message, help))
}

/// The item of `registrySuffixes` for a key.
fn domain(key: &RegistryKey) -> &str {
    let host = key.host().split(':').next().unwrap_or_default();
    host.strip_prefix("*.").unwrap_or(host)
}

/// A list of names or patterns of at most so many letters. Only names that may be longer than a namespace's have dots.
fn parse_globs(
    fields: &Fields<'_>,
    field: &str,
    what: &str,
    longest: usize,
    problems: &mut Problems,
) -> Vec<String> {
    let allowed = |b: u8| {
        b.is_ascii_lowercase() || b.is_ascii_digit() || is_any(b, "-*") || (b == b'.' && longest > 63)
    };
    let mut globs = Vec::new();
    for (path, item) in fields.list(field, "write a list, for example [shop]", problems) {
        match item.as_str() {
            Some(glob) if !glob.is_empty() && glob.len() <= longest && glob.bytes().all(allowed) => {
                globs.push(glob.to_owned());
            }
            _ => problems.add(
                &path,
                format!("must be {what} or a pattern"),
                "write lower-case letters, digits and -, and * for any of them: \"team-*\"".to_owned(),
            ),
        }
    }
    globs
}
