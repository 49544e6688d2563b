//! The schedules of Hugging Face Transformers 5.23, `transformers.optimization`.
//!
//! All but the two that read losses are a factor of the optimizer's rate. Most begin with a straight line from 0, whose first step
//! therefore has the rate 0, and count `num_training_steps` from the start of that line.

use super::common::{
    COOLDOWN, EPS, FACTOR, MIN_LR as LOWEST, MODE, OPTIMIZER_LR as LR, PATIENCE, THRESHOLD,
    THRESHOLD_MODE, THRESHOLD_MODES, argument, not_negative, optimizer_lr as rate,
};
use super::{Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation};

const NUM_WARMUP_STEPS: Argument = argument(
    "num_warmup_steps",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps the warm-up takes",
);
const NUM_TRAINING_STEPS: Argument = argument(
    "num_training_steps",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps there are, the warm-up included",
);
const NUM_CYCLES: Argument = argument(
    "num_cycles",
    Takes::Number,
    IfAbsent::Number(0.5),
    "how many waves of the cosine there are; 0.5 goes down once",
);
const MIN_LR: Argument = argument(
    "min_lr",
    Takes::Number,
    IfAbsent::None,
    "the rate at the bottom of the cosine",
);
const MIN_LR_RATE: Argument = argument(
    "min_lr_rate",
    Takes::Number,
    IfAbsent::None,
    "the same as a share of `lr`, in place of `min_lr`",
);
/// All of them.
pub(super) const DIALECTS: &[Dialect] = &[
    Dialect {
        name: "transformers.get_constant_schedule",
        doc: "one rate for ever",
        arguments: &[LR],
        translate: |args| Ok(Canonical::constant(rate(args)?).into()),
    },
    Dialect {
        name: "transformers.get_constant_schedule_with_warmup",
        doc: "a line from 0, then one rate for ever",
        arguments: &[LR, NUM_WARMUP_STEPS],
        translate: |args| {
            let lr = rate(args)?;
            let warmup = args.steps("num_warmup_steps", 0)?;
            Ok(warmed(warmup, lr, Canonical::constant(lr)).into())
        },
    },
    Dialect {
        name: "transformers.get_linear_schedule_with_warmup",
        doc: "a line from 0, then a line back to 0",
        arguments: &[LR, NUM_WARMUP_STEPS, NUM_TRAINING_STEPS],
        translate: linear,
    },
    Dialect {
        name: "transformers.get_cosine_schedule_with_warmup",
        doc: "a line from 0, then waves of a cosine to 0, which go on after the end",
        arguments: &[LR, NUM_WARMUP_STEPS, NUM_TRAINING_STEPS, NUM_CYCLES],
        translate: |args| {
            let (lr, budget) = (rate(args)?, Budget::of(args)?);
            let cosine = waves(args, lr, 0.0, budget.decay());
            Ok(warmed(budget.warmup, lr, cosine).into())
        },
    },
    Dialect {
        name: "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
        doc: "a line from 0, then half cosines to 0, each from the full rate",
        arguments: &[
            LR,
            NUM_WARMUP_STEPS,
            NUM_TRAINING_STEPS,
            argument(
                "num_cycles",
                Takes::Number,
                IfAbsent::Integer(1),
                "how often the cosine goes down",
            ),
        ],
        translate: |args| {
            let (lr, budget) = (rate(args)?, Budget::of(args)?);
            let cosine = waves(args, lr, 0.0, budget.decay()).flag("hard_restarts", true);
            let translation = Translation::from(warmed(budget.warmup, lr, cosine));
            if args.number("num_cycles") <= 1.0 {
                return Ok(translation);
            }
            Ok(translation.remark(
                "Transformers finds a restart by the fraction of a rounded product, by which some come one step late; here each comes at its step.",
            ))
        },
    },
    Dialect {
        name: "transformers.get_polynomial_decay_schedule_with_warmup",
        doc: "a line from 0, then down to lr_end on a power of the share of steps left",
        arguments: &[
            LR,
            NUM_WARMUP_STEPS,
            NUM_TRAINING_STEPS,
            argument(
                "lr_end",
                Takes::Number,
                IfAbsent::Number(1e-7),
                "the rate at the end, below `lr`",
            ),
            argument(
                "power",
                Takes::Number,
                IfAbsent::Number(1.0),
                "the exponent; 1 is a straight line",
            ),
        ],
        translate: polynomial,
    },
    Dialect {
        name: "transformers.get_cosine_with_min_lr_schedule_with_warmup",
        doc: "a line from 0, then waves of a cosine down to a lowest rate",
        arguments: &[
            LR,
            NUM_WARMUP_STEPS,
            NUM_TRAINING_STEPS,
            NUM_CYCLES,
            MIN_LR,
            MIN_LR_RATE,
        ],
        translate: |args| {
            let (lr, budget) = (rate(args)?, Budget::of(args)?);
            let lowest = lowest(args, lr)?;
            let cosine = waves(args, lr, lowest, budget.decay());
            Ok(warmed(budget.warmup, lr, cosine).into())
        },
    },
    Dialect {
        name: "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
        doc: "the same one step ahead, with a line that need not begin at 0",
        arguments: &[
            LR,
            NUM_WARMUP_STEPS,
            NUM_TRAINING_STEPS,
            NUM_CYCLES,
            MIN_LR,
            MIN_LR_RATE,
            argument(
                "warmup_lr_rate",
                Takes::Number,
                IfAbsent::None,
                "the rate at step 0 as a share of `lr`; without it 1 / num_warmup_steps",
            ),
        ],
        translate: one_step_ahead,
    },
    Dialect {
        name: "transformers.get_inverse_sqrt_schedule",
        doc: "a line from 0, then down with the inverse square root of the step",
        arguments: &[
            LR,
            NUM_WARMUP_STEPS,
            argument(
                "timescale",
                Takes::Number,
                IfAbsent::None,
                "the steps after which the rate is down to 1 / sqrt(2); without it num_warmup_steps, or 10000 if that is 0",
            ),
        ],
        translate: inverse_sqrt,
    },
    Dialect {
        name: "transformers.get_wsd_schedule",
        doc: "a warm-up, the full rate, a decay, the lowest rate",
        arguments: &[
            LR,
            NUM_WARMUP_STEPS,
            argument(
                "num_decay_steps",
                Takes::Integer,
                IfAbsent::Required,
                "how many steps the decay takes",
            ),
            argument(
                "num_training_steps",
                Takes::Integer,
                IfAbsent::None,
                "how many steps there are in all, where num_stable_steps is not given",
            ),
            argument(
                "num_stable_steps",
                Takes::Integer,
                IfAbsent::None,
                "how many steps have the full rate",
            ),
            argument(
                "warmup_type",
                Takes::Word(SHAPES),
                IfAbsent::Text("linear"),
                "the shape of the warm-up",
            ),
            argument(
                "decay_type",
                Takes::Word(SHAPES),
                IfAbsent::Text("cosine"),
                "the shape of the decay",
            ),
            argument(
                "min_lr_ratio",
                Takes::Number,
                IfAbsent::Number(0.0),
                "the rate at both ends as a share of `lr`",
            ),
            NUM_CYCLES,
        ],
        translate: warmup_stable_decay,
    },
    Dialect {
        name: "transformers.GreedyLR",
        doc: "raise the rate while the metric improves, cut it when it stops",
        arguments: GREEDY,
        translate: greedy,
    },
    Dialect {
        name: "transformers.get_greedy_schedule",
        doc: "GreedyLR",
        arguments: GREEDY,
        translate: greedy,
    },
    Dialect {
        name: "transformers.get_reduce_on_plateau_schedule",
        doc: "torch's ReduceLROnPlateau",
        arguments: &[
            LR,
            MODE,
            FACTOR,
            PATIENCE,
            THRESHOLD,
            THRESHOLD_MODE,
            COOLDOWN,
            LOWEST,
            EPS,
        ],
        translate: plateau,
    },
];

