//! What holds for a schedule that reacts to losses, under every family's rules.

use hairpin_core::{
    AbsoluteMargin, BelowMin, BlockedCut, Cooldown, CutGate, Family, Feedback, FirstLoss,
    LinearWarmup, Mode, Observed, PatienceRule, PlateauConfig, PlateauRules, ReduceOnPlateau,
    RelativeMargin, ThresholdMode,
};

use crate::configs;
use crate::rng::Rng;

/// Any parameters, under the rules of the two families that count alike, in every combination of their switches.
fn config(rng: &mut Rng) -> PlateauConfig {
    let rate = rng.log_uniform(1e-4, 10.0);
    let threshold_mode = rng.pick(&[ThresholdMode::Rel, ThresholdMode::Abs, ThresholdMode::Both]);
    PlateauConfig {
        learning_rate: rate,
        mode: rng.pick(&[Mode::Min, Mode::Max]),
        factor: rng.pick(&[0.0, 0.1, 0.5, 0.9, 0.999_999]),
        patience: rng.pick(&[0, 1, 2, 3, u32::MAX]),
        threshold: rng.pick(&[0.0, 1e-4, 0.1, -0.1]),
        threshold_mode,
        atol: match threshold_mode {
            ThresholdMode::Both => rng.pick(&[0.0, 1e-3, 0.1]),
            _ => 0.0,
        },
        cooldown: rng.pick(&[0, 1, 2, 5, u32::MAX]),
        min_lr: rng.pick(&[0.0, 1e-6, 0.01, 100.0, -1.0]),
        epsilon: rng.pick(&[0.0, 1e-8, 1e-3]),
        accumulation: 1,
        rules: PlateauRules {
            first_loss: rng.pick(&[FirstLoss::Accepted, FirstLoss::BeatsInfinity]),
            cooldown: rng.pick(&[Cooldown::Ignores, Cooldown::Tracks]),
            relative_margin: rng.pick(&[RelativeMargin::Difference, RelativeMargin::Product]),
            absolute_margin: rng.pick(&[AbsoluteMargin::OnBest, AbsoluteMargin::OnLoss]),
            ..PlateauRules::PADDLE
        },
    }
}

