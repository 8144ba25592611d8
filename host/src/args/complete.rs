//! Whether the inputs are complete.

use clap::Args;

/// Whether the inputs are complete.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct CompleteArgs {
    /// Treat the inputs and --cluster as complete: a Secret that is not among them does not exist. By default it may exist,
    /// unless the inputs have a Secret of that name only in another namespace
    #[arg(long)]
    pub complete: bool,
}