const GREEDY: &[Argument] = &[
    LR,
    MODE,
    argument(
        "factor",
        Takes::Number,
        IfAbsent::Number(0.95),
        "what the rate is multiplied by in a cut and divided by in a raise",
    ),
    argument(
        "patience",
        Takes::Integer,
        IfAbsent::Integer(10),
        "how many good or bad metrics in a row change nothing",
    ),
    argument(
        "threshold",
        Takes::Number,
        IfAbsent::Number(1e-6),
        "by how much a metric must be better",
    ),
    argument(
        "threshold_mode",
        THRESHOLD_MODES,
        IfAbsent::Text("abs"),
        "what threshold is measured in",
    ),
    argument(
        "cooldown",
        Takes::Integer,
        IfAbsent::Integer(0),
        "how many metrics after a cut are ignored",
    ),
    argument(
        "warmup",
        Takes::Integer,
        IfAbsent::Integer(0),
        "how many metrics after a raise are ignored",
    ),
    argument(
        "min_lr",
        Takes::Number,
        IfAbsent::Number(1e-3),
        "no cut goes below this rate",
    ),
    argument(
        "max_lr",
        Takes::Number,
        IfAbsent::Number(1.0),
        "no raise goes above this rate",
    ),
    argument(
        "eps",
        Takes::Number,
        IfAbsent::Number(1e-8),
        "a change not larger than this is not made",
    ),
    argument(
        "smooth",
        Takes::Flag,
        IfAbsent::Flag(false),
        "whether the mean of the last metrics counts in place of the last",
    ),
    argument(
        "window_size",
        Takes::Integer,
        IfAbsent::Integer(50),
        "how many metrics that mean is over",
    ),
    argument(
        "reset_start",
        Takes::Integer,
        IfAbsent::Integer(500),
        "how many cuts at the lowest rate it takes to begin anew",
    ),
];

