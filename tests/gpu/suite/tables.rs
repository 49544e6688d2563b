//! Rates that come in windows or row after row.

use std::sync::{Arc, Mutex};

use hairpin_core::Rounding;
use hairpin_cuda::{GpuError, RateTable, Source, Stream};

use super::model::{Model, rates};
use super::run::{Rows, Run};
use crate::rng::Rng;

/// A source that gives these rows, notes what it is asked for, and has something else for steps that nobody takes.
fn source(rows: &[Vec<f32>], asked: &Arc<Mutex<Vec<u32>>>) -> Source {
    let (rows, asked) = (rows.to_vec(), Arc::clone(asked));
    Source::function(move |first, out| {
        asked.lock().expect("not poisoned").push(first);
        for (row, step) in out.chunks_exact_mut(rows[0].len()).zip(first as usize..) {
            row.copy_from_slice(&rows[step]);
        }
    })
}

/// A run over `rows`, with a table of windows.
pub(crate) fn windowed(
    stream: &Stream,
    rng: &mut Rng,
    rows: &Rows,
    window: u32,
    trials: u32,
    asked: &Arc<Mutex<Vec<u32>>>,
) -> Run {
    let momenta = rows.momenta.as_ref().map(|momenta| source(momenta, asked));
    let steps = 0..rows.rates.len() as u32;
    let rates = source(&rows.rates, asked);
    let table =
        RateTable::windowed(stream, steps, trials, window, rates, momenta).expect("a table");
    let model = Model::uniform(rng, trials, 130, Rounding::Separate, rows.momenta.is_some());
    Run::new(stream, model, table)
}

pub(crate) fn windows(stream: &Stream) {
    let mut rng = Rng::from_env("windows");
    for (window, steps) in [(1, 9), (2, 11), (3, 23), (7, 23), (23, 23), (40, 23)] {
        for with_momenta in [false, true] {
            let trials = 1 + rng.up_to(8);
            let rows = Rows::draw(&mut rng, steps, trials as usize, with_momenta);
            let asked = Arc::default();
            let mut run = windowed(stream, &mut rng, &rows, window, trials, &asked);
            for _ in 0..steps {
                run.step(&mut rng, &rows, false);
            }
            run.compare(&format!("windows of {window} over {steps}"));
            let asked = asked.lock().expect("not poisoned");
            let once: Vec<u32> = (0..steps).step_by(window as usize).collect();
            let lanes = 1 + usize::from(with_momenta);
            assert_eq!(
                *asked,
                once.iter()
                    .flat_map(|&w| vec![w; lanes])
                    .collect::<Vec<_>>()
            );
            let after = run
                .optimizer
                .step(&mut run.params, &run.grads, &mut run.velocity);
            assert!(matches!(after, Err(GpuError::NoRates { step, .. }) if step == steps));
        }
    }
}

/// So many small windows that the host is far ahead of the device all the time.
pub(crate) fn many_windows(stream: &Stream) {
    let mut rng = Rng::from_env("many windows");
    let rows = Rows::draw(&mut rng, 300, 5, true);
    let mut run = windowed(stream, &mut rng, &rows, 2, 5, &Arc::default());
    let grads = run.gradients(&mut rng, false);
    for step in 0..300 {
        run.device_step();
        run.model
            .step(&rows.rates[step], rows.momenta(step as u32), &grads);
    }
    run.compare("many windows");
}

pub(crate) fn momenta(stream: &Stream) {
    let mut rng = Rng::from_env("momenta");
    for round in 0..12 {
        let rounding = if round % 2 == 0 {
            Rounding::Separate
        } else {
            Rounding::Fused
        };
        let trials = 1 + rng.up_to(30);
        let size = u64::from(rng.up_to(1500));
        let mut model = Model::uniform(&mut rng, trials, size, rounding, true);
        for sgd in &mut model.sgds {
            if rng.one_in(4) {
                *sgd = super::model::sgd(&mut rng, rounding, false);
            }
        }
        if !model.sgds.iter().any(hairpin_core::Sgd::needs_velocity) {
            model.velocity.clear();
        }
        let rows = Rows::draw(&mut rng, 8, trials as usize, true);
        let table = rows.whole(stream, trials);
        let mut run = Run::new(stream, model, table);
        for _ in 0..8 {
            run.step(&mut rng, &rows, true);
        }
        run.compare(&format!("round {round}"));
    }
    for wrong in [-0.5, f32::INFINITY] {
        let refused = RateTable::whole(stream, 3, 2, &[0.1; 4], Some(&[0.5, f32::NAN, 0.0, wrong]));
        assert!(matches!(
            refused,
            Err(GpuError::Momentum {
                step: 4,
                trial: 1,
                ..
            })
        ));
    }
}

/// Rows as a schedule that reacts to losses gives them: some ahead, and others for one trial in between.
pub(crate) fn by_hand(stream: &Stream) {
    let mut rng = Rng::from_env("by hand");
    for with_momenta in [false, true] {
        let (trials, room) = (6, 8);
        let mut rows = Rows::draw(&mut rng, 0, trials as usize, with_momenta);
        let model = Model::uniform(&mut rng, trials, 77, Rounding::Fused, with_momenta);
        let table = RateTable::by_hand(stream, 0, trials, room, with_momenta).expect("a table");
        let mut run = Run::new(stream, model, table);
        let none = run
            .optimizer
            .step(&mut run.params, &run.grads, &mut run.velocity);
        assert!(matches!(none, Err(GpuError::NoRates { step: 0, .. })));
        for _ in 0..12 {
            let ahead = rows.rates.len() as u32 - run.model.step;
            let more = rng.up_to(room - ahead);
            let new = Rows::draw(&mut rng, more, trials as usize, with_momenta);
            let momenta = new.momenta.as_ref().map(|momenta| momenta.concat());
            run.optimizer
                .extend(&new.rates.concat(), momenta.as_deref())
                .expect("room");
            rows.rates.extend(new.rates);
            if let (Some(all), Some(new)) = (&mut rows.momenta, new.momenta) {
                all.extend(new);
            }
            let ahead = rows.rates.len() as u32 - run.model.step;
            let too_many = vec![0.1; ((room - ahead + 1) * trials) as usize];
            let full = run
                .optimizer
                .extend(&too_many, momenta.as_ref().map(|_| too_many.as_slice()));
            assert!(matches!(full, Err(GpuError::TableFull { .. })), "{full:?}");
            let (trial, count) = (rng.up_to(trials - 1), rng.up_to(ahead) as usize);
            let (next, column) = (run.model.step as usize, rates(&mut rng, count));
            let momenta = super::model::momenta(&mut rng, count);
            run.optimizer
                .refill(trial, &column, with_momenta.then_some(momenta.as_slice()))
                .expect("a column");
            for (at, rate) in column.iter().enumerate() {
                rows.rates[next + at][trial as usize] = *rate;
                if let Some(all) = &mut rows.momenta {
                    all[next + at][trial as usize] = momenta[at];
                }
            }
            for _ in 0..rng.up_to(ahead) {
                run.step(&mut rng, &rows, false);
            }
        }
        run.compare("by hand");
        let beyond = run.optimizer.refill(
            0,
            &vec![0.1; room as usize + 1],
            with_momenta.then_some(&[0.5; 9][..]),
        );
        assert!(
            matches!(beyond, Err(GpuError::NoRates { .. })),
            "{beyond:?}"
        );
    }
}
