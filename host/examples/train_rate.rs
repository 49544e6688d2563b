//! Prints how fast trials are trained, with and without evaluations, and how near that is to what the processor can do.
//!
//! `cargo run --release -p hairpin-host --example train_rate`; `benches/jax_stacked.py` trains the same trials in JAX.

use std::error::Error;
use std::time::Instant;

use hairpin_core::{AnySchedule, CosineAnnealing, Schedule, Sgd, SgdConfig};
use hairpin_host::data::{Dataset, digits};
use hairpin_host::train::{Engine, Isa, Model, Rates, TrainConfig, Trial, Watch};

const STEPS: u32 = 300;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let data = digits()?;
    let threads = rayon::current_num_threads();
    println!("{}, {threads} threads", Isa::detect().name());
    for (name, model, trials) in [
        ("softmax 64-10", Model::Softmax, 4096),
        ("mlp 64-32-10", Model::Mlp { hidden: 32 }, 1024),
    ] {
        for (evaluations, eval_every) in [(" 1 evaluation ", STEPS), ("20 evaluations", STEPS / 20)]
        {
            for momentum in [0.0, 0.9] {
                let config = TrainConfig {
                    eval_every,
                    ..TrainConfig::new(model, STEPS)
                };
                let rate = trial_steps_per_second(&data, config, trials, momentum)?;
                let flops = rate * flops_per_step(&data, config);
                println!(
                    "{name:13} {trials} trials, {evaluations}, momentum {momentum}: {:7.0}k trial-steps/s, \
                     products {:3.0} GFLOP/s",
                    rate / 1e3,
                    flops / 1e9,
                );
            }
        }
    }
    Ok(())
}

/// Best of a few rounds.
fn trial_steps_per_second(
    data: &Dataset,
    config: TrainConfig,
    trials: usize,
    momentum: f64,
) -> Result<f64, Box<dyn Error>> {
    let engine = Engine::new(data, config)?;
    let sgd = Sgd::new(SgdConfig {
        momentum,
        ..SgdConfig::default()
    })?;
    let mut rates = Vec::with_capacity(trials * STEPS as usize);
    for trial in 0..trials {
        let peak = 1e-3 * 1e3_f64.powf(trial as f64 / trials as f64);
        let schedule = AnySchedule::from(CosineAnnealing::new(peak, 0.0, STEPS)?);
        rates.extend((0..STEPS).map(|step| schedule.lr(step)));
    }
    let trials: Vec<Trial> = rates
        .chunks(STEPS as usize)
        .map(|rates| Trial {
            rates: Rates::Table(rates),
            momentum: None,
            sgd,
        })
        .collect();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let outcomes = engine.run(&trials, &Watch::default())?.unwrap_or_default();
        best = best.min(start.elapsed().as_secs_f64());
        if outcomes.iter().any(|outcome| outcome.diverged.is_some()) {
            return Err("a trial diverged: the rate would count steps that were not taken".into());
        }
    }
    Ok(trials.len() as f64 * f64::from(STEPS) / best)
}

/// Multiplications and additions in the products of one trial's step, its share of the evaluations included.
fn flops_per_step(data: &Dataset, config: TrainConfig) -> f64 {
    let (d, c) = (data.width() as f64, data.classes().len() as f64);
    let (forward, backward) = match config.model {
        Model::Softmax => (c * d, c * d),
        Model::Mlp { hidden } => {
            let h = hidden as f64;
            (h * d + c * h, h * d + 2.0 * c * h)
        }
    };
    let rows = config.batch as f64;
    let evaluated = data.validation_rows().count() as f64 / f64::from(config.eval_every);
    2.0 * ((forward + backward) * rows + forward * evaluated)
}
