//! Every product and sum rounded, with all that may be asked for.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Rounding, SgdConfig};

cost::sgd!(given(SgdConfig {
    momentum: 0.9,
    nesterov: true,
    weight_decay: 1e-4,
    gradient_scale: 0.5,
    rounding: Rounding::Separate,
    ..SgdConfig::default()
}));
