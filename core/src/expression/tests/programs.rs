//! The encoding, and hostile bytes and texts.

use super::super::op::{CONSTANT, Op};
use super::super::{STACK_DEPTH, eval};
use super::*;

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
