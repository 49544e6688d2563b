//! Pointers from C: looked at, then used.

use crate::calls::Refused;

fn usable<T>(what: &str, pointer: *const T) -> Result<(), Refused> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Refused::new(format!(
            "{what} is null, or not on a multiple of {} bytes",
            align_of::<T>()
        )));
    }
    Ok(())
}

/// `count` values.
///
/// # Safety
/// The pointer leads to as many, and nobody writes them meanwhile.
pub(crate) unsafe fn given<'a, T>(
    what: &str,
    pointer: *const T,
    count: usize,
) -> Result<&'a [T], Refused> {
    usable(what, pointer)?;
    if count
        .checked_mul(size_of::<T>())
        .is_none_or(|bytes| isize::try_from(bytes).is_err())
    {
        return Err(Refused::new(format!("{what} is longer than memory")));
    }
    // SAFETY: aligned, not null, no longer than memory, and the caller's.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// `count` values, or none for null.
///
/// # Safety
/// As [`given`].
pub(crate) unsafe fn given_or_none<'a, T>(
    what: &str,
    pointer: *const T,
    count: usize,
) -> Result<Option<&'a [T]>, Refused> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's.
    unsafe { given(what, pointer, count) }.map(Some)
}

/// An object of this library.
///
/// # Safety
/// It was given by this library, not freed, and is in no other use.
pub(crate) unsafe fn object<'a, T>(what: &str, pointer: *mut T) -> Result<&'a mut T, Refused> {
    usable(what, pointer)?;
    // SAFETY: the caller's.
    Ok(unsafe { &mut *pointer })
}

/// A place for a number or a pointer, which may hold anything so far.
///
/// # Safety
/// It is one, in no other use.
pub(crate) unsafe fn out<'a, T: Copy>(what: &str, pointer: *mut T) -> Result<&'a mut T, Refused> {
    // SAFETY: the caller's; numbers and pointers have no wrong bits.
    unsafe { object(what, pointer) }
}

/// Writes `values` one after the other.
///
/// # Safety
/// There is room for them.
pub(crate) unsafe fn filled<T>(
    what: &str,
    pointer: *mut T,
    values: impl Iterator<Item = T>,
) -> Result<(), Refused> {
    usable(what, pointer)?;
    for (at, value) in values.enumerate() {
        // SAFETY: the caller's.
        unsafe { pointer.add(at).write(value) };
    }
    Ok(())
}

/// How many cells `rows` rows have.
pub(crate) fn cells(rows: u32, trials: u32) -> Result<usize, Refused> {
    usize::try_from(u64::from(rows) * u64::from(trials))
        .map_err(|_| Refused::new("the table is longer than memory"))
}
