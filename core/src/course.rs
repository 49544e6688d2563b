//! How a rate goes on from a step: what it takes to compute many steps in a row from a few of them.
//!
//! A table of a thousand steps does not need a thousand evaluations of a formula. Where the rate stays as it is, grows by the same factor
//! each step, or is a smooth curve whose derivatives are bounded, a few of its values give the others to within an error that is known
//! beforehand, and only where that error could change a bit does the formula have to be asked. What is told here is never a rate.

use crate::numeric::whole_power;

/// How a rate behaves over some steps.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bend {
    /// It stays the same.
    Flat,
    /// `value(t + n) / value(t)` is the same for every `t`; each value is off by no more than 2^-40 of itself.
    Geometric,
    /// `1 / value^2` is a line in the step, and not negative; each value is off by no more than 2^-47 of itself.
    InverseRoot,
    /// `1 / value` is a line in the step; each value is off by no more than 2^-47 of itself.
    Inverse,
    /// `value(t + n) = limit + (top - limit) * ((1 - cos((ahead - n) * turn)) / 2)^exponent`, `t` being the step that was asked about. Where those are
    /// normal numbers, each value is off by no more than 2^-47 of the limit and of `top - limit`. [`Profiled::taylor`](crate::Profiled::taylor) is known, too.
    HalfWave {
        /// The rate at the foot.
        limit: f64,
        /// The rate at a top, half a wave away.
        top: f64,
        /// How many steps ahead the foot is; below 0 where it is behind.
        ahead: f64,
        /// Radians a step.
        turn: f64,
        /// The power of the wave.
        exponent: u8,
    },
    /// `value(t) = limit + c * |t - origin|^exponent * e^(rate * t)`, on one side of the origin. Each value is off by no more than 2^-40 of the
    /// limit and of what it has beside it.
    Power {
        /// What the rate comes to where the rest is 0.
        limit: f64,
        /// The step, not always a whole one, from which distances count: not after the first step of the run, or not before its last.
        origin: f64,
        /// The exponent of the distance.
        exponent: f64,
        /// The logarithm of what a step grows by.
        rate: f64,
    },
    /// `value(t) = limit + c * (1 - (t / span)^k)^exponent`, where `c` is what the value at step 0 is above the limit. Each value is off by no more
    /// than 2^-40 of the limit and of what it has beside it. [`Profiled::taylor`](crate::Profiled::taylor) is known, too.
    PowerOfRest {
        /// The value at the end of the span.
        limit: f64,
        /// So many steps.
        span: f64,
        /// The exponent of the share of the span.
        k: f64,
        /// The exponent of the rest.
        exponent: f64,
    },
    /// `value(t) = limit + c / (1 + e^(begin + rate * t))`. Each value is off by no more than 2^-40 of the limit and of what it has beside it, where
    /// neither `begin` nor the exponent is above 1,000. [`Profiled::taylor`](crate::Profiled::taylor) is known, too.
    Logistic {
        /// What the rate comes to where the rest is 0.
        limit: f64,
        /// The exponent at step 0.
        begin: f64,
        /// What it grows by in a step.
        rate: f64,
    },
    /// It has derivatives of all orders, with the bounds that [`Profiled::taylor`](crate::Profiled::taylor) gives.
    Smooth,
    /// Nothing is known.
    Unknown,
}

/// A run of steps over which a rate behaves in one way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// How it behaves.
    pub bend: Bend,
    /// The last step of the run, itself included.
    pub last: u32,
}

impl Course {
    /// Nothing is known of any step.
    pub const UNKNOWN: Self = Self {
        bend: Bend::Unknown,
        last: u32::MAX,
    };

    /// It never changes again.
    pub(crate) const FOREVER: Self = Self::flat(u32::MAX);

    /// The same value up to this step.
    pub(crate) const fn flat(last: u32) -> Self {
        Self {
            bend: Bend::Flat,
            last,
        }
    }

    /// One factor from each step to the next up to this one.
    pub(crate) const fn geometric(last: u32) -> Self {
        Self {
            bend: Bend::Geometric,
            last,
        }
    }

    /// One over the root of a line, for good.
    pub(crate) const INVERSE_ROOT: Self = Self {
        bend: Bend::InverseRoot,
        last: u32::MAX,
    };

    /// One over a line up to this step.
    pub(crate) const fn inverse(last: u32) -> Self {
        Self {
            bend: Bend::Inverse,
            last,
        }
    }

    /// A smooth curve up to this step.
    pub(crate) const fn smooth(last: u32) -> Self {
        Self {
            bend: Bend::Smooth,
            last,
        }
    }

    /// This curve up to step `end`, from which on nothing changes.
    pub(crate) const fn until(step: u32, end: u32, bend: Bend) -> Self {
        if step <= end {
            Self::curve(bend, end)
        } else {
            Self::FOREVER
        }
    }

    /// This curve up to this step.
    pub(crate) const fn curve(bend: Bend, last: u32) -> Self {
        Self { bend, last }
    }

    /// The same for a clock that reads 0 at this step.
    pub(crate) fn later(self, begin: u32) -> Self {
        let mut bend = self.bend;
        if let Bend::Power { origin, .. } = &mut bend {
            *origin += f64::from(begin);
        }
        Self {
            bend,
            last: self.last.saturating_add(begin),
        }
    }

    /// Nothing is known of this step, but of the next one there may be.
    pub(crate) const fn unknown_at(step: u32) -> Self {
        Self {
            bend: Bend::Unknown,
            last: step,
        }
    }
}

/// The last step with the same whole number of sizes, where the size is not 0.
pub(crate) fn end_of_stair(step: u32, size: u32) -> u32 {
    let into = step.checked_rem(size).unwrap_or(0);
    step.saturating_add(size.saturating_sub(into).saturating_sub(1))
}

/// The inverse factorials up to the highest order that anybody asks for.
const INVERSE_FACTORIALS: [f64; 17] = {
    let mut inverse = [1.0; 17];
    let mut n = 1;
    while n < inverse.len() {
        inverse[n] = inverse[n - 1] / n as f64;
        n += 1;
    }
    inverse
};

/// `1 / n!`, infinite where no bound was prepared.
fn inverse_factorial(n: u32) -> f64 {
    INVERSE_FACTORIALS
        .get(n as usize)
        .copied()
        .unwrap_or(f64::INFINITY)
}

/// A Taylor coefficient of `e^(rate t)`, or of a wave that goes through `rate` radians a step, for an amplitude of 1.
pub(crate) fn wave(rate: f64, order: u32) -> f64 {
    whole_power(rate, order) * inverse_factorial(order)
}

/// A Taylor coefficient of a line that rises by `slope` a step and does not pass 1.
pub(crate) fn line(slope: f64, order: u32) -> f64 {
    match order {
        0 => 1.0,
        1 => slope,
        _ => 0.0,
    }
}
