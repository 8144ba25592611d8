//! Interrupts: a command that is ended by a signal leaves neither half-written files nor a bar on the terminal.

use crate::console::Console;

/// Sees to it that Ctrl-C, `kill` and a closed terminal end the command cleanly, and as the shell expects: it dies of the
/// signal, which shells report as 128 and the signal's number.
///
/// Without threads or signals to be had, and outside Unix, the command ends as any other does.
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
        // Nothing is lost without it but the cleaning up.
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    }
    #[cfg(not(unix))]
    let _ = console;
}
