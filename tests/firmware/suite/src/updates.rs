//! The update.

use hairpin_core::{ConfigError, Rounding, Sgd, SgdConfig, SgdState};

use crate::wire::Wire;
use crate::{Broken, Channel, Field, PARAMETERS, update};

/// What the request says: flags; `f64` each of momentum, dampening, weight decay, scale of the gradient, multiplier and weight decay of the
/// group.
fn made<C: Channel>(wire: &mut Wire<'_, C>, flags: u8) -> Result<Result<Sgd, ConfigError>, Broken> {
    let config = SgdConfig {
        momentum: wire.f64()?,
        dampening: wire.f64()?,
        nesterov: flags & update::NESTEROV != 0,
        weight_decay: wire.f64()?,
        gradient_scale: wire.f64()?,
        rounding: if flags & update::FUSED != 0 {
            Rounding::Fused
        } else {
            Rounding::Separate
        },
    };
    let (multiplier, decay) = (wire.f64()?, wire.f64()?);
    let sgd = Sgd::new(config);
    Ok(if flags & update::GROUP != 0 {
        sgd.and_then(|sgd| sgd.group(multiplier, decay))
    } else {
        sgd
    })
}

/// How the update is made; `u8` each: parameters, gradients, velocities; the parameters and velocities, `f32` each;
/// `u8` updates, each a `u8` of flags, the rate and the momentum of the step, `f32` each, and the gradients.
///
/// Answered by the update as it is saved, and read back before it is used; after each update by how it went and the parameters; at the end by
/// the velocities and the state.
#[inline(never)]
pub(crate) fn updates<C: Channel>(wire: &mut Wire<'_, C>) -> Result<(), Broken> {
    let flags = wire.u8()?;
    let made = made(wire, flags)?;
    let mut sgd = wire.outcome(made)?;
    if let Some(made) = &mut sgd {
        let bytes = made.to_bytes();
        wire.write_record(&bytes)?;
        if let Some(read) = wire.outcome(Sgd::from_bytes(&bytes))? {
            *made = read;
        }
    }
    let mut state = SgdState::new(flags & update::STARTED != 0);
    let [mut params, mut grads, mut velocity] = [[0.0; PARAMETERS]; 3];
    let counts = [wire.u8()?, wire.u8()?, wire.u8()?].map(usize::from);
    let params = params.get_mut(..counts[0]).ok_or(Broken)?;
    let grads = grads.get_mut(..counts[1]).ok_or(Broken)?;
    let velocity = velocity.get_mut(..counts[2]).ok_or(Broken)?;
    wire.floats(params)?;
    wire.floats(velocity)?;
    let count = wire.u8()?;
    for number in 0..count {
        let (flags, lr, momentum) = (wire.u8()?, wire.f32()?, wire.f32()?);
        wire.floats(grads)?;
        let Some(sgd) = &sgd else { continue };
        let at_momentum = if flags & update::AT_MOMENTUM != 0 {
            sgd.at_momentum(momentum)
        } else {
            Ok(*sgd)
        };
        if let Some(sgd) = wire.outcome(at_momentum)? {
            wire.outcome(sgd.step(&mut state, lr, params, grads, velocity))?;
        }
        for &parameter in &*params {
            wire.write_f32(Field::Parameter(number.into()), parameter)?;
        }
    }
    for &velocity in &*velocity {
        wire.write_f32(Field::Velocity, velocity)?;
    }
    wire.write_record(&state.to_bytes())
}
