//! Measured figures and the bars that they must meet, as rows of a table in Markdown.

use std::fmt::{self, Display, Formatter};

/// The limit of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// It must not be above this.
    AtMost(f64),
    /// It must not be below this.
    AtLeast(f64),
}

/// A measured figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured
    pub what: String,
    /// None for a figure that is only reported
    pub bar: Option<Bar>,
    /// The figure
    pub value: f64,
    /// How many decimals of it are printed, and compared with the bar
    pub decimals: usize,
    /// Of figure and bar, with the space before it; empty for a ratio
    pub unit: &'static str,
    /// What the figure was made from
    pub detail: String,
}

impl Row {
    /// Whether the figure misses its bar, as it is printed: a reader must come to the same answer.
    pub fn misses(&self) -> bool {
        let printed: f64 = format!("{:.*}", self.decimals, self.value).parse().unwrap_or(f64::NAN);
        match self.bar {
            None => false,
            // A figure that is not a number does not meet any bar.
            Some(Bar::AtMost(most)) => printed.is_nan() || printed > most,
            Some(Bar::AtLeast(least)) => printed.is_nan() || printed < least,
        }
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { what, value, decimals, unit, detail, .. } = self;
        let bar = match self.bar {
            None => String::new(),
            Some(Bar::AtMost(most)) => format!("≤ {most}{unit}"),
            Some(Bar::AtLeast(least)) => format!("≥ {least}{unit}"),
        };
        let missed = if self.misses() { ", missed" } else { "" };
        write!(f, "| {what} | {bar} | {value:.decimals$}{unit}{missed}")?;
        if !detail.is_empty() {
            write!(f, " ({detail})")?;
        }
        f.write_str(" |")
    }
}

/// What is wrong with the figures: nothing, or a line for each bar that is missed.
pub fn verdict(rows: &[Row]) -> Result<(), String> {
    let missed: Vec<String> = rows.iter().filter(|row| row.misses()).map(Row::to_string).collect();
    let bars = rows.iter().filter(|row| row.bar.is_some()).count();
    if missed.is_empty() {
        return Ok(());
    }
    Err(format!("{} of {bars} bars are missed:\n{}", missed.len(), missed.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bar: Option<Bar>, value: f64) -> Row {
        Row { what: "one call".to_owned(), bar, value, decimals: 2, unit: " ms", detail: "3 : 2".to_owned() }
    }

    #[test]
    fn a_bar_is_missed_by_what_is_printed_on_the_wrong_side_of_it() {
        for (bar, value, misses) in [
            (Bar::AtMost(1.0), 0.5, false),
            (Bar::AtMost(1.0), 1.0, false),
            (Bar::AtMost(1.0), 1.004, false),
            (Bar::AtMost(1.0), 1.006, true),
            (Bar::AtMost(1.0), f64::NAN, true),
            (Bar::AtMost(1.0), f64::INFINITY, true),
            (Bar::AtLeast(0.95), 2.0, false),
            (Bar::AtLeast(0.95), 0.95, false),
            (Bar::AtLeast(0.95), 0.946, false),
            (Bar::AtLeast(0.95), 0.944, true),
            (Bar::AtLeast(0.95), f64::NAN, true),
        ] {
            assert_eq!(row(Some(bar), value).misses(), misses, "{bar:?}: {value}");
        }
        assert!(!row(None, f64::NAN).misses());
    }

    #[test]
    fn a_row_says_when_its_bar_is_missed() {
        let most = Some(Bar::AtMost(2.5));
        assert_eq!(row(most, 2.5).to_string(), "| one call | ≤ 2.5 ms | 2.50 ms (3 : 2) |");
        assert_eq!(row(most, 2.6).to_string(), "| one call | ≤ 2.5 ms | 2.60 ms, missed (3 : 2) |");
        let least = Some(Bar::AtLeast(3.0));
        assert_eq!(row(least, 2.6).to_string(), "| one call | ≥ 3 ms | 2.60 ms, missed (3 : 2) |");
        let size = Row { decimals: 0, unit: " B", detail: String::new(), ..row(None, 249_242.0) };
        assert_eq!(size.to_string(), "| one call |  | 249242 B |");
    }

    #[test]
    fn the_verdict_names_each_missed_bar() {
        let (fine, missed) = (row(Some(Bar::AtMost(2.5)), 2.0), row(Some(Bar::AtMost(2.5)), 9.0));
        assert_eq!(verdict(&[]), Ok(()));
        assert_eq!(verdict(&[fine.clone(), row(None, 9.0)]), Ok(()));
        let told = verdict(&[missed.clone(), fine, row(None, 9.0)]).unwrap_err();
        assert_eq!(told, format!("1 of 2 bars are missed:\n{missed}"));
    }
}
