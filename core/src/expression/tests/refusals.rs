//! Errors with their places, and how much fits.

use std::string::ToString;

use super::super::{NESTING, STACK_DEPTH};
use super::*;

#[test]
fn errors_point_at_the_place() {
    use ExpressionError as E;
    for (text, expected) in [
        ("", E::Empty { at: 0 }),
        ("  ", E::Empty { at: 2 }),
        ("lambda e:", E::Empty { at: 9 }),
        ("1 +", E::UnexpectedEnd { at: 3 }),
        ("max(", E::UnexpectedEnd { at: 4 }),
        ("1 $ 2", E::UnexpectedCharacter { at: 2 }),
        ("2 ^ step", E::UnexpectedCharacter { at: 2 }),
        ("1, 2", E::UnexpectedCharacter { at: 1 }),
        ("(1, 2)", E::UnexpectedCharacter { at: 2 }),
        ("é", E::UnexpectedCharacter { at: 0 }),
        ("1 * / 2", E::ExpectedOperand { at: 4 }),
        ("()", E::ExpectedOperand { at: 1 }),
        ("max(, 1)", E::ExpectedOperand { at: 4 }),
        ("1 + not 2", E::ExpectedOperand { at: 4 }),
        ("1 == not 2", E::ExpectedOperand { at: 5 }),
        ("+not 2", E::ExpectedOperand { at: 1 }),
        ("2 step", E::ExpectedOperator { at: 2 }),
        ("2 (3)", E::ExpectedOperator { at: 2 }),
        ("step(3)", E::ExpectedOperator { at: 4 }),
        ("1 not 2", E::ExpectedOperator { at: 2 }),
        ("1 + sine(2)", E::UnknownName { at: 4, len: 4 }),
        ("math.foo(2)", E::UnknownName { at: 0, len: 8 }),
        ("None", E::UnknownName { at: 0, len: 4 }),
        ("max + 1", E::NotCalled { at: 0, len: 3 }),
        (
            "1 + max()",
            E::WrongArgumentCount {
                at: 4,
                at_least: 2,
                at_most: 255,
                found: 0,
            },
        ),
        (
            "max(1,)",
            E::WrongArgumentCount {
                at: 0,
                at_least: 2,
                at_most: 255,
                found: 1,
            },
        ),
        (
            "np.log(1, 2)",
            E::WrongArgumentCount {
                at: 0,
                at_least: 1,
                at_most: 1,
                found: 2,
            },
        ),
        ("(1 + (2)", E::UnbalancedParenthesis { at: 0 }),
        ("1 + 2)", E::UnbalancedParenthesis { at: 5 }),
        (")", E::UnbalancedParenthesis { at: 0 }),
        ("1 if 2", E::MissingElse { at: 2 }),
        ("(1 if 2)", E::MissingElse { at: 3 }),
        ("max(1 if 2, 3)", E::MissingElse { at: 6 }),
        ("1 if 2 if 3 else 4 else 5", E::MissingElse { at: 2 }),
        ("1 else 2", E::MissingIf { at: 2 }),
        ("1 if 2 else 3 else 4", E::MissingIf { at: 14 }),
        ("lambda: 1", E::BadLambda { at: 6 }),
        ("lambda a, b: 1", E::BadLambda { at: 8 }),
        ("lambda if: 1", E::BadLambda { at: 7 }),
        ("1 + (lambda e: e)", E::BadLambda { at: 5 }),
        ("1__0", E::BadNumber { at: 0, len: 4 }),
        ("2 * 1_", E::BadNumber { at: 4, len: 2 }),
        ("012", E::BadNumber { at: 0, len: 3 }),
        ("0x10", E::BadNumber { at: 0, len: 4 }),
        ("3epoch", E::BadNumber { at: 0, len: 6 }),
        ("1.2.3", E::BadNumber { at: 0, len: 5 }),
    ] {
        let found = error(text);
        assert_eq!(found, expected, "{text}");
        assert!(found.at() <= text.len());
    }
}

#[test]
fn capacities_are_refused_never_cut() {
    type Small = Expression<6, 2>;
    let text = "1 + 2 + step - 1";
    assert_eq!(text.parse::<Expression<7, 2>>().unwrap().eval(5), 7.0);
    assert_eq!(
        text.parse::<Small>(),
        Err(ExpressionError::TooManyOperations {
            at: 13,
            capacity: 6
        })
    );
    assert_eq!(
        "1 + 2 + 3".parse::<Small>(),
        Err(ExpressionError::TooManyConstants { at: 8, capacity: 2 })
    );
    let twos = "2**".repeat(15);
    assert_eq!(eval(&(twos.clone() + "1"), 0), f64::INFINITY);
    assert_eq!(
        error(&(twos + "2**1")),
        ExpressionError::TooDeep {
            at: 48,
            capacity: STACK_DEPTH
        }
    );
    assert_eq!(eval(&("(".repeat(32) + "1" + &")".repeat(32)), 0), 1.0);
    assert_eq!(
        error(&"(".repeat(33)),
        ExpressionError::TooDeep {
            at: 32,
            capacity: NESTING
        }
    );
    assert_eq!(
        error(&"-".repeat(99_999)),
        ExpressionError::TooDeep {
            at: 32,
            capacity: NESTING
        }
    );
    // Folding keeps the stack low however many arguments there are.
    assert_eq!(
        eval(&std::format!("max({}8)", "step, 7, ".repeat(15)), 3),
        8.0
    );
    // A number has as many digits as there are, with underscores and without.
    assert_eq!(eval(&("0.".to_string() + &"3".repeat(5000)), 0), 1.0 / 3.0);
    assert_eq!(eval(&("0.".to_string() + &"3_3".repeat(99)), 0), 1.0 / 3.0);
}

/// Eight rates by seven conditions: the longest staircase of constants that fits.
#[test]
fn a_staircase_fits_the_default_capacities() {
    let text = "8 if e<10 else 7 if e<20 else 6 if e<30 else 5 if e<40 else 4 if e<50 else 3 if e<60 else 2 if e<70 else 1";
    let text = std::format!("lambda e: {text}");
    let expression = Expression::parse(&text).unwrap();
    for step in 0..90 {
        assert_eq!(
            expression.eval(step),
            f64::from(8 - (step / 10).min(7)),
            "{step}"
        );
    }
    assert_eq!(size_of::<Expression>(), 200);
    assert_eq!(
        (<Expression>::OPS_MAX, <Expression>::CONSTANTS_MAX),
        (64, 16)
    );
}
