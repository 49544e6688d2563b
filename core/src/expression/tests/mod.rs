//! What the language means, what it refuses, and programs that no text gave.

mod language;
mod programs;
mod refusals;

use super::{Expression, ExpressionError};

fn eval(text: &str, step: u32) -> f64 {
    match Expression::parse(text) {
        Ok(expression) => expression.eval(step),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn error(text: &str) -> ExpressionError {
    Expression::parse(text).expect_err(text)
}
