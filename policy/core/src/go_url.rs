//! The part of Go's `net/url` that the kubelet's keyring relies on: host and path of an `https://` address.
//!
//! Our own, because Rust's URL libraries follow the WHATWG standard, which reads other hosts and ports.
//!
//! Go: src/net/url/url.go (`parse`, `parseAuthority`, `parseHost`, `unescape`), src/net/ipsock.go (`SplitHostPort`).

use std::borrow::Cow;
use std::fmt;

use crate::ascii::{has_any, is_any};

/// Host and path of an address, both percent-decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoUrl<'a> {
    pub(crate) host: Cow<'a, str>,
    pub(crate) path: Cow<'a, str>,
}

/// Why Go refuses an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlError {
    /// A control character before the fragment
    ControlCharacter,
    /// `%` without two hexadecimal digits, or with digits that a host may not hide
    Escape,
    /// A character that no host may have
    HostCharacter,
    /// The text after the last colon is not a number
    Port,
    /// Brackets outside an IPv6 literal
    Bracket,
    /// A character that no user name may have
    UserInfo,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlCharacter => f.write_str("it has a control character"),
            Self::Escape => f.write_str("it has an invalid percent escape"),
            // Without the character: it may be one of a password.
            Self::HostCharacter => f.write_str("its host has a character that no host name has"),
            Self::Port => f.write_str("the port is not a number"),
            Self::Bracket => f.write_str("brackets are only for IPv6 addresses"),
            Self::UserInfo => f.write_str("the user name has an invalid character"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    Other,
}

impl<'a> GoUrl<'a> {
    /// Parses what follows `https://` or `http://`.
    pub(crate) fn parse(text: &'a str) -> Result<Self, UrlError> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return Err(UrlError::ControlCharacter);
        }
        unescape(fragment, Part::Other)?;
        let text = text.split_once('?').map_or(text, |(before, _)| before);
        let slash = text.find('/').unwrap_or(text.len());
        let (authority, path) = text.split_at_checked(slash).unwrap_or((text, ""));
        Ok(Self { host: parse_authority(authority)?, path: unescape(path, Part::Other)? })
    }

    /// The host without its port, and the port, empty where there is none.
    /// kubelet: pkg/credentialprovider/keyring.go `SplitURL`
    pub(crate) fn host_and_port(&self) -> (&str, &str) {
        split_host_port(&self.host).unwrap_or((&self.host, ""))
    }
}

fn parse_authority(authority: &str) -> Result<Cow<'_, str>, UrlError> {
    let Some((user, host)) = authority.rsplit_once('@') else { return parse_host(authority) };
    let host = parse_host(host)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&b);
    if !user.bytes().all(allowed) {
        return Err(UrlError::UserInfo);
    }
    unescape(user, Part::Other)?;
    Ok(host)
}

fn parse_host(host: &str) -> Result<Cow<'_, str>, UrlError> {
    let port = if let Some(literal) = host.strip_prefix('[') {
        let (address, port) = literal.rsplit_once(']').ok_or(UrlError::Bracket)?;
        if !is_ipv6(address) {
            return Err(UrlError::Bracket);
        }
        port
    } else if has_any(host, "[]") {
        // Go before 1.25 let these through to a glob's character class; later ones refuse the address.
        return Err(UrlError::Bracket);
    } else {
        host.rfind(':').and_then(|colon| host.get(colon..)).unwrap_or_default()
    };
    let valid = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    if !valid {
        return Err(UrlError::Port);
    }
    unescape(host, Part::Host)
}

/// Whether Go's `netip.ParseAddr` accepts the text as an IPv6 address. One with a zone, or with an IPv4 address at its end, is
/// left out: no image has such a host.
fn is_ipv6(text: &str) -> bool {
    let (mut groups, mut digits, mut gaps, mut last) = (0, 0, 0, b'0');
    for byte in text.bytes() {
        if byte == b':' {
            gaps += u32::from(last == b':');
            digits = 0;
        } else if byte.is_ascii_hexdigit() && digits < 4 {
            groups += u32::from(digits == 0);
            digits += 1;
        } else {
            return false;
        }
        last = byte;
    }
    // A colon at either end is one half of the gap.
    let ends = (!text.starts_with(':') || text.starts_with("::")) && (last != b':' || text.ends_with("::"));
    ends && matches!((gaps, groups), (0, 8) | (1, ..=7))
}

fn unescape(text: &str, part: Part) -> Result<Cow<'_, str>, UrlError> {
    if part == Part::Host {
        let allowed = "-_.~!$&'()*+,;=:[]<>\"%";
        let forbidden = |b: u8| b.is_ascii() && !b.is_ascii_alphanumeric() && !is_any(b, allowed);
        if text.bytes().any(forbidden) {
            return Err(UrlError::HostCharacter);
        }
    }
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let value =
            bytes.next().and_then(hex).zip(bytes.next().and_then(hex)).map(|(high, low)| high << 4 | low);
        match value {
            // A host may hide only bytes beyond ASCII, and the percent sign of an IPv6 zone.
            Some(value) if part != Part::Host || value >= 0x80 || value == b'%' => decoded.push(value),
            _ => return Err(UrlError::Escape),
        }
    }
    // Go keeps any bytes; a registry or repository with such bytes does not exist, so a lossy copy never matches either.
    Ok(Cow::Owned(String::from_utf8_lossy(&decoded).into_owned()))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// `None` where Go's function returns an error.
fn split_host_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']').filter(|address| !has_any(address, "[]"))?,
        None => Some(host).filter(|host| !has_any(host, ":[]"))?,
    };
    (!has_any(port, "[]")).then_some((host, port))
}
