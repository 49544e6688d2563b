//! The schedulers that rise to a peak and fall again.

use crate::dialect::common::{OneCycle, Triangles, ensure, not_negative};
use crate::dialect::{Arguments, Refusal, Translation};

pub(super) fn one_cycle_lr(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let peak = not_negative(arguments, "max_learning_rate")?;
    let end = not_negative(arguments, "end_learning_rate")?;
    let divide_factor = arguments.number("divide_factor");
    ensure(divide_factor != 0.0, "divide_factor", "must not be 0")?;
    let start = peak / divide_factor;
    ensure(
        start >= 0.0,
        "divide_factor",
        "must be above 0, since no rate is below 0",
    )?;
    let three_phase = arguments.flag("three_phase");
    let pct = arguments.number("phase_pct");
    ensure(
        !three_phase || pct < 0.5,
        "phase_pct",
        "must be below 0.5 with three_phase",
    )?;
    let cycle = OneCycle {
        total: arguments.steps("total_steps", 1)?,
        pct,
        three_phase,
        linear: arguments.text("anneal_strategy") == "linear",
    }
    .checked("phase_pct")?;
    let schedule = if arguments.faithful {
        cycle.through_and_beyond(start, peak, end)
    } else {
        cycle.through(start, peak, end)
    };
    Ok(Translation::from(schedule).remark(cycle.past_the_end("PaddlePaddle", arguments.faithful)))
}

pub(super) fn cyclic_lr(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let base = not_negative(arguments, "base_learning_rate")?;
    let peak = not_negative(arguments, "max_learning_rate")?;
    let up = arguments.steps("step_size_up", 1)?;
    let triangles = Triangles {
        up,
        down: if arguments.has("step_size_down") {
            arguments.steps("step_size_down", 1)?
        } else {
            up
        },
        mode: arguments.text("mode"),
        gamma: arguments.number("exp_gamma"),
        scale_fn: arguments
            .has("scale_fn")
            .then(|| (arguments.text("scale_fn"), arguments.text("scale_mode"))),
    };
    let translation = Translation::from(triangles.between(base, peak));
    Ok(if triangles.halves() {
        translation.remark(
            "PaddlePaddle stops with an error after 1024 cycles of triangular2; here the amplitude goes on to 0.",
        )
    } else {
        translation
    })
}
