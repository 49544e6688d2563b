use super::{Mode, ThresholdMode};
use crate::error::{ConfigError, finite};
use crate::numeric::{larger, smaller};
use crate::parameters::parameters;
use crate::schedule::{Feedback, Observed};

/// The parameters of a [`Greedy`].
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GreedyConfig {
    /// The rate before any change, and after a reset.
    pub learning_rate: f64,
    /// Whether the observed number should fall or rise.
    pub mode: Mode,
    /// What a cut multiplies the rate with and a raise divides it by, above 0 and below 1.
    pub factor: f64,
    /// How many bad losses in a row are borne before a cut, and how many good ones before a raise.
    pub patience: u32,
    /// By how much a loss must be better than the best to be good.
    pub threshold: f64,
    /// What `threshold` is measured in: [`ThresholdMode::Rel`] or [`ThresholdMode::Abs`].
    pub threshold_mode: ThresholdMode,
    /// How many losses after a cut are passed over.
    pub cooldown: u32,
    /// How many losses after a raise are passed over.
    pub warmup: u32,
    /// No cut goes below this rate.
    pub min_lr: f64,
    /// No raise goes above this rate.
    pub max_lr: f64,
    /// A change by no more than this is not made.
    pub eps: f64,
    /// Whether the mean of the last losses is looked at.
    pub smooth: bool,
    /// How many losses that mean is taken over, at least 1.
    pub window_size: u32,
    /// How many cuts at the minimum it takes to start all over; 0 acts as 1.
    pub reset_start: u32,
}

impl GreedyConfig {
    /// The defaults of Transformers: `min`, factor 0.95, patience 10, absolute threshold 1e-6, no pauses, rates from 1e-3 to
    /// 1, `eps` 1e-8, not smoothed (else over 50, more than [`Greedy`] has room for unless its `N` says so), a reset after 500 cuts at the minimum.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            mode: Mode::Min,
            factor: 0.95,
            patience: 10,
            threshold: 1e-6,
            threshold_mode: ThresholdMode::Abs,
            cooldown: 0,
            warmup: 0,
            min_lr: 1e-3,
            max_lr: 1.0,
            eps: 1e-8,
            smooth: false,
            window_size: 50,
            reset_start: 500,
        }
    }
}

/// Cuts the rate when losses get worse and raises it when they get better.
///
/// Before any loss the rate is `learning_rate`. With `smooth`, the mean of the last `window_size` losses takes the place of each
/// loss. A loss is *good* when it is strictly below `best - threshold` (`abs`) or `best * (1 - threshold)` (`rel`), in mode `max` above
/// with `+`; the best starts as the worst infinity. Outside of pauses:
///
/// * good: it is the new best. After more than `patience` good ones in a row the rate becomes `min(lr / factor, max_lr)`, if that is
///   higher by more than `eps`, and `warmup` losses are passed over
/// * else it is bad. After more than `patience` bad ones in a row the rate becomes `max(lr * factor, min_lr)`, if that is lower by more than
///   `eps`, and `cooldown` losses are passed over
/// * the `reset_start`-th cut that leaves the rate at or below `min_lr`, with no raise in between, starts all over: the rate is `learning_rate`
///   again, and the best, the counts and the window are forgotten
///
/// `N` is how many losses the window holds at most: every state has room for as many, 8 bytes each. Unless said otherwise it is the 50
/// that Transformers smooths over; a `window_size` above it is refused where `smooth` is set. Firmware that does not smooth writes `Greedy<1>`.
///
/// # Accuracy
/// Decisions equal those of Transformers exactly (`golden` in the test suite). The rate is kept in `f64` as it is there, one
/// rounding a change, and rounded to `f32` when asked for: after `n` changes at most `0.5 + n * 2^-28` ULP from the exact value.
///
/// # Errors
/// [`Greedy::new`] refuses NaN and infinities, a `factor` not above 0 or not below 1, [`ThresholdMode::Both`], and with `smooth`
/// a `window_size` of 0 or above `N`.
///
/// # Examples
/// ```
/// use hairpin_core::{Feedback, Greedy, GreedyConfig, Observed};
///
/// let schedule = Greedy::<50>::new(GreedyConfig { factor: 0.5, patience: 1, ..GreedyConfig::new(0.1) })?;
/// let mut state = schedule.start();
/// let seen = [3.0, 2.0, 1.0, 1.0].map(|loss| schedule.observe(&mut state, 0, loss));
/// assert_eq!(seen, [Observed::Improved, Observed::Raised, Observed::Improved, Observed::Waiting]);
/// assert_eq!(schedule.lr(&state, 0), 0.2);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * Nothing keeps the first rate within `min_lr` and `max_lr`: with the defaults a rate below 1e-3 is never cut, and it is reset,
///   which changes nothing. Set `min_lr` below the rates in use.
/// * A rate that is above `min_lr` by less than `eps` is not at the minimum: it is neither cut nor reset.
/// * With a negative best a relative margin has the wrong sign, as in a plateau: a constant -1 is good for ever.
/// * The window's sum is kept, not formed anew: a NaN in it stays until a reset.
///
/// # Source
/// `GreedyLR` of Transformers.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Greedy<const N: usize = 50> {
    config: GreedyConfig,
}

