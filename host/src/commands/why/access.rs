//! The cluster in suggested commands: a command without the context of the question would change another cluster.

use crate::args::AccessArgs;

/// Beginnings of calls that talk to a cluster. kubectl takes its options before its own commands too.
const CALLS: [&str; 2] = ["kubectl", "acr-pull-secret why"];

/// A text in which each call that talks to a cluster has the options that name it.
pub(super) fn with_access(text: &str, access: &AccessArgs) -> String {
    let options = access.words();
    if options.is_empty() {
        return text.to_owned();
    }
    let mut named = String::with_capacity(text.len() + 2 * options.len());
    let mut rest = text;
    while let Some((at, call)) = next_call(rest) {
        let (before, after) = rest.split_at_checked(at + call.len()).unwrap_or((rest, ""));
        named.extend([before, options.as_str()]);
        rest = after;
    }
    named + rest
}

/// The next call, where it is not a part of other words.
fn next_call(text: &str) -> Option<(usize, &'static str)> {
    let of = |call: &'static str| {
        let is_word = |at: &usize| {
            let begins = text.get(..*at).is_some_and(|it| it.is_empty() || it.ends_with(' '));
            begins && text.get(at + call.len()..).is_some_and(|rest| rest.starts_with(' '))
        };
        text.match_indices(call).map(|(at, _)| at).find(is_word).map(|at| (at, call))
    };
    CALLS.into_iter().filter_map(of).min()
}

#[cfg(test)]
mod tests {
    use super::with_access;
    use crate::args::AccessArgs;

    #[test]
    fn each_call_to_the_cluster_names_it() {
        let of = |context: Option<&str>, kubeconfig: Option<&str>| AccessArgs {
            context: context.map(str::to_owned),
            kubeconfig: kubeconfig.map(Into::into),
        };
        let pipe = "kubectl get secret s > s.yaml && acr-pull-secret secret --name s | kubectl apply -f -";
        for (access, text, named) in [
            (of(None, None), pipe, pipe),
            (
                of(Some("prod"), None),
                pipe,
                "kubectl --context=prod get secret s > s.yaml && acr-pull-secret secret --name s | kubectl --context=prod apply -f -",
            ),
            (
                of(Some("it's; prod"), Some("/tmp/a b")),
                "see what the registry answers: acr-pull-secret why web --pull",
                "see what the registry answers: acr-pull-secret why --context='it'\\''s; prod' --kubeconfig='/tmp/a b' web --pull",
            ),
            (of(None, Some("-x")), "kubectl delete pod web", "kubectl --kubeconfig=./-x delete pod web"),
            (of(Some("kubectl x"), None), "kubectl get pods", "kubectl --context='kubectl x' get pods"),
            (of(Some("prod"), None), "the context of kubectl's file", "the context of kubectl's file"),
            (of(Some("prod"), None), "az aks update --attach-acr a", "az aks update --attach-acr a"),
        ] {
            assert_eq!(with_access(text, &access), named, "{access:?}");
        }
    }
}
