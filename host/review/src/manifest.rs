//! A manifest: one Kubernetes object, or one admission request, and where it stands.

use std::sync::Arc;

use serde_json::Value;

use crate::kind;
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
    /// Line of the object, from 1
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
    /// What is odd
    pub notes: Vec<yaml::Note>,
    /// How many documents there are, those without content too
    pub documents: usize,
    /// Why the rest could not be read
    pub error: Option<SyntaxError>,
}

/// As [`manifests`], for a part of a file with so many lines above it.
pub fn manifests_below(above: usize, file: &Arc<SourceFile>) -> Manifests {
    let yaml::Documents { documents, count, error, mut notes } = yaml::documents_below(above, &file.text);
    let mut manifests = Vec::new();
    for mut document in documents {
        let value = std::mem::take(&mut document.value);
        notes.append(&mut document.notes);
        let document = Arc::new(document);
        let first = manifests.len();
        unpack(file, &document, value, String::new(), &mut manifests);
        let unpacked = manifests.get_mut(first..).unwrap_or_default();
        place_lines(unpacked);
        notes.extend(unpacked.iter().filter_map(misspelled));
    }
    notes.sort_by_key(|note| note.at);
    Manifests { manifests, notes, documents: count, error }
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

/// A note at a kind that Kubernetes writes otherwise.
fn misspelled(manifest: &Manifest) -> Option<yaml::Note> {
    let Content::Object(object) = &manifest.content else { return None };
    let known = kind::misspelled(object)?;
    let pointer = format!("{}/kind", manifest.prefix);
    let place = manifest.document.places(&manifest.file.text, &[&pointer]).pop().flatten()?;
    let message = format!("Kubernetes does not know this kind, but `{known}`");
    Some(yaml::Note {
        line: place.line,
        column: place.column,
        at: place.span.start,
        message,
        unnamed: None,
        help: None,
    })
}

/// The items of a `List`, or of a typed list such as `PodList`.
fn list_items(value: &mut Value) -> Option<Vec<Value>> {
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    let items = value.get_mut("items").filter(|_| is_list)?.as_array_mut()?;
    let items = std::mem::take(items);
    let api_version = value.get("apiVersion").cloned();
    let kind = value.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
    let kind = kind.filter(|kind| !kind.is_empty()).map(|kind| Value::from(kind.to_owned()));
    // The API leaves kind and version out of the items of a typed list.
    let complete = items.into_iter().map(|mut item| {
        if let (Some(fields), Some(kind)) = (item.as_object_mut(), &kind) {
            fields.entry("kind").or_insert_with(|| kind.clone());
            if let Some(api_version) = &api_version {
                fields.entry("apiVersion").or_insert_with(|| api_version.clone());
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
