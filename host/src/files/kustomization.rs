//! Kustomizations: the files that say what `kustomize` builds of a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::input::value_of;

/// Names of a kustomization's file, in the order in which Kustomize looks for them.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The contents of a kustomization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kustomization {
    /// Its own file
    pub file: PathBuf,
    /// Files that change objects of other files, as paths from the working folder; in a searched folder those that are
    /// in it
    pub patches: Vec<PathBuf>,
    /// Files and folders whose objects it builds, as paths from the working folder
    pub resources: Vec<PathBuf>,
    /// Images of other repositories that replace those in the files
    pub images: Vec<String>,
    /// The namespace that it gives to all objects
    pub namespace: Option<String>,
    /// Its fields by which what it builds differs from the files that are read
    pub changes: Vec<&'static str>,
}

/// Fields by which what is built differs from the files. Images have a note of their own.
const CHANGES: [&str; 10] = [
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "transformers",
    "replacements",
    "vars",
    "components",
    "generators",
    "helmCharts",
    "helmChartInflationGenerator",
];

/// Whether a file has the name of a kustomization.
pub(super) fn is_kustomization(path: &Path) -> bool {
    path.file_name().is_some_and(|name| NAMES.iter().any(|known| name == *known))
}

/// The folder that a kustomization builds.
pub(crate) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The kustomization in a folder.
pub fn in_folder(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

impl Kustomization {
    /// Reads a kustomization. Returns `None` if that fails: the error is reported when the file is read as a manifest.
    pub(super) fn read(file: &Path) -> Option<Self> {
        Some(Self::of(file, &value_of(file)?))
    }

    fn of(file: &Path, value: &Value) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        // Kustomize compares the letters of fields without their case.
        let field = |name: &str| {
            let fields = value.as_object().into_iter().flatten();
            fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).next_back()
        };
        let list = |name: &str| field(name).and_then(Value::as_array).into_iter().flatten();
        let with_path = list("patches").chain(list("patchesJson6902")).filter_map(|patch| patch.get("path"));
        // Entries of these two lists may also be inline patches, which have several lines.
        let paths = with_path.chain(list("patchesStrategicMerge")).chain(list("patches"));
        let paths = paths.filter_map(Value::as_str).filter(|path| !path.contains('\n'));
        let resources = list("resources").filter_map(Value::as_str);
        Self {
            file: file.to_owned(),
            patches: paths.map(|path| folder.join(path)).collect(),
            resources: resources.map(|path| folder.join(path)).collect(),
            images: list("images").chain(list("imageTags")).filter_map(new_image).collect(),
            namespace: field("namespace").and_then(Value::as_str).map(str::to_owned),
            changes: CHANGES.into_iter().filter(|name| list(name).next().is_some()).collect(),
        }
    }
}

/// The files that Kustomize reads when it builds a folder, as paths without links. Kustomizations name files in many
/// fields, so every text that is the path of a file or a folder counts as one.
pub fn sources(folder: &Path) -> BTreeSet<PathBuf> {
    let (mut seen, mut files) = (BTreeSet::new(), BTreeSet::new());
    let mut folders: Vec<PathBuf> = folder.canonicalize().into_iter().collect();
    while let Some(folder) = folders.pop() {
        let Some(file) = in_folder(&folder).filter(|_| seen.insert(folder.clone())) else { continue };
        let named = value_of(&file).map(|value| texts(&value)).unwrap_or_default();
        // A generator's entry may be `key=path`.
        let paths = named.iter().map(|text| text.split_once('=').map_or(text.as_str(), |(_, path)| path));
        for path in paths.filter(|path| Path::new(path).is_relative()) {
            match folder.join(path).canonicalize() {
                Ok(path) if path.is_dir() => folders.push(path),
                Ok(path) => drop(files.insert(path)),
                Err(_) => {}
            }
        }
        files.insert(file);
    }
    files
}

