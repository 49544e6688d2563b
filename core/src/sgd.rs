//! The SGD update, specified to the operation.
//!
//! For every parameter `p` with gradient `g` and velocity `v`, in this order and with every scalar rounded to
//! `f32` once, at construction:
//!
//! 1. `g = gradient_scale * g`
//! 2. `g = g + weight_decay * p`
//! 3. with momentum: at the first step `v = g`, later `v = momentum * v + (1 - dampening) * g`;
//!    then `g = g + momentum * v` with Nesterov, else `g = v`
//! 4. `p = p - lr * g`
//!
//! A sum's term whose coefficient is 0 is skipped, so that `0 * inf` cannot poison it. Without momentum there is no
//! velocity and `dampening` is not used. These are the rules of `torch.optim.SGD`, but for the skipped terms: torch still adds
//! `0 * g` at a rate of 0 and at a dampening of 1.
//!
//! [`Rounding::Separate`] rounds every product and every sum: what Rust, a chip without an FPU and C built with
//! `-ffp-contract=off` do. [`Rounding::Fused`] fuses the product into the sum that follows it, with one rounding:
//! `g = fma(weight_decay, p, g)`, `v = fma(1 - dampening, g, momentum * v)` (the inner product rounded),
//! `g = fma(momentum, v, g)`, `p = fma(-lr, g, p)`; the scale of step 1 stays a plain product. It is what PyTorch's AVX2 and
//! AVX-512 builds do. Both give the same bits on every target; they differ from each other.
//!
//! Subnormals are kept. NaN stays NaN, its payload is not promised.
//!
//! # Accuracy
//! Exact: the result is defined by the operations above. `sgd_torch` in the test suite compares it in bits with
//! trajectories of the real `torch.optim.SGD`.
//!
//! # Examples
//! ```
//! use hairpin_core::{Schedule, CosineAnnealing, Sgd, SgdConfig, SgdState};
//!
//! let schedule = CosineAnnealing::new(0.1, 0.0, 100)?;
//! let sgd = Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
//! let mut state = SgdState::default();
//! let (mut params, mut velocity) = ([1.0_f32, -2.0], [0.0_f32; 2]);
//! for step in 0..100 {
//!     let grads = [2.0 * params[0], 2.0 * params[1]];
//!     sgd.step(&mut state, schedule.lr(step), &mut params, &grads, &mut velocity)?;
//! }
//! assert!(params[0].abs() < 1e-2);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use core::fmt;

use crate::error::{ConfigError, finite};

/// How products and sums of the update are rounded.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Every product and every sum is rounded.
    #[default]
    Separate,
    /// A product is fused into the sum that follows it.
    Fused,
}

/// A correctly rounded `a * b + c`.
///
/// The update takes it as a type, so that a target with the instruction uses the instruction. Every implementation
/// must round once; then all of them give the same bits.
pub trait Fma {
    /// `a * b + c`, rounded once.
    fn fma(a: f32, b: f32, c: f32) -> f32;
}

/// [`Fma`] in software, the same on every target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LibmFma;

impl Fma for LibmFma {
    #[inline]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        libm::fmaf(a, b, c)
    }
}

/// The hyperparameters of the update, as they are written in a spec.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdConfig {
    /// Share of the velocity kept from step to step, at least 0; 0 means that there is no velocity.
    pub momentum: f64,
    /// Share of the gradient kept out of the velocity after the first step.
    pub dampening: f64,
    /// Look ahead along the velocity. Needs momentum above 0 and dampening 0.
    pub nesterov: bool,
    /// L2 penalty: `weight_decay * p` is added to the gradient.
    pub weight_decay: f64,
    /// Factor on the gradient before anything else (the inverse of a loss scale, or of a number of batches).
    pub gradient_scale: f64,
    /// How products and sums are rounded.
    pub rounding: Rounding,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self {
            momentum: 0.0,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            gradient_scale: 1.0,
            rounding: Rounding::Separate,
        }
    }
}

