//! From 0.1 to 5e-6 over the span.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Exponential;

cost::schedule!(10_000, Exponential::new(given(0.1), given(0.999)));
