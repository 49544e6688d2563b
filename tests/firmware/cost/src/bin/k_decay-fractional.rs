//! A line of a fractional power.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::KDecay;

cost::schedule!(
    10_000,
    KDecay::new(
        given(0.1),
        given(0.001),
        given(10_000),
        given(1.0),
        given(1.5)
    )
);
