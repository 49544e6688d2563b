//! The same bits on every path: a table's cells are the scalar core's, over every kind.

use hairpin_core::{
    AnySchedule, Change, Combine, Constant, CosineAnnealing, Exponential, Factor, InverseTime,
    Lambda, Linear, MultiStep, NaturalExp, Noam, Part, PiecewiseConstant, Polynomial, Schedule,
    Step,
};
use hairpin_host::table::{self, TableError};
use hairpin_host::table_file;

/// A few schedules of every kind: with a shape of their own, and sharing one with other rates.
fn schedules(trial: u32) -> Vec<AnySchedule> {
    let rate = 0.1 * 1.37_f64.powi(trial as i32 % 40);
    let gamma = 1.0 - 0.5 / f64::from(trial + 2);
    let length = 50 + 13 * trial;
    let mut all: Vec<AnySchedule> = vec![
        Constant::new(rate).unwrap().into(),
        PiecewiseConstant::new(&[10, length], &[rate, rate / 2.0, -rate])
            .unwrap()
            .into(),
        Exponential::new(rate, gamma).unwrap().into(),
        Exponential::new(rate, -0.99).unwrap().into(),
        NaturalExp::new(rate, gamma / 10.0).unwrap().into(),
        Polynomial::new(rate, rate / 100.0, length, 1.0, false)
            .unwrap()
            .into(),
        Polynomial::new(rate, 0.0, length, 2.5, false)
            .unwrap()
            .into(),
        Polynomial::new(rate, 1e-4, 37, 3.0, true).unwrap().into(),
        Step::new(rate, 7 + trial, 0.5).unwrap().into(),
        MultiStep::new(rate, &[20, length], 0.1).unwrap().into(),
        InverseTime::new(rate, gamma - 0.9).unwrap().into(),
        Lambda::new(
            rate,
            Factor::parse("0.95 ** epoch if epoch < 99 else 1 / epoch").unwrap(),
        )
        .unwrap()
        .into(),
        Lambda::new(rate, Factor::Function(|step| f64::from(step).sqrt()))
            .unwrap()
            .into(),
        CosineAnnealing::new(rate, 1e-3, length).unwrap().into(),
        CosineAnnealing::new(rate, 0.0, 100).unwrap().into(),
        Noam::new(rate, 64, 25).unwrap().into(),
    ];
    let warmed: Vec<AnySchedule> = all
        .iter()
        .map(|schedule| {
            schedule
                .clone()
                .after_warmup(5 + trial % 3, 0.0, rate)
                .and_then(|once| once.after_warmup(3, rate, rate / 3.0))
                .unwrap()
        })
        .collect();
    all.extend(warmed);
    all.extend(compositions(rate, length, gamma));
    all
}

/// What a table fills by runs of one kind, and what it asks the scalar core for.
fn compositions(rate: f64, length: u32, gamma: f64) -> Vec<AnySchedule> {
    let cosine = AnySchedule::from(CosineAnnealing::new(rate, 1e-3, length).unwrap());
    let decay = AnySchedule::from(Exponential::new(rate, gamma).unwrap());
    let line = AnySchedule::from(Linear::new(0.0, rate, 20).unwrap());
    let part = |from, clock, schedule| Part {
        from,
        clock,
        schedule,
    };
    let sequence = [
        part(0, 1, &line),
        part(20, 0, &cosine),
        part(700, 3, &decay),
    ];
    let sequence = AnySchedule::sequence(&sequence).unwrap();
    let repeated = sequence.clone().repeated(length).unwrap();
    let product = AnySchedule::combined(Combine::Product, &[&cosine, &decay]).unwrap();
    let clamped = decay.clone().changed(Change::Clamp {
        min_lr: rate / 3.0,
        max_lr: f64::INFINITY,
    });
    let mixed = [part(0, 0, &cosine), part(30, 30, &product)];
    vec![
        AnySchedule::sequence(&mixed).unwrap(),
        repeated,
        sequence,
        product,
        clamped.unwrap(),
    ]
}

