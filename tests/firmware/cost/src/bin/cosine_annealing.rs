//! Half a wave in the span.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::CosineAnnealing;

cost::schedule!(
    10_000,
    CosineAnnealing::new(given(0.1), given(0.001), given(10_000))
);
