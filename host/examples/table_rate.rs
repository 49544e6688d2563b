//! Prints how long tables take to fill, for each kind and layout, as a multiple of a memset of the same bytes by the same threads.
//!
//! ```sh
//! cargo run --release -p hairpin-host --example table_rate             # 4,096 trials x 2,000 steps, on all threads
//! cargo run --release -p hairpin-host --example table_rate -- 1        # on one thread
//! cargo run --release -p hairpin-host --example table_rate -- 2 cosine # on two, kinds whose names contain "cosine"
//! ```
//!
//! No two trials have a parameter in common. A sample of the cells is compared with the core, bit for bit.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use hairpin_core::{
    Anneal, AnySchedule, Change, Combine, Constant, ConstantFactor, CosineAnnealing, CosineCycles,
    CosineDecay, Cyclic, CyclicMode, Exponential, Geometric, Interpolation, InverseSqrt,
    InverseTime, KDecay, Linear, LinearFactor, MultiStep, NaturalExp, Noam, OneCycle, Part, Past,
    PiecewiseConstant, PiecewiseInterpolate, PiecewiseScale, Polynomial, Schedule, Shape, Step,
    Tanh, WarmRestarts, WarmupStableDecay,
};
use hairpin_host::table;
use rayon::prelude::*;

const TRIALS: usize = 4096;
const STEPS: usize = 2000;
const ROUNDS: usize = 11;

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
    println!("{TRIALS} trials x {STEPS} steps, {threads} threads; a multiple of a memset's time\n");
    println!("| schedule | memset ns a cell | [trials, steps] | [steps, trials] | at most |");
    println!("|---|--:|--:|--:|--:|");
    let mut cells = vec![0.0_f32; TRIALS * STEPS];
    for (name, most, make) in kinds() {
        if !name.contains(&filter) {
            continue;
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let trials: Vec<AnySchedule> = (0..TRIALS).map(|_| make(&mut random)).collect();
        let mut rounds = [const { vec![] }; 3];
        for _ in 0..ROUNDS {
            let memset = time(|| set(black_box(&mut cells)));
            let by_trial = time(|| {
                table::fill(&trials, 0, black_box(&mut cells)).expect("a table");
            });
            compare(&trials, |trial, step| cells[trial * STEPS + step])?;
            let by_step = time(|| {
                table::fill_by_step(&trials, 0, black_box(&mut cells)).expect("a table");
            });
            compare(&trials, |trial, step| cells[step * TRIALS + trial])?;
            // Of each round by itself: a machine that others use is not as fast in all of them.
            let figures = [memset, by_trial / memset, by_step / memset];
            for (rounds, figure) in rounds.iter_mut().zip(figures) {
                rounds.push(figure);
            }
        }
        let [memset, by_trial, by_step] = rounds.map(|mut figures| {
            figures.sort_by(f64::total_cmp);
            figures[ROUNDS / 2]
        });
        let memset = memset * 1e9 / (TRIALS * STEPS) as f64;
        println!("| {name} | {memset:.3} | {by_trial:.2} | {by_step:.2} | {most} |");
    }
    Ok(())
}

/// In seconds.
fn time(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

fn set(cells: &mut [f32]) {
    let value = black_box(0.1);
    cells.par_chunks_mut(STEPS).for_each(|row| row.fill(value));
}

/// Compares some steps of some trials with the core.
fn compare(trials: &[AnySchedule], cell: impl Fn(usize, usize) -> f32) -> Result<(), String> {
    for (trial, schedule) in trials.iter().enumerate().step_by(31) {
        for step in (trial % 7..STEPS).step_by(7) {
            let (found, core) = (cell(trial, step), schedule.lr(step as u32));
            if found.to_bits() != core.to_bits() {
                return Err(format!("{found:e}, not {core:e} at {step}: {schedule:?}"));
            }
        }
    }
    Ok(())
}

/// Numbers without a pattern (SplitMix64).
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    fn steps(&mut self, from: u32, to: u32) -> u32 {
        self.between(f64::from(from), f64::from(to)) as u32
    }

    /// From 1e-4 to 1, evenly by its logarithm.
    fn rate(&mut self) -> f64 {
        10_f64.powf(self.between(-4.0, 0.0))
    }

    /// The lower end of a curve from a rate: 0 in one case out of four.
    fn end(&mut self) -> f64 {
        if self.unit() < 0.25 {
            0.0
        } else {
            self.between(0.0, 1e-4)
        }
    }

    /// Around the length of the table.
    fn length(&mut self) -> u32 {
        self.steps(1000, 3000)
    }
}

type Make = fn(&mut Random) -> AnySchedule;

