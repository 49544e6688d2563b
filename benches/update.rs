//! The SGD update over one large slice on one thread, against a copy of the same parameters in the same run.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hairpin_core::{Sgd, SgdConfig, SgdState};

const PARAMETERS: usize = 1 << 20;

fn update(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update");
    group.throughput(Throughput::Elements(PARAMETERS as u64));
    let grads: Vec<f32> = (0..PARAMETERS).map(|i| (i % 7) as f32 - 3.0).collect();
    let mut params = vec![1.0_f32; PARAMETERS];
    group.bench_function("copy", |bencher| {
        bencher.iter(|| black_box(&mut params).copy_from_slice(black_box(&grads)));
    });
    let base = SgdConfig::default();
    for (name, config) in [
        ("plain", base),
        (
            "weight_decay",
            SgdConfig {
                weight_decay: 1e-4,
                ..base
            },
        ),
        (
            "momentum",
            SgdConfig {
                momentum: 0.9,
                ..base
            },
        ),
        (
            "nesterov",
            SgdConfig {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 1e-4,
                ..base
            },
        ),
    ] {
        let sgd = Sgd::new(config).unwrap();
        let mut velocity = vec![0.0; if sgd.needs_velocity() { PARAMETERS } else { 0 }];
        let mut state = SgdState::default();
        params.fill(1.0);
        sgd.step(&mut state, 0.5, &mut params, &grads, &mut velocity)
            .unwrap();
        if config.weight_decay == 0.0 {
            assert_eq!(params[..3], [2.5, 2.0, 1.5]);
        }
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                sgd.step(
                    &mut state,
                    1e-9,
                    black_box(&mut params),
                    black_box(&grads),
                    &mut velocity,
                )
            });
        });
    }
    group.finish();
}

criterion_group!(benches, update);
criterion_main!(benches);
