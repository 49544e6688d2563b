use crate::course::{Bend, Course};
use crate::error::{ConfigError, finite, nonzero};
use crate::numeric::blend_neighbours;
use crate::parameters::{parameters, words};
use crate::schedule::{Profile, Profiled};
use crate::shape::{Interpolation, Way};

words! {
    /// Where the phases of a [`OneCycle`] end.
    pub enum Edges {
        /// At `pct * total_steps - 1`, whole or not; the last at `total_steps - 1`.
        LastStep = "last_step",
        /// At `floor(pct * total_steps)`; the last at `total_steps`.
        Floored = "floored",
    }
}

/// Rises from `start_lr` to `learning_rate` and falls to `end_lr`, each on half a wave of a cosine or in a straight line.
///
/// With `N = total_steps` there are two phases, or three where `pct_final` is given. A phase from edge `a` to edge `b` goes from
/// one rate to the next over `(t - a) / (b - a)`:
///
/// * two: `start_lr` to `learning_rate` from 0 to `E1`, then to `end_lr` up to `E`
/// * three: `start_lr` to `learning_rate` from 0 to `E1`, back to `start_lr` up to `E2`, then to `end_lr` up to `E`
/// * `t > E`: `lr(t) = end_lr`
/// * `edges = "last_step"`: `E1 = pct_start * N - 1`, `E2 = pct_final * N - 1`, `E = N - 1`, whole or not
/// * `edges = "floored"`: `E1 = floor(pct_start * N)`, `E2 = floor(pct_final * N)`, `E = N`
///
/// `E1` and `E2` are numbers of `f64`, each operation rounded, as a Python framework has them. An edge at 0 or below ends its
/// phase before the first step; the next phase is measured from that edge all the same.
///
/// # Accuracy
/// At most 0.501 ULP from the exact value at every step (`reference` in the test suite measured 0.5000 over 8,000 random configurations and steps), where the two rates of a phase do not
/// have opposite signs; where they have, the same plus `16 * 2^-53` of the larger of the two.
///
/// # Errors
/// [`OneCycle::new`] and its refinements refuse NaN, infinities, `total_steps` of 0, a `pct_start` that is not from 0 to 1, and
/// a `pct_final` whose edge is not finite, or comes after step 0 and before the first edge.
///
/// # Examples
/// ```
/// use hairpin_core::{OneCycle, Schedule};
///
/// let schedule = OneCycle::new(1.0, 0.04, 0.0, 21)?.pct_start(0.5)?;
/// assert_eq!([schedule.lr(0), schedule.lr(20), schedule.lr(21)], [0.04, 0.0, 0.0]);
/// assert!(schedule.lr(9) > 0.99 && schedule.lr(10) > 0.99);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * In PyTorch and PaddlePaddle the step after the last one is allowed and bounces: the cosine goes back up, the line goes below
///   0 (-0.0014 for a peak of 0.1), and the step after that raises. Here `end_lr` is held.
/// * Their `pct_start * total_steps = 1` and `pct_start = 1` divide by zero; below 1 the first phase is silently skipped
///   (pytorch 91765, 38170, 32898; optax 1403 on short runs). Here every length has a rate.
/// * The last rate: PyTorch's is `max_lr / div_factor / final_div_factor`, Paddle's is absolute, Optax' cosine ends at
///   `peak / (div_factor * final_div_factor)`; its linear form too, although its page says otherwise (optax PR 1781).
/// * The first rate is not the optimizer's: `max_lr / div_factor` replaces it.
///
/// # Source
/// `OneCycleLR` of PyTorch and PaddlePaddle (`last_step`; with three phases `pct_final = (2 * pct_start * N - 1) / N`),
/// `cosine_onecycle_schedule` (two phases) and `linear_onecycle_schedule` (three) of Optax (`floored`); Smith and Topin,
/// "Super-Convergence", 2018.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    learning_rate: f64,
    start_lr: f64,
    end_lr: f64,
    total_steps: u32,
    pct_start: f64,
    pct_final: Option<f64>,
    shape: Interpolation,
    edges: Edges,
}

