//! The fused SGD update on a GPU, for C and for Python by ctypes: steps over device pointers, on a stream of the caller's.
//!
//! ```text
//! import ctypes, torch
//! hairpin = ctypes.CDLL("libhairpin_cuda_capi.so")
//! hairpin.hairpin_cuda_last_error.restype = ctypes.c_char_p
//! …
//! stream = torch.cuda.current_stream().cuda_stream
//! status = hairpin.hairpin_cuda_step(
//!     optimizer, ctypes.c_uint64(stream), ctypes.c_uint64(params.data_ptr()),
//!     ctypes.c_uint64(grads.data_ptr()), ctypes.c_uint64(velocity.data_ptr()), ctypes.c_uint64(params.numel()))
//! ```
//!
//! Steps are in the order of their stream; every other function waits for the steps before it, on whatever stream.
//!
//! Every function gives a status: [`HAIRPIN_CUDA_OK`], or what [`hairpin_cuda_last_error`] tells in words. None panics. Objects may be used from any
//! thread, by one at a time.
//!
//! # Safety
//! A pointer is null, where that is allowed, or leads to as many values as are said beside it; objects are those that were given and not
//! yet freed. Device addresses are [`Optimizer::step_raw`]'s.
#![allow(unsafe_code)]

mod arrays;
mod calls;
mod plan;

use std::ffi::{c_char, c_int};

use hairpin_cuda::{Gpu, Optimizer, RawElements, Stream, TrialState};

use arrays::{filled, given, object, out};
use calls::{answer, last_error};
pub use plan::hairpin_cuda_plan;

/// It was done.
pub const HAIRPIN_CUDA_OK: c_int = 0;
/// It was not done; nothing was changed.
pub const HAIRPIN_CUDA_REFUSED: c_int = 1;
/// There is no GPU, or no driver for it.
pub const HAIRPIN_CUDA_NO_GPU: c_int = 2;
/// A defect of the library. The object is of no more use.
pub const HAIRPIN_CUDA_DEFECT: c_int = 3;

/// Look for gradients that are not finite before each step; a trial that has one skips it.
pub const HAIRPIN_CUDA_CHECK_GRADIENTS: u32 = 1;
/// End a trial whose update leaves a parameter that is not finite.
pub const HAIRPIN_CUDA_END_DIVERGED: u32 = 2;

/// What the last call of this thread that was refused says; valid until the next one.
#[unsafe(no_mangle)]
pub extern "C" fn hairpin_cuda_last_error() -> *const c_char {
    last_error()
}

/// Opens GPU number `ordinal` into `*gpu`.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_open(ordinal: u32, gpu: *mut *mut Gpu) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        let gpu = unsafe { out("gpu", gpu) }?;
        *gpu = Box::into_raw(Box::new(Gpu::open_device(ordinal)?));
        Ok(())
    })
}

/// Lets a GPU go; null is none. Optimizers keep what they need of it.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_close(gpu: *mut Gpu) {
    // SAFETY: the caller's.
    unsafe { free(gpu) }
}

/// Makes an optimizer as `plan` says into `*optimizer`.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_optimizer_new(
    gpu: *const Gpu,
    plan: *const hairpin_cuda_plan,
    optimizer: *mut *mut Optimizer,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        let (gpu, plan, optimizer) = unsafe {
            (
                given("gpu", gpu, 1)?,
                given("plan", plan, 1)?,
                out("optimizer", optimizer)?,
            )
        };
        // SAFETY: the caller's, for what the plan points to.
        let made = unsafe { plan[0].optimizer(&gpu[0]) }?;
        *optimizer = Box::into_raw(Box::new(made));
        Ok(())
    })
}

/// Frees an optimizer, after all that it was asked; null is none.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_optimizer_free(optimizer: *mut Optimizer) {
    // SAFETY: the caller's.
    unsafe { free(optimizer) }
}

