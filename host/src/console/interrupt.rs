//! Interrupts: a command that is ended by a signal leaves neither half-written files nor a bar on the terminal, nor programs that run
//! on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::console::Console;

/// Whether Ctrl-C ends a part of the work instead of the command.
static IS_EXPECTED: AtomicBool = AtomicBool::new(false);
/// Whether it was pressed since then.
static HAS_COME: AtomicBool = AtomicBool::new(false);

/// A part of the work that Ctrl-C ends, so that the command can report what is known. A second Ctrl-C ends the command.
#[derive(Debug)]
pub struct Interrupt(());

impl Interrupt {
    /// Begins such a part, which ends with this value.
    pub fn expect() -> Self {
        HAS_COME.store(false, Ordering::SeqCst);
        IS_EXPECTED.store(true, Ordering::SeqCst);
        Self(())
    }

    /// Waits for Ctrl-C.
    pub async fn came(&self) {
        while !HAS_COME.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        IS_EXPECTED.store(false, Ordering::SeqCst);
    }
}

/// Ensures that Ctrl-C, `kill` and a closed terminal end the command cleanly, and as the shell expects: it ends by the signal,
/// which shells report as 128 and the signal's number.
///
/// Where threads or signals are not available, and outside Unix, the command ends like any other.
pub fn end_cleanly(console: &Console) {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;

        let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
        let console = console.clone();
        let wait = move || {
            for signal in signals.forever() {
                if signal == SIGINT && IS_EXPECTED.swap(false, Ordering::SeqCst) {
                    HAS_COME.store(true, Ordering::SeqCst);
                    continue;
                }
                console.hide_progress();
                crate::process::end_groups();
                let _abandoned = crate::files::atomic_file::abandon();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                return;
            }
        };
        // Without it only the clean-up is missing.
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    }
    #[cfg(not(unix))]
    let _ = console;
}
