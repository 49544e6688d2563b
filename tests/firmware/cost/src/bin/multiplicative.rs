//! An expression. Its rate after every loss.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{Factor, Multiplicative};

cost::feedback!(Multiplicative::new(
    given(0.1),
    Factor::parse(given("0.999 if step % 100 else 0.95"))?
));
