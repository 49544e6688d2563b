//! Learning-rate schedules and the SGD update they drive, the same 32 bits on every target.
//!
//! `no_std` without allocation, `unsafe` or panics: what was tuned on a workstation is what a microcontroller computes.
//!
//! * **Values live at run time, shapes in types, composition in wrappers.** Rates are `f64` parameters, capacities are
//!   const generics, a warm-up is a [`LinearWarmup`] around any schedule.
//! * **A rate is a pure function of the step**: [`Schedule::lr`] is total over `u32`, needs no history and gives the same
//!   bits in any order. Only [`Feedback`] schedules have state: small, `Copy`, beside the configuration.
//! * **Computed in `f64`, in one order of operations everywhere, rounded to `f32` once**: at most 0.501 ULP from the exact value.
//! * **If it can be constructed, it can be evaluated**: constructors and their refinements refuse with a [`ConfigError`] that
//!   names the field.
//!
//! | kind | rate at step `t` |
//! |---|---|
//! | [`Constant`] | `learning_rate` |
//! | [`PiecewiseConstant`] | a given value in each interval |
//! | [`Exponential`] | `learning_rate * gamma^(t / decay_steps)` |
//! | [`NaturalExp`] | `learning_rate * exp(-gamma * t)` |
//! | [`Polynomial`] | from `learning_rate` to `end_lr` on `((T - t) / T)^power` |
//! | [`Step`] | times `gamma` every `step_size` |
//! | [`MultiStep`] | times `gamma` at each milestone |
//! | [`InverseTime`] | `learning_rate / (1 + gamma * t / decay_steps)` |
//! | [`Lambda`] | `learning_rate * factor(t)` |
//! | [`CosineAnnealing`] | a cosine between `learning_rate` and `eta_min` |
//! | [`Linear`] | a line between two rates |
//! | [`ConstantFactor`] | a share of the rate, then all of it |
//! | [`LinearFactor`] | times a line between two factors |
//! | [`Geometric`] | between two rates by equal factors |
//! | [`PiecewiseScale`] | times a given scale at each boundary |
//! | [`InverseSqrt`] | `learning_rate * (1 + t / timescale)^-power` |
//! | [`Noam`] | up in a line, down with `t^-0.5` |
//! | [`Anneal`] | from `start_lr` to `end_lr` on a curve of a chosen shape |
//! | [`CosineDecay`] | half a cosine down to `eta_min`, held there |
//! | [`OneCycle`] | up to `learning_rate` and down to `end_lr`, in two phases or three |
//! | [`Cyclic`] | triangles between `learning_rate` and `max_lr` |
//! | [`WarmRestarts`] | half cosines with restarts, each cycle longer |
//! | [`WarmupStableDecay`] | up, held, and down |
//! | [`CosineCycles`] | a number of cosine waves, or of falls with restarts |
//! | [`PiecewiseInterpolate`] | from one multiple to the next between boundaries |
//! | [`Tanh`] | a hyperbolic tangent down to `eta_min` |
//! | [`KDecay`] | a polynomial of `1 - (t / T)^k` |
//! | [`ReduceOnPlateau`] | cut when the loss stops improving |
//! | [`Greedy`] | cut when the loss gets worse, raised when it gets better |
//! | [`Multiplicative`] | times `factor(t)` at every step |
//! | [`LinearWarmup`] | a line in front of any of these |
//!
//! To choose at run time, use [`AnySchedule`], or [`Plan`] where feedback schedules may come too. The update is [`Sgd`];
//! what survives a power cut is in [`checkpoint`].
//!
//! # Examples
//! ```
//! use hairpin_core::{CosineAnnealing, LinearWarmup, Schedule};
//!
//! let schedule = LinearWarmup::new(10, 0.0, 0.1, CosineAnnealing::new(0.1, 0.001, 90)?)?;
//! let rates: [f32; 3] = [0, 10, 100].map(|step| schedule.lr(step));
//! assert_eq!(rates, [0.0, 0.1, 0.001]);
//! # Ok::<(), hairpin_core::ConfigError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// So do those of the guide for firmware.
#[cfg(doctest)]
#[doc = include_str!("../../docs/firmware.md")]
pub struct OnAChip;

pub mod checkpoint;
mod composed;
mod course;
mod elementary;
mod error;
pub mod expression;
mod kinds;
mod noise;
mod numeric;
pub mod parameters;
mod program;
mod schedule;
mod schedules;
pub mod sgd;
mod shape;

pub use checkpoint::{CheckpointError, Position, Recipe, RecipeRecords, Recorded};
pub use composed::{
    AnyFeedback, AnySchedule, Composed, ComposedFeedback, ComposedPlan, NODES, Part, Plan,
};
pub use course::{Bend, Course};
pub use error::ConfigError;
pub use expression::{Expression, ExpressionError};
pub use kinds::{FeedbackKind, FeedbackState, Kind, KindVisitor};
pub use noise::{Distribution, Noise};
pub use program::{Change, Combine, Cycle, Span, Value};
pub use schedule::{Feedback, Observed, Profile, Profiled, Schedule};
pub use schedules::{
    AbsoluteMargin, Anneal, BelowMin, BlockedCut, Constant, ConstantFactor, Cooldown,
    CosineAnnealing, CosineCycles, CosineDecay, CutGate, Cyclic, CyclicMode, Edges, Exponential,
    Factor, Family, FirstLoss, Geometric, Greedy, GreedyConfig, GreedyState, InverseSqrt,
    InverseTime, KDecay, Lambda, Linear, LinearFactor, LinearWarmup, Mode, MultiStep,
    Multiplicative, MultiplicativeState, NaturalExp, Noam, OneCycle, Past, PatienceRule,
    PiecewiseConstant, PiecewiseInterpolate, PiecewiseScale, PlateauConfig, PlateauRules,
    PlateauState, Polynomial, ReduceOnPlateau, RelativeMargin, Step, StepFunction, Switch, Tanh,
    ThresholdMode, WarmRestarts, WarmupStableDecay,
};
pub use sgd::{Fma, LibmFma, Rounding, Sgd, SgdConfig, SgdState, StepError};
pub use shape::{Interpolation, Shape};
