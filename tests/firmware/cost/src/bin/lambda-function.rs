//! A function of the program, which its type names: the evaluator of expressions is not linked.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::Lambda;

fn factor(step: u32) -> f64 {
    1.0 / f64::from((step >> 8) + 1)
}

cost::schedule!(10_000, Lambda::new(given(0.1), factor));
