//! The lines of a text that are structure: they hold keys, and values only where those name an image, an object or a kind.

use crate::excerpt::is_shown;
use crate::yaml::{self, Scalar};

/// For each line of a text, ended by `\n`, whether it is structure. A comment is not, and neither is text that cannot be read.
pub fn lines(text: &str) -> Vec<bool> {
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line_of = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1);
    let mut is_structure = vec![false; starts.len()];
    for document in yaml::documents(text).0 {
        let (first, last) = (line_of(document.span.start), line_of(document.span.end.saturating_sub(1)));
        // A text after `---` on its line is before the span.
        for line in is_structure.iter_mut().take(last + 1).skip(first) {
            *line = true;
        }
        for scalar in document.scalars(text) {
            let span = scalar.span.clone();
            let written = text.get(span.clone()).unwrap_or_default();
            if written.is_empty() || is_name(&scalar, written) {
                continue;
            }
            let lines = line_of(span.start)..=line_of(span.end.saturating_sub(1).max(span.start));
            for line in lines {
                if let Some(line) = is_structure.get_mut(line) {
                    *line = false;
                }
            }
        }
    }
    for (is_structure, line) in is_structure.iter_mut().zip(text.split('\n')) {
        let is_separator = line.trim_end() == "---";
        *is_structure = is_separator || (*is_structure && !line.contains('#'));
    }
    is_structure
}

/// Whether a scalar is a key on one line, or the value of a field that names something. In `data` and in annotations, any
/// key may be that of a secret.
fn is_name(scalar: &Scalar, written: &str) -> bool {
    const FIELDS: [(&str, &[&str]); 5] = [
        ("", &["apiVersion", "kind"]),
        ("items", &["apiVersion", "kind"]),
        ("metadata", &["name", "namespace"]),
        ("spec", &["serviceAccount", "serviceAccountName"]),
        ("imagePullSecrets", &["name"]),
    ];
    const IMAGES: [&str; 3] = ["containers", "ephemeralContainers", "initContainers"];
    if scalar.is_key {
        return !written.contains(['\n', '\r']);
    }
    let Some(key) = scalar.key.as_deref() else { return false };
    let around = scalar.around.as_deref().unwrap_or_default();
    let is_field = FIELDS.iter().any(|(parent, keys)| *parent == around && keys.contains(&key));
    let is_image = IMAGES.contains(&around) && matches!(key, "image" | "name");
    (is_field || is_image) && is_shown(key, written)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn values_and_comments_are_not_structure() {
        let text = "\
kind: Pod # hunter2
metadata:
  name: web
  annotations: {a: hunter2}
spec:
  containers:
  - name: web
    image: contoso.azurecr.io/web
    args: [hunter2,
      hunter2]
    command:
    - |
      name: hunter2
    env:
    - name: A
      value: >-
        hunter2

        image: hunter2
    - {name: B, value: hunter2}
    - {name: B}
    image: \"robot:hunter2@contoso.azurecr.io/web\"
---
hunter2
";
        let shown: Vec<&str> = text
            .lines()
            .zip(lines(text))
            .filter(|(_, is_structure)| *is_structure)
            .map(|(line, _)| line)
            .collect();
        assert_eq!(
            shown,
            [
                "metadata:",
                "  name: web",
                "spec:",
                "  containers:",
                "  - name: web",
                "    image: contoso.azurecr.io/web",
                "    command:",
                "    env:",
                "---",
            ]
        );
        for hidden in [
            "a: [hunter2\nb:\n",
            "data:\n  name: hunter2\n",
            "metadata:\n  annotations:\n    image: hunter2\n",
        ] {
            let told = lines(hidden);
            assert!(
                hidden.lines().zip(told).all(|(line, told)| !told || !line.contains("hunter2")),
                "{hidden}"
            );
        }
        assert_eq!(lines("? \"a\n  hunter2\"\n: b\n"), [false, false, false, false]);
    }
}
