//! Pointers from C: looked at first, then used. No other module uses one.

use core::ffi::{CStr, c_char};
use core::ptr;
use core::slice;

use crate::status::hairpin_status::*;
use crate::status::{Answer, hairpin_refusal, hairpin_status};

/// A struct of the header and what it holds.
pub(crate) trait Object: Sized {
    /// What it holds.
    type Value;

    /// What stands in front of the value where the library wrote one; not 0, and no other type's.
    const MARK: u64;

    /// The value and its mark find room in the struct.
    const FITS: () = assert!(
        size_of::<Marked<Self::Value>>() <= size_of::<Self>()
            && align_of::<Marked<Self::Value>>() <= align_of::<Self>(),
        "the struct of the header is too small for what it has to hold: make it larger and the header anew"
    );
}

#[repr(C)]
struct Marked<V> {
    mark: u64,
    value: V,
}

/// That a pointer leads somewhere, to a place that is aligned.
pub(crate) fn usable<T>(pointer: *const T) -> Answer<()> {
    if pointer.is_null() {
        return Err(HAIRPIN_NULL_POINTER.into());
    }
    if !pointer.is_aligned() {
        return Err(HAIRPIN_MISALIGNED.into());
    }
    Ok(())
}

/// Where an area of memory begins and ends, if it is one.
fn area<T>(start: *const T, count: usize) -> Answer<(usize, usize)> {
    let end = count
        .checked_mul(size_of::<T>())
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .and_then(|bytes| start.addr().checked_add(bytes))
        .ok_or(HAIRPIN_TOO_LONG)?;
    Ok((start.addr(), end))
}

/// That two areas have nothing in common.
pub(crate) fn apart<A, B>(a: (*const A, usize), b: (*const B, usize)) -> Answer<()> {
    let ((a, a_end), (b, b_end)) = (area(a.0, a.1)?, area(b.0, b.1)?);
    if a < b_end && b < a_end {
        return Err(HAIRPIN_OVERLAP.into());
    }
    Ok(())
}

/// What a struct holds, if the library wrote it.
///
/// # Safety
/// As the crate says, for as long as the reference lives.
pub(crate) unsafe fn held<'a, O: Object>(pointer: *const O) -> Answer<&'a O::Value> {
    const { O::FITS };
    usable(pointer)?;
    let marked = pointer.cast::<Marked<O::Value>>();
    // SAFETY: the pointer leads to a struct that is aligned and at least this large; the mark alone is read, a number that may be
    // anything.
    let mark = unsafe { ptr::read(&raw const (*marked).mark) };
    if mark != O::MARK {
        return Err(HAIRPIN_NOT_MADE.into());
    }
    // SAFETY: aligned, and large enough, as `FITS` says. The library wrote the mark, and together with it a value of this type, as each type
    // has a mark of its own. Nobody writes there as long as the reference lives: that is the caller's promise.
    Ok(unsafe { &(*marked).value })
}

/// Writes a value with its mark. What the struct held does not matter.
///
/// # Safety
/// The pointer is [`usable`], and as the crate says.
#[inline(always)]
pub(crate) unsafe fn put<O: Object>(out: *mut O, value: O::Value) {
    const { O::FITS };
    let marked = out.cast::<Marked<O::Value>>();
    // SAFETY: there is room for both, as `FITS` says, and it is aligned, as `usable` has seen. What stood there is forgotten, not dropped:
    // no value holds anything that has to be.
    unsafe {
        ptr::write(&raw mut (*marked).value, value);
        ptr::write(&raw mut (*marked).mark, O::MARK);
    }
}

/// Writes a plain value.
///
/// # Safety
/// The pointer is [`usable`], and as the crate says.
pub(crate) unsafe fn write<T>(out: *mut T, value: T) {
    // SAFETY: the caller's promise.
    unsafe { ptr::write(out, value) }
}

/// A plain value, any bits of which are one.
///
/// # Safety
/// As the crate says; `T` is made of numbers and pointers only.
pub(crate) unsafe fn read<T: Copy>(pointer: *const T) -> Answer<T> {
    usable(pointer)?;
    // SAFETY: the pointer leads to a `T` that is aligned, and any bits are one.
    Ok(unsafe { ptr::read(pointer) })
}

/// A value that may be left out by NULL.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn read_if_given<T: Copy>(pointer: *const T) -> Answer<Option<T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { read(pointer) }.map(Some)
}

/// A list of plain values. One of no elements may be NULL.
///
/// # Safety
/// As [`read`], for all of them and as long as the slice lives.
pub(crate) unsafe fn list<'a, T: Copy>(start: *const T, count: usize) -> Answer<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    usable(start)?;
    area(start, count)?;
    // SAFETY: neither NULL nor misaligned, and no longer than memory can be, as was just seen; as many values stand there and nobody writes to
    // them meanwhile, as the caller promises.
    Ok(unsafe { slice::from_raw_parts(start, count) })
}

