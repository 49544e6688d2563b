use crate::course::Course;
use crate::error::{ConfigError, finite, increasing};
use crate::numeric::{Product, same_bits};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Interpolation, Way};

/// Goes from one rate to the next between boundaries, each rate a multiple of the one before.
///
/// The knots are `v[0] = learning_rate` at step 0 and `v[i] = v[i-1] * scales[i-1]` at `boundaries[i-1]`:
///
/// * between two knots: a straight line (`linear`), or half a wave of a cosine (`cosine`) over the share of steps done
/// * from the last boundary on: the last of the `v`
///
/// A first boundary of 0 has no steps before it: the rate begins at `learning_rate * scales[0]`.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where the rates of two neighbouring
/// knots do not have opposite signs; where they have, the same plus `32 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`PiecewiseInterpolate::new`] refuses NaN, infinities, boundaries that do not strictly increase, none at all, more than 16,
/// another number of scales than of boundaries, and scales whose product, up to any of them, is neither 0 nor between 1e-300 and
/// 1e300 in size.
///
/// # Examples
/// ```
/// use hairpin_core::{Interpolation, PiecewiseInterpolate, Schedule};
///
/// let schedule = PiecewiseInterpolate::<16>::new(0.1, &[10, 30], &[5.0, 0.0], Interpolation::Linear)?;
/// assert_eq!([0, 5, 10, 20, 30, 31].map(|step| schedule.lr(step)), [0.1, 0.3, 0.5, 0.25, 0.0, 0.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * The scales multiply up: `[0.5, 0.5]` ends at a quarter, not at a half.
/// * A scale of 0 ends everything: no later scale brings the rate back.
/// * Optax divided by the length of an empty segment until it was fixed (optax 1403): two boundaries at the same step, or one
///   at 0. Here the first is refused and the second is no segment.
///
/// # Source
/// `piecewise_interpolate_schedule` of Optax; its one-cycle schedules are made of it.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseInterpolate<const N: usize = 16> {
    learning_rate: f64,
    boundaries: heapless::Vec<u32, N>,
    scales: heapless::Vec<f64, N>,
    shape: Interpolation,
}

impl<const N: usize> PiecewiseInterpolate<N> {
    /// Knots at step 0 and at `boundaries`, each `scales` times as high as the one before.
    ///
    /// # Errors
    /// A number that is NaN or infinite, boundaries that are missing, out of order or too many, a wrong number of scales, or
    /// scales whose product leaves the range of numbers.
    pub fn new(
        learning_rate: f64,
        boundaries: &[u32],
        scales: &[f64],
        shape: Interpolation,
    ) -> Result<Self, ConfigError> {
        finite("learning_rate", learning_rate)?;
        if boundaries.is_empty() {
            return Err(ConfigError::Conflict {
                field: "boundaries",
                with: "is empty: give at least one; for a rate that never changes use `constant`",
            });
        }
        let boundaries: heapless::Vec<u32, N> = increasing("boundaries", boundaries)?;
        let wrong_count = ConfigError::WrongCount {
            field: "scales",
            expected: boundaries.len(),
            found: scales.len(),
        };
        if scales.len() != boundaries.len() {
            return Err(wrong_count);
        }
        let mut product = 1.0;
        for &scale in scales {
            finite("scales", scale)?;
            let ended = product == 0.0 || scale == 0.0;
            product *= scale;
            if !ended && !(1e-300..=1e300).contains(&libm::fabs(product)) {
                return Err(ConfigError::OutOfRange {
                    field: "scales",
                    value: scale,
                    expected: "such that the product of all up to it is 0, or from 1e-300 to 1e300 in size",
                });
            }
        }
        Ok(Self {
            learning_rate,
            boundaries,
            scales: heapless::Vec::from_slice(scales).map_err(|_| wrong_count)?,
            shape,
        })
    }
}

parameters! {
    PiecewiseInterpolate<16>, "piecewise_interpolate", "learning_rate times the scales of the boundaries passed, on a curve in between";
    learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
    boundaries: heapless::Vec<u32, 16>, "the steps at which the next rate is reached, strictly increasing, at most 16" => |s| s.boundaries;
    scales: heapless::Vec<f64, 16>, "the factor from each rate to the next, as many as boundaries" => |s| s.scales;
    shape: Interpolation = "linear", "the curve between two rates" => |s| s.shape;
    => PiecewiseInterpolate::new(learning_rate, &boundaries, &scales, shape)
}

/// What the rate is a multiple of, as one number.
impl<const N: usize> Profiled for PiecewiseInterpolate<N> {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let (mut begin, mut passed) = (0, Product::ONE);
        for (&boundary, &scale) in self.boundaries.iter().zip(&self.scales) {
            if step < boundary {
                let way = Way::steps(boundary.saturating_sub(step), step.saturating_sub(begin));
                let [from, to, _] = self.shape.weights(way);
                return [passed.value() * (from + scale * to), 0.0, 0.0];
            }
            (begin, passed) = (boundary, passed.times(scale));
        }
        [passed.value(), 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        self.learning_rate * profile[0]
    }

    fn course(&self, step: u32) -> Course {
        let (mut begin, mut passed) = (0, Product::ONE);
        for (&boundary, &scale) in self.boundaries.iter().zip(&self.scales) {
            let next = passed.times(scale);
            if step < boundary {
                let [left, span] = [step, begin].map(|step| boundary.saturating_sub(step));
                let ends = [passed, next].map(|scale| self.learning_rate * scale.value());
                let bend = self.shape.bend(ends, left.into(), span.into());
                return Course::curve(bend, boundary.saturating_sub(1));
            }
            (begin, passed) = (boundary, next);
        }
        Course::FOREVER
    }

    fn taylor(&self, first: u32, _last: u32, order: u32) -> f64 {
        let (mut begin, mut passed) = (0, Product::ONE);
        for (&boundary, &scale) in self.boundaries.iter().zip(&self.scales) {
            if first < boundary {
                let length = f64::from(boundary.saturating_sub(begin));
                return libm::fabs(self.learning_rate * passed.value())
                    * (1.0 + libm::fabs(scale))
                    * self.shape.taylor(length, order);
            }
            (begin, passed) = (boundary, passed.times(scale));
        }
        f64::INFINITY
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.boundaries == other.boundaries
            && self.shape == other.shape
            && same_bits(&self.scales, &other.scales)
    }
}
