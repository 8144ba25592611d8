//! What benches share.

pub(crate) mod engines;
#[path = "../../build/module.rs"]
pub(crate) mod module;
pub(crate) mod requests;
