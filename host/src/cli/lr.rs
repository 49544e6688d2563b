//! `hairpin lr`: the rates of one schedule.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use hairpin_core::{AnySchedule, Schedule};
use hairpin_host::document::{Place, SpecError};
use hairpin_host::lr::{self, Chart, Curve, LogAxis, Rates, Steps};
use hairpin_host::spec::ScheduleTemplate;
use miette::Diagnostic;

const EXAMPLES: &str = r#"Examples:
  hairpin lr --schedule 'kind = "exponential", learning_rate = 0.1, gamma = 0.9' --steps 0..100
  hairpin lr --schedule '{"kind": "cosine_annealing", "learning_rate": 0.1, "t_max": 90}' --steps 0..91:10 --format csv
  hairpin lr --schedule 'kind = "lambda", learning_rate = 0.1, factor = "0.95 ** step"' --steps 0,1,1000 --format bits
  hairpin lr --schedule @schedule.toml --steps 0..4294967296:1000000
  hairpin lr --schedule 'kind = "cosine_annealing", learning_rate = 0.1, t_max = 90' --steps 0..200 --plot
  hairpin lr --schedule @one.toml --schedule @other.toml --steps 0..200 --plot rates.svg
  hairpin lr --schedule 'kind = "torch.OneCycleLR", max_lr = 0.1, total_steps = 100' --steps 0..100:10 --momentum
  hairpin lr --schedule 'kind = "reduce_on_plateau", learning_rate = 0.1, patience = 1' --steps 0..4 --losses 0.9,0.9,0.9,0.8
  echo '{"schedule": {"kind": "step", "learning_rate": 1.0, "step_size": 30}, "steps": [0, 30]}' | hairpin lr --jsonl -

Steps are counted from 0, below 4294967296; the end of a range is excluded.

JSON lines: each line {"schedule": {...}, "steps": [...], "losses": [...]} is answered by a line {"lr": [...]} or
{"error": "..."}; with "momentum": true by {"lr": [...], "momentum": [...]}; empty lines are skipped. NaN and infinities are the strings "NaN", "Infinity", "-Infinity", both ways.
A wrong line never stops the rest and does not change the exit status.

Losses: a feedback schedule observes loss number j at step j; the rate at a step is the one in force after that step's loss
was observed. Schedules that depend on the step alone take losses too, and are not changed by them; `multiplicative`, which is
walked step by step, needs none.

Drawings: several schedules are drawn above one another in the terminal, and into one frame in an SVG file; all have the same
scale. More than 4096 steps are thinned out evenly. What cannot be drawn is a gap, and told.

Exit status: 0 done, 1 reading or writing broke off, 2 the request is wrong or names a file that cannot be opened."#;

/// Print the learning rates of one schedule
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "hairpin lr --schedule TABLE|@FILE --steps STEPS [--losses LOSSES] [--momentum] [--format FORMAT | --plot [FILE.svg] [--log]]\n       hairpin lr --jsonl FILE|-",
    after_help = EXAMPLES
)]
pub(crate) struct LrArgs {
    /// A schedule as a TOML table (with or without its braces) or a JSON object, or @FILE
    #[arg(
        long,
        value_name = "TABLE|@FILE",
        required_unless_present = "jsonl",
        requires = "steps"
    )]
    schedule: Vec<String>,

    /// Steps: 7, 0..100, 0..100:10, or several of these with commas
    #[arg(
        long,
        value_name = "STEPS",
        requires = "schedule",
        allow_hyphen_values = true
    )]
    steps: Option<String>,

    /// Losses for a feedback schedule, with commas, from step 0 on
    #[arg(
        long,
        value_name = "LOSSES",
        requires = "schedule",
        allow_hyphen_values = true
    )]
    losses: Option<String>,

    /// What is printed for each step
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "schedule")]
    format: Format,

    /// Print the momentum that the library moves with the rate, too
    #[arg(long, requires = "schedule")]
    momentum: bool,

    /// Draw the rates, in the terminal or as FILE.svg; then --schedule may be given several times
    #[arg(
        long,
        value_name = "FILE.svg",
        num_args = 0..=1,
        requires = "schedule",
        conflicts_with = "format"
    )]
    plot: Option<Option<PathBuf>>,

    /// Draw with an axis by decades
    #[arg(long, requires = "plot")]
    log: bool,

    /// Answer requests, one JSON object a line, from a file or from standard input (-)
    #[arg(
        long,
        value_name = "FILE|-",
        conflicts_with_all = ["schedule", "steps", "losses", "format", "momentum", "plot", "log"]
    )]
    jsonl: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `step  rate`, in columns
    Text,
    /// `step,lr`, with a header
    Csv,
    /// {"step":0,"lr":0.1}
    Jsonl,
    /// The 32 bits of the rate, as 8 hexadecimal digits
    Bits,
}

