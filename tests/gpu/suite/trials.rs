//! Trials that skip, stop, break and go on.

use std::sync::Arc;

use hairpin_core::Rounding;
use hairpin_cuda::Stream;

use super::model::Model;
use super::run::{Rows, Run};
use super::tables::windowed;
use crate::rng::Rng;

/// Rates that are NaN, and gradients that are not finite: at the first step, too, where the velocity then begins later.
pub(crate) fn skipped(stream: &Stream) {
    let mut rng = Rng::from_env("skipped");
    for momentum in [false, true] {
        for check_gradients in [false, true] {
            let mut model = Model::uniform(&mut rng, 9, 1500, Rounding::Separate, momentum);
            model.check_gradients = check_gradients;
            let mut rows = Rows::draw(&mut rng, 6, 9, momentum);
            rows.rates[0][2] = f32::NAN;
            rows.rates[1][2] = f32::NAN;
            rows.rates[3][5] = f32::NAN;
            let table = rows.whole(stream, 9);
            let mut run = Run::new(stream, model, table);
            for step in 0..6 {
                let mut grads = run.gradients(&mut rng, false);
                if check_gradients {
                    // Trial 0 at the first steps, one anywhere later.
                    let trial = if step < 2 { 0 } else { rng.up_to(8) as usize };
                    let at = trial * 1500 + rng.up_to(1499) as usize;
                    grads[at] = rng.pick(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
                    run.grads
                        .upload(stream, at as u64, &grads[at..=at])
                        .expect("a gradient");
                }
                run.device_step();
                run.model
                    .step(&rows.rates[step], rows.momenta(step as u32), &grads);
            }
            run.compare(&format!("momentum: {momentum}, check: {check_gradients}"));
            assert!(run.model.states.iter().any(|state| state.skipped > 1));
        }
    }
}

pub(crate) fn ended(stream: &Stream) {
    let mut rng = Rng::from_env("ended");
    let mut model = Model::uniform(&mut rng, 12, 1100, Rounding::Fused, true);
    model.end_diverged = true;
    let rows = Rows::draw(&mut rng, 8, 12, false);
    let table = rows.whole(stream, 12);
    let mut run = Run::new(stream, model, table);
    for step in 0..8 {
        let mut grads = run.gradients(&mut rng, false);
        if step == 3 {
            let at = 4 * 1100 + 700;
            grads[at] = f32::NAN;
            run.grads
                .upload(stream, at as u64, &grads[at..=at])
                .expect("a gradient");
        }
        if step == 5 {
            run.optimizer.stop(7).expect("a trial");
            run.model.states[7].ends = 0;
        }
        run.device_step();
        run.model.step(&rows.rates[step], None, &grads);
    }
    assert_eq!((run.model.states[4].ends, run.model.states[7].ends), (4, 0));
    run.compare("ended");
    assert!(run.optimizer.stop(12).is_err());
}

/// Saved and taken up again, by the same optimizer and by another, in windows and not.
pub(crate) fn resumed(stream: &Stream) {
    let mut rng = Rng::from_env("resumed");
    let rows = Rows::draw(&mut rng, 20, 4, true);
    for window in [None, Some(3), Some(64)] {
        let asked = Arc::default();
        let mut run = match window {
            Some(window) => windowed(stream, &mut rng, &rows, window, 4, &asked),
            None => {
                let model = Model::uniform(&mut rng, 4, 130, Rounding::Separate, true);
                Run::new(stream, model, rows.whole(stream, 4))
            }
        };
        for _ in 0..5 {
            run.step(&mut rng, &rows, false);
        }
        let states = run.optimizer.states().expect("states");
        let saved = run.model.clone();
        for _ in 0..9 {
            run.step(&mut rng, &rows, false);
        }
        run.compare("before");
        run.optimizer.resume(5, &states).expect("a step with rates");
        run.model = saved;
        run.params
            .upload(stream, 0, &run.model.params)
            .expect("parameters");
        run.velocity
            .upload(stream, 0, &run.model.velocity)
            .expect("velocity");
        for _ in 0..15 {
            run.step(&mut rng, &rows, false);
        }
        run.compare("resumed");
        let model = run.model.clone();
        let mut other = Run::new(stream, model, rows.whole(stream, 4));
        other.model.step = 2;
        other
            .optimizer
            .resume(2, &states)
            .expect("a step with rates");
        for (state, found) in other.model.states.iter_mut().zip(&states) {
            *state = *found;
        }
        for _ in 0..18 {
            other.step(&mut rng, &rows, false);
        }
        other.compare("another");
        assert!(other.optimizer.resume(21, &states).is_err());
        assert!(other.optimizer.resume(2, &states[1..]).is_err());
    }
}
