//! From -4 to 4 over the span.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Tanh;

cost::schedule!(
    10_000,
    Tanh::new(
        given(0.1),
        given(0.001),
        given(10_000),
        given(-4.0),
        given(4.0)
    )
);
