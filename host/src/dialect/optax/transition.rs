//! From one value to another, once.

use super::super::common::argument;
use crate::dialect::{
    Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation,
};

pub(super) const INIT_VALUE: Argument = argument(
    "init_value",
    Takes::Number,
    IfAbsent::Required,
    "the rate at the beginning",
);

pub(super) const END_VALUE: Argument = argument(
    "end_value",
    Takes::Number,
    IfAbsent::Required,
    "the rate at the end",
);

pub(super) const TRANSITION_STEPS: Argument = argument(
    "transition_steps",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps the transition takes; with 0 or less the rate never changes",
);

pub(super) const TRANSITION_BEGIN: Argument = argument(
    "transition_begin",
    Takes::Integer,
    IfAbsent::Integer(0),
    "how many steps the rate is held before; less than 0 counts as 0",
);

pub(super) const DECAY_RATE: Argument = argument(
    "decay_rate",
    Takes::Number,
    IfAbsent::Required,
    "the factor that each `transition_steps` bring; with 0 the rate never changes",
);

pub(super) const STAIRCASE: Argument = argument(
    "staircase",
    Takes::Flag,
    IfAbsent::Flag(false),
    "decay only at whole multiples of `transition_steps`",
);

pub(super) const LIMIT: Argument = argument(
    "end_value",
    Takes::Number,
    IfAbsent::None,
    "a lower bound of the rate where `decay_rate` is below 1, otherwise an upper bound",
);

pub(super) const EXPONENT: Argument = argument(
    "exponent",
    Takes::Number,
    IfAbsent::Number(1.0),
    "the power that the cosine, which falls from 1 to 0, is raised to",
);

pub(super) const CONSTANT: Dialect = Dialect {
    name: "optax.constant_schedule",
    doc: "One value for ever.",
    arguments: &[argument(
        "value",
        Takes::Number,
        IfAbsent::Required,
        "the rate",
    )],
    translate: |arguments| Ok(Canonical::constant(arguments.number("value")).into()),
};

pub(super) const POLYNOMIAL: Dialect = Dialect {
    name: "optax.polynomial_schedule",
    doc: "From one value to another on a power of the share of steps left.",
    arguments: &[
        INIT_VALUE,
        END_VALUE,
        argument(
            "power",
            Takes::Number,
            IfAbsent::Required,
            "the power; 1 is a straight line",
        ),
        TRANSITION_STEPS,
        TRANSITION_BEGIN,
    ],
    translate: |arguments| {
        let (init_value, end_value) = (
            arguments.number("init_value"),
            arguments.number("end_value"),
        );
        polynomial(arguments, init_value, end_value, arguments.number("power"))
    },
};

pub(super) const LINEAR: Dialect = Dialect {
    name: "optax.linear_schedule",
    doc: "A straight line from one value to another.",
    arguments: &[INIT_VALUE, END_VALUE, TRANSITION_STEPS, TRANSITION_BEGIN],
    translate: |arguments| {
        let (init_value, end_value) = (
            arguments.number("init_value"),
            arguments.number("end_value"),
        );
        polynomial(arguments, init_value, end_value, 1.0)
    },
};

pub(super) const EXPONENTIAL: Dialect = Dialect {
    name: "optax.exponential_decay",
    doc: "A power of `decay_rate` that grows with the steps.",
    arguments: &[
        INIT_VALUE,
        TRANSITION_STEPS,
        DECAY_RATE,
        TRANSITION_BEGIN,
        STAIRCASE,
        LIMIT,
    ],
    translate: |arguments| exponential(arguments, arguments.number("init_value")),
};

pub(super) const COSINE: Dialect = Dialect {
    name: "optax.cosine_decay_schedule",
    doc: "Half a cosine down to `alpha * init_value`, held there.",
    arguments: &[
        INIT_VALUE,
        argument(
            "decay_steps",
            Takes::Integer,
            IfAbsent::Required,
            "how many steps the decay takes",
        ),
        argument(
            "alpha",
            Takes::Number,
            IfAbsent::Number(0.0),
            "the rate at the end as a share of `init_value`",
        ),
        EXPONENT,
    ],
    translate: |arguments| {
        let init_value = arguments.number("init_value");
        let decay_steps = arguments.steps("decay_steps", 1)?;
        let end_value = init_value * arguments.number("alpha");
        let exponent = exponent(arguments)?;
        Ok(if exponent == 0.0 {
            Canonical::constant(init_value)
        } else {
            cosine(init_value, end_value, decay_steps, exponent)
        }
        .into())
    },
};