/// Why the verb ended early.
#[derive(Debug, thiserror::Error, Diagnostic)]
enum Failure {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Request(#[from] SpecError),
    #[error("cannot open `{path}`: {cause}", path = path.display())]
    Open { path: PathBuf, cause: io::Error },
    #[error("cannot read `{path}`: {cause}", path = path.display())]
    Read { path: PathBuf, cause: io::Error },
    #[error("cannot write to standard output: {0}")]
    Write(io::Error),
}

/// Runs the verb; what goes wrong is told on standard error.
pub(crate) fn run(args: &LrArgs) -> ExitCode {
    let done = match (&args.jsonl, args.schedule.as_slice(), &args.steps) {
        (Some(path), _, _) => answer_lines(path),
        (None, [_, ..], Some(steps)) if args.plot.is_some() => draw(args, steps),
        (None, [schedule], Some(steps)) => print_rates(args, schedule, steps),
        (None, [_, _, ..], Some(_)) => Err(SpecError::whole(
            "several schedules are given, and the rates of one are printed",
            "ask for one at a time, or draw them with --plot",
        )
        .into()),
        // The parser of the arguments asks for one of the two; this keeps the match total.
        (None, _, _) => {
            Err(SpecError::whole("nothing to do", "give --schedule and --steps, or --jsonl").into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(Failure::Write(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let code = if matches!(failure, Failure::Request(_) | Failure::Open { .. }) {
                2
            } else {
                1
            };
            super::note(format_args!("{:?}", miette::Report::new(failure)));
            ExitCode::from(code)
        }
    }
}

/// A schedule that was asked for, ready to be walked.
struct Asked {
    label: String,
    rates: Rates,
    momentum: Option<AnySchedule>,
    place: Place,
}

impl Asked {
    /// Before anything is printed: the largest step has a rate only if all have.
    fn new(schedule: &str, args: &LrArgs, steps: &Steps) -> Result<Self, SpecError> {
        let document = super::schedule_document("--schedule", schedule)?;
        let at = document.at().named("schedule");
        let template = ScheduleTemplate::read(&at)?;
        let (_, built) = template.fixed()?;
        if args.momentum && built.momentum.is_none() {
            return Err(lr::no_momentum(&at, template.kind));
        }
        let losses = args.losses.as_deref().map(parse_losses).transpose()?;
        let place = at.place();
        let told = |error| refused(&place, error);
        let rates = Rates::new(built.plan, losses.as_deref()).map_err(told)?;
        rates.reach(steps.max()).map_err(told)?;
        if matches!(rates, Rates::Walked(_)) && steps.max() > LONG_WALK {
            super::note(format_args!(
                "note: the rates of this schedule are walked step by step, {} steps take a while; Ctrl-C stops",
                steps.max()
            ));
        }
        Ok(Self {
            label: template.label(),
            rates,
            momentum: built.momentum.filter(|_| args.momentum),
            place,
        })
    }

    fn told(&self, error: lr::LrError) -> SpecError {
        refused(&self.place, error)
    }
}

fn refused(place: &Place, error: lr::LrError) -> SpecError {
    place
        .error(error.to_string())
        .with_help("give --losses with one number for each step from 0 to the last one asked for")
}

fn print_rates(args: &LrArgs, schedule: &str, steps: &str) -> Result<(), Failure> {
    let steps = Steps::parse(steps)?;
    let asked = Asked::new(schedule, args, &steps)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let width = steps.max().to_string().len();
    let mut non_finite = None;
    if args.format == Format::Csv {
        let momentum = asked.momentum.as_ref().map_or("", |_| ",momentum");
        writeln!(out, "step,lr{momentum}").map_err(Failure::Write)?;
    }
    for answer in asked.rates.over(&steps) {
        let (step, rate) = answer.map_err(|error| asked.told(error))?;
        if !rate.is_finite() && non_finite.is_none() {
            non_finite = Some((step, rate));
        }
        let momentum = asked.momentum.as_ref().map(|momentum| momentum.lr(step));
        match (args.format, momentum) {
            (Format::Text, None) => writeln!(out, "{step:>width$}  {}", lr::decimal(rate)),
            (Format::Text, Some(momentum)) => {
                let (rate, momentum) = (lr::decimal(rate), lr::decimal(momentum));
                writeln!(out, "{step:>width$}  {rate:<WIDEST_RATE$}  {momentum}")
            }
            (Format::Csv, None) => writeln!(out, "{step},{}", lr::decimal(rate)),
            (Format::Csv, Some(momentum)) => {
                let (rate, momentum) = (lr::decimal(rate), lr::decimal(momentum));
                writeln!(out, "{step},{rate},{momentum}")
            }
            (Format::Jsonl, None) => {
                writeln!(out, "{{\"step\":{step},\"lr\":{}}}", lr::json(rate))
            }
            (Format::Jsonl, Some(momentum)) => {
                let (rate, momentum) = (lr::json(rate), lr::json(momentum));
                writeln!(
                    out,
                    "{{\"step\":{step},\"lr\":{rate},\"momentum\":{momentum}}}"
                )
            }
            (Format::Bits, None) => writeln!(out, "{:08x}", rate.to_bits()),
            (Format::Bits, Some(momentum)) => {
                writeln!(out, "{:08x} {:08x}", rate.to_bits(), momentum.to_bits())
            }
        }
        .map_err(Failure::Write)?;
    }
    out.flush().map_err(Failure::Write)?;
    if let Some((step, rate)) = non_finite {
        super::note(format_args!("note: {}", first_non_finite(step, rate)));
    }
    Ok(())
}

/// The width of the column of rates beside momenta: that of the longest usual ones.
const WIDEST_RATE: usize = 14;

/// A walk of more steps takes more than a second.
const LONG_WALK: u32 = 10_000_000;

/// The width of drawings where nothing is known of the terminal.
const PAGE: usize = 80;

fn draw(args: &LrArgs, steps: &str) -> Result<(), Failure> {
    let file = args.plot.as_ref().and_then(Option::as_ref);
    if let Some(path) = file
        && path.extension().is_none_or(|extension| extension != "svg")
    {
        let error = SpecError::whole(
            "drawings are written as SVG",
            "name the file .svg, or leave it out to draw in the terminal",
        );
        return Err(error
            .with_path("plot")
            .with_value(path.display().to_string())
            .into());
    }
    let steps = Steps::parse(steps)?;
    let shown = Chart::steps(&steps);
    let (mut rates, mut momenta) = (Vec::new(), Vec::new());
    for schedule in &args.schedule {
        let asked = Asked::new(schedule, args, &steps)?;
        let found = asked.rates.all(&shown);
        let found = found.map_err(|error| asked.told(error))?;
        let points = shown.iter().copied().zip(found).collect();
        if let Some(momentum) = &asked.momentum {
            momenta.push(Curve {
                label: format!("{}, momentum", asked.label),
                quantity: "momentum",
                points: shown
                    .iter()
                    .map(|&step| (step, momentum.lr(step)))
                    .collect(),
            });
        }
        rates.push(Curve {
            label: asked.label,
            quantity: "lr",
            points,
        });
    }
    rates.extend(momenta);
    let chart = Chart {
        curves: rates,
        steps: (steps.min(), steps.max()),
        log: if args.log { LogAxis::Yes } else { LogAxis::No },
    };
    let text = match file {
        Some(path) => {
            hairpin_host::files::write(path, chart.svg())
                .map_err(|error| SpecError::whole(error.to_string(), "choose another file"))?;
            format!("{}\n", path.display())
        }
        None => {
            let size = terminal_size::terminal_size();
            chart.terminal(size.map_or(PAGE, |(width, _)| usize::from(width.0)))
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Failure::Write)?;
    if let Some((gaps, all, step, value)) = chart.gaps() {
        let why = if args.log {
            "above 0 and finite"
        } else {
            "finite"
        };
        super::note(format_args!(
            "note: {gaps} of {all} values are not {why}, and left out of the drawing; the first is {} at step {step}",
            lr::decimal(value)
        ));
    }
    Ok(())
}

fn first_non_finite(step: u32, rate: f32) -> String {
    format!(
        "the rate at step {step} is {}, the first of those asked for that is no finite number",
        lr::decimal(rate)
    )
}

fn parse_losses(text: &str) -> Result<Vec<f64>, SpecError> {
    text.split(',')
        .enumerate()
        .map(|(index, item)| {
            item.trim().parse::<f64>().map_err(|_| {
                SpecError::whole(
                    "is not a number",
                    "separate numbers by commas: --losses 0.9,0.7,nan",
                )
                .with_path(format!("losses[{index}]"))
                .with_value(item.trim())
            })
        })
        .collect()
}

fn answer_lines(path: &Path) -> Result<(), Failure> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = File::open(path);
        Box::new(opened.map_err(|cause| Failure::Open {
            path: path.to_owned(),
            cause,
        })?)
    };
    let unreadable = |cause| Failure::Read {
        path: path.to_owned(),
        cause,
    };
    let mut input = BufReader::new(input);
    let mut out = BufWriter::new(io::stdout().lock());
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            break;
        }
        number += 1;
        // Bytes that are no UTF-8 become a sign that no JSON outside of a string may hold, and no field name or word has.
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        // Some programs mark the beginning of a file.
        let text = if number == 1 {
            text.trim_start_matches('\u{feff}')
        } else {
            text
        };
        if text.trim().is_empty() {
            continue;
        }
        let answer = lr::answer(text, number);
        writeln!(out, "{}", answer.line).map_err(Failure::Write)?;
        if let Some((step, rate)) = answer.first_non_finite {
            super::note(format_args!(
                "note: line {number}: {}",
                first_non_finite(step, rate)
            ));
        }
        // A program that asks and waits gets its answer; a file is answered in large pieces.
        if input.buffer().is_empty() {
            out.flush().map_err(Failure::Write)?;
        }
    }
    out.flush().map_err(Failure::Write)
}
