//! What holds for a rate that goes both ways.

use std::collections::VecDeque;

use hairpin_core::{
    ConfigError, Feedback, Greedy, GreedyConfig, GreedyState, Mode, Observed, Plan, ThresholdMode,
};

use crate::configs;
use crate::rng::Rng;

fn config(rng: &mut Rng) -> GreedyConfig {
    GreedyConfig {
        learning_rate: rng.pick(&[0.1, 0.5, 1e-3, 2.0, -0.1]),
        mode: rng.pick(&[Mode::Min, Mode::Max]),
        factor: rng.pick(&[0.5, 0.9, 0.1, 0.999]),
        patience: rng.pick(&[0, 1, 2, 5]),
        threshold: rng.pick(&[0.0, 1e-6, 0.1, -0.1, 1.0, 2.0]),
        threshold_mode: rng.pick(&[ThresholdMode::Abs, ThresholdMode::Rel]),
        cooldown: rng.pick(&[0, 1, 3]),
        warmup: rng.pick(&[0, 1, 3]),
        min_lr: rng.pick(&[0.0, 1e-3, 0.01, 0.09, 5.0, -1.0]),
        max_lr: rng.pick(&[1.0, 0.2, 0.05]),
        eps: rng.pick(&[0.0, 1e-8, 1e-3, -1.0]),
        smooth: rng.one_in(2),
        window_size: rng.pick(&[1, 2, 5, 50, 64]),
        reset_start: rng.pick(&[0, 1, 2, 5, 500]),
    }
}

fn losses(rng: &mut Rng) -> Vec<f64> {
    let mut trend = 0.0;
    let next = |_| {
        trend += rng.uniform(-0.2, 0.15);
        match rng.up_to(29) {
            0 => rng.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
            1..=5 => 1.0,
            _ => trend,
        }
    };
    (0..150).map(next).collect()
}

/// The machine of Transformers with a real queue, its counters as they are there.
struct Model {
    config: GreedyConfig,
    lr: f64,
    best: f64,
    good: u32,
    bad: u32,
    cooldown: u32,
    warmup: u32,
    resets: i64,
    window: VecDeque<f64>,
    sum: f64,
}

impl Model {
    fn new(config: GreedyConfig) -> Self {
        Self {
            config,
            lr: config.learning_rate,
            best: match config.mode {
                Mode::Min => f64::INFINITY,
                Mode::Max => f64::NEG_INFINITY,
            },
            good: 0,
            bad: 0,
            cooldown: 0,
            warmup: 0,
            resets: i64::from(config.reset_start),
            window: VecDeque::new(),
            sum: 0.0,
        }
    }

    fn step(&mut self, metric: f64) {
        let config = self.config;
        let mut current = metric;
        if config.smooth {
            self.window.push_back(metric);
            self.sum += metric;
            if self.window.len() > config.window_size as usize {
                self.sum -= self.window.pop_front().unwrap();
            }
            current = self.sum / self.window.len() as f64;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            (self.good, self.bad) = (0, 0);
            return;
        }
        if self.warmup > 0 {
            self.warmup -= 1;
            (self.good, self.bad) = (0, 0);
            return;
        }
        let margin = match config.mode {
            Mode::Min => -config.threshold,
            Mode::Max => config.threshold,
        };
        let limit = match config.threshold_mode {
            ThresholdMode::Rel => self.best * (1.0 + margin),
            _ => self.best + margin,
        };
        let better = match config.mode {
            Mode::Min => current < limit,
            Mode::Max => current > limit,
        };
        if better {
            self.best = current;
            self.good += 1;
            self.bad = 0;
        } else {
            self.bad += 1;
            self.good = 0;
        }
        if self.good > config.patience {
            let higher = f64::min(self.lr / config.factor, config.max_lr);
            if higher - self.lr > config.eps {
                self.lr = higher;
            }
            self.resets = i64::from(config.reset_start);
            self.warmup = config.warmup;
            self.good = 0;
        } else if self.bad > config.patience {
            let lower = f64::max(self.lr * config.factor, config.min_lr);
            if self.lr - lower > config.eps {
                self.lr = lower;
            }
            if self.lr <= config.min_lr {
                self.resets -= 1;
                if self.resets <= 0 {
                    *self = Self::new(config);
                }
            }
            self.cooldown = config.cooldown;
            self.bad = 0;
        }
    }
}