/// The schedule `after` a line from 0 to `lr`.
fn warmed(warmup: u32, lr: f64, after: Canonical) -> Canonical {
    if warmup == 0 {
        return after;
    }
    Canonical::new("linear_warmup")
        .count("warmup_steps", warmup)
        .number("start_lr", 0.0)
        .number("end_lr", lr)
        .schedule("after", after)
}

/// Steps of the warm-up, and of the warm-up and what follows it together.
struct Budget {
    warmup: u32,
    training: u32,
}

impl Budget {
    fn of(args: &Arguments<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            warmup: args.steps("num_warmup_steps", 0)?,
            training: args.steps("num_training_steps", 0)?,
        })
    }

    /// The length of what follows; Transformers takes 1 where none is left.
    fn decay(&self) -> u32 {
        self.training.saturating_sub(self.warmup).max(1)
    }
}

fn linear(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (lr, budget) = (rate(args)?, Budget::of(args)?);
    let down = match budget.training.saturating_sub(budget.warmup) {
        0 => Canonical::constant(0.0),
        steps => Canonical::new("linear")
            .number("start_lr", lr)
            .number("end_lr", 0.0)
            .count("total_steps", steps),
    };
    Ok(warmed(budget.warmup, lr, down).into())
}

/// `num_cycles` waves between `lr` and `lowest` in so many steps; a rate never goes below 0.
fn waves(args: &Arguments<'_>, lr: f64, lowest: f64, steps: u32) -> Canonical {
    let waves = Canonical::new("cosine_cycles")
        .number("learning_rate", lr)
        .number("eta_min", lowest)
        .count("total_steps", steps)
        .number("num_cycles", args.number("num_cycles"));
    never_negative(lowest, waves)
}

/// Cut off at 0 where `lowest` is below.
fn never_negative(lowest: f64, schedule: Canonical) -> Canonical {
    if lowest < 0.0 {
        Canonical::new("clamp")
            .number("min_lr", 0.0)
            .schedule("schedule", schedule)
    } else {
        schedule
    }
}

/// The lowest rate, of the two ways to say it.
fn lowest(args: &Arguments<'_>, lr: f64) -> Result<f64, Refusal> {
    match (
        args.optional_number("min_lr"),
        args.optional_number("min_lr_rate"),
    ) {
        (Some(_), Some(_)) => Err(Refusal::of("min_lr_rate", "must not stand beside `min_lr`")
            .help("leave one of the two out")),
        (None, None) => {
            Err(Refusal::of("min_lr", "must be given")
                .help("or give `min_lr_rate`, its share of `lr`"))
        }
        // Transformers works with the share, which a rate of 0 does not have.
        (Some(_), None) if lr == 0.0 => Err(Refusal::of(
            "lr",
            "must be above 0, for `min_lr` to be a share of it",
        )
        .help("give `min_lr_rate` in place of `min_lr`")),
        (Some(lowest), None) => Ok(lowest),
        (None, Some(share)) => Ok(lr * share),
    }
}

