//! A suite: cases that say what the policy must decide, as people write them in YAML.

pub mod expect;
pub mod run;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::expect::Expect;
use crate::exclude::Exclude;
use crate::input::{self, SourceFile};
use crate::manifest::{Manifest, manifests};
use crate::yaml;

/// A suite as it stands in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Suite {
    /// Settings of the policy in every case that has none of its own
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// Manifests, or patterns of files that hold some, which stand for the cluster
    #[serde(default)]
    pub cluster: Vec<Value>,
    /// The cases
    pub cases: Vec<Case>,
}

/// One case: a request and what must become of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// A sentence that states the behaviour
    pub name: String,
    /// The object, or `file: pod.yaml#2`
    #[serde(default)]
    pub object: Option<Value>,
    /// A file, and after `#` the number of its document
    #[serde(default)]
    pub file: Option<String>,
    /// `CREATE` where it is left out
    #[serde(default)]
    pub operation: Option<String>,
    /// The object before an update
    #[serde(default)]
    pub old_object: Option<Value>,
    /// A subresource
    #[serde(default)]
    pub sub_resource: Option<String>,
    /// Who makes the request
    #[serde(default)]
    pub user_info: Option<Value>,
    /// The request's namespace, where the object's own is not meant
    #[serde(default)]
    pub namespace: Option<String>,
    /// Settings instead of the suite's
    #[serde(default)]
    pub settings: Option<Map<String, Value>>,
    /// More of the cluster
    #[serde(default)]
    pub cluster: Vec<Value>,
    /// Lookups that fail
    #[serde(default)]
    pub lookups: Option<Lookups>,
    /// What must become of the request
    pub expect: Expect,
}

/// Why every lookup of a case fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lookups {
    /// RBAC forbids them
    Denied,
    /// There is no cluster
    Unavailable,
    /// The policy was not granted the resource
    Ungranted,
}

/// A suite that has been read, with all files it names.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The suite's file
    pub path: PathBuf,
    /// The suite; its cases' objects have been read from their files
    pub suite: Suite,
    /// Line of each case, from 1
    pub lines: Vec<usize>,
}

/// Reads the suites behind `paths`. In folders, every file that is no suite must be used by one.
///
/// # Errors
/// - a file that cannot be read, or is no suite
/// - files that no suite uses, and suites without cases
pub fn load(paths: &[String]) -> Result<Vec<Loaded>> {
    if paths.iter().any(|path| path == "-") {
        bail!(
            "standard input cannot be a suite: name its file, because the files that it uses stand beside it"
        );
    }
    let mut used = BTreeSet::new();
    let mut suites = Vec::new();
    let mut others = Vec::new();
    for path in input::expand(paths, &Exclude::default()) {
        let path = path?;
        let file = read(&path)?;
        let (documents, error) = yaml::documents(&file.text);
        if let Some(error) = error {
            bail!("{}:{}:{}: {}", file.name, error.line, error.column, error.message);
        }
        let mut values = documents.into_iter().map(|document| document.value);
        match (values.next(), values.next()) {
            (Some(value), None) if value.get("cases").is_some() => {
                suites.push(parse(&path, &file, value, &mut used).with_context(|| file.name.clone())?);
            }
            _ => others.push((path, file.name)),
        }
    }
    for (path, name) in others {
        let path = path.canonicalize().unwrap_or(path);
        if !used.contains(&path) {
            bail!("{name}: this is no suite (it has no `cases`), and no suite uses it");
        }
    }
    Ok(suites)
}

fn read(path: &Path) -> Result<SourceFile> {
    Ok(input::read(path, &mut std::io::stdin())?)
}

fn parse(path: &Path, file: &SourceFile, value: Value, used: &mut BTreeSet<PathBuf>) -> Result<Loaded> {
    let mut suite: Suite = serde_json::from_value(value)?;
    if suite.cases.is_empty() {
        bail!("the suite has no cases");
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    suite.cluster = resolve_cluster(folder, std::mem::take(&mut suite.cluster), used)?;
    let mut names = BTreeSet::new();
    for case in &mut suite.cases {
        if !names.insert(case.name.clone()) {
            bail!("two cases are called {:?}", case.name);
        }
        resolve_case(folder, case, used).with_context(|| format!("case {:?}", case.name))?;
    }
    let pointers: Vec<String> = (0..suite.cases.len()).map(|i| format!("/cases/{i}")).collect();
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    let places = yaml::places(&file.text, 1, &pointers);
    let lines = places.into_iter().map(|place| place.map_or(1, |place| place.line)).collect();
    Ok(Loaded { path: path.to_owned(), suite, lines })
}

fn resolve_case(folder: &Path, case: &mut Case, used: &mut BTreeSet<PathBuf>) -> Result<()> {
    case.cluster = resolve_cluster(folder, std::mem::take(&mut case.cluster), used)?;
    case.expect.check()?;
    match (&case.object, &case.file) {
        (Some(_), Some(_)) => bail!("it has both an object and a file"),
        (None, Some(file)) => case.object = Some(object_in(folder, file, used)?),
        (None, None) if case.old_object.is_none() => bail!("it has no object"),
        _ => {}
    }
    Ok(())
}

fn object_in(folder: &Path, name: &str, used: &mut BTreeSet<PathBuf>) -> Result<Value> {
    let (file, number) = match name.rsplit_once('#') {
        Some((file, number)) => {
            (file, number.parse().with_context(|| format!("{name}: no document number"))?)
        }
        None => (name, 1),
    };
    let all = objects(&folder.join(file), used)?;
    let wanted = all.iter().find(|manifest| manifest.document.index == number);
    wanted
        .map(|manifest| manifest.object().clone())
        .ok_or_else(|| anyhow!("{name}: there is no such document"))
}

/// Replaces patterns of files by the objects in those files.
fn resolve_cluster(folder: &Path, items: Vec<Value>, used: &mut BTreeSet<PathBuf>) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for item in items {
        let Some(pattern) = item.as_str() else {
            all.push(item);
            continue;
        };
        for path in input::expand(&[folder.join(pattern).display().to_string()], &Exclude::default()) {
            all.extend(objects(&path?, used)?.iter().map(|manifest| manifest.object().clone()));
        }
    }
    Ok(all)
}

fn objects(path: &Path, used: &mut BTreeSet<PathBuf>) -> Result<Vec<Manifest>> {
    let file = Arc::new(read(path)?);
    used.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned()));
    match manifests(&file) {
        (_, _, Some(error)) => bail!("{}:{}:{}: {}", file.name, error.line, error.column, error.message),
        (all, _, None) => Ok(all),
    }
}