/// The update with its hyperparameters, checked and rounded to `f32`. One parameter group is one `Sgd`.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    config: SgdConfig,
    lr_multiplier: f64,
    coefficients: Coefficients,
}

/// The numbers an update multiplies with, and the update of a single parameter.
///
/// It is where the operations of the [module](self) are written down. [`Sgd`] walks slices with it; what walks its
/// parameters otherwise, a kernel on a GPU for one, takes [`Sgd::coefficients`] and calls the same functions.
///
/// # Examples
/// ```
/// use hairpin_core::sgd::{Separate, group_rate};
/// use hairpin_core::{Sgd, SgdConfig, SgdState};
///
/// let sgd = Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
/// let (mut p, mut v) = ([1.0_f32], [0.5_f32]);
/// let by_hand = sgd.coefficients().later::<Separate>(0.1, false, p[0], 3.0, v[0]);
/// let (mut walked, mut velocity) = (p, v);
/// let form = sgd.form(SgdState::new(true));
/// sgd.coefficients().walk::<Separate>(form, 0.1, &mut walked, &[3.0], &mut velocity);
/// sgd.step(&mut SgdState::new(true), 0.1, &mut p, &[3.0], &mut v)?;
/// assert_eq!((p[0], v[0]), by_hand);
/// assert_eq!((p, v), (walked, velocity));
/// assert_eq!(group_rate(0.5, 0.25), 0.125);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[repr(C)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// Share of the velocity that is kept.
    pub momentum: f32,
    /// `1 - dampening`.
    pub undampened: f32,
    /// Share of the parameter that is added to its gradient.
    pub weight_decay: f32,
    /// Factor on the gradient.
    pub gradient_scale: f32,
}

/// Which of the updates of [`Coefficients`] a step makes: [`Sgd::form`].
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// [`Coefficients::plain`]
    Plain,
    /// [`Coefficients::first`]
    First {
        /// Whether the step looks ahead.
        nesterov: bool,
    },
    /// [`Coefficients::later`]
    Later {
        /// Whether the step looks ahead.
        nesterov: bool,
    },
}

/// What an [`Sgd`] remembers beside the velocity: whether its first step was taken.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SgdState {
    started: bool,
}

impl SgdState {
    /// The state of an optimizer whose velocity was (`true`) or was not (`false`) yet written by a step.
    #[must_use]
    pub const fn new(started: bool) -> Self {
        Self { started }
    }

    /// Whether a step was taken, so that the velocity holds something.
    #[must_use]
    pub const fn started(&self) -> bool {
        self.started
    }
}

/// Why a step was refused. Nothing was changed.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepError {
    /// There are not as many gradients as parameters.
    GradientCount {
        /// Number of parameters.
        params: usize,
        /// Number of gradients.
        grads: usize,
    },
    /// With momentum there is one velocity per parameter, without it there is none.
    VelocityCount {
        /// How many velocities there have to be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The rate is NaN: an update with it would erase every parameter.
    NanRate,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::GradientCount { params, grads } => {
                write!(
                    f,
                    "grads has {grads} elements: must have {params}, one for each parameter"
                )
            }
            Self::VelocityCount { expected: 0, found } => {
                write!(
                    f,
                    "velocity has {found} elements: must be empty without momentum"
                )
            }
            Self::VelocityCount { expected, found } => {
                write!(
                    f,
                    "velocity has {found} elements: must have {expected}, one for each parameter"
                )
            }
            Self::NanRate => {
                f.write_str("lr is NaN: look at the schedule, a built-in kind never gives one")
            }
        }
    }
}

impl core::error::Error for StepError {}

