//! An expression without a function.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Factor, Lambda};

cost::schedule!(
    10_000,
    Lambda::new(
        given(0.1),
        Factor::parse(given("(1 - step / 10000) ** 2 if step < 10000 else 0"))?
    )
);
