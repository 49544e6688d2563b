//! hairpin's core for C: learning-rate schedules and the SGD update they drive, the same 32 bits on every target.
//!
//! C programs see `include/hairpin.h`, which is made from this crate, and link `libhairpin.a`, which `core/capi/build` makes.
//!
//! * **The caller owns everything.** A schedule, a state, an update is a struct of fixed size in the caller's memory; nothing is
//!   allocated and nothing is kept between calls.
//! * **Every function says how it went**: [`hairpin_status`], 0 where all is well. What is refused changes nothing, and names
//!   the field in a [`hairpin_refusal`] for whoever wants to know.
//! * **Pointers are looked at** before they are used: NULL, misaligned, overlapping, or never made by this library are codes of their own.
//! * **The stack is measured**: on Cortex-M a rate takes up to 2 KB of it, the most where an expression is evaluated, an observed loss 2.5, a save 1.5,
//!   an update 1. Making or loading a schedule takes up to 10, as a schedule is large and is made in one piece. The test suite's program paints its
//!   stack around the calls and is held to these figures.
//! * **No formula is here.** A function hands its arguments to the core, whose constructors alone know what is allowed.
//!
//! # Safety
//! The functions are `unsafe` for one reason: a pointer from C can be looked at, not proved. For all of them alike:
//!
//! * a pointer is NULL, or leads to memory of its type, and of the length that is given with it, which nobody else writes meanwhile;
//! * what a struct of this library holds was written by this library. It may be copied as a whole, by `=` or `memcpy`, and zeroed;
//!   anything else that is written into it makes it worthless.
#![no_std]
#![expect(
    unsafe_code,
    reason = "pointers from C: one of the places where it is allowed"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the same for all functions, and said once, above"
)]
#![allow(non_camel_case_types, reason = "the names are those of the header")]

mod arguments;
mod memory;
mod objects;
mod status;
mod words;

// The functions for C hand the caller's promise on to `memory`, the one module that uses a pointer: a block around each of their calls would
// say the same again.
#[allow(unsafe_op_in_unsafe_fn)]
mod compositions;
#[allow(unsafe_op_in_unsafe_fn)]
mod kinds;
#[allow(unsafe_op_in_unsafe_fn)]
mod position;
#[allow(unsafe_op_in_unsafe_fn)]
mod recipe;
#[allow(unsafe_op_in_unsafe_fn)]
mod schedule;
#[allow(unsafe_op_in_unsafe_fn)]
mod sgd;

pub use compositions::*;
pub use kinds::*;
pub use objects::*;
pub use position::*;
pub use recipe::*;
pub use schedule::*;
pub use sgd::*;
pub use status::*;
pub use words::*;

/// Nothing can panic: where something could, a program does not link, as nobody defines this function.
///
/// For the library for C alone, which `core/capi/build` makes with this `cfg`: whoever links the crate into a program in Rust has a handler.
#[cfg(hairpin_library)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        fn hairpin_can_panic() -> !;
    }
    // SAFETY: never called, as a program that could call it does not link.
    unsafe { hairpin_can_panic() }
}
