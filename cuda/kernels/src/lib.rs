//! What a GPU runs for hairpin.
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
