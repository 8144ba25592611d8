//! Quantities on the command line and in the config file: durations (`2s`) and sizes in bytes (`256Mi`).

use std::time::Duration;

/// Units of durations, of those that Go has, in milliseconds. A number alone is in seconds, as policy-server takes it.
const DURATIONS: [(&str, u64); 5] = [("", 1000), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// Units of sizes, as Kubernetes has them, in bytes.
const SIZES: [(&str, u64); 7] = [
    ("", 1),
    ("k", 1000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
];

/// Reads `2s`.
///
/// # Errors
/// - not a whole number, an unknown unit, an empty text
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let milliseconds = parse(text, &DURATIONS).ok_or("expected a duration such as 500ms, 2s or 1m")?;
    Ok(Duration::from_millis(milliseconds))
}

/// Reads `256Mi`.
///
/// # Errors
/// - not a whole number, an unknown unit, an empty text
pub fn parse_size(text: &str) -> Result<usize, String> {
    let bytes = parse(text, &SIZES).and_then(|bytes| usize::try_from(bytes).ok());
    bytes.ok_or_else(|| "expected a size such as 64Ki, 256Mi or 1Gi".to_owned())
}

/// Reads `256Mi` as the size of a memory.
///
/// # Errors
/// - as [`parse_size`], less than a page of WebAssembly's memory, or more than a memory can have
pub fn parse_memory(text: &str) -> Result<usize, String> {
    const PAGE: usize = 64 << 10;
    let bytes = parse_size(text)?;
    if bytes < PAGE {
        return Err(
            "a policy needs at least 64Ki, and a number without a unit means bytes; try 256Mi".to_owned()
        );
    }
    if u64::try_from(bytes).is_ok_and(|bytes| bytes <= 4 << 30) {
        Ok(bytes)
    } else {
        Err("more than 4Gi is not supported".to_owned())
    }
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|quantity| *quantity > 0)
}

/// A size in the largest unit that holds it exactly: `256Mi`.
pub fn size(bytes: usize) -> String {
    let units = [("Gi", 30), ("Mi", 20), ("Ki", 10)];
    let unit = units.iter().find(|(_, shift)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    unit.map_or_else(|| format!("{bytes} bytes"), |(name, shift)| format!("{}{name}", bytes >> shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_none_means_seconds() {
        for (text, milliseconds) in
            [("2s", 2000), ("2", 2000), ("500ms", 500), ("1m", 60_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in [
            "",
            "s",
            "0",
            "0s",
            "-1s",
            "1.5s",
            "2 s",
            "2S",
            "2d",
            "99999999999999999999s",
            "9999999999999999999s",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_the_units_of_kubernetes_and_are_written_as_they_are_read() {
        for (text, bytes) in
            [("256Mi", 256 << 20), ("1Gi", 1 << 30), ("64Ki", 64 << 10), ("5M", 5_000_000), ("7", 7)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "Mi", "0Mi", "-1", "256MB", "256mi", "1Ti2", "99999999999999999999", "99999999999Gi"]
        {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!(parse_memory("4Gi").map(size).as_deref(), Ok("4Gi"));
        for text in ["4097Mi", "0"] {
            assert!(parse_memory(text).is_err(), "{text}");
        }
        for text in ["256Mi", "1Gi", "3Ki", "1000 bytes"] {
            let number = text.trim_end_matches(" bytes");
            assert_eq!(size(parse_size(number).unwrap()), text);
        }
    }
}
