//! Suites read from their files, strictly: a suite that says less than its author thinks is no suite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Case, Loaded, Suite, problem};
use crate::diagnostic::{Diagnostic, Diagnostics, Spot, Weight};
use crate::exclude::Exclude;
use crate::input::{self, SourceFile};
use crate::kind::Kind;
use crate::manifest::{Manifest, manifests};
use crate::report::earlier::is_report;
use crate::typed;
use crate::yaml::{self, Document};

/// Reads the suites behind `paths`. In folders, every file that is no suite must be used by one, but for reports of this
/// command.
///
/// # Errors
/// - everything that is wrong with them, each at its place
pub fn load(paths: &[String]) -> Result<Vec<Loaded>, Diagnostics> {
    if let Some(path) = paths.iter().find(|path| *path == "-" || input::is_stream(Path::new(path))) {
        let message = format!(
            "{path}: standard input, a pipe or a device cannot be a suite: name its file, because the files that it uses \
             stand beside it"
        );
        return Err(Diagnostics(vec![Diagnostic::error(message)]));
    }
    let mut reader = Reader::default();
    let mut suites = Vec::new();
    let mut others = BTreeMap::new();
    for path in input::expand(paths, &Exclude::default()) {
        let read = path.and_then(|path| Ok((input::read(&path, &mut std::io::empty())?, path)));
        let (file, path) = match read {
            Ok(read) => read,
            Err(error) => {
                reader.problems.push(Diagnostic::error(error.to_string()));
                continue;
            }
        };
        let (mut documents, error) = yaml::documents(&file.text);
        if let Some(error) = error {
            reader.problems.push(Diagnostic::of_syntax(&file.name, &file.text, &error));
            continue;
        }
        match (documents.pop(), documents.len()) {
            (Some(document), 0) if document.value.get("cases").is_some() => {
                suites.extend(reader.suite(path, file, document));
            }
            // Where a report is written into a folder of suites, the next run finds it there.
            (Some(_), 0) if is_report(&file.text) => {}
            _ => {
                others.insert(resolved(&path), file.name);
            }
        }
    }
    for (_, name) in others.into_iter().filter(|(path, _)| !reader.used.contains(path)) {
        let spot = Spot { file: name, line: 1, column: Some(1), excerpt: None };
        let message = "this is no suite (it has no `cases`), and no suite uses it";
        reader.problems.push(Diagnostic::at(spot, message));
    }
    if reader.problems.is_empty() { Ok(suites) } else { Err(Diagnostics(reader.problems)) }
}

fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// A suite as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    settings: Map<String, Value>,
    /// Manifests, or patterns of files that hold some
    #[serde(default)]
    cluster: Vec<Value>,
    cases: Vec<Value>,
}

#[derive(Default)]
struct Reader {
    /// Files that suites use, links followed
    used: BTreeSet<PathBuf>,
    problems: Vec<Diagnostic>,
}

/// A message and the JSON pointer of what it is about.
type Problem = (String, String);

impl Reader {
    fn suite(&mut self, path: PathBuf, file: SourceFile, document: Document) -> Option<Loaded> {
        let problems = &mut self.problems;
        let notes = Diagnostic::of_notes(&file.name, &file.text, &document.notes);
        problems.extend(notes.into_iter().map(|note| Diagnostic { weight: Weight::Error, ..note }));
        let at = |(pointer, message): Problem| problem(&file, &document, &pointer, &message);
        let written: Written = match typed::read(document.value.clone()) {
            Ok(written) => written,
            Err(error) => {
                problems.push(at((error.pointer, error.message)));
                return None;
            }
        };
        if written.cases.is_empty() {
            problems.push(at(("/cases".to_owned(), "the suite has no cases".to_owned())));
        }
        let mut files = Files { folder: path.parent().unwrap_or(Path::new("")), used: vec![path.clone()] };
        let mut found = Vec::new();
        let cluster = files.cluster(written.cluster, "/cluster", &mut found);
        let mut cases: Vec<Case> = Vec::new();
        for (i, case) in written.cases.into_iter().enumerate() {
            let pointer = format!("/cases/{i}");
            match typed::read::<Case>(case) {
                Ok(mut case) => {
                    if cases.iter().any(|earlier| earlier.name == case.name) {
                        let message = "an earlier case has this name; give each its own".to_owned();
                        found.push((format!("{pointer}/name"), message));
                    }
                    files.resolve(&mut case, &pointer, &mut found);
                    cases.push(case);
                }
                Err(error) => found.push((format!("{pointer}{}", error.pointer), error.message)),
            }
        }
        problems.extend(found.into_iter().map(at));
        let pointers: Vec<String> = (0..cases.len()).map(|i| format!("/cases/{i}")).collect();
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let places = document.places(&file.text, &pointers);
        let lines = places.into_iter().map(|place| place.map_or(1, |place| place.line)).collect();
        let files = files.used;
        self.used.extend(files.iter().map(|file| resolved(file)));
        let suite = Suite { settings: written.settings, cluster, cases };
        Some(Loaded { path, files, suite, lines, file, document })
    }
}

