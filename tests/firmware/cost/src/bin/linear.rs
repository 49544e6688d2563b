//! A line as long as the span.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Linear;

cost::schedule!(10_000, Linear::new(given(0.1), given(0.001), given(10_000)));
