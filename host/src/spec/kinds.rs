//! The kinds of schedules as they are written in text: the one place that maps names to the core's constructors.

use hairpin_core::{
    AnyFeedback, Constant, Cooldown, CosineAnnealing, Exponential, Factor, FirstLoss, InverseTime,
    Lambda, Mode, MultiStep, NaturalExp, Noam, PiecewiseConstant, PlateauConfig, PlateauRules,
    Polynomial, ReduceOnPlateau, RelativeMargin, Step, ThresholdMode,
};

use super::field::{Build, Fallback, Field, Kind, Values, field, required};
use super::value::Type;

const LEARNING_RATE: Field = required(
    "learning_rate",
    Type::Number,
    "the rate everything is measured from",
);
const DECAY_GAMMA: Field = field(
    "gamma",
    Type::Number,
    Fallback::Number(0.1),
    "the factor of each cut",
);

/// All kinds. Defaults are PaddlePaddle's.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "constant",
        doc: "one rate for ever",
        fields: &[LEARNING_RATE],
        build: Build::Alone(|v| Ok(Constant::new(v.number("learning_rate"))?.into())),
    },
    Kind {
        name: "piecewise_constant",
        doc: "a given rate in each interval",
        fields: &[
            required(
                "boundaries",
                Type::Counts,
                "the steps at which the next rate begins, strictly increasing",
            ),
            required(
                "values",
                Type::Numbers,
                "the rates, one more than boundaries",
            ),
        ],
        build: Build::Alone(|v| {
            Ok(PiecewiseConstant::<16>::new(v.counts("boundaries"), v.numbers("values"))?.into())
        }),
    },
    Kind {
        name: "exponential",
        doc: "learning_rate * gamma^t",
        fields: &[
            LEARNING_RATE,
            required("gamma", Type::Number, "the factor of each step"),
        ],
        build: Build::Alone(|v| {
            Ok(Exponential::new(v.number("learning_rate"), v.number("gamma"))?.into())
        }),
    },
    Kind {
        name: "natural_exp",
        doc: "learning_rate * exp(-gamma * t)",
        fields: &[
            LEARNING_RATE,
            required("gamma", Type::Number, "the decay of each step"),
        ],
        build: Build::Alone(|v| {
            Ok(NaturalExp::new(v.number("learning_rate"), v.number("gamma"))?.into())
        }),
    },
    Kind {
        name: "polynomial",
        doc: "from learning_rate to end_lr on ((T - t) / T)^power",
        fields: &[
            LEARNING_RATE,
            field(
                "end_lr",
                Type::Number,
                Fallback::Number(1e-4),
                "the rate at the end",
            ),
            required("decay_steps", Type::Count, "how many steps the decay takes"),
            field(
                "power",
                Type::Number,
                Fallback::Number(1.0),
                "the exponent; 1 is a straight line",
            ),
            field(
                "cycle",
                Type::Flag,
                Fallback::Flag(false),
                "begin again, lower, instead of staying at the end",
            ),
        ],
        build: Build::Alone(|v| {
            let (rate, end) = (v.number("learning_rate"), v.number("end_lr"));
            Ok(Polynomial::new(
                rate,
                end,
                v.count("decay_steps"),
                v.number("power"),
                v.flag("cycle"),
            )?
            .into())
        }),
    },
    Kind {
        name: "step",
        doc: "times gamma every step_size",
        fields: &[
            LEARNING_RATE,
            required("step_size", Type::Count, "the steps between two cuts"),
            DECAY_GAMMA,
        ],
        build: Build::Alone(|v| {
            Ok(Step::new(
                v.number("learning_rate"),
                v.count("step_size"),
                v.number("gamma"),
            )?
            .into())
        }),
    },
    Kind {
        name: "multi_step",
        doc: "times gamma at each milestone",
        fields: &[
            LEARNING_RATE,
            required(
                "milestones",
                Type::Counts,
                "the steps at which the rate is cut, strictly increasing",
            ),
            DECAY_GAMMA,
        ],
        build: Build::Alone(|v| {
            Ok(MultiStep::<32>::new(
                v.number("learning_rate"),
                v.counts("milestones"),
                v.number("gamma"),
            )?
            .into())
        }),
    },
    Kind {
        name: "inverse_time",
        doc: "learning_rate / (1 + gamma * t)",
        fields: &[
            LEARNING_RATE,
            required(
                "gamma",
                Type::Number,
                "the growth of the divisor with each step",
            ),
        ],
        build: Build::Alone(|v| {
            Ok(InverseTime::new(v.number("learning_rate"), v.number("gamma"))?.into())
        }),
    },
    Kind {
        name: "lambda",
        doc: "learning_rate * factor(step)",
        fields: &[
            LEARNING_RATE,
            required(
                "factor",
                Type::Text,
                "an expression of `step`, written as in Python: \"0.95 ** step\"",
            ),
        ],
        build: Build::Alone(|v| {
            Ok(Lambda::new(v.number("learning_rate"), Factor::parse(v.text("factor"))?)?.into())
        }),
    },
    Kind {
        name: "cosine_annealing",
        doc: "a cosine from learning_rate to eta_min and back",
        fields: &[
            LEARNING_RATE,
            field(
                "eta_min",
                Type::Number,
                Fallback::Number(0.0),
                "the lowest rate",
            ),
            required(
                "t_max",
                Type::Count,
                "the steps from the highest rate to the lowest",
            ),
        ],
        build: Build::Alone(|v| {
            Ok(CosineAnnealing::new(
                v.number("learning_rate"),
                v.number("eta_min"),
                v.count("t_max"),
            )?
            .into())
        }),
    },
    Kind {
        name: "noam",
        doc: "up in a line, down with t^-0.5, as the Transformer was trained",
        fields: &[
            field(
                "learning_rate",
                Type::Number,
                Fallback::Number(1.0),
                "the rate everything is measured from",
            ),
            required("d_model", Type::Count, "the width of the model"),
            required("warmup_steps", Type::Count, "the step of the highest rate"),
        ],
        build: Build::Alone(|v| {
            Ok(Noam::new(
                v.number("learning_rate"),
                v.count("d_model"),
                v.count("warmup_steps"),
            )?
            .into())
        }),
    },
    Kind {
        name: "reduce_on_plateau",
        doc: "cut when the loss stops improving",
        fields: &[
            LEARNING_RATE,
            field(
                "mode",
                Type::Word(&["min", "max"]),
                Fallback::Word("min"),
                "whether smaller or larger is better",
            ),
            field(
                "factor",
                Type::Number,
                Fallback::Number(0.1),
                "the factor of each cut",
            ),
            field(
                "patience",
                Type::Count,
                Fallback::Count(10),
                "how many bad losses in a row are borne",
            ),
            field(
                "threshold",
                Type::Number,
                Fallback::Number(1e-4),
                "by how much a loss must be better",
            ),
            field(
                "threshold_mode",
                Type::Word(&["rel", "abs"]),
                Fallback::Word("rel"),
                "what threshold is measured in",
            ),
            field(
                "cooldown",
                Type::Count,
                Fallback::Count(0),
                "how many losses after a cut are not counted",
            ),
            field(
                "min_lr",
                Type::Number,
                Fallback::Number(0.0),
                "no cut goes below this rate",
            ),
            field(
                "epsilon",
                Type::Number,
                Fallback::Number(1e-8),
                "a cut smaller than this is not made",
            ),
            field(
                "rules",
                Type::Word(&["paddle", "torch"]),
                Fallback::Word("paddle"),
                "whose rules hold where they differ",
            ),
            field(
                "first_loss",
                Type::Word(&["accepted", "beats_infinity"]),
                Fallback::Absent,
                "what the first loss has to beat, instead of what `rules` says",
            ),
            field(
                "cooldown_losses",
                Type::Word(&["ignored", "tracked"]),
                Fallback::Absent,
                "whether a loss of the cool-down can be the best, instead of what `rules` says",
            ),
            field(
                "relative_margin",
                Type::Word(&["difference", "product"]),
                Fallback::Absent,
                "how a relative threshold is formed, instead of what `rules` says",
            ),
        ],
        build: Build::Alone(|v| Ok(AnyFeedback::from(ReduceOnPlateau::new(plateau(v))?).into())),
    },
    Kind {
        name: "linear_warmup",
        doc: "a line from start_lr to end_lr, then the schedule in `after`",
        fields: &[
            required("warmup_steps", Type::Count, "how many steps the line takes"),
            required("start_lr", Type::Number, "the rate at step 0"),
            required("end_lr", Type::Number, "the rate the line ends at"),
        ],
        build: Build::Before(|v, after| {
            after.after_warmup(
                v.count("warmup_steps"),
                v.number("start_lr"),
                v.number("end_lr"),
            )
        }),
    },
];

