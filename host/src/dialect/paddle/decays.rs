//! The schedulers with one curve, the plateau and the warm-up.

use crate::dialect::common::{
    check_linear_factors, cosine_annealing, ensure, exponential, lambda, linear_factor,
    multiplicative, not_negative, plateau, warm_restarts,
};
use crate::dialect::{Arguments, Canonical, Refusal, Translation};

type Translated = Result<Translation, Refusal>;

/// PaddlePaddle's schedulers have no base rate below 0.
fn learning_rate(arguments: &Arguments<'_>) -> Result<f64, Refusal> {
    not_negative(arguments, "learning_rate")
}

/// Some of PaddlePaddle's decays want to decay.
fn gamma_below_one(arguments: &Arguments<'_>) -> Result<f64, Refusal> {
    let gamma = arguments.number("gamma");
    ensure(gamma < 1.0, "gamma", "must be below 1")?;
    Ok(gamma)
}

pub(super) fn noam_decay(arguments: &Arguments<'_>) -> Translated {
    let learning_rate = learning_rate(arguments)?;
    let d_model = arguments.number("d_model");
    ensure(d_model > 0.0, "d_model", "must be above 0")?;
    let warmup_steps = arguments.steps("warmup_steps", 1)?;
    // A width need not be whole there; what is not goes into the rate.
    let (learning_rate, width) = if d_model.fract() == 0.0 && d_model <= f64::from(u32::MAX) {
        (learning_rate, d_model as u32)
    } else {
        (learning_rate / d_model.sqrt(), 1)
    };
    Ok(Canonical::new("noam")
        .number("learning_rate", learning_rate)
        .count("d_model", width)
        .count("warmup_steps", warmup_steps)
        .into())
}

/// The value before the first boundary above the step: of boundaries out of order only those count that are above all before them.
/// Of values beyond the last boundary only the last one counts.
pub(super) fn piecewise_decay(arguments: &Arguments<'_>) -> Translated {
    let (given, values) = (
        arguments.integers("boundaries"),
        arguments.numbers("values"),
    );
    ensure(
        !given.is_empty(),
        "boundaries",
        "must have at least one element",
    )?;
    if values.len() <= given.len() {
        return Err(Refusal::of(
            "values",
            format!(
                "must have one element more than the {} boundaries, but has {}",
                given.len(),
                values.len()
            ),
        ));
    }
    let last = values.last().copied().unwrap_or_default();
    let (mut boundaries, mut rates) = (Vec::new(), Vec::new());
    let mut highest = 0;
    let mut after = last;
    for (&boundary, &value) in given.iter().zip(values) {
        if boundary <= highest {
            continue;
        }
        let Ok(step) = u32::try_from(boundary) else {
            after = value;
            break;
        };
        boundaries.push(step);
        rates.push(value);
        highest = boundary;
    }
    if boundaries.is_empty() {
        return Ok(Canonical::constant(after).into());
    }
    rates.push(after);
    Ok(Canonical::new("piecewise_constant")
        .counts("boundaries", boundaries)
        .numbers("values", rates)
        .into())
}

pub(super) fn natural_exp_decay(arguments: &Arguments<'_>) -> Translated {
    let gamma = arguments.number("gamma");
    ensure(gamma > 0.0, "gamma", "must be above 0")?;
    Ok(Canonical::new("natural_exp")
        .number("learning_rate", learning_rate(arguments)?)
        .number("gamma", gamma)
        .into())
}

pub(super) fn inverse_time_decay(arguments: &Arguments<'_>) -> Translated {
    let gamma = arguments.number("gamma");
    let translation = Translation::from(
        Canonical::new("inverse_time")
            .number("learning_rate", learning_rate(arguments)?)
            .number("gamma", gamma),
    );
    Ok(if gamma < 0.0 {
        translation.remark(
            "At a step where 1 + gamma * step is 0 PaddlePaddle stops with an error; here the rate is infinite there.",
        )
    } else {
        translation
    })
}

pub(super) fn polynomial_decay(arguments: &Arguments<'_>) -> Translated {
    let power = arguments.number("power");
    ensure(power > 0.0, "power", "must be above 0")?;
    Ok(Canonical::new("polynomial")
        .number("learning_rate", learning_rate(arguments)?)
        .number("end_lr", arguments.number("end_lr"))
        .count("decay_steps", arguments.steps("decay_steps", 1)?)
        .number("power", power)
        .flag("cycle", arguments.flag("cycle"))
        .into())
}

