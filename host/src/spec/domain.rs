//! What a parameter ranges over: a value, a choice, or a distribution, in the words of Weights & Biases.

use serde_json::{Value as Json, json};

use super::value::{ParameterValue, Type, json_number};

/// What a parameter ranges over.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// Nothing was given and nothing is needed.
    Absent,
    /// Always the same value.
    Fixed(ParameterValue),
    /// One of several values, each as likely as the others. Never empty.
    Choice(Vec<ParameterValue>),
    /// A whole number from `min` to `max`, both included.
    IntUniform {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
        /// Whether the field holds counts, or numbers that happen to be whole.
        ty: Type,
    },
    /// Any number from `min` to `max`.
    Continuous {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
        /// Whether the logarithm is spread evenly, not the number.
        log: bool,
    },
    /// As [`Domain::Continuous`], moved to the nearest multiple of `q` within the range.
    Quantized {
        /// The smallest.
        min: f64,
        /// The largest.
        max: f64,
        /// Whether the logarithm is spread evenly, not the number.
        log: bool,
        /// What the values are multiples of.
        q: f64,
        /// Whether the field holds counts or numbers.
        ty: Type,
    },
}

impl Domain {
    /// Whether every trial has the same value here, so that nothing is drawn.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        matches!(self, Self::Absent | Self::Fixed(_))
    }

    /// How many values a grid visits, or `None` for a range that no grid can exhaust.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Absent | Self::Fixed(_) => Some(1),
            Self::Choice(values) => u64::try_from(values.len()).ok(),
            Self::IntUniform { min, max, .. } => Some(max.abs_diff(*min) + 1),
            Self::Continuous { .. } | Self::Quantized { .. } => None,
        }
    }

    /// The value number `index` of a grid, counted from 0; the last one for any larger index.
    #[must_use]
    pub fn nth(&self, index: u64) -> Option<ParameterValue> {
        match self {
            Self::Choice(values) => {
                let index = usize::try_from(index)
                    .unwrap_or(usize::MAX)
                    .min(values.len().saturating_sub(1));
                values.get(index).cloned()
            }
            Self::IntUniform { min, max, ty } => {
                Some(whole(min.saturating_add_unsigned(index).min(*max), *ty))
            }
            other => other.at(0.0),
        }
    }

    /// The value that a fraction in [0, 1) of the way through the domain stands for.
    #[must_use]
    // A fraction of a size below 2^54, rounded down: the cast cuts what it should cut.
    pub fn at(&self, fraction: f64) -> Option<ParameterValue> {
        match self {
            Self::Absent => None,
            Self::Fixed(value) => Some(value.clone()),
            Self::Choice(values) => self.nth((fraction * values.len() as f64) as u64),
            Self::IntUniform { min, max, .. } => {
                let size = max.abs_diff(*min) + 1;
                self.nth((fraction * size as f64) as u64)
            }
            Self::Continuous { min, max, log } => {
                Some(ParameterValue::Number(between(*min, *max, *log, fraction)))
            }
            Self::Quantized {
                min,
                max,
                log,
                q,
                ty,
            } => {
                let (first, last) = multiples(*min, *max, *q);
                let count = libm::rint(between(*min, *max, *log, fraction) / q).clamp(first, last);
                // 3 * 0.1 is above 0.3 by a rounding.
                let number = (count * q).clamp(*min, *max);
                Some(if ty.is_whole() {
                    whole(number as i64, *ty)
                } else {
                    ParameterValue::Number(number)
                })
            }
        }
    }

    /// Values that, between them, show whether every value of the domain is accepted: all of a choice, the ends of a range.
    pub(super) fn probes(&self) -> Vec<Option<ParameterValue>> {
        match self {
            Self::Choice(values) => values.iter().cloned().map(Some).collect(),
            Self::IntUniform { .. } => vec![self.nth(0), self.nth(u64::MAX)],
            Self::Absent | Self::Fixed(_) => vec![self.at(0.0)],
            Self::Continuous { .. } | Self::Quantized { .. } => vec![self.at(0.0), self.at(1.0)],
        }
    }

    /// The domain as JSON, the same for every way of writing it.
    pub(super) fn to_json(&self) -> Json {
        let named = |name: &str, min: Json, max: Json| json!({ "distribution": name, "min": min, "max": max });
        match self {
            Self::Absent => Json::Null,
            Self::Fixed(value) => value.to_json(),
            Self::Choice(values) => {
                json!({ "values": values.iter().map(ParameterValue::to_json).collect::<Json>() })
            }
            Self::IntUniform { min, max, .. } => {
                named("int_uniform", Json::from(*min), Json::from(*max))
            }
            Self::Continuous { min, max, log } => {
                let name = if *log {
                    "log_uniform_values"
                } else {
                    "uniform"
                };
                named(name, json_number(*min), json_number(*max))
            }
            Self::Quantized {
                min, max, log, q, ..
            } => {
                let name = if *log {
                    "q_log_uniform_values"
                } else {
                    "q_uniform"
                };
                let mut table = named(name, json_number(*min), json_number(*max));
                table["q"] = json_number(*q);
                table
            }
        }
    }
}

/// A number between the bounds; by `libm`, so that it is the same on every platform.
fn between(min: f64, max: f64, log: bool, fraction: f64) -> f64 {
    // As two products: `max - min` can overflow where neither product does.
    let mix = |low: f64, high: f64| low * (1.0 - fraction) + high * fraction;
    let number = if log {
        libm::exp(mix(libm::log(min), libm::log(max)))
    } else {
        mix(min, max)
    };
    number.clamp(min, max)
}

/// The numbers of the first and the last multiple of `q` within the bounds.
pub(super) fn multiples(min: f64, max: f64, q: f64) -> (f64, f64) {
    // A decimal bound, a decimal q and their quotient are each off by up to 2^-53 of themselves; 0.3 / 0.1 is meant as 3.
    const SLACK: f64 = 1.0 / (1_u64 << 51) as f64;
    let count = |bound: f64, outward: fn(f64) -> f64| {
        let quotient = bound / q;
        let nearest = libm::rint(quotient);
        if (quotient - nearest).abs() <= SLACK * nearest.abs() {
            nearest
        } else {
            outward(quotient)
        }
    };
    (count(min, libm::ceil), count(max, libm::floor))
}

fn whole(number: i64, ty: Type) -> ParameterValue {
    match (ty, u32::try_from(number)) {
        (Type::Count, Ok(count)) => ParameterValue::Count(count),
        (Type::Integer, _) => ParameterValue::Integer(number),
        _ => ParameterValue::Number(number as f64),
    }
}
