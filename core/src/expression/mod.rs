//! Expressions of the step, written as in a Python lambda and compiled to a program of fixed capacity.
//!
//! ```
//! use hairpin_core::Expression;
//!
//! let halve: Expression = Expression::parse("lambda epoch: 0.5 ** (epoch // 30) if epoch < 90 else 0")?;
//! assert_eq!(halve.eval(65), 0.25);
//! assert_eq!(halve.eval(90), 0.0);
//! # Ok::<(), hairpin_core::ExpressionError>(())
//! ```
//!
//! # The language
//!
//! Loosest first; each binds as it does in Python.
//!
//! ```text
//! text        = [ "lambda" NAME ":" ] expression
//! expression  = or [ "if" or "else" expression ]
//! or          = and { "or" and }
//! and         = not { "and" not }
//! not         = "not" not | comparison
//! comparison  = sum { ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) sum }     a < b < c is a < b and b < c
//! sum         = product { ( "+" | "-" ) product }
//! product     = sign { ( "*" | "/" | "//" | "%" ) sign }
//! sign        = ( "+" | "-" ) sign | power
//! power       = primary [ "**" sign ]                                     -2 ** 2 is -4
//! primary     = NUMBER | "True" | "False" | "pi" | "step" | "epoch" | NAME
//!             | FUNCTION "(" expression { "," expression } [ "," ] ")" | "(" expression ")"
//! ```
//!
//! Numbers are decimal (`30`, `0.95`, `.5`, `5.`, `1e-3`, `1_000`). The functions are `min max abs floor ceil sqrt exp log
//! sin cos pow float int`, where `log` takes a base as a second argument and `min` and `max` take two arguments or
//! more. `math.` may stand where Python's module has the name, and `np.` or `numpy.` likewise: [`NAMES`] lists all. White
//! space, newlines included, separates and means nothing else.
//!
//! # What it computes
//!
//! Everything is an f64. A condition is 1 or 0, and any number but zero (a NaN too) counts as true; `and` and `or`
//! give one of their operands. `//` rounds down and `%` has the divisor's sign, to the bit as CPython's floats have them.
//! `min` and `max` keep the first argument unless a later one compares smaller or greater; `np.minimum` and
//! `np.maximum` give NaN when either is one. `**` and `pow` are [`libm::pow`], and so with the other functions.
//!
//! It differs from Python in this, since a rate is a total function:
//! - whole numbers beyond 2^53 are rounded as floats are, and a zero may carry a minus sign;
//! - where Python raises, the value is IEEE's: `1 / 0` and `1 // 0` are infinite, `1 % 0`, `sqrt(-1)` and `(-8) ** 0.5` are NaN,
//!   `log(0)` is minus infinity.
//!
//! # Capacity and cost
//!
//! [`Expression`] holds 64 bytes of program and 16 different numbers (200 bytes in all) unless told otherwise; an
//! operation, a number and the step are a byte each and a conditional is four. A running program has at most
//! [`STACK_DEPTH`] values in flight, and text nests at most [`NESTING`] deep.
//! What does not fit is refused with an error, never cut.
//!
//! Evaluating takes time in proportion to the program, and of a conditional only the branch that is taken; `and` and `or`
//! evaluate both sides. `//` and `%` take a few operations for every bit by which the quotient is longer than one.

mod code;
mod compile;
mod decimal;
mod division;
mod error;
mod eval;
mod lexer;
mod names;
mod op;
#[cfg(test)]
mod tests;
mod verify;
mod waiting;

use core::str::FromStr;

pub use error::ExpressionError;
pub use names::NAMES;

/// The most values a running program may have in flight.
pub const STACK_DEPTH: usize = 16;

/// The most parentheses, calls, operators and conditionals that may wait for their right-hand side at one place.
pub const NESTING: usize = 32;

/// A compiled expression of the step: `Copy`, of fixed size, verified.
///
/// `OPS` (at most 255) is the capacity in bytes of program, `CONSTANTS` (at most 128) in different numbers.
/// [`parse`](Expression::parse) is for the default capacities; others are asked for by type:
/// `text.parse::<Expression<128, 32>>()`.
///
/// The language and its meaning are described in the documentation of the [module](self).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expression<const OPS: usize = 64, const CONSTANTS: usize = 16> {
    constants: [f64; CONSTANTS],
    ops: [u8; OPS],
    ops_len: u8,
    constants_len: u8,
}