/// The files beside a suite.
struct Files<'a> {
    folder: &'a Path,
    /// Those that have been read
    used: Vec<PathBuf>,
}

impl Files<'_> {
    /// Checks a case and reads the files that it names.
    fn resolve(&mut self, case: &mut Case, pointer: &str, found: &mut Vec<Problem>) {
        let wrong = case.expect.problems().into_iter();
        found.extend(wrong.map(|(field, message)| (format!("{pointer}/expect{field}"), message)));
        let cluster = std::mem::take(&mut case.cluster);
        case.cluster = self.cluster(cluster, &format!("{pointer}/cluster"), found);
        match (&case.object, &case.file) {
            (Some(_), Some(_)) => {
                found.push((format!("{pointer}/file"), "the case has an object as well".to_owned()));
            }
            (None, Some(file)) => match self.object(file) {
                Ok(object) => case.object = Some(object),
                Err(message) => found.push((format!("{pointer}/file"), message)),
            },
            (None, None) if case.old_object.is_none() => {
                found.push((pointer.to_owned(), "the case has no object".to_owned()));
            }
            _ => {}
        }
        for (field, object) in [("object", &mut case.object), ("oldObject", &mut case.old_object)] {
            match object.as_ref().map_or(Ok(None), |object| self.referred(object)) {
                Ok(Some(read)) => *object = Some(read),
                Ok(None) => {}
                Err(message) => found.push((format!("{pointer}/{field}"), message)),
            }
        }
    }

    /// The object that `{file: pod.yaml#2}` means; `None` where the object stands in the suite.
    fn referred(&mut self, object: &Value) -> Result<Option<Value>, String> {
        match object {
            Value::Object(fields) if fields.len() == 1 => match fields.get("file") {
                Some(Value::String(name)) => self.object(name).map(Some),
                _ => Ok(None),
            },
            Value::Object(_) | Value::Null => Ok(None),
            _ => Err("this is no object; write one, or {file: pod.yaml#2}".to_owned()),
        }
    }

    fn object(&mut self, name: &str) -> Result<Value, String> {
        let whole = self.folder.join(name);
        let (path, number) = match name.rsplit_once('#').filter(|_| !whole.exists()) {
            Some((file, number)) => {
                let number: usize =
                    number.parse().map_err(|_| format!("{name}: there is no document number behind #"))?;
                (self.folder.join(file), Some(number))
            }
            None => (whole, None),
        };
        let mut all = self.objects(&path)?;
        all.retain(|manifest| number.is_none_or(|number| manifest.document.index == number));
        match all.as_slice() {
            [] => Err(format!("{name}: there is no such document")),
            [one] => Ok(one.object().clone()),
            [first, ..] if number.is_none() && first.prefix.is_empty() => Err(format!(
                "{name} holds {} objects; say which one, as in {name}#{}",
                all.len(),
                first.document.index
            )),
            _ => Err(format!("{name} is a list of {} objects, where one is wanted", all.len())),
        }
    }

    /// Replaces patterns of files by the objects in those files.
    fn cluster(&mut self, items: Vec<Value>, pointer: &str, found: &mut Vec<Problem>) -> Vec<Value> {
        let mut all = Vec::new();
        for (i, item) in items.into_iter().enumerate() {
            let Some(pattern) = item.as_str() else {
                if Kind::of(&item).is_none() {
                    let message =
                        "this is neither an object (it has no apiVersion or no kind) nor the name of a file";
                    found.push((format!("{pointer}/{i}"), message.to_owned()));
                }
                all.push(item);
                continue;
            };
            for path in input::expand(&[self.folder.join(pattern).display().to_string()], &Exclude::default())
            {
                match path.map_err(|error| error.to_string()).and_then(|path| self.objects(&path)) {
                    Ok(objects) => all.extend(objects.iter().map(|manifest| manifest.object().clone())),
                    Err(message) => found.push((format!("{pointer}/{i}"), message)),
                }
            }
        }
        all
    }

    fn objects(&mut self, path: &Path) -> Result<Vec<Manifest>, String> {
        self.used.push(path.to_owned());
        let file = Arc::new(input::read(path, &mut std::io::empty()).map_err(|error| error.to_string())?);
        match manifests(&file) {
            (_, _, Some(error)) => {
                Err(format!("{}:{}:{}: {}", file.name, error.line, error.column, error.message))
            }
            (all, _, None) => Ok(all),
        }
    }
}
