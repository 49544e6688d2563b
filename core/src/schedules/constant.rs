use crate::course::Course;
use crate::error::{ConfigError, finite};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// The same rate at every step.
///
/// `lr(t) = learning_rate`
///
/// # Accuracy
/// Rounded to `f32` once: 0.5 ULP.
///
/// # Errors
/// [`Constant::new`] refuses a rate that is NaN or infinite.
///
/// # Examples
/// ```
/// use hairpin_core::{Constant, Schedule};
///
/// assert_eq!(Constant::new(0.1)?.lr(1_000_000), 0.1);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * A length of 0 of another kind is refused with the advice to use this one: what a library returns for it is the first rate in
///   some (`polynomial_schedule` of Optax) and the last in others.
/// * It tells nothing about the end: a constant rate on noisy gradients hovers around a minimum at a distance that grows with the
///   rate. A decay at the end, as in [`WarmupStableDecay`](crate::WarmupStableDecay), brings it closer.
///
/// # Source
/// `constant_schedule` of Optax, `get_constant_schedule` of Transformers.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    learning_rate: f64,
}

impl Constant {
    /// A schedule that stays at `learning_rate`.
    ///
    /// # Errors
    /// A rate that is NaN or infinite.
    pub fn new(learning_rate: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
        })
    }
}

parameters! {
    Constant, "constant", "learning_rate, for ever";
    learning_rate: f64, "the rate" => |s| s.learning_rate;
    => Constant::new(learning_rate)
}

impl Profiled for Constant {
    #[inline]
    fn profile(&self, _step: u32) -> Profile {
        [1.0, 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, _profile: Profile) -> f64 {
        self.learning_rate
    }

    fn course(&self, _step: u32) -> Course {
        Course::FOREVER
    }

    fn shares_profile(&self, _other: &Self) -> bool {
        true
    }
}
