//! Down to a tenth.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::InverseTime;

cost::schedule!(10_000, InverseTime::new(given(0.1), given(0.001)));
