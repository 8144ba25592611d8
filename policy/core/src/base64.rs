//! Base64 as Go's `encoding/base64` decodes it: line breaks anywhere, loose trailing bits, the same errors.
//!
//! Our own, because the libraries give other errors, and each dependency of the policy costs bytes and start-up time.

use std::fmt;

/// Whether the text ends in `=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    /// `StdEncoding`
    Needed,
    /// `RawStdEncoding`
    Forbidden,
}

/// The offset at which Go gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorruptInput(pub usize);

impl fmt::Display for CorruptInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "illegal base64 data at input byte {}", self.0)
    }
}

/// Go: src/encoding/base64/base64.go `DecodeString`
pub(crate) fn decode(text: &[u8], padding: Padding) -> Result<Vec<u8>, CorruptInput> {
    let mut decoded = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let mut symbols = text.iter().enumerate().filter(|(_, b)| !matches!(b, b'\r' | b'\n'));
    loop {
        let mut quantum = [0_u8; 4];
        let mut length = 0;
        let mut last = false;
        for place in &mut quantum {
            let Some((at, byte)) = symbols.next() else {
                if length == 1 || (length > 0 && padding == Padding::Needed) {
                    return Err(CorruptInput(text.len() - length));
                }
                last = true;
                break;
            };
            match value(*byte) {
                Some(value) => *place = value,
                None if *byte == b'=' && padding == Padding::Needed && length >= 2 => {
                    if length == 2 {
                        match symbols.next() {
                            None => return Err(CorruptInput(text.len())),
                            Some((_, b'=')) => {}
                            Some((at, _)) => return Err(CorruptInput(at - 1)),
                        }
                    }
                    if let Some((at, _)) = symbols.next() {
                        return Err(CorruptInput(at));
                    }
                    last = true;
                    break;
                }
                None => return Err(CorruptInput(at)),
            }
            length += 1;
        }
        let [a, b, c, d] = quantum;
        let bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        decoded.extend(bytes.iter().take(length.saturating_sub(1)));
        if last {
            return Ok(decoded);
        }
    }
}

/// Base64 of the URL alphabet without padding, as JSON web tokens have it.
pub(crate) fn decode_url(text: &str) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text
        .bytes()
        .map(|b| match b {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    decode(&standard, Padding::Forbidden).ok()
}

fn value(symbol: u8) -> Option<u8> {
    match symbol {
        b'A'..=b'Z' => Some(symbol - b'A'),
        b'a'..=b'z' => Some(symbol - b'a' + 26),
        b'0'..=b'9' => Some(symbol - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}