impl Sgd {
    /// Checks the hyperparameters and rounds each to `f32` once (`1 - dampening` is formed in `f64` first).
    ///
    /// # Errors
    /// A NaN or infinite hyperparameter, also one that overflows `f32`; a negative momentum; Nesterov without momentum or
    /// with dampening.
    pub fn new(config: SgdConfig) -> Result<Self, ConfigError> {
        let momentum = rounded("momentum", config.momentum)?;
        if config.momentum < 0.0 {
            return Err(ConfigError::OutOfRange {
                field: "momentum",
                value: config.momentum,
                expected: "at least 0",
            });
        }
        finite("dampening", config.dampening)?;
        let undampened = rounded("dampening", 1.0 - config.dampening)?;
        if config.nesterov && config.momentum == 0.0 {
            return Err(ConfigError::Conflict {
                field: "nesterov",
                with: "needs momentum above 0: set momentum, or nesterov = false",
            });
        }
        if config.nesterov && config.dampening != 0.0 {
            return Err(ConfigError::Conflict {
                field: "nesterov",
                with: "needs dampening = 0: drop dampening, or set nesterov = false",
            });
        }
        Ok(Self {
            config,
            lr_multiplier: 1.0,
            coefficients: Coefficients {
                momentum,
                undampened,
                weight_decay: rounded("weight_decay", config.weight_decay)?,
                gradient_scale: rounded("gradient_scale", config.gradient_scale)?,
            },
        })
    }

    /// The same update for a parameter group with its own weight decay, at `lr_multiplier` times the schedule's rate.
    ///
    /// The group's rate is the schedule's `f32`, multiplied in `f64` and rounded to `f32` once.
    ///
    /// # Errors
    /// A NaN or infinite value, or a weight decay that overflows `f32`.
    pub fn group(&self, lr_multiplier: f64, weight_decay: f64) -> Result<Self, ConfigError> {
        Ok(Self {
            config: SgdConfig {
                weight_decay,
                ..self.config
            },
            lr_multiplier: finite("lr_multiplier", lr_multiplier)?,
            coefficients: Coefficients {
                weight_decay: rounded("weight_decay", weight_decay)?,
                ..self.coefficients
            },
        })
    }

