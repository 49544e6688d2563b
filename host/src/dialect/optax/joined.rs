//! Schedules one after another: warm-ups, cycles, and any others.

use super::super::common::argument;
use hairpin_core::NODES;

use super::transition::{
    DECAY_RATE, END_VALUE, EXPONENT, INIT_VALUE, LIMIT, STAIRCASE, TRANSITION_BEGIN,
    TRANSITION_STEPS, cosine, exponent, exponential, line, never_begun,
};
use crate::dialect::{
    Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Setting, Takes, Translation,
};

const PEAK_VALUE: Argument = argument(
    "peak_value",
    Takes::Number,
    IfAbsent::Required,
    "the rate at the end of the warm-up",
);

const WARMUP_STEPS: Argument = argument(
    "warmup_steps",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps the straight line from `init_value` to `peak_value` takes",
);

pub(super) const WARMUP_CONSTANT: Dialect = Dialect {
    name: "optax.warmup_constant_schedule",
    doc: "A straight line up to a value that is held.",
    arguments: &[INIT_VALUE, PEAK_VALUE, WARMUP_STEPS],
    translate: |arguments| {
        let init_value = arguments.number("init_value");
        if arguments.integer("warmup_steps") <= 0 {
            return Ok(never_begun("warmup_steps", init_value));
        }
        let steps = arguments.steps("warmup_steps", 1)?;
        Ok(line(init_value, arguments.number("peak_value"), steps).into())
    },
};

pub(super) const WARMUP_COSINE: Dialect = Dialect {
    name: "optax.warmup_cosine_decay_schedule",
    doc: "A straight line up to the peak, then half a cosine down.",
    arguments: &[
        INIT_VALUE,
        PEAK_VALUE,
        WARMUP_STEPS,
        argument(
            "decay_steps",
            Takes::Integer,
            IfAbsent::Required,
            "how many steps the whole takes, the warm-up included",
        ),
        Argument {
            if_absent: IfAbsent::Number(0.0),
            ..END_VALUE
        },
        EXPONENT,
    ],
    translate: warmup_cosine,
};

pub(super) const WARMUP_EXPONENTIAL: Dialect = Dialect {
    name: "optax.warmup_exponential_decay_schedule",
    doc: "A straight line up to the peak, then an exponential decay.",
    arguments: &[
        INIT_VALUE,
        PEAK_VALUE,
        WARMUP_STEPS,
        TRANSITION_STEPS,
        DECAY_RATE,
        TRANSITION_BEGIN,
        STAIRCASE,
        LIMIT,
    ],
    translate: |arguments| {
        let decay = exponential(arguments, arguments.number("peak_value"))?;
        Ok(Translation {
            schedule: warmed_up(arguments, decay.schedule)?,
            ..decay
        })
    },
};

pub(super) const SGDR: Dialect = Dialect {
    name: "optax.sgdr_schedule",
    doc: "Cycles of a warm-up and half a cosine down.",
    arguments: &[argument(
        "cosine_kwargs",
        Takes::SchedulesOf("warmup_cosine_decay_schedule"),
        IfAbsent::Required,
        "the arguments of `warmup_cosine_decay_schedule` for each cycle, which lasts its `decay_steps`",
    )],
    translate: sgdr,
};

pub(super) const JOIN: Dialect = Dialect {
    name: "optax.join_schedules",
    doc: "Schedules one after another, each with a clock that begins at its boundary.",
    arguments: &[
        argument(
            "schedules",
            Takes::Schedules,
            IfAbsent::Required,
            "the schedules",
        ),
        argument(
            "boundaries",
            Takes::Integers,
            IfAbsent::Required,
            "the steps at which the second and each further schedule begins",
        ),
    ],
    translate: |arguments| {
        let boundaries = arguments.integers("boundaries");
        let schedules = arguments.schedules("schedules");
        let Some((first, others)) = schedules.split_first() else {
            return Err(Refusal::of("schedules", "must be at least one schedule"));
        };
        let parts: Vec<_> = others
            .iter()
            .zip(boundaries)
            .map(|(other, boundary)| (*boundary, other.schedule.clone()))
            .collect();
        let used = parts.len();
        let translation = Translation::from(join("boundaries", first.schedule.clone(), parts)?);
        Ok(if others.len() > used {
            translation.remark(format!(
                "Only the first {} schedules are used: there is no boundary for the others.",
                used + 1
            ))
        } else if boundaries.len() > used {
            translation.remark(format!(
                "Only the first {used} boundaries are used: there is no schedule for the others."
            ))
        } else {
            translation
        })
    },
};

