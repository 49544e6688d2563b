//! Training: gradients against plain ones, and bits that depend on the trial alone.

#[path = "support/network.rs"]
mod network;

use std::sync::atomic::Ordering;

use hairpin_core::{
    AnyFeedback, AnySchedule, Constant, CosineAnnealing, Feedback, Linear, PlateauConfig,
    ReduceOnPlateau, Rounding, Schedule, Sgd, SgdConfig, SgdState,
};
use hairpin_host::data::digits;
use hairpin_host::train::{
    BlockEnd, BlockState, Cause, Divergence, Engine, Isa, Metric, Model, Rates, StateError,
    TrainConfig, TrainError, Trial, TrialOutcome, Watch,
};
use network::{Forward, cross_entropy, forward, sample};

/// Half a unit in the last place of 1: the largest relative error of one rounding to `f32`.
const U: f64 = 1.0 / 16_777_216.0;

const MLP: Model = Model::Mlp { hidden: 19 };

fn config(model: Model, steps: u32) -> TrainConfig {
    TrainConfig {
        keep_params: true,
        seed: 3,
        ..TrainConfig::new(model, steps)
    }
}

fn sgd(config: SgdConfig) -> Sgd {
    Sgd::new(config).unwrap()
}

fn plain() -> Sgd {
    sgd(SgdConfig::default())
}

fn run(engine: &Engine, trials: &[Trial]) -> Vec<TrialOutcome> {
    engine.run(trials, &Watch::default()).unwrap().unwrap()
}

/// Everything in an outcome, NaN included, as bits.
fn bits(outcome: &TrialOutcome) -> Vec<Option<u32>> {
    let evaluations = [outcome.last, outcome.best].into_iter();
    let evaluations = evaluations.flat_map(|e| match e {
        Some(e) => vec![
            Some(e.step),
            Some(e.loss.to_bits()),
            Some(e.accuracy.to_bits()),
        ],
        None => vec![None],
    });
    let diverged = outcome.diverged.into_iter();
    let diverged = diverged.flat_map(|d| [Some(d.step), Some(d.cause as u32)]);
    let lists = [
        Some(&outcome.losses),
        Some(&outcome.accuracies),
        outcome.rates.as_ref(),
        outcome.params.as_ref(),
    ];
    let lists = lists.into_iter().flat_map(|list| {
        let numbers = list.into_iter().flatten().map(|x| Some(x.to_bits()));
        numbers.chain([None])
    });
    evaluations
        .chain(diverged)
        .chain([None])
        .chain(lists)
        .collect()
}

#[test]
fn the_gradient_of_the_perceptron_is_the_slope_of_its_loss() {
    const H: f64 = 1e-6;
    let data = digits().unwrap();
    let Model::Mlp { hidden } = MLP else {
        unreachable!()
    };
    let engine = Engine::new(&data, config(MLP, 1)).unwrap();
    let trial = Trial {
        rates: Rates::Table(&[1.0]),
        momentum: None,
        sgd: plain(),
    };
    let after = run(&engine, &[trial]).remove(0).params.unwrap();
    let before = engine.initial_params();
    let batch: Vec<_> = engine
        .minibatch(0)
        .iter()
        .map(|&row| sample(&data, row))
        .collect();

    let mut params: Vec<f64> = before.iter().map(|&p| f64::from(p)).collect();
    let loss = |params: &[f64]| {
        let losses = batch
            .iter()
            .map(|(x, label)| cross_entropy(&forward(MLP, 10, params, x).logits, *label));
        losses.sum::<f64>() / batch.len() as f64
    };

    // First-order bounds on what rounding does. A sum of n products, in any order, is off by n + 1 roundings of the sum of their
    // absolute values; softmax moves by at most half of what its logits move, and takes about a dozen roundings itself.
    let (d, h, c, b) = (data.width() as f64, hidden as f64, 10.0, batch.len() as f64);
    let passes: Vec<_> = batch
        .iter()
        .map(|(x, _)| forward(MLP, 10, &params, x))
        .collect();
    let max = |of: fn(&Forward) -> &Vec<f64>| {
        passes
            .iter()
            .flat_map(of)
            .fold(0.0, |max: f64, x| max.max(x.abs()))
    };
    let top = before[hidden * (data.width() + 1)..]
        .iter()
        .fold(0.0, |max: f64, w| max.max(f64::from(w.abs())));
    let hidden_error = (d + 2.0) * U * max(|p| &p.hidden_sums);
    let logit_error = (h + 2.0) * U * max(|p| &p.logit_sums) + h * top * hidden_error;
    let share_error = 0.5 * logit_error + 12.0 * U;
    let top_error =
        share_error * max(|p| &p.hidden) + hidden_error + (b + 2.0) * U * max(|p| &p.hidden);
    let bottom_error = c * top * (share_error + (c + b + 4.0) * U);
    // The step itself rounds once more; the slope has its own error in f64 (2 * loss * 2^-53 / H, and less for the curvature).
    let tolerance = top_error.max(bottom_error) + U * 2.0 + 1e-8;

    // Where a hidden unit is this near to its kink, slope and gradient may differ rightly.
    let nearest = passes
        .iter()
        .flat_map(|p| &p.hidden)
        .fold(f64::MAX, |min, x| min.min(x.abs()));
    assert!(nearest > hidden_error + H, "take another seed: {nearest}");

    let mut largest = 0.0_f64;
    for i in 0..params.len() {
        let center = params[i];
        params[i] = center + H;
        let above = loss(&params);
        params[i] = center - H;
        let slope = (above - loss(&params)) / (2.0 * H);
        params[i] = center;
        let gradient = f64::from(before[i]) - f64::from(after[i]);
        assert!(
            (gradient - slope).abs() <= tolerance,
            "{i}: {gradient} {slope} {tolerance}"
        );
        largest = largest.max(slope.abs());
    }
    // A bound that no gradient could miss would prove nothing.
    assert!(tolerance < largest / 50.0, "{tolerance} {largest}");
}

