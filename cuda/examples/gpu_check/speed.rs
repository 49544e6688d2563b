//! How fast updates are, beside a copy on the same device.

use std::time::Instant;

use hairpin_core::{AnySchedule, CosineAnnealing, Rounding, Sgd, SgdConfig};
use hairpin_cuda::{
    Buffer, DeviceSchedules, Event, Gpu, GpuError, Layout, Optimizer, Options, RateTable, Stream,
};

/// Trials and elements of each.
const SHAPES: [(u32, u64); 4] = [(1, 1 << 28), (1024, 65_536), (8192, 4096), (65_536, 256)];

/// Launches that are timed, after some that are not.
const TIMED: u32 = 30;
const WARM_UP: u32 = 5;

/// Steps of a graph, and how often it is replayed.
const RECORDED: u32 = 20;
const REPLAYS: u32 = 7;

/// Times pieces of work by events.
struct Clock {
    stream: Stream,
    start: Event,
    end: Event,
}

impl Clock {
    fn new(stream: &Stream) -> Result<Self, GpuError> {
        Ok(Self {
            stream: stream.clone(),
            start: Event::timed(stream.gpu())?,
            end: Event::timed(stream.gpu())?,
        })
    }

    /// The median time of `work`, in seconds, after a warm-up.
    fn median(
        &self,
        warm_up: u32,
        timed: u32,
        mut work: impl FnMut() -> Result<(), GpuError>,
    ) -> Result<f64, GpuError> {
        (0..warm_up).try_for_each(|_| work())?;
        self.stream.synchronize()?;
        let mut times = Vec::new();
        for _ in 0..timed {
            self.start.record(&self.stream)?;
            work()?;
            self.end.record(&self.stream)?;
            times.push(f64::from(self.start.milliseconds_to(&self.end)?) / 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2])
    }
}

/// Prints the table.
pub(crate) fn table(gpu: &Gpu) -> Result<(), GpuError> {
    let stream = gpu.stream()?;
    let clock = Clock::new(&stream)?;
    let most = SHAPES
        .iter()
        .map(|(trials, size)| u64::from(*trials) * size)
        .max()
        .unwrap_or(0);
    eprintln!("speed: {most} floats, twice");
    let numbers: Vec<f32> = (0..most)
        .map(|at| ((at * 2_654_435_761) % 2003) as f32 / 1001.0 - 1.0)
        .collect();
    let copy = {
        let from = Buffer::from_slice(&stream, &numbers)?;
        let mut to = Buffer::zeros(&stream, most)?;
        let seconds = clock.median(WARM_UP, TIMED, || to.copy_from(&stream, &from))?;
        (most * 8) as f64 / seconds / 1e9
    };
    println!("copy on the device, 2^28 floats: {copy:.0} GB/s read and written, median of {TIMED}");
    println!(
        "update: 12 bytes a parameter plain, 20 with momentum; median of {TIMED} launches, and of {REPLAYS} graphs of {RECORDED} steps"
    );
    println!(
        "{:>15}  {:<8} {:<8} {:>9} {:>7} {:>6}   graph: {:>9} {:>7} {:>6}",
        "trials x size", "kernel", "rounding", "us", "GB/s", "%", "us", "GB/s", "%"
    );
    for (trials, size) in SHAPES {
        for momentum in [false, true] {
            for rounding in [Rounding::Separate, Rounding::Fused] {
                eprintln!("speed: {trials} x {size}, momentum: {momentum}, {rounding:?}");
                let (launch, graph) = update(&clock, &numbers, trials, size, momentum, rounding)?;
                let bytes = u64::from(trials) * size * if momentum { 20 } else { 12 };
                let told = |seconds: f64| {
                    let rate = bytes as f64 / seconds / 1e9;
                    format!(
                        "{:>9.2} {rate:>7.0} {:>6.1}",
                        seconds * 1e6,
                        100.0 * rate / copy
                    )
                };
                println!(
                    "{:>15}  {:<8} {:<8} {}          {}",
                    format!("{trials} x {size}"),
                    if momentum { "momentum" } else { "plain" },
                    format!("{rounding:?}").to_lowercase(),
                    told(launch),
                    told(graph)
                );
            }
        }
    }
    rates(gpu, &clock)
}

