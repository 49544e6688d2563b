//! Compiled around a constant rate: what a warm-up adds.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Constant, LinearWarmup};

cost::schedule!(
    10_000,
    LinearWarmup::new(
        given(5_000),
        given(0.0),
        given(0.1),
        Constant::new(given(0.1))?
    )
);