/// Softmax regression in plain loops: gradients in `f64`, the update the core's own.
#[test]
fn softmax_regression_follows_plain_loops() {
    const STEPS: u32 = 40;
    const RATE: f32 = 0.05;
    let data = digits().unwrap();
    let (d, classes) = (data.width(), data.classes().len());
    let engine = Engine::new(&data, config(Model::Softmax, STEPS)).unwrap();
    let trial = Trial {
        rates: Rates::Table(&[RATE; STEPS as usize]),
        momentum: None,
        sgd: plain(),
    };
    let outcome = run(&engine, &[trial]).remove(0);
    let found = outcome.params.as_ref().unwrap();

    let mut params = vec![0.0_f32; classes * (d + 1)];
    let mut state = SgdState::default();
    let (mut sums, mut norm) = (0.0_f64, 0.0_f64);
    for step in 0..STEPS {
        let wide: Vec<f64> = params.iter().map(|&p| f64::from(p)).collect();
        let mut grads = vec![0.0_f64; params.len()];
        let batch = engine.minibatch(step);
        for &row in &batch {
            let (x, label) = sample(&data, row);
            let pass = forward(Model::Softmax, classes, &wide, &x);
            sums = pass.logit_sums.iter().fold(sums, |max, &s| max.max(s));
            norm = norm.max(1.0 + x.iter().map(|x| x * x).sum::<f64>());
            let total: f64 = pass.logits.iter().map(|z| z.exp()).sum();
            for (class, z) in pass.logits.iter().enumerate() {
                let g =
                    (z.exp() / total - f64::from(u8::from(class == label))) / batch.len() as f64;
                for (j, x) in x.iter().enumerate() {
                    grads[class * d + j] += g * x;
                }
                grads[classes * d + class] += g;
            }
        }
        let grads: Vec<f32> = grads.into_iter().map(|g| g as f32).collect();
        plain()
            .step(&mut state, RATE, &mut params, &grads, &mut [])
            .unwrap();
    }

    // The loss of a minibatch is convex, and its gradient is Lipschitz with half the largest squared length of a sample (its
    // bias counted); below 2 over that, a step never drives two trials apart. So the errors of single steps add up.
    assert!(f64::from(RATE) < 2.0 / (0.5 * norm));
    // One step, one parameter: the logits' sums, softmax, the sum over the batch, the reference's rounding; then the update's two.
    let gradient_error = 0.5 * (d as f64 + 2.0) * U * sums + (12.0 + 32.0 + 2.0 + 1.0) * U;
    let largest = params
        .iter()
        .fold(0.0, |max: f64, p| max.max(f64::from(p.abs())));
    let step_error = f64::from(RATE) * (gradient_error + U) + 2.0 * U * largest;
    // The distance is Euclidean: all parameters err at once, at worst.
    let tolerance = f64::from(STEPS) * step_error * (params.len() as f64).sqrt();
    assert!(tolerance < largest / 50.0, "{tolerance} {largest}");
    for (i, (found, expected)) in found.iter().zip(&params).enumerate() {
        let distance = (f64::from(*found) - f64::from(*expected)).abs();
        assert!(distance <= tolerance, "{i}: {found} {expected} {tolerance}");
    }

    let rows: Vec<usize> = data.validation_rows().collect();
    let (mut loss, mut right) = (0.0, 0);
    let wide: Vec<f64> = found.iter().map(|&p| f64::from(p)).collect();
    for &row in &rows {
        let (x, label) = sample(&data, row);
        let logits = forward(Model::Softmax, classes, &wide, &x).logits;
        loss += cross_entropy(&logits, label);
        right += usize::from(logits.iter().all(|z| *z <= logits[label]));
    }
    let last = outcome.last.unwrap();
    // A loss moves by at most twice what its logits move; the rounding of the mean is relative to it.
    let tolerance =
        2.0 * (d as f64 + 2.0) * U * sums * 2.0 + 8.0 * U * (1.0 + loss / rows.len() as f64);
    assert!((f64::from(last.loss) - loss / rows.len() as f64).abs() <= tolerance);
    assert_eq!(last.accuracy, (right as f64 / rows.len() as f64) as f32);
    assert_eq!(last.step, STEPS - 1);
}

