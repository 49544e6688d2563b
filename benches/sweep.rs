//! A small sweep: 256 trials of softmax regression on the digits, from rates to final losses.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hairpin_core::{CosineAnnealing, Plan, Sgd, SgdConfig};
use hairpin_host::data::digits;
use hairpin_host::train::{Engine, Model, Rates, TrainConfig, Trial, Watch};

const TRIALS: u32 = 256;
const STEPS: u32 = 60;

fn sweep(criterion: &mut Criterion) {
    let data = digits().unwrap();
    let engine = Engine::new(&data, TrainConfig::new(Model::Softmax, STEPS)).unwrap();
    let plans: Vec<Plan> = (0..TRIALS)
        .map(|trial| {
            let rate = 1e-3 * 1e3_f64.powf(f64::from(trial) / f64::from(TRIALS));
            CosineAnnealing::new(rate, 0.0, STEPS).unwrap().into()
        })
        .collect();
    let trials: Vec<Trial<'_>> = plans
        .iter()
        .map(|plan| Trial {
            rates: Rates::from(plan),
            momentum: None,
            sgd: Sgd::new(SgdConfig::default()).unwrap(),
        })
        .collect();
    let train = || engine.run(&trials, &Watch::default()).unwrap().unwrap();
    // The largest rates learn the digits, the smallest hardly begin to.
    let loss = |outcome: &hairpin_host::train::TrialOutcome| outcome.last.unwrap().loss;
    let outcomes = train();
    assert!(loss(&outcomes[255]) < 0.6, "{}", loss(&outcomes[255]));
    assert!(loss(&outcomes[0]) > 2.0, "{}", loss(&outcomes[0]));
    let mut group = criterion.benchmark_group("sweep");
    group.throughput(Throughput::Elements(u64::from(TRIALS * STEPS)));
    group.bench_function("softmax", |bencher| bencher.iter(train));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = sweep
}
criterion_main!(benches);
