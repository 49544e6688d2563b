//! Where `defmt` writes: a file on the host, as another firmware would take a debugger's channel.

use core::cell::UnsafeCell;

use chip::{Error, Output};
use critical_section::RestoreState;
use defmt::Encoder;

/// Begins the log.
pub(crate) fn begin() -> Result<(), Error> {
    let file = Output::create(c"log")?;
    critical_section::with(|_| {
        // SAFETY: nobody else is inside a critical section, and all that touch the log are in one.
        let log = unsafe { &mut *LOG.0.get() };
        log.file = Some(file);
    });
    Ok(())
}

struct Log {
    file: Option<Output>,
    encoder: Encoder,
    /// What was in force before the frame that is being written.
    outside: RestoreState,
}

impl Log {
    /// Has the encoder write into the file.
    fn with(&mut self, encode: impl FnOnce(&mut Encoder, &mut dyn FnMut(&[u8]))) {
        if let Some(file) = &mut self.file {
            encode(&mut self.encoder, &mut |bytes| {
                // A log that cannot be written does not stop the training.
                let _ = file.write(bytes);
            });
        }
    }
}

struct Shared(UnsafeCell<Log>);

// SAFETY: the contents are touched only inside critical sections.
unsafe impl Sync for Shared {}

static LOG: Shared = Shared(UnsafeCell::new(Log {
    file: None,
    encoder: Encoder::new(),
    outside: RestoreState::invalid(),
}));

#[defmt::global_logger]
struct Logger;

// SAFETY: a frame is one critical section, from `acquire` to `release`, so that no other one can begin meanwhile.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        // SAFETY: `release` ends this section, once, and sections nest in the right order.
        let outside = unsafe { critical_section::acquire() };
        // SAFETY: within the critical section. No frame is logged while one is written: the encoder logs nothing.
        let log = unsafe { &mut *LOG.0.get() };
        log.outside = outside;
        log.with(|encoder, write| encoder.start_frame(write));
    }

    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: within the critical section that `acquire` began.
        let log = unsafe { &mut *LOG.0.get() };
        log.with(|encoder, write| encoder.end_frame(write));
        let outside = log.outside;
        // SAFETY: it ends the section of the `acquire` before it.
        unsafe { critical_section::release(outside) };
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: within the critical section that `acquire` began.
        let log = unsafe { &mut *LOG.0.get() };
        log.with(|encoder, write| encoder.write(bytes, write));
    }
}
