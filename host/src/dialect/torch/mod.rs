//! The schedulers of PyTorch (`torch.optim.lr_scheduler` and `torch.optim.swa_utils`, read in version 2.15.0).
//!
//! PyTorch makes most rates from the one before, as `scheduler.step()` without an epoch does; in exact arithmetic that is a closed form
//! of the step, which is what stands here. `lr` is the rate of the optimizer when the scheduler is made.

mod combined;
mod cycles;
mod decays;

use super::common::{
    ANNEAL_STRATEGIES, COOLDOWN, CYCLIC_MODES, EPS, FACTOR, MIN_LR, MODE, PATIENCE, SCALE_MODES,
    THRESHOLD, THRESHOLD_MODE, argument, integer, number, off, required, word,
};
use super::{Argument, Dialect, IfAbsent, Takes};

const LR: Argument = argument(
    "lr",
    Takes::Number,
    IfAbsent::Outer,
    "the optimizer's rate when the scheduler is made",
);
const LR_LAMBDA: Argument = required("lr_lambda", Takes::Expression, "a factor of the step");
const ETA_MIN: Argument = number("eta_min", 0.0, "the lowest rate");
const GAMMA: Argument = number("gamma", 0.1, "what the rate is multiplied by");
const TOTAL_ITERS: Argument = integer("total_iters", 5, "how many steps it takes");
const SCHEDULERS: Argument = required("schedulers", Takes::Schedules, "schedulers of PyTorch");
const CYCLE_MOMENTUM: Argument = argument(
    "cycle_momentum",
    Takes::Flag,
    IfAbsent::Flag(true),
    "whether the momentum moves against the rate",
);

