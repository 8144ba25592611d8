//! Placeholders that another tool substitutes before an object reaches a cluster: `${NAME}`, `$(name)`, `{{ .Values.name }}`,
//! `#{name}#`, `<NAME>`.

/// The start of a placeholder, which does not occur in names of objects or in base64.
const BEGINNINGS: [char; 3] = ['$', '{', '<'];

/// Whether a name, or a value in base64, has a placeholder in it.
pub(crate) fn is_in(text: &str) -> bool {
    text.contains(BEGINNINGS)
}

/// Whether a text of any form, such as JSON with a mistake in it, has a placeholder in it.
pub(crate) fn is_in_text(text: &str) -> bool {
    ["${", "$(", "{{", "#{"].iter().any(|beginning| text.contains(beginning))
        || text.trim_start().starts_with('<')
}