/// A list of plain values to be changed. One of no elements may be NULL.
///
/// # Safety
/// As [`list`], and no other reference leads there.
pub(crate) unsafe fn list_mut<'a, T: Copy>(start: *mut T, count: usize) -> Answer<&'a mut [T]> {
    if count == 0 {
        return Ok(&mut []);
    }
    usable(start)?;
    area(start, count)?;
    // SAFETY: as in `list`; that nobody else looks at them is the caller's promise.
    Ok(unsafe { slice::from_raw_parts_mut(start, count) })
}

/// A terminated text.
///
/// # Safety
/// As the crate says: memory up to and with a 0.
pub(crate) unsafe fn text<'a>(start: *const c_char) -> Answer<&'a str> {
    usable(start)?;
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(start) };
    text.to_str().map_err(|error| hairpin_refusal {
        index: error.valid_up_to(),
        ..hairpin_refusal::of(HAIRPIN_EXPRESSION, "factor")
    })
}

/// Does something and says how it went.
///
/// # Safety
/// `why` is as the crate says.
pub(crate) unsafe fn attempt(
    why: *mut hairpin_refusal,
    act: impl FnOnce() -> Answer<()>,
) -> hairpin_status {
    if !why.is_aligned() {
        return HAIRPIN_MISALIGNED;
    }
    let Err(refusal) = act() else {
        return HAIRPIN_OK;
    };
    if !why.is_null() {
        // SAFETY: aligned and not NULL.
        unsafe { ptr::write(why, refusal) }
    }
    refusal.status
}

/// Does something where nobody asks why not.
pub(crate) fn status(act: impl FnOnce() -> Answer<()>) -> hairpin_status {
    match act() {
        Ok(()) => HAIRPIN_OK,
        Err(refusal) => refusal.status,
    }
}

/// Makes a value and puts it into a struct.
///
/// # Safety
/// The pointers are as the crate says.
#[inline(always)]
pub(crate) unsafe fn make<O: Object, E: Into<hairpin_refusal>>(
    out: *mut O,
    why: *mut hairpin_refusal,
    value: impl FnOnce() -> Answer<Result<O::Value, E>>,
) -> hairpin_status {
    let act = || {
        usable(out)?;
        // Taken out of what the core gave only where it goes: a schedule is large, and a chip's stack is not.
        match value()? {
            // SAFETY: usable. What `value` looked at may lie there: it is no longer needed.
            Ok(value) => unsafe { put(out, value) },
            Err(error) => return Err(error.into()),
        }
        Ok(())
    };
    // SAFETY: the caller's promise.
    unsafe { attempt(why, act) }
}

/// That a record may go to the front of `bytes`, and its length to `written`.
pub(crate) fn places(bytes: *const u8, capacity: usize, written: *const usize) -> Answer<()> {
    usable(bytes)?;
    usable(written)?;
    apart((written, 1), (bytes, capacity))
}

/// The same for a record of what a struct holds: neither place is part of it.
pub(crate) fn places_beside<O>(
    object: *const O,
    bytes: *const u8,
    capacity: usize,
    written: *const usize,
) -> Answer<()> {
    places(bytes, capacity, written)?;
    apart((object, 1), (bytes, capacity))?;
    apart((object, 1), (written, 1))
}

/// Writes what a struct holds as a record of fixed length to the front of a buffer, and says how many bytes it took.
///
/// # Safety
/// The pointers are as the crate says.
pub(crate) unsafe fn save<O: Object, const LENGTH: usize>(
    object: *const O,
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
    record: impl FnOnce(&O::Value) -> [u8; LENGTH],
) -> hairpin_status {
    status(|| {
        // SAFETY: the caller's promise; the reference is gone before anything is written.
        let record = record(unsafe { held(object) }?);
        places_beside(object, bytes, capacity, written)?;
        // SAFETY: the caller's promise; the places were looked at.
        unsafe { put_record(&record, bytes, capacity, written) }
    })
}

/// Writes a record of fixed length to the front of a buffer, and says how many bytes it took.
///
/// # Safety
/// The pointers are as the crate says, and [`places`] accepts them.
pub(crate) unsafe fn put_record(
    record: &[u8],
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> Answer<()> {
    if capacity < record.len() {
        return Err(HAIRPIN_BUFFER_TOO_SMALL.into());
    }
    // SAFETY: there is room, neither is NULL or misaligned, and the record lies in memory of the library's own.
    unsafe {
        ptr::copy_nonoverlapping(record.as_ptr(), bytes, record.len());
        ptr::write(written, record.len());
    }
    Ok(())
}
