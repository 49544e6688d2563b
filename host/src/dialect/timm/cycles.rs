//! Cosine, polynomial and hyperbolic tangent: one shape, repeated in cycles of changing length and height.

use super::{
    Argument, Arguments, Canonical, Dialect, IfAbsent, LR, LR_MIN, NOISE_PCT, NOISE_RANGE_T,
    NOISE_SEED, NOISE_STD, Refusal, T_IN_EPOCHS, Takes, Translation, WARMUP_LR_INIT, WARMUP_T,
    argument, finished, not_negative, rate, warmed,
};
use hairpin_core::Expression;

const T_INITIAL: Argument = argument(
    "t_initial",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps the first cycle takes",
);
const CYCLE_MUL: Argument = argument(
    "cycle_mul",
    Takes::Number,
    IfAbsent::Number(1.0),
    "the length of a cycle as a multiple of the one before",
);
const CYCLE_DECAY: Argument = argument(
    "cycle_decay",
    Takes::Number,
    IfAbsent::Number(1.0),
    "the highest rate of a cycle as a multiple of the one before",
);
const CYCLE_LIMIT: Argument = argument(
    "cycle_limit",
    Takes::Integer,
    IfAbsent::Integer(1),
    "how many cycles there are; after them the rate stays at lr_min",
);
const WARMUP_PREFIX: Argument = argument(
    "warmup_prefix",
    Takes::Flag,
    IfAbsent::Flag(false),
    "whether the schedule begins after the warm-up, not behind it",
);
const K_DECAY: Argument = argument(
    "k_decay",
    Takes::Number,
    IfAbsent::Number(1.0),
    "the exponent of the share of the cycle that has passed",
);

pub(super) const COSINE: Dialect = Dialect {
    name: "timm.CosineLRScheduler",
    doc: "cosines down to lr_min, in cycles",
    arguments: &[
        LR,
        T_INITIAL,
        LR_MIN,
        CYCLE_MUL,
        CYCLE_DECAY,
        CYCLE_LIMIT,
        WARMUP_T,
        WARMUP_LR_INIT,
        WARMUP_PREFIX,
        T_IN_EPOCHS,
        NOISE_RANGE_T,
        NOISE_PCT,
        NOISE_STD,
        NOISE_SEED,
        K_DECAY,
    ],
    translate: cosine,
};

pub(super) const POLY: Dialect = Dialect {
    name: "timm.PolyLRScheduler",
    doc: "down to lr_min on a power of the share of steps left, in cycles",
    arguments: &[
        LR,
        T_INITIAL,
        argument(
            "power",
            Takes::Number,
            IfAbsent::Number(0.5),
            "the exponent; 1 is a straight line",
        ),
        LR_MIN,
        CYCLE_MUL,
        CYCLE_DECAY,
        CYCLE_LIMIT,
        WARMUP_T,
        WARMUP_LR_INIT,
        WARMUP_PREFIX,
        T_IN_EPOCHS,
        NOISE_RANGE_T,
        NOISE_PCT,
        NOISE_STD,
        NOISE_SEED,
        K_DECAY,
    ],
    translate: poly,
};

pub(super) const TANH: Dialect = Dialect {
    name: "timm.TanhLRScheduler",
    doc: "down to lr_min on a hyperbolic tangent, in cycles",
    arguments: &[
        LR,
        T_INITIAL,
        argument(
            "lb",
            Takes::Number,
            IfAbsent::Number(-7.0),
            "where on the curve a cycle begins",
        ),
        argument(
            "ub",
            Takes::Number,
            IfAbsent::Number(3.0),
            "where on the curve a cycle ends, above lb",
        ),
        LR_MIN,
        CYCLE_MUL,
        CYCLE_DECAY,
        CYCLE_LIMIT,
        WARMUP_T,
        WARMUP_LR_INIT,
        WARMUP_PREFIX,
        T_IN_EPOCHS,
        NOISE_RANGE_T,
        NOISE_PCT,
        NOISE_STD,
        NOISE_SEED,
    ],
    translate: tanh,
};

/// The cycles of any of the three.
#[derive(Debug, Clone, Copy)]
struct Cycles {
    /// The highest and the lowest rate of the first.
    peak: f64,
    floor: f64,
    /// The length of the first.
    length: u32,
    /// What length and highest rate are multiplied by from one to the next.
    length_mul: f64,
    peak_mul: f64,
    /// How many there are.
    limit: u32,
}

/// More cycles than this become one expression, so that what stands around them fits too.
const LISTED: usize = 6;

/// The last step.
const LAST: f64 = u32::MAX as f64;

impl Cycles {
    fn of(args: &Arguments<'_>) -> Result<Self, Refusal> {
        let length_mul = args.number("cycle_mul");
        if !(length_mul > 0.0) {
            return Err(
                Refusal::of("cycle_mul", "must be above 0").help("1 makes all cycles equally long")
            );
        }
        let limit = args.integer("cycle_limit").max(0);
        Ok(Self {
            peak: rate(args)?,
            floor: not_negative(args, "lr_min")?,
            length: args.steps("t_initial", 1)?,
            length_mul,
            peak_mul: args.number("cycle_decay"),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        })
    }

