//! A model and the same trials on the device, step by step.

use hairpin_cuda::{Buffer, Optimizer, Options, RateTable, Stream};

use super::model::{Model, same, values};
use crate::rng::Rng;

/// Trials on the device beside their model.
pub(crate) struct Run {
    pub(crate) stream: Stream,
    pub(crate) model: Model,
    pub(crate) optimizer: Optimizer,
    pub(crate) params: Buffer<f32>,
    pub(crate) grads: Buffer<f32>,
    pub(crate) velocity: Buffer<f32>,
}

/// Rates and momenta by the step, for both sides.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) rates: Vec<Vec<f32>>,
    pub(crate) momenta: Option<Vec<Vec<f32>>>,
}

impl Rows {
    pub(crate) fn draw(rng: &mut Rng, steps: u32, trials: usize, momenta: bool) -> Self {
        Self {
            rates: (0..steps)
                .map(|_| super::model::rates(rng, trials))
                .collect(),
            momenta: momenta.then(|| {
                (0..steps)
                    .map(|_| super::model::momenta(rng, trials))
                    .collect()
            }),
        }
    }

    pub(crate) fn whole(&self, stream: &Stream, trials: u32) -> RateTable {
        let momenta = self.momenta.as_ref().map(|momenta| momenta.concat());
        RateTable::whole(stream, 0, trials, &self.rates.concat(), momenta.as_deref())
            .expect("a table")
    }

    pub(crate) fn momenta(&self, step: u32) -> Option<&[f32]> {
        self.momenta
            .as_ref()
            .map(|momenta| momenta[step as usize].as_slice())
    }
}

impl Run {
    pub(crate) fn new(stream: &Stream, model: Model, table: RateTable) -> Self {
        let options = Options {
            check_gradients: model.check_gradients,
            end_diverged: model.end_diverged,
        };
        let optimizer = Optimizer::new(stream, &model.layout(), &model.sgds, table, options)
            .expect("an optimizer");
        assert_eq!(optimizer.velocity_len(), model.velocity.len() as u64);
        let buffer = |values: &[f32]| Buffer::from_slice(stream, values).expect("memory");
        Self {
            params: buffer(&model.params),
            grads: buffer(&vec![0.0; model.params.len()]),
            velocity: buffer(&model.velocity),
            optimizer,
            stream: stream.clone(),
            model,
        }
    }

    /// New gradients, for both sides.
    pub(crate) fn gradients(&mut self, rng: &mut Rng, wild: bool) -> Vec<f32> {
        let grads = values(rng, self.model.params.len() as u64, wild);
        self.grads
            .upload(&self.stream, 0, &grads)
            .expect("gradients");
        grads
    }

    pub(crate) fn device_step(&mut self) {
        self.optimizer
            .step(&mut self.params, &self.grads, &mut self.velocity)
            .expect("a step");
    }

    /// A step on both sides, with new gradients.
    pub(crate) fn step(&mut self, rng: &mut Rng, rows: &Rows, wild: bool) {
        let grads = self.gradients(rng, wild);
        let step = self.model.step;
        self.device_step();
        self.model
            .step(&rows.rates[step as usize], rows.momenta(step), &grads);
    }

    /// That both sides agree, in parameters, velocity, states and step.
    #[track_caller]
    pub(crate) fn compare(&self, what: &str) {
        let step = self.optimizer.device_step().expect("the step");
        assert_eq!(step, self.model.step, "{what}: step");
        assert_eq!(step, self.optimizer.next_step(), "{what}: step");
        let states = self.optimizer.states().expect("states");
        for (trial, (found, expected)) in states.iter().zip(&self.model.states).enumerate() {
            let mut found = *found;
            if !self.model.sgds[trial].needs_velocity() {
                // It has no velocity that could begin.
                found.first = expected.first;
            }
            assert_eq!(found, *expected, "{what}: trial {trial}");
        }
        same(
            &format!("{what}: parameters"),
            &self.params.download(&self.stream).expect("parameters"),
            &self.model.params,
        );
        same(
            &format!("{what}: velocity"),
            &self.velocity.download(&self.stream).expect("velocity"),
            &self.model.velocity,
        );
    }
}
