//! Retries.

use std::time::Duration;

use indicatif::ProgressBar;

use super::error::RegistryError;
use crate::console::Console;

/// How long to wait before the second, third and fourth try.
const PAUSES: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(5)];

/// The longest wait that a registry may request.
const LONGEST: Duration = Duration::from_mins(1);

/// How often an overloaded registry is asked again, where many images wait behind this one.
const AGAIN: usize = 2;

/// The longest wait that it may request then. If it wants a longer one, it is not asked again.
const SHORT: Duration = Duration::from_secs(15);

/// Tries up to four times, until it succeeds or fails with a permanent error.
pub(crate) async fn retry<T>(
    console: &Console,
    bar: &ProgressBar,
    mut attempt: impl AsyncFnMut() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    for pause in PAUSES {
        match attempt().await {
            Err(error) if error.may_pass() => {
                let pause = error.wait().unwrap_or(pause).clamp(pause, LONGEST);
                bar.suspend(|| console.line(&format!("{error}; trying again in {} s", pause.as_secs_f32())));
                tokio::time::sleep(pause).await;
            }
            ended => return ended,
        }
    }
    attempt().await
}

/// Tries again while the registry is overloaded, after the time that it asks for. Every other failure is final: a registry that
/// gives no answer in time would cost that time again.
pub(crate) async fn with_retries<T>(
    mut attempt: impl AsyncFnMut() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    for pause in PAUSES.into_iter().take(AGAIN) {
        match attempt().await {
            Err(error @ RegistryError::Busy { .. }) => {
                let pause = error.wait().unwrap_or(pause).max(pause);
                if pause > SHORT {
                    return Err(error);
                }
                tokio::time::sleep(pause).await;
            }
            ended => return ended,
        }
    }
    attempt().await
}
