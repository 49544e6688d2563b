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
/// What it takes is a [`StepFunction`]: a function or closure of the program, an [`Expression`], or a [`Factor`], which is one of the two
/// as was decided at run time. Firmware that gives a function does not link what evaluates expressions.
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
/// let written = Lambda::new(0.5, |step: u32| 1.0 / (1.0 + f64::from(step)))?;
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
pub struct Lambda<F = Factor> {
    learning_rate: f64,
    factor: F,
}

/// A function of the step: any `Fn(u32) -> f64`, an [`Expression`], or a [`Factor`].
pub trait StepFunction {
    /// Its value at a step.
    fn at(&self, step: u32) -> f64;

    /// Whether `other` is known to have the same value at every step.
    fn is(&self, other: &Self) -> bool;
}

/// Functions of one type may still have captured different numbers; what has captured nothing is one function.
impl<F: Fn(u32) -> f64> StepFunction for F {
    #[inline]
    fn at(&self, step: u32) -> f64 {
        self(step)
    }

    fn is(&self, _: &Self) -> bool {
        size_of::<Self>() == 0
    }
}

impl StepFunction for Expression {
    #[inline]
    fn at(&self, step: u32) -> f64 {
        self.eval(step)
    }

    fn is(&self, other: &Self) -> bool {
        self.ops() == other.ops() && same_bits(self.constants(), other.constants())
    }
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
}

impl StepFunction for Factor {
    #[inline]
    fn at(&self, step: u32) -> f64 {
        match self {
            Self::Expression(expression) => expression.at(step),
            // A GPU reads its schedules from records, which hold no function; code for one would be a call to nowhere.
            #[cfg(target_arch = "nvptx64")]
            Self::Function(_) | Self::External(_) => f64::NAN,
            #[cfg(not(target_arch = "nvptx64"))]
            Self::Function(function) => function(step),
            #[cfg(not(target_arch = "nvptx64"))]
            Self::External(function) => function(step),
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Expression(a), Self::Expression(b)) => a.is(b),
            (Self::Function(a), Self::Function(b)) => core::ptr::fn_addr_eq(*a, *b),
            (Self::External(a), Self::External(b)) => core::ptr::fn_addr_eq(*a, *b),
            _ => false,
        }
    }
}

impl<F: StepFunction> Lambda<F> {
    /// A rate of `learning_rate * factor(t)`.
    ///
    /// # Errors
    /// A `learning_rate` that is NaN or infinite.
    pub fn new(learning_rate: f64, factor: F) -> Result<Self, ConfigError> {
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

impl<F: StepFunction> Profiled for Lambda<F> {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        [self.factor.at(step), 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        self.learning_rate * profile[0]
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.factor.is(&other.factor)
    }
}
