//! The kernels that train, run as plain functions by threads of this machine, against the host's own training, bit for bit.

#[allow(unsafe_code)]
#[path = "gpu/standin/src/team.rs"]
mod team;

use hairpin_core::{
    AnySchedule, CosineAnnealing, Linear, Plan, Rounding, Schedule, Sgd, SgdConfig,
};
use hairpin_host::data::{Dataset, digits};
use hairpin_host::train::{
    Cause, Engine, Evaluation, Model, Rates, TrainConfig, Trial, TrialOutcome, Watch,
};
use hairpin_kernels::train::{FUSED, MOVING, NESTEROV, Shape, Train, TrainRecord, VELOCITY, cause};
use team::run_block;

/// Trials of every kind of update, some of which diverge.
fn configs() -> Vec<(SgdConfig, f64)> {
    let plain = SgdConfig::default();
    let momentum = SgdConfig {
        momentum: 0.9,
        weight_decay: 1e-3,
        ..plain
    };
    let mut configs = Vec::new();
    for rounding in [Rounding::Separate, Rounding::Fused] {
        for config in [
            plain,
            momentum,
            SgdConfig {
                dampening: 0.3,
                gradient_scale: 0.7,
                ..momentum
            },
            SgdConfig {
                nesterov: true,
                ..momentum
            },
        ] {
            for rate in [0.05, 1.0, 300.0, f64::from(f32::MAX)] {
                configs.push((SgdConfig { rounding, ..config }, rate));
            }
        }
    }
    configs
}

struct Case {
    plans: Vec<Plan>,
    momenta: Vec<Option<AnySchedule>>,
    sgds: Vec<Sgd>,
}

impl Case {
    fn new(steps: u32) -> Self {
        let drawn = configs();
        let made = |(config, rate): &(SgdConfig, f64)| {
            let cosine = CosineAnnealing::new(*rate, 0.0, steps).unwrap();
            // Every other trial with momentum has one that goes to 0 on the way.
            let moves = config.momentum != 0.0 && *rate == 1.0;
            let line = Linear::new(0.0, 0.95, 7).unwrap();
            let sgd = Sgd::new(*config).unwrap();
            (
                Plan::from(cosine),
                moves.then(|| AnySchedule::from(line)),
                sgd,
            )
        };
        let mut case = Self {
            plans: Vec::new(),
            momenta: Vec::new(),
            sgds: Vec::new(),
        };
        for (plan, momentum, sgd) in drawn.iter().map(made) {
            case.plans.push(plan);
            case.momenta.push(momentum);
            case.sgds.push(sgd);
        }
        case
    }

    fn trials(&self) -> Vec<Trial<'_>> {
        let parts = self.plans.iter().zip(&self.momenta).zip(&self.sgds);
        parts
            .map(|((plan, momentum), &sgd)| Trial {
                rates: Rates::from(plan),
                momentum: momentum.as_ref(),
                sgd,
            })
            .collect()
    }
}

