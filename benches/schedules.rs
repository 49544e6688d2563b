//! Nanoseconds for one rate of each kind, one thread, steps in no order.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hairpin_core::Schedule;

mod support;

const LENGTH: u32 = 10_000;
const RATES: u64 = 1_000;

fn rates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rate");
    group.throughput(Throughput::Elements(RATES));
    // A prime stride visits the whole schedule and some of what is past its end.
    let steps: Vec<u32> = (0..RATES as u32).map(|i| i * 7919 % (2 * LENGTH)).collect();
    for (name, schedule) in support::kinds(0.1, LENGTH) {
        assert!(steps.iter().all(|&step| schedule.lr(step).is_finite()));
        assert!(schedule.lr(LENGTH / 10).abs() <= 0.1);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for &step in &steps {
                    black_box(schedule.lr(black_box(step)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, rates);
criterion_main!(benches);
