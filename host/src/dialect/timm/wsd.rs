//! Warm-up, a stable phase that may fall, and a decay.

use super::{
    Argument, Arguments, Canonical, Dialect, IfAbsent, LR, LR_MIN, NOISE_PCT, NOISE_RANGE_T,
    NOISE_SEED, NOISE_STD, Refusal, T_IN_EPOCHS, Takes, Translation, WARMUP_LR_INIT, WARMUP_T,
    argument, finished, not_negative, rate, warmed,
};

const T_INITIAL: Argument = argument(
    "t_initial",
    Takes::Integer,
    IfAbsent::Required,
    "how many steps follow the warm-up, the decay included",
);

pub(super) const WSD: Dialect = Dialect {
    name: "timm.WSDLRScheduler",
    doc: "a warm-up, a stable phase, a decay to lr_min",
    arguments: &[
        LR,
        T_INITIAL,
        argument(
            "decay_t",
            Takes::Integer,
            IfAbsent::Required,
            "how many of them the decay takes",
        ),
        LR_MIN,
        argument(
            "stable_fn",
            Takes::Word(&["constant", "rsqrt", "power"]),
            IfAbsent::Text("constant"),
            "how the rate falls from the end of the warm-up on",
        ),
        argument(
            "stable_timescale",
            Takes::Number,
            IfAbsent::None,
            "the steps by which `rsqrt` and `power` are measured; without it warmup_t",
        ),
        argument(
            "stable_power",
            Takes::Number,
            IfAbsent::Number(0.5),
            "the exponent of `power` in the stable phase",
        ),
        argument(
            "decay_fn",
            Takes::Word(&["linear", "1-sqrt", "cosine", "power", "exp"]),
            IfAbsent::Text("1-sqrt"),
            "the shape of the decay",
        ),
        argument(
            "decay_power",
            Takes::Number,
            IfAbsent::Number(0.5),
            "the exponent of `power` in the decay",
        ),
        argument(
            "decay_ratio",
            Takes::Number,
            IfAbsent::Number(0.1),
            "what `exp` would fall to by itself, as a share",
        ),
        WARMUP_T,
        WARMUP_LR_INIT,
        T_IN_EPOCHS,
        NOISE_RANGE_T,
        NOISE_PCT,
        NOISE_STD,
        NOISE_SEED,
    ],
    translate: warmup_stable_decay,
};

fn warmup_stable_decay(args: &Arguments<'_>) -> Result<Translation, Refusal> {
    let lr = rate(args)?;
    let floor = not_negative(args, "lr_min")?;
    let length = args.steps("t_initial", 1)?;
    let decay = args.steps("decay_t", 1)?;
    let Some(stable) = length.checked_sub(decay) else {
        return Err(Refusal::of(
            "decay_t",
            format!("must be at most `t_initial`, which is {length}"),
        ));
    };
    for name in ["decay_power", "stable_power"] {
        if !(args.number(name) > 0.0) {
            return Err(Refusal::of(name, "must be above 0"));
        }
    }
    let ratio = args.number("decay_ratio");
    if !(ratio > 0.0 && ratio < 1.0) {
        return Err(Refusal::of("decay_ratio", "must be above 0 and below 1"));
    }
    let warmup = args.steps("warmup_t", 0)?;
    let falling = match args.text("stable_fn") {
        "rsqrt" => Some(0.5),
        "power" => Some(args.number("stable_power")),
        _ => None,
    };
    let start_lr = args.number("warmup_lr_init");
    let schedule = match falling {
        // The warm-up leads to a rate below the lowest, at which everything after it is.
        None if lr < floor => warmed(args, lr, true, Canonical::constant(floor))?,
        None => phases(args, (lr, floor), stable, decay)
            .number("start_lr", start_lr)
            .count("warmup_steps", warmup),
        Some(power) => {
            let timescale = args
                .optional_number("stable_timescale")
                .unwrap_or(f64::from(warmup));
            if !(timescale > 0.0) {
                return Err(Refusal::of(
                    "stable_timescale",
                    "must be above 0 where `stable_fn` is not constant",
                )
                .help("without it `warmup_t` holds, which is 0 without a warm-up"));
            }
            let curve = Canonical::new("inverse_sqrt")
                .number("learning_rate", lr)
                .number("timescale", timescale)
                .number("power", power);
            let share = phases(args, (1.0, 0.0), stable, decay).count("warmup_steps", 0);
            let after = if floor == 0.0 {
                Canonical::new("product").schedules("schedules", [curve, share])
            } else {
                // What is above the lowest rate decays to it.
                let above = Canonical::new("clamp").number("min_lr", 0.0).schedule(
                    "schedule",
                    Canonical::new("sum")
                        .schedules("schedules", [curve, Canonical::constant(-floor)]),
                );
                Canonical::new("sum").schedules(
                    "schedules",
                    [
                        Canonical::new("product").schedules("schedules", [above, share]),
                        Canonical::constant(floor),
                    ],
                )
            };
            warmed(args, lr, true, after)?
        }
    };
    finished(args, schedule)
}

/// From the rate of the stable phase to that at the end.
fn phases(args: &Arguments<'_>, (from, to): (f64, f64), stable: u32, decay: u32) -> Canonical {
    let phases = Canonical::new("warmup_stable_decay")
        .number("learning_rate", from)
        .number("end_lr", to)
        .count("stable_steps", stable)
        .count("decay_steps", decay);
    match args.text("decay_fn") {
        "linear" => phases.text("decay_shape", "linear"),
        "cosine" => phases.text("decay_shape", "cosine"),
        "power" => phases
            .text("decay_shape", "power")
            .number("amount", args.number("decay_power")),
        "exp" => phases
            .text("decay_shape", "exponential")
            .number("amount", args.number("decay_ratio")),
        _ => phases.text("decay_shape", "sqrt"),
    }
}