/// PyTorch's schedulers.
pub(super) const DIALECTS: &[Dialect] = &[
    Dialect {
        name: "torch.LambdaLR",
        doc: "the rate times a function of the step",
        arguments: &[LR, LR_LAMBDA],
        translate: decays::lambda_lr,
    },
    Dialect {
        name: "torch.MultiplicativeLR",
        doc: "the rate times the product of a function of every step from 1 on",
        arguments: &[LR, LR_LAMBDA],
        translate: decays::multiplicative_lr,
    },
    Dialect {
        name: "torch.StepLR",
        doc: "multiplied by gamma every step_size steps",
        arguments: &[
            LR,
            required("step_size", Takes::Integer, "steps between two changes"),
            GAMMA,
        ],
        translate: decays::step_lr,
    },
    Dialect {
        name: "torch.MultiStepLR",
        doc: "multiplied by gamma at each milestone",
        arguments: &[
            LR,
            required(
                "milestones",
                Takes::Integers,
                "the steps of the changes, in any order",
            ),
            GAMMA,
        ],
        translate: decays::multi_step_lr,
    },
    Dialect {
        name: "torch.ConstantLR",
        doc: "a share of the rate until total_iters, then the rate",
        arguments: &[LR, number("factor", 1.0 / 3.0, "the share"), TOTAL_ITERS],
        translate: decays::constant_lr,
    },
    Dialect {
        name: "torch.LinearLR",
        doc: "the rate times a line of factors",
        arguments: &[
            LR,
            number("start_factor", 1.0 / 3.0, "the first factor"),
            number("end_factor", 1.0, "the last factor"),
            TOTAL_ITERS,
        ],
        translate: decays::linear_lr,
    },
    Dialect {
        name: "torch.ExponentialLR",
        doc: "multiplied by gamma at every step",
        arguments: &[
            LR,
            required("gamma", Takes::Number, "what the rate is multiplied by"),
        ],
        translate: decays::exponential_lr,
    },
    Dialect {
        name: "torch.PolynomialLR",
        doc: "down to 0 on a power of the share of steps left",
        arguments: &[LR, TOTAL_ITERS, number("power", 1.0, "the power")],
        translate: decays::polynomial_lr,
    },
    Dialect {
        name: "torch.CosineAnnealingLR",
        doc: "a cosine down to eta_min in T_max steps, and up again",
        arguments: &[
            LR,
            required("T_max", Takes::Integer, "steps from the top to the bottom"),
            ETA_MIN,
        ],
        translate: decays::cosine_annealing_lr,
    },
    Dialect {
        name: "torch.CosineAnnealingWarmRestarts",
        doc: "cosines down to eta_min, each begun at the full rate",
        arguments: &[
            LR,
            required("T_0", Takes::Integer, "steps of the first cosine"),
            integer(
                "T_mult",
                1,
                "how many times longer each cosine is than the one before",
            ),
            ETA_MIN,
        ],
        translate: decays::cosine_annealing_warm_restarts,
    },
    Dialect {
        name: "torch.OneCycleLR",
        doc: "up to max_lr and down to far below the start, once, with the momentum against it",
        arguments: &[
            required("max_lr", Takes::Number, "the peak"),
            argument(
                "total_steps",
                Takes::Integer,
                IfAbsent::None,
                "how many steps the cycle has",
            ),
            argument(
                "epochs",
                Takes::Integer,
                IfAbsent::None,
                "with steps_per_epoch: instead of total_steps",
            ),
            argument(
                "steps_per_epoch",
                Takes::Integer,
                IfAbsent::None,
                "with epochs: instead of total_steps",
            ),
            number("pct_start", 0.3, "the share of the steps that rise"),
            word(
                "anneal_strategy",
                ANNEAL_STRATEGIES,
                "cos",
                "the shape of the phases",
            ),
            CYCLE_MOMENTUM,
            number("base_momentum", 0.85, "the momentum at the peak"),
            number("max_momentum", 0.95, "the momentum at the ends"),
            number("div_factor", 25.0, "the first rate is max_lr divided by it"),
            number(
                "final_div_factor",
                1e4,
                "the last rate is the first divided by it",
            ),
            off(
                "three_phase",
                "whether it falls to the first rate as steeply as it rose, and then to the last",
            ),
        ],
        translate: cycles::one_cycle_lr,
    },
    Dialect {
        name: "torch.CyclicLR",
        doc: "a triangle wave between two rates, with the momentum against it",
        arguments: &[
            required("base_lr", Takes::Number, "the rate at the feet"),
            required("max_lr", Takes::Number, "the rate at the peaks"),
            integer("step_size_up", 2000, "steps from a foot to a peak"),
            argument(
                "step_size_down",
                Takes::Integer,
                IfAbsent::None,
                "steps from a peak to a foot; step_size_up if left out",
            ),
            word(
                "mode",
                CYCLIC_MODES,
                "triangular",
                "how the amplitude goes on",
            ),
            number(
                "gamma",
                1.0,
                "the amplitude's factor a step in mode exp_range",
            ),
            argument(
                "scale_fn",
                Takes::Expression,
                IfAbsent::None,
                "the amplitude as a function, instead of mode",
            ),
            word(
                "scale_mode",
                SCALE_MODES,
                "cycle",
                "whether scale_fn is given the cycle, counted from 1, or the step",
            ),
            CYCLE_MOMENTUM,
            number("base_momentum", 0.8, "the momentum at the peaks"),
            number("max_momentum", 0.9, "the momentum at the feet"),
        ],
        translate: cycles::cyclic_lr,
    },
    Dialect {
        name: "torch.SequentialLR",
        doc: "one scheduler after another, each from its own step 0",
        arguments: &[
            LR,
            SCHEDULERS,
            required(
                "milestones",
                Takes::Integers,
                "the steps at which the next begins",
            ),
        ],
        translate: combined::sequential_lr,
    },
    Dialect {
        name: "torch.ChainedScheduler",
        doc: "schedulers that all act on the rate at every step",
        arguments: &[LR, SCHEDULERS],
        translate: combined::chained_scheduler,
    },
    Dialect {
        name: "torch.ReduceLROnPlateau",
        doc: "cut when a metric has stopped improving",
        arguments: &[
            LR,
            MODE,
            FACTOR,
            PATIENCE,
            THRESHOLD,
            THRESHOLD_MODE,
            COOLDOWN,
            MIN_LR,
            EPS,
        ],
        translate: decays::reduce_lr_on_plateau,
    },
    Dialect {
        name: "torch.SWALR",
        doc: "from the rate to that of stochastic weight averaging, held there",
        arguments: &[
            LR,
            required("swa_lr", Takes::Number, "the rate it goes to"),
            integer("anneal_epochs", 10, "how many steps it takes"),
            word("anneal_strategy", ANNEAL_STRATEGIES, "cos", "the shape"),
        ],
        translate: decays::swa_lr,
    },
];

#[cfg(test)]
mod tests;
