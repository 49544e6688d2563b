//! The schedulers of timm 1.0.31, `timm.scheduler`.
//!
//! All are functions of the step that is handed to them. A warm-up is a straight line to the optimizer's rate; without
//! `warmup_prefix` what follows it is as far on as if there had been no warm-up.

mod cycles;
mod wsd;

use super::common::{
    OPTIMIZER_LR as LR, PLATEAU_MODES, argument, bisect_right, not_negative, optimizer_lr as rate,
};
use super::{Argument, Arguments, Canonical, Dialect, IfAbsent, Refusal, Takes, Translation};

const LR_MIN: Argument = argument(
    "lr_min",
    Takes::Number,
    IfAbsent::Number(0.0),
    "the lowest rate",
);
const DECAY_RATE: Argument = argument(
    "decay_rate",
    Takes::Number,
    IfAbsent::Number(1.0),
    "the factor of each cut",
);
const WARMUP_T: Argument = argument(
    "warmup_t",
    Takes::Integer,
    IfAbsent::Integer(0),
    "how many steps the warm-up takes",
);
const WARMUP_LR_INIT: Argument = argument(
    "warmup_lr_init",
    Takes::Number,
    IfAbsent::Number(0.0),
    "the rate at the start of the warm-up",
);
const WARMUP_PREFIX: Argument = argument(
    "warmup_prefix",
    Takes::Flag,
    IfAbsent::Flag(true),
    "whether the schedule begins after the warm-up, not behind it",
);
const T_IN_EPOCHS: Argument = argument(
    "t_in_epochs",
    Takes::Flag,
    IfAbsent::Flag(true),
    "whether a step is an epoch, not an update",
);
const NOISE_RANGE_T: Argument = argument(
    "noise_range_t",
    Takes::Integers,
    IfAbsent::None,
    "the first step with noise, and the first without again",
);
const NOISE_PCT: Argument = argument(
    "noise_pct",
    Takes::Number,
    IfAbsent::Number(0.67),
    "the largest noise as a share of the rate",
);
const NOISE_STD: Argument = argument(
    "noise_std",
    Takes::Number,
    IfAbsent::Number(1.0),
    "the standard deviation of the noise before the large ones are left out",
);
const NOISE_SEED: Argument = argument(
    "noise_seed",
    Takes::Integer,
    IfAbsent::Integer(42),
    "the seed of the noise",
);

/// All of them.
pub(super) const DIALECTS: &[Dialect] = &[
    cycles::COSINE,
    cycles::POLY,
    cycles::TANH,
    Dialect {
        name: "timm.StepLRScheduler",
        doc: "times decay_rate every decay_t",
        arguments: &[
            LR,
            argument(
                "decay_t",
                Takes::Number,
                IfAbsent::Required,
                "the steps between two cuts, which need not be whole",
            ),
            DECAY_RATE,
            WARMUP_T,
            WARMUP_LR_INIT,
            WARMUP_PREFIX,
            T_IN_EPOCHS,
            NOISE_RANGE_T,
            NOISE_PCT,
            NOISE_STD,
            NOISE_SEED,
        ],
        translate: step,
    },
    Dialect {
        name: "timm.MultiStepLRScheduler",
        doc: "times decay_rate one step before each of decay_t",
        arguments: &[
            LR,
            argument(
                "decay_t",
                Takes::Integers,
                IfAbsent::Required,
                "the steps before which the rate is cut",
            ),
            DECAY_RATE,
            WARMUP_T,
            WARMUP_LR_INIT,
            WARMUP_PREFIX,
            T_IN_EPOCHS,
            NOISE_RANGE_T,
            NOISE_PCT,
            NOISE_STD,
            NOISE_SEED,
        ],
        translate: multi_step,
    },
    wsd::WSD,
    Dialect {
        name: "timm.PlateauLRScheduler",
        doc: "torch's ReduceLROnPlateau behind a warm-up",
        arguments: &[
            LR,
            argument(
                "decay_rate",
                Takes::Number,
                IfAbsent::Number(0.1),
                "the factor of each cut",
            ),
            argument(
                "patience_t",
                Takes::Integer,
                IfAbsent::Integer(10),
                "how many bad metrics in a row are borne",
            ),
            argument(
                "threshold",
                Takes::Number,
                IfAbsent::Number(1e-4),
                "by which share a metric must be better",
            ),
            argument(
                "cooldown_t",
                Takes::Integer,
                IfAbsent::Integer(0),
                "how many metrics after a cut are not counted",
            ),
            WARMUP_T,
            WARMUP_LR_INIT,
            LR_MIN,
            argument(
                "mode",
                PLATEAU_MODES,
                IfAbsent::Text("max"),
                "whether a smaller or a larger metric is better",
            ),
            NOISE_RANGE_T,
            argument(
                "noise_type",
                Takes::Word(&["normal", "uniform"]),
                IfAbsent::Text("normal"),
                "how the noise is distributed",
            ),
            NOISE_PCT,
            NOISE_STD,
            NOISE_SEED,
        ],
        translate: plateau,
    },
];

