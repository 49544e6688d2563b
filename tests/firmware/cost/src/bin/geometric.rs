//! Down by four powers of ten.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Geometric;

cost::schedule!(
    10_000,
    Geometric::new(given(0.1), given(0.000_01), given(10_000))
);
