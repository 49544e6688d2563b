//! Steps that are recorded once and replayed.
#![allow(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hairpin_core::Rounding;
use hairpin_cuda::{Buffer, Gpu, GpuError, RawElements, Stream};

use super::model::Model;
use super::run::{Rows, Run};
use super::tables::windowed;
use crate::rng::Rng;

pub(crate) fn replayed(stream: &Stream) {
    let mut rng = Rng::from_env("replayed");
    for (steps, window) in [
        (1, None),
        (3, None),
        (3, Some(3)),
        (3, Some(4)),
        (2, Some(16)),
    ] {
        let rows = Rows::draw(&mut rng, 31, 5, true);
        let mut run = match window {
            Some(window) => windowed(stream, &mut rng, &rows, window, 5, &Arc::default()),
            None => {
                let model = Model::uniform(&mut rng, 5, 1300, Rounding::Fused, true);
                Run::new(stream, model, rows.whole(stream, 5))
            }
        };
        let grads = run.gradients(&mut rng, false);
        let Run {
            optimizer,
            params,
            grads: on_device,
            velocity,
            ..
        } = &mut run;
        let mut graph = optimizer
            .record(|optimizer| {
                (0..steps).try_for_each(|_| optimizer.step(params, on_device, velocity))
            })
            .expect("a graph");
        assert_eq!((graph.steps(), optimizer.next_step()), (steps, 0));
        let modelled = |run: &mut Run, steps: u32| {
            for _ in 0..steps {
                let step = run.model.step;
                run.model
                    .step(&rows.rates[step as usize], rows.momenta(step), &grads);
            }
        };
        for round in 0..7 {
            run.optimizer.replay(&mut graph).expect("a replay");
            modelled(&mut run, steps);
            if round == 3 {
                run.device_step();
                modelled(&mut run, 1);
            }
        }
        run.compare(&format!("{steps} steps, windows of {window:?}"));
    }
}

/// As PyTorch records: its own stream, its own memory, its own graph.
pub(crate) fn foreign(stream: &Stream) {
    let mut rng = Rng::from_env("foreign");
    let theirs = stream.gpu().stream().expect("a stream");
    for window in [None, Some(4)] {
        let rows = Rows::draw(&mut rng, 24, 3, true);
        let mut run = match window {
            Some(window) => windowed(stream, &mut rng, &rows, window, 3, &Arc::default()),
            None => {
                let model = Model::uniform(&mut rng, 3, 257, Rounding::Separate, true);
                Run::new(stream, model, rows.whole(stream, 3))
            }
        };
        let grads = run.gradients(&mut rng, false);
        let elements = RawElements {
            params: run.params.address(),
            grads: run.grads.address(),
            velocity: run.velocity.address(),
            len: run.params.len(),
        };
        let optimizer = &mut run.optimizer;
        let mut graph = theirs
            .record(|| {
                // SAFETY: buffers that outlive the graph.
                (0..2).try_for_each(|_| unsafe { optimizer.step_raw(&theirs, elements) })
            })
            .expect("a graph");
        for _ in 0..12 {
            run.optimizer.prepare(&theirs, 2).expect("rates");
            graph.launch().expect("a launch");
            for _ in 0..2 {
                let step = run.model.step;
                run.model
                    .step(&rows.rates[step as usize], rows.momenta(step), &grads);
            }
        }
        theirs.synchronize().expect("done");
        run.compare(&format!("windows of {window:?}"));
    }
}

/// A graph outlives the buffers that it was recorded with, and belongs to its optimizer.
pub(crate) fn memory(stream: &Stream) {
    let mut rng = Rng::from_env("memory");
    let rows = Rows::draw(&mut rng, 9, 2, false);
    let mut run = || {
        Run::new(
            stream,
            Model::uniform(&mut rng, 2, 64, Rounding::Separate, false),
            rows.whole(stream, 2),
        )
    };
    let (mut one, mut other) = (run(), run());
    let mut graph = {
        let mut params = Buffer::from_slice(stream, &one.model.params).expect("memory");
        let grads = Buffer::from_slice(stream, &[1.0; 128]).expect("memory");
        let velocity = &mut one.velocity;
        one.optimizer
            .record(|optimizer| optimizer.step(&mut params, &grads, velocity))
            .expect("a graph")
    };
    assert!(matches!(
        other.optimizer.replay(&mut graph),
        Err(GpuError::Unsupported(_))
    ));
    one.optimizer
        .replay(&mut graph)
        .expect("memory that is kept");
    assert_eq!(one.optimizer.device_step().expect("a step"), 1);
    let mut params = Buffer::<f32>::zeros(stream, 4).expect("memory");
    let copied = stream.record(|| params.upload(stream, 0, &[1.0]));
    assert!(matches!(copied, Err(GpuError::Unsupported(_))));
    assert!(!stream.is_recording().expect("an answer"));
    stream.synchronize().expect("a stream that goes on");
}

/// Other threads may wait for the GPU and free memory, which would spoil a graph that is being recorded; so may what is recorded free memory.
pub(crate) fn beside(stream: &Stream) {
    let gpu = stream.gpu();
    let is_over = AtomicBool::new(false);
    let mut to = Buffer::<u32>::zeros(stream, 4).expect("memory");
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let gpu = Gpu::open().expect("the same GPU");
            let own = gpu.stream().expect("a stream");
            // Not for ever, where a check fails.
            for _ in 0..100_000 {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                drop(Buffer::<f32>::zeros(&own, 4).expect("memory"));
                gpu.synchronize().expect("a GPU that goes on");
            }
        });
        for round in 0..50 {
            let from = Buffer::from_slice(stream, &[round; 4]).expect("memory");
            let freed = Buffer::<f32>::zeros(stream, 4).expect("memory");
            let recorded = stream.record(|| {
                assert!(matches!(gpu.synchronize(), Err(GpuError::Unsupported(_))));
                drop(freed);
                std::thread::yield_now();
                to.copy_from(stream, &from)
            });
            recorded.expect("a graph").launch().expect("a launch");
            assert_eq!(to.download(stream).expect("numbers"), [round; 4]);
        }
        is_over.store(true, Ordering::Relaxed);
        busy.join().expect("the other thread");
    });
}

/// Whoever replays beyond the rates changes nothing and is told.
pub(crate) fn overrun(stream: &Stream) {
    let mut rng = Rng::from_env("overrun");
    let rows = Rows::draw(&mut rng, 4, 3, false);
    let mut run = Run::new(
        stream,
        Model::uniform(&mut rng, 3, 50, Rounding::Separate, false),
        rows.whole(stream, 3),
    );
    let grads = run.gradients(&mut rng, false);
    let elements = RawElements {
        params: run.params.address(),
        grads: run.grads.address(),
        velocity: 0,
        len: run.params.len(),
    };
    let optimizer = &mut run.optimizer;
    let mut graph = stream
        // SAFETY: buffers that outlive the graph.
        .record(|| unsafe { optimizer.step_raw(stream, elements) })
        .expect("a graph");
    for _ in 0..6 {
        graph.launch().expect("a launch");
    }
    for row in &rows.rates {
        run.model.step(row, None, &grads);
    }
    super::model::same(
        "overrun",
        &run.params.download(stream).expect("parameters"),
        &run.model.params,
    );
    assert!(matches!(
        run.optimizer.states(),
        Err(GpuError::Overrun { step: 4 })
    ));
    let states = vec![hairpin_cuda::TrialState::from_step(0); 3];
    run.optimizer.resume(4, &states).expect("the end");
    assert_eq!(run.optimizer.device_step().expect("no overrun any more"), 4);
}
