//! Schedules chosen at run time: one flat, fixed-size value for every kind, with any warm-ups in front.

use crate::error::ConfigError;
use crate::schedule::{Feedback, Observed, Profiled, Schedule};
use crate::schedules::{
    Constant, CosineAnnealing, Exponential, InverseTime, Lambda, MultiStep, NaturalExp, Noam,
    PiecewiseConstant, Polynomial, Ramp, ReduceOnPlateau, Step,
};

/// How many warm-ups can stand in front of a schedule that is chosen at run time.
pub const WARMUPS_MAX: usize = 4;

/// Lists the kinds that need nothing but the step. One line a kind.
macro_rules! kinds {
    ($($kind:ident),+ $(,)?) => {
        /// A schedule of one of the kinds, at default capacity.
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is the kind it is named for")]
        pub enum Kind {
            $($kind($kind),)+
        }

        impl Schedule for Kind {
            #[inline]
            fn lr(&self, step: u32) -> f32 {
                match self { $(Self::$kind(kind) => kind.lr(step),)+ }
            }
        }

        impl Kind {
            /// Hands the concrete schedule to `visitor`, so that a loop over steps is compiled for its kind.
            pub fn visit<V: KindVisitor>(&self, visitor: V) -> V::Output {
                match self { $(Self::$kind(kind) => visitor.visit(kind),)+ }
            }

            /// Whether `other` is of the same kind and has the same profile at every step.
            #[must_use]
            pub fn shares_profile(&self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$kind(a), Self::$kind(b)) => a.shares_profile(b),)+
                    _ => false,
                }
            }
        }

        $(
            impl From<$kind> for Kind {
                fn from(kind: $kind) -> Self {
                    Self::$kind(kind)
                }
            }

            impl From<$kind> for AnySchedule {
                fn from(kind: $kind) -> Self {
                    Kind::from(kind).into()
                }
            }
        )+
    };
}

kinds! {
    Constant,
    PiecewiseConstant,
    Exponential,
    NaturalExp,
    Polynomial,
    Step,
    MultiStep,
    InverseTime,
    Lambda,
    CosineAnnealing,
    Noam,
}

/// Something to do with a concrete kind; see [`Kind::visit`].
pub trait KindVisitor {
    /// What it gives.
    type Output;

    /// Does it.
    fn visit<S: Profiled>(self, schedule: &S) -> Self::Output;
}

/// A schedule behind up to [`WARMUPS_MAX`] straight warm-ups, in one flat value without recursion.
///
/// What [`LinearWarmup`](crate::LinearWarmup) does in types, for a choice at run time.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub struct Warmed<K> {
    warmups: Warmups,
    kind: K,
}

/// Any schedule that needs nothing but the step, behind up to [`WARMUPS_MAX`] warm-ups.
///
/// # Examples
/// ```
/// use hairpin_core::{AnySchedule, CosineAnnealing, Schedule};
///
/// let cosine = AnySchedule::from(CosineAnnealing::new(0.1, 0.0, 90)?);
/// let schedule = cosine.after_warmup(10, 0.0, 0.1)?;
/// assert_eq!([schedule.lr(0), schedule.lr(10), schedule.lr(100)], [0.0, 0.1, 0.0]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
pub type AnySchedule = Warmed<Kind>;

/// Any feedback schedule, behind up to [`WARMUPS_MAX`] warm-ups, whose losses it does not see.
pub type AnyFeedback = Warmed<ReduceOnPlateau>;

impl<K> Warmed<K> {
    /// `kind` without a warm-up.
    #[must_use]
    pub fn new(kind: K) -> Self {
        Self {
            warmups: Warmups::default(),
            kind,
        }
    }

    /// The same schedule behind a straight warm-up; see [`LinearWarmup`](crate::LinearWarmup).
    ///
    /// # Errors
    /// A rate that is NaN or infinite, `warmup_steps` of 0, or more than [`WARMUPS_MAX`] warm-ups.
    pub fn after_warmup(
        self,
        warmup_steps: u32,
        start_lr: f64,
        end_lr: f64,
    ) -> Result<Self, ConfigError> {
        let ramp = Ramp::new(warmup_steps, start_lr, end_lr)?;
        Ok(Self {
            warmups: self.warmups.preceded_by(ramp)?,
            kind: self.kind,
        })
    }