/// Every kind, with what its table may take as a multiple of a memset.
fn kinds() -> Vec<(&'static str, u32, Make)> {
    fn ok<S: Into<AnySchedule>, E: std::fmt::Debug>(made: Result<S, E>) -> AnySchedule {
        made.expect("good parameters").into()
    }
    fn cosine(r: &mut Random) -> AnySchedule {
        ok(CosineAnnealing::new(r.rate(), r.end(), r.length()))
    }
    fn decay(r: &mut Random) -> AnySchedule {
        ok(Exponential::new(r.rate(), r.between(0.97, 0.9999)))
    }
    fn cycle(r: &mut Random) -> Cyclic {
        let (low, high) = (r.end(), r.rate());
        Cyclic::new(low, high, r.steps(50, 400), r.steps(50, 400)).expect("good parameters")
    }
    fn anneal(r: &mut Random, shape: Shape, amount: Option<f64>) -> AnySchedule {
        ok(Anneal::new(r.rate(), r.end(), r.length(), shape, amount))
    }
    vec![
        ("constant", 2, |r| ok(Constant::new(r.rate()))),
        ("constant_factor", 2, |r| {
            ok(ConstantFactor::new(r.rate(), r.unit(), r.length() / 2))
        }),
        ("piecewise_constant", 2, |r| {
            let (first, second) = (r.steps(1, 900), r.steps(900, 1900));
            ok(PiecewiseConstant::new(
                &[first, second],
                &[r.rate(), r.rate(), r.rate()],
            ))
        }),
        ("piecewise_scale", 2, |r| {
            let (first, second) = (r.steps(1, 900), r.steps(900, 1900));
            ok(PiecewiseScale::new(
                r.rate(),
                &[first, second],
                &[r.unit(), r.unit()],
            ))
        }),
        ("step", 2, |r| {
            ok(Step::new(r.rate(), r.steps(10, 600), r.between(0.1, 0.9)))
        }),
        ("multi_step", 2, |r| {
            let (first, second) = (r.steps(1, 900), r.steps(900, 1900));
            ok(MultiStep::new(
                r.rate(),
                &[first, second],
                r.between(0.1, 0.9),
            ))
        }),
        ("linear", 2, |r| {
            ok(Linear::new(r.rate(), r.end(), r.length()))
        }),
        ("linear_factor", 2, |r| {
            ok(LinearFactor::new(r.rate(), r.unit(), r.unit(), r.length()))
        }),
        ("piecewise_interpolate", 2, |r| {
            let (first, second) = (r.steps(50, 900), r.steps(950, 1900));
            ok(PiecewiseInterpolate::new(
                r.rate(),
                &[first, second],
                &[r.between(0.1, 2.0), r.between(0.1, 2.0)],
                Interpolation::Linear,
            ))
        }),
        ("inverse_time", 2, |r| {
            ok(InverseTime::new(
                r.rate(),
                10_f64.powf(r.between(-4.0, 0.0)),
            ))
        }),
        ("noam", 2, |r| {
            ok(Noam::new(r.rate(), r.steps(64, 1024), r.steps(50, 1000)))
        }),
        ("inverse_sqrt", 2, |r| {
            ok(InverseSqrt::new(r.rate(), 10_f64.powf(r.between(0.0, 4.0))))
        }),
        ("polynomial, power 1", 2, |r| {
            ok(Polynomial::new(r.rate(), r.end(), r.length(), 1.0, false))
        }),
        ("polynomial, power 2", 2, |r| {
            ok(Polynomial::new(r.rate(), r.end(), r.length(), 2.0, false))
        }),
        ("polynomial, power 5", 2, |r| {
            ok(Polynomial::new(r.rate(), r.end(), r.length(), 5.0, false))
        }),
        ("polynomial, cycle", 2, |r| {
            ok(Polynomial::new(
                r.rate(),
                r.end(),
                r.steps(200, 900),
                2.0,
                true,
            ))
        }),
        ("k_decay, k 2, power 2", 2, |r| {
            ok(KDecay::new(r.rate(), r.end(), r.length(), 2.0, 2.0))
        }),
        ("exponential", 4, decay),
        ("natural_exp", 4, |r| {
            ok(NaturalExp::new(
                r.rate(),
                10_f64.powf(r.between(-4.0, -1.5)),
            ))
        }),
        ("geometric", 4, |r| {
            ok(Geometric::new(r.rate(), r.rate() / 100.0, r.length()))
        }),
        ("cosine_annealing", 4, cosine),
        ("cosine_annealing, restart", 4, |r| {
            let cosine = CosineAnnealing::new(r.rate(), r.end(), r.steps(100, 900));
            cosine.expect("good parameters").past(Past::Restart).into()
        }),
        ("cosine_decay", 4, |r| {
            ok(CosineDecay::new(r.rate(), r.end(), r.length()))
        }),
        ("cosine_decay, exponent 2", 4, |r| {
            ok(CosineDecay::new(r.rate(), r.end(), r.length()).and_then(|s| s.exponent(2.0)))
        }),
        ("cosine_cycles", 4, |r| {
            ok(CosineCycles::new(
                r.rate(),
                r.end(),
                r.length(),
                r.between(0.5, 5.0),
                false,
            ))
        }),
        ("cosine_cycles, hard restarts", 4, |r| {
            ok(CosineCycles::new(
                r.rate(),
                r.end(),
                r.length(),
                r.between(0.5, 5.0),
                true,
            ))
        }),
        ("warm_restarts, t_mult 1", 4, |r| {
            ok(WarmRestarts::new(r.rate(), r.end(), r.steps(100, 900), 1.0))
        }),
        ("warm_restarts, t_mult 2", 4, |r| {
            ok(WarmRestarts::new(r.rate(), r.end(), r.steps(50, 500), 2.0))
        }),
        ("warm_restarts, t_mult real", 4, |r| {
            let (t_0, t_mult) = (r.steps(100, 500), r.between(1.0, 2.0));
            ok(WarmRestarts::new(r.rate(), r.end(), t_0, t_mult)
                .and_then(|s| s.peak_mult(r.unit())))
        }),
        ("one_cycle", 4, |r| {
            ok(OneCycle::new(r.rate(), r.end(), r.end(), r.length())
                .and_then(|s| s.pct_start(r.between(0.1, 0.5))))
        }),
        ("one_cycle, three phases", 4, |r| {
            ok(OneCycle::new(r.rate(), r.end(), r.end(), r.length())
                .and_then(|s| s.pct_final(r.between(0.6, 0.9))))
        }),
        ("cyclic, triangular", 4, |r| cycle(r).into()),
        ("cyclic, triangular2", 4, |r| {
            ok(cycle(r).mode(CyclicMode::Triangular2, 1.0))
        }),
        ("cyclic, exp_range", 4, |r| {
            let cycle = cycle(r);
            ok(cycle.mode(CyclicMode::ExpRange, r.between(0.99, 1.0)))
        }),
        ("warmup_stable_decay", 4, |r| {
            ok(WarmupStableDecay::new(
                r.rate(),
                r.steps(50, 300),
                r.steps(200, 900),
                r.steps(200, 900),
            ))
        }),
        ("polynomial, fractional power", 10, |r| {
            let power = r.between(0.5, 3.0);
            ok(Polynomial::new(r.rate(), r.end(), r.length(), power, false))
        }),
        ("inverse_sqrt, fractional power", 10, |r| {
            let timescale = 10_f64.powf(r.between(0.0, 4.0));
            ok(InverseSqrt::new(r.rate(), timescale).and_then(|s| s.power(r.between(0.2, 2.0))))
        }),
        ("tanh", 10, |r| {
            let (low, high) = (r.between(-7.0, -4.0), r.between(2.0, 5.0));
            ok(Tanh::new(r.rate(), r.end(), r.length(), low, high))
        }),
        ("anneal, sqrt", 10, |r| anneal(r, Shape::Sqrt, None)),
        ("anneal, power", 10, |r| {
            let amount = Some(r.between(0.5, 3.0));
            anneal(r, Shape::Power, amount)
        }),
        ("anneal, exponential", 10, |r| {
            let amount = Some(10_f64.powf(r.between(-3.0, -0.5)));
            anneal(r, Shape::Exponential, amount)
        }),
        ("k_decay, fractional", 10, |r| {
            let (k, power) = (r.between(0.5, 3.0), r.between(0.5, 3.0));
            ok(KDecay::new(r.rate(), r.end(), r.length(), k, power))
        }),
        ("warm-up, then cosine", 6, |r| {
            let (steps, start, end) = (r.steps(20, 300), r.end(), r.rate());
            ok(cosine(r).after_warmup(steps, start, end))
        }),
        ("two warm-ups, then exponential", 6, |r| {
            let (first, second, rate) = (r.steps(20, 200), r.steps(20, 200), r.rate());
            ok(decay(r)
                .after_warmup(first, 0.0, rate)
                .and_then(|once| once.after_warmup(second, rate, rate / 3.0)))
        }),
        ("sequence of cosine and exponential", 8, |r| {
            let (first, second) = (cosine(r), decay(r));
            let part = |from, schedule| Part {
                from,
                clock: 0,
                schedule,
            };
            ok(AnySchedule::sequence(&[
                part(0, &first),
                part(r.steps(300, 1500), &second),
            ]))
        }),
        ("product of cosine and exponential", 8, |r| {
            let (first, second) = (cosine(r), decay(r));
            ok(AnySchedule::combined(Combine::Product, &[&first, &second]))
        }),
        ("cosine, clamped and scaled", 4, |r| {
            let clamp = Change::Clamp {
                min_lr: r.end(),
                max_lr: r.rate(),
            };
            let scale = Change::Scale(r.unit());
            let low = Change::Clamp {
                min_lr: 1e-6,
                max_lr: 1.0,
            };
            let scaled = cosine(r).changed(scale).and_then(|s| s.changed(clamp));
            ok(scaled.or_else(|_| cosine(r).changed(low)))
        }),
        ("cosine, repeated", 4, |r| {
            ok(cosine(r).repeated(r.steps(200, 900)))
        }),
    ]
}
