//! A rate that never changes.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Constant;

cost::schedule!(10_000, Constant::new(given(0.1)));
