//! As many boundaries as it has room for.
#![no_std]
#![no_main]

use cost::{boundaries, falling, given};
use hairpin_core::PiecewiseConstant;

cost::schedule!(
    10_000,
    PiecewiseConstant::<16>::new(
        &given(const { boundaries::<16>(600) }),
        &given(const { falling::<17>() })
    )
);