    /// The same update with the momentum of a step, where a schedule gives one beside the rate.
    ///
    /// One-cycle and cyclic training lower the momentum while the rate rises. Everything else stays, the dampening too; it
    /// costs a comparison and a copy. The velocity goes on from step to step, so that there has to be one: the update must have been made with
    /// a momentum, and it cannot become 0 on the way. (torch leaves the velocity as it is in a step of momentum 0.)
    ///
    /// # Errors
    /// A momentum that is NaN, infinite, or not above 0, or an update that was made without momentum.
    ///
    /// # Examples
    /// ```
    /// use hairpin_core::{AnySchedule, Linear, Schedule, Sgd, SgdConfig, SgdState};
    ///
    /// // Up for 30 steps and down for 70: the rate to 0.5, the momentum from 0.95 to 0.85 and back.
    /// let rate = AnySchedule::from(Linear::new(0.5, 0.0, 70)?).after_warmup(30, 0.02, 0.5)?;
    /// let momentum = AnySchedule::from(Linear::new(0.85, 0.95, 70)?).after_warmup(30, 0.95, 0.85)?;
    /// let sgd = Sgd::new(SgdConfig { momentum: 0.95, ..SgdConfig::default() })?;
    /// let mut state = SgdState::default();
    /// let (mut params, mut velocity) = ([1.0_f32], [0.0_f32]);
    /// for step in 0..100 {
    ///     let grads = [params[0]];
    ///     let sgd = sgd.at_momentum(momentum.lr(step))?;
    ///     sgd.step(&mut state, rate.lr(step), &mut params, &grads, &mut velocity)?;
    /// }
    /// assert!(params[0].abs() < 0.1);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn at_momentum(&self, momentum: f32) -> Result<Self, ConfigError> {
        let value = finite("momentum", f64::from(momentum))?;
        if !self.needs_velocity() {
            return Err(ConfigError::Conflict {
                field: "momentum",
                with: "this update was made without one and has no velocity: make it with a momentum above 0",
            });
        }
        if !(value > 0.0) {
            return Err(ConfigError::OutOfRange {
                field: "momentum",
                value,
                expected: "above 0 while there is a velocity",
            });
        }
        Ok(Self {
            config: SgdConfig {
                momentum: value,
                ..self.config
            },
            coefficients: Coefficients {
                momentum,
                ..self.coefficients
            },
            ..*self
        })
    }

    /// The hyperparameters this update was made from.
    #[must_use]
    pub const fn config(&self) -> &SgdConfig {
        &self.config
    }

    /// What the schedule's rate is multiplied with; 1 unless set by [`Sgd::group`].
    #[must_use]
    pub const fn lr_multiplier(&self) -> f64 {
        self.lr_multiplier
    }

    /// The hyperparameters as the update uses them.
    #[must_use]
    pub const fn coefficients(&self) -> Coefficients {
        self.coefficients
    }

    /// Whether [`Sgd::step`] needs a velocity as long as the parameters (with momentum), or an empty one.
    #[must_use]
    pub fn needs_velocity(&self) -> bool {
        // The configured number decides, not its f32: a momentum too small for f32 still has a first step and dampening.
        self.config.momentum != 0.0
    }

    /// Applies one update at rate `lr` to `params`; see the [module](self) for the operations.
    ///
    /// # Errors
    /// Slices of different lengths, a velocity where none belongs, or a NaN rate. Nothing is changed then.
    pub fn step(
        &self,
        state: &mut SgdState,
        lr: f32,
        params: &mut [f32],
        grads: &[f32],
        velocity: &mut [f32],
    ) -> Result<(), StepError> {
        let lr = self.checked_rate(lr, params, grads, velocity)?;
        match self.config.rounding {
            Rounding::Separate => self.separate(*state, lr, params, grads, velocity),
            Rounding::Fused => self.fused(*state, lr, params, grads, velocity),
        }
        state.started = true;
        Ok(())
    }

    // The two modes stay functions of their own here: in one, the compiler no longer takes the choices out of the loops, and
    // the update takes twice as long.
    #[inline(never)]
    fn separate(&self, state: SgdState, lr: f32, p: &mut [f32], g: &[f32], v: &mut [f32]) {
        self.apply::<Separate>(state, lr, p, g, v);
    }

    #[inline(never)]
    fn fused(&self, state: SgdState, lr: f32, p: &mut [f32], g: &[f32], v: &mut [f32]) {
        self.apply::<Fused<LibmFma>>(state, lr, p, g, v);
    }

    /// [`Sgd::step`] with another implementation of the fused multiply-add. The bits are the same.
    ///
    /// # Errors
    /// As [`Sgd::step`].
    // Always inlined, with all it calls: a caller compiled for wider registers must have the loops compiled for them too.
    #[inline(always)]
    pub fn step_with<F: Fma>(
        &self,
        state: &mut SgdState,
        lr: f32,
        params: &mut [f32],
        grads: &[f32],
        velocity: &mut [f32],
    ) -> Result<(), StepError> {
        let lr = self.checked_rate(lr, params, grads, velocity)?;
        match self.config.rounding {
            Rounding::Separate => self.apply::<Separate>(*state, lr, params, grads, velocity),
            Rounding::Fused => self.apply::<Fused<F>>(*state, lr, params, grads, velocity),
        }
        state.started = true;
        Ok(())
    }

    /// The rate of this group, if it and the slices can be used.
    fn checked_rate(
        &self,
        lr: f32,
        params: &[f32],
        grads: &[f32],
        velocity: &[f32],
    ) -> Result<f32, StepError> {
        let count = params.len();
        if grads.len() != count {
            return Err(StepError::GradientCount {
                params: count,
                grads: grads.len(),
            });
        }
        let expected = if self.needs_velocity() { count } else { 0 };
        if velocity.len() != expected {
            return Err(StepError::VelocityCount {
                expected,
                found: velocity.len(),
            });
        }
        let lr = group_rate(lr, self.lr_multiplier);
        if lr.is_nan() {
            return Err(StepError::NanRate);
        }
        Ok(lr)
    }

    /// Which of the updates of [`Sgd::coefficients`] the next step is.
    #[inline(always)]
    #[must_use]
    pub fn form(&self, state: SgdState) -> Form {
        let nesterov = self.config.nesterov;
        if !self.needs_velocity() {
            Form::Plain
        } else if state.started {
            Form::Later { nesterov }
        } else {
            Form::First { nesterov }
        }
    }

    #[inline(always)]
    fn apply<M: MulAdd>(
        &self,
        state: SgdState,
        lr: f32,
        params: &mut [f32],
        grads: &[f32],
        velocity: &mut [f32],
    ) {
        let form = self.form(state);
        self.coefficients
            .walk::<M>(form, lr, params, grads, velocity);
    }
}

