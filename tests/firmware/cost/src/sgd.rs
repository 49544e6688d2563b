//! The update, for 64 parameters at a time.

use chip::Error;
use hairpin_core::{ConfigError, Sgd, SgdConfig, SgdState};

use crate::{Make, Steps, Subject, measure};

const PARAMETERS: usize = 64;

/// A group of parameters with all that its update needs.
pub struct Group {
    sgd: Sgd,
    state: SgdState,
    parameters: [f32; PARAMETERS],
    gradients: [f32; PARAMETERS],
    velocity: [f32; PARAMETERS],
}

/// A group before its first step.
pub fn group(config: SgdConfig) -> Result<Group, ConfigError> {
    Ok(Group {
        sgd: Sgd::new(config)?,
        state: SgdState::default(),
        parameters: [0.0; PARAMETERS],
        gradients: [0.0; PARAMETERS],
        velocity: [0.0; PARAMETERS],
    })
}

/// Numbers between 1/8 and 2 in the steps of the mean, any bits later: subnormals, infinities and NaN too.
fn fill(group: &mut Group, step: u32) {
    let numbers = group.parameters.iter_mut().chain(&mut group.gradients);
    for (index, number) in numbers.enumerate() {
        let bits = (step * 128 + index as u32 + 1).wrapping_mul(0x9e37_79b9);
        *number = f32::from_bits(if step < Steps::OneByOne.of_mean() {
            (bits & 0x81ff_ffff) | 0x3e00_0000
        } else {
            bits
        });
    }
}

fn update(group: &mut Group, _: u32) -> f32 {
    let velocity = if group.sgd.needs_velocity() {
        &mut group.velocity[..]
    } else {
        &mut []
    };
    let done = group.sgd.step(
        &mut group.state,
        0.1,
        &mut group.parameters,
        &group.gradients,
        velocity,
    );
    // Not looked at again; as a number, so that the step is not left out.
    f32::from(u8::from(done.is_ok()))
}

/// Measures the update.
pub fn sgd(make: Make<Group>) -> Result<(), Error> {
    measure(&Subject {
        make,
        before: fill,
        call: update,
        steps: Steps::OneByOne,
        each: PARAMETERS as u32,
        config: size_of::<Sgd>(),
        state: size_of::<SgdState>(),
    })
}

/// Makes a program that measures the update with these hyperparameters.
#[macro_export]
macro_rules! sgd {
    ($config:expr) => {
        $crate::program!($crate::sgd(|| $crate::group($config)));
    };
}
