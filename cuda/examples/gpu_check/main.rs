//! Whether a GPU computes the same bits, and how fast: it needs nothing but the driver.
//!
//! ```text
//! cargo build --release --example gpu_check      # here
//! target/release/examples/gpu_check              # there, in less than two minutes
//! gpu_check bits | speed | part of a check's name
//! ```
//!
//! Its table goes to stdout, progress to stderr. It ends with 1 where any bit differs.
#![allow(unreachable_pub)] // Shared with suites of other crates.

#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../../../tests/checkpoint/draws.rs"]
mod draws;
#[path = "../../../tests/support/rng.rs"]
mod rng;
mod speed;
#[path = "../../../tests/gpu/suite/mod.rs"]
mod suite;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use hairpin_cuda::{Gpu, GpuError};

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let gpu = match Gpu::open() {
        Ok(gpu) => gpu,
        Err(error) => {
            eprintln!("gpu_check: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "{}, compute capability {}.{}, {} multiprocessors, {:.1} GiB; driver for CUDA {}.{}",
        gpu.name(),
        gpu.capability().0,
        gpu.capability().1,
        gpu.multiprocessors(),
        gpu.total_memory() as f64 / f64::from(1 << 30),
        gpu.cuda_version().0,
        gpu.cuda_version().1
    );
    let differing = if asked == "speed" {
        0
    } else {
        bits(&gpu, &asked)
    };
    if (asked.is_empty() || asked == "speed")
        && let Err(error) = speed::table(&gpu)
    {
        eprintln!("gpu_check: {error}");
        return ExitCode::FAILURE;
    }
    if differing > 0 {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs the checks asked for, and gives how many failed.
fn bits(gpu: &Gpu, asked: &str) -> usize {
    let chosen = |name: &str| asked.is_empty() || asked == "bits" || name.contains(asked);
    let checks = suite::CHECKS.iter().filter(|(name, _)| chosen(name));
    let mut count = (0, 0);
    for (name, check) in checks {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<(), GpuError> {
            check(&gpu.stream()?);
            Ok(())
        }));
        count.0 += 1;
        let passed = matches!(outcome, Ok(Ok(())));
        count.1 += usize::from(!passed);
        let told = if passed { "same" } else { "FAILED" };
        eprintln!("{told:>6}  {name} ({:.1} s)", start.elapsed().as_secs_f64());
        if let Ok(Err(error)) = outcome {
            eprintln!("        {error}");
        }
    }
    println!("bits: {} of {} checks passed", count.0 - count.1, count.0);
    count.1
}
