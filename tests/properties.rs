//! The policy.wasm answers generated input as the core does: policy/core/tests has what holds for the core alone.

use std::sync::Arc;

use policy_core::cluster::EmptyCluster;
use policy_core::operations;
use proptest::prelude::*;
use test_support::objects::{nested_payloads, payload, pod};

use crate::engines::{json, our_host};
use crate::tables::NoHost;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_wasm_decides_as_the_core_does(pod in pod()) {
        let payload = payload(&pod);
        let wasm = json(&our_host("validate", &payload, Arc::new(NoHost)));
        prop_assert_eq!(json(&operations::validate(&payload, &EmptyCluster)), wasm);
    }
}

#[test]
fn the_wasm_answers_ten_megabytes_of_nesting_like_the_core() {
    for payload in nested_payloads() {
        let native = json(&operations::validate(payload.as_bytes(), &EmptyCluster));
        assert_eq!(native, json(&our_host("validate", payload.as_bytes(), Arc::new(NoHost))));
    }
}