/// The schedule `after` a line to `end_lr`, beginning at its end or, without `prefix`, having begun with it.
fn warmed(
    args: &Arguments<'_>,
    end_lr: f64,
    prefix: bool,
    after: Canonical,
) -> Result<Canonical, Refusal> {
    let steps = args.steps("warmup_t", 0)?;
    let start_lr = args.number("warmup_lr_init");
    Ok(match (steps, prefix) {
        (0, _) => after,
        (_, true) => Canonical::new("linear_warmup")
            .count("warmup_steps", steps)
            .number("start_lr", start_lr)
            .number("end_lr", end_lr)
            .schedule("after", after),
        (_, false) => Canonical::new("warmup")
            .count("warmup_steps", steps)
            .number("start_lr", start_lr)
            .number("end_lr", end_lr)
            .count("after_clock", steps)
            .schedule("after", after),
    })
}

/// What all schedulers but the plateau have in common, around their schedule.
fn finished(args: &Arguments<'_>, schedule: Canonical) -> Result<Translation, Refusal> {
    let (schedule, remark) = noisy(args, "normal", 0, schedule)?;
    let mut translation = Translation::from(schedule);
    translation.remarks.extend(remark.map(str::to_owned));
    if !args.flag("t_in_epochs") {
        translation = translation.remark("A step is an update, as `t_in_epochs = false` says.");
    }
    Ok(translation)
}

const OWN_NOISE: &str = "The noise is drawn by a generator of our own: the same distribution, but other numbers than timm's.";

/// The schedule with noise, if any is asked for. Its clock reads 0 at step `zero`, and noise begins after that step unless it is 0.
fn noisy(
    args: &Arguments<'_>,
    distribution: &str,
    zero: u32,
    schedule: Canonical,
) -> Result<(Canonical, Option<&'static str>), Refusal> {
    let (begin, end) = match *args.integers("noise_range_t") {
        [] => return Ok((schedule, None)),
        [begin] => (begin, None),
        [begin, end, ..] => (begin, Some(end)),
    };
    let step = |at: i64| u32::try_from(at.max(0)).unwrap_or(u32::MAX);
    let first = if zero == 0 { 0 } else { zero.saturating_add(1) };
    let begin = step(begin).max(first);
    let end = end.map(step);
    let std = args.number("noise_std").abs();
    let silent = distribution == "normal" && std == 0.0;
    if silent || end.is_some_and(|end| end <= begin) {
        return Ok((schedule, None));
    }
    let amount = args.number("noise_pct");
    if !(amount > 0.0) {
        return Err(Refusal::of(
            "noise_pct",
            "must be above 0: timm draws until the noise is smaller",
        )
        .help("leave out `noise_range_t` for no noise"));
    }
    let noise = Canonical::new("noise").number("amount", amount);
    let noise = if distribution == "normal" {
        noise.number("std", std)
    } else {
        noise.text("distribution", distribution)
    };
    let noise = noise.count("begin", begin - zero);
    let noise = match end {
        Some(end) => noise.count("end", end - zero),
        None => noise,
    };
    Ok((
        noise
            .count("seed", args.steps("noise_seed", 0)?)
            .schedule("schedule", schedule),
        Some(OWN_NOISE),
    ))
}