impl Coefficients {
    /// The update of each of `params` at a group's rate, all in one form: the loops behind [`Sgd::step`], for one who walks many trials.
    ///
    /// The slices are of equal length, but for a velocity that the form has no use for, which is not looked at; of longer ones the rest is
    /// left as it is.
    #[inline(always)]
    pub fn walk<M: MulAdd>(
        &self,
        form: Form,
        lr: f32,
        params: &mut [f32],
        grads: &[f32],
        velocity: &mut [f32],
    ) {
        let pairs = params.iter_mut().zip(grads);
        // The choices are made outside the loops, so that each loop is straight-line and can be vectorised.
        match form {
            Form::Plain => {
                for (p, &g) in pairs {
                    *p = self.plain::<M>(lr, *p, g);
                }
            }
            Form::First { nesterov: false } => {
                for ((p, &g), v) in pairs.zip(velocity) {
                    (*p, *v) = self.first::<M>(lr, false, *p, g);
                }
            }
            Form::First { nesterov: true } => {
                for ((p, &g), v) in pairs.zip(velocity) {
                    (*p, *v) = self.first::<M>(lr, true, *p, g);
                }
            }
            Form::Later { nesterov: false } => {
                for ((p, &g), v) in pairs.zip(velocity) {
                    (*p, *v) = self.later::<M>(lr, false, *p, g, *v);
                }
            }
            Form::Later { nesterov: true } => {
                for ((p, &g), v) in pairs.zip(velocity) {
                    (*p, *v) = self.later::<M>(lr, true, *p, g, *v);
                }
            }
        }
    }

    /// A parameter `p` with gradient `g` after a step without momentum.
    #[inline(always)]
    #[must_use]
    pub fn plain<M: MulAdd>(&self, lr: f32, p: f32, g: f32) -> f32 {
        descend::<M>(lr, self.gradient::<M>(p, g), p)
    }

    /// A parameter and its velocity after their first step with momentum.
    #[inline(always)]
    #[must_use]
    pub fn first<M: MulAdd>(&self, lr: f32, nesterov: bool, p: f32, g: f32) -> (f32, f32) {
        let g = self.gradient::<M>(p, g);
        self.along::<M>(lr, nesterov, p, g, g)
    }

    /// A parameter and its velocity `v` after any later step with momentum.
    #[inline(always)]
    #[must_use]
    pub fn later<M: MulAdd>(&self, lr: f32, nesterov: bool, p: f32, g: f32, v: f32) -> (f32, f32) {
        let g = self.gradient::<M>(p, g);
        // Either share may be 0 and is then skipped, so that an infinity cannot turn into NaN.
        let kept = if self.momentum == 0.0 {
            0.0
        } else {
            self.momentum * v
        };
        self.along::<M>(lr, nesterov, p, g, term::<M>(self.undampened, g, kept))
    }

    /// Steps 1 and 2: the scaled gradient with its weight decay.
    #[inline(always)]
    fn gradient<M: MulAdd>(&self, p: f32, g: f32) -> f32 {
        term::<M>(self.weight_decay, p, self.gradient_scale * g)
    }

    /// The end of step 3, and step 4: along the new velocity, or ahead of it.
    #[inline(always)]
    fn along<M: MulAdd>(&self, lr: f32, nesterov: bool, p: f32, g: f32, v: f32) -> (f32, f32) {
        let direction = if nesterov {
            term::<M>(self.momentum, v, g)
        } else {
            v
        };
        (descend::<M>(lr, direction, p), v)
    }
}

/// The rate of a parameter group: the schedule's, multiplied in `f64` and rounded once.
#[inline(always)]
#[must_use]
pub fn group_rate(lr: f32, lr_multiplier: f64) -> f32 {
    (f64::from(lr) * lr_multiplier) as f32
}

