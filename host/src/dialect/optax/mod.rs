//! Schedules of Optax 0.2.8.

mod joined;
mod piecewise;
mod plateau;
mod transition;

use super::Dialect;

/// Optax's schedules.
pub(super) const DIALECTS: &[Dialect] = &[
    transition::CONSTANT,
    transition::POLYNOMIAL,
    transition::LINEAR,
    piecewise::CONSTANT,
    transition::EXPONENTIAL,
    transition::COSINE,
    piecewise::INTERPOLATE,
    piecewise::LINEAR_ONECYCLE,
    piecewise::COSINE_ONECYCLE,
    joined::WARMUP_CONSTANT,
    joined::WARMUP_COSINE,
    joined::WARMUP_EXPONENTIAL,
    joined::SGDR,
    joined::JOIN,
    plateau::REDUCE_ON_PLATEAU,
];
