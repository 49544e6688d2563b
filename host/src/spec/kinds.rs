//! The kinds of schedules as they are written in text: the one place that maps names to the core's constructors.

use hairpin_core::{
    AnyFeedback, ConfigError, Constant, Cooldown, CosineAnnealing, Exponential, Factor, FirstLoss,
    InverseTime, Lambda, Mode, MultiStep, NaturalExp, Noam, PiecewiseConstant, Plan, PlateauConfig,
    PlateauRules, Polynomial, ReduceOnPlateau, RelativeMargin, Rounding, SgdConfig, Step,
    ThresholdMode,
};

use super::value::{ParameterValue, Type};

/// One kind of schedule: its name, its fields, and how it is made from them.
#[derive(Debug)]
pub struct Kind {
    /// What `kind` says.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Its parameters, in the order in which they are drawn.
    pub fields: &'static [Field],
    /// Its constructor.
    pub(super) build: Build,
}

/// One parameter of a kind, or of the update.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// What may stand there.
    pub ty: Type,
    /// What holds where the key is absent.
    pub fallback: Fallback,
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
    /// The key must be there.
    Required,
    /// Something else decides.
    Absent,
    /// A number.
    Number(f64),
    /// A whole number.
    Count(u32),
    /// `true` or `false`.
    Flag(bool),
    /// A word.
    Word(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Build {
    /// From the fields alone.
    Alone(fn(&Values<'_>) -> Result<Plan, ConfigError>),
    /// In front of the schedule in the field `after`.
    Before(fn(&Values<'_>, Plan) -> Result<Plan, ConfigError>),
}

/// The values of a list of fields, by name.
///
/// Asking for a name that is not in the list is a mistake in this file; it gives a value that the constructors refuse, and
/// the test `every_kind_builds_from_its_own_fields` finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) fields: &'static [Field],
    pub(super) values: &'a [Option<ParameterValue>],
}

impl Values<'_> {
    fn get(&self, name: &str) -> Option<&ParameterValue> {
        let index = self.fields.iter().position(|field| field.name == name)?;
        self.values.get(index)?.as_ref()
    }

    fn number(&self, name: &str) -> f64 {
        self.get(name)
            .and_then(ParameterValue::as_number)
            .unwrap_or(f64::NAN)
    }

    fn count(&self, name: &str) -> u32 {
        if let Some(ParameterValue::Count(count)) = self.get(name) {
            *count
        } else {
            0
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(ParameterValue::Flag(true)))
    }

    fn text(&self, name: &str) -> &str {
        if let Some(ParameterValue::Text(text)) = self.get(name) {
            text
        } else {
            ""
        }
    }

    fn numbers(&self, name: &str) -> &[f64] {
        if let Some(ParameterValue::Numbers(numbers)) = self.get(name) {
            numbers
        } else {
            &[]
        }
    }

    fn counts(&self, name: &str) -> &[u32] {
        if let Some(ParameterValue::Counts(counts)) = self.get(name) {
            counts
        } else {
            &[]
        }
    }
}

const fn field(name: &'static str, ty: Type, fallback: Fallback, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        ty,
        fallback,
    }
}

const fn required(name: &'static str, ty: Type, doc: &'static str) -> Field {
    field(name, ty, Fallback::Required, doc)
}

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

/// The parameters of the update, `[sgd]`.
pub const SGD: &[Field] = &[
    field(
        "momentum",
        Type::Number,
        Fallback::Number(0.0),
        "share of the velocity kept from step to step",
    ),
    field(
        "dampening",
        Type::Number,
        Fallback::Number(0.0),
        "share of the gradient kept out of the velocity",
    ),
    field(
        "nesterov",
        Type::Flag,
        Fallback::Flag(false),
        "look ahead along the velocity",
    ),
    field(
        "weight_decay",
        Type::Number,
        Fallback::Number(0.0),
        "L2 penalty",
    ),
    field(
        "gradient_scale",
        Type::Number,
        Fallback::Number(1.0),
        "factor on the gradient before anything else",
    ),
    field(
        "rounding",
        Type::Word(&["separate", "fused"]),
        Fallback::Word("separate"),
        "how products and sums are rounded",
    ),
];

pub(super) fn sgd_config(values: &[Option<ParameterValue>]) -> SgdConfig {
    let v = Values {
        fields: SGD,
        values,
    };
    SgdConfig {
        momentum: v.number("momentum"),
        dampening: v.number("dampening"),
        nesterov: v.flag("nesterov"),
        weight_decay: v.number("weight_decay"),
        gradient_scale: v.number("gradient_scale"),
        rounding: if v.text("rounding") == "fused" {
            Rounding::Fused
        } else {
            Rounding::Separate
        },
    }
}
