//! What a GPU runs for hairpin: thin shells around the core's own update and rates, and around the arithmetic of its training.
//!
//! What a thread does is a plain function of where it stands, so that it also runs on a host, where it is tried; the shells that a driver starts
//! are there for `nvptx64` alone. `cuda/kernels/build` compiles them to the PTX in `cuda/ptx`.
//!
//! Everything here is `unsafe` to call: arguments are addresses, as a launch hands them over. `hairpin-cuda` is what proves them.
#![no_std]
#![cfg_attr(
    target_arch = "nvptx64",
    feature(abi_ptx, stdarch_nvptx, core_intrinsics, asm_experimental_arch)
)]
#![cfg_attr(target_arch = "nvptx64", allow(internal_features))]
#![allow(unsafe_code)]

#[cfg(target_arch = "nvptx64")]
mod entry;
pub mod place;
pub mod rates;
pub mod train;
pub mod update;