pub(super) fn linear_warmup(arguments: &Arguments<'_>) -> Translated {
    let start_lr = not_negative(arguments, "start_lr")?;
    let end_lr = arguments.number("end_lr");
    ensure(end_lr > start_lr, "end_lr", "must be above start_lr")?;
    let warmup_steps = arguments.steps("warmup_steps", 1)?;
    let [after] = arguments.schedules("learning_rate") else {
        return Err(Refusal::of("learning_rate", "must be one schedule or rate"));
    };
    let translation = Translation {
        schedule: Canonical::new("linear_warmup")
            .count("warmup_steps", warmup_steps)
            .number("start_lr", start_lr)
            .number("end_lr", end_lr)
            .schedule("after", after.schedule.clone()),
        ..after.clone()
    };
    Ok(match after.schedule.kind {
        "reduce_on_plateau" => translation.remark(
            "PaddlePaddle hands its ReduceOnPlateau inside a LinearWarmup the step number as the metric, so that it cuts whatever \
             happens; here it sees the losses from the end of the warm-up on.",
        ),
        _ => translation,
    })
}

pub(super) fn exponential_decay(arguments: &Arguments<'_>) -> Translated {
    let gamma = arguments.number("gamma");
    ensure(
        gamma > 0.0 && gamma < 1.0,
        "gamma",
        "must be above 0 and below 1",
    )?;
    Ok(exponential(learning_rate(arguments)?, gamma).into())
}

/// Milestones may be below 0: those have been passed at step 0.
pub(super) fn multi_step_decay(arguments: &Arguments<'_>) -> Translated {
    let milestones = arguments.integers("milestones");
    ensure(
        milestones.is_sorted_by(|a, b| a < b),
        "milestones",
        "must increase",
    )?;
    let gamma = gamma_below_one(arguments)?;
    let passed = milestones.partition_point(|&milestone| milestone <= 0);
    let learning_rate = learning_rate(arguments)? * libm::pow(gamma, passed as f64);
    let ahead: Vec<u32> = milestones
        .iter()
        .skip(passed)
        .map_while(|&milestone| u32::try_from(milestone).ok())
        .collect();
    Ok(Canonical::new("multi_step")
        .number("learning_rate", learning_rate)
        .counts("milestones", ahead)
        .number("gamma", gamma)
        .into())
}

pub(super) fn step_decay(arguments: &Arguments<'_>) -> Translated {
    Ok(Canonical::new("step")
        .number("learning_rate", learning_rate(arguments)?)
        .count("step_size", arguments.steps("step_size", 1)?)
        .number("gamma", gamma_below_one(arguments)?)
        .into())
}

pub(super) fn lambda_decay(arguments: &Arguments<'_>) -> Translated {
    Ok(lambda(learning_rate(arguments)?, arguments.text("lr_lambda")).into())
}

pub(super) fn multiplicative_decay(arguments: &Arguments<'_>) -> Translated {
    Ok(multiplicative(learning_rate(arguments)?, arguments.text("lr_lambda")).into())
}

/// The one scheduler whose rate PaddlePaddle does not look at: a plateau may begin below 0.
pub(super) fn reduce_on_plateau(arguments: &Arguments<'_>) -> Translated {
    let rates = (
        arguments.optional_number("learning_rate"),
        arguments.optional_number("lr"),
    );
    let rate = match rates {
        (Some(rate), None) | (None, Some(rate)) => rate,
        (None, None) => return Err(Refusal::of("learning_rate", "must be given")),
        (Some(_), Some(_)) => {
            return Err(Refusal::of(
                "lr",
                "must not be given beside learning_rate: it is the same",
            ));
        }
    };
    Ok(plateau(arguments, rate, "epsilon", "paddle")?.into())
}

pub(super) fn cosine_annealing_decay(arguments: &Arguments<'_>) -> Translated {
    Ok(cosine_annealing(
        learning_rate(arguments)?,
        arguments.number("eta_min"),
        arguments.steps("T_max", 1)?,
    )
    .into())
}

pub(super) fn linear_lr(arguments: &Arguments<'_>) -> Translated {
    let factors = check_linear_factors(arguments)?;
    let total_steps = arguments.steps("total_steps", 1)?;
    Ok(linear_factor(learning_rate(arguments)?, factors, total_steps).into())
}

pub(super) fn cosine_annealing_warm_restarts(arguments: &Arguments<'_>) -> Translated {
    let translation = Translation::from(warm_restarts(arguments, learning_rate(arguments)?)?);
    Ok(if arguments.integer("T_mult") > 1 {
        translation.remark(
            "PaddlePaddle's step(epoch), and so its LinearWarmup around this, finds the cycle by a rounded logarithm and is at \
             eta_min instead of the peak at some restarts; its step() restarts where this does.",
        )
    } else {
        translation
    })
}
