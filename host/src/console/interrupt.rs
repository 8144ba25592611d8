//! Interrupts: a command that is ended by a signal leaves neither half-written files nor a bar on the terminal.

use crate::console::Console;

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
            if let Some(signal) = signals.forever().next() {
                console.hide_progress();
                let _abandoned = crate::files::atomic_file::abandon();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        };
        // Without it only the clean-up is missing.
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    }
    #[cfg(not(unix))]
    let _ = console;
}
