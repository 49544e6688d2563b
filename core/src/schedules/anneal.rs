use crate::course::Course;
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend;
use crate::parameters::parameters;
use crate::schedule::{Profile, Profiled};
use crate::shape::{Curve, Shape};

/// Goes from `start_lr` to `end_lr` on a curve of a chosen shape, and stays at `end_lr`.
///
/// `lr(t) = start_lr * w + end_lr * (1 - w)`; with `x = t / total_steps` and `a = amount`:
///
/// * `linear`: `w = 1 - x`
/// * `cosine`: `w = (1 + cos(pi * x)) / 2`, slow at both ends
/// * `sqrt`: `w = 1 - sqrt(x)`, fast first and slow at the end
/// * `reverse_sqrt`: `w = sqrt(1 - x)`, slow first and fast at the end
/// * `power`: `w = 1 - x^a`
/// * `exponential`: `w = (a^x - a) / (1 - a)`, fast first where `a` is below 1, slow first where it is above
/// * `cycles`: `w = (1 + cos(2 * pi * a * x)) / 2`, `a` full waves
/// * from `t = total_steps` on: `lr(t) = end_lr` for every shape
///
/// The weights of both ends are computed each with its own relative accuracy: `1 - sqrt(x)` as `(1 - x) / (1 + sqrt(x))`,
/// `1 - x^a` and `1 - a^x` by `expm1`, and the angle of `cycles` by an exact remainder.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where the two rates do not have
/// opposite signs; where they have, the same plus `16 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`Anneal::new`] refuses NaN, infinities, `total_steps` of 0, an `amount` that the shape does not take, and a missing one:
/// `power` takes a number above 0, `exponential` one above 0 that is not 1, `cycles` any.
///
/// # Examples
/// ```
/// use hairpin_core::{Anneal, Schedule, Shape};
///
/// let schedule = Anneal::new(1.0, 0.5, 100, Shape::Sqrt, None)?;
/// assert_eq!([schedule.lr(0), schedule.lr(25), schedule.lr(100), schedule.lr(101)], [1.0, 0.75, 0.5, 0.5]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * `sqrt` and `reverse_sqrt` are mirror images. A decay written as `1 - sqrt(x)` is `sqrt`; a warm-up written as
///   `1 - sqrt(1 - x)` is `reverse_sqrt`.
/// * `cycles` is at `end_lr` only for an `amount` of 0.5, 1.5, …; with any other one the rate jumps there at the end.
/// * PyTorch's `SWALR` computes its steps backwards from the last rate, so that resuming it at another rate, or changing the
///   optimizer's rate between two steps, changes all that follows. Here a step is what it is.
///
/// # Source
/// `SWALR` of PyTorch (`linear`, `cosine`); the phases of `get_wsd_schedule` of Transformers (`linear`, `cosine` with
/// `num_cycles`, `1-sqrt`) and of timm's `WSDLRScheduler` (`linear`, `1-sqrt`, `cosine`, `power`, `exp`).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anneal {
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    curve: Curve,
}

impl Anneal {
    /// A curve from `start_lr` at step 0 to `end_lr` at `total_steps`.
    ///
    /// # Errors
    /// A number that is NaN or infinite, `total_steps` of 0, or an `amount` that does not fit the shape.
    pub fn new(
        start_lr: f64,
        end_lr: f64,
        total_steps: u32,
        shape: Shape,
        amount: Option<f64>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            start_lr: finite("start_lr", start_lr)?,
            end_lr: finite("end_lr", end_lr)?,
            total_steps: nonzero("total_steps", total_steps)?,
            curve: Curve::new(shape, amount)?,
        })
    }
}

parameters! {
    Anneal, "anneal", "start_lr * w + end_lr * (1 - w), w the shape's curve over t / total_steps";
    start_lr: f64, "the rate at step 0" => |s| s.start_lr;
    end_lr: f64, "the rate at total_steps and after it" => |s| s.end_lr;
    total_steps: u32, "how many steps the way takes, at least 1" => |s| s.total_steps;
    shape: Shape = "linear", "the curve between the two rates" => |s| s.curve.shape();
    amount: Option<f64>, "the exponent of power, the base of exponential, the number of cycles" => |s| s.curve.amount();
    => Anneal::new(start_lr, end_lr, total_steps, shape, amount)
}

impl Profiled for Anneal {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        self.curve.weights(step, self.total_steps)
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend(self.start_lr, self.end_lr, profile)
    }

    fn course(&self, step: u32) -> Course {
        let rates = [self.start_lr, self.end_lr];
        self.curve.course(rates, step, self.total_steps)
    }

    fn taylor(&self, _first: u32, _last: u32, order: u32) -> f64 {
        (libm::fabs(self.start_lr) + libm::fabs(self.end_lr))
            * self.curve.taylor(self.total_steps, order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps && self.curve == other.curve
    }
}
