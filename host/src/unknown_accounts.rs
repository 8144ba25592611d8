//! `ServiceAccounts` that are not known: a first list of pull secrets replaces those that the account of a pod may have.

use std::collections::BTreeSet;

use review::fix::{Account, Change};

/// Those that a warning names so far.
#[derive(Debug, Default)]
pub(crate) struct UnknownAccounts(BTreeSet<Account>);

impl UnknownAccounts {
    /// What is wrong with a change to a pod whose account is not among these inputs, or items. Nearly every namespace has a `default`
    /// account without pull secrets, so one warning is enough for it.
    pub(crate) fn warning(&mut self, change: &Change, these: &str) -> Option<String> {
        let account = change.unknown_account.as_ref()?;
        if !self.0.insert(account.clone()) && account.name == "default" {
            return None;
        }
        let Account { namespace, name } = account;
        Some(format!(
            "ServiceAccount \"{name}\" in namespace \"{namespace}\" is not among the {these}, and the added list hides its pull \
             secrets if it has any"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_at_each_pod_but_default_once_in_a_namespace() {
        let mut accounts = UnknownAccounts::default();
        let account = |namespace: &str, name: &str| {
            Some(Account { namespace: namespace.to_owned(), name: name.to_owned() })
        };
        for (unknown_account, is_warned) in [
            (None, false),
            (account("shop", "default"), true),
            (account("shop", "robot"), true),
            (account("shop", "default"), false),
            (account("shop", "robot"), true),
            (account("ops", "default"), true),
        ] {
            let change = Change {
                object: String::new(),
                line: 1,
                prefix: String::new(),
                list: String::new(),
                names: Vec::new(),
                unknown_account: unknown_account.clone(),
            };
            assert_eq!(accounts.warning(&change, "inputs").is_some(), is_warned, "{unknown_account:?}");
        }
    }
}
