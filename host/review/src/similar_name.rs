//! Names that are probably meant by a misspelled one.

/// The known names that a name is probably meant to be, the most similar first. Case and signs count only between names that
/// are equally similar without them, and so do two letters in the wrong order and the start of the name.
pub fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "").to_ascii_lowercase();
    let wanted = plain(name);
    let mut near: Vec<(Distance, &str)> = known
        .into_iter()
        .filter_map(|known| {
            let plain = plain(known);
            let is_near = strsim::levenshtein(&wanted, &plain) <= known.len() / 3;
            is_near.then(|| (Distance::new((name, &wanted), (known, &plain)), known))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, known)| known).collect()
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
    /// That of two names, each of which is given with and without case and signs.
    fn new((name, name_plain): (&str, &str), (known, known_plain): (&str, &str)) -> Self {
        let start = name.chars().zip(known.chars()).take_while(|(a, b)| a == b).count();
        Self {
            letters: strsim::osa_distance(name_plain, known_plain),
            signs: strsim::osa_distance(name, known),
            length: name.len().abs_diff(known.len()),
            behind_start: known.chars().count() - start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn similar_names_differ_in_at_most_a_third_of_their_characters() {
        const KNOWN: [&str; 4] = ["acr-secrets", "acr-secret", "team-secret", "acr"];
        for (name, found) in [
            ("acr-secert", &["acr-secret", "acr-secrets"][..]),
            ("ACR_SECRET", &["acr-secret", "acr-secrets"]),
            ("acr-secrets", &["acr-secrets", "acr-secret"]),
            ("teamsecret", &["team-secret"]),
            ("arc", &[]),
            ("default-token", &[]),
            ("", &[]),
        ] {
            assert_eq!(similar(name, KNOWN), found, "{name}");
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
