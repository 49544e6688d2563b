use crate::course::Course;
use crate::error::{ConfigError, finite, increasing};
use crate::numeric::{Product, grown, same_bits};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::schedules::Switch;

/// Multiplies the rate by a scale of its own at each boundary.
///
/// `lr(t) = learning_rate * scales[0] * … * scales[k-1]`, where `k` counts the boundaries passed: those with `t >= b`, or with
/// `t > b` where `switch` is `after`. Without boundaries it is constant. A boundary of 0 counts at step 0 already (with `after`,
/// at step 1). `N` is how many boundaries fit, 16 unless said otherwise.
///
/// The product is kept as an integer of 64 binary digits and an exponent, so that it cannot overflow on the way to a result that is
/// in range.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step, for up to a million boundaries; `reference` in the test suite measured
/// 0.4999839, the nearest `f32` every time, over 60,000 random configurations and steps.
///
/// # Errors
/// [`PiecewiseScale::new`] refuses NaN, infinities, boundaries that do not strictly increase, more than `N` of them, and any other
/// number of scales. Any finite scales will do: 0, negative, above 1.
///
/// # Examples
/// ```
/// use hairpin_core::{PiecewiseScale, Schedule, Switch};
///
/// let schedule = PiecewiseScale::<16>::new(1.0, &[100, 200], &[0.5, 0.1])?;
/// assert_eq!([schedule.lr(99), schedule.lr(100), schedule.lr(200)], [1.0, 0.5, 0.05]);
///
/// let later = schedule.switching(Switch::After);
/// assert_eq!([later.lr(100), later.lr(101)], [1.0, 0.5]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * The scales multiply up: `[0.5, 0.1]` ends at 0.05 of the rate, not at 0.1. Rates themselves go into
///   [`PiecewiseConstant`](crate::PiecewiseConstant).
/// * Libraries switch at the boundary, one step after it (Keras) or one before it (timm, which counts from 1): see `switch`.
/// * After a scale of 0 the rate is 0 for ever.
///
/// # Source
/// `piecewise_constant_schedule` of Optax (`boundaries_and_scales`).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseScale<const N: usize = 16> {
    learning_rate: f64,
    boundaries: heapless::Vec<u32, N>,
    scales: heapless::Vec<f64, N>,
    switch: Switch,
}

impl<const N: usize> PiecewiseScale<N> {
    /// A rate that starts at `learning_rate` and is multiplied by `scales[i]` from `boundaries[i]` on.
    ///
    /// # Errors
    /// A number that is NaN or infinite, boundaries out of order or too many, or another number of scales.
    pub fn new(
        learning_rate: f64,
        boundaries: &[u32],
        scales: &[f64],
    ) -> Result<Self, ConfigError> {
        finite("learning_rate", learning_rate)?;
        let boundaries = increasing("boundaries", boundaries)?;
        let wrong_count = ConfigError::WrongCount {
            field: "scales",
            expected: boundaries.len(),
            found: scales.len(),
        };
        if scales.len() != boundaries.len() {
            return Err(wrong_count);
        }
        for &scale in scales {
            finite("scales", scale)?;
        }
        Ok(Self {
            learning_rate,
            boundaries,
            scales: heapless::Vec::from_slice(scales).map_err(|_| wrong_count)?,
            switch: Switch::At,
        })
    }

    /// The same, with the boundaries counted as `switch` says.
    #[must_use]
    pub fn switching(self, switch: Switch) -> Self {
        Self { switch, ..self }
    }
}

parameters! {
    PiecewiseScale<16>, "piecewise_scale", "learning_rate * product of the scales whose boundary b is passed: b <= t, or b < t with switch = \"after\"";
    learning_rate: f64, "the rate before any boundary" => |s| s.learning_rate;
    boundaries: heapless::Vec<u32, 16>, "the steps at which a scale begins to count, strictly increasing, at most 16" => |s| s.boundaries;
    scales: heapless::Vec<f64, 16>, "what the rate is multiplied with at each boundary, as many as boundaries" => |s| s.scales;
    switch: Switch = "at", "whether a scale counts at its boundary or one step after it" => |s| s.switch;
    => PiecewiseScale::new(learning_rate, &boundaries, &scales).map(|made| made.switching(switch))
}

impl<const N: usize> Profiled for PiecewiseScale<N> {
    /// Two factors whose product is that of the scales.
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let passed = self.switch.passed(&self.boundaries, step);
        let product = self
            .scales
            .iter()
            .take(passed)
            .fold(Product::ONE, |product, &scale| product.times(scale));
        let [first, second] = product.in_two();
        [first, second, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        grown(self.learning_rate, profile)
    }

    fn course(&self, step: u32) -> Course {
        Course::flat(self.switch.last(&self.boundaries, step))
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.boundaries == other.boundaries
            && self.switch == other.switch
            && same_bits(&self.scales, &other.scales)
    }
}
