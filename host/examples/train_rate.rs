//! Prints how fast trials are trained, with and without evaluations, and how near that is to what the processor can do.
//!
//! ```sh
//! cargo run --release -p hairpin-host --example train_rate                 # on the CPU
//! cargo run --release -p hairpin-host --example train_rate -- gpu          # on the first GPU, and a look at the bits
//! ```
//!
//! `benches/jax_stacked.py` trains the same trials in JAX.

use std::error::Error;
use std::time::Instant;

use hairpin_core::{AnySchedule, CosineAnnealing, Schedule, Sgd, SgdConfig};
use hairpin_cuda::Gpu;
use hairpin_host::data::{Dataset, digits};
use hairpin_host::train::{
    BlockEnd, Engine, Isa, Model, Rates, TrainConfig, Trial, TrialOutcome, Watch,
};

const STEPS: u32 = 300;
const ROUNDS: usize = 3;

/// Trials that are trained on the CPU, too, to compare bits.
const COMPARED: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let data = digits()?;
    let gpu = match std::env::args().nth(1).as_deref() {
        None => None,
        Some("gpu") => Some(Gpu::open()?),
        Some(other) => return Err(format!("{other}: say gpu, or nothing").into()),
    };
    match &gpu {
        Some(gpu) => println!("{}", gpu.name()),
        None => println!(
            "{}, {} threads",
            Isa::detect().name(),
            rayon::current_num_threads()
        ),
    }
    let mut counts = vec![
        ("softmax 64-10", Model::Softmax, 4096),
        ("mlp 64-32-10", Model::Mlp { hidden: 32 }, 1024),
    ];
    if gpu.is_some() {
        counts.insert(1, ("softmax 64-10", Model::Softmax, 65_536));
    }
    for (name, model, trials) in counts {
        for (evaluations, eval_every) in [(" 1 evaluation ", STEPS), ("20 evaluations", STEPS / 20)]
        {
            for momentum in [0.0, 0.9] {
                let config = TrainConfig {
                    eval_every,
                    ..TrainConfig::new(model, STEPS)
                };
                let rate = trial_steps_per_second(&data, config, trials, momentum, gpu.as_ref())?;
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
    gpu: Option<&Gpu>,
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
        let outcomes = run(&engine, gpu, &trials)?;
        best = best.min(start.elapsed().as_secs_f64());
        if outcomes.iter().any(|outcome| outcome.diverged.is_some()) {
            return Err("a trial diverged: the rate would count steps that were not taken".into());
        }
    }
    if gpu.is_some() {
        compare(
            &run(&engine, gpu, &trials)?,
            &run(&engine, None, &trials[..COMPARED])?,
        )?;
    }
    Ok(trials.len() as f64 * f64::from(STEPS) / best)
}

fn run(
    engine: &Engine,
    gpu: Option<&Gpu>,
    trials: &[Trial],
) -> Result<Vec<TrialOutcome>, Box<dyn Error>> {
    let Some(gpu) = gpu else {
        return Ok(engine.run(trials, &Watch::default())?.unwrap_or_default());
    };
    match engine.run_block_on(gpu, trials, &Watch::default())? {
        BlockEnd::Finished(outcomes) => Ok(outcomes),
        BlockEnd::Stopped(_) => Err("nobody stopped it".into()),
    }
}

/// That the first trials came out of the GPU with the CPU's bits.
fn compare(on_gpu: &[TrialOutcome], on_cpu: &[TrialOutcome]) -> Result<(), Box<dyn Error>> {
    for (trial, (gpu, cpu)) in on_gpu.iter().zip(on_cpu).enumerate() {
        let bits = |outcome: &TrialOutcome| -> Vec<u32> {
            let numbers = outcome.losses.iter().chain(&outcome.accuracies);
            numbers.map(|x| x.to_bits()).collect()
        };
        if bits(gpu) != bits(cpu) || gpu.diverged != cpu.diverged {
            return Err(
                format!("trial {trial} has other bits on the GPU: {gpu:?}, {cpu:?}").into(),
            );
        }
    }
    Ok(())
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
