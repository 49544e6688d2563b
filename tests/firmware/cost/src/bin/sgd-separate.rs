//! Every product and sum rounded, without a velocity.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Rounding, SgdConfig};

cost::sgd!(given(SgdConfig {
    rounding: Rounding::Separate,
    ..SgdConfig::default()
}));
