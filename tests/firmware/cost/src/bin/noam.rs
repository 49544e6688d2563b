//! Attention is all you need: a width of 512.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Noam;

cost::schedule!(10_000, Noam::new(given(1.0), given(512), given(4_000)));
