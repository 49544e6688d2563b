//! An expression with a warm-up and a cosine.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Factor, Lambda};

cost::schedule!(
    10_000,
    Lambda::new(
        given(0.1),
        Factor::parse(given(
            "min(step / 500, 1) * (1 + cos(pi * step / 10000)) / 2"
        ))?
    )
);