/// Trials of every sort, among them some that diverge.
struct Mixture {
    schedules: Vec<AnySchedule>,
    feedback: AnyFeedback,
    broken: Vec<f32>,
}

impl Mixture {
    fn new(steps: u32) -> Self {
        let rates = [1e-3, 0.03, 0.5, 3.0, 1e30, 0.1, 100.0, 0.2, 1e38];
        let mut broken = vec![0.1; steps as usize];
        broken[steps as usize / 2] = f32::NAN;
        let feedback = PlateauConfig {
            patience: 0,
            threshold: 0.2,
            factor: 0.5,
            ..PlateauConfig::new(0.5)
        };
        Self {
            schedules: rates
                .map(|rate| CosineAnnealing::new(rate, 0.0, steps).unwrap().into())
                .to_vec(),
            feedback: ReduceOnPlateau::new(feedback).unwrap().into(),
            broken,
        }
    }

    fn trials(&self) -> Vec<Trial<'_>> {
        let momentum = SgdConfig {
            momentum: 0.9,
            weight_decay: 1e-3,
            ..SgdConfig::default()
        };
        let updates = [
            SgdConfig::default(),
            momentum,
            SgdConfig {
                nesterov: true,
                rounding: Rounding::Fused,
                ..momentum
            },
        ];
        let mut rates: Vec<Rates> = self.schedules.iter().map(Rates::Schedule).collect();
        rates.push(Rates::Feedback(&self.feedback));
        rates.push(Rates::Table(&self.broken));
        let trials = updates.iter().flat_map(|&config| {
            rates.iter().map(move |&rates| Trial {
                rates,
                momentum: None,
                sgd: sgd(config),
            })
        });
        trials.collect()
    }
}

fn shapes() -> [TrainConfig; 3] {
    let odd = TrainConfig {
        batch: 37,
        eval_every: 4,
        metric: Metric::Accuracy,
        divergence_bound: 1e6,
        ..config(MLP, 25)
    };
    [
        TrainConfig {
            eval_every: 10,
            ..config(Model::Softmax, 50)
        },
        TrainConfig { batch: 1, ..odd },
        odd,
    ]
}