/// Launches a step on `stream` (a `cudaStream_t` as a number, 0 for the default one) over `len` floats at each address; `velocity`
/// is not looked at where no trial has momentum. Where the stream records a graph, the step is recorded.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_step(
    optimizer: *mut Optimizer,
    stream: u64,
    params: u64,
    grads: u64,
    velocity: u64,
    len: u64,
) -> c_int {
    let elements = RawElements {
        params,
        grads,
        velocity,
        len,
    };
    answer(|| {
        // SAFETY: the caller's, for all three.
        unsafe {
            let optimizer = object("optimizer", optimizer)?;
            let stream = Stream::borrowed(optimizer.gpu(), stream);
            Ok(optimizer.step_raw(&stream, elements)?)
        }
    })
}

/// Sees to the rates of the next `steps` steps, which a graph takes that is launched on `stream` after this.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_prepare(
    optimizer: *mut Optimizer,
    stream: u64,
    steps: u32,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's, for both.
        unsafe {
            let optimizer = object("optimizer", optimizer)?;
            let stream = Stream::borrowed(optimizer.gpu(), stream);
            Ok(optimizer.prepare(&stream, steps)?)
        }
    })
}

/// The step that is launched next, into `*launched`, and the one that the device takes next, into `*device`.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_get_step(
    optimizer: *mut Optimizer,
    launched: *mut u32,
    device: *mut u32,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        let (optimizer, launched, device) = unsafe {
            (
                object("optimizer", optimizer)?,
                out("launched", launched)?,
                out("device", device)?,
            )
        };
        *launched = optimizer.next_step();
        *device = optimizer.device_step()?;
        Ok(())
    })
}

/// Goes to `step` with trials in these states, one of each array a trial; null arrays for trials that all run and whose velocity begins at `step`.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_set_step(
    optimizer: *mut Optimizer,
    step: u32,
    ends: *const u32,
    first: *const u32,
    skipped: *const u32,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        let optimizer = unsafe { object("optimizer", optimizer) }?;
        let mut states = vec![TrialState::from_step(step); optimizer.trials() as usize];
        if !(ends.is_null() && first.is_null() && skipped.is_null()) {
            let count = states.len();
            // SAFETY: the caller's.
            let (ends, first, skipped) = unsafe {
                (
                    given("ends", ends, count)?,
                    given("first", first, count)?,
                    given("skipped", skipped, count)?,
                )
            };
            for (at, state) in states.iter_mut().enumerate() {
                *state = TrialState {
                    ends: ends[at],
                    first: first[at],
                    skipped: skipped[at],
                };
            }
        }
        Ok(optimizer.resume(step, &states)?)
    })
}

/// How it stands with every trial: one of each array a trial; `ends` is 2^32 - 1 where it runs.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_get_states(
    optimizer: *mut Optimizer,
    ends: *mut u32,
    first: *mut u32,
    skipped: *mut u32,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        let optimizer = unsafe { object("optimizer", optimizer) }?;
        let states = optimizer.states()?;
        // SAFETY: the caller's.
        unsafe {
            filled("ends", ends, states.iter().map(|state| state.ends))?;
            filled("first", first, states.iter().map(|state| state.first))?;
            filled("skipped", skipped, states.iter().map(|state| state.skipped))
        }
    })
}

/// Stops a trial before the next step that is launched.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_stop(optimizer: *mut Optimizer, trial: u32) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        let optimizer = unsafe { object("optimizer", optimizer) }?;
        Ok(optimizer.stop(trial)?)
    })
}

/// Puts `rows` rows of rates `[rows, trials]` behind those that are there; `momenta` is null where the plan had none.
///
/// # Safety
/// As the crate says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_cuda_extend(
    optimizer: *mut Optimizer,
    rows: u32,
    rates: *const f32,
    momenta: *const f32,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's.
        unsafe {
            let optimizer = object("optimizer", optimizer)?;
            let cells = arrays::cells(rows, optimizer.trials())?;
            let rates = given("rates", rates, cells)?;
            let momenta = arrays::given_or_none("momenta", momenta, cells)?;
            Ok(optimizer.extend(rates, momenta)?)
        }
    })
}

/// Frees what [`Box::into_raw`] gave.
///
/// # Safety
/// It did, and this is the first time.
unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        // Whatever goes wrong on the way out is nobody's to mend.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // SAFETY: the caller's.
            drop(unsafe { Box::from_raw(object) });
        }));
    }
}
