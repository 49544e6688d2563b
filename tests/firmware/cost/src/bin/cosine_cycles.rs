//! Four falls with restarts.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::CosineCycles;

cost::schedule!(
    10_000,
    CosineCycles::new(
        given(0.1),
        given(0.001),
        given(10_000),
        given(4.0),
        given(true)
    )
);
