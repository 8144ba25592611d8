//! Spellings of a text: base64, hexadecimal digits, the escapes of JSON and of URLs, and the list of bytes that a Go program prints.

use std::ops::Range;

/// How often one spelling may be within another.
const DEPTH: usize = 3;

/// The shortest base64 that is decoded, in characters.
const SHORTEST: usize = 8;

/// Whether the test holds for a text, or for a decoded form of a part of it.
pub fn in_any_spelling(text: &[u8], is_found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    in_spellings(text, DEPTH, is_found)
}

/// The same, with at most `depth` spellings within each other.
pub fn in_spellings(text: &[u8], depth: usize, is_found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    if is_found(text) {
        return true;
    }
    if depth == 0 {
        return false;
    }
    let mut within = |decoded: Vec<u8>| in_spellings(&decoded, depth - 1, is_found);
    let escapes = [(b'\\', unescape_json as fn(&[u8]) -> Vec<u8>), (b'%', unescape_url)];
    if escapes.iter().any(|(sign, unescape)| text.contains(sign) && within(unescape(text))) {
        return true;
    }
    if byte_lists(text).any(|(_, bytes)| within(bytes)) {
        return true;
    }
    // Lines of base64 are one text.
    let joined: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let runs = |is_part: fn(u8) -> bool| joined.split(move |byte| !is_part(*byte));
    // The start of the base64 is not known if letters precede it.
    runs(is_base64)
        .filter(|run| run.len() >= SHORTEST)
        .any(|run| (0..4).any(|start| within(base64(run.get(start..).unwrap_or_default()))))
        || runs(|byte| byte.is_ascii_hexdigit())
            .filter(|run| run.len() >= 2 * SHORTEST - 4)
            .any(|run| (0..2).any(|start| within(hexadecimal(run.get(start..).unwrap_or_default()))))
}

/// The lists of bytes in a text, such as `[90 113 55]`, with their places. Go: `fmt` of a `[]byte`; others have commas.
pub fn byte_lists(text: &[u8]) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> {
    let begins = text.iter().enumerate().filter(|(_, byte)| **byte == b'[').map(|(at, _)| at);
    begins.filter_map(|begin| {
        let rest = text.get(begin + 1..)?;
        let is_of_list = |byte: &&u8| byte.is_ascii_digit() || **byte == b',' || byte.is_ascii_whitespace();
        let end = rest.iter().take_while(is_of_list).count();
        let list = std::str::from_utf8(rest.get(..end)?).ok()?;
        let numbers = list.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        let bytes = numbers.map(|digits| digits.parse().ok()).collect::<Option<Vec<u8>>>()?;
        (!bytes.is_empty()).then_some((begin + 1..begin + 1 + end, bytes))
    })
}

/// Whether a byte is a digit of base64, in either alphabet.
pub fn is_base64(byte: u8) -> bool {
    sextet(byte).is_some()
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Whole bytes of base64, in either alphabet, without regard to its length.
pub fn base64(text: &[u8]) -> Vec<u8> {
    let sextets: Vec<u8> = text.iter().copied().filter_map(sextet).collect();
    let mut bytes = Vec::with_capacity(sextets.len() / 4 * 3 + 3);
    for four in sextets.chunks(4) {
        let at = |index: usize| four.get(index).copied().unwrap_or_default();
        let three = [at(0) << 2 | at(1) >> 4, at(1) << 4 | at(2) >> 2, at(2) << 6 | at(3)];
        bytes.extend(three.into_iter().take(four.len().saturating_sub(1)));
    }
    bytes
}

fn hexadecimal(text: &[u8]) -> Vec<u8> {
    let pair = |two: &[u8]| {
        let digits = std::str::from_utf8(two).ok().filter(|_| two.len() == 2)?;
        u8::from_str_radix(digits, 16).ok()
    };
    text.chunks(2).filter_map(pair).collect()
}

/// Replaces escapes of bytes or characters after a sign.
fn unescape(text: &[u8], sign: u8, read: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if let Some((bytes, length)) = read(after).filter(|_| *first == sign) {
            plain.extend(bytes);
            rest = after.get(length..).unwrap_or_default();
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    plain
}

fn number(digits: Option<&[u8]>) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits?).ok()?, 16).ok()
}

/// Escapes of JSON; `\x41` is one of YAML, of shells and of JavaScript.
fn unescape_json(text: &[u8]) -> Vec<u8> {
    unescape(text, b'\\', |after| {
        let byte = |byte: u8| Some((vec![byte], 1));
        let coded = |length: usize| {
            let c = char::from_u32(number(after.get(1..=length))?)?;
            Some((c.to_string().into_bytes(), length + 1))
        };
        match after.first()? {
            b'n' => byte(b'\n'),
            b'r' => byte(b'\r'),
            b't' => byte(b'\t'),
            b'b' => byte(8),
            b'f' => byte(12),
            b'u' => coded(4),
            b'U' => coded(8),
            b'x' => coded(2),
            other => byte(*other),
        }
    })
}

fn unescape_url(text: &[u8]) -> Vec<u8> {
    unescape(text, b'%', |after| Some((vec![u8::try_from(number(after.get(..2))?).ok()?], 2)))
}