fn polynomial(
    arguments: &Arguments<'_>,
    init_value: f64,
    end_value: f64,
    power: f64,
) -> Result<Translation, Refusal> {
    if power < 0.0 {
        return Err(Refusal::of("power", "must be at least 0")
            .help("a negative power makes the rate infinite at the end"));
    }
    if arguments.integer("transition_steps") <= 0 {
        return Ok(never_begun("transition_steps", init_value));
    }
    let steps = arguments.steps("transition_steps", 1)?;
    if power == 0.0 {
        return Ok(Canonical::constant(init_value).into());
    }
    let transition = if power == 1.0 {
        line(init_value, end_value, steps)
    } else {
        Canonical::new("polynomial")
            .number("learning_rate", init_value)
            .number("end_lr", end_value)
            .count("decay_steps", steps)
            .number("power", power)
    };
    let begin = begin(arguments)?;
    let translation = Translation::from(if begin == 0 {
        transition
    } else {
        Canonical::sequential(
            vec![Canonical::constant(init_value), transition],
            vec![begin],
        )
    });
    Ok(if power.fract() == 0.0 {
        translation
    } else {
        translation.remark(
            "Under jax.jit optax may give NaN from the end of the transition on, where it takes a fractional power of a number \
             just below 0; here the rate is `end_value` there, as without jax.jit.",
        )
    })
}

/// What `exponential_decay` makes of the arguments from `transition_steps` on.
pub(super) fn exponential(
    arguments: &Arguments<'_>,
    init_value: f64,
) -> Result<Translation, Refusal> {
    let decay_rate = arguments.number("decay_rate");
    if arguments.integer("transition_steps") <= 0 {
        return Ok(never_begun("transition_steps", init_value));
    }
    if decay_rate == 0.0 {
        return Ok(Translation::from(Canonical::constant(init_value)).remark(
            "With a `decay_rate` of 0 optax never changes the rate, where the formula gives 0 from the first step on.",
        ));
    }
    let steps = arguments.steps("transition_steps", 1)?;
    let staircase = arguments.flag("staircase");
    if decay_rate < 0.0 && !staircase && steps > 1 {
        return Err(Refusal::of(
            "decay_rate",
            "must be at least 0 where its power is not whole",
        )
        .help("set `staircase`; optax gives NaN between the multiples of `transition_steps`"));
    }
    let mut schedule = Canonical::new("exponential")
        .number("learning_rate", init_value)
        .number("gamma", decay_rate);
    if steps > 1 {
        schedule = schedule.count("decay_steps", steps);
    }
    if staircase {
        schedule = schedule.flag("staircase", true);
    }
    let begin = begin(arguments)?;
    if begin > 0 {
        schedule = schedule.count("begin", begin);
    }
    if let Some(limit) = arguments.optional_number("end_value") {
        schedule = schedule.number("end_lr", limit);
    }
    Ok(schedule.into())
}

/// The power of a cosine.
pub(super) fn exponent(arguments: &Arguments<'_>) -> Result<f64, Refusal> {
    let exponent = arguments.number("exponent");
    if exponent < 0.0 {
        return Err(Refusal::of("exponent", "must be at least 0")
            .help("a negative power makes the rate infinite at the end"));
    }
    Ok(exponent)
}

/// Half a cosine to this power, which is not 0.
pub(super) fn cosine(
    learning_rate: f64,
    end_value: f64,
    decay_steps: u32,
    exponent: f64,
) -> Canonical {
    let schedule = Canonical::new("cosine_decay")
        .number("learning_rate", learning_rate)
        .number("eta_min", end_value)
        .count("decay_steps", decay_steps);
    if exponent == 1.0 {
        schedule
    } else {
        schedule.number("exponent", exponent)
    }
}

/// A straight line, held at its end.
pub(super) fn line(start: f64, end: f64, steps: u32) -> Canonical {
    Canonical::new("linear")
        .number("start_lr", start)
        .number("end_lr", end)
        .count("total_steps", steps)
}

/// What optax makes of a transition that takes no steps.
pub(super) fn never_begun(argument: &str, init_value: f64) -> Translation {
    Translation::from(Canonical::constant(init_value)).remark(format!(
        "With `{argument}` of 0 or less optax holds the first value for ever and never goes to the last one."
    ))
}

fn begin(arguments: &Arguments<'_>) -> Result<u32, Refusal> {
    if arguments.integer("transition_begin") <= 0 {
        return Ok(0);
    }
    arguments.steps("transition_begin", 0)
}

#[cfg(test)]
mod tests;
