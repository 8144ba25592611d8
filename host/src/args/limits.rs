//! Options that limit a policy.

use std::time::Duration;

use clap::Args;

use crate::quantity::{parse_duration, parse_memory, parse_size};
use crate::sandbox::Limits;

/// The heading of the limits in the help.
const HEADING: &str = "Limits of the policy, for each object";

/// Options that set what a policy may use: Secrets, and for each call time, memory and host calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub struct LimitArgs {
    /// Allow a policy other than the built-in one to look up Secrets
    #[arg(id = "allow_secrets", long = "allow-secrets")]
    pub allow_secrets: bool,
    /// Maximum run time, including startup: 500ms, 2s, 1m; in steps of 10ms
    #[arg(
        id = "policy_timeout",
        long = "policy-timeout",
        value_name = "DURATION",
        default_value = "2s",
        help_heading = HEADING,
        value_parser = parse_duration
    )]
    pub time: Duration,
    /// Maximum total size of its memories and tables
    #[arg(
        id = "policy_memory",
        long = "policy-memory",
        value_name = "SIZE",
        default_value = "256Mi",
        help_heading = HEADING,
        value_parser = parse_memory
    )]
    pub memory: usize,
    /// Maximum size of an answer, error, log message or host-call payload from the policy
    #[arg(
        id = "policy_response",
        long = "policy-response",
        value_name = "SIZE",
        default_value = "64Mi",
        help_heading = HEADING,
        value_parser = parse_size
    )]
    pub response: usize,
    /// Maximum number of host calls, such as lookups
    #[arg(
        id = "policy_host_calls",
        long = "policy-host-calls",
        value_name = "N",
        default_value = "10000",
        help_heading = HEADING,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub host_calls: u32,
}

impl Default for LimitArgs {
    fn default() -> Self {
        let Limits { time, memory, response, host_calls } = Limits::default();
        Self { allow_secrets: false, time, memory, response, host_calls }
    }
}

impl From<LimitArgs> for Limits {
    fn from(LimitArgs { time, memory, response, host_calls, .. }: LimitArgs) -> Self {
        Self { time, memory, response, host_calls }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches as _};

    use super::LimitArgs;
    use crate::sandbox::Limits;

    #[test]
    fn without_options_the_limits_are_the_default() {
        let matches = LimitArgs::augment_args(Command::new("policy")).get_matches_from(["policy"]);
        assert_eq!(Limits::from(LimitArgs::from_arg_matches(&matches).unwrap()), Limits::default());
    }
}
