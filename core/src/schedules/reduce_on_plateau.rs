use crate::error::{ConfigError, finite};
use crate::parameters::{parameters, words};
use crate::schedule::{Feedback, Observed};

words! {
    /// Whether a loss should fall or a score should rise.
    #[derive(Default)]
    pub enum Mode {
        /// Smaller is better.
        #[default]
        Min = "min",
        /// Larger is better.
        Max = "max",
    }
}

words! {
    /// What `threshold` is measured in.
    #[derive(Default)]
    pub enum ThresholdMode {
        /// A share of the best so far.
        #[default]
        Rel = "rel",
        /// The metric's own unit.
        Abs = "abs",
    }
}

words! {
    /// What the first loss has to beat.
    pub enum FirstLoss {
        /// Nothing: it is the best, even NaN or infinity. A first NaN is then never beaten.
        Accepted = "accepted",
        /// The worst infinity: NaN and that infinity count as bad, and the first good value recovers.
        BeatsInfinity = "beats_infinity",
    }
}

words! {
    /// What happens to losses during the cool-down.
    pub enum Cooldown {
        /// They are not looked at: an improvement among them is lost.
        Ignores = "ignored",
        /// They can become the best, but are not counted as bad. The observation that ends the cool-down is part of it.
        Tracks = "tracked",
    }
}

words! {
    /// How a relative margin is formed. The two differ in the last bit, and at infinity.
    pub enum RelativeMargin {
        /// `best -+ best * threshold`
        Difference = "difference",
        /// `best * (1 -+ threshold)`
        Product = "product",
    }
}

/// The rules on which the frameworks disagree, as switches.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlateauRules {
    /// What the first loss has to beat.
    pub first_loss: FirstLoss,
    /// What happens to losses during the cool-down.
    pub cooldown: Cooldown,
    /// How a relative margin is formed.
    pub relative_margin: RelativeMargin,
}

impl PlateauRules {
    /// The rules of PaddlePaddle's `ReduceOnPlateau`.
    pub const PADDLE: Self = Self {
        first_loss: FirstLoss::Accepted,
        cooldown: Cooldown::Ignores,
        relative_margin: RelativeMargin::Difference,
    };

    /// The rules of PyTorch's `ReduceLROnPlateau`.
    pub const TORCH: Self = Self {
        first_loss: FirstLoss::BeatsInfinity,
        cooldown: Cooldown::Tracks,
        relative_margin: RelativeMargin::Product,
    };
}

words! {
    /// Whose rules hold.
    pub enum Family {
        /// [`PlateauRules::PADDLE`].
        Paddle = "paddle",
        /// [`PlateauRules::TORCH`].
        Torch = "torch",
    }
}

impl Family {
    const fn rules(self) -> PlateauRules {
        match self {
            Self::Paddle => PlateauRules::PADDLE,
            Self::Torch => PlateauRules::TORCH,
        }
    }
}

impl PlateauRules {
    /// These rules but for the switches given.
    fn with(
        self,
        first_loss: Option<FirstLoss>,
        cooldown: Option<Cooldown>,
        relative_margin: Option<RelativeMargin>,
    ) -> Self {
        Self {
            first_loss: first_loss.unwrap_or(self.first_loss),
            cooldown: cooldown.unwrap_or(self.cooldown),
            relative_margin: relative_margin.unwrap_or(self.relative_margin),
        }
    }
}

impl Default for PlateauRules {
    fn default() -> Self {
        Self::PADDLE
    }
}

/// The parameters of a [`ReduceOnPlateau`].
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlateauConfig {
    /// The rate before any cut.
    pub learning_rate: f64,
    /// Whether the observed number should fall or rise.
    pub mode: Mode,
    /// What a cut multiplies the rate with, at least 0 and below 1.
    pub factor: f64,
    /// How many bad losses in a row are borne; the next one cuts.
    pub patience: u32,
    /// By how much a loss must be better than the best to count as an improvement.
    pub threshold: f64,
    /// What `threshold` is measured in.
    pub threshold_mode: ThresholdMode,
    /// How many losses after a cut are not counted as bad.
    pub cooldown: u32,
    /// No cut goes below this rate.
    pub min_lr: f64,
    /// A cut that would change the rate by no more than this is not made.
    pub epsilon: f64,
    /// Whose rules hold where the frameworks disagree.
    pub rules: PlateauRules,
}

