//! Spans in a quarter of the library's bytes: a document can have millions of them, and none is longer than 4 GiB.

use std::ops::Range;

/// Bytes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(range: Range<usize>) -> Self {
        Self { start: short(range.start), end: short(range.end) }
    }

    pub(super) fn empty(at: usize) -> Self {
        Self::new(at..at)
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn end(self) -> usize {
        self.end as usize
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start()..self.end()
    }

    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(super) fn text(self, whole: &str) -> &str {
        whole.get(self.range()).unwrap_or_default()
    }
}

impl From<granit_parser::Span> for Span {
    fn from(span: granit_parser::Span) -> Self {
        // Only inputs that are not strings have no bytes.
        Self::new(span.byte_range().unwrap_or_default())
    }
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
