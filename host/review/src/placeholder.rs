//! Placeholders that something else fills in before an object reaches a cluster: `${NAME}`, `$(name)`, `{{ .Values.name }}`,
//! `#{name}#`, `<NAME>`.

use serde::de::IgnoredAny;

/// What a placeholder begins with, which is in no name of an object.
const BEGINNINGS: [char; 3] = ['$', '{', '<'];

/// The beginning and the end of each form.
const FORMS: [(&str, &str); 5] = [("${", "}"), ("$(", ")"), ("{{", "}}"), ("#{", "}#"), ("<", ">")];

/// Whether all of a text is one placeholder: one of those forms, `%NAME%`, or `$NAME` in capitals.
pub fn is_whole(text: &str) -> bool {
    let is_in = |(begin, end): (&str, &str)| {
        text.len() > begin.len() + end.len() && text.starts_with(begin) && text.ends_with(end)
    };
    let is_variable = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    FORMS.into_iter().chain([("%", "%")]).any(is_in) || text.strip_prefix('$').is_some_and(is_variable)
}

/// Whether a name has a placeholder in it.
pub(crate) fn is_in(name: &str) -> bool {
    name.contains(BEGINNINGS)
}

/// Whether a value is base64 but for the placeholders in it, of which there is at least one.
pub(crate) fn is_in_base64(value: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || "+/=".contains(c);
    filled(value, "").is_some_and(|rest| rest.chars().all(is_base64))
}

/// Whether a text becomes JSON only by what fills its placeholders: all of it, a value, or a part of a string.
pub(crate) fn is_in_json(text: &str) -> bool {
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    !is_json(text)
        && ["null", "x", "\"x\": 1", ""].iter().filter_map(|filling| filled(text, filling)).any(|text| {
            // All of it is filled in.
            matches!(text.trim(), "x" | "") || is_json(&text)
        })
}

/// A text with each placeholder replaced; `None` where there is none. Takes one pass, also where placeholders do not end.
fn filled(text: &str, filling: &str) -> Option<String> {
    let last_ends = FORMS.map(|(_, end)| text.rfind(end));
    let (mut new, mut copied, mut has_placeholder) = (String::new(), 0, false);
    for (start, _) in text.match_indices(['$', '{', '#', '<']) {
        if start < copied {
            continue;
        }
        let rest = text.get(start..)?;
        let form = FORMS.iter().zip(last_ends).find(|((begin, _), last_end)| {
            rest.starts_with(begin) && last_end.is_some_and(|last| last >= start + begin.len())
        });
        let Some(((begin, end), _)) = form else { continue };
        let Some(length) = rest.get(begin.len()..)?.find(end) else { continue };
        has_placeholder = true;
        new += text.get(copied..start)?;
        new += filling;
        copied = start + begin.len() + length + end.len();
    }
    has_placeholder.then(|| new + text.get(copied..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{is_in_base64, is_in_json};

    #[test]
    fn only_placeholders_make_a_value_unknown() {
        for value in [
            "${CONFIG}",
            "$(cat config.json | base64)",
            "{{ .config | b64enc }}",
            "#{config}#",
            "<base64>",
            "e30${X}=",
        ] {
            assert!(is_in_base64(value), "{value}");
        }
        for value in
            ["e30=", "", "no base64!", "{\"auths\":{}}", "{\"auths\":{\"a\":\"${X}\"}}", "${X", "$X", "<"]
        {
            assert!(!is_in_base64(value), "{value}");
        }
    }

    #[test]
    fn a_text_that_nothing_can_make_json_is_malformed() {
        for text in [
            "${CONFIG}",
            " {{ .config }}\n",
            "{\"auths\": {{ .auths }}}",
            "{\"auths\": ${A}}",
            "{${FIELDS}}",
            "{<fields>}",
        ] {
            assert!(is_in_json(text), "{text}");
        }
        for text in [
            "{\"auths\":{}}",
            "{",
            "{\"a\": {{\"b\"",
            "{\"password\": \"a${b}\"",
            "{\"password\": \"${b}\"}",
            "$X",
        ] {
            assert!(!is_in_json(text), "{text}");
        }
    }
}
