//! A tenth of the span each.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Step;

cost::schedule!(10_000, Step::new(given(0.1), given(1_000), given(0.5)));
