//! Everything about the GPU, with one and without.
//!
//! Without one the whole host layer runs over a [stand-in](standin) for the driver, in a process of its own for each check and each order
//! in which a device might do its work. With one the same checks run there, too. `REQUIRE_GPU=1` makes the absence of a GPU a failure.

mod c_interface;
#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../checkpoint/draws.rs"]
mod draws;
#[path = "../support/rng.rs"]
mod rng;
mod standing_in;
mod suite;
mod training;

use hairpin_cuda::{Gpu, GpuError};
use libtest_mimic::{Arguments, Trial};

/// What has to hold on any device, what is built upon it, and the C interface.
fn checks() -> impl Iterator<Item = (&'static str, suite::Check)> {
    let above: [(&str, suite::Check); 2] = [
        ("sweeps: the CPU's files", training::check),
        ("c interface", c_interface::check),
    ];
    suite::CHECKS.iter().copied().chain(above)
}

fn main() {
    if standing_in::is_child() {
        return;
    }
    let gpu = Gpu::open();
    if let Err(missing) = &gpu {
        eprintln!(
            "\ngpu: what needs a GPU is skipped, and runs over the stand-in alone: {missing}"
        );
        if std::env::var_os("REQUIRE_GPU").is_some_and(|value| value == "1") {
            eprintln!("gpu: REQUIRE_GPU is set, so that this is a failure");
            std::process::exit(1);
        }
    }
    let on_the_gpu = checks().map(|(name, check)| {
        let gpu = gpu.as_ref().ok().cloned();
        let is_missing = gpu.is_none();
        Trial::test(format!("on the gpu, {name}"), move || {
            let gpu = gpu.ok_or("there is no GPU")?;
            check(&gpu.stream()?);
            Ok(())
        })
        .with_ignored_flag(is_missing)
    });
    let mut trials = standing_in::trials(matches!(gpu, Err(GpuError::NoDriver)));
    trials.extend(on_the_gpu);
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