/// Any parameters under any rules at all.
fn any_config(rng: &mut Rng) -> PlateauConfig {
    let config = config(rng);
    PlateauConfig {
        accumulation: rng.pick(&[1, 1, 2, 3, u32::MAX]),
        rules: PlateauRules {
            cooldown: rng.pick(&[Cooldown::Ignores, Cooldown::Tracks, Cooldown::TracksButLast]),
            patience_rule: rng.pick(&[
                PatienceRule::Greater,
                PatienceRule::GreaterEqual,
                PatienceRule::Equal,
            ]),
            cut_gate: rng.pick(&[CutGate::Epsilon, CutGate::AboveMin, CutGate::Lower]),
            blocked_cut: rng.pick(&[BlockedCut::StartsAgain, BlockedCut::GoesOn]),
            below_min: rng.pick(&[BelowMin::Stays, BelowMin::Raised]),
            ..config.rules
        },
        ..config
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
        let config = any_config(&mut rng);
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
        let config = any_config(&mut rng);
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

/// A rate changes exactly when an observation says so, whatever the rules.
#[test]
fn a_rate_changes_only_where_it_is_said() {
    let mut rng = Rng::from_env("said changes");
    for _ in 0..configs() * 4 {
        let config = any_config(&mut rng);
        let schedule = ReduceOnPlateau::new(config).unwrap();
        let mut state = schedule.start();
        let mut collected = 0;
        for step in 0..80 {
            let (loss, before) = (loss(&mut rng), schedule.rate(&state, step));
            let observed = schedule.observe(&mut state, step, loss);
            let after = schedule.rate(&state, step);
            match observed {
                Observed::Reduced => assert!(after < before, "{config:?} at {step}"),
                Observed::Raised => {
                    assert!(
                        after > before && after == config.min_lr,
                        "{config:?} at {step}"
                    );
                    assert_eq!(config.rules.below_min, BelowMin::Raised);
                }
                _ => assert_eq!(
                    after.to_bits(),
                    before.to_bits(),
                    "{config:?} at {step}: {observed:?}"
                ),
            }
            // Every so many losses one observation counts, and no other.
            collected = (collected + 1) % config.accumulation;
            assert_eq!(state.collected(), collected, "{config:?} at {step}");
            assert_eq!(
                observed == Observed::Collected,
                collected != 0,
                "{config:?} at {step}"
            );
        }
    }
}

/// The mean of so many losses is looked at as one loss would be.
#[test]
fn collected_losses_count_as_their_mean() {
    let mut rng = Rng::from_env("means");
    for _ in 0..configs() {
        let single = PlateauConfig {
            accumulation: 1,
            ..any_config(&mut rng)
        };
        let count = 2 + rng.up_to(3);
        let several = PlateauConfig {
            accumulation: count,
            ..single
        };
        let (single, several) = (
            ReduceOnPlateau::new(single).unwrap(),
            ReduceOnPlateau::new(several).unwrap(),
        );
        let (mut ours, mut theirs) = (single.start(), several.start());
        for step in 0..40 {
            let mut mean = 0.0;
            for nth in 0..count {
                let loss = loss(&mut rng);
                mean = (f64::from(nth) * mean + loss) / f64::from(nth + 1);
                let observed = several.observe(&mut theirs, step, loss);
                if nth + 1 < count {
                    assert_eq!(observed, Observed::Collected);
                } else {
                    assert_eq!(
                        observed,
                        single.observe(&mut ours, step, mean),
                        "{single:?} at {step}"
                    );
                }
            }
            let (ours, theirs) = (single.rate(&ours, step), several.rate(&theirs, step));
            assert_eq!(ours.to_bits(), theirs.to_bits(), "{single:?} at {step}");
        }
    }
}

/// `ReduceLROnPlateau` of Keras, its counters as it keeps them.
fn keras(config: &PlateauConfig, losses: &[f64]) -> Vec<f64> {
    let (mut lr, mut best) = (config.learning_rate, None);
    let (mut wait, mut cooldown) = (0, 0);
    let mut rates = Vec::new();
    for &loss in losses {
        if cooldown > 0 {
            cooldown -= 1;
            wait = 0;
        }
        let improves = best.is_none_or(|best| match config.mode {
            Mode::Min => loss + config.threshold < best,
            Mode::Max => loss - config.threshold > best,
        });
        if improves {
            best = Some(loss);
            wait = 0;
        } else if cooldown == 0 {
            wait += 1;
            if wait >= config.patience && lr as f32 > config.min_lr as f32 {
                lr = f64::max(lr * config.factor, config.min_lr);
                cooldown = config.cooldown;
                wait = 0;
            }
        }
        rates.push(lr);
    }
    rates
}

/// `contrib.reduce_on_plateau` of Optax, which knows no mode, on a base of `learning_rate`.
fn optax(config: &PlateauConfig, losses: &[f64]) -> Vec<f64> {
    let (mut scale, mut best) = (config.learning_rate, f64::INFINITY);
    let (mut plateau, mut cooldown) = (0, 0);
    let (mut count, mut mean) = (0, 0.0);
    let mut rates = Vec::new();
    for &loss in losses {
        mean = (f64::from(count) * mean + loss) / f64::from(count + 1);
        count += 1;
        if count == config.accumulation {
            let improves = mean < (1.0 - config.threshold) * best - config.atol;
            if improves {
                best = mean;
            }
            let bad = if improves { 0 } else { plateau + 1 };
            if cooldown > 0 {
                plateau = 0;
                cooldown -= 1;
            } else {
                let cut = bad == config.patience;
                plateau = if cut { 0 } else { bad };
                scale = f64::max(
                    if cut { scale * config.factor } else { scale },
                    config.min_lr,
                );
                cooldown = if cut { config.cooldown } else { 0 };
            }
            (count, mean) = (0, 0.0);
        }
        rates.push(scale);
    }
    rates
}

#[test]
fn keras_and_optax_are_followed_to_the_bit() {
    let mut rng = Rng::from_env("families");
    type Model = fn(&PlateauConfig, &[f64]) -> Vec<f64>;
    let models: [(PlateauRules, Model); 2] = [
        (PlateauRules::KERAS, keras as Model),
        (PlateauRules::OPTAX, optax as Model),
    ];
    for (rules, model) in models {
        let mut changes = 0;
        for _ in 0..configs() * 4 {
            let any = config(&mut rng);
            let both = rules == PlateauRules::OPTAX;
            let config = PlateauConfig {
                mode: if both { Mode::Min } else { any.mode },
                threshold_mode: if both {
                    ThresholdMode::Both
                } else {
                    ThresholdMode::Abs
                },
                threshold: rng.pick(&[0.0, 1e-4, 0.1, 1.0]),
                atol: if both { rng.pick(&[0.0, 0.01]) } else { 0.0 },
                accumulation: if both { 1 + rng.up_to(3) } else { 1 },
                min_lr: rng.pick(&[0.0, 1e-6, 0.01, any.learning_rate, 100.0]),
                rules,
                ..any
            };
            let schedule = ReduceOnPlateau::new(config).unwrap();
            let losses: Vec<f64> = (0..120).map(|_| loss(&mut rng)).collect();
            let (mut state, mut before) = (schedule.start(), config.learning_rate);
            for (step, (&loss, rate)) in (0..).zip(losses.iter().zip(model(&config, &losses))) {
                schedule.observe(&mut state, step, loss);
                assert_eq!(
                    schedule.rate(&state, step).to_bits(),
                    rate.to_bits(),
                    "{config:?} at {step} of {losses:?}"
                );
                changes += u32::from(rate != before);
                before = rate;
            }
        }
        assert!(changes > 1_000, "{rules:?}: {changes}");
    }
}

#[test]
fn rules_are_told_by_their_family_and_what_differs() {
    for family in [Family::Paddle, Family::Torch, Family::Keras, Family::Optax] {
        assert_eq!(family.rules().family(), family);
        let changed = PlateauRules {
            cooldown: Cooldown::Ignores,
            ..family.rules()
        };
        assert_eq!(changed.family(), family, "one switch is not a family");
    }
}