/// What a [`Greedy`] remembers between losses.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GreedyState<const N: usize = 50> {
    pub(crate) lr: f64,
    pub(crate) best: f64,
    pub(crate) good: u32,
    pub(crate) bad: u32,
    pub(crate) cooldown_left: u32,
    pub(crate) warmup_left: u32,
    pub(crate) resets_left: u32,
    /// The sum of the losses in the window, as it came about.
    pub(crate) sum: f64,
    /// How many losses are in the window.
    pub(crate) len: u32,
    /// The losses, the oldest first, and zeros.
    pub(crate) window: [f64; N],
}

impl<const N: usize> GreedyState<N> {
    /// How many losses the window holds at most.
    pub const WINDOW: usize = N;

    /// The best loss so far; the worst infinity before there was one.
    #[must_use]
    pub const fn best(&self) -> f64 {
        self.best
    }

    /// How many good losses came in a row.
    #[must_use]
    pub const fn good(&self) -> u32 {
        self.good
    }

    /// How many bad losses came in a row.
    #[must_use]
    pub const fn bad(&self) -> u32 {
        self.bad
    }
}

impl<const N: usize> Greedy<N> {
    /// A rate that starts at `learning_rate`, falls when losses get worse and rises when they get better.
    ///
    /// # Errors
    /// A number that is NaN or infinite, a `factor` outside 0 to 1 (both excluded), [`ThresholdMode::Both`], or, with `smooth`, a
    /// `window_size` of 0 or above `N`.
    pub fn new(config: GreedyConfig) -> Result<Self, ConfigError> {
        finite("learning_rate", config.learning_rate)?;
        finite("threshold", config.threshold)?;
        finite("min_lr", config.min_lr)?;
        finite("max_lr", config.max_lr)?;
        finite("eps", config.eps)?;
        let factor = finite("factor", config.factor)?;
        if !(factor > 0.0 && factor < 1.0) {
            return Err(ConfigError::OutOfRange {
                field: "factor",
                value: factor,
                expected: "above 0 and below 1",
            });
        }
        if config.threshold_mode == ThresholdMode::Both {
            return Err(ConfigError::Conflict {
                field: "threshold_mode",
                with: "\"both\" is for reduce_on_plateau alone: use \"abs\" or \"rel\"",
            });
        }
        if config.smooth {
            if config.window_size == 0 {
                return Err(ConfigError::OutOfRange {
                    field: "window_size",
                    value: 0.0,
                    expected: "at least 1; to look at every loss by itself set smooth = false",
                });
            }
            let found = config.window_size as usize;
            if found > N {
                return Err(ConfigError::OverCapacity {
                    field: "window_size",
                    capacity: N,
                    found,
                });
            }
        }
        Ok(Self { config })
    }

    /// The parameters this schedule was made from.
    #[must_use]
    pub const fn config(&self) -> &GreedyConfig {
        &self.config
    }

    /// The loss to look at: itself, or the mean of the window that it enters.
    fn looked_at(&self, state: &mut GreedyState<N>, loss: f64) -> f64 {
        if !self.config.smooth {
            return loss;
        }
        // The sum grows before it shrinks: the other order rounds differently.
        state.sum += loss;
        if state.len < self.config.window_size {
            if let Some(free) = state.window.get_mut(state.len as usize) {
                *free = loss;
            }
            state.len = state.len.saturating_add(1);
        } else if let Some(window) = state.window.get_mut(..state.len as usize) {
            // Each loss takes the place of the one before it, and the oldest is left over.
            let mut moving = loss;
            for slot in window.iter_mut().rev() {
                core::mem::swap(slot, &mut moving);
            }
            state.sum -= moving;
        }
        state.sum / f64::from(state.len)
    }

    fn is_good(&self, loss: f64, best: f64) -> bool {
        let threshold = self.config.threshold;
        match (self.config.mode, self.config.threshold_mode) {
            (Mode::Min, ThresholdMode::Rel) => loss < best * (1.0 - threshold),
            (Mode::Min, _) => loss < best - threshold,
            (Mode::Max, ThresholdMode::Rel) => loss > best * (1.0 + threshold),
            (Mode::Max, _) => loss > best + threshold,
        }
    }