impl Expression {
    /// Compiles a text at the default capacities.
    ///
    /// # Errors
    /// Whatever is not in the language or does not fit, with its place in the text.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        text.parse()
    }
}

impl<const OPS: usize, const CONSTANTS: usize> FromStr for Expression<OPS, CONSTANTS> {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let mut ops = [0; OPS];
        let mut constants = [0.0; CONSTANTS];
        let (ops_len, constants_len) =
            compile::Compiler::new(text, &mut ops, &mut constants).compile()?;
        Self::from_parts(
            ops.get(..ops_len).unwrap_or_default(),
            constants.get(..constants_len).unwrap_or_default(),
        )
    }
}

impl<const OPS: usize, const CONSTANTS: usize> Expression<OPS, CONSTANTS> {
    const CAPACITIES_FIT_IN_A_BYTE: () = assert!(
        OPS <= 255 && CONSTANTS <= 128,
        "at most 255 bytes and 128 constants"
    );

    /// Bytes of program that this type holds.
    pub const OPS_MAX: usize = OPS;

    /// Different numbers that this type holds.
    pub const CONSTANTS_MAX: usize = CONSTANTS;

    /// The value at a step.
    pub fn eval(&self, step: u32) -> f64 {
        eval::run(self.ops(), self.constants(), f64::from(step))
    }

    /// The program: postfix, for a stack of numbers.
    ///
    /// A byte of `0x80` and above pushes the constant whose place is in its lower seven bits. The others are, by
    /// number, and will stay:
    ///
    /// | bytes | what they do |
    /// |---|---|
    /// | 1 | push the step |
    /// | 2, 3 | `-a`, `not a` |
    /// | 4 to 10 | `+ - * / // % **` of the two topmost |
    /// | 11 to 16 | `< <= > >= == !=` |
    /// | 17 to 22 | the same inside a chain: replaces `a`, keeps `b` on top |
    /// | 23, 24 | `and`, `or` |
    /// | 25 *n* | take one value and skip *n* bytes if it is zero |
    /// | 26 *n* | skip *n* bytes |
    /// | 27 to 30 | `min`, `max`, `np.minimum`, `np.maximum` of two |
    /// | 31 to 34 | `abs`, `floor`, `ceil`, `int` |
    /// | 35 to 39 | `sqrt`, `exp`, `log`, `sin`, `cos` |
    pub fn ops(&self) -> &[u8] {
        self.ops
            .get(..usize::from(self.ops_len))
            .unwrap_or_default()
    }

    /// The numbers that the program uses.
    pub fn constants(&self) -> &[f64] {
        self.constants
            .get(..usize::from(self.constants_len))
            .unwrap_or_default()
    }

    /// Rebuilds an expression from its [`ops`](Self::ops) and [`constants`](Self::constants), wherever they come
    /// from: what this accepts cannot fail, loop or leave its stack.
    ///
    /// # Errors
    /// [`Corrupt`](ExpressionError::Corrupt) for bytes that are no program, [`TooDeep`](ExpressionError::TooDeep),
    /// and the two of too small a capacity. Here `at` counts bytes of the program (or constants).
    pub fn from_parts(ops: &[u8], constants: &[f64]) -> Result<Self, ExpressionError> {
        const { Self::CAPACITIES_FIT_IN_A_BYTE };
        let mut expression = Self {
            constants: [0.0; CONSTANTS],
            ops: [0; OPS],
            ops_len: 0,
            constants_len: 0,
        };
        let (Some(ops_place), Ok(ops_len)) =
            (expression.ops.get_mut(..ops.len()), u8::try_from(ops.len()))
        else {
            return Err(ExpressionError::TooManyOperations {
                at: OPS,
                capacity: OPS,
            });
        };
        let (Some(constants_place), Ok(constants_len)) = (
            expression.constants.get_mut(..constants.len()),
            u8::try_from(constants.len()),
        ) else {
            return Err(ExpressionError::TooManyConstants {
                at: CONSTANTS,
                capacity: CONSTANTS,
            });
        };
        verify::verify::<OPS>(ops, constants)?;
        ops_place.copy_from_slice(ops);
        constants_place.copy_from_slice(constants);
        expression.ops_len = ops_len;
        expression.constants_len = constants_len;
        Ok(expression)
    }
}
