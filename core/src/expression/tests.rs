//! Values that Python gives, errors with their places, hostile bytes.

use super::op::{CONSTANT, Op};
use super::*;
use std::string::ToString;

fn eval(text: &str, step: u32) -> f64 {
    match Expression::parse(text) {
        Ok(expression) => expression.eval(step),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn error(text: &str) -> ExpressionError {
    Expression::parse(text).expect_err(text)
}

#[test]
fn the_articles_lambda() {
    for step in [0, 1, 2, 99, 100_000, u32::MAX] {
        let expected = libm::pow(0.95, f64::from(step));
        assert_eq!(
            eval("lambda epoch: 0.95 ** epoch", step).to_bits(),
            expected.to_bits()
        );
    }
}

#[test]
fn precedence_is_pythons() {
    for (text, expected) in [
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("2**-1**2", 0.5),
        ("-2**-2", -0.25),
        ("10 - 2 - 3", 5.0),
        ("2 + 3 * 4 % 5", 4.0),
        ("100 / 10 / 2", 5.0),
        ("not 1 == 2", 1.0),
        ("not 0 and 0", 0.0),
        ("1 or 0 and 0", 1.0),
        ("0 or 5", 5.0),
        ("3 and 4", 4.0),
        ("0 and 4", 0.0),
        ("1 < 2 < 3", 1.0),
        ("3 > 2 > 2", 0.0),
        ("(3 > 2) > 0", 1.0),
        ("3 > 2 == 1", 0.0),
        ("1 < 3 > 2 != 4 <= 4 >= 4", 1.0),
        ("1 if 0 else 2 if 0 else 3", 3.0),
        ("1 if (0 if 1 else 1) else 2", 2.0),
        ("1 + 1 if 1 else 5 + 5", 2.0),
        ("not 1 if 1 else 7", 0.0),
        ("max(1, 7 if True else 2, 3)", 7.0),
        (
            "(1 if 1 else 2) if (3 if 0 else 0) else (4 if 1 else 5) + (6 if 0 else 7)",
            11.0,
        ),
        ("log(8, 2)", libm::log(8.0) / libm::log(2.0)),
        ("math.floor(2.5) + np.ceil(2.5) + int(-2.5) + float(1)", 4.0),
        ("np.maximum(2, 3) - np.minimum(2, 3) + max(1, 2, 3,)", 4.0),
        (
            "1_000 + .5 + 5. + 1e-3 + 1_0.0_1e1_0",
            1000.5 + 5.0 + 1e-3 + 10.01e10,
        ),
        ("(\n  1\n  + 2\n)", 3.0),
        ("1 if 1 else 1/0", 1.0),
    ] {
        assert_eq!(eval(text, 0).to_bits(), f64::to_bits(expected), "{text}");
    }
}

#[test]
fn the_step_goes_by_three_names() {
    assert_eq!(eval("lambda e: e + step + epoch", 7), 21.0);
    assert_eq!(eval("lambda pi: pi", 7), 7.0);
    assert_eq!(eval("lambda exp: exp * math.exp(0)", 7), 7.0);
    assert_eq!(
        error("7 + e"),
        ExpressionError::UnknownName { at: 4, len: 1 }
    );
    assert_eq!(eval("step", u32::MAX), 4_294_967_295.0);
}

/// What is undefined in Python has the value that IEEE gives it.
#[test]
fn total_where_python_raises() {
    for (text, expected) in [
        ("1 / 0", f64::INFINITY),
        ("-1 // 0", f64::NEG_INFINITY),
        ("0 ** -1", f64::INFINITY),
        ("log(0)", f64::NEG_INFINITY),
        ("int(1e999)", f64::INFINITY),
        ("10 ** 400", f64::INFINITY),
    ] {
        assert_eq!(eval(text, 0), expected, "{text}");
    }
    for text in [
        "1 % 0",
        "0 // 0",
        "sqrt(-1)",
        "log(-1)",
        "(-8) ** (1/3)",
        "1e999 - 1e999",
    ] {
        assert!(eval(text, 0).is_nan(), "{text}");
    }
}

/// A NaN is true, compares to nothing, and reaches `max` as it does in Python: only from the first place.
#[test]
fn nan_is_treated_as_in_python() {
    for (text, expected) in [
        ("NAN or 3", None),
        ("NAN and 3", Some(3.0)),
        ("not NAN", Some(0.0)),
        ("NAN == NAN", Some(0.0)),
        ("NAN != NAN", Some(1.0)),
        ("1 < NAN < 3", Some(0.0)),
        ("5 if NAN else 6", Some(5.0)),
        ("max(NAN, 1)", None),
        ("max(1, NAN)", Some(1.0)),
        ("min(2, NAN, 1)", Some(1.0)),
        ("np.maximum(1, NAN)", None),
        ("np.maximum(NAN, 1)", None),
        ("np.minimum(1, NAN)", None),
        ("np.minimum(NAN, 1)", None),
    ] {
        let value = eval(&text.replace("NAN", "(1e999 - 1e999)"), 0);
        match expected {
            Some(expected) => assert_eq!(value, expected, "{text}"),
            None => assert!(value.is_nan(), "{text}"),
        }
    }
}

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
    // An underscored number has room for 64 digits, any other for as many as there are.
    assert_eq!(eval(&("0.".to_string() + &"3".repeat(5000)), 0), 1.0 / 3.0);
    assert_eq!(
        error(&("0.0_0".to_string() + &"3".repeat(61))),
        ExpressionError::BadNumber { at: 0, len: 66 }
    );
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
    assert!(size_of::<Expression>() < 240);
    assert_eq!(size_of::<Expression>(), 200);
}

#[test]
fn parts_rebuild_the_expression() {
    let expression = Expression::parse("0.5 ** step if 1 < step < 9 else pi").unwrap();
    let again = Expression::from_parts(expression.ops(), expression.constants()).unwrap();
    assert_eq!(expression, again);
    assert_eq!(
        expression.constants(),
        [0.5, 1.0, 9.0, core::f64::consts::PI]
    );
    let larger =
        Expression::<255, 128>::from_parts(expression.ops(), expression.constants()).unwrap();
    assert_eq!(larger.eval(3), 0.125);
    assert_eq!(
        Expression::<9, 9>::from_parts(expression.ops(), expression.constants()),
        Err(ExpressionError::TooManyOperations { at: 9, capacity: 9 })
    );
    assert_eq!(
        Expression::<64, 3>::from_parts(expression.ops(), expression.constants()),
        Err(ExpressionError::TooManyConstants { at: 3, capacity: 3 })
    );
}

/// The numbers in saved programs: a change here breaks checkpoints in the field.
#[test]
fn the_encoding_is_fixed() {
    let ops = |text: &str| Expression::parse(text).unwrap().ops().to_vec();
    assert_eq!(
        ops("-step + 2 - 3 * 2 / 4 // 2 % 2 ** 1"),
        [
            1, 2, 0x80, 4, 0x81, 0x80, 6, 0x82, 7, 0x80, 8, 0x80, 0x83, 10, 9, 5
        ]
    );
    assert_eq!(
        ops("not 1 < 2 <= 3 > 4 >= 5 == 6 != 7"),
        [
            0x80, 0x81, 17, 0x82, 18, 0x83, 19, 0x84, 20, 0x85, 21, 0x86, 16, 23, 23, 23, 23, 23, 3
        ]
    );
    assert_eq!(
        ops("0 < 1 or 0 <= 1 or 0 > 1 or 0 >= 1 or 0 == 1 and 0 != 1"),
        [
            0x80, 0x81, 11, 0x80, 0x81, 12, 24, 0x80, 0x81, 13, 24, 0x80, 0x81, 14, 24, 0x80, 0x81,
            15, 0x80, 0x81, 16, 23, 24
        ]
    );
    assert_eq!(ops("1 if step else 2"), [1, 25, 3, 0x80, 26, 1, 0x81]);
    assert_eq!(
        ops("min(0, max(0, np.minimum(0, np.maximum(0, 0))))"),
        [0x80, 0x80, 0x80, 0x80, 0x80, 30, 29, 28, 27]
    );
    assert_eq!(
        ops("abs(floor(ceil(int(sqrt(exp(log(sin(cos(0)))))))))"),
        [0x80, 39, 38, 37, 36, 35, 34, 33, 32, 31]
    );
    for byte in 0..=u8::MAX {
        match Op::from_byte(byte) {
            Some(op) => assert!(op as u8 == byte && (1..=39).contains(&byte)),
            None => assert!(byte == 0 || byte > 39),
        }
    }
}

#[test]
fn corrupt_programs_are_refused() {
    use ExpressionError::Corrupt;
    for (ops, constants, at) in [
        (&[][..], &[][..], 0),
        (&[0], &[], 0),
        (&[1, 99], &[], 1),
        (&[0x81], &[1.0], 0),
        (&[0x80], &[f64::NAN], 1),
        (&[4], &[], 0),
        (&[1, 1], &[], 2),
        (&[1, 25], &[], 1),
        (&[1, 25, 9, 1], &[], 1),
        (&[1, 26, 0, 26], &[], 3),
        (&[1, 26, 1, 2], &[], 3),        // nothing leads to the negation
        (&[1, 25, 1, 1], &[], 4),        // one way ends with a value, the other without
        (&[1, 1, 25, 1, 26, 0], &[], 5), // into the middle of a jump
        (&[1, 26, 255], &[], 1),
    ] {
        assert_eq!(
            Expression::<64, 16>::from_parts(ops, constants),
            Err(Corrupt { at }),
            "{ops:?}"
        );
    }
    assert_eq!(
        Expression::<64, 16>::from_parts(&[1; 17], &[]),
        Err(ExpressionError::TooDeep {
            at: 16,
            capacity: STACK_DEPTH
        })
    );
}

/// A splitmix64 stream: enough for mutations, the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

const WORDS: &[&str] = &[
    "1", "0", "0.5", "1e3", "step", "e", "pi", "np.pi", "max", "min", "log", "(", "(", ")", ")",
    ",", "+", "-", "*", "/", "//", "%", "**", "<", "<=", "==", "!=", "and", "or", "not", "if",
    "else", "if", "else", "lambda", ":", "$", "1_0", "..", "é",
];

/// What parses is accepted by its parts and runs; what does not names a place in the text.
fn survives(text: &str) -> bool {
    match Expression::parse(text) {
        Ok(expression) => {
            expression.eval(0);
            expression.eval(u32::MAX);
            assert_eq!(
                Expression::from_parts(expression.ops(), expression.constants()),
                Ok(expression),
                "{text}"
            );
            true
        }
        Err(error) => {
            assert!(
                error.at() <= text.len() && !matches!(error, ExpressionError::Corrupt { .. }),
                "{text}: {error}"
            );
            assert!(!std::format!("{error}").is_empty());
            false
        }
    }
}

#[test]
fn no_text_panics() {
    let mut random = Random(1);
    let mut accepted = 0;
    for _ in 0..60_000 {
        let mut text = std::string::String::new();
        for _ in 0..random.below(24) {
            text += WORDS[random.below(WORDS.len())];
            text += " ";
        }
        accepted += u32::from(survives(&text));
        let bytes: std::vec::Vec<u8> = (0..random.below(16))
            .map(|_| random.below(256) as u8)
            .collect();
        survives(&std::string::String::from_utf8_lossy(&bytes));
    }
    assert!(
        accepted > 500,
        "the words rarely form an expression: {accepted}"
    );
}

#[test]
fn no_bytes_panic() {
    let mut random = Random(2);
    let seeds = [
        "0.1 if e < 30 else 0.01 if 30 <= e < 60 else 0.001",
        "min(e / 10, 1) * 0.95 ** (e // 3) + (1 if e % 2 else sin(e))",
        "1 if (2 if e else 3) else 4 if (e or 5) and not e else -6",
    ];
    let mut accepted = 0;
    for round in 0..200_000 {
        let seed =
            Expression::parse(&std::format!("lambda e: {}", seeds[round % seeds.len()])).unwrap();
        let mut ops = seed.ops().to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(ops.len());
            let byte = match random.below(3) {
                0 => random.below(256) as u8,
                1 => random.below(40) as u8,
                _ => CONSTANT | random.below(8) as u8,
            };
            match random.below(3) {
                0 => ops[at] = byte,
                1 => ops.insert(at, byte),
                _ => drop(ops.remove(at)),
            }
        }
        if round % 8 == 0 {
            ops = (0..random.below(70))
                .map(|_| random.below(41) as u8)
                .collect();
        }
        if let Ok(expression) = Expression::<64, 16>::from_parts(&ops, seed.constants()) {
            expression.eval(round as u32);
            accepted += 1;
        }
        // Even unchecked, bytes end and do not panic: the checks are not what keeps the interpreter safe.
        eval::run(&ops, seed.constants(), 3.0);
    }
    assert!(
        accepted > 1000,
        "the mutations rarely leave a program: {accepted}"
    );
}
