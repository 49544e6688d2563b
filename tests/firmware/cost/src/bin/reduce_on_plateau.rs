//! Cut after few bad losses, so that all that can happen does. Its rate after every loss.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{PlateauConfig, ReduceOnPlateau};

cost::feedback!(ReduceOnPlateau::new(given(PlateauConfig {
    factor: 0.9,
    patience: 5,
    cooldown: 3,
    ..PlateauConfig::new(0.1)
})));
