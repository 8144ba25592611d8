//! Scalars as go-yaml v2 resolves them: YAML 1.1, plain style only.
//!
//! The rules are those of `resolve.go` in sigs.k8s.io/yaml/goyaml.v2.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use granit_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// A resolved scalar, and a note on it.
pub(super) type Resolved = (Value, Option<Remark>);

/// A problem of a scalar, or a note on it.
#[derive(Debug)]
pub(super) struct Remark {
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

impl From<String> for Remark {
    fn from(message: String) -> Self {
        Self { message, help: None }
    }
}

impl From<&str> for Remark {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl Remark {
    fn help(self, help: &'static str) -> Self {
        Self { help: Some(help), ..self }
    }
}

/// The note on a tag without a meaning. It does not show the tag: an unquoted password may begin with `!`.
fn unknown_tag() -> Remark {
    Remark::from("this tag has no meaning here, so its value is read as text")
        .help("quote the whole value if the `!` belongs to it")
}

const QUOTE_IT: &str = "quote it if you mean this text";

/// The value of a YAML scalar.
///
/// # Errors
/// What is wrong with it: a number that JSON does not have, or a text that does not fit its tag.
pub(super) fn resolve(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Resolved, Remark> {
    let Some(tag) = tag else {
        let value = if style == ScalarStyle::Plain { plain(text)? } else { Value::String(text.into_owned()) };
        return Ok((value, None));
    };
    let Some(name) = yaml_name(tag) else {
        // The lone `!` makes a text of any scalar.
        let remark = (!is_lone(tag)).then(unknown_tag);
        return Ok((Value::String(text.into_owned()), remark));
    };
    // Without the value: it may be one of a Secret.
    let mismatch = || Remark::from(format!("this value cannot be read as !!{name}"));
    let value = match &*name {
        "str" => Value::String(text.into_owned()),
        "timestamp" => {
            let remark = "kubectl refuses a !!timestamp that is not a date";
            return Ok((Value::String(text.into_owned()), Some(remark.into())));
        }
        "binary" => Value::String(decoded(&text).ok_or("this !!binary value is not base64")?),
        "null" => plain(Cow::Borrowed(&text))?.is_null().then_some(Value::Null).ok_or_else(mismatch)?,
        "bool" => Some(plain(Cow::Borrowed(&text))?).filter(Value::is_boolean).ok_or_else(mismatch)?,
        "int" => integer(&text.replace('_', "")).map(Value::Number).ok_or_else(mismatch)?,
        "float" => match plain(Cow::Borrowed(&text))? {
            Value::Number(number) => Value::Number(number),
            _ => return Err(mismatch()),
        },
        _ => return Ok((Value::String(text.into_owned()), Some(unknown_tag()))),
    };
    Ok((value, None))
}

/// The name of a tag of YAML's own, such as `!!str`.
pub(super) fn yaml_name(tag: &Tag) -> Option<Cow<'_, str>> {
    tag.suffix_in_namespace("tag:yaml.org,2002:")
}

/// Is it the tag `!`, which has no name?
pub(super) fn is_lone(tag: &Tag) -> bool {
    tag.handle().is_empty() && tag.suffix() == "!"
}

/// The decoded base64, with invalid UTF-8 replaced, as in kubectl.
fn decoded(text: &str) -> Option<String> {
    // Go ignores line ends within base64, and spare bits at its end.
    const GO: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    let bytes = GO.decode(text.replace(['\r', '\n'], "")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The text of a mapping key, as sigs.k8s.io/yaml writes those that are not strings: `yaml.go`, `convertToJSONableObject`.
///
/// # Errors
/// Why the value cannot be a key.
pub(super) fn key(value: Value) -> Result<String, Remark> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) if number.as_i64().is_none() && number.is_u64() => {
            Err(Remark::from("kubectl refuses a number of 64 bits as a key").help(QUOTE_IT))
        }
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => Ok(float_key(float)),
            None => Ok(number.to_string()),
        },
        Value::Null => Err(Remark::from("a key must not be null").help(QUOTE_IT)),
        Value::Array(_) | Value::Object(_) => {
            Err("a key must be a plain value, not a mapping or list".into())
        }
    }
}

/// The text of an unquoted key that go-yaml reads as a float; `None` if it reads it as something else.
pub(super) fn float_as_key(text: &str) -> Option<String> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(".inf".to_owned()),
        "-.inf" | "-.Inf" | "-.INF" => return Some("-.inf".to_owned()),
        ".nan" | ".NaN" | ".NAN" => return Some(".nan".to_owned()),
        _ => {}
    }
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) || number(text).is_none() {
        return None;
    }
    let text = text.replace('_', "");
    integer(&text).is_none().then(|| text.parse().ok().map(float_key))?
}

