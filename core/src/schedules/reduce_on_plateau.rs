use crate::error::{ConfigError, finite};
use crate::numeric::larger;
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
        /// A share of the best so far, and `atol` in the metric's own unit beside it.
        Both = "both",
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
        /// As tracked, but the observation that ends the cool-down is counted: a cool-down of 1 is none.
        TracksButLast = "tracked_but_last",
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

words! {
    /// Where the margin of `threshold_mode = "abs"` is put. The two differ in the last bit, and at infinity.
    pub enum AbsoluteMargin {
        /// `loss` against `best -+ threshold`
        OnBest = "on_best",
        /// `loss +- threshold` against `best`
        OnLoss = "on_loss",
    }
}

words! {
    /// When patience has run out.
    pub enum PatienceRule {
        /// When more than `patience` bad losses came in a row.
        Greater = "greater",
        /// When `patience` bad losses came in a row, or one if `patience` is 0.
        GreaterEqual = "greater_equal",
        /// When the count of bad losses is `patience`: if that is 0, at every improvement and never else.
        Equal = "equal",
    }
}

words! {
    /// What a cut must be for it to be made.
    pub enum CutGate {
        /// It lowers the rate by more than `epsilon`.
        Epsilon = "epsilon",
        /// The rate before it is above `min_lr`, both rounded to `f32`.
        AboveMin = "above_min",
        /// It lowers the rate.
        Lower = "lower",
    }
}

words! {
    /// What follows when patience has run out, but the cut is not made.
    pub enum BlockedCut {
        /// As after a cut: the count starts again, and a cool-down begins.
        StartsAgain = "starts_again",
        /// Nothing: the count goes on, and the next bad loss tries again.
        GoesOn = "goes_on",
    }
}

