//! A small whole power, again and again.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Polynomial;

cost::schedule!(
    10_000,
    Polynomial::new(
        given(0.1),
        given(0.001),
        given(1_000),
        given(2.0),
        given(true)
    )
);
