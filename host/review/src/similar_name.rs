//! Names that are probably meant by a misspelled one.

/// The longest part in which two similar names differ, in characters. The time for a pair grows with its square.
const LONGEST: usize = 64;

/// The known names that a name is probably meant to be, the most similar first. Names are compared without case and signs.
/// Where that makes several equally similar, case and signs decide, then the length, then how much of the start is the same.
pub fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "").to_ascii_lowercase();
    let wanted = plain(name);
    let distance = |known: &str| {
        let letters = changes(&wanted, &plain(known)).filter(|letters| *letters <= known.len() / 3)?;
        Some(Distance::new(letters, name, known))
    };
    let known = known.into_iter();
    let mut near: Vec<(Distance, &str)> =
        known.filter_map(|known| distance(known).map(|distance| (distance, known))).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, known)| known).collect()
}

/// The number of characters to change, to move by one place, to add and to remove. `None` where the texts differ in a part
/// that is too long to compare.
fn changes(a: &str, b: &str) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (a, b) = (a.get(start..)?, b.get(start..)?);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let part = |text: &[char]| -> Option<String> {
        let part = text.get(..text.len() - end)?;
        (part.len() <= LONGEST).then(|| part.iter().collect())
    };
    Some(strsim::osa_distance(&part(a)?, &part(b)?))
}

/// Whether [`similar`] may find a known name, by the number of its letters and digits, which takes less time.
pub(crate) fn may_be_similar(name: &str, known: &str) -> bool {
    let count = |text: &str| text.bytes().filter(u8::is_ascii_alphanumeric).count();
    count(name).abs_diff(count(known)) <= known.len() / 3
}

/// How far a name is from another one. What comes first counts most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    /// Letters and digits to change, to move by one place, to add and to remove
    letters: usize,
    /// The same with case and signs
    signs: usize,
    /// The difference in length
    length: usize,
    /// How many characters at the end are after those that both start with
    behind_start: usize,
}

impl Distance {
    /// That of two names with this distance in their letters and digits.
    fn new(letters: usize, name: &str, known: &str) -> Self {
        let start = name.chars().zip(known.chars()).take_while(|(a, b)| a == b).count();
        Self {
            letters,
            signs: changes(name, known).unwrap_or(usize::MAX),
            length: name.len().abs_diff(known.len()),
            behind_start: known.chars().count() - start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, similar};

    #[test]
    fn similar_names_differ_in_at_most_a_third_of_their_characters() {
        const KNOWN: [&str; 4] = ["acr-secrets", "acr-secret", "team-secret", "acr"];
        for (name, found) in [
            ("acr-secert", &["acr-secret", "acr-secrets"][..]),
            ("ACR_SECRET", &["acr-secret", "acr-secrets"]),
            ("acr-secrets", &["acr-secrets", "acr-secret"]),
            ("teamsecret", &["team-secret"]),
            ("arc", &["acr"]),
            ("acs", &["acr"]),
            ("xyz", &[]),
            ("default-token", &[]),
            ("", &[]),
        ] {
            assert_eq!(similar(name, KNOWN), found, "{name}");
        }
    }

    /// Names of Secrets have up to 253 characters, and a thousand of them are compared.
    #[test]
    fn long_names_are_compared_where_they_differ() {
        let long = "team-".repeat(45);
        let known = |end: &str| format!("{long}{end}");
        for (name, known, is_found) in [
            (known("secert"), known("secret"), true),
            (format!("secert{long}"), format!("secret{long}"), true),
            (format!("x{long}x"), format!("y{long}y"), false),
            ("ab".repeat(LONGEST / 2), "ba".repeat(LONGEST / 2), true),
            ("ab".repeat(LONGEST / 2 + 1), "ba".repeat(LONGEST / 2 + 1), false),
        ] {
            assert_eq!(!similar(&name, [known.as_str()]).is_empty(), is_found, "{name}");
        }
    }

    #[test]
    fn among_many_names_the_nearest_are_first() {
        let known: Vec<String> = (0..150).map(|i| format!("team-{i:03}-secret")).collect();
        for (name, nearest) in [
            ("team-149-secert", "team-149-secret"),
            ("team-140-secrets", "team-140-secret"),
            ("team_121-secret", "team-121-secret"),
            ("Team-007-Secret", "team-007-secret"),
            ("team-0121-secret", "team-012-secret"),
            ("taem-099-secret", "team-099-secret"),
            ("team-103secret", "team-103-secret"),
        ] {
            let found = similar(name, known.iter().map(String::as_str));
            assert_eq!(found.first(), Some(&nearest), "{name}");
            // Any order of the known names gives the same names first.
            let reversed = similar(name, known.iter().rev().map(String::as_str));
            assert_eq!(reversed.first(), Some(&nearest), "{name}");
            assert!(found.iter().all(|known| super::may_be_similar(name, known)), "{name}");
        }
    }
}
