use crate::course::{Bend, Course, line};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::{blend, linear_weights};
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};

/// The rate times a factor that moves on a straight line, and stays at its end.
///
/// * `t < total_steps`: `lr(t) = learning_rate * (start_factor + (end_factor - start_factor) * t / total_steps)`
/// * `t >= total_steps`: `lr(t) = learning_rate * end_factor`
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.4999853 over 60,000 random
/// configurations and steps), where the two factors do not have opposite signs; where they have, the same plus
/// `4 * 2^-53` of the larger of the two ends.
///
/// # Errors
/// [`LinearFactor::new`] refuses NaN, infinities and `total_steps` of 0. Any finite factors will do: 0, negative, above 1.
///
/// # Examples
/// ```
/// use hairpin_core::{LinearFactor, Schedule};
///
/// let schedule = LinearFactor::new(0.1, 0.5, 1.0, 4)?;
/// assert_eq!([schedule.lr(0), schedule.lr(2), schedule.lr(4), schedule.lr(99)], [0.05, 0.075, 0.1, 0.1]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * PyTorch and PaddlePaddle step by dividing the last factor out and multiplying the next one in: a factor of 0 on the way has
///   no way back, hence PyTorch's `start_factor > 0`, and the rounding errors add up (6e-13 of the rate). This is the closed form:
///   a start at 0 is fine.
/// * With a length of 0 PyTorch stays at `start_factor` for ever (pytorch 193682). Here that is refused: it is a `constant`.
///
/// # Source
/// `LinearLR` of PyTorch (`total_iters` is `total_steps`) and of PaddlePaddle.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearFactor {
    learning_rate: f64,
    start_factor: f64,
    end_factor: f64,
    total_steps: u32,
    /// What the steps between the ends are computed from: the larger of the two factors is between 1 and 2, and the rate takes
    /// what was divided out. So their sum never leaves the range of `f64` where its product with the rate is in range.
    between: [f64; 3],
}

impl LinearFactor {
    /// `learning_rate` times a line from `start_factor` at step 0 to `end_factor` at `total_steps`.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or `total_steps` of 0.
    pub fn new(
        learning_rate: f64,
        start_factor: f64,
        end_factor: f64,
        total_steps: u32,
    ) -> Result<Self, ConfigError> {
        finite("learning_rate", learning_rate)?;
        finite("start_factor", start_factor)?;
        finite("end_factor", end_factor)?;
        let larger = libm::fmax(libm::fabs(start_factor), libm::fabs(end_factor));
        let exponent = if larger == 0.0 {
            0
        } else {
            libm::ilogb(larger)
        };
        // Infinity would make NaN of a factor of 0; the largest number has a product beyond `f32` with every other factor.
        let scaled = libm::scalbn(learning_rate, exponent).clamp(f64::MIN, f64::MAX);
        Ok(Self {
            learning_rate,
            start_factor,
            end_factor,
            total_steps: nonzero("total_steps", total_steps)?,
            between: [
                scaled,
                libm::scalbn(start_factor, exponent.saturating_neg()),
                libm::scalbn(end_factor, exponent.saturating_neg()),
            ],
        })
    }
}

parameters! {
    LinearFactor, "linear_factor", "learning_rate * (start_factor + (end_factor - start_factor) * min(t, total_steps) / total_steps)";
    learning_rate: f64, "the rate everything is measured from" => |s| s.learning_rate;
    start_factor: f64, "what the rate is multiplied with at step 0" => |s| s.start_factor;
    end_factor: f64, "what the rate is multiplied with from total_steps on" => |s| s.end_factor;
    total_steps: u32, "how many steps the line takes, at least 1" => |s| s.total_steps;
    => LinearFactor::new(learning_rate, start_factor, end_factor, total_steps)
}

impl Profiled for LinearFactor {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        linear_weights(step.min(self.total_steps), self.total_steps)
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        // An end stands alone: the smaller factor may have vanished beside the larger one.
        if profile[0] == 0.0 {
            self.learning_rate * self.end_factor
        } else if profile[1] == 0.0 {
            self.learning_rate * self.start_factor
        } else {
            let [scaled, start, end] = self.between;
            scaled * blend(start, end, profile)
        }
    }

    fn course(&self, step: u32) -> Course {
        Course::until(step, self.total_steps, Bend::Smooth)
    }

    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        libm::fabs(self.learning_rate)
            * (libm::fabs(self.start_factor) + libm::fabs(self.end_factor))
            * line(1.0 / f64::from(self.total_steps), order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps
    }
}
