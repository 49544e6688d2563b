//! Puts the linker scripts where the linker looks for them.

use std::{env, fs, path::PathBuf};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let target = env::var("TARGET").expect("cargo sets it");
    let script = if target.starts_with("riscv32") {
        include_str!("memory/virt.x")
    } else if target.starts_with("thumbv6m") {
        include_str!("memory/microbit.x")
    } else {
        include_str!("memory/mps2.x")
    };
    fs::write(out.join("memory.x"), script).expect("the build directory can be written");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=memory");
}
