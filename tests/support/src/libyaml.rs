//! YAML as kubectl reads it, by a reader that shares nothing with ours: libyaml, of which kubectl's go-yaml is a port too.
//!
//! kubectl splits a file at its lines that begin with `---`, reads the first document of each stretch, and skips null.
//! What is put together from libyaml's events follows `decode.go` of sigs.k8s.io/yaml/goyaml.v2.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::catch_unwind;
use std::rc::Rc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use libyaml_safer::{EventData, Parser};
use serde_json::{Map, Value};

use crate::go_scalar::{Scalar, key, resolve};

/// kubectl's result for a text.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    /// The documents, in their order
    pub documents: Vec<Value>,
    /// Whether it drops documents silently: those behind the first one of a stretch
    pub drops: bool,
    /// Why it reads no more
    pub refuses: Option<String>,
}

/// kubectl's result for a text. JSON is tried first where the text begins with a brace, as of kubectl 1.33.
pub fn kubectl(text: &str) -> Answer {
    let mut text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut answer = Answer::default();
    if text.trim_start().starts_with('{') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        loop {
            let read = values.byte_offset();
            match values.next() {
                None => return answer,
                Some(Ok(value)) => answer.documents.push(value),
                Some(Err(error)) if answer.documents.len() > 1 => {
                    answer.refuses = Some(error.to_string());
                    return answer;
                }
                Some(Err(_)) => {
                    let rest = &text[read..];
                    let blank = rest.len() - rest.trim_start().len();
                    text = &rest[rest[..blank].find('\n').map_or(blank, |end| end + 1)..];
                    break;
                }
            }
        }
    }
    match stretches(text) {
        Err(separator) => answer.refuses = Some(separator),
        Ok(stretches) => {
            for stretch in stretches {
                if stretch.starts_with("---#") {
                    answer.refuses =
                        Some("a comment directly behind a first separator makes it text".to_owned());
                    break;
                }
                match documents(&stretch, 1) {
                    Ok((read, more)) => {
                        answer.documents.extend(read);
                        answer.drops |= more;
                    }
                    Err(error) => {
                        answer.refuses = Some(error);
                        break;
                    }
                }
            }
        }
    }
    answer.documents.retain(|document| !document.is_null());
    answer
}

/// All documents of a YAML text, read as one stream: it is not split before, and no document is dropped. A comment may
/// still follow `---` directly.
///
/// # Errors
/// - libyaml does not read it
pub fn stream(text: &str) -> Result<Vec<Value>, String> {
    let separator = |line: &str| match line.strip_prefix("---#") {
        Some(comment) => format!("--- #{comment}"),
        None => line.to_owned(),
    };
    let text: String =
        text.strip_prefix('\u{feff}').unwrap_or(text).split_inclusive('\n').map(separator).collect();
    let (mut documents, _) = documents(&text, usize::MAX)?;
    documents.retain(|document| !document.is_null());
    Ok(documents)
}

/// The text between the lines that begin with `---`, with `\n` for `\r\n`.
fn stretches(text: &str) -> Result<Vec<String>, String> {
    let mut stretches = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let line = line.replace("\r\n", "\n");
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !(rest.is_empty() || rest.starts_with('#')) {
                return Err(format!("invalid Yaml document separator: {rest}"));
            }
            if !stretches.last().is_some_and(String::is_empty) {
                stretches.push(String::new());
                continue;
            }
        }
        // With the separator, if no text precedes it.
        *stretches.last_mut().unwrap() += &line;
    }
    Ok(stretches)
}

/// The first documents of a text, and whether there are more, or text that is not a document.
fn documents(text: &str, most: usize) -> Result<(Vec<Value>, bool), String> {
    // libyaml-safer panics where libyaml has an assertion, at a comma behind a tag.
    catch_unwind(|| parse(text, most)).unwrap_or_else(|_| Err("an assertion of libyaml".to_owned()))
}

fn parse(text: &str, most: usize) -> Result<(Vec<Value>, bool), String> {
    // As kubectl ends every line; libyaml-safer panics at a block scalar whose last line does not end.
    let text = if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) };
    let mut parser = Parser::new();
    parser.set_input(text.as_bytes());
    let mut documents = Vec::new();
    loop {
        let event = match parser.parse() {
            Ok(event) => event.data,
            Err(_) if documents.len() >= most => return Ok((documents, true)),
            Err(error) => return Err(error.to_string()),
        };
        match event {
            EventData::StreamStart { .. } => {}
            EventData::StreamEnd => return Ok((documents, false)),
            EventData::DocumentStart { .. } if documents.len() >= most => return Ok((documents, true)),
            EventData::DocumentStart { .. } => {
                let mut composer = Composer { parser: &mut parser, anchors: HashMap::new() };
                let event = composer.event()?;
                let node = composer.node(event)?;
                documents.push(value(&node)?);
                composer.event()?;
            }
            other => return Err(format!("unexpected {other:?}")),
        }
    }
}

