//! Schedules chosen and composed at run time, around a [program](crate::program).

use crate::error::ConfigError;
use crate::kinds::{FeedbackKind, FeedbackState, Kind};
use crate::program::{
    Body, Change, Combine, Cycle, Node, Program, Span, Value, cycle, evaluate, span,
};
use crate::schedule::{Feedback, Observed, Schedule};
use crate::schedules::line;

/// How many nodes a composed schedule has at most, unless its type says otherwise. A kind is one node, and what joins or changes
/// others is one more.
pub const NODES: usize = 12;

/// A part of a sequence: a schedule, when it begins, and what its clock reads then.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a, S> {
    /// The step at which it begins: 0 for the first, later and later for the others.
    pub from: u32,
    /// What its own clock reads at that step: 0 to start afresh, `from` to have counted all along.
    pub clock: u32,
    /// The schedule.
    pub schedule: &'a S,
}

/// Any schedule that needs nothing but the step, composed of up to `N` pieces: a kind, or kinds in sequence, combined or changed.
///
/// * a **sequence**: part `i` from step `from_i` on, at `t - from_i + clock_i` by its own clock
/// * **product**, **sum**, **average** of the rates of several schedules
/// * **scaled** by a number (a layer's or group's multiple), **clamped**, **repeated** with a period, **noisy**
///
/// Rates are combined in `f64` and rounded to `f32` once, at the end. A composition is NaN only where a factor of the user's is,
/// or where a sum meets infinities of opposite signs.
///
/// # Examples
/// ```
/// use hairpin_core::{Composed, CosineAnnealing, Schedule};
///
/// let cosine = Composed::<4>::from(CosineAnnealing::new(0.1, 0.0, 90)?);
/// let schedule = cosine.after_warmup(10, 0.0, 0.1)?;
/// assert_eq!([schedule.lr(0), schedule.lr(10), schedule.lr(100)], [0.0, 0.1, 0.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub struct Composed<const N: usize> {
    pub(crate) program: Program<N>,
}

/// A feedback schedule, by itself or inside a composition of up to `N` pieces.
///
/// It observes losses only while the composition asks for its rate: a warm-up in front hides its losses.
///
/// # Examples
/// ```
/// use hairpin_core::{ComposedFeedback, Feedback, Observed, PlateauConfig, ReduceOnPlateau};
///
/// let plateau = ReduceOnPlateau::new(PlateauConfig { factor: 0.5, patience: 0, ..PlateauConfig::new(0.1) })?;
/// let schedule = ComposedFeedback::<3>::from(plateau).after_warmup(10, 0.0, 0.1)?;
/// let mut state = schedule.start();
/// assert_eq!(schedule.observe(&mut state, 5, 1.0), Observed::Ignored);
/// assert_eq!([schedule.lr(&state, 5), schedule.lr(&state, 10)], [0.05, 0.1]);
/// assert_eq!(schedule.observe(&mut state, 10, 1.0), Observed::Improved);
/// assert_eq!(schedule.observe(&mut state, 11, 1.0), Observed::Reduced);
/// assert_eq!(schedule.lr(&state, 12), 0.05);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub struct ComposedFeedback<const N: usize> {
    pub(crate) program: Program<N>,
    pub(crate) feedback: FeedbackKind,
}

/// A [`Composed`] schedule of the usual capacity.
pub type AnySchedule = Composed<NODES>;

/// A [`ComposedFeedback`] schedule of the usual capacity.
pub type AnyFeedback = ComposedFeedback<NODES>;

/// A [`ComposedPlan`] of the usual capacity.
pub type Plan = ComposedPlan<NODES>;

/// What all compositions can be changed by.
macro_rules! changes {
    ($($type:ident),+) => {$(
        impl<const N: usize> $type<N> {
            /// The same behind a straight warm-up; see [`LinearWarmup`](crate::LinearWarmup).
            ///
            /// # Errors
            /// A rate that is NaN or infinite, `warmup_steps` of 0, or more than `N` pieces.
            pub fn after_warmup(
                mut self,
                warmup_steps: u32,
                start_lr: f64,
                end_lr: f64,
            ) -> Result<Self, ConfigError> {
                self.program_mut().put_after_warmup(warmup_steps, start_lr, end_lr)?;
                Ok(self)
            }

            /// The same with its rate changed.
            ///
            /// # Errors
            /// A factor that is NaN or infinite, limits out of order, more than `N` pieces, or more than 6 combinations in one another.
            pub fn changed(mut self, change: Change) -> Result<Self, ConfigError> {
                self.program_mut().change(change)?;
                Ok(self)
            }

            /// The same with a clock that runs from 0 to `period - 1`, again and again.
            ///
            /// # Errors
            /// A `period` of 0, or more than `N` pieces.
            pub fn repeated(mut self, period: u32) -> Result<Self, ConfigError> {
                self.program_mut().repeat(period)?;
                Ok(self)
            }
        }
    )+};
}