/// What [`Engine::run`] gives, from the kernel: in launches of a few steps, blocks of a few trials and so many threads, no fewer
/// than those trials.
fn by_kernel(
    data: &Dataset,
    engine: &Engine,
    trials: &[Trial],
    hidden: u32,
    [threads, trials_per_block]: [u32; 2],
) -> Vec<TrialOutcome> {
    let config = *engine.config();
    let (features, classes) = (data.width() as u32, data.classes().len() as u32);
    let shape = Shape::new(features, hidden, classes, config.batch as u32, true).unwrap();
    let parameters = engine.parameters();
    let mut params = vec![f32::NAN; trials.len() * parameters];
    let mut velocity = vec![0.0; params.len()];
    let mut records: Vec<TrainRecord> = trials
        .iter()
        .map(|trial| {
            let flag = |on: bool, flag: u32| if on { flag } else { 0 };
            let config = trial.sgd.config();
            TrainRecord {
                coefficients: trial.sgd.coefficients(),
                flags: flag(trial.sgd.needs_velocity(), VELOCITY)
                    | flag(config.nesterov, NESTEROV)
                    | flag(trial.momentum.is_some(), MOVING)
                    | flag(config.rounding == Rounding::Fused, FUSED),
                started: 0,
                cause: 0,
                step: 0,
            }
        })
        .collect();
    let samples: Vec<f32> = (0..data.rows())
        .flat_map(|row| data.row(row).to_vec())
        .collect();
    let labels: Vec<f32> = (0..data.rows())
        .map(|row| f32::from(data.label(row)))
        .collect();
    let validation: Vec<u32> = data.validation_rows().map(|row| row as u32).collect();
    let members: Vec<u32> = (0..trials.len() as u32).collect();
    let mut losses = vec![0.0; trials.len()];
    let mut accuracies = vec![0.0; trials.len()];
    let mut outcomes: Vec<TrialOutcome> = trials
        .iter()
        .map(|_| TrialOutcome {
            last: None,
            best: None,
            diverged: None,
            losses: Vec::new(),
            accuracies: Vec::new(),
            rates: None,
            params: None,
        })
        .collect();
    let mut first = 0;
    while first < config.steps {
        // Launches end at evaluations, and sometimes before.
        let steps = (config.eval_every - first % config.eval_every)
            .min(config.steps - first)
            .min(4);
        let evaluates = engine.eval_steps().any(|step| step == first + steps - 1);
        let all = first..first + steps;
        let cells = |of: &dyn Fn(&Trial, u32) -> f32| -> Vec<f32> {
            let rows = all
                .clone()
                .flat_map(|step| trials.iter().map(move |trial| (trial, step)));
            rows.map(|(trial, step)| of(trial, step)).collect()
        };
        let rates = cells(&|trial, step| match trial.rates {
            Rates::Schedule(schedule) => schedule.lr(step),
            Rates::Table(_) | Rates::Feedback(_) => unreachable!(),
        });
        let momenta = cells(&|trial, step| trial.momentum.map_or(f32::NAN, |m| m.lr(step)));
        let batches: Vec<u32> = all
            .clone()
            .flat_map(|step| engine.minibatch(step))
            .map(|row| row as u32)
            .collect();
        let arguments = Train {
            shape,
            params: params.as_mut_ptr(),
            velocity: velocity.as_mut_ptr(),
            initial: if first == 0 {
                engine.initial_params().as_ptr()
            } else {
                std::ptr::null()
            },
            records: records.as_mut_ptr(),
            members: members.as_ptr(),
            rates: rates.as_ptr(),
            momenta: momenta.as_ptr(),
            data: samples.as_ptr(),
            labels: labels.as_ptr(),
            batches: batches.as_ptr(),
            validation: validation.as_ptr(),
            losses: losses.as_mut_ptr(),
            accuracies: accuracies.as_mut_ptr(),
            scratch: std::ptr::null_mut(),
            first,
            steps,
            trial_count: trials.len() as u32,
            member_count: members.len() as u32,
            trials_per_block,
            validation_count: validation.len() as u32,
            evaluate: evaluates.into(),
            divergence_bound: config.divergence_bound,
        };
        for block in 0..(trials.len() as u32).div_ceil(trials_per_block) {
            run_block(threads, block, &arguments);
        }
        for (trial, outcome) in outcomes.iter_mut().enumerate() {
            let record = records[trial];
            if record.cause != 0 {
                outcome.diverged = Some(hairpin_host::train::Divergence {
                    step: record.step,
                    cause: match record.cause {
                        cause::LOSS => Cause::Loss,
                        cause::RATE => Cause::Rate,
                        _ => Cause::Parameters,
                    },
                });
                outcome.last = None;
            } else if evaluates {
                outcome.losses.push(losses[trial]);
                outcome.accuracies.push(accuracies[trial]);
                outcome.last = Some(Evaluation {
                    step: first + steps - 1,
                    loss: losses[trial],
                    accuracy: accuracies[trial],
                });
            }
        }
        first += steps;
    }
    for (outcome, params) in outcomes.iter_mut().zip(params.chunks(parameters)) {
        outcome.params = outcome.diverged.is_none().then(|| params.to_vec());
    }
    outcomes
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

fn compare(model: Model, hidden: u32, batch: usize, threads: u32, trials_per_block: u32) -> usize {
    let data = digits().unwrap();
    let steps = 10;
    let config = TrainConfig {
        batch,
        eval_every: 5,
        keep_params: true,
        divergence_bound: 1e4,
        ..TrainConfig::new(model, steps)
    };
    let engine = Engine::new(&data, config).unwrap();
    let case = Case::new(steps);
    let trials = case.trials();
    let expected = engine.run(&trials, &Watch::default()).unwrap().unwrap();
    let found = by_kernel(&data, &engine, &trials, hidden, [threads, trials_per_block]);
    let mut numbers = 0;
    for (trial, (expected, found)) in expected.iter().zip(&found).enumerate() {
        let which = format!("{model:?}, batch {batch}, {threads} threads, trial {trial}");
        assert_eq!(expected.diverged, found.diverged, "{which}");
        assert_eq!(bits(&expected.losses), bits(&found.losses), "{which}");
        assert_eq!(
            bits(&expected.accuracies),
            bits(&found.accuracies),
            "{which}"
        );
        let (expected, found) = (expected.params.as_deref(), found.params.as_deref());
        assert_eq!(expected.map(bits), found.map(bits), "{which}");
        numbers += expected.map_or(0, <[f32]>::len);
    }
    assert!(expected.iter().any(|outcome| outcome.diverged.is_some()));
    numbers
}

#[test]
fn softmax_regression_has_the_hosts_bits() {
    let mut numbers = 0;
    for (batch, threads, trials_per_block) in [(32, 6, 5), (1, 8, 8), (50, 1, 1), (100, 32, 32)] {
        numbers += compare(Model::Softmax, 0, batch, threads, trials_per_block);
    }
    println!("softmax: {numbers} parameters, none differs");
}

#[test]
fn a_perceptron_has_the_hosts_bits() {
    let mut numbers = 0;
    for (hidden, batch, threads, trials_per_block) in
        [(32, 32, 11, 8), (3, 17, 3, 3), (70, 8, 9, 9)]
    {
        let model = Model::Mlp { hidden };
        numbers += compare(model, hidden as u32, batch, threads, trials_per_block);
    }
    println!("perceptron: {numbers} parameters, none differs");
}
