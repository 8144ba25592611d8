//! The core, the policy.wasm in our host and the policy.wasm in an independent host give the same bytes for any request and
//! any answer of the cluster.
#![no_main]

use std::sync::{Arc, LazyLock};

use acr_pull_secret::sandbox::{Compiler, EMBEDDED, HostCalls, Limits, Policy};
use arbitrary::Unstructured;
use fuzz::{Case, case, native};
use libfuzzer_sys::{Corpus, fuzz_target};
use wapc::WapcHost;
use wasmtime_provider::{WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre};

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::load(EMBEDDED, Limits::default(), None, &Compiler::Here).unwrap());
static INDEPENDENT: LazyLock<WasmtimeEngineProviderPre> =
    LazyLock::new(|| WasmtimeEngineProviderBuilder::new().module_bytes(EMBEDDED).build_pre().unwrap());

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(Case { payload, cluster }) = case(&mut Unstructured::new(bytes)) else { return Corpus::Reject };
    let core = native(&payload, &cluster);

    let cluster = Arc::new(cluster);
    let ours = POLICY.call("validate", &payload, cluster.clone()).expect("our host gets an answer");
    assert_same("our host", &core, &ours, &payload);

    let host = cluster.clone();
    let callback = move |_: u64, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
        host.call(binding, namespace, operation, payload).map_err(Into::into)
    };
    let provider = INDEPENDENT.rehydrate(None).unwrap();
    let guest = WapcHost::new(Box::new(provider), Some(Box::new(callback))).unwrap();
    let independent = guest.call("validate", &payload).expect("an independent host gets an answer");
    assert_same("an independent host", &core, &independent, &payload);
    Corpus::Keep
});

fn assert_same(who: &str, core: &[u8], other: &[u8], payload: &[u8]) {
    let [core, other, payload] = [core, other, payload].map(String::from_utf8_lossy);
    assert!(core == other, "the core says\n{core}\n{who} says\n{other}\nof\n{payload}");
}