/// Go: `strconv.FormatFloat(float, 'g', -1, 32)`, with YAML's names for infinity and NaN.
fn float_key(float: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "the same loss as in sigs.k8s.io/yaml")]
    let float = float as f32;
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let written = format!("{float:e}");
    let Some((digits, exponent)) = written.split_once('e') else { return written };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => float.to_string(),
    }
}

fn plain(text: Cow<'_, str>) -> Result<Value, Remark> {
    let Some(first) = text.bytes().next() else { return Ok(Value::Null) };
    // Most scalars are words, so one look at the first byte spares them the rest.
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
            if matches!(unsigned, ".inf" | ".Inf" | ".INF")
                || matches!(text.as_ref(), ".nan" | ".NaN" | ".NAN")
            {
                let message = format!("`{text}` is a number that JSON, and so Kubernetes, cannot hold");
                return Err(Remark::from(message).help(QUOTE_IT));
            }
            Ok(number(&text).map_or_else(|| Value::String(text.into_owned()), Value::Number))
        }
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => {
            Ok(match text.as_ref() {
                "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                    Value::Bool(true)
                }
                "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
                    Value::Bool(false)
                }
                "~" | "null" | "Null" | "NULL" => Value::Null,
                _ => Value::String(text.into_owned()),
            })
        }
        _ => Ok(Value::String(text.into_owned())),
    }
}

fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    if first == b'.' {
        return if text.starts_with("._") { None } else { float(&text.replace('_', "")) };
    }
    if !first.is_ascii_digit() && !matches!(first, b'+' | b'-') {
        return None;
    }
    // Dates, versions and quantities are the usual texts that begin with a digit.
    if !text.bytes().all(|byte| {
        byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'+' | b'-' | b'.' | b'x' | b'X' | b'o' | b'O')
    }) {
        return None;
    }
    let text: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    integer(&text).or_else(|| float(&text))
}

/// An integer with Go's prefixes, where a leading zero means octal; `None` where it has more than 64 bits.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixed = |prefix: [&str; 2]| prefix.into_iter().find_map(|prefix| digits.strip_prefix(prefix));
    let (radix, digits) = if let Some(rest) = prefixed(["0x", "0X"]) {
        (16, rest)
    } else if let Some(rest) = prefixed(["0o", "0O"]) {
        (8, rest)
    } else if let Some(rest) = prefixed(["0b", "0B"]) {
        (2, rest)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, digits)
    } else {
        (10, digits)
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        // go-yaml takes a sign behind this prefix: `resolve.go`.
        let signed = text.strip_prefix("0b").and_then(|digits| i64::from_str_radix(digits, 2).ok());
        return signed.map(Number::from);
    }
    match u64::from_str_radix(digits, radix) {
        Ok(number) if !negative => Some(number.into()),
        Ok(number) if number <= i64::MIN.unsigned_abs() => Some(0_i64.wrapping_sub_unsigned(number).into()),
        _ => None,
    }
}

fn float(text: &str) -> Option<Number> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    // Go writes whole floats without a point, so the API server reads integers.
    #[expect(clippy::cast_possible_truncation, reason = "whole and within the bounds where f64 is exact")]
    if float.fract() == 0.0
        && float.abs() < 9_007_199_254_740_992.0
        && !(float == 0.0 && float.is_sign_negative())
    {
        return Some((float as i64).into());
    }
    Number::from_f64(float)
}

/// The value of a JSON literal that is not a string; `None` if it is not one.
pub(super) fn json_literal(text: &str) -> Option<Value> {
    match text {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        "null" => return Some(Value::Null),
        _ => {}
    }
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(unsigned);
    if whole == 0 || whole > 1 && unsigned.starts_with('0') {
        return None;
    }
    let rest = unsigned.get(whole..)?;
    if rest.is_empty() && text != "-0" {
        let exact = text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from));
        if let Ok(number) = exact {
            return Some(Value::Number(number));
        }
    }
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.get(digits(fraction)..).filter(|rest| rest.len() < fraction.len())?,
        None => rest,
    };
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if exponent.is_empty() || digits(exponent) != exponent.len() {
            return None;
        }
    } else if !rest.is_empty() {
        return None;
    }
    Number::from_f64(text.parse().ok()?).map(Value::Number)
}
