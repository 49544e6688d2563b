//! What the story trains, wherever it runs: softmax regression on handwritten digits, with the core's schedule and update, and
//! with checkpoints that survive a pulled plug.
//!
//! hairpin promises the rate and the update, not the gradient: another order of summation rounds differently. Here the gradient is
//! reproducible as well, since there is one source for it, every sum in it has one order, and the exponential is `libm`'s: the
//! same code on a workstation and on a chip ends with the same weights to the bit.
#![no_std]
#![forbid(unsafe_code)]

pub mod digits;
pub mod flash;
pub mod life;
pub mod record;
pub mod store;
pub mod training;
