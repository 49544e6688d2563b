//! The list of kinds: one line each.

use crate::checkpoint::{CheckpointError, Fields, Reader, Recorded, Writer, recorded};
use crate::error::ConfigError;
use crate::parameters::{Described, KindInfo, Sink, Source};
use crate::schedule::{Feedback, Observed, Profiled, Schedule};
use crate::schedules::{
    Anneal, Constant, ConstantFactor, CosineAnnealing, CosineCycles, CosineDecay, Cyclic,
    Exponential, Geometric, Greedy, GreedyState, InverseSqrt, InverseTime, KDecay, Lambda, Linear,
    LinearFactor, MultiStep, Multiplicative, MultiplicativeState, NaturalExp, Noam, OneCycle,
    PiecewiseConstant, PiecewiseInterpolate, PiecewiseScale, PlateauState, Polynomial,
    ReduceOnPlateau, Step, Tanh, WarmRestarts, WarmupStableDecay,
};

/// What a list of kinds tells of them, and the way from parameters to a kind and back.
macro_rules! described {
    ($list:ident: $($tag:literal => $kind:ident,)+) => {
        impl $list {
            /// Every kind with the number that stands for it in saved bytes.
            pub const ALL: &'static [(u8, KindInfo)] = &[$(($tag, <$kind>::INFO)),+];

            /// The number of this kind in saved bytes.
            #[must_use]
            pub const fn tag(&self) -> u8 {
                match self { $(Self::$kind(_) => $tag,)+ }
            }

            /// What this kind is called and what it takes.
            #[must_use]
            pub const fn info(&self) -> KindInfo {
                match self { $(Self::$kind(_) => <$kind>::INFO,)+ }
            }

            /// Makes a schedule of the kind with this number; `None` where there is no such kind.
            ///
            /// # Errors
            /// What the kind's constructor refuses, and what the source cannot read.
            pub fn read(tag: u8, source: &mut dyn Source) -> Option<Result<Self, ConfigError>> {
                match tag {
                    $($tag => Some(<$kind>::read(source).map(Self::$kind)),)+
                    _ => None,
                }
            }

            /// Hands the parameters to `sink`, in the order in which the kind declares them.
            pub fn write(&self, sink: &mut dyn Sink) {
                match self { $(Self::$kind(kind) => kind.write(sink),)+ }
            }
        }
    };
}

/// Lists the kinds that need nothing but the step. The numbers stand in saved bytes: a new kind takes the next one.
macro_rules! kinds {
    ($($tag:literal => $kind:ident,)+) => {
        /// A schedule of one of the kinds, at default capacity.
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is the kind it is named for")]
        pub enum Kind {
            $($kind($kind),)+
        }

        described! { Kind: $($tag => $kind,)+ }
        recorded! { $($tag => $kind,)+ }

        impl Kind {
            /// The rate at `step`, before it is rounded.
            #[inline]
            #[must_use]
            pub fn value(&self, step: u32) -> f64 {
                match self { $(Self::$kind(kind) => kind.rate(kind.profile(step)),)+ }
            }

            /// Hands the concrete schedule to `visitor`, so that a loop over steps is compiled for its kind.
            pub fn visit<V: KindVisitor>(&self, visitor: V) -> V::Output {
                match self { $(Self::$kind(kind) => visitor.visit(kind),)+ }
            }

            /// After how many steps the rates come again, at any step, where they do.
            #[must_use]
            pub fn period(&self) -> Option<u32> {
                match self { $(Self::$kind(kind) => kind.period(),)+ }
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

            impl<const N: usize> From<$kind> for crate::composed::Composed<N> {
                fn from(kind: $kind) -> Self {
                    Kind::from(kind).into()
                }
            }
        )+
    };
}

kinds! {
    1 => Constant,
    2 => PiecewiseConstant,
    3 => Exponential,
    4 => NaturalExp,
    5 => Polynomial,
    6 => Step,
    7 => MultiStep,
    8 => InverseTime,
    9 => Lambda,
    10 => CosineAnnealing,
    11 => Noam,
    12 => Linear,
    13 => ConstantFactor,
    14 => LinearFactor,
    15 => Geometric,
    16 => PiecewiseScale,
    17 => PiecewiseInterpolate,
    18 => KDecay,
    19 => CosineDecay,
    20 => CosineCycles,
    21 => WarmRestarts,
    22 => InverseSqrt,
    23 => Tanh,
    24 => Anneal,
    25 => WarmupStableDecay,
    26 => OneCycle,
    27 => Cyclic,
}

impl Schedule for Kind {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.value(step) as f32
    }
}

