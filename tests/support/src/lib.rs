//! What the tests of several packages share. It knows neither the policy nor the host, so that any of them can use it.
//!
//! | module | has |
//! |---|---|
//! | `objects` | generated pods and JSON values, and nesting without end |
//! | `hidden` | secrets that differ only in what is to be hidden, and all that a policy is asked about them |
//! | `reached` | how many cases a test reached, and of which suites |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test ends at its first surprise"
)]

pub mod hidden;
pub mod objects;
pub mod reached;
