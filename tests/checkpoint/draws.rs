//! Random states to save.

use hairpin_core::{
    Feedback, PlateauConfig, PlateauRules, PlateauState, ReduceOnPlateau, Rounding, Sgd, SgdConfig,
};

use crate::rng::Rng;

/// A plateau schedule in the midst of a run.
pub(crate) fn plateau(rng: &mut Rng) -> (ReduceOnPlateau, PlateauState) {
    let schedule = ReduceOnPlateau::new(PlateauConfig {
        factor: rng.uniform(0.1, 0.9),
        patience: rng.up_to(3),
        cooldown: rng.up_to(3),
        rules: rng.pick(&[PlateauRules::PADDLE, PlateauRules::TORCH]),
        ..PlateauConfig::new(rng.log_uniform(1e-3, 10.0))
    })
    .unwrap();
    let mut state = schedule.start();
    for step in 0..rng.up_to(12) {
        let loss = rng.pick(&[1.0, 0.5, 0.7, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        schedule.observe(&mut state, step, loss);
    }
    (schedule, state)
}

/// An update with any accepted hyperparameters.
pub(crate) fn sgd(rng: &mut Rng) -> Sgd {
    let nesterov = rng.one_in(3);
    let config = SgdConfig {
        momentum: if nesterov {
            0.9
        } else {
            rng.pick(&[0.0, 0.5, 0.9, 1e-50])
        },
        dampening: if nesterov {
            0.0
        } else {
            rng.uniform(-1.0, 1.0)
        },
        nesterov,
        weight_decay: rng.sign() * rng.log_uniform(1e-6, 0.1),
        gradient_scale: rng.log_uniform(1e-4, 1e4),
        rounding: rng.pick(&[Rounding::Separate, Rounding::Fused]),
    };
    let sgd = Sgd::new(config).unwrap();
    if rng.one_in(2) {
        sgd.group(rng.uniform(-2.0, 2.0), rng.uniform(0.0, 0.1))
            .unwrap()
    } else {
        sgd
    }
}
