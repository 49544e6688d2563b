//! Measures how the cost of tables, of the update and of a sweep grows with trials, steps and parameters: time per cell and peak memory.
//! The rows go to stdout as a table, to a record as CSV, and from there into a picture.
//!
//! ```sh
//! cargo run --release -p hairpin-host --example growth -- --quick      # every panel in a minute, coarsely
//! cargo run --release -p hairpin-host --example growth -- --record growth.csv --picture growth.svg
//! cargo run --release -p hairpin-host --example growth -- --from growth.csv --picture growth.svg
//! ```
//!
//! Each point is measured in a process of its own, so that the peak memory is that point's and nothing is warm from the one before.

use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use hairpin_core::{AnySchedule, ConfigError, CosineAnnealing, Linear, Sgd, SgdConfig, SgdState};
use hairpin_host::data::digits;
use hairpin_host::document::{Document, Format, Source};
use hairpin_host::files::{self, WriteError};
use hairpin_host::growth::{Measure, Over, Row, picture};
use hairpin_host::spec::Spec;
use hairpin_host::sweep::{self, Backend};
use hairpin_host::train::{Engine, Model, Rates, TrainConfig, Trial, Watch};
use hairpin_host::update::{Stacked, Updates, step};
use hairpin_host::{table, table_file};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

/// Measures how the time and the memory of tables, of the update and of a sweep grow, and draws it
#[derive(Parser)]
#[command(after_help = "\
Examples, after `cargo run --release -p hairpin-host --example growth --`:
  --quick                                        every panel in a minute, coarsely
  --record growth.csv --picture growth.svg       all points, kept and drawn: a quarter of an hour, 1.1 GiB
  --from growth.csv --picture growth.svg         draws a record again")]
struct Arguments {
    /// Measure fewer and smaller points, in short rounds
    #[arg(long, conflicts_with = "from")]
    quick: bool,
    /// Write the measurements to this file, as CSV
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    record: Option<PathBuf>,
    /// Draw them into this file, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Measure nothing, and draw this record
    #[arg(long, value_name = "FILE", requires = "picture")]
    from: Option<PathBuf>,
    /// Measures one point, for the process that asked for it
    #[arg(long, hide = true)]
    point: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(point) = &arguments.point {
        let cost = measure(&serde_json::from_str(point)?)?;
        println!("{}", serde_json::to_string(&cost)?);
        return Ok(());
    }
    // Before anything is measured: a place that cannot be written to is better known now.
    for (option, path) in [
        ("--record", &arguments.record),
        ("--picture", &arguments.picture),
    ] {
        if let Some(directory) = path.as_deref().and_then(Path::parent) {
            files::create_dir(directory).map_err(unwritten(option))?;
        }
    }
    let record = match &arguments.from {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            format!(
                "--from {}: {error}; name a file that --record has written",
                path.display()
            )
        })?,
        None => record(&all(arguments.quick)?)?,
    };
    if let Some(path) = &arguments.record {
        files::write(path, &record).map_err(unwritten("--record"))?;
    }
    if let Some(path) = &arguments.picture {
        files::write(path, picture(&record)?).map_err(unwritten("--picture"))?;
    }
    Ok(())
}

fn unwritten(option: &'static str) -> impl Fn(WriteError) -> String {
    move |WriteError { path, source }| {
        format!(
            "{option} {}: {source}; name a file in a place that can be written to",
            path.display()
        )
    }
}

/// What is to be measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Point {
    measure: Measure,
    case: String,
    over: Over,
    trials: usize,
    steps: usize,
    parameters: usize,
    threads: usize,
    /// How long rounds go on.
    enough: Duration,
}

/// What it costs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Cost {
    ns: f64,
    first_ns: f64,
    held_mib: f64,
    peak_mib: Option<f64>,
}

impl Cost {
    /// Of the same point measured again: the fastest rounds, and the highest peak.
    fn join(&mut self, again: Self) {
        self.ns = self.ns.min(again.ns);
        self.first_ns = self.first_ns.min(again.first_ns);
        self.peak_mib = self
            .peak_mib
            .zip(again.peak_mib)
            .map(|(one, other)| one.max(other));
    }
}

/// Steps of a table, and parameters of a trial, while the trials grow; those of the built-in softmax model.
const TABLE_STEPS: usize = 1000;
const UPDATE_PARAMETERS: usize = 650;

/// Trials while steps grow: with 10^6 steps a table of 1 GiB.
const TRIALS: usize = 256;

/// Parameters of all trials together, while those of one grow.
const PARAMETERS: usize = 1 << 24;

/// Steps of a sweep, while its trials grow.
const SWEEP_STEPS: usize = 300;

