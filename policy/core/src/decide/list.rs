//! Lists of pull secrets that the API server refuses, and those in places that Kubernetes does not read.

use crate::ascii::has_any;
use crate::decide::context::{About, Context};
use crate::dns_name::is_dns_subdomain;
use crate::json::Value;
use crate::pod_spec::{PULL_SECRETS, PodSpec, list_pointer};
use crate::rule::Rule;

/// A part of a list that the API server refuses.
struct Defect<'a> {
    value: &'a Value<'a>,
    /// The entry, unless it is the list itself
    index: Option<usize>,
    /// Whether it is the name in the entry
    is_name: bool,
}

/// What the API server refuses where a list of pull secrets belongs. An entry or a name that is null counts as empty there.
fn defects<'a>(list: Option<&'a Value<'a>>) -> Vec<Defect<'a>> {
    let mut defects = Vec::new();
    match list {
        None | Some(Value::Null) => {}
        Some(Value::Array(entries)) => {
            for (i, entry) in entries.iter().enumerate() {
                let (value, is_name) = match (entry, entry.get("name")) {
                    (Value::Null, _) | (Value::Object(_), None | Some(Value::Null | Value::String(_))) => {
                        continue;
                    }
                    (Value::Object(_), Some(name)) => (name, true),
                    _ => (entry, false),
                };
                defects.push(Defect { value, index: Some(i), is_name });
            }
        }
        Some(value) => defects.push(Defect { value, index: None, is_name: false }),
    }
    defects
}

/// Whether the API server would refuse the list.
pub(super) fn is_invalid(list: Option<&Value<'_>>) -> bool {
    !defects(list).is_empty()
}

/// Reports what the API server refuses of the list in the object at `path`; says whether there is something.
pub(super) fn report_invalid(context: &mut Context<'_>, list: Option<&Value<'_>>, path: &[&str]) -> bool {
    let defects = defects(list);
    let is_invalid = !defects.is_empty();
    for Defect { value, index, is_name } in defects {
        let pointer = list_pointer(path);
        let name = value.as_str().or_else(|| value.get("name").and_then(Value::as_str));
        let name = name.filter(|name| is_dns_subdomain(name)).unwrap_or("SECRET");
        let (pointer, what, wanted) = match index {
            None => (pointer, PULL_SECRETS.to_owned(), "a list of objects with a name"),
            Some(i) => (
                format!("{pointer}/{i}"),
                format!("{PULL_SECRETS}[{i}]{}", if is_name { ".name" } else { "" }),
                if is_name { "a string" } else { "an object with a name" },
            ),
        };
        let message = format!("{what} must be {wanted}, not {}", value.kind());
        let help = format!("write - name: {name}");
        context.report(
            Rule::InvalidPullSecretList,
            About { pointer: &pointer, ..About::default() },
            message,
            help,
        );
    }
    is_invalid
}

/// Reports lists in containers and next to the pod spec.
pub(super) fn report_misplaced(context: &mut Context<'_>, spec: &PodSpec<'_>) {
    for pointer in spec.misplaced(&context.request.object, !is_custom(context)) {
        let message =
            format!("{pointer} has no effect, because Kubernetes reads the list of the pod spec only");
        let help = format!("move it to {}", spec.list_path().join("."));
        context.report(
            Rule::MisplacedPullSecrets,
            About { pointer: &pointer, ..About::default() },
            message,
            help,
        );
    }
}

/// Whether the kind does not belong to Kubernetes, whose groups have no dot in their names.
pub(super) fn is_custom(context: &Context<'_>) -> bool {
    has_any(&context.request.group, ".")
}
