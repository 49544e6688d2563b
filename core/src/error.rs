//! What a constructor answers when it is handed something it cannot honour.

use core::fmt;

use crate::expression::ExpressionError;

/// Why a configuration was refused. Every variant names the field; the message names the value and the way out.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number is NaN or infinite.
    NotFinite {
        /// The refused field.
        field: &'static str,
        /// What it held.
        value: f64,
    },
    /// A number lies outside what the formula allows.
    OutOfRange {
        /// The refused field.
        field: &'static str,
        /// What it held.
        value: f64,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A length in steps is zero, so that there is nothing to schedule.
    ZeroLength {
        /// The refused field.
        field: &'static str,
    },
    /// A list of steps does not strictly increase.
    NotIncreasing {
        /// The refused field.
        field: &'static str,
        /// The first element that is not above the one before it.
        index: usize,
    },
    /// A list has the wrong number of elements.
    WrongCount {
        /// The refused field.
        field: &'static str,
        /// How many there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A list is longer than the fixed capacity of its type.
    OverCapacity {
        /// The refused field.
        field: &'static str,
        /// How many fit.
        capacity: usize,
        /// How many were given.
        found: usize,
    },
    /// Two settings exclude each other.
    Conflict {
        /// The refused field.
        field: &'static str,
        /// What it cannot be combined with, and the way out.
        with: &'static str,
    },
    /// The text of a lambda's factor does not compile.
    Expression(ExpressionError),
}

impl ConfigError {
    /// The field that was refused, in the words of the constructor's parameters.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NotFinite { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::ZeroLength { field }
            | Self::NotIncreasing { field, .. }
            | Self::WrongCount { field, .. }
            | Self::OverCapacity { field, .. }
            | Self::Conflict { field, .. } => field,
            Self::Expression(_) => "factor",
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotFinite { field, value } => {
                write!(f, "{field} = {value}: must be a finite number")
            }
            Self::OutOfRange {
                field,
                value,
                expected,
            } => write!(f, "{field} = {value}: must be {expected}"),
            Self::ZeroLength { field } => write!(
                f,
                "{field} = 0: must be at least 1; for a rate that never changes use `constant`"
            ),
            Self::NotIncreasing { field, index } => write!(
                f,
                "{field}[{index}] is not above {field}[{}]: steps must strictly increase",
                index.saturating_sub(1)
            ),
            Self::WrongCount {
                field,
                expected,
                found,
            } => write!(f, "{field} has {found} elements: must have {expected}"),
            Self::OverCapacity {
                field,
                capacity,
                found,
            } => write!(
                f,
                "{field} needs room for {found}, this type holds {capacity}: choose a larger capacity"
            ),
            Self::Conflict { field, with } => write!(f, "{field}: {with}"),
            Self::Expression(error) => write!(f, "factor: {error}"),
        }
    }
}

impl core::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Expression(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ExpressionError> for ConfigError {
    fn from(error: ExpressionError) -> Self {
        Self::Expression(error)
    }
}

/// `value`, if it is a finite number.
pub(crate) const fn finite(field: &'static str, value: f64) -> Result<f64, ConfigError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ConfigError::NotFinite { field, value })
    }
}

/// `steps`, if it is at least one.
pub(crate) const fn nonzero(field: &'static str, steps: u32) -> Result<u32, ConfigError> {
    if steps == 0 {
        Err(ConfigError::ZeroLength { field })
    } else {
        Ok(steps)
    }
}

/// `steps` as a fixed-capacity list, if they strictly increase and fit.
pub(crate) fn increasing<const N: usize>(
    field: &'static str,
    steps: &[u32],
) -> Result<heapless::Vec<u32, N>, ConfigError> {
    for (index, pair) in steps.windows(2).enumerate() {
        if let [earlier, later] = pair
            && later <= earlier
        {
            return Err(ConfigError::NotIncreasing {
                field,
                index: index.saturating_add(1),
            });
        }
    }
    heapless::Vec::from_slice(steps).map_err(|_| ConfigError::OverCapacity {
        field,
        capacity: N,
        found: steps.len(),
    })
}