changes!(Composed, ComposedFeedback, ComposedPlan);

impl<const N: usize> Program<N> {
    fn put_after_warmup(
        &mut self,
        warmup_steps: u32,
        start_lr: f64,
        end_lr: f64,
    ) -> Result<(), ConfigError> {
        let line = Node {
            from: 0,
            clock: 0,
            len: 1,
            body: Body::Kind(line(warmup_steps, start_lr, end_lr)?.into()),
        };
        let parts = [
            (0, 0, core::slice::from_ref(&line)),
            (warmup_steps, 0, self.nodes()),
        ];
        *self = Self::sequence(parts.into_iter())?;
        Ok(())
    }
}

impl<const N: usize> Composed<N> {
    const fn program_mut(&mut self) -> &mut Program<N> {
        &mut self.program
    }

    /// Schedules that follow one another.
    ///
    /// # Errors
    /// No part, a first part that does not begin at 0, later ones that do not begin later, or more than `N` pieces.
    pub fn sequence(parts: &[Part<'_, Self>]) -> Result<Self, ConfigError> {
        let parts = parts
            .iter()
            .map(|part| (part.from, part.clock, part.schedule.program.nodes()));
        Program::sequence(parts).map(|program| Self { program })
    }

    /// Schedules whose rates become one.
    ///
    /// # Errors
    /// No part, more than `N` pieces, or more than 6 combinations in one another.
    pub fn combined(combine: Combine, parts: &[&Self]) -> Result<Self, ConfigError> {
        let parts = parts.iter().map(|part| part.program.nodes());
        Program::combined(combine, parts).map(|program| Self { program })
    }

    /// The rate at `step`, before it is rounded.
    #[inline]
    #[must_use]
    pub fn value(&self, step: u32) -> f64 {
        self.combine(step, |kind, clock| kind.value(clock))
            .unwrap_or(f64::NAN)
    }

    /// The rate from `step` on in values of the caller's: those of each kind that is in force, at its own clock, joined and changed.
    ///
    /// There always is one, as far as the constructors can see to it.
    #[inline]
    pub fn combine<V: Value>(
        &self,
        step: u32,
        mut value: impl FnMut(&Kind, u32) -> V,
    ) -> Option<V> {
        evaluate(self.program.nodes(), step, |kind, clock| {
            kind.map(|kind| value(kind, clock))
        })
    }

    /// Which kind decides the rates from `step` on, and for how long.
    #[must_use]
    pub fn span(&self, step: u32) -> Span<'_> {
        span(self.program.nodes(), step)
    }

    /// Whether the rates from `step` on come again and again, after how many steps, and for how long.
    #[must_use]
    pub fn cycle(&self, step: u32) -> Option<Cycle> {
        cycle(self.program.nodes(), step)
    }

    /// Whether `other` is composed alike, with kinds that have the same profiles at every step.
    #[must_use]
    pub fn shares_profile(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.program.nodes(), other.program.nodes());
        ours.len() == theirs.len()
            && ours.iter().zip(theirs).all(|(a, b)| {
                (a.from, a.clock, a.len) == (b.from, b.clock, b.len)
                    && match (&a.body, &b.body) {
                        (Body::Kind(a), Body::Kind(b)) => a.shares_profile(b),
                        (Body::Sequence, Body::Sequence) => true,
                        (Body::Combined(a), Body::Combined(b)) => a == b,
                        (Body::Changed(a), Body::Changed(b)) => a == b,
                        (Body::Repeat(a), Body::Repeat(b)) => a == b,
                        _ => false,
                    }
            })
    }

    /// How many pieces it is composed of.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.program.nodes().len()
    }
}

impl<const N: usize> From<Kind> for Composed<N> {
    fn from(kind: Kind) -> Self {
        Self {
            program: Program::leaf(Body::Kind(kind)),
        }
    }
}

impl<const N: usize> Schedule for Composed<N> {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.value(step) as f32
    }
}

