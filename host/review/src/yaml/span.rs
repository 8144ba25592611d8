//! Spans in half of the library's bytes: a document can have millions of them, and none is longer than 4 GiB.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marker {
    index: u32,
    line: u32,
    column: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Marker,
    pub(super) end: Marker,
}

impl Marker {
    /// Characters or bytes before it, as the event source counts.
    pub(super) fn index(self) -> usize {
        self.index as usize
    }

    /// Its line, from 1.
    pub(super) fn line(self) -> usize {
        self.line as usize
    }

    /// Characters before it in the line.
    pub(super) fn col(self) -> usize {
        self.column as usize
    }
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl From<saphyr_parser::Marker> for Marker {
    fn from(marker: saphyr_parser::Marker) -> Self {
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { index: short(marker.index()), line: short(marker.line()), column: short(marker.col()) }
    }
}

impl From<saphyr_parser::Span> for Span {
    fn from(span: saphyr_parser::Span) -> Self {
        Self { start: span.start.into(), end: span.end.into() }
    }
}