pub(super) fn plateau(v: &Values<'_>) -> PlateauConfig {
    let preset = if v.text("rules") == "torch" {
        PlateauRules::TORCH
    } else {
        PlateauRules::PADDLE
    };
    PlateauConfig {
        learning_rate: v.number("learning_rate"),
        mode: if v.text("mode") == "max" {
            Mode::Max
        } else {
            Mode::Min
        },
        factor: v.number("factor"),
        patience: v.count("patience"),
        threshold: v.number("threshold"),
        threshold_mode: if v.text("threshold_mode") == "abs" {
            ThresholdMode::Abs
        } else {
            ThresholdMode::Rel
        },
        cooldown: v.count("cooldown"),
        min_lr: v.number("min_lr"),
        epsilon: v.number("epsilon"),
        rules: PlateauRules {
            first_loss: match v.text("first_loss") {
                "accepted" => FirstLoss::Accepted,
                "beats_infinity" => FirstLoss::BeatsInfinity,
                _ => preset.first_loss,
            },
            cooldown: match v.text("cooldown_losses") {
                "ignored" => Cooldown::Ignores,
                "tracked" => Cooldown::Tracks,
                _ => preset.cooldown,
            },
            relative_margin: match v.text("relative_margin") {
                "difference" => RelativeMargin::Difference,
                "product" => RelativeMargin::Product,
                _ => preset.relative_margin,
            },
        },
    }
}