#[test]
fn transformers_is_followed_to_the_bit() {
    let mut rng = Rng::from_env("greedy");
    let mut seen = [0_u32; 3];
    for _ in 0..configs() * 4 {
        let config = config(&mut rng);
        let schedule = Greedy::<64>::new(config).unwrap();
        let (mut state, mut model) = (schedule.start(), Model::new(config));
        for (step, loss) in (0..).zip(losses(&mut rng)) {
            let before = schedule.rate(&state, step);
            let observed = schedule.observe(&mut state, step, loss);
            model.step(loss);
            let after = schedule.rate(&state, step);
            assert_eq!(after.to_bits(), model.lr.to_bits(), "{config:?} at {step}");
            assert_eq!((state.good(), state.bad()), (model.good, model.bad));
            assert_eq!(state.best().to_bits(), model.best.to_bits());
            // What is said is what was done.
            match observed {
                Observed::Reduced => assert!(after < before, "{config:?} at {step}"),
                Observed::Raised => assert!(after > before, "{config:?} at {step}"),
                Observed::Reset => assert_eq!(after, config.learning_rate),
                _ => assert_eq!(after, before, "{config:?} at {step}: {observed:?}"),
            }
            match observed {
                Observed::Reduced => seen[0] += 1,
                Observed::Raised => seen[1] += 1,
                Observed::Reset => seen[2] += 1,
                _ => {}
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}

#[test]
fn a_window_beyond_its_capacity_is_refused_with_both_numbers() {
    let smooth = |window_size| GreedyConfig {
        smooth: true,
        window_size,
        ..GreedyConfig::new(0.1)
    };
    assert!(Greedy::<8>::new(smooth(8)).is_ok());
    assert_eq!(
        Greedy::<8>::new(smooth(9)).unwrap_err(),
        ConfigError::OverCapacity {
            field: "window_size",
            capacity: 8,
            found: 9
        }
    );
    assert_eq!(
        Greedy::<8>::new(smooth(0)).unwrap_err().field(),
        "window_size"
    );
    // Where nothing is smoothed there is no window.
    let plain = GreedyConfig {
        smooth: false,
        ..smooth(1_000)
    };
    assert!(Greedy::<8>::new(plain).is_ok());
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let base = GreedyConfig::new(0.1);
    let refused = |config| Greedy::<64>::new(config).unwrap_err().field();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let with = |change: fn(&mut GreedyConfig, f64)| {
            let mut config = base;
            change(&mut config, bad);
            refused(config)
        };
        assert_eq!(with(|c, bad| c.learning_rate = bad), "learning_rate");
        assert_eq!(with(|c, bad| c.factor = bad), "factor");
        assert_eq!(with(|c, bad| c.threshold = bad), "threshold");
        assert_eq!(with(|c, bad| c.min_lr = bad), "min_lr");
        assert_eq!(with(|c, bad| c.max_lr = bad), "max_lr");
        assert_eq!(with(|c, bad| c.eps = bad), "eps");
    }
    for factor in [0.0, -0.5, 1.0, 1.5] {
        assert_eq!(refused(GreedyConfig { factor, ..base }), "factor");
    }
    assert_eq!(
        refused(GreedyConfig {
            threshold_mode: ThresholdMode::Both,
            ..base
        }),
        "threshold_mode"
    );
}

/// As part of a plan, it is the one it was.
#[test]
fn a_plan_observes_as_the_schedule_does() {
    let mut rng = Rng::from_env("greedy plans");
    for _ in 0..configs() {
        let drawn = config(&mut rng);
        let fitting = GreedyConfig {
            window_size: drawn.window_size.min(GreedyState::<50>::WINDOW as u32),
            ..drawn
        };
        let schedule: Greedy = Greedy::new(fitting).unwrap();
        let plan = Plan::from(hairpin_core::AnyFeedback::from(schedule));
        let Plan::Feedback(plan) = plan.after_warmup(7, 0.0, 0.1).unwrap() else {
            panic!("it reacts to losses");
        };
        let (mut ours, mut theirs) = (plan.start(), schedule.start());
        for (step, loss) in (0..).zip(losses(&mut rng)) {
            let observed = plan.observe(&mut ours, step, loss);
            if step < 7 {
                assert_eq!(observed, Observed::Ignored);
            } else {
                assert_eq!(observed, schedule.observe(&mut theirs, step - 7, loss));
                let rate = schedule.rate(&theirs, step - 7);
                assert_eq!(plan.rate(&ours, step).to_bits(), rate.to_bits());
            }
        }
    }
}
