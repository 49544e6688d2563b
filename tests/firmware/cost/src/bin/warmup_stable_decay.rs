//! A tenth up, a tenth down.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::WarmupStableDecay;

cost::schedule!(
    10_000,
    WarmupStableDecay::new(given(0.1), given(1_000), given(8_000), given(1_000))
);
