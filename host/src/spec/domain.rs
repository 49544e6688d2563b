//! What a parameter ranges over: a value, a choice, or a distribution, in the words of Weights & Biases.

use serde_json::{Value as Json, json};

use super::value::{ParameterValue, Type, json_number};
use crate::document::{At, Fields, SpecError};

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

const DISTRIBUTIONS: &[&str] = &[
    "uniform",
    "int_uniform",
    "q_uniform",
    "log_uniform_values",
    "q_log_uniform_values",
    "constant",
    "categorical",
];

/// The keys by which a table is known to be a parameter and not a schedule.
pub(super) const KEYS: &[&str] = &["value", "values", "distribution", "min", "max", "q"];

/// The largest multiple that is still counted exactly.
const MOST_MULTIPLES: f64 = 9_007_199_254_740_992.0;

impl Domain {
    /// Reads a value, or a table with `value`, `values` or a distribution.
    pub(super) fn read(at: &At<'_>, ty: Type) -> Result<Self, SpecError> {
        if at.is_table() {
            Self::read_table(at, ty)
        } else {
            Ok(Self::Fixed(ty.read(at)?))
        }
    }

    fn read_table(at: &At<'_>, ty: Type) -> Result<Self, SpecError> {
        let mut fields = at.fields()?;
        let keys = Keys::take(&mut fields);
        fields.finish()?;
        let name = match &keys.distribution {
            Some(distribution) => known(distribution, &keys)?,
            None => keys.inferred(at, ty)?,
        };
        match name {
            "constant" => {
                keys.only(name, &["value"])?;
                Ok(Self::Fixed(ty.read(&keys.need(at, "value", name)?)?))
            }
            "categorical" => {
                keys.only(name, &["values"])?;
                Self::choice(&keys.need(at, "values", name)?, ty)
            }
            _ => Self::range(at, &keys, name, ty),
        }
    }

    fn choice(values: &At<'_>, ty: Type) -> Result<Self, SpecError> {
        let mut choices = values
            .items()?
            .iter()
            .map(|item| ty.read(item))
            .collect::<Result<Vec<_>, _>>()?;
        match (choices.pop(), choices.is_empty()) {
            (None, _) => Err(values
                .error("has nothing to choose from")
                .with_help("give at least one value")),
            (Some(only), true) => Ok(Self::Fixed(only)),
            (Some(last), false) => {
                choices.push(last);
                Ok(Self::Choice(choices))
            }
        }
    }

