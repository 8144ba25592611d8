//! Whether a reader reads the same as kubectl, and reports correct locations. The caller provides the reader.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use crate::libyaml::{self, Answer};
use crate::styled::Odd;

/// The result of a reader for a text.
#[derive(Debug)]
pub struct Read {
    /// The documents
    pub documents: Vec<Value>,
    /// Why it reads no more
    pub error: Option<String>,
    /// Whether it reports that kubectl reads something else
    pub warns: bool,
    /// The locations of the images
    pub images: Vec<Image>,
}

/// An image of a document.
#[derive(Debug)]
pub struct Image {
    /// Which document, from 0
    pub document: usize,
    /// Its JSON pointer there
    pub pointer: String,
    /// The reported bytes
    pub span: Range<usize>,
    /// Whether a change there also changes other places
    pub aliased: bool,
}

/// The JSON pointers (RFC 6901) to the images of a document.
pub fn image_pointers(value: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    collect(value, "", &mut pointers);
    pointers
}

fn collect(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(i, item)| collect(item, &format!("{pointer}/{i}"), pointers));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                if name == "image" && value.is_string() {
                    pointers.push(pointer);
                } else {
                    collect(value, &pointer, pointers);
                }
            }
        }
        _ => {}
    }
}

/// Texts that our reader may refuse although kubectl reads them: the feature, words of the error, and why.
const MAY_BE_REFUSED: &[(Option<Odd>, &str, &str)] = &[
    (
        Some(Odd::TightComment),
        "comment",
        "YAML 1.2 requires a blank before a comment; texts without one are rare",
    ),
    (Some(Odd::HeaderAtKey), "", "YAML wants it further in than its key, in 1.1 too"),
    (Some(Odd::LineSeparator), "U+", "an editor does not show that a line ends there"),
    (Some(Odd::Refused), "", "kubectl drops what is wrong with it"),
    (Some(Odd::Spoiled), "", "an error is appropriate for a typing error"),
    (None, "refuses `?`", "libyaml 0.2 reads it, the older one in kubectl does not"),
];

/// Texts that our reader may read without a note although kubectl refuses them: the feature, words of kubectl's error, and why.
const MAY_BE_READ: &[(Option<Odd>, &str, &str)] = &[
    (None, "found unknown escape character", "kubectl reads the escape `\\'`, and libyaml 0.2 does not"),
    (
        None,
        "found unexpected ':'",
        "kubectl reads a colon at the end of a word between brackets, and libyaml 0.2 does not",
    ),
    (None, "an assertion of libyaml", "the port of libyaml panics at a comma behind a tag"),
    (
        Some(Odd::Spoiled),
        "did not find expected ',' or '}'",
        "JSON behind a separator is YAML for kubectl, which wants a key and its colon on one line",
    ),
    (Some(Odd::LineSeparator), "did not find expected ',' or '}'", "the same of JSON"),
    (Some(Odd::Spoiled), "unsupported map key: Null", "it ends an anchor before a colon"),
];

fn is_listed(table: &[(Option<Odd>, &str, &str)], odd: &BTreeSet<Odd>, said: &str) -> bool {
    table.iter().any(|(what, words, _)| what.is_none_or(|what| odd.contains(&what)) && said.contains(words))
}

/// Compares what a reader says to a text with what kubectl reads in it.
///
/// # Errors
/// What differs.
pub fn alike(text: &str, odd: &BTreeSet<Odd>, read: &Read) -> Result<(), String> {
    let kubectl = libyaml::kubectl(text);
    match (&kubectl.refuses, &read.error) {
        (Some(_), Some(_)) => return Ok(()),
        // The error is in a document that kubectl drops.
        (None, Some(_)) if kubectl.drops => return Ok(()),
        (None, Some(error)) if is_listed(MAY_BE_REFUSED, odd, error) => return Ok(()),
        (None, Some(error)) => return Err(format!("refused, but kubectl reads it: {error}")),
        (Some(reason), None) if is_listed(MAY_BE_READ, odd, reason) => return Ok(()),
        (Some(reason), None) if !read.warns => {
            return Err(format!("read without a note, but kubectl refuses it: {reason}"));
        }
        (Some(_), None) => {}
        (None, None) => {
            if kubectl.drops && !read.warns {
                return Err("read without a note, but kubectl drops a document".to_owned());
            }
        }
    }
    // The position of line ends is then not defined.
    if kubectl.refuses.is_some() && odd.contains(&Odd::LineSeparator) {
        return Ok(());
    }
    let Some(wanted) = expected(text, kubectl) else { return Ok(()) };
    let ours: Value = read.documents.iter().filter(|document| !document.is_null()).cloned().collect();
    if let Some(difference) = difference(&wanted, &ours, "") {
        return Err(format!("another value: {difference}"));
    }
    stand_there(text, &read.images, &wanted)
}

/// The documents of a text, of which kubectl may refuse or drop some.
fn expected(text: &str, kubectl: Answer) -> Option<Value> {
    if kubectl.refuses.is_none() && !kubectl.drops {
        return Some(kubectl.documents.into());
    }
    libyaml::stream(text).ok().map(Value::from)
}

/// Whether replacing these images changes nothing else.
fn stand_there(text: &str, images: &[Image], documents: &Value) -> Result<(), String> {
    let mut changed = text.to_owned();
    let mut wanted = documents.clone();
    let mut images: Vec<&Image> = images.iter().collect();
    images.sort_by_key(|image| std::cmp::Reverse(image.span.start));
    for Image { document, pointer, span, aliased } in images {
        let written = text.get(span.clone()).ok_or_else(|| format!("{pointer} has no text"))?;
        let value = wanted[*document].pointer_mut(pointer);
        let value = value.ok_or_else(|| format!("{pointer} is not there"))?;
        if *aliased {
            // An alias alone has no value, nor a block text without what its indentation is relative to.
            let alone = written.starts_with('*') || written.contains(['|', '>']);
            if !alone && libyaml::stream(written)?.first() != Some(value) {
                return Err(format!("{pointer} is not in {written:?}"));
            }
            continue;
        }
        let other = format!("example.azurecr.io/other:v{}", span.start);
        changed.replace_range(span.clone(), &format!("\"{other}\""));
        *value = other.into();
    }
    let is = expected(&changed, libyaml::kubectl(&changed));
    let is = is.ok_or_else(|| format!("with other images nothing is read: {changed:?}"))?;
    match difference(&wanted, &is, "") {
        None => Ok(()),
        Some(difference) => Err(format!("other images are not read where the old ones were: {difference}")),
    }
}

/// Where two values differ, all places of it.
pub fn difference(wanted: &Value, is: &Value, at: &str) -> Option<String> {
    let differ = || Some(format!("{at}: {wanted} for kubectl, {is} for us"));
    let join = |all: Vec<String>| (!all.is_empty()).then(|| all.join("\n    "));
    // kubectl prints floats, and so what is beyond 63 bits as the nearest one.
    let is_float = |value: &Value| value.is_number() && !value.is_i64();
    match (wanted, is) {
        _ if is_float(wanted) || is_float(is) => {
            if wanted.as_f64().is_some() && wanted.as_f64() == is.as_f64() { None } else { differ() }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            join(pairs.filter_map(|(i, (a, b))| difference(a, b, &format!("{at}/{i}"))).collect())
        }
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let pairs = a.iter().zip(b.values());
            join(pairs.filter_map(|((key, a), b)| difference(a, b, &format!("{at}/{key}"))).collect())
        }
        _ if wanted == is => None,
        _ => differ(),
    }
}