/// 2^8 to 2^17, and for a sweep to 2^13.
fn trials(measure: Measure, quick: bool) -> Vec<usize> {
    let most = match (measure, quick) {
        (Measure::Sweep, true) => 10,
        (Measure::Sweep, false) => 13,
        (_, true) => 14,
        (_, false) => 17,
    };
    (8..=most)
        .step_by(if quick { 2 } else { 1 })
        .map(|power| 1 << power)
        .collect()
}

/// 10^2 to 10^6, and for a sweep to 10^4; to 10^5 from 10 for the parameters.
fn decades(from: u32, to: u32, quick: bool) -> Vec<usize> {
    let mut numbers = Vec::new();
    for power in from..to {
        numbers.push(10_usize.pow(power));
        if !quick {
            numbers.push(3 * 10_usize.pow(power));
        }
    }
    numbers.push(10_usize.pow(to));
    numbers
}

/// All points, those of a curve one after the other.
fn points(quick: bool) -> Result<Vec<Point>, Box<dyn Error>> {
    let mut threads = vec![1, std::thread::available_parallelism()?.get()];
    threads.dedup();
    let enough = Duration::from_millis(if quick { 50 } else { 200 });
    let mut points = Vec::new();
    let mut curve = |measure, case: &str, over, threads, sizes: Vec<(usize, usize, usize)>| {
        points.extend(sizes.into_iter().map(|(trials, steps, parameters)| Point {
            measure,
            case: case.to_owned(),
            over,
            trials,
            steps,
            parameters,
            threads,
            enough,
        }));
    };
    for measure in [Measure::Table, Measure::TableByStep] {
        for case in ["cosine", "line"] {
            for &threads in &threads {
                let over_trials = trials(measure, quick).into_iter();
                let sizes = over_trials.map(|trials| (trials, TABLE_STEPS, 0)).collect();
                curve(measure, case, Over::Trials, threads, sizes);
                let over_steps = decades(2, if quick { 4 } else { 6 }, quick).into_iter();
                let sizes = over_steps.map(|steps| (TRIALS, steps, 0)).collect();
                curve(measure, case, Over::Steps, threads, sizes);
            }
        }
    }
    // Nowhere but on Unix is there a place that takes any number of bytes and keeps none.
    if cfg!(unix) {
        for &threads in &threads {
            let over_trials = trials(Measure::TableInWindows, quick).into_iter();
            let sizes = over_trials.map(|trials| (trials, TABLE_STEPS, 0)).collect();
            curve(
                Measure::TableInWindows,
                "cosine",
                Over::Trials,
                threads,
                sizes,
            );
        }
    }
    for case in ["plain", "momentum"] {
        for &threads in &threads {
            let over_trials = trials(Measure::Update, quick).into_iter();
            let sizes = over_trials
                .map(|trials| (trials, 1, UPDATE_PARAMETERS))
                .collect();
            curve(Measure::Update, case, Over::Trials, threads, sizes);
            let over_parameters = decades(1, 5, quick).into_iter();
            let sizes = over_parameters
                .map(|size| (PARAMETERS / size, 1, size))
                .collect();
            curve(Measure::Update, case, Over::Parameters, threads, sizes);
        }
    }
    for case in ["sweep", "training"] {
        for &threads in &threads {
            let over_trials = trials(Measure::Sweep, quick).into_iter();
            let sizes = over_trials
                .map(|trials| (trials, SWEEP_STEPS, UPDATE_PARAMETERS))
                .collect();
            curve(Measure::Sweep, case, Over::Trials, threads, sizes);
            let over_steps = decades(2, if quick { 3 } else { 4 }, quick).into_iter();
            let sizes = over_steps
                .map(|steps| (TRIALS, steps, UPDATE_PARAMETERS))
                .collect();
            curve(Measure::Sweep, case, Over::Steps, threads, sizes);
        }
    }
    Ok(points)
}

