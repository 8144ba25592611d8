//! How the text of a file is written as bytes: in UTF-8, or in UTF-16 as PowerShell 5 writes it.
//!
//! go-yaml v2 (`readerc.go`) tells them apart by the byte order mark, and kubectl reads a byte that is not UTF-8 as U+FFFD.

use std::char::{DecodeUtf16Error, REPLACEMENT_CHARACTER};

const BIG_ENDIAN_MARK: [u8; 2] = [0xfe, 0xff];
const LITTLE_ENDIAN_MARK: [u8; 2] = [0xff, 0xfe];

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8
    #[default]
    Utf8,
    /// UTF-16, the low byte first
    Utf16Little,
    /// UTF-16, the high byte first
    Utf16Big,
}

impl Encoding {
    /// The encoding according to the byte order mark of a text.
    pub fn of(text: &[u8]) -> Self {
        if text.starts_with(&LITTLE_ENDIAN_MARK) {
            Self::Utf16Little
        } else if text.starts_with(&BIG_ENDIAN_MARK) {
            Self::Utf16Big
        } else {
            Self::Utf8
        }
    }

    /// The text of bytes in UTF-16, its byte order mark included.
    ///
    /// # Errors
    /// - half a character, with the text before it
    pub fn decode(self, bytes: &[u8]) -> Result<String, String> {
        let (pairs, odd) = bytes.as_chunks::<2>();
        let unit = |pair: &[u8; 2]| match self {
            Self::Utf16Big => u16::from_be_bytes(*pair),
            Self::Utf16Little | Self::Utf8 => u16::from_le_bytes(*pair),
        };
        let mut text = String::with_capacity(bytes.len() / 2);
        let characters = char::decode_utf16(pairs.iter().map(unit));
        let whole = characters.map(|read| read.map(|character| text.push(character)));
        match whole.collect::<Result<(), DecodeUtf16Error>>() {
            Ok(()) if odd.is_empty() => Ok(text),
            _ => Err(text),
        }
    }

    /// The bytes of a text.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf16Little => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Big => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

/// A text in which each byte that is not UTF-8 became U+FFFD, and the first such place.
pub(super) fn replaced(bytes: &[u8]) -> (String, Option<usize>) {
    let mut text = String::with_capacity(bytes.len());
    let mut first = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            first.get_or_insert(text.len());
        }
        text.extend(chunk.invalid().iter().map(|_| REPLACEMENT_CHARACTER));
    }
    (text, first)
}
