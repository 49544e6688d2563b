//! The arithmetic of training the built-in models, in one order of operations.
//!
//! A formula is written over [`Real`], which is one number or a register of them. The CPU fills a register with as many samples as
//! it has lanes; a thread of a GPU holds one number, [`Scalar`]. Both do the same operations in the same order, so that they have
//! the same bits, whatever the width.
//!
//! What has an order:
//! * an element of a matrix product is `start + a0*b0 + a1*b1 + …`, [`Real::mul_add`]s in the order of the inner index;
//! * a sum over samples is a [`Sum`];
//! * an evaluation adds the sums of [`SCORED_AT_ONCE`] samples each, in the order of the samples.
//!
//! Nothing allocates, and nothing can panic: a GPU has nowhere to go from there. Everything is inlined into its caller, because
//! that decides for which instructions it is compiled.
#![no_std]
#![forbid(unsafe_code)]

mod elementary;
mod entropy;
mod real;
mod rectify;
mod sum;

pub use elementary::{exp_nonpositive, ln_from_one};
pub use entropy::{
    Column, ColumnMut, Parts, SCORED_AT_ONCE, Score, descend, is_right, loss, score, weight,
};
pub use real::{Real, Scalar};
pub use rectify::{rectify, rectify_grad};
pub use sum::{PARTIAL, Sum, fold, mean};
