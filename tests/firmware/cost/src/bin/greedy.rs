//! Smoothed over as many losses as it has room for. Its rate after every loss.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Greedy, GreedyConfig};

cost::feedback!(Greedy::<50>::new(given(GreedyConfig {
    patience: 5,
    smooth: true,
    ..GreedyConfig::new(0.1)
})));
