//! Four cycles, each twice as long as the one before.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::WarmRestarts;

cost::schedule!(
    10_000,
    WarmRestarts::new(given(0.1), given(0.001), given(1_000), given(2.0))
);