fn step(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let lr = rate(args)?;
    let (decay_t, decay_rate) = (args.number("decay_t"), args.number("decay_rate"));
    if !(decay_t > 0.0) {
        return Err(Refusal::of("decay_t", "must be above 0")
            .help("for a rate that is never cut leave `decay_rate` at 1"));
    }
    let steps = if decay_t > f64::from(u32::MAX) {
        Canonical::constant(lr)
    } else if decay_t.fract() == 0.0 {
        Canonical::new("step")
            .number("learning_rate", lr)
            .count("step_size", decay_t as u32)
            .number("gamma", decay_rate)
    } else {
        Canonical::new("lambda").number("learning_rate", lr).text(
            "factor",
            format!("({decay_rate:?}) ** (step // {decay_t:?})"),
        )
    };
    let schedule = warmed(args, lr, args.flag("warmup_prefix"), steps)?;
    finished(args, schedule)
}

fn multi_step(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (mut lr, gamma) = (rate(args)?, args.number("decay_rate"));
    let mut boundaries = Vec::new();
    let mut cuts = Vec::new();
    let mut before = 0;
    for (milestone, count) in milestones(args.integers("decay_t")) {
        let made = libm::pow(gamma, (count - before) as f64);
        match u32::try_from(milestone.saturating_sub(1)) {
            // A milestone is one step late for the schedule's own clock, so that one at 1 holds from the start.
            Ok(0) | Err(_) if milestone < 2 => lr *= made,
            Ok(boundary) => {
                boundaries.push(boundary);
                cuts.push((count - before, made));
            }
            Err(_) => break,
        }
        before = count;
    }
    let steps = if boundaries.is_empty() {
        Canonical::constant(lr)
    } else if cuts.iter().all(|&(times, _)| times == 1) {
        Canonical::new("multi_step")
            .number("learning_rate", lr)
            .counts("milestones", boundaries)
            .number("gamma", gamma)
    } else {
        let scales: Vec<f64> = cuts.iter().map(|&(_, made)| made).collect();
        Canonical::new("piecewise_scale")
            .number("learning_rate", lr)
            .counts("boundaries", boundaries)
            .numbers("scales", scales)
    };
    let schedule = warmed(args, rate(args)?, args.flag("warmup_prefix"), steps)?;
    let schedule = finished(args, schedule)?.remark(
        "timm cuts one step before each of `decay_t`, where torch's MultiStepLR cuts at the step itself.",
    );
    // What was taken from the rate before the first step.
    Ok(if lr == rate(args)? {
        schedule
    } else {
        schedule.remark(
            "At step 0 timm leaves the full rate, since it cuts at calls and has not been called yet; here an element of 1 or \
             below cuts at step 0 already.",
        )
    })
}

/// The values of the list at which the number of cuts changes, and that number from there on.
///
/// timm finds the number by bisection. In a list that is not sorted that gives other numbers than counting does, but never
/// falling ones.
fn milestones(list: &[i64]) -> Vec<(i64, usize)> {
    let mut values = list.to_vec();
    values.sort_unstable();
    values.dedup();
    let mut counts: Vec<(i64, usize)> = Vec::new();
    for value in values {
        let count = bisect_right(list, value);
        if counts.last().map_or(0, |&(_, last)| last) != count {
            counts.push((value, count));
        }
    }
    counts
}

fn plateau(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (lr, factor) = (rate(args)?, args.number("decay_rate"));
    if !(0.0..1.0).contains(&factor) {
        return Err(Refusal::of("decay_rate", "must be from 0 to below 1"));
    }
    let cooldown = if args.integer("cooldown_t") < 0 {
        0
    } else {
        args.steps("cooldown_t", 0)?
    };
    let plateau = Canonical::new("reduce_on_plateau")
        .number("learning_rate", lr)
        .text("mode", args.text("mode"))
        .number("factor", factor)
        .count("patience", args.steps("patience_t", 0)?)
        .number("threshold", args.number("threshold"))
        .count("cooldown", cooldown)
        .number("min_lr", args.number("lr_min"))
        .text("rules", "torch");
    let warmup = args.steps("warmup_t", 0)?;
    let (plateau, remark) = noisy(args, args.text("noise_type"), warmup, plateau)?;
    let mut translation = Translation::from(warmed(args, lr, true, plateau)?);
    translation.remarks.extend(remark.map(str::to_owned));
    Ok(translation.remark(
        "The metric of step t is the one that timm gets as `step(t + 1, metric)`, as its training script counts; `step(0, metric)` would set the rate to `warmup_lr_init`.",
    ))
}

#[cfg(test)]
mod tests;
