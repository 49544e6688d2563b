//! A line.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Polynomial;

cost::schedule!(
    10_000,
    Polynomial::new(
        given(0.1),
        given(0.001),
        given(10_000),
        given(1.0),
        given(false)
    )
);
