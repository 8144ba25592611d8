//! One document as a tree of nodes in a flat list, each with its span, aliases not yet followed.

use std::ops::Range;

use granit_parser::ScalarStyle;
use serde_json::Value;

use super::{problem::Problem, span::Span};

/// A document.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: usize,
    /// Are there aliases, so that a node may be visited more than once?
    pub(super) shared: bool,
    pub(super) index: usize,
    pub(super) span: Range<usize>,
    /// Bytes of the text before the `---` that begins it, and of that `---`; `None` where there is none
    pub(super) marker: Option<Marker>,
    pub(super) notes: Vec<Problem>,
}

/// The `---` that begins a document.
#[derive(Clone)]
pub(super) struct Marker {
    /// Bytes of the comments and directives above it
    pub(super) above: Range<usize>,
    /// Where it ends
    pub(super) end: usize,
}

/// A value where it is written.
pub(super) struct Node {
    pub(super) content: Content,
    /// Bytes of a scalar, an alias or a flow collection, and where a block begins; its tag and anchor included
    pub(super) span: Span,
    /// Style of a scalar; `None` for one without text
    pub(super) style: Option<ScalarStyle>,
    /// Is it a flow collection?
    pub(super) flow: bool,
    /// Does an alias refer to it?
    pub(super) aliased: bool,
}

pub(super) enum Content {
    Scalar(Value),
    /// The node with the anchor
    Alias(usize),
    Sequence(Vec<usize>),
    Mapping(Vec<Entry>),
}

/// A key with its value.
pub(super) struct Entry {
    /// `None` for the merge key `<<`
    pub(super) key: Option<String>,
    pub(super) span: Span,
    pub(super) node: usize,
}

impl Tree {
    /// Is there nothing but comments?
    pub(super) fn is_blank(&self) -> bool {
        self.nodes
            .get(self.root)
            .is_none_or(|node| node.style.is_none() && matches!(node.content, Content::Scalar(_)))
    }

    /// Byte of the first node.
    pub(super) fn first(&self) -> Option<usize> {
        self.nodes.first().map(|node| node.span.start())
    }

    /// The template in the last `# Source:` comment before the first node.
    pub(super) fn helm_source(&self, text: &str) -> Option<String> {
        let part = text.get(self.span.clone())?;
        let before = part
            .lines()
            .map(str::trim)
            .take_while(|line| line.is_empty() || line.starts_with(['#', '\u{feff}']));
        let named =
            before.filter_map(|line| line.trim_start_matches('\u{feff}').strip_prefix("# Source:")).last()?;
        Some(named.trim().to_owned()).filter(|path| !path.is_empty())
    }
}
