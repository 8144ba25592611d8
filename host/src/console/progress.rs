//! Progress: how much of a long work is done, on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that ends sooner does not need a bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar that appears when the work takes long, and disappears when it is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// When the bar appears; `None` if progress is not shown
    shown_after: Option<Instant>,
}

impl Progress {
    /// A bar for `length` steps of `work`.
    pub(crate) fn new(work: &str, length: usize, is_seen: bool) -> Self {
        let bar = ProgressBar::with_draw_target(u64::try_from(length).ok(), ProgressDrawTarget::hidden());
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} {msg}, {elapsed}")
        {
            bar.set_style(style);
        }
        bar.set_message(work.to_owned());
        Self { bar, shown_after: is_seen.then(|| Instant::now() + PATIENCE) }
    }

    /// One more step is done.
    pub fn step(&self) {
        self.bar.inc(1);
        if self.shown_after.is_some_and(|time| self.bar.is_hidden() && Instant::now() >= time) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// The bar itself, for callers that print while it is shown.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
