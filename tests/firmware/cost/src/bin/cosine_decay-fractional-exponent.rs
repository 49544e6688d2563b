//! A fractional power of half a wave.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::CosineDecay;

cost::schedule!(
    10_000,
    CosineDecay::new(given(0.1), given(0.001), given(10_000))?.exponent(given(1.5))
);