enum Node {
    Scalar { text: String, tag: Option<String>, implicit: bool },
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
    Alias(Rc<Node>),
}

struct Composer<'p, 't> {
    parser: &'p mut Parser<&'t [u8]>,
    /// `None` while the node is being read
    anchors: HashMap<String, Option<Rc<Node>>>,
}

impl Composer<'_, '_> {
    fn event(&mut self) -> Result<EventData, String> {
        self.parser.parse().map(|event| event.data).map_err(|error| error.to_string())
    }

    fn node(&mut self, event: EventData) -> Result<Rc<Node>, String> {
        let (anchor, node) = match event {
            EventData::Alias { anchor } => match self.anchors.get(&anchor) {
                None => return Err(format!("unknown anchor '{anchor}' referenced")),
                Some(None) => return Err(format!("anchor '{anchor}' value contains itself")),
                Some(Some(node)) => return Ok(Rc::new(Node::Alias(node.clone()))),
            },
            EventData::Scalar { anchor, tag, value, plain_implicit, .. } => {
                (anchor, Node::Scalar { text: value, tag, implicit: plain_implicit })
            }
            EventData::SequenceStart { anchor, .. } => {
                self.open(anchor.as_ref());
                let mut items = Vec::new();
                loop {
                    match self.event()? {
                        EventData::SequenceEnd => break,
                        event => items.push(self.node(event)?),
                    }
                }
                (anchor, Node::Sequence(items))
            }
            EventData::MappingStart { anchor, .. } => {
                self.open(anchor.as_ref());
                let mut entries = Vec::new();
                loop {
                    let key = match self.event()? {
                        EventData::MappingEnd => break,
                        event => self.node(event)?,
                    };
                    let event = self.event()?;
                    entries.push((key, self.node(event)?));
                }
                (anchor, Node::Mapping(entries))
            }
            other => return Err(format!("unexpected {other:?}")),
        };
        let node = Rc::new(node);
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Some(node.clone()));
        }
        Ok(node)
    }

    fn open(&mut self, anchor: Option<&String>) {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor.clone(), None);
        }
    }
}

fn value(node: &Node) -> Result<Value, String> {
    match node {
        Node::Alias(node) => value(node),
        Node::Scalar { .. } => scalar(node)?.into_value(),
        Node::Sequence(items) => items.iter().map(|item| value(item)).collect(),
        Node::Mapping(entries) => {
            let mut map = Map::new();
            fill(&mut map, entries)?;
            Ok(Value::Object(map))
        }
    }
}

fn scalar(node: &Node) -> Result<Scalar, String> {
    let Node::Scalar { text, tag, implicit } = node else { return Err("no scalar".to_owned()) };
    match tag.as_deref() {
        None if !implicit => Ok(Scalar::Text(text.clone())),
        Some("tag:yaml.org,2002:binary") => {
            let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
            let bytes = BASE64_STANDARD.decode(text).map_err(|_| "invalid base64 data".to_owned())?;
            Ok(Scalar::Text(String::from_utf8_lossy(&bytes).into_owned()))
        }
        tag => resolve(tag, text),
    }
}

/// Puts in one entry after the other: a merge key replaces what is above it.
fn fill(map: &mut Map<String, Value>, entries: &[(Rc<Node>, Rc<Node>)]) -> Result<(), String> {
    for (name, node) in entries {
        if is_merge(name) {
            merge(map, node)?;
            continue;
        }
        let name = match followed(name) {
            node @ Node::Scalar { .. } => key(scalar(node)?)?,
            _ => return Err("invalid map key".to_owned()),
        };
        map.insert(name, value(node)?);
    }
    Ok(())
}

fn is_merge(name: &Node) -> bool {
    matches!(name, Node::Scalar { text, tag, implicit }
        if text == "<<" && (*implicit || tag.as_deref() == Some("tag:yaml.org,2002:merge")))
}

fn merge(map: &mut Map<String, Value>, node: &Node) -> Result<(), String> {
    let wanted = || "map merge requires map or sequence of maps as the value".to_owned();
    match node {
        Node::Mapping(entries) => fill(map, entries),
        Node::Alias(target) => match &**target {
            Node::Mapping(entries) => fill(map, entries),
            _ => Err(wanted()),
        },
        // In a list the earlier mapping wins.
        Node::Sequence(items) => items.iter().rev().try_for_each(|item| match followed(item) {
            Node::Mapping(entries) => fill(map, entries),
            _ => Err(wanted()),
        }),
        Node::Scalar { .. } => Err(wanted()),
    }
}

fn followed(node: &Node) -> &Node {
    match node {
        Node::Alias(target) => target,
        other => other,
    }
}
