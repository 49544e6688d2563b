//! Five triangles, each lower.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Cyclic, CyclicMode};

cost::schedule!(
    10_000,
    Cyclic::new(given(0.001), given(0.1), given(1_000), given(1_000))?
        .mode(given(CyclicMode::ExpRange), given(0.9999))
);
