//! What holds for a schedule that reacts to losses, under either family's rules.

use hairpin_core::{
    Cooldown, Feedback, FirstLoss, LinearWarmup, Mode, Observed, PlateauConfig, PlateauRules,
    ReduceOnPlateau, RelativeMargin, ThresholdMode,
};

use crate::configs;
use crate::rng::Rng;

/// Any rules: the two families' switches in every combination.
fn config(rng: &mut Rng) -> PlateauConfig {
    let rate = rng.log_uniform(1e-4, 10.0);
    PlateauConfig {
        learning_rate: rate,
        mode: rng.pick(&[Mode::Min, Mode::Max]),
        factor: rng.pick(&[0.0, 0.1, 0.5, 0.9, 0.999_999]),
        patience: rng.pick(&[0, 1, 2, 3, u32::MAX]),
        threshold: rng.pick(&[0.0, 1e-4, 0.1, -0.1]),
        threshold_mode: rng.pick(&[ThresholdMode::Rel, ThresholdMode::Abs]),
        cooldown: rng.pick(&[0, 1, 2, 5, u32::MAX]),
        min_lr: rng.pick(&[0.0, 1e-6, 0.01, 100.0, -1.0]),
        epsilon: rng.pick(&[0.0, 1e-8, 1e-3]),
        rules: PlateauRules {
            first_loss: rng.pick(&[FirstLoss::Accepted, FirstLoss::BeatsInfinity]),
            cooldown: rng.pick(&[Cooldown::Ignores, Cooldown::Tracks]),
            relative_margin: rng.pick(&[RelativeMargin::Difference, RelativeMargin::Product]),
        },
    }
}

fn loss(rng: &mut Rng) -> f64 {
    match rng.up_to(9) {
        0 => rng.pick(&[
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            -f64::MAX,
            0.0,
            -0.0,
        ]),
        1 => rng.uniform(-2.0, 2.0),
        _ => rng.pick(&[1.0, 1.0, 0.75, 0.5, 1.5]),
    }
}

#[test]
fn a_rate_falls_exactly_when_reduced_and_never_rises() {
    let mut rng = Rng::from_env("feedback");
    for _ in 0..configs() * 4 {
        let config = config(&mut rng);
        let schedule = ReduceOnPlateau::new(config).unwrap();
        let mut state = schedule.start();
        assert_eq!(schedule.lr(&state, 0), config.learning_rate as f32);
        let mut bad = 0u32;
        for step in 0..80 {
            let (loss, before) = (loss(&mut rng), schedule.lr(&state, step));
            let observed = schedule.observe(&mut state, step, loss);
            let after = schedule.lr(&state, step);
            assert!(
                after <= before,
                "{config:?} at {step}: {before:e} rose to {after:e}"
            );
            // Two rates in f64 may round to one in f32, so the reverse does not hold.
            assert!(
                after == before || observed == Observed::Reduced,
                "{config:?} at {step}: {observed:?}"
            );
            let floor = config.min_lr.min(config.learning_rate) as f32;
            assert!(
                after >= floor,
                "{config:?} at {step}: {after:e} below {floor:e}"
            );
            assert!(
                state.bad() <= config.patience,
                "{config:?}: a cut forgets the bad ones"
            );
            match observed {
                Observed::Waiting => bad += 1,
                Observed::Reduced | Observed::Exhausted => {
                    assert_eq!(
                        bad, config.patience,
                        "{config:?} at {step}: exactly patience was borne"
                    );
                    assert_eq!(
                        state.cooldown_left(),
                        config.cooldown,
                        "{config:?} at {step}"
                    );
                    bad = 0;
                }
                Observed::Improved => bad = 0,
                Observed::CoolingDown => {
                    assert_eq!(bad, 0, "{config:?} at {step}: nothing counts while cooling")
                }
                Observed::Ignored => panic!("{config:?}: there is no warm-up"),
                _ => panic!("{observed:?} is new: say here what it promises"),
            }
        }
    }
}

/// Resuming is copying the state.
#[test]
fn a_copied_state_continues_like_the_original() {
    let mut rng = Rng::from_env("copies");
    for _ in 0..configs() {
        let config = config(&mut rng);
        let schedule = ReduceOnPlateau::new(config).unwrap();
        let losses: Vec<f64> = (0..60).map(|_| loss(&mut rng)).collect();
        let cut = rng.up_to(59) as usize;
        let mut state = schedule.start();
        for (step, &loss) in (0..).zip(&losses[..cut]) {
            schedule.observe(&mut state, step, loss);
        }
        let (again, mut copy) = (ReduceOnPlateau::new(config).unwrap(), state);
        for (step, &loss) in (cut as u32..).zip(&losses[cut..]) {
            let observed = schedule.observe(&mut state, step, loss);
            assert_eq!(
                again.observe(&mut copy, step, loss),
                observed,
                "{config:?} at {step}"
            );
            assert_eq!(
                again.lr(&copy, step).to_bits(),
                schedule.lr(&state, step).to_bits(),
                "{config:?} at {step}"
            );
        }
    }
}

