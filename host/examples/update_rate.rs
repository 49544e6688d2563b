//! Prints how fast stacked trials are updated, as a share of what a copy of the same bytes by the same threads reaches.
//!
//! ```sh
//! cargo run --release -p hairpin-host --example update_rate                # on all threads
//! cargo run --release -p hairpin-host --example update_rate -- 1           # on one
//! cargo run --release -p hairpin-host --example update_rate -- 2 "4096 x"  # on two, shapes whose names contain "4096 x"
//! ```
//!
//! An update without momentum reads 8 bytes a parameter and writes 4, one with momentum reads 12 and writes 8; a copy reads as many as it
//! writes.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use hairpin_core::{Rounding, Sgd, SgdConfig, SgdState};
use hairpin_host::update::{Stacked, Updates, step};
use rayon::prelude::*;

const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads = match arguments.next() {
        Some(count) => match count.parse() {
            Ok(threads) if threads > 0 => threads,
            _ => {
                return Err(format!(
                    "threads: {count:?}: must be a whole number above 0, as in `-- 2`"
                )
                .into());
            }
        },
        None => std::thread::available_parallelism()?.get(),
    };
    let filter = arguments.next().unwrap_or_default();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    println!("{threads} threads; % of a copy of the same bytes\n");
    println!(
        "| trials x parameters | rounding | plain | momentum | copy GB/s | plain ns a parameter | momentum ns a parameter |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|");
    for (trials, size) in [(1, 1 << 25), (4096, 650), (65_536, 32)] {
        let name = format!("{trials} x {size}");
        if !name.contains(&filter) {
            continue;
        }
        for rounding in [Rounding::Separate, Rounding::Fused] {
            let plain = measure(trials, size, rounding, 0.0)?;
            let momentum = measure(trials, size, rounding, 0.9)?;
            println!(
                "| {name} | {rounding:?} | {:.0} | {:.0} | {:.1} | {:.3} | {:.3} |",
                100.0 * plain.of_copy,
                100.0 * momentum.of_copy,
                plain.copy_gbs,
                plain.ns,
                momentum.ns
            );
        }
    }
    Ok(())
}

struct Speed {
    /// The update's share of a copy's speed.
    of_copy: f64,
    copy_gbs: f64,
    /// Of the update, for each parameter.
    ns: f64,
}

fn measure(
    trials: usize,
    size: usize,
    rounding: Rounding,
    momentum: f64,
) -> Result<Speed, Box<dyn Error>> {
    let config = SgdConfig {
        momentum,
        rounding,
        ..SgdConfig::default()
    };
    let sgd = Sgd::new(config)?;
    let updates: Updates = std::iter::repeat_n(sgd, trials).collect();
    let mut states = vec![SgdState::default(); trials];
    let rates = vec![1e-6; trials];
    let count = trials * size;
    let mut params = vec![1.0_f32; count];
    let grads: Vec<f32> = (0..count).map(|i| (i % 7) as f32 - 3.0).collect();
    let mut velocity = vec![0.0_f32; if momentum == 0.0 { 0 } else { count }];
    let bytes = if momentum == 0.0 { 12 } else { 20 } * count;
    // As many floats are read and written by the copy as bytes are moved by the update.
    let from = vec![1.0_f32; bytes / 8];
    let mut to = vec![0.0_f32; bytes / 8];
    let share = from.len().div_ceil(rayon::current_num_threads());
    let (mut copies, mut steps) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        copies.push(time(|| {
            to.par_chunks_mut(share)
                .zip(black_box(&from).par_chunks(share))
                .for_each(|(to, from)| to.copy_from_slice(from));
        }));
        black_box(&mut to);
        steps.push(time(|| {
            let stacked = Stacked {
                params: black_box(&mut params),
                grads: black_box(&grads),
                velocity: &mut velocity,
            };
            step(&updates, &mut states, &rates, stacked).expect("an update");
        }));
    }
    let median = |mut times: Vec<Duration>| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64()
    };
    let (copy, step) = (median(copies), median(steps));
    Ok(Speed {
        of_copy: copy / step,
        copy_gbs: bytes as f64 / copy / 1e9,
        ns: step * 1e9 / count as f64,
    })
}

fn time(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}
