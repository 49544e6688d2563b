//! Smoothed over as many losses as it has room for. What a loss costs.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Greedy, GreedyConfig};

cost::observe!(Greedy::<50>::new(given(GreedyConfig {
    patience: 5,
    smooth: true,
    ..GreedyConfig::new(0.1)
})));
