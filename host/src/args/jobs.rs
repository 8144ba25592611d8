//! How many objects are checked at the same time.

use std::num::NonZero;

use anyhow::{Context as _, Result};
use clap::Args;

/// How many objects are checked at the same time.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct JobsArgs {
    /// Number of threads that run the policy [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub jobs: Option<u16>,
}

impl JobsArgs {
    /// Number of threads that evaluate.
    ///
    /// # Errors
    /// - the system does not say how many cores there are
    pub(crate) fn threads(self) -> Result<NonZero<usize>> {
        threads(self.jobs)
    }
}

/// Number of threads: the value of `--jobs`, or one for each core.
///
/// # Errors
/// - the system does not say how many cores there are
pub(crate) fn threads(given: Option<u16>) -> Result<NonZero<usize>> {
    let jobs = given.and_then(|jobs| NonZero::new(jobs.into()));
    jobs.map_or_else(std::thread::available_parallelism, Ok)
        .context("the number of cores is not known; pass --jobs")
}
