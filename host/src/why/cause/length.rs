//! What a cause that is too long loses: never a name of what it is about.

use std::ops::Range;

use super::super::kubelet::bounded;

/// The characters that each part between two names keeps at least.
const SHORTEST: usize = 16;

/// A text of so many characters at most. The parts between the names lose characters, the last part first: that is where a message of
/// another program or the details of a fault are. If that does not suffice, names are cut too.
pub(super) fn bounded_around(text: &str, most: usize, names: &[String]) -> String {
    let mut excess = text.chars().count().saturating_sub(most);
    let mut end = text.len();
    let mut parts: Vec<String> = Vec::new();
    for name in places(text, names).into_iter().rev() {
        let after = text.get(name.end..end).unwrap_or_default();
        parts.extend([without(after, &mut excess), text.get(name.clone()).unwrap_or_default().to_owned()]);
        end = name.start;
    }
    parts.push(without(text.get(..end).unwrap_or_default(), &mut excess));
    if excess > 0 { bounded(text, most) } else { parts.into_iter().rev().collect() }
}

/// A part without as many characters of its middle as it can lose; `excess` becomes smaller by that.
fn without(part: &str, excess: &mut usize) -> String {
    let count = part.chars().count();
    let lost = count.saturating_sub(SHORTEST).min(*excess);
    if lost == 0 {
        return part.to_owned();
    }
    *excess -= lost;
    let kept = count - lost - 1;
    // A reason begins with what is wrong, and ends with its source.
    let end = kept / 3;
    part.chars().take(kept - end).chain(['…']).chain(part.chars().skip(count - end)).collect()
}

/// Where the names are, in order, each a word of its own.
fn places(text: &str, names: &[String]) -> Vec<Range<usize>> {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/');
    let is_word = |place: &Range<usize>| {
        let before = text.get(..place.start).and_then(|it| it.chars().next_back());
        let after = text.get(place.end..).and_then(|it| it.chars().next());
        !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word)
    };
    let of = |name: &String| {
        let found = text.match_indices(name.as_str()).map(|(at, it)| at..at + it.len());
        found.filter(is_word).collect::<Vec<_>>()
    };
    let mut all: Vec<Range<usize>> = names.iter().filter(|name| !name.is_empty()).flat_map(of).collect();
    // Of two that begin at one place, the longer one counts.
    all.sort_by_key(|place| (place.start, usize::MAX - place.end));
    let mut end = 0;
    all.retain(|place| {
        let is_next = place.start >= end;
        end = if is_next { place.end } else { end };
        is_next
    });
    all
}

#[cfg(test)]
mod tests {
    use super::bounded_around;

    #[test]
    fn the_last_part_loses_its_middle_first() {
        let names = ["acr-secret", "web", "acr"].map(str::to_owned);
        let text = "key a.io of secret acr-secret: it expired on 2020-07-31 at 00:00 UTC, according to an annotation";
        for (most, shown) in [
            (200, text),
            (75, "key a.io of secret acr-secret: it expired on 2020-07-31 at …o an annotation"),
            (43, "key a.io of…cret acr-secret: it expir…ation"),
            (20, "key a.io …nnotation"),
        ] {
            let short = bounded_around(text, most, &names);
            assert_eq!(short, shown);
            assert!(short.chars().count() <= most);
        }
        // A part of another word is not a name.
        assert_eq!(
            bounded_around("the webhook of web answers ääääääääääääääää", 38, &names),
            "the webhook of web answers ääää…ääääää"
        );
    }
}
