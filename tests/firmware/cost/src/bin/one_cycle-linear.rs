//! Two phases.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Interpolation, OneCycle};

cost::schedule!(
    10_000,
    OneCycle::new(given(0.1), given(0.004), given(0.000_001), given(10_000))
        .map(|cycle| cycle.shape(given(Interpolation::Linear)))
);