    /// The step after the last cycle; infinite if there is none.
    fn end(&self) -> f64 {
        let (length, limit) = (f64::from(self.length), f64::from(self.limit));
        if self.length_mul == 1.0 {
            length * limit
        } else {
            length * (libm::pow(self.length_mul, limit) - 1.0) / (self.length_mul - 1.0)
        }
    }

    /// The highest rate and the length of each cycle, where all lengths are whole and there are not too many.
    fn listed(&self) -> Option<Vec<(f64, u32)>> {
        let mut cycles = Vec::new();
        let (mut start, mut length) = (0.0, f64::from(self.length));
        // Cycles that no step reaches need not be listed.
        while cycles.len() < self.limit as usize && start <= LAST {
            if cycles.len() == LISTED || length.fract() != 0.0 || length > LAST {
                return None;
            }
            let peak = self.peak * libm::pow(self.peak_mul, cycles.len() as f64);
            cycles.push((peak, length as u32));
            start += length;
            length *= self.length_mul;
        }
        Some(cycles)
    }

    /// One cycle after the other. `leaf` makes one of its highest rate and its length and stays at the lowest rate after it; where
    /// there is no such kind, or no whole lengths, it is an expression with `weight` for the weight of the highest rate.
    fn schedule(&self, weight: &str, leaf: Option<&dyn Fn(f64, u32) -> Canonical>) -> Canonical {
        if self.limit == 0 {
            return Canonical::constant(self.floor);
        }
        let (Some(leaf), Some(cycles)) = (leaf, self.listed()) else {
            return Canonical::new("lambda")
                .number("learning_rate", 1.0)
                .text("factor", self.expression(weight));
        };
        if let [(peak, length)] = *cycles {
            return leaf(peak, length);
        }
        let mut end = 0_u32;
        let mut milestones = Vec::new();
        let mut leaves = Vec::new();
        for (peak, length) in cycles {
            if end > 0 {
                milestones.push(end);
            }
            leaves.push(leaf(peak, length));
            end = end.saturating_add(length);
        }
        Canonical::new("sequential")
            .schedules("schedules", leaves)
            .counts("milestones", milestones)
    }

    /// The rate as an expression of the step; in `weight`, `{x}` is the share of the cycle that has passed.
    fn expression(&self, weight: &str) -> String {
        let (mul, length) = (self.length_mul, f64::from(self.length));
        let (cycle, x) = if mul == 1.0 {
            (
                format!("(step // {length:?})"),
                format!("(step % {length:?} / {length:?})"),
            )
        } else {
            // A minus sign takes an operation of its own, so differences are turned round where cycles shrink. The logarithm of
            // a power may come out just below the whole number that it is.
            let (more, log) = ((mul - 1.0).abs(), libm::log(mul).abs());
            let per_step = more / length;
            let (reach, index, (from, less)) = if mul > 1.0 {
                let reach = format!("(1 + step * {per_step:?})");
                let index = format!("log({reach}) / {log:?} + 1e-12");
                (reach, index, ("", " - 1"))
            } else {
                let reach = format!("(1 - step * {per_step:?})");
                let index = format!("1e-12 - log({reach}) / {log:?}");
                (reach, index, ("1 - ", ""))
            };
            let cycle = format!("floor({index})");
            let x = format!("(({from}{reach} / {mul:?} ** {cycle}{less}) / {more:?})");
            (cycle, x)
        };
        let (peak, floor) = (self.peak, self.floor);
        let swing = if self.peak_mul == 1.0 {
            literal(peak - floor)
        } else {
            format!(
                "({peak:?} * {} ** {cycle} - {floor:?})",
                literal(self.peak_mul)
            )
        };
        let rate = format!("{floor:?} + {swing} * {}", weight.replace("{x}", &x));
        let end = self.end();
        if end > LAST {
            rate
        } else {
            format!("{rate} if step < {end:?} else {floor:?}")
        }
    }

    /// The rate at one step; NaN, which is refused, if the expression did not fit.
    fn at(&self, weight: &str, step: u32) -> f64 {
        if self.limit == 0 {
            return self.floor;
        }
        Expression::parse(&self.expression(weight)).map_or(f64::NAN, |rate| rate.eval(step))
    }

    /// Around the cycles, what all three have: `end_lr` is where a warm-up ends.
    fn finished(
        &self,
        args: &Arguments<'_>,
        end_lr: f64,
        cycles: Canonical,
    ) -> Result<Translation, Refusal> {
        let schedule = warmed(args, end_lr, args.flag("warmup_prefix"), cycles)?;
        let mut translation = finished(args, schedule)?;
        if self.length_mul != 1.0 && self.limit > 1 {
            translation = translation.remark(
                "timm finds the cycle by a rounded logarithm, by which the first step of some cycles still counts as the last of the one before and has its lowest rate; here it has the highest rate of its own.",
            );
        }
        if self.length_mul < 1.0 && self.limit > 0 {
            let end = libm::ceil(f64::from(self.length) / (1.0 - self.length_mul));
            translation = translation.remark(format!(
                "timm fails from step {end} of the cycles on, the sum of the lengths of endlessly many; here the rate stays at lr_min.",
            ));
        }
        Ok(translation)
    }
}

