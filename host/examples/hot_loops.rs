//! The loops that everything waits for, each so many times, for `benches/instructions` to count.
//!
//! ```sh
//! cargo run --release -p hairpin-host --example hot_loops                # lists them
//! cargo run --release -p hairpin-host --example hot_loops -- linear 3
//! ```

use std::error::Error;
use std::hint::black_box;

use hairpin_core::{
    AnySchedule, Combine, CosineAnnealing, Exponential, InverseSqrt, Linear, Plan, Polynomial,
    Rounding, Sgd, SgdConfig, SgdState, Step,
};
use hairpin_host::data::digits;
use hairpin_host::table;
use hairpin_host::train::{Engine, Model, Rates, TrainConfig, Trial, Watch};
use hairpin_host::update::{Stacked, Updates, step};

const TRIALS: u32 = 128;
const STEPS: usize = 1000;

type Loop = fn(u32) -> Result<(), Box<dyn Error>>;

const LOOPS: [(&str, Loop); 11] = [
    ("step", |times| {
        rows(times, |x| Ok(Step::new(x, 90, 0.5)?.into()))
    }),
    ("linear", |times| {
        rows(times, |x| Ok(Linear::new(x, 0.01, 1200)?.into()))
    }),
    ("polynomial", |times| {
        rows(times, |x| {
            Ok(Polynomial::new(x, 0.01, 1200, 2.5, false)?.into())
        })
    }),
    ("exponential", |times| {
        rows(times, |x| Ok(Exponential::new(x, 1.0 - 1e-3 * x)?.into()))
    }),
    ("cosine", |times| rows(times, cosine)),
    ("inverse_sqrt", |times| {
        rows(times, |x| Ok(InverseSqrt::new(x, 100.0 * x)?.into()))
    }),
    ("product", |times| {
        rows(times, |x| {
            let decay = Exponential::new(x, 1.0 - 1e-3 * x)?.into();
            Ok(AnySchedule::combined(
                Combine::Product,
                &[&cosine(x)?, &decay],
            )?)
        })
    }),
    ("by_step", |times| {
        let trials: Vec<AnySchedule> = schedules(cosine)?;
        let mut cells = vec![0.0; trials.len() * STEPS];
        for _ in 0..times {
            table::fill_by_step(black_box(&trials), 0, &mut cells)?;
        }
        Ok(())
    }),
    ("update", |times| update(times, Rounding::Separate)),
    ("update_fused", |times| update(times, Rounding::Fused)),
    ("softmax", softmax),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, times] = arguments.as_slice() else {
        LOOPS.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    };
    let (_, run) = LOOPS
        .iter()
        .find(|(known, _)| known == name)
        .ok_or_else(|| format!("{name} is not among the loops: say nothing to list them"))?;
    run(times.parse()?)
}

fn cosine(x: f64) -> Result<AnySchedule, Box<dyn Error>> {
    Ok(CosineAnnealing::new(x, 0.01, 700)?.into())
}

/// Schedules of different numbers, all from 0.1 to 2.
fn schedules(
    make: impl Fn(f64) -> Result<AnySchedule, Box<dyn Error>>,
) -> Result<Vec<AnySchedule>, Box<dyn Error>> {
    (0..TRIALS)
        .map(|trial| make(0.1 + 0.0147 * f64::from(trial)))
        .collect()
}

fn rows(
    times: u32,
    make: impl Fn(f64) -> Result<AnySchedule, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let trials = schedules(make)?;
    let mut cells = vec![0.0; trials.len() * STEPS];
    for _ in 0..times {
        table::fill(black_box(&trials), 0, &mut cells)?;
    }
    Ok(())
}

fn update(times: u32, rounding: Rounding) -> Result<(), Box<dyn Error>> {
    const SIZE: usize = 650;
    let config = SgdConfig {
        momentum: 0.9,
        weight_decay: 1e-4,
        rounding,
        ..SgdConfig::default()
    };
    let trials = TRIALS as usize;
    let sgd = Sgd::new(config)?;
    let updates: Updates = std::iter::repeat_n(sgd, trials).collect();
    let mut states = vec![SgdState::new(true); trials];
    let mut params = vec![1.0; trials * SIZE];
    let mut velocity = vec![0.0; trials * SIZE];
    let grads = vec![0.5; trials * SIZE];
    for _ in 0..times {
        let stacked = Stacked {
            params: &mut params,
            grads: black_box(&grads),
            velocity: &mut velocity,
        };
        step(&updates, &mut states, &vec![1e-3; trials], stacked)?;
    }
    Ok(())
}

fn softmax(times: u32) -> Result<(), Box<dyn Error>> {
    let data = digits()?;
    let engine = Engine::new(&data, TrainConfig::new(Model::Softmax, 20))?;
    let plan = Plan::from(cosine(0.5)?);
    let trials: Vec<Trial<'_>> = (0..32)
        .map(|_| {
            Ok(Trial {
                rates: Rates::from(&plan),
                momentum: None,
                sgd: Sgd::new(SgdConfig::default())?,
            })
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    for _ in 0..times {
        engine.run(black_box(&trials), &Watch::default())?;
    }
    Ok(())
}