words! {
    /// What happens to a rate that was below `min_lr` from the start.
    pub enum BelowMin {
        /// It stays.
        Stays = "stays",
        /// It is raised to `min_lr` at the first observation outside a cool-down.
        Raised = "raised",
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
    /// Where an absolute margin is put.
    pub absolute_margin: AbsoluteMargin,
    /// When patience has run out.
    pub patience_rule: PatienceRule,
    /// What a cut must be for it to be made.
    pub cut_gate: CutGate,
    /// What follows when a cut is not made.
    pub blocked_cut: BlockedCut,
    /// What happens to a rate that was below `min_lr` from the start.
    pub below_min: BelowMin,
}

impl PlateauRules {
    /// The rules of PaddlePaddle's `ReduceOnPlateau`.
    pub const PADDLE: Self = Self {
        first_loss: FirstLoss::Accepted,
        cooldown: Cooldown::Ignores,
        relative_margin: RelativeMargin::Difference,
        absolute_margin: AbsoluteMargin::OnBest,
        patience_rule: PatienceRule::Greater,
        cut_gate: CutGate::Epsilon,
        blocked_cut: BlockedCut::StartsAgain,
        below_min: BelowMin::Stays,
    };

    /// The rules of PyTorch's `ReduceLROnPlateau`, which timm's `PlateauLRScheduler` uses.
    pub const TORCH: Self = Self {
        first_loss: FirstLoss::BeatsInfinity,
        cooldown: Cooldown::Tracks,
        relative_margin: RelativeMargin::Product,
        ..Self::PADDLE
    };

    /// The rules of Keras' `ReduceLROnPlateau`, with `threshold_mode = "abs"`.
    pub const KERAS: Self = Self {
        first_loss: FirstLoss::Accepted,
        cooldown: Cooldown::TracksButLast,
        absolute_margin: AbsoluteMargin::OnLoss,
        patience_rule: PatienceRule::GreaterEqual,
        cut_gate: CutGate::AboveMin,
        blocked_cut: BlockedCut::GoesOn,
        ..Self::TORCH
    };

    /// The rules of Optax' `contrib.reduce_on_plateau`, with `threshold_mode = "both"`.
    pub const OPTAX: Self = Self {
        patience_rule: PatienceRule::Equal,
        cut_gate: CutGate::Lower,
        below_min: BelowMin::Raised,
        ..Self::TORCH
    };
}

words! {
    /// Whose rules hold.
    pub enum Family {
        /// [`PlateauRules::PADDLE`].
        Paddle = "paddle",
        /// [`PlateauRules::TORCH`].
        Torch = "torch",
        /// [`PlateauRules::KERAS`].
        Keras = "keras",
        /// [`PlateauRules::OPTAX`].
        Optax = "optax",
    }
}

impl Family {
    /// Its switches.
    #[must_use]
    pub const fn rules(self) -> PlateauRules {
        match self {
            Self::Paddle => PlateauRules::PADDLE,
            Self::Torch => PlateauRules::TORCH,
            Self::Keras => PlateauRules::KERAS,
            Self::Optax => PlateauRules::OPTAX,
        }
    }
}

impl PlateauRules {
    /// The family that these rules differ from in the fewest switches.
    #[must_use]
    pub fn family(&self) -> Family {
        let mut nearest = (Family::Paddle, usize::MAX);
        for &family in Family::VARIANTS {
            let differing = self.differing(family);
            if differing < nearest.1 {
                nearest = (family, differing);
            }
        }
        nearest.0
    }

    fn differing(&self, family: Family) -> usize {
        let rules = family.rules();
        [
            self.first_loss != rules.first_loss,
            self.cooldown != rules.cooldown,
            self.relative_margin != rules.relative_margin,
            self.absolute_margin != rules.absolute_margin,
            self.patience_rule != rules.patience_rule,
            self.cut_gate != rules.cut_gate,
            self.blocked_cut != rules.blocked_cut,
            self.below_min != rules.below_min,
        ]
        .into_iter()
        .filter(|&differs| differs)
        .count()
    }

    /// A switch of these rules, if it differs from the one of their family.
    fn own<T: PartialEq>(&self, switch: impl Fn(&Self) -> T) -> Option<T> {
        let own = switch(self);
        (own != switch(&self.family().rules())).then_some(own)
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
    /// By how much more, in the metric's own unit, where `threshold_mode` is [`ThresholdMode::Both`]; else 0.
    pub atol: f64,
    /// What `threshold` is measured in.
    pub threshold_mode: ThresholdMode,
    /// How many losses after a cut are not counted as bad.
    pub cooldown: u32,
    /// No cut goes below this rate.
    pub min_lr: f64,
    /// A cut that would change the rate by no more than this is not made; see [`CutGate`].
    pub epsilon: f64,
    /// How many losses are taken together, at least 1: their mean is what is looked at.
    pub accumulation: u32,
    /// Whose rules hold where the frameworks disagree.
    pub rules: PlateauRules,
}

impl PlateauConfig {
    /// PaddlePaddle's defaults: `min`, factor 0.1, patience 10, relative threshold 1e-4, no cool-down, `min_lr` 0,
    /// `epsilon` 1e-8, every loss looked at by itself.
    #[must_use]
    pub const fn new(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            mode: Mode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            atol: 0.0,
            cooldown: 0,
            min_lr: 0.0,
            epsilon: 1e-8,
            accumulation: 1,
            rules: PlateauRules::PADDLE,
        }
    }
}

/// Cuts the rate when a loss has stopped improving.
///
/// Before any loss the rate is `learning_rate`. A loss is *better* when it is strictly below `best - margin` (mode `min`)
/// or above `best + margin` (mode `max`), with `margin = threshold * best` (`rel`), `threshold` (`abs`) or
/// `threshold * best + atol` (`both`). Then, at each observation outside a cool-down:
///
/// * better: it is the new best, and the count of bad losses starts again
/// * else it is bad. When more than `patience` bad ones came in a row, the count starts again, a cool-down of
///   `cooldown` observations begins, and the rate becomes `max(lr * factor, min_lr)`, if that is lower by more than `epsilon`
///
/// With an `accumulation` above 1 the mean of so many losses is what is looked at, once for all of them.
///
/// These are the rules of PaddlePaddle. Where the frameworks disagree, [`PlateauRules`] says which holds:
///
/// | switch | `paddle` | `torch` | `keras` | `optax` |
/// |---|---|---|---|---|
/// | `first_loss` | `accepted` | `beats_infinity` | `accepted` | `beats_infinity` |
/// | `cooldown_losses` | `ignored` | `tracked` | `tracked_but_last` | `tracked` |
/// | `relative_margin` | `difference` | `product` | `product` | `product` |
/// | `absolute_margin` | `on_best` | `on_best` | `on_loss` | `on_best` |
/// | `patience_rule` | `greater` | `greater` | `greater_equal` | `equal` |
/// | `cut_gate` | `epsilon` | `epsilon` | `above_min` | `lower` |
/// | `blocked_cut` | `starts_again` | `starts_again` | `goes_on` | `starts_again` |
/// | `below_min` | `stays` | `stays` | `stays` | `raised` |
///
/// # Accuracy
/// Decisions equal the frameworks' exactly (`golden` in the test suite). The rate is kept in `f64` as they keep it, one
/// rounding a cut, and rounded to `f32` when asked for: after `n` cuts at most `0.5 + n * 2^-28` ULP from the exact value.
/// (Keras and Optax keep it in a variable that is usually `f32`, and may then be further off.)
///
/// # Errors
/// [`ReduceOnPlateau::new`] refuses NaN and infinities, a `factor` below 0 or not below 1, an `atol` where `threshold_mode` does
/// not use it, and an `accumulation` of 0.
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
/// # Pitfalls
/// * With a negative best a relative margin has the wrong sign in all frameworks, and here: a constant -1 "improves" for ever
///   (pytorch 47513 and 38622, optax PR 1767). Use `threshold_mode = "abs"` where a metric can be negative.
/// * NaN is never better. Under `first_loss = "accepted"` a first NaN (and under `relative_margin = "difference"` a first
///   infinity) stays the best for ever, so that the rate is cut for ever.
/// * No two frameworks count alike: with a patience of 2 and a constant metric, `paddle` and `torch` cut first at the fourth metric,
///   `keras` and `optax` at the third. A `keras` cool-down of 1 is none; an `optax` patience of 0 cuts at every improvement, and at nothing
///   else.
/// * A change of less than `epsilon` is not made, so that rates below it are never cut (pytorch 11305 asks why).
///
/// # Source
/// `ReduceOnPlateau` of PaddlePaddle, `ReduceLROnPlateau` of PyTorch and Keras, `contrib.reduce_on_plateau` of Optax,
/// `PlateauLRScheduler` of timm.
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
    /// The mean of the losses taken together so far, and how many they are; both 0 when none is.
    pub(crate) mean: f64,
    pub(crate) collected: u32,
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

    /// How many losses were taken together and not looked at yet.
    #[must_use]
    pub const fn collected(&self) -> u32 {
        self.collected
    }
}

