//! How far down the stack is written by what is measured, below the frame of its caller.

use core::hint::black_box;
use core::mem::MaybeUninit;

use chip::{Error, Painted};
use hairpin_core::ConfigError;

use crate::steps::Steps;
use crate::{Make, Use};

/// Makes a thing in this place, and tells how deep that goes.
#[inline(never)]
pub(crate) fn of_making<T>(
    make: Make<T>,
    place: &mut MaybeUninit<Result<T, ConfigError>>,
) -> Result<(&mut T, u32), Error> {
    let free = Painted::below();
    let made = place.write(make());
    let depth = free.written()?;
    Ok((made.as_mut().map_err(|_| Error)?, depth))
}

/// Uses it at every step, and tells how deep that goes.
#[inline(never)]
pub(crate) fn of_using<T>(call: Use<T>, thing: &mut T, steps: &Steps) -> Result<u32, Error> {
    let free = Painted::below();
    for index in 0..steps.count() {
        black_box(call(thing, steps.at(index)));
    }
    free.written()
}
