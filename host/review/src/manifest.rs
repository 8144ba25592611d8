//! A manifest: one Kubernetes object, or one admission request, and its location.

use std::sync::Arc;

use serde_json::Value;

use crate::kind::{self, Kind, Misspelled};
use crate::kubectl_table;
use crate::source_file::SourceFile;
use crate::yaml::{self, Document, SyntaxError};

/// One object of a file.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file
    pub file: Arc<SourceFile>,
    /// The document of the file; its value has been taken out
    pub document: Arc<Document>,
    /// JSON pointer of the object in its document: empty, `/items/3`, `/request/object`
    pub prefix: String,
    /// Line of the object, from 1; 0 where it is in no file
    pub line: usize,
    /// The object, or the request that carries it
    pub content: Content,
}

/// What a manifest holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// A Kubernetes object
    Object(Value),
    /// An `AdmissionRequest`
    Request(Value),
}

impl Manifest {
    /// The object itself; null for a request without one.
    pub fn object(&self) -> &Value {
        match &self.content {
            Content::Object(object) => object,
            Content::Request(request) => {
                let object = request.get("object").filter(|object| !object.is_null());
                object.or_else(|| request.get("oldObject")).unwrap_or(&Value::Null)
            }
        }
    }
}

impl From<Manifest> for Value {
    /// The object itself; null for a request without one.
    fn from(mut manifest: Manifest) -> Self {
        match &mut manifest.content {
            Content::Object(object) => object.take(),
            Content::Request(_) => manifest.object().clone(),
        }
    }
}

/// `file:line:column` of the value at this JSON pointer into a document, or of the nearest one around it.
pub fn at(file: &SourceFile, document: &Document, pointer: &str) -> String {
    match document.nearest(&file.text, &[pointer]).pop().flatten() {
        Some(place) => format!("{}:{}:{}", file.name, place.line, place.column),
        None => format!("{}:{}", file.name, document.line),
    }
}

/// Every object of a file, `List`s taken apart; those before a syntax error are kept.
pub fn manifests(file: &Arc<SourceFile>) -> (Vec<Manifest>, Vec<yaml::Note>, Option<SyntaxError>) {
    let Manifests { manifests, notes, error, .. } = manifests_below(0, file);
    (manifests, notes, error)
}

/// What a file holds, or a part of one.
#[derive(Debug, Default)]
pub struct Manifests {
    /// Every object
    pub manifests: Vec<Manifest>,
    /// Notes
    pub notes: Vec<yaml::Note>,
    /// How many documents there are, those without content too
    pub documents: usize,
    /// Why the rest could not be read
    pub error: Option<SyntaxError>,
}

/// Like [`manifests`], for a part of a file with this number of lines above it.
pub fn manifests_below(above: usize, file: &Arc<SourceFile>) -> Manifests {
    if let Some(at) = kubectl_table::start(&file.text).filter(|_| above == 0) {
        let (line, column) = yaml::line_column(&file.text, at);
        return Manifests { error: Some(table_error((line, column, at))), ..Manifests::default() };
    }
    let yaml::Documents { documents, count, mut error, mut notes } = yaml::documents_below(above, &file.text);
    let mut manifests = Vec::new();
    for mut document in documents {
        let value = std::mem::take(&mut document.value);
        if kubectl_table::is_table(&value) {
            let place = document.nearest(&file.text, &["/kind"]).pop().flatten();
            let place = place.map_or((document.line, 1, 0), |it| (it.line, it.column, it.span.start));
            error = Some(table_error(place));
            break;
        }
        notes.append(&mut document.notes);
        let document = Arc::new(document);
        let first = manifests.len();
        let is_list = has_items(&value);
        unpack(file, &document, value, String::new(), &mut manifests);
        let unpacked = manifests.get_mut(first..).unwrap_or_default();
        place_lines(unpacked);
        notes.append(&mut notes_on_types(file, &document, is_list, unpacked));
    }
    notes.sort_by_key(|note| note.at);
    Manifests { manifests, notes, documents: count, error }
}

fn table_error((line, column, at): (usize, usize, usize)) -> SyntaxError {
    let (message, help) = (kubectl_table::PROBLEM.to_owned(), Some(kubectl_table::HELP.to_owned()));
    SyntaxError { line, column, at, message, help }
}

fn unpack(
    file: &Arc<SourceFile>,
    document: &Arc<Document>,
    mut value: Value,
    prefix: String,
    manifests: &mut Vec<Manifest>,
) {
    if let Some(items) = list_items(&mut value) {
        for (i, item) in items.into_iter().enumerate() {
            unpack(file, document, item, format!("{prefix}/items/{i}"), manifests);
        }
        return;
    }
    let (content, prefix) = match request_of(value) {
        Ok((request, place)) => (Content::Request(request), prefix + place),
        Err(object) => (Content::Object(object), prefix),
    };
    let (file, document, line) = (file.clone(), document.clone(), document.line);
    manifests.push(Manifest { file, document, prefix, line, content });
}

/// Notes on why objects of a document are not recognised.
fn notes_on_types(
    file: &SourceFile,
    document: &Document,
    is_list: bool,
    manifests: &[Manifest],
) -> Vec<yaml::Note> {
    let list = is_list.then(|| {
        let message = "kubectl treats this object as a list, because it has `items`";
        ("/items".to_owned(), message.to_owned(), "rename `items`, or write `kind: List`".to_owned())
    });
    let problems = manifests.iter().filter_map(type_problem);
    let found: Vec<_> = list.into_iter().chain(problems).take(yaml::MAX_NOTES).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let pointers: Vec<&str> = found.iter().map(|(pointer, ..)| pointer.as_str()).collect();
    let places = document.nearest(&file.text, &pointers);
    let note = |((_, message, help), place): ((String, String, String), Option<yaml::Place>)| {
        let place = place?;
        let (line, column, at) = (place.line, place.column, place.span.start);
        Some(yaml::Note { line, column, at, message, unnamed: None, help: Some(help), is_overwriting: false })
    };
    found.into_iter().zip(places).filter_map(note).collect()
}

