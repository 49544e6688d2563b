//! The update.

use hairpin_core::{Rounding, Sgd, SgdConfig, SgdState};

use crate::kinds::flag;
use crate::memory::{self, apart, make, status};
use crate::objects::{hairpin_sgd, hairpin_sgd_state};
use crate::status::hairpin_status::{HAIRPIN_EMPTY, HAIRPIN_VELOCITY};
use crate::status::{hairpin_refusal, hairpin_status, none_of};
use crate::words::*;

/// How many bytes a saved hairpin_sgd takes.
pub const HAIRPIN_SGD_BYTES: usize = 52;

/// How many bytes a saved hairpin_sgd_state takes.
pub const HAIRPIN_SGD_STATE_BYTES: usize = 11;

const _: () = assert!(
    HAIRPIN_SGD_BYTES == Sgd::BYTES && HAIRPIN_SGD_STATE_BYTES == SgdState::BYTES,
    "the header tells how long the records are"
);

/// The hyperparameters of the update. Begin with hairpin_sgd_defaults() and change what is to be different.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hairpin_sgd_config {
    /// Share of the velocity kept from step to step, at least 0; 0 means that there is no velocity.
    pub momentum: f64,
    /// Share of the gradient kept out of the velocity after the first step.
    pub dampening: f64,
    /// L2 penalty: `weight_decay * p` is added to the gradient.
    pub weight_decay: f64,
    /// Factor on the gradient before anything else.
    pub gradient_scale: f64,
    /// How products and sums are rounded.
    pub rounding: hairpin_rounding,
    /// 1 to look ahead along the velocity, else 0. Needs momentum above 0 and dampening 0.
    pub nesterov: u8,
}

/// Plain gradient descent: no momentum, no weight decay, a gradient scale of 1, every product and every sum rounded.
#[unsafe(no_mangle)]
pub extern "C" fn hairpin_sgd_defaults() -> hairpin_sgd_config {
    let usual = SgdConfig::default();
    hairpin_sgd_config {
        momentum: usual.momentum,
        dampening: usual.dampening,
        weight_decay: usual.weight_decay,
        gradient_scale: usual.gradient_scale,
        rounding: HAIRPIN_ROUNDING_SEPARATE,
        nesterov: u8::from(usual.nesterov),
    }
}

/// Makes an update from its hyperparameters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_init(
    out: *mut hairpin_sgd,
    config: *const hairpin_sgd_config,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        let config = memory::read(config)?;
        let rounding = match config.rounding {
            HAIRPIN_ROUNDING_SEPARATE => Rounding::Separate,
            HAIRPIN_ROUNDING_FUSED => Rounding::Fused,
            other => return Err(none_of("rounding", other, "one of its constants")),
        };
        let config = SgdConfig {
            momentum: config.momentum,
            dampening: config.dampening,
            nesterov: flag("nesterov", config.nesterov)?,
            weight_decay: config.weight_decay,
            gradient_scale: config.gradient_scale,
            rounding,
        };
        Ok(Sgd::new(config))
    })
}

/// Makes the update of a group of parameters with a weight decay of its own, at `lr_multiplier` times the schedule's rate. `out` may be `sgd`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_group(
    out: *mut hairpin_sgd,
    sgd: *const hairpin_sgd,
    lr_multiplier: f64,
    weight_decay: f64,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        Ok(memory::held(sgd)?.group(lr_multiplier, weight_decay))
    })
}

/// Makes the update with the momentum of a step, where a schedule gives one beside the rate. `out` may be `sgd`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_at_momentum(
    out: *mut hairpin_sgd,
    sgd: *const hairpin_sgd,
    momentum: f32,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || Ok(memory::held(sgd)?.at_momentum(momentum)))
}

/// Makes the state of an update whose first step is still to come.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_start(state: *mut hairpin_sgd_state) -> hairpin_status {
    make(state, core::ptr::null_mut(), || {
        Ok(Ok::<_, hairpin_refusal>(SgdState::default()))
    })
}

/// Whether an update has a velocity, because it has a momentum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_has_velocity(
    sgd: *const hairpin_sgd,
    has_velocity: *mut bool,
) -> hairpin_status {
    status(|| {
        let sgd = memory::held(sgd)?;
        memory::usable(has_velocity)?;
        memory::write(has_velocity, sgd.needs_velocity());
        Ok(())
    })
}

/// Applies one update at the rate `lr` to `count` parameters.
///
/// `grads` and, with momentum, `velocity` have as many elements; without momentum `velocity` is NULL. What the velocity holds before the
/// first step does not matter. The three areas must not overlap, nor lie in `sgd` or `state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_step(
    sgd: *const hairpin_sgd,
    state: *mut hairpin_sgd_state,
    lr: f32,
    params: *mut f32,
    grads: *const f32,
    velocity: *mut f32,
    count: usize,
) -> hairpin_status {
    status(|| {
        let update = *memory::held(sgd)?;
        let mut next = *memory::held(state.cast_const())?;
        if count == 0 {
            return Err(HAIRPIN_EMPTY.into());
        }
        memory::usable(params)?;
        memory::usable(grads)?;
        if velocity.is_null() == update.needs_velocity() {
            return Err(HAIRPIN_VELOCITY.into());
        }
        let velocities = if velocity.is_null() { 0 } else { count };
        let areas = [
            (params.cast_const(), count),
            (grads, count),
            (velocity.cast_const(), velocities),
        ];
        let [params_area, grads_area, velocity_area] = areas;
        apart(params_area, grads_area)?;
        apart(params_area, velocity_area)?;
        apart(grads_area, velocity_area)?;
        for area in areas {
            apart((sgd, 1), area)?;
            apart((state.cast_const(), 1), area)?;
        }
        apart((sgd, 1), (state.cast_const(), 1))?;
        let (p, g) = (
            memory::list_mut(params, count)?,
            memory::list(grads, count)?,
        );
        let v = memory::list_mut(velocity, velocities)?;
        update.step(&mut next, lr, p, g, v)?;
        memory::put(state, next);
        Ok(())
    })
}

/// Writes an update to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_SGD_BYTES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_save(
    sgd: *const hairpin_sgd,
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> hairpin_status {
    memory::save(sgd, bytes, capacity, written, Sgd::to_bytes)
}

/// Makes the update that was saved as these bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_load(
    out: *mut hairpin_sgd,
    bytes: *const u8,
    length: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        memory::usable(bytes)?;
        Ok(Sgd::from_bytes(memory::list(bytes, length)?))
    })
}

/// Writes a state to the front of `bytes`, of which there are `capacity`, at least HAIRPIN_SGD_STATE_BYTES.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_state_save(
    state: *const hairpin_sgd_state,
    bytes: *mut u8,
    capacity: usize,
    written: *mut usize,
) -> hairpin_status {
    memory::save(state, bytes, capacity, written, SgdState::to_bytes)
}

/// Makes the state that was saved as these bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hairpin_sgd_state_load(
    out: *mut hairpin_sgd_state,
    bytes: *const u8,
    length: usize,
    why: *mut hairpin_refusal,
) -> hairpin_status {
    make(out, why, || {
        memory::usable(bytes)?;
        Ok(SgdState::from_bytes(memory::list(bytes, length)?))
    })
}