impl<const N: usize> From<FeedbackKind> for ComposedFeedback<N> {
    fn from(feedback: FeedbackKind) -> Self {
        Self {
            program: Program::leaf(Body::Feedback),
            feedback,
        }
    }
}

impl<const N: usize> ComposedFeedback<N> {
    const fn program_mut(&mut self) -> &mut Program<N> {
        &mut self.program
    }

    /// The feedback schedule inside.
    #[must_use]
    pub const fn kind(&self) -> &FeedbackKind {
        &self.feedback
    }

    /// How many pieces it is composed of.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.program.nodes().len()
    }
}

impl<const N: usize> Feedback for ComposedFeedback<N> {
    type State = FeedbackState;

    fn start(&self) -> FeedbackState {
        self.feedback.start()
    }

    fn observe(&self, state: &mut FeedbackState, step: u32, loss: f64) -> Observed {
        let mut asked = None;
        // The rates do not matter, only which clock the feedback schedule is asked at.
        let _ = evaluate(self.program.nodes(), step, |kind, clock| {
            if kind.is_none() {
                asked = Some(clock);
            }
            Some(0.0)
        });
        match asked {
            Some(clock) => self.feedback.observe(state, clock, loss),
            None => Observed::Ignored,
        }
    }

    #[inline]
    fn rate(&self, state: &FeedbackState, step: u32) -> f64 {
        evaluate(self.program.nodes(), step, |kind, clock| {
            Some(match kind {
                Some(kind) => kind.value(clock),
                None => self.feedback.rate(state, clock),
            })
        })
        .unwrap_or(f64::NAN)
    }

    fn needs_losses(&self) -> bool {
        self.feedback.needs_losses()
    }
}

/// Any schedule at all: by the step alone, or by feedback.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is no heap, and either holds a whole composition"
)]
pub enum ComposedPlan<const N: usize> {
    /// The rate is a function of the step.
    Schedule(Composed<N>),
    /// The rate reacts to losses.
    Feedback(ComposedFeedback<N>),
}

impl<const N: usize, K: Into<Composed<N>>> From<K> for ComposedPlan<N> {
    fn from(kind: K) -> Self {
        Self::Schedule(kind.into())
    }
}

impl<const N: usize> From<ComposedFeedback<N>> for ComposedPlan<N> {
    fn from(feedback: ComposedFeedback<N>) -> Self {
        Self::Feedback(feedback)
    }
}

impl<const N: usize> ComposedPlan<N> {
    pub(crate) fn nodes(&self) -> &[Node] {
        match self {
            Self::Schedule(schedule) => schedule.program.nodes(),
            Self::Feedback(feedback) => feedback.program.nodes(),
        }
    }

    const fn program_mut(&mut self) -> &mut Program<N> {
        match self {
            Self::Schedule(schedule) => schedule.program_mut(),
            Self::Feedback(feedback) => feedback.program_mut(),
        }
    }

    /// The composition of `parts` as `program`, with the one feedback schedule among them.
    fn with_feedback_of<'a>(
        program: Program<N>,
        parts: impl Iterator<Item = &'a Self>,
    ) -> Result<Self, ConfigError> {
        let mut found = None;
        for part in parts {
            if let Self::Feedback(feedback) = part
                && found.replace(&feedback.feedback).is_some()
            {
                return Err(ConfigError::Conflict {
                    field: "schedules",
                    with: "two of them react to losses; a composition can hold one such schedule",
                });
            }
        }
        Ok(match found {
            None => Self::Schedule(Composed { program }),
            Some(feedback) => Self::Feedback(ComposedFeedback {
                program,
                feedback: feedback.clone(),
            }),
        })
    }

    /// Schedules that follow one another; see [`Composed::sequence`].
    ///
    /// # Errors
    /// As there, and where two of them react to losses.
    pub fn sequence(parts: &[Part<'_, Self>]) -> Result<Self, ConfigError> {
        let program = Program::sequence(
            parts
                .iter()
                .map(|part| (part.from, part.clock, part.schedule.nodes())),
        )?;
        Self::with_feedback_of(program, parts.iter().map(|part| part.schedule))
    }

    /// Schedules whose rates become one; see [`Composed::combined`].
    ///
    /// # Errors
    /// As there, and where two of them react to losses.
    pub fn combined(combine: Combine, parts: &[&Self]) -> Result<Self, ConfigError> {
        let program = Program::combined(combine, parts.iter().map(|part| part.nodes()))?;
        Self::with_feedback_of(program, parts.iter().copied())
    }
}