fn warmup_cosine(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (init_value, peak_value) = (
        arguments.number("init_value"),
        arguments.number("peak_value"),
    );
    let warmup_steps = arguments.integer("warmup_steps");
    let steps = arguments
        .integer("decay_steps")
        .saturating_sub(warmup_steps);
    if steps <= 0 {
        return Err(Refusal::of("decay_steps", "must be above `warmup_steps`")
            .help("`decay_steps` counts the steps of the warm-up too"));
    }
    let steps = u32::try_from(steps).map_err(|_| {
        Refusal::of(
            "decay_steps",
            format!("must be at most {} above `warmup_steps`", u32::MAX),
        )
    })?;
    let exponent = exponent(arguments)?;
    // Optax goes to `peak_value` times the share that `end_value` has of it, or to 0 where `peak_value` is 0.
    let end_value = if exponent == 0.0 || peak_value == 0.0 {
        peak_value
    } else {
        arguments.number("end_value")
    };
    let schedule = if warmup_steps >= 0 && (exponent == 1.0 || end_value == peak_value) {
        Canonical::new("warmup_stable_decay")
            .number("learning_rate", peak_value)
            .number("start_lr", init_value)
            .number("end_lr", end_value)
            .count("warmup_steps", arguments.steps("warmup_steps", 0)?)
            .count("stable_steps", 0)
            .count("decay_steps", steps)
            .text("decay_shape", "cosine")
    } else {
        // A power of 0 leaves the peak as it is, whatever the cosine.
        let exponent = if exponent == 0.0 { 1.0 } else { exponent };
        warmed_up(arguments, cosine(peak_value, end_value, steps, exponent))?
    };
    let ignored = peak_value == 0.0 && arguments.number("end_value") != 0.0;
    Ok(if ignored {
        Translation::from(schedule).remark(
            "With a `peak_value` of 0 optax ignores `end_value`: the rate stays 0 after the warm-up.",
        )
    } else {
        schedule.into()
    })
}

/// A straight line from `init_value` to `peak_value`, then `after` by a clock of its own.
fn warmed_up(arguments: &Arguments<'_>, after: Canonical) -> Result<Canonical, Refusal> {
    let warmup_steps = arguments.integer("warmup_steps");
    if warmup_steps <= 0 {
        return begun_before(WARMUP_STEPS.name, warmup_steps, after);
    }
    Ok(Canonical::new("linear_warmup")
        .count("warmup_steps", arguments.steps("warmup_steps", 1)?)
        .number("start_lr", arguments.number("init_value"))
        .number("end_lr", arguments.number("peak_value"))
        .schedule("after", after))
}

/// A schedule that begins at step 0 or before.
fn begun_before(
    argument: &'static str,
    begin: i64,
    schedule: Canonical,
) -> Result<Canonical, Refusal> {
    let clock = u32::try_from(begin.saturating_neg())
        .map_err(|_| Refusal::of(argument, format!("must be at least -{}", u32::MAX)))?;
    Ok(schedule.begun_at(clock))
}

fn sgdr(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    const ARGUMENT: &str = "cosine_kwargs";
    let cycles = arguments.schedules(ARGUMENT);
    let Some((last, earlier)) = cycles.split_last() else {
        return Err(Refusal::of(ARGUMENT, "must be at least one cycle"));
    };
    let mut begin = 0_i64;
    let mut parts = Vec::new();
    for run in earlier.chunk_by(|a, b| a.schedule == b.schedule) {
        let Some(cycle) = run.first() else { continue };
        let steps = length(&cycle.schedule);
        match u32::try_from(steps) {
            // Two pieces, however often it comes.
            Ok(period) if run.len() > 2 && period > 0 => {
                let repeated = Canonical::new("repeat")
                    .count("period", period)
                    .schedule("schedule", cycle.schedule.clone());
                parts.push((begin, repeated));
                begin = begin.saturating_add(steps.saturating_mul(run.len() as i64));
            }
            _ => {
                for cycle in run {
                    parts.push((begin, cycle.schedule.clone()));
                    begin = begin.saturating_add(steps);
                }
            }
        }
    }
    parts.push((begin, last.schedule.clone()));
    let (_, first) = parts.remove(0);
    let schedule = join(ARGUMENT, first, parts)?;
    if pieces(&schedule) > NODES {
        return Err(Refusal::of(
            ARGUMENT,
            format!("must come to at most {NODES} pieces; these cycles are {}", pieces(&schedule)),
        )
        .help(
            "one joins them; a cycle takes one with an `exponent` of 1 and two with another, and three or more equal ones in a row \
             take at most four",
        ));
    }
    Ok(schedule.into())
}

