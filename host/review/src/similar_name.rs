//! Names that are probably meant by a misspelled one.

/// The known names that a name is probably meant to be, the most similar first. Case and signs do not count.
pub fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "").to_ascii_lowercase();
    let name = plain(name);
    let distances = known.into_iter().map(|known| (strsim::levenshtein(&name, &plain(known)), known));
    let mut near: Vec<(usize, &str)> =
        distances.filter(|(distance, known)| *distance <= known.len() / 3).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, known)| known).collect()
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
}
