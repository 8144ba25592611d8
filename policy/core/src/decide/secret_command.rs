//! The command that creates a pull secret, for helps.

use crate::dns_name::is_dns_subdomain;

/// The name that the command gives a secret by default.
const DEFAULT_NAME: &str = "acr-secret";

/// The command. A name that a shell may interpret is left out, and so is the namespace.
pub(super) fn of(server: &str, name: &str, namespace: &str) -> String {
    let option = |option: &str, value: &str| {
        if is_dns_subdomain(value) { [option, value].concat() } else { String::new() }
    };
    let name = if name == DEFAULT_NAME { String::new() } else { option(" --name ", name) };
    let namespace = option(" -n ", namespace);
    ["acr-pull-secret secret --server ", server, " --username NAME --password-stdin", &name, &namespace]
        .concat()
}