/// Seconds of a step by itself, and of one in a graph.
fn update(
    clock: &Clock,
    numbers: &[f32],
    trials: u32,
    size: u64,
    momentum: bool,
    rounding: Rounding,
) -> Result<(f64, f64), GpuError> {
    let stream = &clock.stream;
    let layout = Layout::uniform(trials, size)?;
    let config = SgdConfig {
        momentum: if momentum { 0.9 } else { 0.0 },
        rounding,
        ..SgdConfig::default()
    };
    let sgd = Sgd::new(config).map_err(|source| GpuError::Config {
        what: "the update".into(),
        source,
    })?;
    let steps = WARM_UP + TIMED + RECORDED * (1 + REPLAYS);
    let rates = vec![1e-3; steps as usize * trials as usize];
    let table = RateTable::whole(stream, 0, trials, &rates, None)?;
    let mut optimizer = Optimizer::new(
        stream,
        &layout,
        &vec![sgd; trials as usize],
        table,
        Options::default(),
    )?;
    let elements = layout.elements();
    let mut params = Buffer::from_slice(stream, &numbers[..elements as usize])?;
    let mut grads = Buffer::zeros(stream, elements)?;
    grads.copy_from(stream, &params)?;
    let mut velocity = Buffer::zeros(stream, optimizer.velocity_len())?;
    let launch = clock.median(WARM_UP, TIMED, || {
        optimizer.step(&mut params, &grads, &mut velocity)
    })?;
    let mut graph = optimizer.record(|optimizer| {
        (0..RECORDED).try_for_each(|_| optimizer.step(&mut params, &grads, &mut velocity))
    })?;
    let replay = clock.median(1, REPLAYS, || optimizer.replay(&mut graph))?;
    optimizer.states()?;
    Ok((launch, replay / f64::from(RECORDED)))
}

/// How long the device takes over schedules and their rates.
fn rates(gpu: &Gpu, clock: &Clock) -> Result<(), GpuError> {
    const TRIALS: u32 = 65_536;
    const WINDOW: u32 = 64;
    eprintln!("speed: schedules of {TRIALS} trials");
    let refused = |source| GpuError::Config {
        what: "the schedule".into(),
        source,
    };
    let schedules = (0..TRIALS)
        .map(|trial| {
            let cosine = CosineAnnealing::new(1e-4 * f64::from(trial + 1), 0.0, 10_000);
            cosine.map(AnySchedule::from).map_err(refused)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let (before, start) = (gpu.free_memory()?, Instant::now());
    let schedules = DeviceSchedules::new(&clock.stream, &schedules)?;
    let read = start.elapsed().as_secs_f64();
    println!(
        "schedules: {TRIALS} read in {:.0} ms, with {} MiB of memory taken",
        read * 1e3,
        before.saturating_sub(gpu.free_memory()?) >> 20
    );
    let source = hairpin_cuda::Source::device(schedules);
    let table = RateTable::windowed(&clock.stream, 0..u32::MAX, TRIALS, WINDOW, source, None)?;
    let sgd = Sgd::new(SgdConfig::default()).map_err(refused)?;
    let layout = Layout::uniform(TRIALS, 1)?;
    let mut optimizer = Optimizer::new(
        &clock.stream,
        &layout,
        &vec![sgd; TRIALS as usize],
        table,
        Options::default(),
    )?;
    // Each time one window is written and no step launched.
    let window = clock.median(3, 10, || optimizer.prepare(&clock.stream, WINDOW))?;
    println!(
        "rates: {:.2} thousand million a second, a cosine's over {TRIALS} trials and {WINDOW} steps",
        f64::from(TRIALS) * f64::from(WINDOW) / window / 1e9
    );
    Ok(())
}
