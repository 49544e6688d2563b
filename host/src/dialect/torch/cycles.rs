//! The schedulers that move the momentum against the rate.

use crate::dialect::common::{OneCycle, Triangles, ensure};
use crate::dialect::{Arguments, Carried, Refusal, Translation};

/// How many steps a one-cycle has: as many as it says, or epochs of steps.
fn total_steps(arguments: &Arguments<'_>) -> Result<u32, Refusal> {
    if arguments.has("total_steps") {
        return arguments.steps("total_steps", 1);
    }
    if !(arguments.has("epochs") && arguments.has("steps_per_epoch")) {
        return Err(Refusal::of(
            "total_steps",
            "must be given, or both epochs and steps_per_epoch",
        ));
    }
    let epochs = arguments.steps("epochs", 1)?;
    epochs
        .checked_mul(arguments.steps("steps_per_epoch", 1)?)
        .ok_or_else(|| Refusal::of("epochs", format!("must give at most {} steps", u32::MAX)))
}

pub(super) fn one_cycle_lr(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let (div_factor, final_div_factor) = (
        arguments.number("div_factor"),
        arguments.number("final_div_factor"),
    );
    ensure(div_factor != 0.0, "div_factor", "must not be 0")?;
    ensure(final_div_factor != 0.0, "final_div_factor", "must not be 0")?;
    let cycle = OneCycle {
        total: total_steps(arguments)?,
        pct: arguments.number("pct_start"),
        three_phase: arguments.flag("three_phase"),
        linear: arguments.text("anneal_strategy") == "linear",
    }
    .checked("pct_start")?;
    let through = |start, peak, end| {
        if arguments.faithful {
            cycle.through_and_beyond(start, peak, end)
        } else {
            cycle.through(start, peak, end)
        }
    };
    let peak = arguments.number("max_lr");
    let start = peak / div_factor;
    let translation = Translation::from(through(start, peak, start / final_div_factor))
        .carries(Carried::Rebases(start))
        .remark(cycle.past_the_end("PyTorch", arguments.faithful));
    Ok(if arguments.flag("cycle_momentum") {
        let (at_peak, at_ends) = (
            arguments.number("base_momentum"),
            arguments.number("max_momentum"),
        );
        translation.momentum(through(at_ends, at_peak, at_ends))
    } else {
        translation
    })
}

pub(super) fn cyclic_lr(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let up = arguments.steps("step_size_up", 1)?;
    let triangles = Triangles {
        up,
        down: if arguments.has("step_size_down") {
            arguments.steps("step_size_down", 0)?
        } else {
            up
        },
        mode: arguments.text("mode"),
        gamma: arguments.number("gamma"),
        scale_fn: arguments
            .has("scale_fn")
            .then(|| (arguments.text("scale_fn"), arguments.text("scale_mode"))),
    };
    let base = arguments.number("base_lr");
    let translation = Translation::from(triangles.between(base, arguments.number("max_lr")))
        .carries(Carried::RebasesAsFirst(base));
    let translation = if triangles.halves() {
        translation.remark(
            "PyTorch stops with an error after 1024 cycles of triangular2; here the amplitude goes on to 0.",
        )
    } else {
        translation
    };
    Ok(if arguments.flag("cycle_momentum") {
        translation.momentum(triangles.between(
            arguments.number("max_momentum"),
            arguments.number("base_momentum"),
        ))
    } else {
        translation
    })
}
