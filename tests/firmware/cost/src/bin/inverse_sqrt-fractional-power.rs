//! Another power.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::InverseSqrt;

cost::schedule!(
    10_000,
    InverseSqrt::new(given(0.1), given(1_000.0))?.power(given(0.7))
);
