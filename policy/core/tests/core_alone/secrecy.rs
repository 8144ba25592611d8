//! No value of a secret is ever shown: two secrets that differ only in hidden values give exactly the same output.
//!
//! So no part of a secret is shown, in any encoding and of any length: it would differ between the two.

use std::time::UNIX_EPOCH;

use policy_core::host_cluster::HostCluster;
use policy_core::operations;
use proptest::prelude::*;
use serde_json::Value;
use test_support::hidden::{
    FORMS, REGISTRIES, TYPES, assert_same, config, digits, hidden, questions, secret,
};

use crate::json;

/// The answer to a question, in a cluster in which every name is the same secret.
fn answer(operation: &str, payload: &[u8], secret: &Value) -> Value {
    let cluster = HostCluster {
        get_resource: |_: &[u8]| Ok(secret.to_string().into_bytes()),
        now: || UNIX_EPOCH.elapsed().ok().map(|since| since.as_secs()),
    };
    json(&match operation {
        "explain" => operations::explain(payload, &cluster),
        _ => operations::validate(payload, &cluster),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_core_alone_says_the_same_for_any_hidden_value(
        (form, at, kind) in (0..FORMS, 0..REGISTRIES.len(), 0..TYPES.len()),
        digits in digits(),
        hidden in hidden(),
    ) {
        let secrets = [0, 1].map(|which| {
            let config = config(form, REGISTRIES[at], &digits.0[which], &hidden.0[which]);
            secret(TYPES[kind], &config, &hidden.0[which])
        });
        let [questions, others] = secrets.each_ref().map(questions);
        for (one, other) in questions.iter().zip(&others) {
            let said = |(operation, payload): &(&str, String), secret: &Value| {
                answer(operation, payload.as_bytes(), secret).to_string()
            };
            assert_same([said(one, &secrets[0]), said(other, &secrets[1])])?;
        }
    }
}
