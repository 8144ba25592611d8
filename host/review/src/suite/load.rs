//! Reads suites from their files, strictly: a suite that tests less than it seems to is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Case, Loaded, Problem, Suite};
use crate::diagnostic::{Diagnostic, Diagnostics, Spot, Weight};
use crate::field_error;
use crate::kind::Kind;
use crate::manifest::{Manifest, manifests};
use crate::source_file::SourceFile;
use crate::yaml::{self, Document};

/// The files that suites are read from. Every error is one sentence that names the file.
pub trait SuiteFiles {
    /// The files behind a path: a file, the manifests in a folder, or the matches of a pattern.
    fn expand(&self, path: &str) -> Vec<Result<PathBuf, String>>;

    /// The whole text of a file.
    ///
    /// # Errors
    /// - it cannot be read
    fn read(&self, path: &Path) -> Result<SourceFile, String>;

    /// Whether there is such a file or folder.
    fn exists(&self, path: &Path) -> bool;

    /// Whether the path gives its content only once: a pipe, a device.
    fn is_stream(&self, path: &Path) -> bool;

    /// Whether the text of a file is a report of this command, which may be written into a folder of suites.
    fn is_report(&self, text: &str) -> bool;

    /// One name for each file, links followed.
    fn resolved(&self, path: &Path) -> PathBuf;
}

/// Reads the suites behind `paths`. In folders, every file must be a suite, be used by one, or be a report of this command.
///
/// # Errors
/// - everything that is wrong with them, each with its location
pub fn load(paths: &[String], files: &dyn SuiteFiles) -> Result<Vec<Loaded>, Diagnostics> {
    if let Some(path) = paths.iter().find(|path| *path == "-" || files.is_stream(Path::new(path))) {
        let message = format!(
            "{path}: standard input, a pipe or a device cannot be a suite: pass its file, because the files that it uses are \
             next to it"
        );
        return Err(Diagnostics(vec![Diagnostic::error(message)]));
    }
    let mut reader = Reader { files, used: BTreeSet::new(), problems: Vec::new() };
    let mut suites = Vec::new();
    let mut others = BTreeMap::new();
    for path in paths.iter().flat_map(|path| files.expand(path)) {
        let (file, path) = match path.and_then(|path| Ok((files.read(&path)?, path))) {
            Ok(read) => read,
            Err(error) => {
                reader.problems.push(Diagnostic::error(error));
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
            (Some(_), 0) if files.is_report(&file.text) => {}
            _ => {
                others.insert(files.resolved(&path), file.name);
            }
        }
    }
    for (_, name) in others.into_iter().filter(|(path, _)| !reader.used.contains(path)) {
        let spot = Spot { file: name, line: 1, column: Some(1), excerpt: None };
        let message = "this is not a suite (it has no `cases`), and no suite uses it";
        reader.problems.push(Diagnostic::at(spot, message));
    }
    if reader.problems.is_empty() { Ok(suites) } else { Err(Diagnostics(reader.problems)) }
}

/// A suite as its file has it.
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

struct Reader<'a> {
    files: &'a dyn SuiteFiles,
    /// Files that suites use, links followed
    used: BTreeSet<PathBuf>,
    problems: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn suite(&mut self, path: PathBuf, file: SourceFile, document: Document) -> Option<Loaded> {
        let problems = &mut self.problems;
        let notes = Diagnostic::of_notes(&file.name, &file.text, &document.notes);
        problems.extend(notes.into_iter().map(|note| Diagnostic { weight: Weight::Error, ..note }));
        let at = |problem: Problem| problem.located(&file, &document);
        let written: Written = match field_error::read(document.value.clone()) {
            Ok(written) => written,
            Err(error) => {
                problems.push(at(error.into()));
                return None;
            }
        };
        if written.cases.is_empty() {
            problems.push(at(Problem::new("/cases", "the suite has no cases", "")));
        }
        let mut files = Beside {
            files: self.files,
            folder: path.parent().unwrap_or(Path::new("")),
            used: vec![path.clone()],
        };
        let mut found = Vec::new();
        let cluster = files.cluster(written.cluster, "/cluster", &mut found);
        let mut cases: Vec<Case> = Vec::new();
        for (i, case) in written.cases.into_iter().enumerate() {
            let pointer = format!("/cases/{i}");
            match field_error::read::<Case>(case) {
                Ok(mut case) => {
                    if cases.iter().any(|earlier| earlier.name == case.name) {
                        let message = "an earlier case has this name";
                        found.push(Problem::new(
                            format!("{pointer}/name"),
                            message,
                            "give each case its own name",
                        ));
                    }
                    files.resolve(&mut case, &pointer, &mut found);
                    cases.push(case);
                }
                Err(error) => found.push(Problem::from(error).below(&pointer)),
            }
        }
        problems.extend(found.into_iter().map(at));
        let pointers: Vec<String> = (0..cases.len()).map(|i| format!("/cases/{i}")).collect();
        let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let places = document.places(&file.text, &pointers);
        let lines = places.into_iter().map(|place| place.map_or(1, |place| place.line)).collect();
        let files = files.used;
        self.used.extend(files.iter().map(|file| self.files.resolved(file)));
        let suite = Suite { settings: written.settings, cluster, cases };
        Some(Loaded { path, files, suite, lines, file, document })
    }
}

