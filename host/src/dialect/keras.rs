//! Schedules of Keras 3.15.1.

use super::common::argument;
use super::{Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation};

/// Keras' schedules.
pub(super) const DIALECTS: &[Dialect] = &[
    EXPONENTIAL,
    PIECEWISE,
    POLYNOMIAL,
    INVERSE_TIME,
    COSINE,
    COSINE_RESTARTS,
    PLATEAU,
];

const INITIAL_LEARNING_RATE: Argument = argument(
    "initial_learning_rate",
    Takes::Number,
    IfAbsent::Required,
    "the rate at the beginning",
);

const DECAY_STEPS: Argument = argument(
    "decay_steps",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps the decay takes, or its factor is for",
);

const DECAY_RATE: Argument = argument(
    "decay_rate",
    Takes::Number,
    IfAbsent::Required,
    "how much each `decay_steps` bring",
);

const STAIRCASE: Argument = argument(
    "staircase",
    Takes::Flag,
    IfAbsent::Flag(false),
    "decay only at whole multiples of `decay_steps`",
);

const ALPHA: Argument = argument(
    "alpha",
    Takes::Number,
    IfAbsent::Number(0.0),
    "the lowest rate as a share of the rate that the decay starts from",
);

const EXPONENTIAL: Dialect = Dialect {
    name: "keras.ExponentialDecay",
    doc: "A power of `decay_rate` that grows with the steps.",
    arguments: &[INITIAL_LEARNING_RATE, DECAY_STEPS, DECAY_RATE, STAIRCASE],
    translate: |arguments| {
        let decay_rate = arguments.number("decay_rate");
        let steps = arguments.steps("decay_steps", 1)?;
        let staircase = arguments.flag("staircase");
        if decay_rate < 0.0 && !staircase && steps > 1 {
            return Err(Refusal::of(
                "decay_rate",
                "must be at least 0 where its power is not whole",
            )
            .help("set `staircase`; Keras gives NaN between the multiples of `decay_steps`"));
        }
        let schedule = Canonical::new("exponential")
            .number("learning_rate", arguments.number("initial_learning_rate"))
            .number("gamma", decay_rate);
        Ok(slowed(schedule, steps, staircase).into())
    },
};

const PIECEWISE: Dialect = Dialect {
    name: "keras.PiecewiseConstantDecay",
    doc: "The first value up to and with the first boundary, the next one after it.",
    arguments: &[
        argument(
            "boundaries",
            Takes::Numbers,
            IfAbsent::Required,
            "the last steps of all values but the last",
        ),
        argument(
            "values",
            Takes::Numbers,
            IfAbsent::Required,
            "the rates, one more than boundaries",
        ),
    ],
    translate: piecewise,
};

const POLYNOMIAL: Dialect = Dialect {
    name: "keras.PolynomialDecay",
    doc: "From one rate to another on a power of the share of steps left.",
    arguments: &[
        INITIAL_LEARNING_RATE,
        DECAY_STEPS,
        argument(
            "end_learning_rate",
            Takes::Number,
            IfAbsent::Number(1e-4),
            "the rate at the end",
        ),
        argument(
            "power",
            Takes::Number,
            IfAbsent::Number(1.0),
            "the power; 1 is a straight line",
        ),
        argument(
            "cycle",
            Takes::Flag,
            IfAbsent::Flag(false),
            "begin again, lower, instead of staying at the end",
        ),
    ],
    translate: |arguments| {
        let learning_rate = arguments.number("initial_learning_rate");
        let steps = arguments.steps("decay_steps", 1)?;
        let power = arguments.number("power");
        if power < 0.0 {
            return Err(Refusal::of("power", "must be at least 0")
                .help("a negative power makes the rate infinite at the end"));
        }
        if power == 0.0 {
            return Ok(Canonical::constant(learning_rate).into());
        }
        let schedule = Canonical::new("polynomial")
            .number("learning_rate", learning_rate)
            .number("end_lr", arguments.number("end_learning_rate"))
            .count("decay_steps", steps)
            .number("power", power);
        Ok(if arguments.flag("cycle") {
            schedule.flag("cycle", true)
        } else {
            schedule
        }
        .into())
    },
};

const INVERSE_TIME: Dialect = Dialect {
    name: "keras.InverseTimeDecay",
    doc: "Divided by a number that grows with the steps.",
    arguments: &[INITIAL_LEARNING_RATE, DECAY_STEPS, DECAY_RATE, STAIRCASE],
    translate: |arguments| {
        let steps = arguments.steps("decay_steps", 1)?;
        let schedule = Canonical::new("inverse_time")
            .number("learning_rate", arguments.number("initial_learning_rate"))
            .number("gamma", arguments.number("decay_rate"));
        Ok(slowed(schedule, steps, arguments.flag("staircase")).into())
    },
};