    fn range(
        at: &At<'_>,
        keys: &Keys<'_>,
        name: &'static str,
        ty: Type,
    ) -> Result<Self, SpecError> {
        if !matches!(ty, Type::Number | Type::Count) {
            return Err(at
                .error(format!(
                    "`{name}` draws numbers, which this field does not take"
                ))
                .with_help("list what it may be: { values = [...] }"));
        }
        let quantized = name.starts_with("q_");
        keys.only(
            name,
            if quantized {
                &["min", "max", "q"]
            } else {
                &["min", "max"]
            },
        )?;
        let (low, high) = (keys.need(at, "min", name)?, keys.need(at, "max", name)?);
        if name == "int_uniform" {
            let allowed = if ty == Type::Count {
                0..=i64::from(u32::MAX)
            } else {
                -(1 << 53)..=1 << 53
            };
            let (min, max) = (low.integer(allowed.clone())?, high.integer(allowed)?);
            return if min < max {
                Ok(Self::IntUniform { min, max, ty })
            } else {
                Err(not_below(&low, &high))
            };
        }
        if ty == Type::Count && !quantized {
            let remedy = if name == "uniform" {
                "int_uniform"
            } else {
                "q_log_uniform_values"
            };
            let q = if name == "uniform" { "" } else { " and q = 1" };
            return Err(at
                .error(format!(
                    "this field is a whole number, `{name}` draws any number"
                ))
                .with_help(format!("write distribution = \"{remedy}\"{q}")));
        }
        let log = name.contains("log");
        let (min, max) = (bound(&low)?, bound(&high)?);
        // Written so that a NaN fails, though `bound` has refused it.
        if !(min < max) {
            return Err(not_below(&low, &high));
        }
        if log && !(min > 0.0) {
            return Err(low
                .error("must be above 0: the logarithm is spread evenly")
                .with_help("min and max are the values themselves, not exponents; or write distribution = \"uniform\""));
        }
        if !quantized {
            return Ok(Self::Continuous { min, max, log });
        }
        let quantum = keys.need(at, "q", name)?;
        let q = bound(&quantum)?;
        if !(q > 0.0) {
            return Err(quantum
                .error("must be above 0")
                .with_help("the values drawn are multiples of q"));
        }
        if ty == Type::Count {
            quantum.step(1)?;
            low.step(0)?;
            high.step(0)?;
        }
        let (first, last) = multiples(min, max, q);
        if !(first <= last && first.abs() <= MOST_MULTIPLES && last.abs() <= MOST_MULTIPLES) {
            return Err(quantum
                .error(format!(
                    "no usable multiple of {q} lies between {min} and {max}"
                ))
                .with_help(
                    "choose q smaller than the range, and not vanishingly small beside it",
                ));
        }
        Ok(Self::Quantized {
            min,
            max,
            log,
            q,
            ty,
        })
    }

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
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss
    )]
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
                Some(if *ty == Type::Count {
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
fn multiples(min: f64, max: f64, q: f64) -> (f64, f64) {
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

#[allow(clippy::cast_precision_loss)]
fn whole(number: i64, ty: Type) -> ParameterValue {
    match (ty, u32::try_from(number)) {
        (Type::Count, Ok(count)) => ParameterValue::Count(count),
        _ => ParameterValue::Number(number as f64),
    }
}

fn bound(at: &At<'_>) -> Result<f64, SpecError> {
    let number = at.number()?;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(at.error("must be a finite number"))
    }
}

fn not_below(low: &At<'_>, high: &At<'_>) -> SpecError {
    let upper = high.number().unwrap_or(f64::NAN);
    low.error(format!("must be below max = {upper}"))
        .with_help("swap the two, or write one value without a distribution")
}

/// The entries of a parameter's table.
struct Keys<'a> {
    distribution: Option<At<'a>>,
    others: Vec<(&'static str, Option<At<'a>>)>,
}

impl<'a> Keys<'a> {
    fn take(fields: &mut Fields<'a>) -> Self {
        let distribution = fields.take("distribution");
        let others = ["value", "values", "min", "max", "q"].map(|name| (name, fields.take(name)));
        Self {
            distribution,
            others: others.into(),
        }
    }

    fn get(&self, name: &str) -> Option<&At<'a>> {
        self.others.iter().find(|(key, _)| *key == name)?.1.as_ref()
    }

    fn need(&self, at: &At<'_>, name: &str, distribution: &str) -> Result<At<'a>, SpecError> {
        self.get(name).cloned().ok_or_else(|| {
            at.place()
                .absent(name)
                .error("is missing")
                .with_help(format!("distribution `{distribution}` needs it"))
        })
    }

    /// Refuses keys that the distribution would ignore.
    fn only(&self, distribution: &str, allowed: &[&str]) -> Result<(), SpecError> {
        match self
            .others
            .iter()
            .find(|(key, at)| at.is_some() && !allowed.contains(key))
        {
            Some((key, Some(at))) => Err(at
                .error(format!(
                    "`{key}` has no meaning for distribution `{distribution}`"
                ))
                .with_help(format!("`{distribution}` takes {}", allowed.join(", ")))),
            _ => Ok(()),
        }
    }

    /// The distribution that Weights & Biases infers from the other keys.
    fn inferred(&self, at: &At<'_>, ty: Type) -> Result<&'static str, SpecError> {
        use crate::document::Value;
        let is_whole = |name| {
            self.get(name)
                .is_none_or(|at| matches!(at.value(), Value::Int(_)))
        };
        match (self.get("value"), self.get("values"), self.get("min").or(self.get("max"))) {
            (Some(_), _, _) => Ok("constant"),
            (None, Some(_), _) => Ok("categorical"),
            (None, None, Some(_)) => Ok(match (self.get("q").is_some(), ty == Type::Count) {
                (true, _) => "q_uniform",
                (false, true) => "int_uniform",
                (false, false) if is_whole("min") && is_whole("max") => "int_uniform",
                (false, false) => "uniform",
            }),
            (None, None, None) => Err(at
                .error("says neither a value nor a range")
                .with_help("write { value = x }, { values = [...] }, or { distribution = \"...\", min = a, max = b }")),
        }
    }
}

/// The distribution's name, or what to write instead of one that is not known here.
fn known(distribution: &At<'_>, keys: &Keys<'_>) -> Result<&'static str, SpecError> {
    let name = distribution.text()?;
    if !matches!(name, "log_uniform" | "q_log_uniform") {
        return distribution.word("distribution", DISTRIBUTIONS);
    }
    let exp = |key| keys.get(key).and_then(|at| at.number().ok()).map(libm::exp);
    let bounds = match (exp("min"), exp("max")) {
        (Some(min), Some(max)) => format!(", min = {min:?}, max = {max:?}"),
        _ => String::new(),
    };
    Err(distribution
        .error(format!(
            "`{name}` takes exponents, which are easily mistaken for the values"
        ))
        .with_help(format!(
            "write the values: distribution = \"{name}_values\"{bounds}"
        )))
}
