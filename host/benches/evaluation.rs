//! One evaluation in every engine, compared with a policy that accepts everything: `cargo bench --bench evaluation`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench stops at the first unexpected result"
)]
#![allow(missing_docs, reason = "made by the library")]

#[allow(dead_code, reason = "each bench uses a part of it")]
mod common;

use std::sync::LazyLock;

use acr_pull_secret::sandbox::{Compiler, Limits, Policy};
use common::engines::{self, Independent};
use common::requests::{self, Case};
use divan::Bencher;

static POLICY: LazyLock<Policy> = LazyLock::new(engines::policy);
static ACCEPTING_WASM: LazyLock<Vec<u8>> = LazyLock::new(engines::accepting_wasm);
static ACCEPTING: LazyLock<Policy> =
    LazyLock::new(|| Policy::load(&ACCEPTING_WASM, Limits::default(), None, &Compiler::Here).unwrap());
static INDEPENDENT: LazyLock<Independent> =
    LazyLock::new(|| Independent::new(acr_pull_secret::sandbox::EMBEDDED));
static INDEPENDENT_ACCEPTING: LazyLock<Independent> = LazyLock::new(|| Independent::new(&ACCEPTING_WASM));

fn main() {
    divan::main();
}

const CASES: [&str; 8] = [
    "1 container",
    "5 KB",
    "200 containers",
    "100 KB",
    "1,000 entries",
    "10,000 entries",
    "50 secrets",
    "500 secrets",
];

fn case(name: &str) -> Case {
    match name {
        "1 container" => requests::containers(1),
        "5 KB" => requests::containers(5),
        "200 containers" => requests::containers(200),
        "100 KB" => requests::kilobytes(100),
        "1,000 entries" => requests::entries(1_000),
        "10,000 entries" => requests::entries(10_000),
        "50 secrets" => requests::secrets(50),
        _ => requests::secrets(500),
    }
}

#[divan::bench(args = CASES)]
fn native(bencher: Bencher<'_, '_>, name: &str) {
    let Case { payload, host } = case(name);
    bencher.bench_local(|| engines::native(&payload, &*host));
}

#[divan::bench(args = CASES)]
fn our_host(bencher: Bencher<'_, '_>, name: &str) {
    let Case { payload, host } = case(name);
    bencher.bench_local(|| POLICY.call("validate", &payload, host.clone()).unwrap());
}

#[divan::bench(args = CASES)]
fn our_host_accepting(bencher: Bencher<'_, '_>, name: &str) {
    let Case { payload, host } = case(name);
    bencher.bench_local(|| ACCEPTING.call("validate", &payload, host.clone()).unwrap());
}

#[divan::bench(args = CASES)]
fn our_host_accepting_unread(bencher: Bencher<'_, '_>, name: &str) {
    let Case { payload, host } = case(name);
    bencher.bench_local(|| ACCEPTING.call("blind", &payload, host.clone()).unwrap());
}

#[divan::bench(args = CASES)]
fn independent_host(bencher: Bencher<'_, '_>, name: &str) {
    let Case { payload, host } = case(name);
    bencher.bench_local(|| INDEPENDENT.call("validate", &payload, &host));
}

#[divan::bench(args = CASES)]
fn independent_host_accepting(bencher: Bencher<'_, '_>, name: &str) {
    let Case { payload, host } = case(name);
    bencher.bench_local(|| INDEPENDENT_ACCEPTING.call("validate", &payload, &host));
}
