//! What the GPU has to compute, by the core's own update over slices.

use hairpin_core::{Rounding, Sgd, SgdConfig, SgdState};
use hairpin_cuda::{Group, Layout, TrialState};

use crate::rng::Rng;

/// Trials with their elements, on the host.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) groups: Vec<Vec<Group>>,
    uniform: bool,
    pub(crate) sgds: Vec<Sgd>,
    pub(crate) params: Vec<f32>,
    pub(crate) velocity: Vec<f32>,
    pub(crate) states: Vec<TrialState>,
    pub(crate) step: u32,
    pub(crate) check_gradients: bool,
    pub(crate) end_diverged: bool,
}

/// A float of any kind a parameter or gradient can be, specials included where `wild`.
pub(crate) fn value(rng: &mut Rng, wild: bool) -> f32 {
    let sign = rng.sign() as f32;
    match rng.up_to(if wild { 40 } else { 30 }) {
        0 => 0.0 * sign,
        1..4 => sign * f32::from_bits(rng.up_to(0x007f_ffff)),
        4..7 => sign * rng.log_uniform(1e-38, 1e-30) as f32,
        31 => f32::NAN,
        32 => sign * f32::INFINITY,
        33 => sign * f32::MAX,
        _ => rng.uniform(-2.0, 2.0) as f32,
    }
}

pub(crate) fn values(rng: &mut Rng, count: u64, wild: bool) -> Vec<f32> {
    (0..count).map(|_| value(rng, wild)).collect()
}

/// Any update with this rounding.
pub(crate) fn sgd(rng: &mut Rng, rounding: Rounding, momentum: bool) -> Sgd {
    let nesterov = momentum && rng.one_in(3);
    Sgd::new(SgdConfig {
        momentum: if momentum {
            rng.pick(&[0.9, 0.5, 1.0, 1e-50])
        } else {
            0.0
        },
        dampening: if nesterov {
            0.0
        } else {
            rng.pick(&[0.0, 0.1, 1.0, -0.5])
        },
        nesterov,
        weight_decay: rng.pick(&[0.0, 1e-2, 1e-4, -1e-3]),
        gradient_scale: rng.pick(&[1.0, 0.5, 1.0 / 3.0, 128.0]),
        rounding,
    })
    .expect("an update")
}

/// Rates of a row: some 0, some negative.
pub(crate) fn rates(rng: &mut Rng, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| match rng.up_to(9) {
            0 => 0.0,
            1 => -rng.log_uniform(1e-4, 1.0) as f32,
            _ => rng.log_uniform(1e-6, 1.0) as f32,
        })
        .collect()
}

/// Momenta of a row: 0 and the trial's own among them.
pub(crate) fn momenta(rng: &mut Rng, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| match rng.up_to(4) {
            0 => 0.0,
            1 => f32::NAN,
            _ => rng.uniform(0.01, 0.99) as f32,
        })
        .collect()
}

/// Groups that make up `size`.
pub(crate) fn grouped(rng: &mut Rng, size: u64) -> Vec<Group> {
    let first = rng.u64() % (size + 1);
    [first, size - first]
        .map(|length| Group {
            length,
            lr_multiplier: rng.pick(&[1.0, 0.1, -2.0, 0.0]),
            weight_decay: rng.pick(&[None, Some(0.0), Some(0.03)]),
        })
        .to_vec()
}

impl Model {
    pub(crate) fn new(
        rng: &mut Rng,
        groups: Vec<Vec<Group>>,
        uniform: bool,
        sgds: Vec<Sgd>,
        wild: bool,
    ) -> Self {
        let elements = groups.iter().flatten().map(|group| group.length).sum();
        let has_momentum = sgds.iter().any(Sgd::needs_velocity);
        Self {
            states: vec![TrialState::from_step(0); sgds.len()],
            params: values(rng, elements, wild),
            // What lies there before the first step must not matter.
            velocity: if has_momentum {
                vec![f32::NAN; elements as usize]
            } else {
                Vec::new()
            },
            groups,
            uniform,
            sgds,
            step: 0,
            check_gradients: false,
            end_diverged: false,
        }
    }

    pub(crate) fn uniform(
        rng: &mut Rng,
        trials: u32,
        size: u64,
        rounding: Rounding,
        momentum: bool,
    ) -> Self {
        let groups = vec![vec![Group::plain(size)]; trials as usize];
        let sgds = (0..trials).map(|_| sgd(rng, rounding, momentum)).collect();
        Self::new(rng, groups, true, sgds, false)
    }

    pub(crate) fn layout(&self) -> Layout {
        let layout = match self.groups.first() {
            Some(groups) if self.uniform => {
                Layout::uniform_groups(self.groups.len() as u32, groups)
            }
            _ => Layout::ragged_groups(self.groups.iter().map(Vec::as_slice)),
        };
        layout.expect("a layout")
    }

    /// A step of every trial.
    pub(crate) fn step(&mut self, rates: &[f32], momenta: Option<&[f32]>, grads: &[f32]) {
        let mut start = 0;
        for trial in 0..self.sgds.len() {
            let size = self.groups[trial]
                .iter()
                .map(|group| group.length as usize)
                .sum::<usize>();
            let all = start..start + size;
            start += size;
            if self.step >= self.states[trial].ends {
                continue;
            }
            let bad = self.check_gradients && grads[all.clone()].iter().any(|g| !g.is_finite());
            let state = &mut self.states[trial];
            let begins = self.sgds[trial].needs_velocity() && state.first == self.step;
            if bad || rates[trial].is_nan() {
                // A trial without elements has nobody who counts.
                if size > 0 {
                    state.skipped += 1;
                    state.first += u32::from(state.first == self.step);
                }
                continue;
            }
            let given = momenta.map_or(f32::NAN, |momenta| momenta[trial]);
            let own = &self.sgds[trial];
            let rests = own.needs_velocity() && given == 0.0;
            let sgd = if rests {
                let config = SgdConfig {
                    momentum: 0.0,
                    nesterov: false,
                    ..*own.config()
                };
                state.first += u32::from(begins && size > 0);
                Sgd::new(config).expect("as it was")
            } else if own.needs_velocity() && given.is_finite() {
                own.at_momentum(given).expect("a momentum")
            } else {
                *own
            };
            let mut at = all.start;
            for group in &self.groups[trial] {
                let range = at..at + group.length as usize;
                at = range.end;
                let decay = group.weight_decay.unwrap_or(own.config().weight_decay);
                let sgd = sgd.group(group.lr_multiplier, decay).expect("a group");
                let velocity = if sgd.needs_velocity() {
                    &mut self.velocity[range.clone()]
                } else {
                    &mut []
                };
                sgd.step(
                    &mut SgdState::new(!begins),
                    rates[trial],
                    &mut self.params[range.clone()],
                    &grads[range],
                    velocity,
                )
                .expect("a step");
            }
            if self.end_diverged && self.params[all].iter().any(|p| !p.is_finite()) {
                self.states[trial].ends = self.step + 1;
            }
        }
        self.step += 1;
    }
}

/// That two arrays have the same bits, but for what a NaN carries.
#[track_caller]
pub(crate) fn same(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    let differs = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
    let differing = found
        .iter()
        .zip(expected)
        .filter(|&pair| differs(pair))
        .count();
    if let Some(at) = found.iter().zip(expected).position(differs) {
        panic!(
            "{what}: {differing} of {} differ, the first at {at}: {:e} ({:08x}) on the device, {:e} ({:08x}) by the core",
            found.len(),
            found[at],
            found[at].to_bits(),
            expected[at],
            expected[at].to_bits()
        );
    }
}
