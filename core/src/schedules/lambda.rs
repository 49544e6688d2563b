use crate::error::{ConfigError, finite};
use crate::expression::Expression;
use crate::numeric::same_bits;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// A rate times any function of the step.
///
/// `lr(t) = learning_rate * factor(t)`
///
/// It is the one kind that follows IEEE wherever the function leads, NaN included.
///
/// # Accuracy
/// The product in `f64`, rounded to `f32` once. An [`Expression`] is evaluated in `f64` with `libm`.
///
/// # Errors
/// [`Lambda::new`] refuses a `learning_rate` that is NaN or infinite.
///
/// # Examples
/// ```
/// use hairpin_core::{Factor, Lambda, Schedule};
///
/// let pasted = Lambda::new(0.5, Factor::parse("lambda epoch: 0.95 ** epoch")?)?;
/// let written = Lambda::new(0.5, Factor::Function(|step| 1.0 / (1.0 + f64::from(step))))?;
/// assert_eq!([pasted.lr(1), written.lr(1)], [0.475, 0.25]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * The function is asked at step 0 too: `1 / step` begins with infinity.
/// * It may return NaN, which then is the rate, and from the next update on every parameter. `hairpin` names the first step at which
///   that happens.
/// * Write `0.95 ** step`, not `0.95 ^ step`, and mind that `//` and `%` round down as in Python, not towards 0.
/// * A function of the program, unlike an expression, cannot be saved or exported.
///
/// # Source
/// `LambdaDecay` of PaddlePaddle, `LambdaLR` of PyTorch.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug)]
pub struct Lambda {
    learning_rate: f64,
    factor: Factor,
}

/// The function of a [`Lambda`] or a [`Multiplicative`](crate::Multiplicative).
#[derive(Clone, Copy, Debug)]
pub enum Factor {
    /// An expression of the step, a plain value that can be saved.
    Expression(Expression),
    /// A function of the program; it cannot be saved.
    Function(fn(u32) -> f64),
    /// A function of a program in C; it cannot be saved either.
    External(extern "C" fn(u32) -> f64),
}

#[cfg(feature = "defmt")]
impl defmt::Format for Factor {
    fn format(&self, f: defmt::Formatter<'_>) {
        match self {
            Self::Expression(expression) => defmt::write!(f, "{}", expression),
            Self::Function(_) | Self::External(_) => defmt::write!(f, "function"),
        }
    }
}

impl Factor {
    /// Compiles an expression, written as in a Python lambda.
    ///
    /// # Errors
    /// Text that is no such expression, or one too long for its fixed capacity.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Ok(Self::Expression(Expression::parse(text)?))
    }

    #[inline]
    pub(crate) fn at(&self, step: u32) -> f64 {
        match self {
            Self::Expression(expression) => expression.eval(step),
            Self::Function(function) => function(step),
            Self::External(function) => function(step),
        }
    }
}

impl Lambda {
    /// A rate of `learning_rate * factor(t)`.
    ///
    /// # Errors
    /// A `learning_rate` that is NaN or infinite.
    pub fn new(learning_rate: f64, factor: Factor) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            factor,
        })
    }
}

parameters! {
    Lambda, "lambda", "learning_rate * factor(t)";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    factor: Factor, "an expression of `step`, written as in Python: \"0.95 ** step\"" => |s| s.factor;
    => Lambda::new(learning_rate, factor)
}

impl Profiled for Lambda {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        [self.factor.at(step), 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        self.learning_rate * profile[0]
    }

    fn shares_profile(&self, other: &Self) -> bool {
        match (&self.factor, &other.factor) {
            (Factor::Expression(a), Factor::Expression(b)) => {
                a.ops() == b.ops() && same_bits(a.constants(), b.constants())
            }
            (Factor::Function(a), Factor::Function(b)) => core::ptr::fn_addr_eq(*a, *b),
            (Factor::External(a), Factor::External(b)) => core::ptr::fn_addr_eq(*a, *b),
            _ => false,
        }
    }
}