impl OneCycle {
    /// A cycle of two phases on cosines: up to `learning_rate` in 30 % of the steps, down to `end_lr` in the others.
    ///
    /// # Errors
    /// A rate that is NaN or infinite, or `total_steps` of 0.
    pub fn new(
        learning_rate: f64,
        start_lr: f64,
        end_lr: f64,
        total_steps: u32,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            learning_rate: finite("learning_rate", learning_rate)?,
            start_lr: finite("start_lr", start_lr)?,
            end_lr: finite("end_lr", end_lr)?,
            total_steps: nonzero("total_steps", total_steps)?,
            pct_start: 0.3,
            pct_final: None,
            shape: Interpolation::Cosine,
            edges: Edges::LastStep,
        })
    }

    /// The same with the peak at another share of the steps.
    ///
    /// # Errors
    /// A `pct_start` that is not from 0 to 1, or one whose edge comes after that of a `pct_final` beyond step 0.
    pub fn pct_start(self, pct_start: f64) -> Result<Self, ConfigError> {
        if !(0.0..=1.0).contains(&finite("pct_start", pct_start)?) {
            return Err(ConfigError::OutOfRange {
                field: "pct_start",
                value: pct_start,
                expected: "from 0 to 1, a share of total_steps",
            });
        }
        Self { pct_start, ..self }.in_order()
    }

    /// The same with a third phase from this share of the steps on.
    ///
    /// A share whose edge is at step 0 or before it, negative ones too, leaves the way back to `start_lr` no step and may be below
    /// `pct_start`.
    ///
    /// # Errors
    /// A `pct_final` that is NaN or infinite or has an infinite edge, or one whose edge comes after step 0 and before that of
    /// `pct_start`.
    pub fn pct_final(self, pct_final: f64) -> Result<Self, ConfigError> {
        finite("pct_final", pct_final)?;
        Self {
            pct_final: Some(pct_final),
            ..self
        }
        .in_order()
    }

    /// The same on another curve.
    #[must_use]
    pub const fn shape(self, shape: Interpolation) -> Self {
        Self { shape, ..self }
    }

    /// The same with phases that end by another rule.
    ///
    /// # Errors
    /// Phases out of order by that rule; see [`OneCycle::pct_final`].
    pub fn edges(self, edges: Edges) -> Result<Self, ConfigError> {
        Self { edges, ..self }.in_order()
    }

    fn in_order(self) -> Result<Self, ConfigError> {
        if let Some(pct_final) = self.pct_final {
            let second = self.edge(pct_final);
            // A phase of infinite length has no shares.
            if !second.is_finite() {
                return Err(ConfigError::OutOfRange {
                    field: "pct_final",
                    value: pct_final,
                    expected: "small enough for pct_final * total_steps to be finite",
                });
            }
            if second > 0.0 && second < self.edge(self.pct_start) {
                return Err(ConfigError::OutOfRange {
                    field: "pct_final",
                    value: pct_final,
                    expected: "at least pct_start",
                });
            }
        }
        Ok(self)
    }

    /// Where the phase up to this share of the steps ends.
    #[inline]
    fn edge(&self, share: f64) -> f64 {
        let reached = share * f64::from(self.total_steps);
        match self.edges {
            Edges::LastStep => reached - 1.0,
            Edges::Floored => libm::floor(reached),
        }
    }

    #[inline]
    fn last(&self) -> u32 {
        match self.edges {
            Edges::LastStep => self.total_steps.saturating_sub(1),
            Edges::Floored => self.total_steps,
        }
    }
}

parameters! {
    OneCycle, "one_cycle", "start_lr to learning_rate at pct_start, then to end_lr, by way of start_lr at pct_final if given";
    learning_rate: f64, "the highest rate" => |s| s.learning_rate;
    start_lr: f64, "the rate at step 0" => |s| s.start_lr;
    end_lr: f64, "the rate at the end and after it" => |s| s.end_lr;
    total_steps: u32, "how many steps the cycle takes, at least 1" => |s| s.total_steps;
    pct_start: f64 = 0.3, "the share of the steps after which the rate is highest, from 0 to 1" => |s| s.pct_start;
    pct_final: Option<f64>, "the share of the steps after which it is back at start_lr, at least pct_start unless that is at step 0 or before; without it there are two phases" => |s| s.pct_final;
    shape: Interpolation = "cosine", "the curve of each phase" => |s| s.shape;
    edges: Edges = "last_step", "where a phase ends: at pct * total_steps - 1, or at floor(pct * total_steps)" => |s| s.edges;
    => {
        let cycle = OneCycle::new(learning_rate, start_lr, end_lr, total_steps)?
            .pct_start(pct_start)?
            .shape(shape)
            .edges(edges)?;
        match pct_final {
            Some(pct_final) => cycle.pct_final(pct_final),
            None => Ok(cycle),
        }
    }
}

