//! The update, bit for bit against the core.
#![allow(unsafe_code)]

use hairpin_core::{Rounding, Sgd};
use hairpin_cuda::{Buffer, Group, Optimizer, Options, RawElements, Stream};

use super::model::{Model, grouped, same, sgd, values};
use super::run::{Rows, Run};
use crate::rng::Rng;

const BOTH: [Rounding; 2] = [Rounding::Separate, Rounding::Fused];

fn walk(stream: &Stream, rng: &mut Rng, what: &str, model: Model, steps: u32, wild: bool) {
    let trials = model.sgds.len();
    let rows = Rows::draw(rng, steps, trials, false);
    let table = rows.whole(stream, trials as u32);
    let mut run = Run::new(stream, model, table);
    for _ in 0..steps {
        run.step(rng, &rows, wild);
    }
    run.compare(what);
}

/// Trials of one size, around every size where the walk over them changes.
pub(crate) fn sizes(stream: &Stream) {
    let mut rng = Rng::from_env("sizes");
    let edges = [
        127, 128, 129, 255, 511, 513, 1021, 1023, 1024, 1025, 2047, 2050, 4099,
    ];
    for size in (0..20).chain(edges) {
        for rounding in BOTH {
            for momentum in [false, true] {
                let trials = 1 + rng.up_to(if size < 200 { 70 } else { 5 });
                let model = Model::uniform(&mut rng, trials, size, rounding, momentum);
                let what = format!("{trials} trials of {size}, {rounding:?}, momentum: {momentum}");
                walk(stream, &mut rng, &what, model, 3, true);
            }
        }
    }
}

/// Trials of different sizes, with groups, some with momentum and some without.
pub(crate) fn ragged(stream: &Stream) {
    let mut rng = Rng::from_env("ragged");
    for round in 0..24 {
        let rounding = BOTH[round % 2];
        let trials = 1 + rng.up_to(40);
        let is_uniform = rng.one_in(3);
        let size = u64::from(rng.up_to(3000));
        let same = grouped(&mut rng, size);
        let groups: Vec<Vec<Group>> = (0..trials)
            .map(|_| {
                let size = u64::from(rng.up_to(2500));
                if is_uniform {
                    same.clone()
                } else {
                    grouped(&mut rng, size)
                }
            })
            .collect();
        let sgds: Vec<Sgd> = (0..trials)
            .map(|_| {
                let momentum = rng.one_in(2);
                sgd(&mut rng, rounding, momentum)
            })
            .collect();
        let wild = rng.one_in(2);
        let model = Model::new(&mut rng, groups, is_uniform, sgds, wild);
        walk(stream, &mut rng, &format!("round {round}"), model, 4, wild);
    }
}

pub(crate) fn large(stream: &Stream) {
    let mut rng = Rng::from_env("large");
    for (momentum, rounding) in [(false, Rounding::Fused), (true, Rounding::Separate)] {
        let model = Model::uniform(&mut rng, 1, (1 << 20) + 4097, rounding, momentum);
        walk(stream, &mut rng, "one large trial", model, 2, true);
    }
}

/// Elements at any address of a float, and nothing beside them written.
pub(crate) fn unaligned(stream: &Stream) {
    let mut rng = Rng::from_env("unaligned");
    for shift in 0..5_u64 {
        for rounding in BOTH {
            let model = Model::uniform(&mut rng, 7, 1031, rounding, true);
            let rows = Rows::draw(&mut rng, 3, 7, false);
            let table = rows.whole(stream, 7);
            let mut optimizer = Optimizer::new(
                stream,
                &model.layout(),
                &model.sgds,
                table,
                Options::default(),
            )
            .expect("an optimizer");
            let len = model.params.len() as u64;
            let mut expected = model;
            let beside = values(&mut rng, len + 8, false);
            let within = |values: &[f32], from: u64| {
                let mut all = beside.clone();
                all[from as usize..][..values.len()].copy_from_slice(values);
                all
            };
            // All shifted alike but for the gradients, which may lie otherwise.
            let (shifts, other) = (shift, (shift * 3) % 5);
            let params =
                Buffer::from_slice(stream, &within(&expected.params, shifts)).expect("memory");
            let velocity =
                Buffer::from_slice(stream, &within(&expected.velocity, shifts)).expect("memory");
            let mut grads = Buffer::<f32>::zeros(stream, len + 8).expect("memory");
            for step in 0..3 {
                let new = values(&mut rng, len, true);
                grads.upload(stream, other, &new).expect("gradients");
                let elements = RawElements {
                    params: params.address() + 4 * shifts,
                    grads: grads.address() + 4 * other,
                    velocity: velocity.address() + 4 * shifts,
                    len,
                };
                // SAFETY: inside three buffers, which live longer than the optimizer's work.
                unsafe { optimizer.step_raw(stream, elements) }.expect("a step");
                expected.step(&rows.rates[step], None, &new);
            }
            let what = format!("shifted by {shift}");
            same(
                &what,
                &params.download(stream).expect("parameters"),
                &within(&expected.params, shifts),
            );
            same(
                &what,
                &velocity.download(stream).expect("velocity"),
                &within(&expected.velocity, shifts),
            );
        }
    }
}