fn assert_cells(trials: &[AnySchedule], first: u32, steps: usize) {
    let mut cells = vec![f32::NAN; trials.len() * steps];
    table::fill(trials, first, &mut cells).unwrap();
    for (schedule, row) in trials.iter().zip(cells.chunks(steps)) {
        for (step, cell) in (first..=u32::MAX).zip(row) {
            let scalar = schedule.lr(step);
            assert_eq!(
                cell.to_bits(),
                scalar.to_bits(),
                "{schedule:?} at step {step}"
            );
        }
    }
}

#[test]
fn tables_hold_the_scalar_bits() {
    let trials: Vec<AnySchedule> = (0..40).flat_map(schedules).collect();
    // Windows of profiles end inside and at the end of these.
    for steps in [1, 2, 7, 1023, 1024, 1025, 2100] {
        assert_cells(&trials, 0, steps);
    }
    for first in [1, 9, 1_000_003, u32::MAX - 2099] {
        assert_cells(&trials, first, 2100);
    }
}

#[test]
fn zeros_of_both_signs_are_different_rates() {
    let piecewise = |zero| PiecewiseConstant::new(&[3], &[zero, 0.1]).unwrap().into();
    let trials: Vec<AnySchedule> = vec![piecewise(0.0), piecewise(-0.0), piecewise(0.0)];
    assert_cells(&trials, 0, 6);
    assert_eq!(trials[1].lr(0).to_bits(), (-0.0_f32).to_bits());
}

#[test]
fn tables_do_not_depend_on_threads() {
    let trials: Vec<AnySchedule> = (0..10).flat_map(schedules).collect();
    let filled = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut cells = vec![0.0; trials.len() * 500];
        pool.install(|| table::fill(&trials, 0, &mut cells))
            .unwrap();
        cells.into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    assert_eq!(filled(1), filled(3));
}

#[test]
fn what_does_not_fit_is_refused() {
    let trials: Vec<AnySchedule> = schedules(0);
    let mut cells = vec![0.0; trials.len() * 2 + 1];
    assert!(matches!(
        table::fill(&trials, 0, &mut cells),
        Err(TableError::Shape { .. })
    ));
    assert!(matches!(
        table::fill(&[], 0, &mut cells),
        Err(TableError::Shape { .. })
    ));
    assert_eq!(
        table::fill(&trials[..1], u32::MAX, &mut [0.0; 2]),
        Err(TableError::StepsBeyondU32 {
            first: u32::MAX,
            end: (1 << 32) + 1
        })
    );
    assert_eq!(table::fill(&trials[..1], u32::MAX, &mut [0.0; 1]), Ok(()));
}

#[test]
fn a_table_on_disk_is_the_table_in_memory() {
    let trials: Vec<AnySchedule> = (0..3).flat_map(schedules).collect();
    let steps = 77;
    let mut cells = vec![0.0_f32; trials.len() * steps];
    table::fill(&trials, 0, &mut cells).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("table.npy");
    let one = |trial: u64| Ok::<_, std::convert::Infallible>(trials[trial as usize].clone());
    let mut seen = 0;
    table_file::write(&path, trials.len() as u64, steps as u32, one, |count| {
        seen += count;
        true
    })
    .unwrap();
    assert_eq!(seen, cells.len() as u64);
    let bytes = std::fs::read(&path).unwrap();
    let body = &bytes[bytes.len() - 4 * cells.len()..];
    let written: Vec<f32> = body
        .chunks(4)
        .map(|cell| f32::from_le_bytes(cell.try_into().unwrap()))
        .collect();
    assert!(
        written
            .iter()
            .zip(&cells)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
    // Asked to stop, it leaves nothing behind.
    let stopped = directory.path().join("stopped.npy");
    assert!(table_file::write(&stopped, 1, 5, one, |_| false).is_err());
    assert!(!stopped.exists());
}