/// Which of the rates a phase leads to.
#[derive(Clone, Copy)]
enum Leg {
    /// From `start_lr` to `learning_rate`.
    Up,
    /// From `learning_rate` to `end_lr`.
    Down,
    /// From `learning_rate` to `start_lr`.
    Back,
    /// From `start_lr` to `end_lr`.
    Out,
}

/// A phase, and the steps, whole or not, between which it lies.
#[derive(Clone, Copy)]
struct Phase {
    leg: Leg,
    begin: f64,
    end: f64,
}

impl OneCycle {
    /// The rates at both ends of a phase.
    const fn ends(&self, leg: Leg) -> [f64; 2] {
        match leg {
            Leg::Up => [self.start_lr, self.learning_rate],
            Leg::Down => [self.learning_rate, self.end_lr],
            Leg::Back => [self.learning_rate, self.start_lr],
            Leg::Out => [self.start_lr, self.end_lr],
        }
    }

    /// The phase that `step` is in; none after the last.
    #[inline]
    fn phase(&self, step: u32) -> Option<Phase> {
        if step > self.last() {
            return None;
        }
        let (t, last) = (f64::from(step), f64::from(self.last()));
        let phase = |leg, begin, end| Some(Phase { leg, begin, end });
        let first = self.edge(self.pct_start);
        if first > 0.0 && t <= first {
            return phase(Leg::Up, 0.0, first);
        }
        let Some(pct_final) = self.pct_final else {
            return phase(Leg::Down, first, last);
        };
        let second = self.edge(pct_final);
        if second > 0.0 && t <= second {
            return phase(Leg::Back, first, second);
        }
        phase(Leg::Out, second, last)
    }
}

impl Profiled for OneCycle {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let Some(phase) = self.phase(step) else {
            return [0.0, 0.0, 1.0];
        };
        let t = f64::from(step);
        // A last phase without length has only its end.
        let [from, to, _] = if phase.begin < phase.end {
            self.shape
                .weights(Way::parts(phase.end - t, t - phase.begin))
        } else {
            [0.0, 1.0, 0.0]
        };
        match phase.leg {
            Leg::Up => [from, to, 0.0],
            Leg::Down => [0.0, from, to],
            Leg::Back => [to, from, 0.0],
            Leg::Out => [from, 0.0, to],
        }
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        blend_neighbours([self.start_lr, self.learning_rate, self.end_lr], profile)
    }

    fn course(&self, step: u32) -> Course {
        match self.phase(step) {
            Some(phase) => {
                let (left, span) = (phase.end - f64::from(step), phase.end - phase.begin);
                let ends = self.ends(phase.leg);
                // A phase without length is one step. Between other ends that are alike it is not flat: the weights are rounded and need not add up to 1.
                let bend = if span <= 0.0 || ends.map(f64::to_bits) == [0; 2] {
                    Bend::Flat
                } else {
                    self.shape.bend(ends, left, span)
                };
                // A phase may be to end after the cycle, which cuts it short.
                let end = phase.end.min(f64::from(self.last()));
                Course::curve(bend, (end as u32).max(step))
            }
            None => Course::FOREVER,
        }
    }

    fn taylor(&self, first: u32, _last: u32, order: u32) -> f64 {
        let Some(phase) = self.phase(first) else {
            return f64::INFINITY;
        };
        let [from, to] = self.ends(phase.leg);
        (libm::fabs(from) + libm::fabs(to)) * self.shape.taylor(phase.end - phase.begin, order)
    }

    fn shares_profile(&self, other: &Self) -> bool {
        self.total_steps == other.total_steps
            && self.pct_start == other.pct_start
            && self.pct_final == other.pct_final
            && self.shape == other.shape
            && self.edges == other.edges
    }
}
