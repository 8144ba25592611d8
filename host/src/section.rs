//! Custom sections of a WebAssembly module: where Kubewarden keeps a policy's metadata.
//!
//! `build.rs` compiles this file too, hence the standard library only. A module is a header, then sections
//! of `id, length, body`; a custom section has id 0 and a body of `name length, name, content`. Numbers are
//! LEB128.

use std::fmt;

/// The section that holds a Kubewarden policy's metadata as JSON.
pub const METADATA: &str = "io.kubewarden.metadata";

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
const CUSTOM: u8 = 0;

/// Why bytes could not be read as a WebAssembly module. Offsets are in bytes from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SectionError {
    /// The header of a core module is missing.
    NotAModule,
    /// The number at this offset is no LEB128 of 32 bits.
    BadNumber(usize),
    /// What starts at this offset is longer than the bytes that are left.
    Truncated(usize),
    /// The name or the new content is longer than a module can say.
    TooLong,
}

impl fmt::Display for SectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAModule => write!(f, "it does not start as one does"),
            Self::BadNumber(offset) => write!(f, "there is a malformed length at byte {offset}"),
            Self::Truncated(offset) => write!(f, "it ends in the middle of what starts at byte {offset}"),
            Self::TooLong => write!(f, "a section cannot be longer than 4 GiB"),
        }
    }
}

impl std::error::Error for SectionError {}

/// The contents of all custom sections called `name`, in order; Kubewarden reads the first.
///
/// # Errors
/// Where `wasm` is not a sequence of sections.
pub fn custom_sections<'a>(wasm: &'a [u8], name: &str) -> Result<Vec<&'a [u8]>, SectionError> {
    let sections = sections(wasm)?;
    Ok(sections.iter().filter_map(|section| section.custom(name)).collect())
}

/// A copy of `wasm` whose only custom section called `name` is the last one, with this `content`.
///
/// # Errors
/// Where `wasm` is not a sequence of sections, or the new one would be longer than 4 GiB.
pub fn with_section(wasm: &[u8], name: &str, content: &[u8]) -> Result<Vec<u8>, SectionError> {
    let mut body = leb128(name.len())?;
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);

    let mut out = Vec::with_capacity(wasm.len().saturating_add(body.len()));
    out.extend_from_slice(HEADER);
    for section in sections(wasm)?.iter().filter(|section| section.custom(name).is_none()) {
        out.extend_from_slice(section.raw);
    }
    out.push(CUSTOM);
    out.extend(leb128(body.len())?);
    out.extend(body);
    Ok(out)
}

struct Section<'a> {
    /// The whole section, with its id and length.
    raw: &'a [u8],
    /// Name and content of a custom section.
    custom: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Section<'a> {
    fn custom(&self, wanted: &str) -> Option<&'a [u8]> {
        self.custom.filter(|(name, _)| *name == wanted.as_bytes()).map(|(_, content)| content)
    }
}

fn sections(wasm: &[u8]) -> Result<Vec<Section<'_>>, SectionError> {
    let body = wasm.strip_prefix(HEADER).ok_or(SectionError::NotAModule)?;
    let mut reader = Reader { rest: body, offset: HEADER.len() };
    let mut found = Vec::new();
    while let Some((&id, _)) = reader.rest.split_first() {
        let mut inner = Reader { rest: reader.rest, offset: reader.offset };
        inner.take(1)?;
        let length = inner.number()?;
        let content_at = inner.offset;
        let content = inner.take(length)?;
        let raw = reader.take(inner.offset.saturating_sub(reader.offset))?;
        let mut custom = None;
        if id == CUSTOM {
            let mut content = Reader { rest: content, offset: content_at };
            let length = content.number()?;
            custom = Some((content.take(length)?, content.rest));
        }
        found.push(Section { raw, custom });
    }
    Ok(found)
}

struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], SectionError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(SectionError::Truncated(self.offset))?;
        self.rest = rest;
        self.offset = self.offset.saturating_add(length);
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, SectionError> {
        let start = self.offset;
        let mut number = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let number = u32::try_from(number).map_err(|_| SectionError::BadNumber(start))?;
                return usize::try_from(number).map_err(|_| SectionError::BadNumber(start));
            }
        }
        Err(SectionError::BadNumber(start))
    }
}

fn leb128(number: usize) -> Result<Vec<u8>, SectionError> {
    let mut number = u32::try_from(number).map_err(|_| SectionError::TooLong)?;
    let mut out = Vec::with_capacity(5);
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return Ok(out);
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::{HEADER, METADATA, SectionError, custom_sections, with_section};

    fn module(sections: &[u8]) -> Vec<u8> {
        [HEADER, sections].concat()
    }

    #[test]
    fn a_section_that_was_added_is_found_again() {
        let long = vec![b'x'; 70_000];
        let wasm = with_section(&module(&[]), METADATA, &long).unwrap();
        assert_eq!(custom_sections(&wasm, METADATA).unwrap(), [&long[..]]);
        assert!(custom_sections(&wasm, "name").unwrap().is_empty());
    }

    #[test]
    fn adding_again_replaces_and_keeps_every_other_section() {
        let empty_type_section = [1, 1, 0];
        let wasm = with_section(&module(&empty_type_section), "other", b"kept").unwrap();
        let twice = with_section(&with_section(&wasm, METADATA, b"old").unwrap(), METADATA, b"new").unwrap();
        assert_eq!(custom_sections(&twice, METADATA).unwrap(), [b"new"]);
        assert_eq!(custom_sections(&twice, "other").unwrap(), [b"kept"]);
        assert_eq!(twice, with_section(&wasm, METADATA, b"new").unwrap());
        assert!(twice.starts_with(&module(&empty_type_section)));
    }

    #[test]
    fn what_is_no_core_module_is_refused() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0", b"(module)", b"PK\x03\x04"] {
            assert_eq!(custom_sections(bytes, METADATA), Err(SectionError::NotAModule));
        }
    }

    #[test]
    fn every_truncation_is_an_error_or_ends_between_sections() {
        let wasm = with_section(&module(&[1, 1, 0]), METADATA, b"{}").unwrap();
        for end in 0..wasm.len() {
            let cut = custom_sections(&wasm[..end], METADATA);
            let whole_sections = end == HEADER.len() || end == HEADER.len() + 3;
            assert_eq!(cut.is_ok(), whole_sections, "{end} bytes: {cut:?}");
        }
    }

    #[test]
    fn hostile_lengths_are_errors() {
        let cases: [(&[u8], SectionError); 6] = [
            (&[0, 0xff, 0xff, 0xff, 0xff, 0x0f], SectionError::Truncated(14)),
            (&[0, 0xff, 0xff, 0xff, 0xff, 0x7f], SectionError::BadNumber(9)),
            (&[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0], SectionError::BadNumber(9)),
            (&[0, 0x80], SectionError::Truncated(10)),
            (&[0, 0], SectionError::Truncated(10)),
            (&[0, 2, 5, b'x'], SectionError::Truncated(11)),
        ];
        for (sections, error) in cases {
            assert_eq!(custom_sections(&module(sections), METADATA), Err(error), "{sections:?}");
            assert_eq!(with_section(&module(sections), METADATA, b""), Err(error), "{sections:?}");
        }
    }

    #[test]
    fn any_byte_changed_to_anything_never_panics() {
        let wasm = with_section(&module(&[1, 1, 0]), METADATA, b"{\"rules\":[]}").unwrap();
        for at in 0..wasm.len() {
            for byte in 0..=u8::MAX {
                let mut changed = wasm.clone();
                changed[at] = byte;
                let _ = custom_sections(&changed, METADATA);
                let _ = with_section(&changed, METADATA, b"{}");
            }
        }
    }
}
