//! Scalars as go-yaml v2 resolves them, written from its `resolve.go` for the tests alone.

use serde_json::{Number, Value};

/// A resolved scalar.
#[derive(Debug, PartialEq)]
pub enum Scalar {
    /// Nothing
    Null,
    /// A flag
    Flag(bool),
    /// A number of up to 64 bits
    Integer(i128),
    /// Any other number, those included that JSON does not have
    Float(f64),
    /// A text
    Text(String),
}

const PREFIX: &str = "tag:yaml.org,2002:";

/// The value of a text that is plain, or has a tag.
///
/// # Errors
/// - the text does not fit its tag
pub fn resolve(tag: Option<&str>, text: &str) -> Result<Scalar, String> {
    let as_text = || Ok(Scalar::Text(text.to_owned()));
    let name = match tag {
        None => return Ok(plain(text)),
        Some(tag) => tag.strip_prefix(PREFIX),
    };
    match (name, plain(text)) {
        (Some("null"), value @ Scalar::Null)
        | (Some("bool"), value @ Scalar::Flag(_))
        | (Some("int"), value @ Scalar::Integer(_))
        | (Some("float"), value @ Scalar::Float(_)) => Ok(value),
        #[expect(clippy::cast_precision_loss, reason = "as in Go")]
        (Some("float"), Scalar::Integer(number)) => Ok(Scalar::Float(number as f64)),
        (Some("timestamp"), _) if is_date(text) => as_text(),
        (Some(name @ ("null" | "bool" | "int" | "float" | "timestamp")), _) => {
            Err(format!("cannot decode `{text}` as a !!{name}"))
        }
        _ => as_text(),
    }
}

fn plain(text: &str) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Flag(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Flag(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => between_digits(text).and_then(|text| float(&text)),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let text = text.replace('_', "");
            integer(&text).or_else(|| float(&text)).or_else(|| binary(&text))
        }
        _ => None,
    };
    number.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// The text without its underscores, if each is between digits.
fn between_digits(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let fits =
        |(at, byte): (usize, &u8)| *byte != b'_' || is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
    bytes.iter().enumerate().all(fits).then(|| text.replace('_', ""))
}

/// `strconv.ParseInt` with base 0, and `ParseUint` where that is too small.
fn integer(text: &str) -> Option<Scalar> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") if lower.len() > 2 => (16, &digits[2..]),
        Some("0o") if lower.len() > 2 => (8, &digits[2..]),
        Some("0b") if lower.len() > 2 => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    let number = magnitude(digits, base)? * sign;
    // Only what has no sign may need the last bit.
    let most = if text.starts_with('+') { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (number >= i128::from(i64::MIN) && number <= most).then_some(Scalar::Integer(number))
}

fn magnitude(digits: &str, base: u32) -> Option<i128> {
    let fits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(base));
    fits.then(|| i128::from_str_radix(digits, base).ok())?
}

/// `0b` with a sign behind it, which `strconv.ParseInt` takes.
fn binary(text: &str) -> Option<Scalar> {
    let (sign, digits) = if let Some(digits) = text.strip_prefix("-0b") {
        (-1, digits)
    } else {
        let signed = text.strip_prefix("0b")?;
        match signed.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, signed.strip_prefix('+').unwrap_or(signed)),
        }
    };
    let number = magnitude(digits, 2)? * sign;
    (i128::from(i64::MIN)..=i128::from(i64::MAX)).contains(&number).then_some(Scalar::Integer(number))
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn float(text: &str) -> Option<Scalar> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let fits = match mantissa.split_once('.') {
        Some(("", fraction)) => is_number(fraction),
        Some((whole, fraction)) => is_number(whole) && (fraction.is_empty() || is_number(fraction)),
        None => is_number(mantissa),
    };
    let fits = fits && exponent.is_none_or(is_number);
    let number: f64 = fits.then(|| text.parse().ok())??;
    number.is_finite().then_some(Scalar::Float(number))
}

/// What go-yaml takes for a date: year, month and day, and what may follow.
fn is_date(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| {
        text.get(range).is_some_and(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let day = text.get(5..).map(|rest| rest.split(['T', 't', ' ']).next().unwrap_or_default());
    let fits = |day: &str| {
        day.split_once('-').is_some_and(|(month, day)| {
            [month, day].iter().all(|part| matches!(part.len(), 1 | 2) && part.parse::<u8>().is_ok())
        })
    };
    part(0..4) && text.get(4..5) == Some("-") && day.is_some_and(fits)
}

impl Scalar {
    /// The value in JSON.
    ///
    /// # Errors
    /// - JSON has no such number
    pub fn into_value(self) -> Result<Value, String> {
        Ok(match self {
            Scalar::Null => Value::Null,
            Scalar::Flag(flag) => flag.into(),
            Scalar::Integer(number) => match (i64::try_from(number), u64::try_from(number)) {
                (Ok(number), _) => number.into(),
                (_, Ok(number)) => number.into(),
                _ => return Err("a number too large".to_owned()),
            },
            // Go writes whole numbers without a fraction, up to this one.
            Scalar::Float(number) if number.fract() == 0.0 && number.abs() < 1e21 => {
                serde_json::from_str(&format!("{:.0}", number + 0.0)).map_err(|error| error.to_string())?
            }
            Scalar::Float(number) => match Number::from_f64(number) {
                Some(number) => number.into(),
                None => return Err(format!("json: unsupported value: {number}")),
            },
            Scalar::Text(text) => text.into(),
        })
    }
}

/// The text that a key becomes.
///
/// # Errors
/// - it cannot be a key
pub fn key(scalar: Scalar) -> Result<String, String> {
    match scalar {
        Scalar::Text(text) => Ok(text),
        Scalar::Flag(flag) => Ok(flag.to_string()),
        Scalar::Integer(number) if i64::try_from(number).is_ok() => Ok(number.to_string()),
        #[expect(clippy::cast_possible_truncation, reason = "as in sigs.k8s.io/yaml")]
        Scalar::Float(number) => Ok(short(number as f32)),
        other => Err(format!("unsupported map key: {other:?}")),
    }
}

/// `strconv.FormatFloat(number, 'g', -1, 32)`, with sigs.k8s.io/yaml's names for infinity and NaN.
fn short(number: f32) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    if (-4..21).contains(&exponent) && number == 0.0 || (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