/// Measures all points and prints them.
fn all(quick: bool) -> Result<Vec<Row>, Box<dyn Error>> {
    let points = points(quick)?;
    let (commit, compiler, cpu) = (commit(), told("rustc", &["--version"]), processor());
    let costs = costs(&points, if quick { 1 } else { PASSES })?;
    println!(
        "| what | case | trials | steps | parameters | threads | ns a cell | first round | held MiB | peak MiB |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut rows = Vec::with_capacity(points.len());
    for (point, cost) in points.iter().zip(costs) {
        let Point {
            measure,
            case,
            over,
            trials,
            steps,
            parameters,
            threads,
            enough: _,
        } = point.clone();
        let peak = cost
            .peak_mib
            .map_or("not measured".to_owned(), |mib| format!("{mib:.1}"));
        println!(
            "| {} | {case} | {trials} | {steps} | {parameters} | {threads} | {:.3} | {:.3} | {:.1} | {peak} |",
            name(measure),
            cost.ns,
            cost.first_ns,
            cost.held_mib,
        );
        rows.push(Row {
            measure,
            case,
            over,
            trials,
            steps,
            parameters,
            threads,
            ns: cost.ns,
            first_ns: cost.first_ns,
            held_mib: cost.held_mib,
            peak_mib: cost.peak_mib,
            commit: commit.clone(),
            compiler: compiler.clone(),
            cpu: cpu.clone(),
        });
    }
    Ok(rows)
}

/// How often all points are measured. What else runs on a machine only ever adds, and passes: the fastest counts.
const PASSES: u64 = 3;

/// Measures all points, each in a process of its own.
fn costs(points: &[Point], passes: u64) -> Result<Vec<Cost>, Box<dyn Error>> {
    let bar = ProgressBar::new(passes * points.len() as u64);
    let mut costs: Vec<Cost> = Vec::with_capacity(points.len());
    for _ in 0..passes {
        for (at, point) in points.iter().enumerate() {
            let cost = in_a_process_of_its_own(point)?;
            match costs.get_mut(at) {
                Some(least) => least.join(cost),
                None => costs.push(cost),
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(costs)
}

const fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Table => "table [trials, steps]",
        Measure::TableByStep => "table [steps, trials]",
        Measure::TableInWindows => "table in windows",
        Measure::Update => "update",
        Measure::Sweep => "sweep",
    }
}

fn record(rows: &[Row]) -> Result<String, Box<dyn Error>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn in_a_process_of_its_own(point: &Point) -> Result<Cost, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .arg("--point")
        .arg(serde_json::to_string(point)?)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!(
            "{point:?}: the process that measured it ended with {}; --quick measures points of 100 MiB at most",
            output.status
        )
        .into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What a command prints, or that it cannot be run.
fn told(command: &str, arguments: &[&str]) -> String {
    match Command::new(command).args(arguments).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}

fn commit() -> String {
    let changed = told("git", &["status", "--porcelain"]);
    let mark = if changed.is_empty() { "" } else { "+" };
    told("git", &["rev-parse", "--short", "HEAD"]) + mark
}

fn processor() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = information
        .lines()
        .find(|line| line.starts_with("model name"));
    let name = line
        .and_then(|line| line.split_once(':'))
        .map_or("unknown", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{name}, {cores} cores")
}

/// Measures a point in this process, which has done nothing else.
fn measure(point: &Point) -> Result<Cost, Box<dyn Error>> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(point.threads)
        .build_global()?;
    match point.measure {
        Measure::Table => fill(point, |trials, cells| table::fill(trials, 0, cells)),
        Measure::TableByStep => fill(point, |trials, cells| table::fill_by_step(trials, 0, cells)),
        Measure::TableInWindows => windows(point),
        Measure::Update => update(point),
        Measure::Sweep if point.case == "sweep" => whole_sweep(point),
        Measure::Sweep => training(point),
    }
}

fn schedules(case: &str, trials: usize, steps: usize) -> Result<Vec<AnySchedule>, ConfigError> {
    (0..trials)
        .map(|trial| schedule(case, trial, steps))
        .collect()
}

/// No two trials have a parameter in common, and a curve is half as long as the table to half as long again.
fn schedule(case: &str, trial: usize, steps: usize) -> Result<AnySchedule, ConfigError> {
    // Multiples of irrational numbers, without their whole part, are spread evenly and never the same.
    let place = |step: f64| (trial as f64 * step).fract();
    let peak = 1e-3 * 1e3_f64.powf(place(0.618_033_988_749_895));
    let end = 1e-4 * place(0.414_213_562_373_095);
    let length = (steps as f64 * (0.5 + place(0.732_050_807_568_877))) as u32;
    Ok(match case {
        "line" => Linear::new(peak, end, length)?.into(),
        _ => CosineAnnealing::new(peak, end, length)?.into(),
    })
}

fn fill<E: Error + 'static>(
    point: &Point,
    fill: impl Fn(&[AnySchedule], &mut [f32]) -> Result<(), E>,
) -> Result<Cost, Box<dyn Error>> {
    let trials = schedules(&point.case, point.trials, point.steps)?;
    // So that the first round waits for memory alone, and not for code that has never run.
    fill(&trials[..64], &mut vec![0.0; 64 * TABLE_STEPS])?;
    let count = point.trials * point.steps;
    let mut cells = vec![0.0_f32; count];
    let held = size_of_val(&*trials) + size_of_val(&*cells);
    cost(point, count, held, || {
        Ok(fill(&trials, black_box(&mut cells))?)
    })
}