/// All texts in a value, without the keys.
fn texts(value: &Value) -> Vec<String> {
    let (mut texts, mut values) = (Vec::new(), vec![value]);
    while let Some(value) = values.pop() {
        match value {
            Value::String(text) => texts.push(text.clone()),
            Value::Array(items) => values.extend(items),
            Value::Object(fields) => values.extend(fields.values()),
            _ => {}
        }
    }
    texts
}

/// The image that an entry of `images` puts in; `None` if it keeps the repository.
fn new_image(entry: &Value) -> Option<String> {
    let word = |field: &str| entry.get(field).and_then(Value::as_str).filter(|word| !word.is_empty());
    let name = word("newName")?;
    Some(match (word("digest"), word("newTag")) {
        (Some(digest), _) => format!("{name}@{digest}"),
        (None, Some(tag)) => format!("{name}:{tag}"),
        (None, None) => name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Kustomization, sources};
    use review::yaml;

    fn read(text: &str) -> Kustomization {
        let (documents, error) = yaml::documents(text);
        assert_eq!(error, None);
        Kustomization::of(Path::new("prod/kustomization.yaml"), &documents[0].value)
    }

    #[test]
    fn patches_are_named_in_four_ways() {
        let text = "patches:\n- path: a.yaml\n- patch: '[]'\n  target: {kind: Pod}\n- old.yaml\n\
                    patchesStrategicMerge:\n- ../b.yaml\n- |-\n  kind: Pod\n  metadata: {name: a}\n\
                    patchesJson6902:\n- path: c.json\n  target: {kind: Pod}\n";
        let patches = ["prod/a.yaml", "prod/c.json", "prod/../b.yaml", "prod/old.yaml"].map(PathBuf::from);
        assert_eq!(read(text).patches, patches);
    }

    #[test]
    fn images_of_other_repositories_are_those_with_a_new_name() {
        let text = "images:\n- {name: web, newName: contoso.azurecr.io/web, newTag: v1}\n- {name: a, newTag: v2}\n\
                    - {name: b, newName: c, digest: 'sha256:00', newTag: v3}\n- {name: d, newName: e}\n- 5\n";
        assert_eq!(read(text).images, ["contoso.azurecr.io/web:v1", "c@sha256:00", "e"]);
    }

    #[test]
    fn fields_that_change_objects_are_named_in_any_case() {
        let text = "Patches:\n- patch: '[]'\ntransformers: []\nREPLACEMENTS: [{}]\nImageTags:\n- {name: a, newName: b}\n";
        let kustomization = read(text);
        assert_eq!(kustomization.changes, ["patches", "replacements"]);
        assert_eq!(kustomization.images, ["b"]);
    }

    #[test]
    fn sources_are_what_any_field_names_here_and_in_other_kustomizations() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["prod", "base/deep", "plain"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for (file, text) in [
            (
                "prod/kustomization.yaml",
                "resources: [../base, ../plain, https://example.com/x, pod.yaml, gone.yaml]\n",
            ),
            ("prod/pod.yaml", ""),
            (
                "base/Kustomization",
                "bases: [deep, ../prod]\nconfigMapGenerator: [{name: a, files: [key=a.txt]}]\n",
            ),
            ("base/a.txt", ""),
            ("base/deep/kustomization.yml", "patches: [{path: /etc/hostname}]\n"),
            ("plain/other.yaml", ""),
        ] {
            std::fs::write(at(file), text).unwrap();
        }
        let real = root.path().canonicalize().unwrap();
        let found: Vec<_> = sources(&at("prod")).into_iter().collect();
        let expected = [
            "base/Kustomization",
            "base/a.txt",
            "base/deep/kustomization.yml",
            "prod/kustomization.yaml",
            "prod/pod.yaml",
        ];
        assert_eq!(found, expected.map(|file| real.join(file)));
    }

    #[test]
    fn what_has_another_form_is_skipped() {
        for text in ["[]", "5", "patches: 5\nimages: {}\nnamespace: []", "patches: [{path: [a]}]"] {
            let read = read(text);
            assert!(read.patches.is_empty() && read.images.is_empty(), "{text}");
        }
    }
}