fn polynomial(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (lr, budget) = (rate(args)?, Budget::of(args)?);
    let (end, power) = (args.number("lr_end"), args.number("power"));
    if !(end < lr) {
        return Err(
            Refusal::of("lr_end", format!("must be below `lr`, which is {lr}")).help(
                "for a rate that does not fall use transformers.get_constant_schedule_with_warmup",
            ),
        );
    }
    if !(power >= 0.0) {
        return Err(Refusal::of(
            "power",
            "must be at least 0: the last step takes 0 to this power",
        ));
    }
    if budget.warmup == budget.training {
        return Err(Refusal::of(
            "num_training_steps",
            "must not equal `num_warmup_steps`: the first step after the warm-up divides by their difference",
        )
        .help("for a warm-up alone use transformers.get_constant_schedule_with_warmup"));
    }
    let Some(steps) = budget.training.checked_sub(budget.warmup) else {
        return Ok(warmed(budget.warmup, lr, Canonical::constant(end)).into());
    };
    let down = if power > 0.0 {
        Canonical::new("polynomial")
            .number("learning_rate", lr)
            .number("end_lr", end)
            .count("decay_steps", steps)
            .number("power", power)
    } else {
        // Anything to the power of 0 is 1, at the last step too.
        match steps.checked_add(1) {
            Some(over) => Canonical::new("piecewise_constant")
                .counts("boundaries", [over])
                .numbers("values", [lr, end]),
            None => Canonical::constant(lr),
        }
    };
    Ok(warmed(budget.warmup, lr, down).into())
}

fn one_step_ahead(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (lr, budget) = (rate(args)?, Budget::of(args)?);
    let cosine = waves(args, lr, lowest(args, lr)?, budget.decay());
    let Some(line) = budget.warmup.checked_sub(1) else {
        return Ok(cosine.begun_at(1).into());
    };
    let Some(share) = args.optional_number("warmup_lr_rate") else {
        return Ok(Canonical::new("warmup")
            .count("warmup_steps", budget.warmup)
            .number("start_lr", 0.0)
            .number("end_lr", lr)
            .count("first_step", 1)
            .count("after_clock", 1)
            .schedule("after", cosine)
            .into());
    };
    // The line is at the full rate one step before the warm-up ends, and so is the cosine's clock at 0.
    Ok(if line == 0 {
        Canonical::new("sequential")
            .schedules("schedules", [Canonical::constant(lr * share), cosine])
            .counts("milestones", [1])
            .counts("clocks", [0, 1])
    } else {
        Canonical::new("linear_warmup")
            .count("warmup_steps", line)
            .number("start_lr", lr * share)
            .number("end_lr", lr)
            .schedule("after", cosine)
    }
    .into())
}

fn inverse_sqrt(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let lr = rate(args)?;
    let warmup = args.steps("num_warmup_steps", 0)?;
    let timescale = match args.optional_number("timescale") {
        Some(timescale) if timescale > 0.0 => timescale,
        Some(_) => return Err(Refusal::of("timescale", "must be above 0")),
        None if warmup == 0 => 10_000.0,
        None => f64::from(warmup),
    };
    let down = Canonical::new("inverse_sqrt")
        .number("learning_rate", lr)
        .number("timescale", timescale);
    Ok(warmed(warmup, lr, down).into())
}

/// What `warmup_type` and `decay_type` may be.
const SHAPES: &[&str] = &["linear", "cosine", "1-sqrt"];

fn warmup_stable_decay(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let lr = rate(args)?;
    let warmup = args.steps("num_warmup_steps", 0)?;
    let decay = args.steps("num_decay_steps", 0)?;
    let stable = match (
        args.optional_integer("num_stable_steps"),
        args.optional_integer("num_training_steps"),
    ) {
        (Some(stable), _) => stable,
        (None, Some(training)) => training
            .saturating_sub(i64::from(warmup))
            .saturating_sub(i64::from(decay)),
        (None, None) => {
            return Err(Refusal::of("num_training_steps", "must be given")
                .help("or give `num_stable_steps`, the steps at the full rate"));
        }
    };
    let lowest = lr * args.number("min_lr_ratio");
    let num_cycles = args.number("num_cycles");
    let warmup_shape = match args.text("warmup_type") {
        "1-sqrt" => "reverse_sqrt",
        shape @ "cosine" => shape,
        _ => "linear",
    };
    let (decay_shape, amount) = match args.text("decay_type") {
        "1-sqrt" => ("sqrt", None),
        "cosine" if num_cycles == 0.5 => ("cosine", None),
        "cosine" => ("cycles", Some(num_cycles)),
        _ => ("linear", None),
    };
    let with_amount = |schedule: Canonical| match amount {
        Some(amount) => schedule.number("amount", amount),
        None => schedule,
    };
    let phases = match u32::try_from(stable) {
        Ok(stable) if decay > 0 => with_amount(
            Canonical::new("warmup_stable_decay")
                .number("learning_rate", lr)
                .number("start_lr", lowest)
                .number("end_lr", lowest)
                .count("warmup_steps", warmup)
                .count("stable_steps", stable)
                .count("decay_steps", decay)
                .text("warmup_shape", warmup_shape)
                .text("decay_shape", decay_shape),
        ),
        Ok(stable) => rise(
            (warmup, warmup_shape, lowest, lr),
            0,
            match stable {
                0 => Canonical::constant(lowest),
                _ => Canonical::new("piecewise_constant")
                    .counts("boundaries", [stable])
                    .numbers("values", [lr, lowest]),
            },
        ),
        Err(_) if stable > 0 => {
            return Err(Refusal::of(
                "num_stable_steps",
                format!("must be at most {}", u32::MAX),
            ));
        }
        // The decay began while the warm-up was still going on: what is left of it follows.
        Err(_) => rise(
            (warmup, warmup_shape, lowest, lr),
            u32::try_from(stable.unsigned_abs()).unwrap_or(u32::MAX),
            if decay == 0 {
                Canonical::constant(lowest)
            } else {
                with_amount(
                    Canonical::new("anneal")
                        .number("start_lr", lr)
                        .number("end_lr", lowest)
                        .count("total_steps", decay)
                        .text("shape", decay_shape),
                )
            },
        ),
    };
    let end = i64::from(warmup)
        .saturating_add(stable)
        .saturating_add(i64::from(decay))
        .max(i64::from(warmup));
    // Below 0 the phases are cut off, but not what is held after them.
    let schedule = match u32::try_from(end) {
        Ok(0) if lowest < 0.0 => Canonical::constant(lowest),
        Ok(end) if lowest < 0.0 => Canonical::new("sequential")
            .schedules(
                "schedules",
                [never_negative(lowest, phases), Canonical::constant(lowest)],
            )
            .counts("milestones", [end]),
        _ => never_negative(lowest, phases),
    };
    Ok(schedule.into())
}