impl ReduceOnPlateau {
    /// A rate that starts at `learning_rate` and is cut when the loss stops improving.
    ///
    /// # Errors
    /// A number that is NaN or infinite, a `factor` outside 0 to 1 (1 excluded), an `atol` other than 0 without
    /// [`ThresholdMode::Both`], or an `accumulation` of 0.
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
        if finite("atol", config.atol)? != 0.0 && config.threshold_mode != ThresholdMode::Both {
            return Err(ConfigError::Conflict {
                field: "atol",
                with: "needs threshold_mode = \"both\": set that, or drop atol",
            });
        }
        if config.accumulation == 0 {
            return Err(ConfigError::OutOfRange {
                field: "accumulation",
                value: 0.0,
                expected: "at least 1",
            });
        }
        Ok(Self { config })
    }

    /// The parameters this schedule was made from.
    #[must_use]
    pub const fn config(&self) -> &PlateauConfig {
        &self.config
    }

    /// The loss to look at: itself, or the mean once enough of them came together.
    fn looked_at(&self, state: &mut PlateauState, loss: f64) -> Option<f64> {
        if self.config.accumulation == 1 {
            return Some(loss);
        }
        // The mean goes on step by step, as Optax forms it: a sum divided at the end would differ in its last bits.
        let collected = state.collected.saturating_add(1);
        let mean = (f64::from(state.collected) * state.mean + loss) / f64::from(collected);
        if collected >= self.config.accumulation {
            (state.mean, state.collected) = (0.0, 0);
            Some(mean)
        } else {
            (state.mean, state.collected) = (mean, collected);
            None
        }
    }

    fn is_better(&self, loss: f64, best: Option<f64>) -> bool {
        let PlateauConfig {
            mode,
            threshold,
            threshold_mode,
            atol,
            rules,
            ..
        } = self.config;
        let best = match (best, rules.first_loss, mode) {
            (Some(best), _, _) => best,
            (None, FirstLoss::Accepted, _) => return true,
            (None, FirstLoss::BeatsInfinity, Mode::Min) => f64::INFINITY,
            (None, FirstLoss::BeatsInfinity, Mode::Max) => f64::NEG_INFINITY,
        };
        // Upwards or downwards by the margin: adding the negative is subtracting, to the bit.
        let up = match mode {
            Mode::Min => -1.0,
            Mode::Max => 1.0,
        };
        let relative = match rules.relative_margin {
            RelativeMargin::Difference => best + up * (best * threshold),
            RelativeMargin::Product => best * (1.0 + up * threshold),
        };
        let (loss, limit) = match (threshold_mode, rules.absolute_margin) {
            (ThresholdMode::Rel, _) => (loss, relative),
            (ThresholdMode::Abs, AbsoluteMargin::OnBest) => (loss, best + up * threshold),
            (ThresholdMode::Abs, AbsoluteMargin::OnLoss) => (loss - up * threshold, best),
            (ThresholdMode::Both, AbsoluteMargin::OnBest) => (loss, relative + up * atol),
            (ThresholdMode::Both, AbsoluteMargin::OnLoss) => (loss - up * atol, relative),
        };
        match mode {
            Mode::Min => loss < limit,
            Mode::Max => loss > limit,
        }
    }

    /// Patience has run out: the cut, if it is one to be made.
    fn cut(&self, state: &mut PlateauState) -> Observed {
        let PlateauConfig {
            factor,
            cooldown,
            min_lr,
            epsilon,
            rules,
            ..
        } = self.config;
        let lower = larger(state.lr * factor, min_lr);
        let made = match rules.cut_gate {
            CutGate::Epsilon => state.lr - lower > epsilon,
            CutGate::AboveMin => state.lr as f32 > min_lr as f32,
            CutGate::Lower => lower < state.lr,
        };
        if made || rules.blocked_cut == BlockedCut::StartsAgain {
            state.bad = 0;
            state.cooldown_left = cooldown;
        }
        let before = state.lr;
        if made {
            state.lr = lower;
        }
        // What is made need not change the rate.
        Observed::change(before, state.lr).unwrap_or(Observed::Exhausted)
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
    atol: f64 = 0.0, "by how much more, where threshold_mode is both" => |s| s.config.atol;
    cooldown: u32 = 0, "how many losses after a cut are not counted" => |s| s.config.cooldown;
    min_lr: f64 = 0.0, "no cut goes below this rate" => |s| s.config.min_lr;
    epsilon: f64 = 1e-8, "a cut smaller than this is not made, where cut_gate is epsilon" => |s| s.config.epsilon;
    accumulation: u32 = 1, "how many losses are averaged before they count, at least 1" => |s| s.config.accumulation;
    rules: Family = "paddle", "whose rules hold where they differ" => |s| s.config.rules.family();
    first_loss: Option<FirstLoss>, "what the first loss has to beat, instead of what rules says" => |s| s.config.rules.own(|r| r.first_loss);
    cooldown_losses: Option<Cooldown>, "what becomes of the losses of a cool-down, instead of what rules says" => |s| s.config.rules.own(|r| r.cooldown);
    relative_margin: Option<RelativeMargin>, "how a relative margin is formed, instead of what rules says" => |s| s.config.rules.own(|r| r.relative_margin);
    absolute_margin: Option<AbsoluteMargin>, "where an absolute margin is put, instead of what rules says" => |s| s.config.rules.own(|r| r.absolute_margin);
    patience_rule: Option<PatienceRule>, "how many bad losses cut, against patience, instead of what rules says" => |s| s.config.rules.own(|r| r.patience_rule);
    cut_gate: Option<CutGate>, "what a cut must be to be made, instead of what rules says" => |s| s.config.rules.own(|r| r.cut_gate);
    blocked_cut: Option<BlockedCut>, "what follows when a cut is not made, instead of what rules says" => |s| s.config.rules.own(|r| r.blocked_cut);
    below_min: Option<BelowMin>, "what happens to a rate below min_lr, instead of what rules says" => |s| s.config.rules.own(|r| r.below_min);
    => {
        let preset = rules.rules();
        ReduceOnPlateau::new(PlateauConfig {
            learning_rate,
            mode,
            factor,
            patience,
            threshold,
            threshold_mode,
            atol,
            cooldown,
            min_lr,
            epsilon,
            accumulation,
            rules: PlateauRules {
                first_loss: first_loss.unwrap_or(preset.first_loss),
                cooldown: cooldown_losses.unwrap_or(preset.cooldown),
                relative_margin: relative_margin.unwrap_or(preset.relative_margin),
                absolute_margin: absolute_margin.unwrap_or(preset.absolute_margin),
                patience_rule: patience_rule.unwrap_or(preset.patience_rule),
                cut_gate: cut_gate.unwrap_or(preset.cut_gate),
                blocked_cut: blocked_cut.unwrap_or(preset.blocked_cut),
                below_min: below_min.unwrap_or(preset.below_min),
            },
        })
    }
}

