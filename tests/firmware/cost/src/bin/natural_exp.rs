//! From 0.1 to 5e-6 over the span.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::NaturalExp;

cost::schedule!(10_000, NaturalExp::new(given(0.1), given(0.001)));
