//! Searches in short texts for ASCII characters.
//!
//! The standard library's are made for long texts and are compiled again for each set of characters.

/// Whether one of `characters` is in the text.
pub(crate) fn has_any(text: &str, characters: &str) -> bool {
    text.bytes().any(|byte| is_any(byte, characters))
}

/// Whether the byte is one of `characters`.
pub(crate) fn is_any(byte: u8, characters: &str) -> bool {
    characters.bytes().any(|character| character == byte)
}