/// Step 4: `p - lr * g`.
#[inline(always)]
fn descend<M: MulAdd>(lr: f32, g: f32, p: f32) -> f32 {
    term::<M>(-lr, g, p)
}

/// `sum + coefficient * x`; just `sum` where the coefficient is 0.
#[inline(always)]
fn term<M: MulAdd>(coefficient: f32, x: f32, sum: f32) -> f32 {
    if coefficient == 0.0 {
        sum
    } else {
        M::mul_add(coefficient, x, sum)
    }
}

/// How a product joins a sum: a [`Rounding`] as a type.
pub trait MulAdd {
    /// `a * b + c`
    fn mul_add(a: f32, b: f32, c: f32) -> f32;
}

/// [`Rounding::Separate`] as a type.
#[derive(Clone, Copy, Debug)]
pub struct Separate;

impl MulAdd for Separate {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// [`Rounding::Fused`] as a type, with the multiply-add that it uses.
#[derive(Clone, Copy, Debug)]
pub struct Fused<F>(core::marker::PhantomData<F>);

impl<F: Fma> MulAdd for Fused<F> {
    #[inline(always)]
    fn mul_add(a: f32, b: f32, c: f32) -> f32 {
        F::fma(a, b, c)
    }
}

/// `value` rounded to `f32`, if it is finite before and after.
fn rounded(field: &'static str, value: f64) -> Result<f32, ConfigError> {
    let single = finite(field, value)? as f32;
    if single.is_finite() {
        Ok(single)
    } else {
        Err(ConfigError::OutOfRange {
            field,
            value,
            expected: "within the range of f32",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sgd(config: SgdConfig) -> Sgd {
        Sgd::new(config).unwrap()
    }

    #[test]
    fn plain_step_subtracts_the_rounded_product() {
        let (mut p, g) = ([1.0_f32, 0.5], [0.1_f32, -3.0]);
        let mut state = SgdState::default();
        sgd(SgdConfig::default())
            .step(&mut state, 0.3, &mut p, &g, &mut [])
            .unwrap();
        assert_eq!(p, [1.0 - 0.3_f32 * 0.1, 0.5 - 0.3_f32 * -3.0]);
        assert!(state.started());
    }

    #[test]
    fn fused_rounds_once() {
        let config = SgdConfig {
            rounding: Rounding::Fused,
            ..SgdConfig::default()
        };
        let lr = 1.0_f32 + f32::EPSILON;
        let (mut p, g) = ([lr * lr], [lr]);
        let (mut state, separate) = (SgdState::default(), sgd(SgdConfig::default()));
        sgd(config)
            .step(&mut state, lr, &mut p, &g, &mut [])
            .unwrap();
        // The exact product is 1 + 2e + e^2; fused, what its rounding dropped is left over.
        assert_eq!(p, [-(f32::EPSILON * f32::EPSILON)]);
        let mut p = [lr * lr];
        separate.step(&mut state, lr, &mut p, &g, &mut []).unwrap();
        assert_eq!(p, [0.0]);
    }

    #[test]
    fn dampening_waits_for_the_second_step() {
        let update = sgd(SgdConfig {
            momentum: 0.5,
            dampening: 0.25,
            ..SgdConfig::default()
        });
        let (mut p, mut v, mut state) = ([0.0_f32], [9.0_f32], SgdState::default());
        update
            .step(&mut state, 1.0, &mut p, &[2.0], &mut v)
            .unwrap();
        assert_eq!((p, v), ([-2.0], [2.0]));
        update
            .step(&mut state, 1.0, &mut p, &[2.0], &mut v)
            .unwrap();
        assert_eq!((p, v), ([-4.5], [2.5]));
    }

    #[test]
    fn a_coefficient_of_zero_skips_its_term() {
        let (mut p, mut state) = ([f32::INFINITY, 1.0], SgdState::default());
        sgd(SgdConfig::default())
            .step(&mut state, 0.0, &mut p, &[f32::NAN, f32::INFINITY], &mut [])
            .unwrap();
        assert_eq!(p, [f32::INFINITY, 1.0]);
    }

    #[test]
    fn a_group_rounds_its_rate_once() {
        let group = sgd(SgdConfig::default()).group(0.1, 0.0).unwrap();
        let (mut p, mut state) = ([0.0_f32], SgdState::default());
        group
            .step(&mut state, 0.7, &mut p, &[1.0], &mut [])
            .unwrap();
        assert_eq!(p, [-((f64::from(0.7_f32) * 0.1) as f32)]);
    }

    #[test]
    fn wrong_lengths_and_nan_rates_change_nothing() {
        let with = sgd(SgdConfig {
            momentum: 0.9,
            ..SgdConfig::default()
        });
        let without = sgd(SgdConfig::default());
        let (mut p, mut v, mut state) = ([1.0_f32, 2.0], [0.0_f32; 3], SgdState::default());
        let g = [1.0_f32; 2];
        assert_eq!(
            with.step(&mut state, 0.1, &mut p, &g[..1], &mut v[..2]),
            Err(StepError::GradientCount {
                params: 2,
                grads: 1
            })
        );
        assert_eq!(
            with.step(&mut state, 0.1, &mut p, &g, &mut v),
            Err(StepError::VelocityCount {
                expected: 2,
                found: 3
            })
        );
        assert_eq!(
            without.step(&mut state, 0.1, &mut p, &g, &mut v),
            Err(StepError::VelocityCount {
                expected: 0,
                found: 3
            })
        );
        assert_eq!(
            without.step(&mut state, f32::NAN, &mut p, &g, &mut []),
            Err(StepError::NanRate)
        );
        assert_eq!((p, state), ([1.0, 2.0], SgdState::default()));
    }

    #[test]
    fn a_momentum_for_a_step_changes_nothing_else() {
        let made = |momentum| {
            let sgd = sgd(SgdConfig {
                momentum,
                dampening: 0.25,
                weight_decay: 0.5,
                rounding: Rounding::Fused,
                ..SgdConfig::default()
            });
            sgd.group(0.5, 0.125).unwrap()
        };
        let given = 0.85_f32;
        assert_eq!(
            made(0.95).at_momentum(given),
            Ok(made(f64::from(given))),
            "as if made with it"
        );
        for refused in [f32::NAN, f32::INFINITY, -0.5, 0.0, -0.0] {
            let error = made(0.95).at_momentum(refused).unwrap_err();
            assert_eq!(error.field(), "momentum");
        }
        assert_eq!(
            made(0.0).at_momentum(given).unwrap_err().field(),
            "momentum"
        );
    }

    #[test]
    fn hyperparameters_are_refused_by_name() {
        let base = SgdConfig::default();
        for (config, field) in [
            (
                SgdConfig {
                    momentum: f64::NAN,
                    ..base
                },
                "momentum",
            ),
            (
                SgdConfig {
                    momentum: -0.1,
                    ..base
                },
                "momentum",
            ),
            (
                SgdConfig {
                    dampening: f64::INFINITY,
                    ..base
                },
                "dampening",
            ),
            (
                SgdConfig {
                    weight_decay: 1e39,
                    ..base
                },
                "weight_decay",
            ),
            (
                SgdConfig {
                    gradient_scale: f64::NAN,
                    ..base
                },
                "gradient_scale",
            ),
            (
                SgdConfig {
                    nesterov: true,
                    ..base
                },
                "nesterov",
            ),
            (
                SgdConfig {
                    nesterov: true,
                    momentum: 0.9,
                    dampening: 0.1,
                    ..base
                },
                "nesterov",
            ),
        ] {
            assert_eq!(Sgd::new(config).unwrap_err().field(), field);
        }
        assert_eq!(
            sgd(base).group(f64::NAN, 0.0).unwrap_err().field(),
            "lr_multiplier"
        );
        assert_eq!(
            sgd(base).group(1.0, f64::NAN).unwrap_err().field(),
            "weight_decay"
        );
    }
}
