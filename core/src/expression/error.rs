//! What can be wrong with an expression, and where.

use core::fmt;

/// Why an expression was refused. `at` is a byte offset into the text, so that a caller can point at the place.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionError {
    /// There is nothing to evaluate.
    Empty {
        /// Where the expression should have begun.
        at: usize,
    },
    /// The text ends where a value should follow.
    UnexpectedEnd {
        /// The end of the text.
        at: usize,
    },
    /// A character that the language does not use, or not here.
    UnexpectedCharacter {
        /// Where it stands.
        at: usize,
    },
    /// A value should stand here.
    ExpectedOperand {
        /// What stands there instead.
        at: usize,
    },
    /// An operator or the end should stand here.
    ExpectedOperator {
        /// What stands there instead.
        at: usize,
    },
    /// A name that stands for nothing.
    UnknownName {
        /// Where the name begins.
        at: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// A function's name without its arguments.
    NotCalled {
        /// Where the name begins.
        at: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// A function was given too few or too many arguments.
    WrongArgumentCount {
        /// Where the function's name begins.
        at: usize,
        /// The least it takes.
        at_least: u8,
        /// The most it takes; 255 means any number.
        at_most: u8,
        /// How many there are.
        found: u8,
    },
    /// A parenthesis without its partner.
    UnbalancedParenthesis {
        /// Where the lonely one stands.
        at: usize,
    },
    /// An `if` without its `else`.
    MissingElse {
        /// Where the `if` stands.
        at: usize,
    },
    /// An `else` without its `if`.
    MissingIf {
        /// Where the `else` stands.
        at: usize,
    },
    /// A `lambda` that does not read `lambda NAME:` or does not stand in front.
    BadLambda {
        /// Where it goes wrong.
        at: usize,
    },
    /// A number that Python would refuse, or one that is not decimal.
    BadNumber {
        /// Where it begins.
        at: usize,
        /// Its length in bytes.
        len: usize,
    },
    /// The program does not fit.
    TooManyOperations {
        /// What did not fit any more.
        at: usize,
        /// How many bytes there are for instructions.
        capacity: usize,
    },
    /// The different numbers do not fit.
    TooManyConstants {
        /// What did not fit any more.
        at: usize,
        /// How many there may be.
        capacity: usize,
    },
    /// Too much is nested or waits for its right-hand side.
    TooDeep {
        /// What did not fit any more.
        at: usize,
        /// How deep it may be.
        capacity: usize,
    },
    /// Bytes that are no program.
    Corrupt {
        /// The first byte that cannot stand where it stands; the constants count on behind the bytes.
        at: usize,
    },
}

impl ExpressionError {
    /// The byte offset into the text ([`Corrupt`](Self::Corrupt): into the program).
    pub const fn at(&self) -> usize {
        match *self {
            Self::Empty { at }
            | Self::UnexpectedEnd { at }
            | Self::UnexpectedCharacter { at }
            | Self::ExpectedOperand { at }
            | Self::ExpectedOperator { at }
            | Self::UnknownName { at, .. }
            | Self::NotCalled { at, .. }
            | Self::WrongArgumentCount { at, .. }
            | Self::UnbalancedParenthesis { at }
            | Self::MissingElse { at }
            | Self::MissingIf { at }
            | Self::BadLambda { at }
            | Self::BadNumber { at, .. }
            | Self::TooManyOperations { at, .. }
            | Self::TooManyConstants { at, .. }
            | Self::TooDeep { at, .. }
            | Self::Corrupt { at } => at,
        }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty { .. } => {
                f.write_str("the expression is empty: write one in `step`, such as `0.95 ** step`")
            }
            Self::UnexpectedEnd { .. } => {
                f.write_str("the expression ends where a value should follow")
            }
            Self::UnexpectedCharacter { at } => write!(
                f,
                "unexpected character at byte {at}: use numbers, names, parentheses and \
                 + - * / // % ** < <= > >= == != and or not if else"
            ),
            Self::ExpectedOperand { at } => write!(
                f,
                "a number, a name or `(` should stand at byte {at} (after an operator, `not …` needs parentheses)"
            ),
            Self::ExpectedOperator { at } => {
                write!(
                    f,
                    "an operator should stand at byte {at} (a product is written with `*`)"
                )
            }
            Self::UnknownName { at, .. } => write!(
                f,
                "unknown name at byte {at}: use `step`, `epoch`, `pi` and the functions min max abs floor ceil sqrt exp \
                 log sin cos pow float int; `math.` and `np.` may stand in front"
            ),
            Self::NotCalled { at, .. } => {
                write!(
                    f,
                    "the function at byte {at} needs its arguments in parentheses"
                )
            }
            Self::WrongArgumentCount {
                at,
                at_least,
                at_most,
                found,
            } => {
                write!(f, "the function at byte {at} takes {at_least}")?;
                match at_most {
                    u8::MAX => f.write_str(" or more")?,
                    most if most != at_least => write!(f, " to {most}")?,
                    _ => {}
                }
                write!(
                    f,
                    " argument{}, not {found}",
                    if at_most == 1 { "" } else { "s" }
                )
            }
            Self::UnbalancedParenthesis { at } => {
                write!(f, "the parenthesis at byte {at} has no partner")
            }
            Self::MissingElse { at } => write!(
                f,
                "the `if` at byte {at} has no `else`: write `a if condition else b` (a conditional in the condition \
                 needs parentheses)"
            ),
            Self::MissingIf { at } => {
                write!(
                    f,
                    "the `else` at byte {at} has no `if`: write `a if condition else b`"
                )
            }
            Self::BadLambda { at } => write!(
                f,
                "a lambda goes wrong at byte {at}: write `lambda NAME:` with one name, in front of the expression, or \
                 leave it out and use `step`"
            ),
            Self::BadNumber { at, .. } => write!(
                f,
                "bad number at byte {at}: write it in decimal, such as 30, 0.95, 1e-3 or 1_000, with a space after it"
            ),
            Self::TooManyOperations { at, capacity } => write!(
                f,
                "the expression does not fit in {capacity} bytes of instructions from byte {at} on: shorten it, or \
                 use a schedule of its own kind (`piecewise_constant`, `multi_step`)"
            ),
            Self::TooManyConstants { at, capacity } => write!(
                f,
                "more than {capacity} different numbers, the first too many at byte {at}: use fewer, or a schedule of \
                 its own kind (`piecewise_constant`, `multi_step`)"
            ),
            Self::TooDeep { at, capacity } => write!(
                f,
                "nested more than {capacity} deep at byte {at}: write it flatter, what is nested deepest first"
            ),
            Self::Corrupt { at } => write!(
                f,
                "byte {at} of the compiled program makes no sense (damaged, or of a newer version): parse the \
                 expression's text again"
            ),
        }
    }
}

impl core::error::Error for ExpressionError {}
