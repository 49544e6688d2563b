//! Reads what a parameter ranges over, in the words of Weights & Biases.

use super::domain::{Domain, multiples};
use super::value::{Type, WHOLE};
use crate::document::{At, Fields, SpecError, Value};

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
        // Pairs may be written as a table, whose keys are steps.
        let is_pairs = ty == Type::Pairs && !KEYS.iter().any(|key| at.has(key));
        if at.is_table() && !is_pairs {
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
        if !(ty.is_whole() || ty == Type::Number) {
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
        if ty.is_whole() && !quantized {
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
        // Both are finite: `bound` has seen to it.
        if min >= max {
            return Err(not_below(&low, &high));
        }
        if log && min <= 0.0 {
            return Err(low
                .error("must be above 0: the logarithm is spread evenly")
                .with_help("min and max are the values themselves, not exponents; or write distribution = \"uniform\""));
        }
        if !quantized {
            return Ok(Self::Continuous { min, max, log });
        }
        let quantum = keys.need(at, "q", name)?;
        let q = bound(&quantum)?;
        if q <= 0.0 {
            return Err(quantum
                .error("must be above 0")
                .with_help("the values drawn are multiples of q"));
        }
        if ty == Type::Count {
            quantum.step(1)?;
            low.step(0)?;
            high.step(0)?;
        }
        if ty == Type::Integer {
            for at in [&quantum, &low, &high] {
                at.integer(WHOLE)?;
            }
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
        let is_whole = |name| {
            self.get(name)
                .is_none_or(|at| matches!(at.value(), Value::Int(_)))
        };
        match (self.get("value"), self.get("values"), self.get("min").or(self.get("max"))) {
            (Some(_), _, _) => Ok("constant"),
            (None, Some(_), _) => Ok("categorical"),
            (None, None, Some(_)) => Ok(match (self.get("q").is_some(), ty.is_whole()) {
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
