//! A third at first.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::ConstantFactor;

cost::schedule!(
    10_000,
    ConstantFactor::new(given(0.1), given(1.0 / 3.0), given(5_000))
);