/// The files of a suite.
struct Beside<'a> {
    files: &'a dyn SuiteFiles,
    folder: &'a Path,
    /// Those that have been read
    used: Vec<PathBuf>,
}

impl Beside<'_> {
    /// Checks a case and reads the files that it names.
    fn resolve(&mut self, case: &mut Case, pointer: &str, found: &mut Vec<Problem>) {
        let wrong = case.expect.problems().into_iter();
        found.extend(wrong.map(|problem| problem.below(&format!("{pointer}/expect"))));
        let cluster = std::mem::take(&mut case.cluster);
        case.cluster = self.cluster(cluster, &format!("{pointer}/cluster"), found);
        match (&case.object, &case.file) {
            (Some(_), Some(_)) => {
                let message = "the case has an object too";
                found.push(Problem::new(format!("{pointer}/file"), message, ""));
            }
            (None, Some(file)) => match self.object(file) {
                Ok(object) => case.object = Some(object),
                Err(problem) => found.push(problem.below(&format!("{pointer}/file"))),
            },
            (None, None) if case.old_object.is_none() => {
                found.push(Problem::new(pointer, "the case has no object", ""));
            }
            _ => {}
        }
        for (field, object) in [("object", &mut case.object), ("oldObject", &mut case.old_object)] {
            match object.as_ref().map_or(Ok(None), |object| self.referred(object)) {
                Ok(Some(read)) => *object = Some(read),
                Ok(None) => {}
                Err(problem) => found.push(problem.below(&format!("{pointer}/{field}"))),
            }
        }
    }

    /// The object that `{file: pod.yaml#2}` means; `None` where the object is in the suite.
    fn referred(&mut self, object: &Value) -> Result<Option<Value>, Problem> {
        match object {
            Value::Object(fields) if fields.len() == 1 => match fields.get("file") {
                Some(Value::String(name)) => self.object(name).map(Some),
                _ => Ok(None),
            },
            Value::Object(_) | Value::Null => Ok(None),
            _ => Err(Problem::new("", "this is not an object", "write one, or {file: pod.yaml#2}")),
        }
    }

    fn object(&mut self, name: &str) -> Result<Value, Problem> {
        let wrong = |message: String, help: String| Problem::new("", message, help);
        let whole = self.folder.join(name);
        let (path, number) = match name.rsplit_once('#').filter(|_| !self.files.exists(&whole)) {
            Some((file, number)) => {
                let number: usize = number.parse().map_err(|_| {
                    wrong(format!("{name}: there is no document number after #"), String::new())
                })?;
                (self.folder.join(file), Some(number))
            }
            None => (whole, None),
        };
        let mut all = self.objects(&path).map_err(|message| wrong(message, String::new()))?;
        all.retain(|manifest| number.is_none_or(|number| manifest.document.index == number));
        match all.as_slice() {
            [] => Err(wrong(format!("{name}: there is no such document"), String::new())),
            [one] => Ok(one.object().clone()),
            [first, ..] if number.is_none() && first.prefix.is_empty() => Err(wrong(
                format!("{name} holds {} objects", all.len()),
                format!("select one, for example {name}#{}", first.document.index),
            )),
            _ => {
                Err(wrong(format!("{name} is a list of {} objects, expected one", all.len()), String::new()))
            }
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
                    found.push(Problem::new(format!("{pointer}/{i}"), message, ""));
                }
                all.push(item);
                continue;
            };
            for path in self.files.expand(&self.folder.join(pattern).display().to_string()) {
                match path.and_then(|path| self.objects(&path)) {
                    Ok(objects) => all.extend(objects.iter().map(|manifest| manifest.object().clone())),
                    Err(message) => found.push(Problem::new(format!("{pointer}/{i}"), message, "")),
                }
            }
        }
        all
    }

    fn objects(&mut self, path: &Path) -> Result<Vec<Manifest>, String> {
        self.used.push(path.to_owned());
        let file = Arc::new(self.files.read(path)?);
        match manifests(&file) {
            (_, _, Some(error)) => {
                Err(format!("{}:{}:{}: {}", file.name, error.line, error.column, error.message))
            }
            (all, _, None) => Ok(all),
        }
    }
}
