//! Custom sections of a WebAssembly module: where Kubewarden keeps a policy's metadata.

use wasm_encoder::{CustomSection, Module, Section as _};
use wasmparser::{Parser, Payload};

/// The section that holds a Kubewarden policy's metadata as JSON.
pub const METADATA: &str = "io.kubewarden.metadata";

/// Why bytes could not be read as a WebAssembly module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The header of a core module is missing
    #[error("it does not begin with the header of a core module")]
    NotAModule,
    /// The sections cannot be parsed; the reason names the offset
    #[error("{0}")]
    Malformed(String),
    /// The name or the new content is longer than a module can say
    #[error("a section cannot be longer than 4 GiB")]
    TooLong,
}

/// The contents of all custom sections called `name`, in order; Kubewarden reads the first.
///
/// # Errors
/// Where `wasm` is not a sequence of sections.
pub fn custom_sections<'a>(wasm: &'a [u8], name: &str) -> Result<Vec<&'a [u8]>, SectionError> {
    let mut found = Vec::new();
    for payload in payloads(wasm)? {
        if let Payload::CustomSection(section) = payload?
            && section.name() == name
        {
            found.push(section.data());
        }
    }
    Ok(found)
}

/// A copy of `wasm` whose only custom section called `name` is the last one, with this `content`.
///
/// # Errors
/// Where `wasm` is not a sequence of sections, or the new one would be longer than 4 GiB.
pub fn with_section(wasm: &[u8], name: &str, content: &[u8]) -> Result<Vec<u8>, SectionError> {
    // The encoder panics beyond that.
    let length = name.len().saturating_add(content.len()).saturating_add(size_of::<u64>());
    u32::try_from(length).map_err(|_| SectionError::TooLong)?;

    let mut out = Vec::with_capacity(wasm.len().saturating_add(length));
    out.extend_from_slice(&Module::HEADER);
    // Every other section is copied byte by byte: an encoder would write some lengths in fewer bytes.
    let mut start = Module::HEADER.len();
    for payload in payloads(wasm)? {
        let payload = payload?;
        let Some((_, body)) = payload.as_section() else { continue };
        if !matches!(&payload, Payload::CustomSection(section) if section.name() == name) {
            out.extend_from_slice(wasm.get(start..body.end).unwrap_or_default());
        }
        start = body.end;
    }
    CustomSection { name: name.into(), data: content.into() }.append_to(&mut out);
    Ok(out)
}

type Parsed<'a> = Result<Payload<'a>, SectionError>;

fn payloads(wasm: &[u8]) -> Result<impl Iterator<Item = Parsed<'_>>, SectionError> {
    if !wasm.starts_with(&Module::HEADER) {
        return Err(SectionError::NotAModule);
    }
    let payloads = Parser::new(0).parse_all(wasm);
    Ok(payloads.map(|payload| payload.map_err(|error| SectionError::Malformed(error.to_string()))))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::Module;

    use super::{METADATA, SectionError, custom_sections, with_section};

    fn module(sections: &[u8]) -> Vec<u8> {
        [&Module::HEADER, sections].concat()
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
    fn what_is_not_a_core_module_is_refused() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x0d\0\x01\0", b"(module)", b"PK\x03\x04"] {
            assert_eq!(custom_sections(bytes, METADATA), Err(SectionError::NotAModule));
        }
    }

    #[test]
    fn every_truncation_is_an_error_or_ends_between_sections() {
        let wasm = with_section(&module(&[1, 1, 0]), METADATA, b"{}").unwrap();
        for end in 0..wasm.len() {
            let cut = custom_sections(&wasm[..end], METADATA);
            let whole_sections = end == 8 || end == 11;
            assert_eq!(cut.is_ok(), whole_sections, "{end} bytes: {cut:?}");
        }
    }

    #[test]
    fn hostile_lengths_are_errors_that_name_their_place() {
        let cases: [(&[u8], usize); 7] = [
            (&[0, 0xff, 0xff, 0xff, 0xff, 0x0f], 14),
            (&[0, 0xff, 0xff, 0xff, 0xff, 0x7f], 13),
            (&[0, 0x80, 0x80, 0x80, 0x80, 0x80, 0], 13),
            (&[0, 0x80], 10),
            (&[0, 0], 10),
            (&[0, 2, 5, b'x'], 11),
            (&[10, 0xff, 0xff, 0xff, 0xff, 0x0f], 14),
        ];
        for (sections, offset) in cases {
            let read = custom_sections(&module(sections), METADATA).unwrap_err();
            let written = with_section(&module(sections), METADATA, b"").unwrap_err();
            assert_eq!(read, written, "{sections:?}");
            assert!(
                matches!(&read, SectionError::Malformed(reason) if reason.contains(&format!("{offset:#x})"))),
                "{sections:?}: {read:?}"
            );
        }
    }

    #[test]
    fn lengths_with_padding_are_kept_as_they_are() {
        let padded_type_section = [1, 0x81, 0x80, 0x80, 0x80, 0, 0];
        let wasm = module(&padded_type_section);
        assert!(with_section(&wasm, METADATA, b"{}").unwrap().starts_with(&wasm));
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
