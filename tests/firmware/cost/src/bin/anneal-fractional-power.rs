//! Its shape power.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Anneal, Shape};

cost::schedule!(
    10_000,
    Anneal::new(
        given(0.1),
        given(0.001),
        given(10_000),
        given(Shape::Power),
        given(Some(1.5))
    )
);
