//! What every schedule can do.

use crate::course::Course;
pub use crate::numeric::Profile;

/// A learning rate as a pure function of the step.
pub trait Schedule {
    /// The rate at `step`, for every `u32`; the first update is step 0.
    ///
    /// Total and pure: it needs no history, never panics, and gives the same 32 bits in any order of calls.
    fn lr(&self, step: u32) -> f32;
}

/// A [`Schedule`] in two parts: a profile that depends on the step and the shape, and a rate made from it.
///
/// It is how every built-in kind is written down, once. A table over many trials computes the profile once for all trials
/// of one shape, and gets the same bits as [`Schedule::lr`], which is `self.rate(self.profile(step))` rounded to `f32`.
pub trait Profiled {
    /// What the step decides, before the rates come in.
    fn profile(&self, step: u32) -> Profile;

    /// The learning rate for a profile of this shape, before it is rounded.
    fn rate(&self, profile: Profile) -> f64;

    /// How the rates go on from `step`, as far as that is known.
    fn course(&self, _step: u32) -> Course {
        Course::UNKNOWN
    }

    /// A bound of the Taylor coefficient of this order, the derivative over its factorial, anywhere from `first` to `last`, which are in one
    /// [`Bend::Smooth`](crate::Bend::Smooth) course; infinite where there is none. Order 0 bounds the terms that the rate is the sum of, and
    /// no value is off by more than 2^-47 of that.
    fn taylor(&self, _first: u32, _last: u32, _order: u32) -> f64 {
        f64::INFINITY
    }

    /// After how many steps the profiles come again, at any step, where they do.
    fn period(&self) -> Option<u32> {
        None
    }

    /// Whether `other` has the same profile at every step.
    fn shares_profile(&self, other: &Self) -> bool;
}

impl<P: Profiled> Schedule for P {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.rate(self.profile(step)) as f32
    }
}

/// A learning rate that reacts to the loss.
///
/// The configuration is immutable and can be shared; what changes is a small `Copy` state beside it. To resume, copy the
/// state.
pub trait Feedback {
    /// What is remembered between observations.
    type State: Copy;

    /// The state before any loss was seen.
    fn start(&self) -> Self::State;

    /// Takes notice of the loss seen at `step`. NaN and infinities are data: each family has its rule for them.
    fn observe(&self, state: &mut Self::State, step: u32, loss: f64) -> Observed;

    /// The rate in force at `step`, before it is rounded.
    fn rate(&self, state: &Self::State, step: u32) -> f64;

    /// The rate in force at `step`.
    #[inline]
    fn lr(&self, state: &Self::State, step: u32) -> f32 {
        self.rate(state, step) as f32
    }

    /// Whether its rates depend on the losses; if not, it is only walked by them, and any number will do.
    fn needs_losses(&self) -> bool {
        true
    }
}

/// What an observed loss led to.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Observed {
    /// The loss was not looked at: a warm-up is still running, or the schedule needs none.
    Ignored,
    /// It was taken into a mean that waits for more of them.
    Collected,
    /// It fell into the pause after a cut or a raise.
    CoolingDown,
    /// It is a new best.
    Improved,
    /// It is not better, and patience lasts.
    Waiting,
    /// Patience ran out and the rate was cut.
    Reduced,
    /// Patience ran out, but the cut is one that is not made: too small, or the rate is at its minimum already.
    Exhausted,
    /// The rate was raised.
    Raised,
    /// The rate was at its minimum for long, and everything starts again.
    Reset,
}

impl Observed {
    /// What a change of the rate is, if it is one: a cut raises a negative rate, and a negative margin lets a raise lower one.
    pub(crate) fn change(before: f64, after: f64) -> Option<Self> {
        if after < before {
            Some(Self::Reduced)
        } else if after > before {
            Some(Self::Raised)
        } else {
            None
        }
    }
}