/// What the pointer of an item of a list begins with.
const ITEMS: &str = "/items/";

/// Help for an object without a type that may be a patch.
pub const PATCH: &str =
    "for a patch of Kustomize, run acr-pull-secret check -k FOLDER with the folder of its kustomization";

/// What is wrong with the type of an object: where, what, and what to type.
fn type_problem(manifest: &Manifest) -> Option<(String, String, String)> {
    let Content::Object(object) = &manifest.content else { return None };
    let at = |field: &str| format!("{}{field}", manifest.prefix);
    let (item, inner) = (manifest.prefix.starts_with(ITEMS), manifest.prefix.matches(ITEMS).nth(1).is_some());
    if inner {
        let message = "kubectl refuses this object, because it is in a list within a list";
        return Some((at(""), message.to_owned(), "move it into the outer list".to_owned()));
    }
    if item && Kind::of(object).is_none() {
        let message = "kubectl refuses this item of a list, because it has no apiVersion or no kind";
        return Some((at(""), message.to_owned(), "write both, or remove the item".to_owned()));
    }
    match kind::misspelled(object) {
        Some(Misspelled::Kind(known)) => {
            let written = object.get("kind").and_then(Value::as_str).unwrap_or_default().trim();
            let message = if written == known {
                "this kind has white space around it".to_owned()
            } else {
                format!("Kubernetes has no kind `{written}`")
            };
            return Some((at("/kind"), message, format!("write `kind: {known}`")));
        }
        Some(Misspelled::ApiVersion(known)) => {
            let message = "Kubernetes has no such version of this kind".to_owned();
            return Some((at("/apiVersion"), message, format!("write `apiVersion: {known}`")));
        }
        None => {}
    }
    if !kind::has_containers(object) {
        return None;
    }
    let lacks = |field: &str| object.get(field).and_then(Value::as_str).is_none_or(str::is_empty);
    let (field, help) = match (lacks("kind"), lacks("apiVersion")) {
        (true, true) => ("kind", format!("write its `kind` and its `apiVersion`; {PATCH}")),
        (true, false) => ("kind", "write its `kind`".to_owned()),
        (false, true) => ("apiVersion", "write its `apiVersion`".to_owned()),
        (false, false) => return None,
    };
    Some((at(""), format!("this object has containers, but no `{field}`, so it is not checked"), help))
}

/// Has a value `items` although its kind is not a list? apimachinery: `Unstructured.IsList`
fn has_items(value: &Value) -> bool {
    let is_named = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    !is_named && value.get("items").is_some() && Kind::of(value).is_some()
}

/// Is a value a list for kubectl although its kind does not say so?
fn is_unnamed_list(value: &Value) -> bool {
    has_items(value) && value.get("items").and_then(Value::as_array).is_some_and(|items| !items.is_empty())
}

/// The items of a `List`, of a typed list such as `PodList`, or of what kubectl takes for one.
fn list_items(value: &mut Value) -> Option<Vec<Value>> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    let is_list = is_list || is_unnamed_list(value);
    let items = value.get_mut("items").filter(|_| is_list)?.as_array_mut()?;
    let items = std::mem::take(items);
    let api_version = value.get("apiVersion").cloned();
    let kind = value.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
    let kind = kind.filter(|kind| !kind.is_empty()).map(|kind| Value::from(kind.to_owned()));
    // The API leaves kind and version out of the items of a typed list.
    // apimachinery: `unstructuredJSONScheme.decodeToList`
    let complete = items.into_iter().map(|mut item| {
        if let (Some(fields), Some(kind)) = (item.as_object_mut(), &kind) {
            let is_empty = |value: Option<&Value>| value.is_none_or(|value| value.as_str() == Some(""));
            if is_empty(fields.get("kind")) && is_empty(fields.get("apiVersion")) {
                fields.insert("kind".to_owned(), kind.clone());
                fields.extend(api_version.clone().map(|version| ("apiVersion".to_owned(), version)));
            }
        }
        item
    });
    Some(complete.collect())
}

/// The request in an `AdmissionReview` or a bare `AdmissionRequest`, and the pointer of its object.
fn request_of(mut value: Value) -> Result<(Value, &'static str), Value> {
    let is_review = value.get("kind").and_then(Value::as_str) == Some("AdmissionReview");
    let place = |request: &Value, new, old| {
        if request.get("object").is_some_and(Value::is_object) { new } else { old }
    };
    if is_review && let Some(request) = value.get_mut("request").filter(|request| request.is_object()) {
        let request = request.take();
        let place = place(&request, "/request/object", "/request/oldObject");
        return Ok((request, place));
    }
    if value.get("operation").is_some_and(Value::is_string) && value.get("kind").is_some_and(Value::is_object)
    {
        let place = place(&value, "/object", "/oldObject");
        return Ok((value, place));
    }
    Err(value)
}

fn place_lines(manifests: &mut [Manifest]) {
    let Some(first) = manifests.first().cloned().filter(|first| !first.prefix.is_empty()) else { return };
    let pointers: Vec<&str> = manifests.iter().map(|manifest| manifest.prefix.as_str()).collect();
    let lines: Vec<_> = first.document.places(&first.file.text, &pointers);
    for (manifest, place) in manifests.iter_mut().zip(lines) {
        manifest.line = place.map_or(manifest.line, |place| place.line);
    }
}
