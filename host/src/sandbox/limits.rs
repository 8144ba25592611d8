//! The limits of one call.

use std::time::Duration;

/// What one call of a policy may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run, its start included; in steps of 10 ms
    pub time: Duration,
    /// The largest size of its memories and tables together, in bytes
    pub memory: usize,
    /// The largest answer, error, log message or host-call payload that is accepted from it, in bytes
    pub response: usize,
    /// How many host calls it may make, such as lookups
    pub host_calls: u32,
}

impl Default for Limits {
    /// The time that policy-server gives, and more of the other resources than real policies need. The same as in the options.
    fn default() -> Self {
        Self { time: Duration::from_secs(2), memory: 256 << 20, response: 64 << 20, host_calls: 10_000 }
    }
}
