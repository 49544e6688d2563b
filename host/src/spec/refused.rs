//! What the core refused, told at the line that says it.

use hairpin_core::expression::NAMES;
use hairpin_core::{ConfigError, ExpressionError};

use super::value::ParameterValue;
use crate::document::{Place, SpecError};

/// The core's error in the words of a file: the place says which field it was.
pub(super) fn explain(
    error: &ConfigError,
    place: &Place,
    value: Option<&ParameterValue>,
) -> SpecError {
    let (message, help) = match *error {
        ConfigError::NotFinite { .. } => ("must be a finite number".to_owned(), None),
        ConfigError::OutOfRange { expected, .. } => parted(&format!("must be {expected}")),
        ConfigError::ZeroLength {
            field: "warmup_steps",
        } => (
            "must be at least 1".to_owned(),
            Some("without a warm-up write the schedule by itself".to_owned()),
        ),
        ConfigError::ZeroLength { .. } => (
            "must be at least 1".to_owned(),
            Some("for a rate that never changes write kind = \"constant\"".to_owned()),
        ),
        ConfigError::NotIncreasing { index, .. } => (
            format!(
                "steps must strictly increase, element {index} (counted from 0) is not above the one before it"
            ),
            Some("sort the steps and give each of them once".to_owned()),
        ),
        ConfigError::WrongCount {
            expected, found, ..
        } => (
            format!("has {found} elements, must have {expected}"),
            Some(if place.path().ends_with("values") {
                "give one rate before the first boundary and one from each boundary on".to_owned()
            } else {
                "give as many as there are places for".to_owned()
            }),
        ),
        ConfigError::OverCapacity {
            field: "schedules",
            capacity,
            found,
        } => (
            format!("a composed schedule has at most {capacity} pieces, this one has {found}"),
            Some(
                "put schedules that follow one another into one `sequential`, or leave some out"
                    .to_owned(),
            ),
        ),
        ConfigError::OverCapacity {
            capacity, found, ..
        } => (
            format!("has {found} elements, at most {capacity} fit"),
            Some(
                "leave some out; a firmware that links the core can choose a larger capacity"
                    .to_owned(),
            ),
        ),
        ConfigError::Conflict { with, .. } => parted(with),
        ConfigError::Expression(inner) => (
            inner.to_string(),
            Some(nearest_name(inner, value).unwrap_or_else(|| {
                "write an expression of `step` as in Python, for example \"0.95 ** step\""
                    .to_owned()
            })),
        ),
        ref other => (other.to_string(), None),
    };
    let mut explained = place.error(message);
    if let Some(help) = help {
        explained = explained.with_help(help);
    }
    match value {
        Some(text @ ParameterValue::Text(_)) => explained.with_value(text.to_json().to_string()),
        Some(value) => explained.with_value(value.to_string()),
        None => explained,
    }
}

/// The name that was meant by one the language does not have, if there is one near.
fn nearest_name(error: ExpressionError, value: Option<&ParameterValue>) -> Option<String> {
    let (ExpressionError::UnknownName { at, len }, Some(ParameterValue::Text(text))) =
        (error, value)
    else {
        return None;
    };
    let written = text.get(at..at + len)?;
    let nearest = NAMES
        .iter()
        .map(|name| (strsim::damerau_levenshtein(name, written), name))
        .min()?;
    (nearest.0 <= 2).then(|| format!("did you mean `{}`?", nearest.1))
}

/// The core's messages have the remedy behind a semicolon.
fn parted(message: &str) -> (String, Option<String>) {
    match message.split_once("; ") {
        Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
        None => (message.to_owned(), None),
    }
}
