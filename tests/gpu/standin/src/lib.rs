//! A stand-in for libcuda, so that everything on the host's side runs where there is no GPU.
//!
//! It keeps what is asked of a stream until somebody waits for it, and then does it in one of the orders that a device
//! might choose; kernels are the bodies of `hairpin-kernels`, thread after thread. Switches in the environment make it fail:
//! `STANDIN_FAIL` names how, `STANDIN_MEMORY` is the device's memory in bytes, `STANDIN_ORDER` the order.
#![allow(unsafe_code)]

mod entries;
mod kernels;
mod team;
mod world;
