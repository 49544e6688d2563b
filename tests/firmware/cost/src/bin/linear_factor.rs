//! From a third to all.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::LinearFactor;

cost::schedule!(
    10_000,
    LinearFactor::new(given(0.1), given(1.0 / 3.0), given(1.0), given(10_000))
);
