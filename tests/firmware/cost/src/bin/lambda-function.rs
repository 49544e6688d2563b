//! A function of the program.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Factor, Lambda};

cost::schedule!(
    10_000,
    Lambda::new(
        given(0.1),
        Factor::Function(|step| 1.0 / f64::from((step >> 8) + 1))
    )
);