/// How many steps a cycle lasts: `decay_steps`, which counts its warm-up.
fn length(cycle: &Canonical) -> i64 {
    let lengths = cycle.settings.iter().map(|(key, setting)| match setting {
        Setting::Count(steps) if matches!(*key, "warmup_steps" | "decay_steps") => {
            i64::from(*steps)
        }
        // A negative warm-up has moved the clock of the cosine.
        Setting::Counts(clocks) if *key == "clocks" => {
            -clocks.iter().copied().map(i64::from).sum::<i64>()
        }
        Setting::Schedule(inner) => length(inner),
        Setting::Schedules(inner) => inner.iter().map(length).sum(),
        _ => 0,
    });
    lengths.sum()
}

/// How many nodes of a composition this takes.
fn pieces(schedule: &Canonical) -> usize {
    // A linear warm-up is a sequence of its line and what follows.
    let own = if schedule.kind == "linear_warmup" {
        2
    } else {
        1
    };
    let inner = schedule.settings.iter().map(|(_, setting)| match setting {
        Setting::Schedule(inner) => pieces(inner),
        Setting::Schedules(inner) => inner.iter().map(pieces).sum(),
        _ => 0,
    });
    own + inner.sum::<usize>()
}

/// The first schedule, and from each boundary on the one beside it, whose clock reads 0 there. Where boundaries are not in order,
/// the last of the schedules that have begun runs.
fn join(
    argument: &'static str,
    first: Canonical,
    parts: Vec<(i64, Canonical)>,
) -> Result<Canonical, Refusal> {
    let (line, rest) = without_warmup(first);
    let mut running = (0, line);
    let mut later: Vec<(i64, Canonical)> = rest.into_iter().collect();
    for (begin, schedule) in parts {
        let (line, rest) = without_warmup(schedule);
        let rest = rest.map(|(steps, after)| (begin.saturating_add(steps), after));
        for (begin, schedule) in std::iter::once((begin, line)).chain(rest) {
            while later.pop_if(|(earlier, _)| *earlier >= begin).is_some() {}
            if begin <= 0 {
                running = (begin, schedule);
            } else {
                later.push((begin, schedule));
            }
        }
    }
    let (begin, first) = running;
    let first = begun_before(argument, begin, first)?;
    let mut milestones = Vec::new();
    let mut schedules = vec![first];
    for (begin, schedule) in later {
        // No step is as late as a boundary that does not fit.
        if let Ok(milestone) = u32::try_from(begin) {
            milestones.push(milestone);
            schedules.push(schedule);
        }
    }
    Ok(match schedules.pop_if(|_| milestones.is_empty()) {
        Some(only) => only,
        None => Canonical::sequential(schedules, milestones),
    })
}

/// A straight warm-up as its line and, as many steps later, what follows: in a sequence these are two pieces and not three. Anything
/// else stays as it is.
fn without_warmup(schedule: Canonical) -> (Canonical, Option<(i64, Canonical)>) {
    match schedule.settings.as_slice() {
        [
            ("warmup_steps", Setting::Count(steps)),
            ("start_lr", Setting::Number(start)),
            ("end_lr", Setting::Number(end)),
            ("after", Setting::Schedule(after)),
        ] => (
            line(*start, *end, *steps),
            Some((i64::from(*steps), (**after).clone())),
        ),
        _ => (schedule, None),
    }
}

#[cfg(test)]
mod tests;
