//! One schedule a file.

mod constant;
mod constant_factor;
mod cosine_annealing;
mod exponential;
mod geometric;
mod greedy;
mod inverse_sqrt;
mod inverse_time;
mod lambda;
mod linear;
mod linear_factor;
mod linear_warmup;
mod multi_step;
mod multiplicative;
mod natural_exp;
mod noam;
mod piecewise_constant;
mod piecewise_scale;
mod polynomial;
mod reduce_on_plateau;
mod step;

pub use constant::Constant;
pub use constant_factor::ConstantFactor;
pub use cosine_annealing::{CosineAnnealing, Past};
pub use exponential::Exponential;
pub use geometric::Geometric;
pub use greedy::{Greedy, GreedyConfig, GreedyState};
pub use inverse_sqrt::InverseSqrt;
pub use inverse_time::InverseTime;
pub use lambda::{Factor, Lambda};
pub use linear::Linear;
pub use linear_factor::LinearFactor;
pub use linear_warmup::LinearWarmup;
pub(crate) use linear_warmup::line;
pub use multi_step::MultiStep;
pub use multiplicative::{Multiplicative, MultiplicativeState};
pub use natural_exp::NaturalExp;
pub use noam::Noam;
pub use piecewise_constant::{PiecewiseConstant, Switch};
pub use piecewise_scale::PiecewiseScale;
pub use polynomial::Polynomial;
pub use reduce_on_plateau::{
    AbsoluteMargin, BelowMin, BlockedCut, Cooldown, CutGate, Family, FirstLoss, Mode, PatienceRule,
    PlateauConfig, PlateauRules, PlateauState, ReduceOnPlateau, RelativeMargin, ThresholdMode,
};
pub use step::Step;
