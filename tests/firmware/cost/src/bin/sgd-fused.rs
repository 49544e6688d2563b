//! Fused in software, without a velocity.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Rounding, SgdConfig};

cost::sgd!(given(SgdConfig {
    rounding: Rounding::Fused,
    ..SgdConfig::default()
}));