/// A number that may be negative, as an operand of any operator.
fn literal(number: f64) -> String {
    if number.is_sign_negative() {
        format!("({number:?})")
    } else {
        format!("{number:?}")
    }
}

fn k_decay(args: &Arguments<'_>) -> Result<f64, Refusal> {
    let k = args.number("k_decay");
    if k >= 0.0 {
        Ok(k)
    } else {
        Err(Refusal::of(
            "k_decay",
            "must be at least 0: step 0 is raised to it",
        ))
    }
}

fn cosine(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let cycles = Cycles::of(args)?;
    let k = k_decay(args)?;
    let schedule = if cycles.limit == 0 || k == 0.0 {
        // Anything to the power of 0 is 1: every cycle is at its end at once.
        Canonical::constant(cycles.floor)
    } else if cycles.limit > 1 {
        let restarts = Canonical::new("warm_restarts")
            .number("learning_rate", cycles.peak)
            .number("eta_min", cycles.floor)
            .count("t_0", cycles.length)
            .number("t_mult", cycles.length_mul)
            .number("peak_mult", cycles.peak_mul)
            .count("cycle_limit", cycles.limit);
        if k == 1.0 {
            restarts
        } else {
            restarts.number("k", k)
        }
    } else if k == 1.0 {
        Canonical::new("cosine_annealing")
            .number("learning_rate", cycles.peak)
            .number("eta_min", cycles.floor)
            .count("t_max", cycles.length)
            .text("past", "hold")
    } else {
        Canonical::new("cosine_decay")
            .number("learning_rate", cycles.peak)
            .number("eta_min", cycles.floor)
            .count("decay_steps", cycles.length)
            .number("k", k)
    };
    cycles.finished(args, cycles.peak, schedule)
}

fn poly(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let cycles = Cycles::of(args)?;
    let (k, power) = (k_decay(args)?, args.number("power"));
    if k == 0.0 && power < 0.0 {
        return Err(Refusal::of(
            "power",
            "must be at least 0 where `k_decay` is 0",
        ));
    }
    let floor = cycles.floor;
    let one = |peak: f64, length: u32| {
        if power == 0.0 {
            return Canonical::new("piecewise_constant")
                .counts("boundaries", [length])
                .numbers("values", [peak, floor]);
        }
        if k == 0.0 {
            return Canonical::constant(floor);
        }
        let leaf = |kind| {
            Canonical::new(kind)
                .number("learning_rate", peak)
                .number("end_lr", floor)
                .count("decay_steps", length)
                .number("power", power)
        };
        if k == 1.0 {
            leaf("polynomial")
        } else {
            leaf("k_decay").number("k", k)
        }
    };
    // With a negative power a cycle rises without end: no kind of ours does.
    let leaf: Option<&dyn Fn(f64, u32) -> Canonical> = if power < 0.0 { None } else { Some(&one) };
    // Rounding must not carry the share outside, where a power is NaN.
    let weight = format!("(1 - min(max({{x}}, 0), 1) ** {k:?}) ** {}", literal(power));
    cycles.finished(args, cycles.peak, cycles.schedule(&weight, leaf))
}

fn tanh(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let cycles = Cycles::of(args)?;
    let (lb, ub) = (args.number("lb"), args.number("ub"));
    if !(lb < ub) {
        return Err(Refusal::of(
            "ub",
            format!("must be above `lb`, which is {lb}"),
        ));
    }
    if args.integer("cycle_limit") < 0 {
        return Err(Refusal::of("cycle_limit", "must be at least 0"));
    }
    not_negative(args, "warmup_lr_init")?;
    let floor = cycles.floor;
    let leaf = |peak: f64, length: u32| {
        Canonical::new("tanh")
            .number("learning_rate", peak)
            .number("eta_min", floor)
            .count("decay_steps", length)
            .number("lb", lb)
            .number("ub", ub)
    };
    // (1 - tanh(z)) / 2 = 1 / (1 + exp(2 z))
    let weight = format!(
        "(1 / (1 + exp({} + {:?} * {{x}})))",
        literal(2.0 * lb),
        2.0 * (ub - lb)
    );
    let schedule = cycles.schedule(&weight, Some(&leaf));
    let warmup = args.steps("warmup_t", 0)?;
    // Without the prefix a warm-up leads to where the tangent is by then.
    let end_lr = if args.flag("warmup_prefix") {
        cycles.peak
    } else {
        cycles.at(&weight, warmup)
    };
    if warmup > 0 {
        return cycles.finished(args, end_lr, schedule);
    }
    if args.faithful {
        let schedule = Canonical::new("sequential")
            .schedules("schedules", [Canonical::constant(cycles.peak), schedule])
            .counts("milestones", [1])
            .counts("clocks", [0, 1]);
        return cycles.finished(args, end_lr, schedule);
    }
    Ok(cycles.finished(args, end_lr, schedule)?.remark(
        "At step 0 timm still has the optimizer's own rate; the tangent begins a little below it, and so does the rate here.",
    ))
}
