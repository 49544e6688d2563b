//! What a parameter can be, and how it is read from and written to text.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::Value as Json;

use crate::document::{At, SpecError};

/// The type of a field, which decides how its text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Number,
    /// A whole number from 0 to 2^32 - 1.
    Count,
    /// `true` or `false`.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
    /// One of some words of small letters, which may be written in large ones.
    WordInAnyCase(&'static [&'static str]),
    /// Any text.
    Text,
    /// A list of numbers.
    Numbers,
    /// A list of whole numbers from 0 to 2^32 - 1.
    Counts,
    /// A whole number, negative ones included.
    Integer,
    /// A list of whole numbers, negative ones included; a single one is a list of one.
    Integers,
    /// A list of pairs of a whole number and a number, or a table of them.
    Pairs,
}

impl Type {
    /// Reads a plain value of this type.
    pub(super) fn read(self, at: &At<'_>) -> Result<ParameterValue, SpecError> {
        Ok(match self {
            Self::Number => ParameterValue::Number(at.number()?),
            Self::Count => ParameterValue::Count(at.step(0)?),
            Self::Flag => ParameterValue::Flag(at.flag()?),
            Self::Word(known) => {
                let (place, name) = at.path().rsplit_once('.').unwrap_or(("", at.path()));
                // An item of a choice is called by the field it is for: `sgd.rounding.values[0]` by `rounding`.
                let name = if name.starts_with("values[") || name == "value" {
                    place.rsplit('.').next().unwrap_or(name)
                } else {
                    name
                };
                ParameterValue::Text(at.word(name, known)?.to_owned())
            }
            Self::WordInAnyCase(known) => {
                let small = at.text()?.to_ascii_lowercase();
                if known.contains(&small.as_str()) {
                    ParameterValue::Text(small)
                } else {
                    Self::Word(known).read(at)?
                }
            }
            Self::Text => ParameterValue::Text(at.text()?.to_owned()),
            Self::Numbers => ParameterValue::Numbers(list(at, |item| item.number())?),
            Self::Counts => ParameterValue::Counts(list(at, |item| item.step(0))?),
            Self::Integer => ParameterValue::Integer(at.integer(WHOLE)?),
            // timm takes a lone number where it takes a pair.
            // One by itself is a list of one.
            Self::Integers => ParameterValue::Integers(match at.integer(WHOLE) {
                Ok(only) => vec![only],
                Err(_) => list(at, |item| item.integer(WHOLE))?,
            }),
            Self::Pairs => ParameterValue::Pairs(pairs(at)?),
        })
    }

    /// Whether a whole number stands there.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self, Self::Count | Self::Integer)
    }
}

/// The whole numbers that are read: those that an f64 holds exactly.
pub(super) const WHOLE: RangeInclusive<i64> = -(1 << 53)..=1 << 53;

/// The items of a list, each read alike.
fn list<T>(
    at: &At<'_>,
    read: impl Fn(&At<'_>) -> Result<T, SpecError>,
) -> Result<Vec<T>, SpecError> {
    let item = |item: &At<'_>| {
        read(item).map_err(|error| {
            if item.is_table() {
                error.with_help("a list is drawn as a whole: { values = [[1, 2], [1, 3]] }")
            } else {
                error
            }
        })
    };
    at.items()?.iter().map(item).collect()
}

fn pairs(at: &At<'_>) -> Result<Vec<(i64, f64)>, SpecError> {
    if at.is_table() {
        return at
            .entries()?
            .into_iter()
            .map(|(key, value)| {
                let number = key.parse().map_err(|_| {
                    value.error(format!("`{key}` must be a whole number: keys are steps"))
                })?;
                Ok((number, value.number()?))
            })
            .collect();
    }
    at.items()?
        .iter()
        .map(|pair| match pair.items()?.as_slice() {
            [step, number] => Ok((step.integer(WHOLE)?, number.number()?)),
            _ => Err(pair.error("must be a pair: [step, number]")),
        })
        .collect()
}

/// The value of a parameter in one trial.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A number.
    Number(f64),
    /// A whole number from 0 to 2^32 - 1.
    Count(u32),
    /// `true` or `false`.
    Flag(bool),
    /// Text: a word or an expression.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<f64>),
    /// A list of whole numbers.
    Counts(Vec<u32>),
    /// A whole number, negative ones included.
    Integer(i64),
    /// A list of whole numbers, negative ones included.
    Integers(Vec<i64>),
    /// Pairs of a whole number and a number.
    Pairs(Vec<(i64, f64)>),
}

impl ParameterValue {
    /// The value as JSON, where non-finite numbers are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Number(number) => json_number(*number),
            Self::Count(count) => Json::from(*count),
            Self::Flag(flag) => Json::from(*flag),
            Self::Text(text) => Json::from(text.as_str()),
            Self::Numbers(numbers) => numbers.iter().copied().map(json_number).collect(),
            Self::Counts(counts) => counts.iter().copied().collect(),
            Self::Integer(integer) => Json::from(*integer),
            Self::Integers(integers) => integers.iter().copied().collect(),
            Self::Pairs(pairs) => pairs
                .iter()
                .map(|(step, number)| Json::from(vec![Json::from(*step), json_number(*number)]))
                .collect(),
        }
    }

    /// The number, if it is one: what a plot can put on an axis.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Count(count) => Some(f64::from(*count)),
            Self::Integer(integer) => Some(*integer as f64),
            _ => None,
        }
    }
}

/// As a cell of a table: text without quotes, everything else as JSON writes it.
impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            other => match other.to_json() {
                Json::String(word) => f.write_str(&word),
                json => write!(f, "{json}"),
            },
        }
    }
}

pub(super) fn json_number(number: f64) -> Json {
    serde_json::Number::from_f64(number).map_or_else(
        || {
            Json::from(if number.is_nan() {
                "NaN"
            } else if number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            })
        },
        Json::Number,
    )
}
