//! By a factor in 100 steps.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Exponential;

cost::schedule!(
    10_000,
    Exponential::new(given(0.1), given(0.95))?.transition(given(100), given(false))
);