impl Feedback for ReduceOnPlateau {
    type State = PlateauState;

    fn start(&self) -> PlateauState {
        PlateauState {
            lr: self.config.learning_rate,
            best: None,
            bad: 0,
            cooldown_left: 0,
            mean: 0.0,
            collected: 0,
        }
    }

    fn observe(&self, state: &mut PlateauState, _step: u32, loss: f64) -> Observed {
        let Some(loss) = self.looked_at(state, loss) else {
            return Observed::Collected;
        };
        let PlateauConfig {
            patience,
            min_lr,
            rules,
            ..
        } = self.config;
        let mut cooling = state.cooldown_left > 0;
        if cooling {
            state.cooldown_left = state.cooldown_left.saturating_sub(1);
            state.bad = 0;
            match rules.cooldown {
                Cooldown::Ignores => return Observed::CoolingDown,
                Cooldown::Tracks => {}
                Cooldown::TracksButLast => cooling = state.cooldown_left > 0,
            }
        }
        let improved = self.is_better(loss, state.best);
        if improved {
            state.best = Some(loss);
            state.bad = 0;
        } else if !cooling {
            state.bad = state.bad.saturating_add(1);
        }
        let exhausted = !cooling
            && match rules.patience_rule {
                PatienceRule::Greater => state.bad > patience,
                PatienceRule::GreaterEqual => !improved && state.bad >= patience,
                PatienceRule::Equal => state.bad == patience,
            };
        let observed = if exhausted {
            self.cut(state)
        } else if improved {
            Observed::Improved
        } else if cooling {
            Observed::CoolingDown
        } else {
            Observed::Waiting
        };
        if !cooling && rules.below_min == BelowMin::Raised && state.lr < min_lr {
            state.lr = min_lr;
            return Observed::Raised;
        }
        observed
    }

    #[inline]
    fn rate(&self, state: &PlateauState, _step: u32) -> f64 {
        state.lr
    }
}
