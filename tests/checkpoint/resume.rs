//! A run that stopped and went on is the run that did not stop.

use hairpin_core::{
    CosineAnnealing, Feedback, LinearWarmup, PlateauState, Position, Schedule, Sgd, SgdState,
};

use crate::draws::{plateau, sgd};
use crate::rng::Rng;

/// A small model: the gradient of a quadratic, so that every error would stay and grow.
fn gradient(params: &[f32], step: u32) -> Vec<f32> {
    let target = |i: usize| (i as f32 + step as f32 * 0.1).sin();
    params
        .iter()
        .enumerate()
        .map(|(i, p)| (p - target(i)) * (1.0 + i as f32))
        .collect()
}

const PARAMS: usize = 5;
const STEPS: u32 = 40;

/// A run that can stop at any step, and what it needs to go on.
struct Run {
    params: [f32; PARAMS],
    velocity: [f32; PARAMS],
    position: Position,
    update: Sgd,
    state: SgdState,
}

impl Run {
    fn new(update: Sgd) -> Self {
        let params = [1.0, -2.0, 0.5, 3.0, -0.25];
        Self {
            params,
            velocity: [0.0; PARAMS],
            position: Position::default(),
            update,
            state: SgdState::default(),
        }
    }

    fn step(&mut self, lr: f32) {
        let grads = gradient(&self.params, self.position.step);
        let velocity = if self.update.needs_velocity() {
            &mut self.velocity[..]
        } else {
            &mut []
        };
        self.update
            .step(&mut self.state, lr, &mut self.params, &grads, velocity)
            .unwrap();
        self.position.step += 1;
    }

    /// The same run after everything but the floats went through bytes.
    fn resumed(&self) -> Self {
        Self {
            params: self.params,
            velocity: self.velocity,
            position: Position::from_bytes(&self.position.to_bytes()).unwrap(),
            update: Sgd::from_bytes(&self.update.to_bytes()).unwrap(),
            state: SgdState::from_bytes(&self.state.to_bytes()).unwrap(),
        }
    }

    fn bits(&self) -> [[u32; PARAMS]; 2] {
        [
            self.params.map(f32::to_bits),
            self.velocity.map(f32::to_bits),
        ]
    }
}

#[test]
fn a_resumed_run_is_the_run_bit_for_bit() {
    let mut rng = Rng::from_env("resume");
    let schedule =
        LinearWarmup::new(7, 0.0, 0.1, CosineAnnealing::new(0.1, 0.001, 20).unwrap()).unwrap();
    for _ in 0..20 {
        let update = sgd(&mut rng);
        for stop in 0..STEPS {
            let (mut whole, mut halved) = (Run::new(update), Run::new(update));
            for step in 0..STEPS {
                whole.step(schedule.lr(step));
                if step == stop {
                    halved = halved.resumed();
                }
                halved.step(schedule.lr(halved.position.step));
                assert_eq!(
                    whole.bits(),
                    halved.bits(),
                    "stopped before {stop}, at {step}: {update:?}"
                );
            }
        }
    }
}

#[test]
fn a_resumed_feedback_run_is_the_run_bit_for_bit() {
    let mut rng = Rng::from_env("resume with feedback");
    for _ in 0..20 {
        let update = sgd(&mut rng);
        let (after, _) = plateau(&mut rng);
        let schedule = LinearWarmup::new(5, 0.0, 0.1, after).unwrap();
        let losses: Vec<f64> = (0..STEPS)
            .map(|_| rng.pick(&[1.0, 0.5, 0.9, f64::NAN, 2.0]))
            .collect();
        for stop in 0..STEPS {
            let (mut whole, mut halved) = (Run::new(update), Run::new(update));
            let (mut ours, mut theirs) = (schedule.start(), schedule.start());
            for (step, &loss) in (0..).zip(&losses) {
                if step == stop {
                    halved = halved.resumed();
                    theirs = PlateauState::from_bytes(&theirs.to_bytes()).unwrap();
                }
                whole.step(schedule.lr(&ours, step));
                halved.step(schedule.lr(&theirs, halved.position.step));
                let observed = schedule.observe(&mut ours, step, loss);
                assert_eq!(schedule.observe(&mut theirs, step, loss), observed);
                assert_eq!(
                    whole.bits(),
                    halved.bits(),
                    "stopped before {stop}, at {step}: {schedule:?}"
                );
            }
        }
    }
}