    /// Enough bad losses came: the cut if it is large enough, or a reset.
    fn cut(&self, state: &mut GreedyState<N>) -> Observed {
        let GreedyConfig {
            factor,
            min_lr,
            eps,
            ..
        } = self.config;
        let before = state.lr;
        let lower = larger(before * factor, min_lr);
        if before - lower > eps {
            state.lr = lower;
        }
        // Looked at after every cut, made or not.
        if !(state.lr > min_lr) {
            state.resets_left = state.resets_left.saturating_sub(1);
            if state.resets_left == 0 {
                *state = self.start();
                return Observed::Reset;
            }
        }
        Observed::change(before, state.lr).unwrap_or(Observed::Exhausted)
    }

    /// Enough good losses came: the raise, if it is large enough.
    fn raise(&self, state: &mut GreedyState<N>) -> Observed {
        let GreedyConfig {
            factor,
            max_lr,
            eps,
            reset_start,
            ..
        } = self.config;
        let before = state.lr;
        let higher = smaller(before / factor, max_lr);
        state.resets_left = reset_start;
        if higher - before > eps {
            state.lr = higher;
        }
        Observed::change(before, state.lr).unwrap_or(Observed::Improved)
    }
}

parameters! {
    Greedy<50>, "greedy", "times factor when losses get worse, divided by it when they get better";
    learning_rate: f64, "the rate before any change" => |s| s.config.learning_rate;
    mode: Mode = "min", "whether smaller or larger is better" => |s| s.config.mode;
    factor: f64 = 0.95, "what a cut multiplies with and a raise divides by, above 0 and below 1" => |s| s.config.factor;
    patience: u32 = 10, "how many bad, or good, losses in a row are borne" => |s| s.config.patience;
    threshold: f64 = 1e-6, "by how much a loss must be better" => |s| s.config.threshold;
    threshold_mode: ThresholdMode = "abs", "what threshold is measured in: rel or abs" => |s| s.config.threshold_mode;
    cooldown: u32 = 0, "how many losses after a cut are passed over" => |s| s.config.cooldown;
    warmup: u32 = 0, "how many losses after a raise are passed over" => |s| s.config.warmup;
    min_lr: f64 = 1e-3, "no cut goes below this rate" => |s| s.config.min_lr;
    max_lr: f64 = 1.0, "no raise goes above this rate" => |s| s.config.max_lr;
    eps: f64 = 1e-8, "a change smaller than this is not made" => |s| s.config.eps;
    smooth: bool = false, "whether the mean of the last losses is looked at" => |s| s.config.smooth;
    window_size: u32 = 50, "how many losses that mean is taken over, with smooth 1 to 50" => |s| s.config.window_size;
    reset_start: u32 = 500, "how many cuts at the minimum it takes to start all over" => |s| s.config.reset_start;
    => Greedy::new(GreedyConfig {
        learning_rate,
        mode,
        factor,
        patience,
        threshold,
        threshold_mode,
        cooldown,
        warmup,
        min_lr,
        max_lr,
        eps,
        smooth,
        window_size,
        reset_start,
    })
}

impl<const N: usize> Feedback for Greedy<N> {
    type State = GreedyState<N>;

    fn start(&self) -> GreedyState<N> {
        GreedyState {
            lr: self.config.learning_rate,
            best: match self.config.mode {
                Mode::Min => f64::INFINITY,
                Mode::Max => f64::NEG_INFINITY,
            },
            good: 0,
            bad: 0,
            cooldown_left: 0,
            warmup_left: 0,
            resets_left: self.config.reset_start,
            sum: 0.0,
            len: 0,
            window: [0.0; N],
        }
    }

    fn observe(&self, state: &mut GreedyState<N>, _step: u32, loss: f64) -> Observed {
        let loss = self.looked_at(state, loss);
        if state.cooldown_left > 0 || state.warmup_left > 0 {
            // One pause after the other, the cool-down first.
            if state.cooldown_left > 0 {
                state.cooldown_left = state.cooldown_left.saturating_sub(1);
            } else {
                state.warmup_left = state.warmup_left.saturating_sub(1);
            }
            (state.good, state.bad) = (0, 0);
            return Observed::CoolingDown;
        }
        let good = self.is_good(loss, state.best);
        if good {
            state.best = loss;
            (state.good, state.bad) = (state.good.saturating_add(1), 0);
        } else {
            (state.good, state.bad) = (0, state.bad.saturating_add(1));
        }
        if state.good > self.config.patience {
            let observed = self.raise(state);
            (state.warmup_left, state.good) = (self.config.warmup, 0);
            observed
        } else if state.bad > self.config.patience {
            let observed = self.cut(state);
            // After a reset, too.
            (state.cooldown_left, state.bad) = (self.config.cooldown, 0);
            observed
        } else if good {
            Observed::Improved
        } else {
            Observed::Waiting
        }
    }

    #[inline]
    fn rate(&self, state: &GreedyState<N>, _step: u32) -> f64 {
        state.lr
    }
}
