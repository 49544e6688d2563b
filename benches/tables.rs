//! Filling a table `[trials, steps]`, against setting the same bytes in the same run with the same threads.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hairpin_core::{AnySchedule, Schedule};
use hairpin_host::table;
use rayon::prelude::*;

mod support;

const TRIALS: usize = 512;
const STEPS: usize = 2_000;

fn tables(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("table");
    group.throughput(Throughput::Elements((TRIALS * STEPS) as u64));
    let mut cells = vec![0.0_f32; TRIALS * STEPS];
    group.bench_function("memset", |bencher| {
        bencher.iter(|| {
            let value = black_box(0.1);
            cells.par_chunks_mut(STEPS).for_each(|row| row.fill(value));
            black_box(&mut cells);
        });
    });
    // All trials of one shape with rates of their own, then no two alike in shape either.
    for (sharing, length_step) in [("shared", 0), ("apart", 1)] {
        let trials: Vec<Vec<(&str, AnySchedule)>> = (0..TRIALS as u32)
            .map(|trial| {
                support::kinds(
                    0.1 + f64::from(trial) * 1e-3,
                    STEPS as u32 + trial * length_step,
                )
            })
            .collect();
        for kind in 0..trials[0].len() {
            let name = trials[0][kind].0;
            let schedules: Vec<AnySchedule> =
                trials.iter().map(|kinds| kinds[kind].1.clone()).collect();
            table::fill(&schedules, 0, &mut cells).unwrap();
            for (schedule, row) in schedules.iter().zip(cells.chunks(STEPS)).step_by(97) {
                for (step, rate) in (0..).zip(row) {
                    assert_eq!(rate.to_bits(), schedule.lr(step).to_bits());
                }
            }
            group.bench_function(format!("{name}/{sharing}"), |bencher| {
                bencher.iter(|| table::fill(&schedules, 0, black_box(&mut cells)));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = tables
}
criterion_main!(benches);
