//! What a cause that is too long loses: never a name of what it is about.

use std::ops::Range;

use super::super::kubelet::{between_words, bounded};

/// The characters that each part between two names keeps at least, and those where that does not suffice.
const SHORTEST: [usize; 2] = [16, 3];

/// A text of so many characters at most. The parts between the names lose words, the last part first: that is where a message of
/// another program or the details of a fault are. If that does not suffice, names are left out; and if too little remained, cut.
pub(super) fn bounded_around(text: &str, most: usize, names: &[String]) -> String {
    let count = |text: &String| text.chars().count();
    let mut with_names = SHORTEST.into_iter().map(|shortest| around(text, most, names, shortest));
    let short = with_names.find(|short| count(short) <= most);
    let without_names = || Some(around(text, most, &[], SHORTEST[0])).filter(|short| count(short) * 3 > most);
    short.or_else(without_names).filter(|short| count(short) <= most).unwrap_or_else(|| bounded(text, most))
}

/// A text whose parts between the names lose words until it has so many characters, or they have so few.
fn around(text: &str, most: usize, names: &[String], shortest: usize) -> String {
    let mut excess = text.chars().count().saturating_sub(most);
    let mut end = text.len();
    let mut parts: Vec<String> = Vec::new();
    for name in places(text, names).into_iter().rev() {
        let after = text.get(name.end..end).unwrap_or_default();
        parts.extend([
            without(after, &mut excess, shortest),
            text.get(name.clone()).unwrap_or_default().to_owned(),
        ]);
        end = name.start;
    }
    parts.push(without(text.get(..end).unwrap_or_default(), &mut excess, shortest));
    parts.into_iter().rev().collect()
}

/// A part without as many words of its middle as it can lose; `excess` becomes smaller by that.
fn without(part: &str, excess: &mut usize, shortest: usize) -> String {
    let count = part.chars().count();
    let lost = count.saturating_sub(shortest).min(*excess);
    if lost == 0 || !part.trim().contains(char::is_whitespace) {
        return part.to_owned();
    }
    let kept = count.saturating_sub(lost + 1);
    // A reason begins with what is wrong, and ends with its source.
    let end = kept / 3;
    let short = between_words(part, kept - end, count - end);
    *excess = excess.saturating_sub(count.saturating_sub(short.chars().count()));
    short
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
    fn the_last_part_loses_words_of_its_middle_first() {
        let names = ["acr-secret", "web", "acr"].map(str::to_owned);
        let text = "key a.io of secret acr-secret: it expired on 2020-07-31 at 00:00 UTC, according to an annotation";
        for (most, shown) in [
            (200, text),
            (75, "key a.io of secret acr-secret: it expired on 2020-07-31 at … an annotation"),
            (43, "key a.io of secret acr-secret: it …"),
            (20, "key … acr-secret: …"),
        ] {
            let short = bounded_around(text, most, &names);
            assert_eq!(short, shown);
            assert!(short.chars().count() <= most);
        }
        // A part of another word is not a name.
        assert_eq!(
            bounded_around("the webhook of web answers that it is ääääääää", 38, &names),
            "the webhook of web answers that…"
        );
        // A single word is cut within.
        assert_eq!(bounded_around("ääääääääää", 5, &names), "ää…ää");
    }

    #[test]
    fn no_word_is_cut() {
        let words = [
            "secret",
            "acr-secret",
            "of",
            "contoso.azurecr.io:443/shop/web:v1",
            "ä",
            "expired:",
            "according",
            "web",
        ];
        let names = ["acr-secret", "web"].map(str::to_owned);
        for seed in 0..400_usize {
            let word = |at: usize| words.get((seed * 7 + at * at * (seed % 13 + 1) + at / 3) % words.len());
            let text = (0..40).filter_map(word).copied().collect::<Vec<_>>().join(" ");
            let most = 60 + seed;
            let short = bounded_around(&text, most, &names);
            assert!(short.chars().count() <= most, "{short}");
            assert!(short.split('…').skip(1).all(|rest| rest.is_empty() || rest.starts_with(' ')), "{short}");
            for word in short.split([' ', '…']).filter(|word| !word.is_empty()) {
                assert!(words.contains(&word), "{word}: {short}");
            }
        }
    }
}
