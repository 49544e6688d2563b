//! Where a training run stands, as bytes.

use hairpin_core::Position;

use crate::memory::{self, attempt, status};
use crate::status::{hairpin_refusal, hairpin_status};

/// How many bytes a saved position takes.
pub const HAIRPIN_POSITION_BYTES: usize = 14;

const _: () = assert!(
    HAIRPIN_POSITION_BYTES == Position::BYTES,
    "the header tells how long the record is"
);

/// Writes the next step to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_POSITION_BYTES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_position_save(
    step: u32,
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> hairpin_status {
    status(|| {
        memory::places(bytes, capacity, written)?;
        memory::put_record(&Position { step }.to_bytes(), bytes, capacity, written)
    })
}

/// Reads the next step from the bytes it was saved as.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_position_load(
    step: *mut u32,
    bytes: *const u8,
    length: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    attempt(why, || {
        memory::usable(step)?;
        memory::usable(bytes)?;
        let position = Position::from_bytes(memory::list(bytes, length)?)?;
        memory::write(step, position.step);
        Ok(())
    })
}