const COSINE: Dialect = Dialect {
    name: "keras.CosineDecay",
    doc: "Half a cosine down, after a straight warm-up where there is a target for it.",
    arguments: &[
        INITIAL_LEARNING_RATE,
        DECAY_STEPS,
        ALPHA,
        argument(
            "warmup_target",
            Takes::Number,
            IfAbsent::None,
            "the rate that a warm-up goes to and the decay starts from",
        ),
        argument(
            "warmup_steps",
            Takes::Integer,
            IfAbsent::Integer(0),
            "how many steps the warm-up takes, which `decay_steps` does not count",
        ),
    ],
    translate: cosine,
};

const COSINE_RESTARTS: Dialect = Dialect {
    name: "keras.CosineDecayRestarts",
    doc: "Half a cosine down, again and again.",
    arguments: &[
        INITIAL_LEARNING_RATE,
        argument(
            "first_decay_steps",
            Takes::Integer,
            IfAbsent::Required,
            "how many steps the first cycle takes",
        ),
        argument(
            "t_mul",
            Takes::Number,
            IfAbsent::Number(2.0),
            "how many times as long each cycle is as the one before",
        ),
        argument(
            "m_mul",
            Takes::Number,
            IfAbsent::Number(1.0),
            "how many times as high each cycle is as the one before",
        ),
        ALPHA,
    ],
    translate: cosine_restarts,
};

const PLATEAU: Dialect = Dialect {
    name: "keras.ReduceLROnPlateau",
    doc: "Cut where a metric stops improving.",
    arguments: &[
        argument(
            "lr",
            Takes::Number,
            IfAbsent::Required,
            "the rate before any cut, which is the optimizer's own",
        ),
        argument(
            "factor",
            Takes::Number,
            IfAbsent::Number(0.1),
            "what a cut multiplies the rate by, below 1",
        ),
        argument(
            "patience",
            Takes::Integer,
            IfAbsent::Integer(10),
            "the rate is cut when this many metrics in a row have not improved; 0 counts as 1",
        ),
        argument(
            "mode",
            Takes::Word(&["auto", "min", "max"]),
            IfAbsent::Text("auto"),
            "whether the metric should fall or rise; `auto` is `min`, as for a loss",
        ),
        argument(
            "min_delta",
            Takes::Number,
            IfAbsent::Number(1e-4),
            "by how much a better metric is better; the sign does not matter",
        ),
        argument(
            "cooldown",
            Takes::Integer,
            IfAbsent::Integer(0),
            "how many metrics after a cut are not counted, less one; below 0 counts as 0",
        ),
        argument(
            "min_lr",
            Takes::Number,
            IfAbsent::Number(0.0),
            "the rate below which nothing is cut",
        ),
    ],
    translate: plateau,
};

/// A schedule whose clock is divided by a number of steps.
fn slowed(schedule: Canonical, steps: u32, staircase: bool) -> Canonical {
    let schedule = if steps == 1 {
        schedule
    } else {
        schedule.count("decay_steps", steps)
    };
    if staircase {
        schedule.flag("staircase", true)
    } else {
        schedule
    }
}

fn piecewise(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (numbers, values) = (arguments.numbers("boundaries"), arguments.numbers("values"));
    if numbers.is_empty() {
        return Err(Refusal::of("boundaries", "must be at least one step"));
    }
    if values.len() != numbers.len() + 1 {
        return Err(Refusal::of(
            "values",
            format!(
                "must be one more than the boundaries, {}; these are {}",
                numbers.len() + 1,
                values.len()
            ),
        ));
    }
    // Keras casts them to the type of the step. What does not fit 64 bits is as far away as what just fits.
    let boundaries: Vec<i64> = numbers.iter().map(|number| *number as i64).collect();
    let mut ends = boundaries.clone();
    ends.sort_unstable();
    ends.dedup();
    // Before step 0 nothing runs, and after the last step that there is neither.
    ends.retain(|end| u32::try_from(*end).is_ok());
    let rate = |step: i64| in_force(&boundaries, values, step);
    let last = ends.last().map_or(0, |end| end + 1);
    let schedule = if ends.is_empty() {
        Canonical::constant(rate(last))
    } else {
        Canonical::new("piecewise_constant")
            .counts(
                "boundaries",
                ends.iter()
                    .filter_map(|end| u32::try_from(*end).ok())
                    .collect::<Vec<_>>(),
            )
            .numbers(
                "values",
                ends.iter()
                    .copied()
                    .chain([last])
                    .map(rate)
                    .collect::<Vec<_>>(),
            )
            .text("switch", "after")
    };
    let mut translation = Translation::from(schedule);
    if numbers.iter().any(|number| number.fract() != 0.0) {
        translation =
            translation.remark("Keras cuts the fractions of `boundaries` off; so does this.");
    }
    if !boundaries.is_sorted_by(|a, b| a < b) {
        translation = translation.remark(
            "The `boundaries` do not increase, so that a step may be in several ranges or in none: Keras adds up the values of \
             those that it is in, and so does this.",
        );
    }
    Ok(translation)
}

