//! The article's expression, stretched to the span.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Factor, Lambda};

cost::schedule!(
    10_000,
    Lambda::new(given(0.1), Factor::parse(given("0.95 ** (step / 100)"))?)
);
