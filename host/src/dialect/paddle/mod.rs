//! The schedulers of PaddlePaddle (`paddle.optimizer.lr`, read in version 3.3.1).

mod cycles;
mod decays;

use super::common::{
    ANNEAL_STRATEGIES, CYCLIC_MODES, FACTOR, MIN_LR, MODE, PATIENCE, PLATEAU_WORDS, SCALE_MODES,
    THRESHOLD, THRESHOLD_MODE, THRESHOLD_WORDS, argument, integer, number, off, required, word,
};
use super::{Argument, Dialect, IfAbsent, Takes};

const LEARNING_RATE: Argument = required("learning_rate", Takes::Number, "the first rate");
const LR_LAMBDA: Argument = required("lr_lambda", Takes::Expression, "a factor of the step");
const ETA_MIN: Argument = number("eta_min", 0.0, "the lowest rate");
const GAMMA: Argument = number("gamma", 0.1, "what the rate is multiplied by, below 1");

/// PaddlePaddle's schedulers.
pub(super) const DIALECTS: &[Dialect] = &[
    Dialect {
        name: "paddle.NoamDecay",
        doc: "up in a line, then down with the inverse square root of the step",
        arguments: &[
            required("d_model", Takes::Number, "the width of the model"),
            required("warmup_steps", Takes::Integer, "steps to the peak"),
            number("learning_rate", 1.0, "what all rates are multiplied by"),
        ],
        translate: decays::noam_decay,
    },
    Dialect {
        name: "paddle.PiecewiseDecay",
        doc: "a given rate before each boundary, and one after the last",
        arguments: &[
            required(
                "boundaries",
                Takes::Integers,
                "the steps at which the rate changes",
            ),
            required(
                "values",
                Takes::Numbers,
                "the rates, one more than boundaries",
            ),
        ],
        translate: decays::piecewise_decay,
    },
    Dialect {
        name: "paddle.NaturalExpDecay",
        doc: "the rate times exp(-gamma * step)",
        arguments: &[
            LEARNING_RATE,
            required("gamma", Takes::Number, "how fast it decays, above 0"),
        ],
        translate: decays::natural_exp_decay,
    },
    Dialect {
        name: "paddle.InverseTimeDecay",
        doc: "the rate divided by 1 + gamma * step",
        arguments: &[
            LEARNING_RATE,
            required("gamma", Takes::Number, "how fast it decays"),
        ],
        translate: decays::inverse_time_decay,
    },
    Dialect {
        name: "paddle.PolynomialDecay",
        doc: "down to end_lr on a power of the share of steps left",
        arguments: &[
            LEARNING_RATE,
            required("decay_steps", Takes::Integer, "how many steps it takes"),
            number("end_lr", 1e-4, "the last rate"),
            number("power", 1.0, "the power, above 0"),
            off("cycle", "whether it begins again, lower, after decay_steps"),
        ],
        translate: decays::polynomial_decay,
    },
    Dialect {
        name: "paddle.LinearWarmup",
        doc: "a line up to end_lr, then another schedule from its step 0",
        arguments: &[
            required(
                "learning_rate",
                Takes::Schedule,
                "what comes after: a rate or a scheduler of PaddlePaddle",
            ),
            required(
                "warmup_steps",
                Takes::Integer,
                "how many steps the line takes",
            ),
            required("start_lr", Takes::Number, "the first rate"),
            required(
                "end_lr",
                Takes::Number,
                "the rate that the line goes to, above start_lr",
            ),
        ],
        translate: decays::linear_warmup,
    },
    Dialect {
        name: "paddle.ExponentialDecay",
        doc: "multiplied by gamma at every step",
        arguments: &[
            LEARNING_RATE,
            required(
                "gamma",
                Takes::Number,
                "what the rate is multiplied by, above 0 and below 1",
            ),
        ],
        translate: decays::exponential_decay,
    },
    Dialect {
        name: "paddle.MultiStepDecay",
        doc: "multiplied by gamma at each milestone",
        arguments: &[
            LEARNING_RATE,
            required(
                "milestones",
                Takes::Integers,
                "the steps of the changes, increasing",
            ),
            GAMMA,
        ],
        translate: decays::multi_step_decay,
    },
    Dialect {
        name: "paddle.StepDecay",
        doc: "multiplied by gamma every step_size steps",
        arguments: &[
            LEARNING_RATE,
            required("step_size", Takes::Integer, "steps between two changes"),
            GAMMA,
        ],
        translate: decays::step_decay,
    },
    Dialect {
        name: "paddle.LambdaDecay",
        doc: "the rate times a function of the step",
        arguments: &[LEARNING_RATE, LR_LAMBDA],
        translate: decays::lambda_decay,
    },
    Dialect {
        name: "paddle.ReduceOnPlateau",
        doc: "cut when a metric has stopped improving",
        arguments: &[
            argument(
                "learning_rate",
                Takes::Number,
                IfAbsent::None,
                "the first rate",
            ),
            argument(
                "lr",
                Takes::Number,
                IfAbsent::None,
                "the same, by the name it has in PyTorch",
            ),
            Argument {
                takes: Takes::WordInAnyCase(PLATEAU_WORDS),
                ..MODE
            },
            FACTOR,
            PATIENCE,
            THRESHOLD,
            Argument {
                takes: Takes::WordInAnyCase(THRESHOLD_WORDS),
                ..THRESHOLD_MODE
            },
            integer(
                "cooldown",
                0,
                "how many metrics after a cut are passed over",
            ),
            MIN_LR,
            number(
                "epsilon",
                1e-8,
                "a cut that changes the rate by no more than this is not made",
            ),
        ],
        translate: decays::reduce_on_plateau,
    },
    Dialect {
        name: "paddle.CosineAnnealingDecay",
        doc: "a cosine down to eta_min in T_max steps, and up again",
        arguments: &[
            LEARNING_RATE,
            required("T_max", Takes::Integer, "steps from the top to the bottom"),
            ETA_MIN,
        ],
        translate: decays::cosine_annealing_decay,
    },
    Dialect {
        name: "paddle.MultiplicativeDecay",
        doc: "the rate times the product of a function of every step from 1 on",
        arguments: &[LEARNING_RATE, LR_LAMBDA],
        translate: decays::multiplicative_decay,
    },
    Dialect {
        name: "paddle.OneCycleLR",
        doc: "up to max_learning_rate and down to end_learning_rate, once",
        arguments: &[
            required("max_learning_rate", Takes::Number, "the peak"),
            required(
                "total_steps",
                Takes::Integer,
                "how many steps the cycle has",
            ),
            number(
                "divide_factor",
                25.0,
                "the first rate is max_learning_rate divided by it",
            ),
            number("end_learning_rate", 1e-4, "the last rate"),
            number("phase_pct", 0.3, "the share of the steps that rise"),
            word(
                "anneal_strategy",
                ANNEAL_STRATEGIES,
                "cos",
                "the shape of the phases",
            ),
            off(
                "three_phase",
                "whether it falls to the first rate as steeply as it rose, and then to the last",
            ),
        ],
        translate: cycles::one_cycle_lr,
    },
    Dialect {
        name: "paddle.CyclicLR",
        doc: "a triangle wave between two rates",
        arguments: &[
            required("base_learning_rate", Takes::Number, "the rate at the feet"),
            required("max_learning_rate", Takes::Number, "the rate at the peaks"),
            required(
                "step_size_up",
                Takes::Integer,
                "steps from a foot to a peak",
            ),
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
                "exp_gamma",
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
        ],
        translate: cycles::cyclic_lr,
    },
    Dialect {
        name: "paddle.LinearLR",
        doc: "the rate times a line of factors",
        arguments: &[
            LEARNING_RATE,
            required("total_steps", Takes::Integer, "how many steps it takes"),
            number("start_factor", 1.0 / 3.0, "the first factor"),
            number("end_factor", 1.0, "the last factor"),
        ],
        translate: decays::linear_lr,
    },
    Dialect {
        name: "paddle.CosineAnnealingWarmRestarts",
        doc: "cosines down to eta_min, each begun at the full rate",
        arguments: &[
            LEARNING_RATE,
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
];

#[cfg(test)]
mod tests;
