//! What the tests of several packages share. It knows neither the policy nor the host, so that any of them can use it.
//!
//! | module | has |
//! |---|---|
//! | `libyaml` | what kubectl reads in a text, by libyaml; `go_scalar` has its scalars |
//! | `alike` | whether a reader reads what kubectl reads |
//! | `objects` | generated pods and JSON values, and nesting without end |
//! | `hidden` | secrets that differ only in values that must be hidden, and requests to a policy about them |
//! | `reached` | how many cases a test reached, and of which suites |
//! | `styled` | generated manifests in every style of YAML, put together by `choices`, which bytes make |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops at the first unexpected result"
)]

pub mod alike;
pub mod choices;
pub mod go_scalar;
pub mod hidden;
pub mod libyaml;
pub mod objects;
pub mod reached;
pub mod styled;
