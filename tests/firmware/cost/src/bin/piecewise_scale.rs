//! As many boundaries as it has room for.
#![no_std]
#![no_main]

use cost::{boundaries, falling, given};
use hairpin_core::PiecewiseScale;

cost::schedule!(
    10_000,
    PiecewiseScale::<16>::new(
        given(0.1),
        &given(const { boundaries::<16>(600) }),
        &given(const { falling::<16>() })
    )
);