/// A warm-up of this length and shape between two rates, and what follows with its clock at `clock`.
fn rise(
    (steps, shape, start, end): (u32, &str, f64, f64),
    clock: u32,
    after: Canonical,
) -> Canonical {
    if steps == 0 {
        return after.begun_at(clock);
    }
    Canonical::new("warmup")
        .count("warmup_steps", steps)
        .number("start_lr", start)
        .number("end_lr", end)
        .text("shape", shape)
        .count("after_clock", clock)
        .schedule("after", after)
}

/// A factor of cuts.
fn cut(args: &Arguments<'_>) -> Result<f64, Refusal> {
    let factor = args.number("factor");
    if factor >= 1.0 {
        return Err(Refusal::of("factor", "must be below 1"));
    }
    Ok(factor)
}

/// A count of which negative ones act as 0.
fn at_least_0(args: &Arguments<'_>, name: &'static str) -> Result<u32, Refusal> {
    if args.integer(name) < 0 {
        return Ok(0);
    }
    args.steps(name, 0)
}

fn greedy(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let factor = cut(args)?;
    if !(factor > 0.0) {
        return Err(
            Refusal::of("factor", "must be above 0: a raise divides by it")
                .help("the rate is multiplied by it in a cut; 0.95 is the default"),
        );
    }
    let smooth = args.flag("smooth");
    let greedy = Canonical::new("greedy")
        .number("learning_rate", rate(args)?)
        .text("mode", args.text("mode"))
        .number("factor", factor)
        .count("patience", args.steps("patience", 0)?)
        .number("threshold", args.number("threshold"))
        .text("threshold_mode", args.text("threshold_mode"))
        .count("cooldown", at_least_0(args, "cooldown")?)
        .count("warmup", at_least_0(args, "warmup")?)
        .number("min_lr", args.number("min_lr"))
        .number("max_lr", args.number("max_lr"))
        .number("eps", args.number("eps"))
        .flag("smooth", smooth);
    // The window is only looked at where it is used.
    let greedy = if smooth {
        greedy.count("window_size", args.steps("window_size", 1)?)
    } else {
        greedy
    };
    let reset_start = if args.integer("reset_start") < 1 {
        1
    } else {
        args.steps("reset_start", 1)?
    };
    Ok(greedy.count("reset_start", reset_start).into())
}

fn plateau(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    cut(args)?;
    let factor = not_negative(args, "factor")?;
    Ok(Canonical::new("reduce_on_plateau")
        .number("learning_rate", rate(args)?)
        .text("mode", args.text("mode"))
        .number("factor", factor)
        .count("patience", args.steps("patience", 0)?)
        .number("threshold", args.number("threshold"))
        .text("threshold_mode", args.text("threshold_mode"))
        .count("cooldown", at_least_0(args, "cooldown")?)
        .number("min_lr", args.number("min_lr"))
        .number("epsilon", args.number("eps"))
        .text("rules", "torch")
        .into())
}

#[cfg(test)]
mod tests;
