//! The schedulers that stand alone.

use crate::dialect::common::{
    check_linear_factors, cosine_annealing, ensure, exponential, lambda, linear_factor,
    multiplicative, plateau, warm_restarts,
};
use crate::dialect::{Arguments, Canonical, Carried, Refusal, Translation};

type Translated = Result<Translation, Refusal>;

fn lr(arguments: &Arguments<'_>) -> f64 {
    arguments.number("lr")
}

fn scaled(schedule: Canonical) -> Translation {
    Translation::from(schedule).carries(Carried::Scaled)
}

/// A length whose sign PyTorch's formulas do not see. 0 divides by zero there.
fn length_of_either_sign(arguments: &Arguments<'_>, name: &'static str) -> Result<u32, Refusal> {
    let length = arguments.integer(name);
    u32::try_from(length.unsigned_abs())
        .ok()
        .filter(|&length| length > 0)
        .ok_or_else(|| {
            Refusal::of(
                name,
                format!("must be a whole number from 1 to {}", u32::MAX),
            )
        })
}

pub(super) fn lambda_lr(arguments: &Arguments<'_>) -> Translated {
    Ok(lambda(lr(arguments), arguments.text("lr_lambda")).into())
}

pub(super) fn multiplicative_lr(arguments: &Arguments<'_>) -> Translated {
    let schedule = multiplicative(lr(arguments), arguments.text("lr_lambda"));
    Ok(Translation::from(schedule).carries(Carried::ScaledOnwards))
}

pub(super) fn step_lr(arguments: &Arguments<'_>) -> Translated {
    Ok(scaled(
        Canonical::new("step")
            .number("learning_rate", lr(arguments))
            .count("step_size", length_of_either_sign(arguments, "step_size")?)
            .number("gamma", arguments.number("gamma")),
    ))
}

/// Milestones may be in any order, and one that is there twice counts twice. Those below 0 are never met.
pub(super) fn multi_step_lr(arguments: &Arguments<'_>) -> Translated {
    let gamma = arguments.number("gamma");
    let mut milestones: Vec<u32> = arguments
        .integers("milestones")
        .iter()
        .filter_map(|&milestone| u32::try_from(milestone).ok())
        .collect();
    milestones.sort_unstable();
    let groups: Vec<&[u32]> = milestones.chunk_by(u32::eq).collect();
    if groups.len() < milestones.len() {
        let (boundaries, scales): (Vec<u32>, Vec<f64>) = groups
            .iter()
            .map(|group| (group[0], libm::pow(gamma, group.len() as f64)))
            .unzip();
        return Ok(scaled(
            Canonical::new("piecewise_scale")
                .number("learning_rate", lr(arguments))
                .counts("boundaries", boundaries)
                .numbers("scales", scales),
        ));
    }
    Ok(scaled(
        Canonical::new("multi_step")
            .number("learning_rate", lr(arguments))
            .counts("milestones", milestones)
            .number("gamma", gamma),
    ))
}

pub(super) fn constant_lr(arguments: &Arguments<'_>) -> Translated {
    let (lr, factor) = (lr(arguments), arguments.number("factor"));
    ensure(
        (0.0..=1.0).contains(&factor),
        "factor",
        "must be from 0 to 1",
    )?;
    if arguments.integer("total_iters") <= 0 {
        let stuck = Translation::from(Canonical::constant(lr * factor));
        return Ok(stuck.carries(Carried::ScaledUnlessSet).remark(
            "PyTorch never undoes the factor when total_iters is not above 0, and neither does this; \
             its closed form, step(epoch), gives the full rate, also where SequentialLR enters it so, behind another.",
        ));
    }
    if factor == 0.0 {
        return Err(Refusal::of(
            "factor",
            "must be above 0: PyTorch divides by it at total_iters",
        )
        .help("`constant_factor` takes a factor of 0"));
    }
    Ok(scaled(
        Canonical::new("constant_factor")
            .number("learning_rate", lr)
            .number("factor", factor)
            .count("total_steps", arguments.steps("total_iters", 1)?),
    ))
}

pub(super) fn linear_lr(arguments: &Arguments<'_>) -> Translated {
    let (start, end) = check_linear_factors(arguments)?;
    let lr = lr(arguments);
    if arguments.integer("total_iters") > 0 {
        let total_steps = arguments.steps("total_iters", 1)?;
        return Ok(scaled(linear_factor(lr, (start, end), total_steps)));
    }
    let factor = if arguments.faithful { start } else { end };
    let translation = scaled(Canonical::constant(lr * factor));
    Ok(if arguments.faithful || start == end {
        translation
    } else {
        translation.remark(
            "With total_iters not above 0 PyTorch stays at start_factor at every step; \
             here a line of no length is at its end, end_factor.",
        )
    })
}

pub(super) fn exponential_lr(arguments: &Arguments<'_>) -> Translated {
    Ok(scaled(exponential(
        lr(arguments),
        arguments.number("gamma"),
    )))
}

pub(super) fn polynomial_lr(arguments: &Arguments<'_>) -> Translated {
    let (lr, power) = (lr(arguments), arguments.number("power"));
    if arguments.integer("total_iters") <= 0 || power == 0.0 {
        return Ok(scaled(Canonical::constant(lr)));
    }
    ensure(
        power > 0.0,
        "power",
        "must not be below 0: at total_iters PyTorch would divide by zero",
    )?;
    Ok(scaled(
        Canonical::new("polynomial")
            .number("learning_rate", lr)
            .number("end_lr", 0.0)
            .count("decay_steps", arguments.steps("total_iters", 1)?)
            .number("power", power),
    ))
}

pub(super) fn cosine_annealing_lr(arguments: &Arguments<'_>) -> Translated {
    let eta_min = arguments.number("eta_min");
    let t_max = length_of_either_sign(arguments, "T_max")?;
    let carried = if eta_min == 0.0 {
        Carried::Scaled
    } else {
        Carried::Blended
    };
    Ok(Translation::from(cosine_annealing(lr(arguments), eta_min, t_max)).carries(carried))
}

pub(super) fn cosine_annealing_warm_restarts(arguments: &Arguments<'_>) -> Translated {
    let translation = Translation::from(warm_restarts(arguments, lr(arguments))?);
    Ok(if arguments.integer("T_mult") > 1 {
        translation.remark(
            "PyTorch's step(epoch) finds the cycle by a rounded logarithm and is at eta_min instead of the peak at some \
             restarts; its step() restarts where this does.",
        )
    } else {
        translation
    })
}

pub(super) fn reduce_lr_on_plateau(arguments: &Arguments<'_>) -> Translated {
    Ok(plateau(arguments, lr(arguments), "eps", "torch")?.into())
}

pub(super) fn swa_lr(arguments: &Arguments<'_>) -> Translated {
    let swa_lr = arguments.number("swa_lr");
    let anneal_epochs = arguments.steps("anneal_epochs", 0)?;
    let schedule = if anneal_epochs == 0 {
        Canonical::constant(swa_lr)
    } else {
        let shape = match arguments.text("anneal_strategy") {
            "linear" => "linear",
            _ => "cosine",
        };
        Canonical::new("anneal")
            .number("start_lr", lr(arguments))
            .number("end_lr", swa_lr)
            .count("total_steps", anneal_epochs)
            .text("shape", shape)
    };
    Ok(Translation::from(schedule).carries(Carried::BlendedOnwards))
}
