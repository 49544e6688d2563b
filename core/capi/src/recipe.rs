//! What a trial was trained with, as `hairpin export --format bytes` writes it: the records inside one record.

use core::ptr::null;

use hairpin_core::RecipeRecords;

use crate::memory::{self, attempt};
use crate::status::{hairpin_refusal, hairpin_status};

/// The records of a trial, each where it stands among the bytes they were found in: for hairpin_schedule_load() and hairpin_sgd_load().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_recipe {
    /// The schedule.
    pub schedule: *const u8,
    /// How many bytes it has.
    pub schedule_length: usize,
    /// The update.
    pub sgd: *const u8,
    /// How many bytes it has.
    pub sgd_length: usize,
    /// The schedule of the momentum where it goes with the step, for hairpin_sgd_at_momentum(), else NULL.
    pub momentum: *const u8,
    /// How many bytes it has, else 0.
    pub momentum_length: usize,
    /// How many bytes the whole takes. What stands behind it, as the rest of a page of flash, is not looked at.
    pub length: usize,
}

/// Finds the records of a trial at the front of `bytes`, under one checksum. Nothing is copied: they are in force as long as the bytes are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_recipe_find(
    out: *mut hairpin_recipe,
    bytes: *const u8,
    length: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    attempt(why, || {
        memory::usable(out)?;
        memory::usable(bytes)?;
        let (records, behind) = RecipeRecords::from_prefix(memory::list(bytes, length)?)?;
        let momentum = records.momentum;
        let recipe = hairpin_recipe {
            schedule: records.schedule.as_ptr(),
            schedule_length: records.schedule.len(),
            sgd: records.sgd.as_ptr(),
            sgd_length: records.sgd.len(),
            momentum: momentum.map_or(null(), <[u8]>::as_ptr),
            momentum_length: momentum.map_or(0, <[u8]>::len),
            length: length.saturating_sub(behind.len()),
        };
        memory::write(out, recipe);
        Ok(())
    })
}