/// What is asked of a chip for the configuration of any one kind.
const _: () = assert!(size_of::<Kind>() < 256 && size_of::<FeedbackKind>() < 256);

/// Something to do with a concrete kind; see [`Kind::visit`].
pub trait KindVisitor {
    /// What it gives.
    type Output;

    /// Does it.
    fn visit<S: Profiled + Recorded>(self, schedule: &S) -> Self::Output;
}

/// Lists the kinds that react to losses, or are walked step by step, with their states.
macro_rules! feedback_kinds {
    ($($tag:literal => $kind:ident, $state:ident;)+) => {
        /// A feedback schedule of one of the kinds.
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is the kind it is named for")]
        pub enum FeedbackKind {
            $($kind($kind),)+
        }

        /// What a [`FeedbackKind`] remembers between losses.
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "each variant is the state of the kind it is named for")]
        #[expect(clippy::large_enum_variant, reason = "there is no heap, and a state has room for any kind's")]
        pub enum FeedbackState {
            $($kind($state),)+
        }

        impl FeedbackState {
            /// How many bytes the longest of the states takes in a record.
            pub(crate) const LONGEST: usize = {
                let mut longest = 0;
                $(if <$state as Fields>::LEN > longest {
                    longest = <$state as Fields>::LEN;
                })+
                longest
            };

            /// The number of its kind in saved bytes.
            pub(crate) const fn tag(&self) -> u8 {
                match self { $(Self::$kind(_) => $tag,)+ }
            }

            pub(crate) fn put(&self, writer: &mut Writer<'_>) {
                match self { $(Self::$kind(state) => state.put(writer),)+ }
            }

            pub(crate) fn take(tag: u8, reader: &mut Reader<'_>) -> Option<Result<Self, CheckpointError>> {
                match tag {
                    $($tag => Some(Fields::take(reader).map(Self::$kind)),)+
                    _ => None,
                }
            }
        }

        described! { FeedbackKind: $($tag => $kind,)+ }
        recorded! { $($tag => $kind,)+ }

        /// A state of another kind, which no caller that started from [`Feedback::start`] has, is one before any loss.
        impl Feedback for FeedbackKind {
            type State = FeedbackState;

            fn start(&self) -> FeedbackState {
                match self { $(Self::$kind(kind) => FeedbackState::$kind(kind.start()),)+ }
            }

            fn observe(&self, state: &mut FeedbackState, step: u32, loss: f64) -> Observed {
                match self {
                    $(Self::$kind(kind) => {
                        let mut own = match *state {
                            FeedbackState::$kind(own) => own,
                            _ => kind.start(),
                        };
                        let observed = kind.observe(&mut own, step, loss);
                        *state = FeedbackState::$kind(own);
                        observed
                    })+
                }
            }

            #[inline]
            fn rate(&self, state: &FeedbackState, step: u32) -> f64 {
                match self {
                    $(Self::$kind(kind) => match state {
                        FeedbackState::$kind(own) => kind.rate(own, step),
                        _ => kind.rate(&kind.start(), step),
                    },)+
                }
            }

            fn needs_losses(&self) -> bool {
                match self { $(Self::$kind(kind) => kind.needs_losses(),)+ }
            }
        }

        $(
            impl From<$kind> for FeedbackKind {
                fn from(kind: $kind) -> Self {
                    Self::$kind(kind)
                }
            }

            impl<const N: usize> From<$kind> for crate::composed::ComposedFeedback<N> {
                fn from(kind: $kind) -> Self {
                    FeedbackKind::from(kind).into()
                }
            }
        )+
    };
}

feedback_kinds! {
    129 => ReduceOnPlateau, PlateauState;
    130 => Greedy, GreedyState;
    131 => Multiplicative, MultiplicativeState;
}