/// The sum of the values of all ranges that a step is in: one, where the boundaries increase.
fn in_force(boundaries: &[i64], values: &[f64], step: i64) -> f64 {
    let ranges = values.iter().enumerate().filter(|(index, _)| {
        let after = index
            .checked_sub(1)
            .and_then(|before| boundaries.get(before));
        let until = boundaries.get(*index);
        after.is_none_or(|after| step > *after) && until.is_none_or(|until| step <= *until)
    });
    ranges.fold(0.0, |sum, (_, value)| sum + value)
}

fn cosine(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let initial = arguments.number("initial_learning_rate");
    let decay_steps = arguments.steps("decay_steps", 1)?;
    let decay = |from: f64| {
        Canonical::new("cosine_decay")
            .number("learning_rate", from)
            .number("eta_min", from * arguments.number("alpha"))
            .count("decay_steps", decay_steps)
    };
    let warmup_steps = arguments.integer("warmup_steps");
    let Some(target) = arguments.optional_number("warmup_target") else {
        let translation = Translation::from(decay(initial));
        return Ok(if warmup_steps == 0 {
            translation
        } else {
            translation
                .remark("Without a `warmup_target` Keras ignores `warmup_steps`; so does this.")
        });
    };
    if warmup_steps <= 0 {
        let clock = u32::try_from(warmup_steps.saturating_neg())
            .map_err(|_| Refusal::of("warmup_steps", format!("must be at least -{}", u32::MAX)))?;
        return Ok(decay(target).begun_at(clock).into());
    }
    Ok(Canonical::new("warmup_stable_decay")
        .number("learning_rate", target)
        .number("start_lr", initial)
        .number("end_lr", target * arguments.number("alpha"))
        .count("warmup_steps", arguments.steps("warmup_steps", 1)?)
        .count("stable_steps", 0)
        .count("decay_steps", decay_steps)
        .text("decay_shape", "cosine")
        .into())
}

fn cosine_restarts(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let initial = arguments.number("initial_learning_rate");
    let (alpha, peak_mult) = (arguments.number("alpha"), arguments.number("m_mul"));
    let t_mult = arguments.number("t_mul");
    if !(t_mult > 0.0 && t_mult <= 4_294_967_296.0) {
        return Err(Refusal::of(
            "t_mul",
            "must be above 0 and at most 4294967296",
        ));
    }
    let t_0 = arguments.steps("first_decay_steps", 1)?;
    let cycles = |learning_rate: f64, eta_min: f64| {
        Canonical::new("warm_restarts")
            .number("learning_rate", learning_rate)
            .number("eta_min", eta_min)
            .count("t_0", t_0)
            .number("t_mult", t_mult)
            .number("peak_mult", peak_mult)
    };
    let translation = Translation::from(if alpha == 0.0 || peak_mult == 1.0 {
        cycles(initial, initial * alpha)
    } else {
        // `m_mul` is for the part of a cycle that is above the lowest rate, not for its peak.
        Canonical::new("sum").schedules(
            "schedules",
            [
                Canonical::constant(initial * alpha),
                cycles(initial * (1.0 - alpha), 0.0),
            ],
        )
    });
    Ok(if t_mult == 1.0 {
        translation
    } else if t_mult > 1.0 {
        translation.remark(
            "Keras finds the cycle by a logarithm in 32 bits, which is off by one cycle at a few of the restarts: there it stays \
             at the lowest rate for a step, or leaves it a step early.",
        )
    } else {
        translation.remark(
            "From the first cycle on that is shorter than one step the rate is the lowest; Keras goes through ever shorter ones and \
             gives NaN after the last.",
        )
    })
}

fn plateau(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let factor = arguments.number("factor");
    if !(0.0..1.0).contains(&factor) {
        return Err(Refusal::of("factor", "must be at least 0 and below 1"));
    }
    let cooldown = if arguments.integer("cooldown") < 0 {
        0
    } else {
        arguments.steps("cooldown", 0)?
    };
    let mode = arguments.text("mode");
    let translation = Translation::from(
        Canonical::new("reduce_on_plateau")
            .number("learning_rate", arguments.number("lr"))
            .text("mode", if mode == "max" { "max" } else { "min" })
            .number("factor", factor)
            .count("patience", arguments.steps("patience", 0)?)
            .number("threshold", arguments.number("min_delta").abs())
            .text("threshold_mode", "abs")
            .count("cooldown", cooldown)
            .number("min_lr", arguments.number("min_lr"))
            .text("rules", "keras"),
    );
    Ok(if mode == "auto" {
        translation.remark(
            "With the mode `auto` Keras looks at the metric's name and kind; here the metric is a loss, which should fall.",
        )
    } else {
        translation
    })
}

#[cfg(test)]
mod tests;
