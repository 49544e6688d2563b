//! The C interface, called as a program in C calls it.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int};
use std::ptr;

use hairpin_core::Rounding;
use hairpin_cuda::{Buffer, Gpu, Optimizer, Stream};
use hairpin_cuda_capi as c;

use crate::rng::Rng;
use crate::suite::model::{Model, same, values};
use crate::suite::run::Rows;

const NOTHING: c::hairpin_cuda_plan = c::hairpin_cuda_plan {
    trials: 0,
    first: 0,
    steps: 0,
    rows: 0,
    rates: ptr::null(),
    momenta: ptr::null(),
    size: 0,
    sizes: ptr::null(),
    group_lengths: ptr::null(),
    group_multipliers: ptr::null(),
    group_weight_decays: ptr::null(),
    groups: 0,
    options: 0,
    momentum: ptr::null(),
    dampening: ptr::null(),
    weight_decay: ptr::null(),
    gradient_scale: ptr::null(),
    nesterov: ptr::null(),
    fused: 0,
};

fn words() -> String {
    // SAFETY: text of this thread that no call was made since.
    unsafe { CStr::from_ptr(c::hairpin_cuda_last_error()) }
        .to_string_lossy()
        .into_owned()
}

#[track_caller]
fn done(status: c_int) {
    assert_eq!(status, c::HAIRPIN_CUDA_OK, "{}", words());
}

#[track_caller]
fn refused(status: c_int, told: &str) {
    assert_eq!(status, c::HAIRPIN_CUDA_REFUSED);
    assert!(words().contains(told), "{}", words());
}

/// Steps over pointers, states, a stop, more rows, and what is refused.
pub(crate) fn check(stream: &Stream) {
    let mut rng = Rng::from_env("c interface");
    let mut model = Model::uniform(&mut rng, 3, 500, Rounding::Fused, true);
    let rows = Rows::draw(&mut rng, 8, 3, true);
    let of = |number: fn(&hairpin_core::SgdConfig) -> f64| -> Vec<f64> {
        model.sgds.iter().map(|sgd| number(sgd.config())).collect()
    };
    let (momentum, dampening) = (of(|sgd| sgd.momentum), of(|sgd| sgd.dampening));
    let (decay, scale) = (of(|sgd| sgd.weight_decay), of(|sgd| sgd.gradient_scale));
    let nesterov: Vec<u8> = model
        .sgds
        .iter()
        .map(|sgd| sgd.config().nesterov.into())
        .collect();
    let rates = rows.rates.concat();
    let momenta = rows.momenta.clone().unwrap_or_default().concat();
    let plan = c::hairpin_cuda_plan {
        trials: 3,
        steps: 5,
        rows: 8,
        rates: rates.as_ptr(),
        momenta: momenta.as_ptr(),
        size: 500,
        momentum: momentum.as_ptr(),
        dampening: dampening.as_ptr(),
        weight_decay: decay.as_ptr(),
        gradient_scale: scale.as_ptr(),
        nesterov: nesterov.as_ptr(),
        fused: 1,
        ..NOTHING
    };
    let mut gpu: *mut Gpu = ptr::null_mut();
    let mut optimizer: *mut Optimizer = ptr::null_mut();
    let params = Buffer::from_slice(stream, &model.params).expect("memory");
    let velocity = Buffer::from_slice(stream, &model.velocity).expect("memory");
    let mut grads = Buffer::<f32>::zeros(stream, 1500).expect("memory");
    let (mut launched, mut device) = (0, 0);
    let (mut ends, mut first, mut skipped) = ([0_u32; 3], [0_u32; 3], [0_u32; 3]);
    // SAFETY: arrays as long as the plan says, objects of the library, and buffers that outlive it.
    unsafe {
        done(c::hairpin_cuda_open(0, &mut gpu));
        refused(
            c::hairpin_cuda_open(99, &mut ptr::null_mut()),
            "no GPU number 99",
        );
        done(c::hairpin_cuda_optimizer_new(gpu, &plan, &mut optimizer));
        c::hairpin_cuda_close(gpu);
        let step = |optimizer, len| {
            c::hairpin_cuda_step(
                optimizer,
                0,
                params.address(),
                grads.address(),
                velocity.address(),
                len,
            )
        };
        refused(step(ptr::null_mut(), 1500), "optimizer is null");
        refused(
            step(optimizer, 1499),
            "params has 1499 elements: must have 1500",
        );
        for at in 0..8 {
            let new = values(&mut rng, 1500, false);
            stream.gpu().synchronize().expect("done");
            grads.upload(stream, 0, &new).expect("gradients");
            if at == 5 {
                let step = |optimizer| {
                    c::hairpin_cuda_step(
                        optimizer,
                        0,
                        params.address(),
                        grads.address(),
                        velocity.address(),
                        1500,
                    )
                };
                refused(step(optimizer), "none for step 5");
                done(c::hairpin_cuda_extend(
                    optimizer,
                    3,
                    rates[15..].as_ptr(),
                    momenta[15..].as_ptr(),
                ));
                done(c::hairpin_cuda_stop(optimizer, 1));
                model.states[1].ends = 0;
            }
            done(c::hairpin_cuda_step(
                optimizer,
                0,
                params.address(),
                grads.address(),
                velocity.address(),
                1500,
            ));
            model.step(&rows.rates[at], rows.momenta(at as u32), &new);
        }
        done(c::hairpin_cuda_get_step(
            optimizer,
            &mut launched,
            &mut device,
        ));
        done(c::hairpin_cuda_get_states(
            optimizer,
            ends.as_mut_ptr(),
            first.as_mut_ptr(),
            skipped.as_mut_ptr(),
        ));
        assert_eq!((launched, device), (8, 8));
        for (at, state) in model.states.iter().enumerate() {
            assert_eq!(
                (ends[at], first[at], skipped[at]),
                (state.ends, state.first, state.skipped)
            );
        }
        done(c::hairpin_cuda_set_step(
            optimizer,
            2,
            ends.as_ptr(),
            first.as_ptr(),
            skipped.as_ptr(),
        ));
        done(c::hairpin_cuda_set_step(
            optimizer,
            3,
            ptr::null(),
            ptr::null(),
            ptr::null(),
        ));
        done(c::hairpin_cuda_prepare(optimizer, 0, 0));
        done(c::hairpin_cuda_get_step(
            optimizer,
            &mut launched,
            &mut device,
        ));
        assert_eq!((launched, device), (3, 3));
        refused(
            c::hairpin_cuda_set_step(optimizer, 9, ptr::null(), ptr::null(), ptr::null()),
            "none for step 9",
        );
        c::hairpin_cuda_optimizer_free(optimizer);
        c::hairpin_cuda_optimizer_free(ptr::null_mut());
        let wrong = c::hairpin_cuda_plan {
            dampening: ptr::null(),
            fused: 0,
            size: u64::MAX,
            ..plan
        };
        done(c::hairpin_cuda_open(0, &mut gpu));
        refused(
            c::hairpin_cuda_optimizer_new(gpu, &wrong, &mut optimizer),
            "tiles: at most",
        );
        c::hairpin_cuda_close(gpu);
    }
    same(
        "parameters",
        &params.download(stream).expect("parameters"),
        &model.params,
    );
    same(
        "velocity",
        &velocity.download(stream).expect("velocity"),
        &model.velocity,
    );
}
