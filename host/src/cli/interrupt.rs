//! Ctrl-C and termination: the first asks politely, the second does not wait.

use std::sync::atomic::{AtomicBool, Ordering};

/// Calls `ask` at the first signal; ends the process at the second.
pub(super) fn on_interrupt(ask: impl Fn() + Send + 'static) {
    let asked = AtomicBool::new(false);
    // Without a handler the signal ends the process at once, which loses no finished work either.
    let _ = ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(super::INTERRUPTED));
        }
        ask();
    });
}
