//! One schedule a file.

mod anneal;
mod constant;
mod constant_factor;
mod cosine_annealing;
mod cosine_cycles;
mod cosine_decay;
mod cyclic;
mod exponential;
mod geometric;
mod greedy;
mod inverse_sqrt;
mod inverse_time;
mod k_decay;
mod lambda;
mod linear;
mod linear_factor;
mod linear_warmup;
mod multi_step;
mod multiplicative;
mod natural_exp;
mod noam;
mod one_cycle;
mod piecewise_constant;
mod piecewise_interpolate;
mod piecewise_scale;
mod polynomial;
mod reduce_on_plateau;
mod step;
mod tanh;
mod warm_restarts;
mod warmup_stable_decay;

pub use anneal::Anneal;
pub use constant::Constant;
pub use constant_factor::ConstantFactor;
pub use cosine_annealing::{CosineAnnealing, Past};
pub use cosine_cycles::CosineCycles;
pub use cosine_decay::CosineDecay;
pub use cyclic::{Cyclic, CyclicMode};
pub use exponential::Exponential;
pub use geometric::Geometric;
pub use greedy::{Greedy, GreedyConfig, GreedyState};
pub use inverse_sqrt::InverseSqrt;
pub use inverse_time::InverseTime;
pub use k_decay::KDecay;
pub use lambda::{Factor, Lambda, StepFunction};
pub use linear::Linear;
pub use linear_factor::LinearFactor;
pub use linear_warmup::LinearWarmup;
pub(crate) use linear_warmup::line;
pub use multi_step::MultiStep;
pub use multiplicative::{Multiplicative, MultiplicativeState};
pub use natural_exp::NaturalExp;
pub use noam::Noam;
pub use one_cycle::{Edges, OneCycle};
pub use piecewise_constant::{PiecewiseConstant, Switch};
pub use piecewise_interpolate::PiecewiseInterpolate;
pub use piecewise_scale::PiecewiseScale;
pub use polynomial::Polynomial;
pub use reduce_on_plateau::{
    AbsoluteMargin, BelowMin, BlockedCut, Cooldown, CutGate, Family, FirstLoss, Mode, PatienceRule,
    PlateauConfig, PlateauRules, PlateauState, ReduceOnPlateau, RelativeMargin, ThresholdMode,
};
pub use step::Step;
pub use tanh::Tanh;
pub use warm_restarts::WarmRestarts;
pub use warmup_stable_decay::WarmupStableDecay;