#[test]
fn a_trial_has_the_same_bits_in_any_company() {
    let data = digits().unwrap();
    for config in shapes() {
        let engine = Engine::new(&data, config).unwrap();
        let mixture = Mixture::new(config.steps);
        let trials = mixture.trials();
        let alone: Vec<_> = trials
            .iter()
            .map(|trial| bits(&run(&engine, std::slice::from_ref(trial))[0]))
            .collect();

        let together = run(&engine, &trials);
        let diverged = together.iter().filter(|o| o.diverged.is_some()).count();
        assert!(0 < diverged && diverged < together.len(), "{diverged}");

        // Several blocks' worth, in an order that puts each trial in other places and beside others.
        let places: Vec<usize> = (0..3 * trials.len())
            .map(|i| i * 7 % trials.len())
            .collect();
        let many: Vec<Trial> = places.iter().map(|&place| trials[place]).collect();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let outcomes = pool.install(|| run(&engine, &many));
            for (outcome, &place) in outcomes.iter().zip(&places) {
                assert_eq!(
                    bits(outcome),
                    alone[place],
                    "trial {place}, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn every_instruction_set_trains_to_the_same_bits() {
    let data = digits().unwrap();
    for config in shapes() {
        let mixture = Mixture::new(config.steps);
        let trials = mixture.trials();
        let fastest = run(&Engine::new(&data, config).unwrap(), &trials);
        for isa in Isa::available() {
            let engine = Engine::new(&data, config).unwrap().with_isa(isa);
            for (a, b) in fastest.iter().zip(run(&engine, &trials)) {
                assert_eq!(bits(a), bits(&b), "{}", isa.name());
            }
        }
    }
}

#[test]
fn rates_may_come_as_a_table() {
    let data = digits().unwrap();
    let engine = Engine::new(&data, config(MLP, 20)).unwrap();
    let schedule = AnySchedule::from(CosineAnnealing::new(0.3, 0.01, 20).unwrap());
    let rates: Vec<f32> = (0..20).map(|step| schedule.lr(step)).collect();
    let trial = |rates| Trial {
        rates,
        momentum: None,
        sgd: plain(),
    };
    let outcomes = run(
        &engine,
        &[
            trial(Rates::Table(&rates)),
            trial(Rates::Schedule(&schedule)),
        ],
    );
    assert_eq!(bits(&outcomes[0]), bits(&outcomes[1]));
    assert_eq!(
        engine.run(&[trial(Rates::Table(&rates[1..]))], &Watch::default()),
        Err(TrainError::RateCount {
            trial: 0,
            expected: 20,
            found: 19
        })
    );
}

/// A momentum given step by step is the update's own where it stands still, and stops a trial where it is none.
#[test]
fn a_momentum_may_go_with_the_step() {
    let data = digits().unwrap();
    let engine = Engine::new(&data, config(Model::Softmax, 20)).unwrap();
    let heavy = sgd(SgdConfig {
        momentum: 0.9,
        ..SgdConfig::default()
    });
    let still = AnySchedule::from(Constant::new(0.9).unwrap());
    let falling = AnySchedule::from(Linear::new(0.9, 0.5, 19).unwrap());
    let lost = AnySchedule::from(Linear::new(0.9, -0.9, 20).unwrap());
    let none = AnySchedule::from(Constant::new(0.0).unwrap());
    let rates = [0.1; 20];
    let trial = |momentum| Trial {
        rates: Rates::Table(&rates),
        momentum,
        sgd: heavy,
    };
    let trials = [None, Some(&still), Some(&falling), Some(&lost), Some(&none)].map(trial);
    let outcomes = run(&engine, &trials);
    assert_eq!(bits(&outcomes[0]), bits(&outcomes[1]));
    assert_ne!(bits(&outcomes[0]), bits(&outcomes[2]));
    assert_eq!(
        outcomes[3].diverged,
        Some(Divergence {
            step: 11,
            cause: Cause::Rate
        })
    );
    // A momentum of 0 is none.
    let light = Trial {
        momentum: None,
        sgd: plain(),
        ..trial(None)
    };
    assert_eq!(bits(&outcomes[4]), bits(&run(&engine, &[light])[0]));
}

#[test]
fn divergence_is_placed_at_its_step() {
    let data = digits().unwrap();
    let bounded = TrainConfig {
        divergence_bound: 100.0,
        eval_every: 3,
        ..config(Model::Softmax, 12)
    };
    let engine = Engine::new(&data, bounded).unwrap();
    // The same steps at a tiny rate: its products leave the range of f32 when the rate is merely huge.
    let scaled = sgd(SgdConfig {
        gradient_scale: 1e30,
        ..SgdConfig::default()
    });
    let mut cases = vec![(vec![0.1; 12], plain(), None, 4)];
    for (sgd, usual, step, rate, diverged_at, cause, evaluations) in [
        // After step 5 comes the second evaluation, before step 6 finds the loss too large.
        (plain(), 0.1, 5, 1e30, 6, Cause::Loss, 2),
        // The update of step 5 leaves nothing to evaluate.
        (scaled, 1e-31, 5, 1e30, 5, Cause::Parameters, 1),
        (plain(), 0.1, 5, f32::INFINITY, 5, Cause::Rate, 1),
        (plain(), 0.1, 7, f32::NAN, 7, Cause::Rate, 2),
        (plain(), 0.1, 0, f32::NEG_INFINITY, 0, Cause::Rate, 0),
    ] {
        let mut rates = vec![usual; 12];
        rates[step] = rate;
        let diverged = Divergence {
            step: diverged_at,
            cause,
        };
        cases.push((rates, sgd, Some(diverged), evaluations));
    }
    let trials: Vec<Trial> = cases
        .iter()
        .map(|(rates, sgd, ..)| Trial {
            rates: Rates::Table(rates),
            momentum: None,
            sgd: *sgd,
        })
        .collect();
    let watch = Watch::default();
    let outcomes = engine.run(&trials, &watch).unwrap().unwrap();
    for (outcome, (.., diverged, evaluations)) in outcomes.iter().zip(&cases) {
        assert_eq!(outcome.diverged, *diverged);
        assert_eq!(outcome.losses.len(), *evaluations, "{diverged:?}");
        assert_eq!(outcome.accuracies.len(), *evaluations);
        assert_eq!(outcome.last.is_some(), diverged.is_none());
        assert_eq!(outcome.params.is_some(), diverged.is_none());
    }
    assert_eq!(watch.trial_steps.load(Ordering::Relaxed), 6 * 12);
}

#[test]
fn feedback_sees_what_is_recorded() {
    let data = digits().unwrap();
    let steps = 60;
    for metric in [Metric::Loss, Metric::Accuracy] {
        let config = TrainConfig {
            eval_every: 7,
            metric,
            ..config(Model::Softmax, steps)
        };
        let engine = Engine::new(&data, config).unwrap();
        let mixture = Mixture::new(steps);
        let schedule = &mixture.feedback;
        let trial = Trial {
            rates: Rates::Feedback(schedule),
            momentum: None,
            sgd: plain(),
        };
        let outcome = run(&engine, &[trial]).remove(0);
        let observed = match metric {
            Metric::Loss => &outcome.losses,
            Metric::Accuracy => &outcome.accuracies,
        };
        let mut observations = engine.eval_steps().zip(observed).peekable();
        let mut state = schedule.start();
        let mut expected = Vec::new();
        for step in 0..steps {
            expected.push(schedule.lr(&state, step));
            if let Some((at, &loss)) = observations.next_if(|(at, _)| *at == step) {
                schedule.observe(&mut state, at, f64::from(loss));
            }
        }
        assert_eq!(outcome.rates.as_ref(), Some(&expected));
        assert!(
            expected.first() > expected.last(),
            "the schedule never reacted"
        );
    }
    let engine = Engine::new(
        &data,
        TrainConfig {
            eval_every: 25,
            ..config(MLP, 60)
        },
    )
    .unwrap();
    assert_eq!(engine.eval_steps().collect::<Vec<_>>(), [24, 49, 59]);
}

#[test]
fn a_stopped_block_goes_on_where_it_was() {
    let data = digits().unwrap();
    for config in shapes() {
        let engine = Engine::new(&data, config).unwrap();
        let mixture = Mixture::new(config.steps);
        let trials = mixture.trials();
        let whole = run(&engine, &trials);
        let all = trials.len() as u64 * u64::from(config.steps);

        // Stopped before the first step, then again and again at a moment that another thread picks.
        let watch = Watch::default();
        watch.cancel.store(true, Ordering::Relaxed);
        let mut end = engine.run_block(&trials, &watch).unwrap();
        assert_eq!(engine.run(&trials, &watch), Ok(None));
        let mut target = 0;
        while let BlockEnd::Stopped(state) = end {
            target += all / 5 + 1;
            let state = BlockState::from_bytes(state.as_bytes().to_vec());
            let watch = Watch::default();
            end = std::thread::scope(|scope| {
                scope.spawn(|| {
                    while watch.trial_steps.load(Ordering::Relaxed) < target.min(all) {
                        std::thread::yield_now();
                    }
                    watch.cancel.store(true, Ordering::Relaxed);
                });
                engine.resume_block(&trials, &state, &watch).unwrap()
            });
            if matches!(end, BlockEnd::Finished(_)) {
                assert_eq!(watch.trial_steps.load(Ordering::Relaxed), all);
            }
        }
        let BlockEnd::Finished(outcomes) = end else {
            unreachable!()
        };
        for (a, b) in whole.iter().zip(&outcomes) {
            assert_eq!(bits(a), bits(b));
        }
    }
}

#[test]
fn a_foreign_or_damaged_state_is_refused() {
    let data = digits().unwrap();
    let engine = Engine::new(&data, config(Model::Softmax, 10)).unwrap();
    let mixture = Mixture::new(10);
    let trials = mixture.trials();
    let watch = Watch::default();
    watch.cancel.store(true, Ordering::Relaxed);
    let BlockEnd::Stopped(state) = engine.run_block(&trials, &watch).unwrap() else {
        unreachable!()
    };
    let resume = |engine: &Engine, trials: &[Trial], bytes: &[u8]| {
        let state = BlockState::from_bytes(bytes.to_vec());
        match engine.resume_block(trials, &state, &watch) {
            Ok(_) => None,
            Err(TrainError::State(error)) => Some(error),
            Err(error) => panic!("{error}"),
        }
    };
    let bytes = state.as_bytes();
    assert_eq!(resume(&engine, &trials, bytes), None);
    for at in [8, 40, bytes.len() / 2, bytes.len() - 1] {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        assert_eq!(
            resume(&engine, &trials, &bytes),
            Some(StateError::Damaged),
            "{at}"
        );
    }
    for length in [8, 39, 40, bytes.len() - 1] {
        let cut = &bytes[..length];
        assert_eq!(
            resume(&engine, &trials, cut),
            Some(StateError::Damaged),
            "{length}"
        );
    }
    assert_eq!(
        resume(&engine, &trials, &bytes[..7]),
        Some(StateError::Format)
    );
    assert_eq!(resume(&engine, &trials, b""), Some(StateError::Format));
    let mut other = trials.clone();
    other.swap(0, 1);
    let foreign = Some(StateError::OtherBlock);
    assert_eq!(resume(&engine, &other, bytes), foreign);
    assert_eq!(resume(&engine, &trials[1..], bytes), foreign);
    let other = TrainConfig {
        seed: 4,
        ..*engine.config()
    };
    let other = Engine::new(&data, other).unwrap();
    assert_eq!(resume(&other, &trials, bytes), foreign);
}

#[test]
fn wrong_configurations_name_the_field() {
    let data = digits().unwrap();
    let good = config(MLP, 10);
    let refused = |config| Engine::new(&data, config).unwrap_err();
    for (config, field) in [
        (TrainConfig { steps: 0, ..good }, "steps"),
        (TrainConfig { batch: 0, ..good }, "batch"),
        (
            TrainConfig {
                eval_every: 0,
                ..good
            },
            "eval_every",
        ),
        (
            TrainConfig {
                model: Model::Mlp { hidden: 0 },
                ..good
            },
            "hidden",
        ),
    ] {
        assert_eq!(refused(config), TrainError::Zero { field });
    }
    assert!(
        Engine::new(
            &data,
            TrainConfig {
                batch: 1438,
                ..good
            }
        )
        .is_ok()
    );
    assert_eq!(
        refused(TrainConfig {
            batch: 1439,
            ..good
        }),
        TrainError::BatchTooLarge {
            batch: 1439,
            rows: 1438
        }
    );
    for bound in [0.0, -1.0, f32::NAN] {
        let error = refused(TrainConfig {
            divergence_bound: bound,
            ..good
        });
        assert_eq!(
            error,
            TrainError::DivergenceBound {
                bits: bound.to_bits()
            }
        );
    }
    for hidden in [usize::MAX, 1 << 24, 230_000] {
        let error = refused(TrainConfig {
            model: Model::Mlp { hidden },
            ..good
        });
        assert!(matches!(error, TrainError::ModelTooLarge { .. }), "{error}");
    }
}

#[test]
fn the_digits_are_learned() {
    let data = digits().unwrap();
    for (model, rate, loss, accuracy) in [
        (Model::Softmax, 0.5, 0.4, 0.9),
        (Model::Mlp { hidden: 32 }, 0.3, 0.35, 0.9),
    ] {
        let engine = Engine::new(&data, config(model, 300)).unwrap();
        let schedule = AnySchedule::from(CosineAnnealing::new(rate, 0.0, 300).unwrap());
        let trial = Trial {
            rates: Rates::Schedule(&schedule),
            momentum: None,
            sgd: plain(),
        };
        let outcome = run(&engine, &[trial]).remove(0);
        let last = outcome.last.unwrap();
        assert!(
            last.loss < loss && last.accuracy > accuracy,
            "{model:?}: {last:?}"
        );
        assert_eq!(outcome.losses.len(), 20);
        assert!(outcome.best.unwrap().loss <= last.loss);
    }
}
