//! Lists in a sentence.

/// The first `most` of these texts, and how many more there are: `a, b and 3 more`.
pub fn some_of<T: AsRef<str>>(texts: &[T], most: usize) -> String {
    let (shown, more) = texts.split_at(most.min(texts.len()));
    let shown = shown.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
    match more.len() {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::some_of;

    #[test]
    fn what_is_not_shown_is_counted() {
        for (texts, shown) in [
            ("", ""),
            ("a", "a"),
            ("a b", "a, b"),
            ("a b c", "a, b and 1 more"),
            ("a b c d", "a, b and 2 more"),
        ] {
            let texts: Vec<&str> = texts.split_whitespace().collect();
            assert_eq!(some_of(&texts, 2), shown);
        }
    }
}