    /// The warm-ups in the order in which they run.
    pub fn warmups(&self) -> impl Iterator<Item = &Ramp> {
        self.warmups.in_order()
    }

    /// What follows the warm-ups.
    #[must_use]
    pub const fn kind(&self) -> &K {
        &self.kind
    }
}

impl From<Kind> for AnySchedule {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl From<ReduceOnPlateau> for AnyFeedback {
    fn from(kind: ReduceOnPlateau) -> Self {
        Self::new(kind)
    }
}

impl<K: Schedule> Schedule for Warmed<K> {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        match self.warmups.at(step) {
            At::Warming(lr) => lr,
            At::Done(step) => self.kind.lr(step),
        }
    }
}

impl<K: Feedback> Feedback for Warmed<K> {
    type State = K::State;

    fn start(&self) -> K::State {
        self.kind.start()
    }

    fn observe(&self, state: &mut K::State, step: u32, loss: f64) -> Observed {
        match self.warmups.at(step) {
            At::Warming(_) => Observed::Ignored,
            At::Done(step) => self.kind.observe(state, step, loss),
        }
    }

    fn lr(&self, state: &K::State, step: u32) -> f32 {
        match self.warmups.at(step) {
            At::Warming(lr) => lr,
            At::Done(step) => self.kind.lr(state, step),
        }
    }
}

/// Any schedule at all: by the step alone, or by feedback.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub enum Plan {
    /// The rate is a function of the step.
    Schedule(AnySchedule),
    /// The rate reacts to losses.
    Feedback(AnyFeedback),
}

impl<K: Into<AnySchedule>> From<K> for Plan {
    fn from(kind: K) -> Self {
        Self::Schedule(kind.into())
    }
}

impl From<AnyFeedback> for Plan {
    fn from(feedback: AnyFeedback) -> Self {
        Self::Feedback(feedback)
    }
}

impl Plan {
    /// The same plan behind a straight warm-up; see [`LinearWarmup`](crate::LinearWarmup).
    ///
    /// # Errors
    /// A rate that is NaN or infinite, `warmup_steps` of 0, or more than [`WARMUPS_MAX`] warm-ups.
    pub fn after_warmup(
        self,
        warmup_steps: u32,
        start_lr: f64,
        end_lr: f64,
    ) -> Result<Self, ConfigError> {
        Ok(match self {
            Self::Schedule(schedule) => {
                Self::Schedule(schedule.after_warmup(warmup_steps, start_lr, end_lr)?)
            }
            Self::Feedback(feedback) => {
                Self::Feedback(feedback.after_warmup(warmup_steps, start_lr, end_lr)?)
            }
        })
    }
}

/// Warm-ups, innermost first: the last one added is the first to run.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug, Default)]
struct Warmups(heapless::Vec<Ramp, WARMUPS_MAX>);

/// Where a step falls.
enum At {
    Warming(f32),
    /// Steps since the last warm-up ended.
    Done(u32),
}

impl Warmups {
    fn preceded_by(mut self, ramp: Ramp) -> Result<Self, ConfigError> {
        self.0.push(ramp).map_err(|_| ConfigError::OverCapacity {
            field: "after",
            capacity: WARMUPS_MAX,
            found: WARMUPS_MAX.saturating_add(1),
        })?;
        Ok(self)
    }

    fn in_order(&self) -> impl Iterator<Item = &Ramp> {
        self.0.iter().rev()
    }

    #[inline]
    fn at(&self, step: u32) -> At {
        let mut step = step;
        for ramp in self.in_order() {
            match ramp.steps_after(step) {
                Some(rest) => step = rest,
                None => return At::Warming(ramp.lr(step)),
            }
        }
        At::Done(step)
    }
}
