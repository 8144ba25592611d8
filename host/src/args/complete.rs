//! Whether the inputs are all there is.

use clap::Args;

/// Whether the inputs are all there is.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct CompleteArgs {
    /// The inputs and --cluster are all there is: a Secret that is not among them does not exist. By default it may exist, unless
    /// the inputs have a Secret of that name in another namespace only
    #[arg(long)]
    pub complete: bool,
}