impl PlateauConfig {
    /// PaddlePaddle's defaults: `min`, factor 0.1, patience 10, relative threshold 1e-4, no cool-down, `min_lr` 0,
    /// `epsilon` 1e-8.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            mode: Mode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0,
            epsilon: 1e-8,
            rules: PlateauRules::PADDLE,
        }
    }
}

/// Cuts the rate when a loss has stopped improving.
///
/// Before any loss the rate is `learning_rate`. A loss is *better* when it is strictly below `best - margin` (mode `min`)
/// or above `best + margin` (mode `max`), with `margin = threshold * best` (`rel`) or `threshold` (`abs`). Then, at each
/// observation outside a cool-down:
///
/// * better: it is the new best, and the count of bad losses starts again
/// * else it is bad. When more than `patience` bad ones came in a row, the count starts again, a cool-down of
///   `cooldown` observations begins, and the rate becomes `max(lr * factor, min_lr)`, if that is lower by more than `epsilon`
///
/// NaN is never better. With a negative best a relative margin has the wrong sign in all frameworks, and here.
///
/// Where PaddlePaddle and PyTorch disagree, [`PlateauRules`] says which holds.
///
/// # Accuracy
/// Decisions equal the frameworks' exactly (`golden` in the test suite). The rate is kept in `f64` as they keep it, one
/// rounding a cut, and rounded to `f32` when asked for: after `n` cuts at most `0.5 + n * 2^-28` ULP from the exact value.
///
/// # Errors
/// [`ReduceOnPlateau::new`] refuses NaN and infinities, and a `factor` below 0 or not below 1.
///
/// # Examples
/// ```
/// use hairpin_core::{Feedback, Observed, PlateauConfig, ReduceOnPlateau};
///
/// let schedule = ReduceOnPlateau::new(PlateauConfig { factor: 0.5, patience: 1, ..PlateauConfig::new(0.1) })?;
/// let mut state = schedule.start();
/// assert_eq!(schedule.observe(&mut state, 0, 1.0), Observed::Improved);
/// assert_eq!(schedule.observe(&mut state, 1, 1.0), Observed::Waiting);
/// assert_eq!(schedule.observe(&mut state, 2, 1.0), Observed::Reduced);
/// assert_eq!(schedule.lr(&state, 3), 0.05);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Source
/// `ReduceOnPlateau` of PaddlePaddle, `ReduceLROnPlateau` of PyTorch.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceOnPlateau {
    config: PlateauConfig,
}

/// What a [`ReduceOnPlateau`] remembers between losses.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlateauState {
    pub(crate) lr: f64,
    pub(crate) best: Option<f64>,
    pub(crate) bad: u32,
    pub(crate) cooldown_left: u32,
}

impl PlateauState {
    /// The best loss so far, if there was one.
    #[must_use]
    pub const fn best(&self) -> Option<f64> {
        self.best
    }

    /// How many bad losses came in a row.
    #[must_use]
    pub const fn bad(&self) -> u32 {
        self.bad
    }

    /// How many observations of the cool-down are left.
    #[must_use]
    pub const fn cooldown_left(&self) -> u32 {
        self.cooldown_left
    }
}

impl ReduceOnPlateau {
    /// A rate that starts at `learning_rate` and is cut when the loss stops improving.
    ///
    /// # Errors
    /// A number that is NaN or infinite, or a `factor` outside 0 to 1 (1 excluded).
    pub fn new(config: PlateauConfig) -> Result<Self, ConfigError> {
        finite("learning_rate", config.learning_rate)?;
        finite("threshold", config.threshold)?;
        finite("min_lr", config.min_lr)?;
        finite("epsilon", config.epsilon)?;
        if !(0.0..1.0).contains(&finite("factor", config.factor)?) {
            return Err(ConfigError::OutOfRange {
                field: "factor",
                value: config.factor,
                expected: "at least 0 and below 1",
            });
        }
        Ok(Self { config })
    }

    /// The parameters this schedule was made from.
    #[must_use]
    pub const fn config(&self) -> &PlateauConfig {
        &self.config
    }