#[test]
fn losses_of_the_warmup_are_not_seen() {
    let mut rng = Rng::from_env("warm-up losses");
    for _ in 0..configs() {
        let config = config(&mut rng);
        let plateau = ReduceOnPlateau::new(config).unwrap();
        let (outer, inner) = (1 + rng.up_to(20), 1 + rng.up_to(20));
        let warmed = LinearWarmup::new(inner, 0.1, 1.0, plateau).unwrap();
        let warmed = LinearWarmup::new(outer, 0.0, 0.1, warmed).unwrap();
        let (mut with, mut without, mut bare) = (warmed.start(), warmed.start(), plateau.start());
        let length = outer + inner;
        for step in 0..length {
            let before = warmed.lr(&with, step);
            assert_eq!(
                warmed.observe(&mut with, step, loss(&mut rng)),
                Observed::Ignored,
                "{config:?} at {step}"
            );
            assert_eq!(warmed.lr(&with, step), before);
        }
        for step in length..length + 40 {
            let loss = loss(&mut rng);
            let observed = plateau.observe(&mut bare, step - length, loss);
            assert_eq!(
                warmed.observe(&mut with, step, loss),
                observed,
                "{config:?} at {step}"
            );
            assert_eq!(
                warmed.observe(&mut without, step, loss),
                observed,
                "{config:?} at {step}"
            );
            let rate = plateau.lr(&bare, step - length).to_bits();
            assert_eq!(
                warmed.lr(&with, step).to_bits(),
                rate,
                "{config:?} at {step}"
            );
            assert_eq!(
                warmed.lr(&without, step).to_bits(),
                rate,
                "{config:?} at {step}"
            );
        }
    }
}

/// The switches one by one, at losses where the families part.
#[test]
fn each_switch_does_what_it_says() {
    let base = PlateauConfig {
        factor: 0.5,
        patience: 0,
        epsilon: 0.0,
        ..PlateauConfig::new(1.0)
    };
    let run = |config: PlateauConfig, losses: &[f64]| {
        let schedule = ReduceOnPlateau::new(config).unwrap();
        let mut state = schedule.start();
        let observe = |(step, &loss): (u32, &f64)| schedule.observe(&mut state, step, loss);
        (0..).zip(losses).map(observe).collect::<Vec<_>>()
    };
    use Observed::{CoolingDown, Exhausted, Improved, Reduced, Waiting};

    // A first NaN is accepted and never beaten, or bad and forgotten.
    let with = |rules| PlateauConfig { rules, ..base };
    assert_eq!(
        run(with(PlateauRules::PADDLE), &[f64::NAN, 1.0, 0.5]),
        [Improved, Reduced, Reduced]
    );
    assert_eq!(
        run(with(PlateauRules::TORCH), &[f64::NAN, 1.0, 0.5]),
        [Reduced, Improved, Improved]
    );

    // The better loss inside the cool-down: lost, or the new best, which the last one does not beat.
    let cooling = |rules| PlateauConfig {
        rules,
        cooldown: 1,
        ..base
    };
    let losses = [1.0, 1.0, 0.25, 0.5];
    assert_eq!(
        run(cooling(PlateauRules::PADDLE), &losses),
        [Improved, Reduced, CoolingDown, Improved]
    );
    assert_eq!(
        run(cooling(PlateauRules::TORCH), &losses),
        [Improved, Reduced, Improved, Reduced]
    );

    // An infinite best: inf - inf * 0 is NaN, inf * 1 is not.
    let infinite = [f64::INFINITY, 1.0];
    let margin = |relative_margin| PlateauConfig {
        threshold: 0.0,
        rules: PlateauRules {
            relative_margin,
            ..PlateauRules::PADDLE
        },
        ..base
    };
    assert_eq!(
        run(margin(RelativeMargin::Difference), &infinite),
        [Improved, Reduced]
    );
    assert_eq!(
        run(margin(RelativeMargin::Product), &infinite),
        [Improved, Improved]
    );

    // A cut within epsilon is not made, but the count starts again.
    let gated = PlateauConfig {
        patience: 1,
        epsilon: 0.5,
        ..base
    };
    assert_eq!(
        run(gated, &[1.0; 5]),
        [Improved, Waiting, Exhausted, Waiting, Exhausted]
    );
}
