//! A function of the program, which the compiler knows: the evaluator of expressions is not linked.
#![no_std]
#![no_main]

use cost::given;
use hairpin_core::{ConfigError, Factor, Lambda, Schedule};

/// Where a schedule is made beside its use, the compiler sees that its factor is no expression. Between the marks of the counter it
/// sees nothing of the kind; so it is made there.
struct Known {
    learning_rate: f64,
}

impl Known {
    fn lambda(&self) -> Result<Lambda, ConfigError> {
        Lambda::new(self.learning_rate, Factor::Function(factor))
    }
}

fn factor(step: u32) -> f64 {
    1.0 / f64::from((step >> 8) + 1)
}

impl Schedule for Known {
    fn lr(&self, step: u32) -> f32 {
        self.lambda().map_or(f32::NAN, |lambda| lambda.lr(step))
    }
}

cost::schedule!(
    10_000,
    Ok(Known {
        learning_rate: given(0.1)
    })
);