fn windows(point: &Point) -> Result<Cost, Box<dyn Error>> {
    cost(point, point.trials * point.steps, 0, || {
        let schedule = |trial| schedule(&point.case, trial as usize, point.steps);
        let (trials, steps) = (point.trials as u64, point.steps as u32);
        table_file::write(Path::new("/dev/null"), trials, steps, schedule, |_| true)?;
        Ok(())
    })
}

fn update(point: &Point) -> Result<Cost, Box<dyn Error>> {
    let momentum = if point.case == "momentum" { 0.9 } else { 0.0 };
    let sgd = Sgd::new(SgdConfig {
        momentum,
        ..SgdConfig::default()
    })?;
    let updates: Updates = std::iter::repeat_n(sgd, point.trials).collect();
    let mut states = vec![SgdState::default(); point.trials];
    let rates = vec![1e-6_f32; point.trials];
    let count = point.trials * point.parameters;
    let mut params = vec![1.0_f32; count];
    let grads: Vec<f32> = (0..count).map(|i| (i % 7) as f32 - 3.0).collect();
    let mut velocity = vec![0.0_f32; if momentum == 0.0 { 0 } else { count }];
    let held = updates.bytes()
        + size_of_val(&*states)
        + size_of_val(&*rates)
        + size_of_val(&*params)
        + size_of_val(&*grads)
        + size_of_val(&*velocity);
    cost(point, count, held, || {
        let stacked = Stacked {
            params: black_box(&mut params),
            grads: black_box(&grads),
            velocity: &mut velocity,
        };
        Ok(step(&updates, &mut states, &rates, stacked)?)
    })
}

/// Training alone: what a sweep spends most of its time on.
fn training(point: &Point) -> Result<Cost, Box<dyn Error>> {
    let data = digits()?;
    let engine = Engine::new(&data, TrainConfig::new(Model::Softmax, point.steps as u32))?;
    let sgd = Sgd::new(SgdConfig::default())?;
    let schedules = schedules("cosine", point.trials, point.steps)?;
    let trials: Vec<Trial<'_>> = schedules
        .iter()
        .map(|schedule| Trial {
            rates: Rates::Schedule(schedule),
            momentum: None,
            sgd,
        })
        .collect();
    let held = size_of_val(&*schedules) + size_of_val(&*trials);
    cost(point, point.trials * point.steps, held, || {
        let outcomes = engine.run(&trials, &Watch::default())?.unwrap_or_default();
        if outcomes.iter().any(|outcome| outcome.diverged.is_some()) {
            return Err("a trial diverged: steps would be counted that were not taken".into());
        }
        Ok(())
    })
}

/// A sweep as `hairpin sweep` runs it: drawn, trained, written down, with its page.
fn whole_sweep(point: &Point) -> Result<Cost, Box<dyn Error>> {
    let Point { trials, steps, .. } = point;
    let text = format!(
        "method = \"random\"\n\
         trials = {trials}\n\
         [train]\n\
         data = \"digits\"\n\
         model = \"softmax\"\n\
         steps = {steps}\n\
         [[schedules]]\n\
         kind = \"cosine_annealing\"\n\
         learning_rate = {{ distribution = \"log_uniform_values\", min = 1.0e-3, max = 1.0 }}\n\
         t_max = {steps}\n"
    );
    let document = Document::parse(Source::new("growth.toml", text), Format::Toml)?;
    let spec = Spec::read(&document, "growth", Path::new(""))?;
    cost(point, trials * steps, 0, || {
        let directory = tempfile::tempdir()?;
        let manifest = sweep::run(&spec, directory.path(), &Backend::Cpu, &Watch::default())?;
        if manifest.diverged != Some(0) {
            return Err("a trial diverged: steps would be counted that were not taken".into());
        }
        Ok(())
    })
}

/// Rounds after the first, at least, unless they are long.
const ROUNDS: usize = 7;
const LONG: Duration = Duration::from_secs(3);

fn cost(
    point: &Point,
    cells: usize,
    held: usize,
    mut work: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<Cost, Box<dyn Error>> {
    let begin = Instant::now();
    let mut round = || {
        let begin = Instant::now();
        work().map(|()| begin.elapsed().as_secs_f64() * 1e9 / cells as f64)
    };
    let first_ns = round()?;
    let (mut ns, mut rounds) = (first_ns, 0);
    while begin.elapsed() < LONG && (rounds < ROUNDS || begin.elapsed() < point.enough) {
        ns = ns.min(round()?);
        rounds += 1;
    }
    Ok(Cost {
        ns,
        first_ns,
        held_mib: mib(held),
        peak_mib: peak_mib(),
    })
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The most memory that this process has had, which Linux alone tells.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(mib(kib << 10))
}