    fn is_better(&self, loss: f64, best: Option<f64>) -> bool {
        let PlateauConfig {
            mode,
            threshold,
            threshold_mode,
            rules,
            ..
        } = self.config;
        let best = match (best, rules.first_loss, mode) {
            (Some(best), _, _) => best,
            (None, FirstLoss::Accepted, _) => return true,
            (None, FirstLoss::BeatsInfinity, Mode::Min) => f64::INFINITY,
            (None, FirstLoss::BeatsInfinity, Mode::Max) => f64::NEG_INFINITY,
        };
        match (mode, threshold_mode, rules.relative_margin) {
            (Mode::Min, ThresholdMode::Rel, RelativeMargin::Difference) => {
                loss < best - best * threshold
            }
            (Mode::Min, ThresholdMode::Rel, RelativeMargin::Product) => {
                loss < best * (1.0 - threshold)
            }
            (Mode::Min, ThresholdMode::Abs, _) => loss < best - threshold,
            (Mode::Max, ThresholdMode::Rel, RelativeMargin::Difference) => {
                loss > best + best * threshold
            }
            (Mode::Max, ThresholdMode::Rel, RelativeMargin::Product) => {
                loss > best * (1.0 + threshold)
            }
            (Mode::Max, ThresholdMode::Abs, _) => loss > best + threshold,
        }
    }

    /// Patience has run out: the cut, if it is large enough to be made.
    fn cut(&self, state: &mut PlateauState) -> Observed {
        state.bad = 0;
        state.cooldown_left = self.config.cooldown;
        let lower = (state.lr * self.config.factor).max(self.config.min_lr);
        if state.lr - lower > self.config.epsilon {
            state.lr = lower;
            Observed::Reduced
        } else {
            Observed::Exhausted
        }
    }
}

parameters! {
    ReduceOnPlateau, "reduce_on_plateau", "times factor when the loss stops improving";
    learning_rate: f64, "the rate before any cut" => |s| s.config.learning_rate;
    mode: Mode = "min", "whether smaller or larger is better" => |s| s.config.mode;
    factor: f64 = 0.1, "the factor of each cut, at least 0 and below 1" => |s| s.config.factor;
    patience: u32 = 10, "how many bad losses in a row are borne" => |s| s.config.patience;
    threshold: f64 = 1e-4, "by how much a loss must be better" => |s| s.config.threshold;
    threshold_mode: ThresholdMode = "rel", "what threshold is measured in" => |s| s.config.threshold_mode;
    cooldown: u32 = 0, "how many losses after a cut are not counted" => |s| s.config.cooldown;
    min_lr: f64 = 0.0, "no cut goes below this rate" => |s| s.config.min_lr;
    epsilon: f64 = 1e-8, "a cut smaller than this is not made" => |s| s.config.epsilon;
    rules: Family = "paddle", "whose rules hold where they differ" => |s| Family::Paddle;
    first_loss: Option<FirstLoss>, "what the first loss has to beat, instead of what `rules` says" => |s| Some(s.config.rules.first_loss);
    cooldown_losses: Option<Cooldown>, "whether a loss of the cool-down can be the best, instead of what `rules` says" => |s| Some(s.config.rules.cooldown);
    relative_margin: Option<RelativeMargin>, "how a relative threshold is formed, instead of what `rules` says" => |s| Some(s.config.rules.relative_margin);
    => ReduceOnPlateau::new(PlateauConfig {
        learning_rate,
        mode,
        factor,
        patience,
        threshold,
        threshold_mode,
        cooldown,
        min_lr,
        epsilon,
        rules: rules.rules().with(first_loss, cooldown_losses, relative_margin),
    })
}

impl Feedback for ReduceOnPlateau {
    type State = PlateauState;

    fn start(&self) -> PlateauState {
        PlateauState {
            lr: self.config.learning_rate,
            best: None,
            bad: 0,
            cooldown_left: 0,
        }
    }

    fn observe(&self, state: &mut PlateauState, _step: u32, loss: f64) -> Observed {
        let cooling = state.cooldown_left > 0;
        state.cooldown_left = state.cooldown_left.saturating_sub(1);
        if cooling && self.config.rules.cooldown == Cooldown::Ignores {
            return Observed::CoolingDown;
        }
        let improved = self.is_better(loss, state.best);
        if improved {
            state.best = Some(loss);
            state.bad = 0;
        } else if cooling {
            state.bad = 0;
        } else {
            state.bad = state.bad.saturating_add(1);
        }
        if state.bad > self.config.patience {
            self.cut(state)
        } else if improved {
            Observed::Improved
        } else if cooling {
            Observed::CoolingDown
        } else {
            Observed::Waiting
        }
    }

    #[inline]
    fn rate(&self, state: &PlateauState, _step: u32) -> f64 {
        state.lr
    }
}
