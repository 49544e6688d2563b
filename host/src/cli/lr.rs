//! `hairpin lr`: the rates of one schedule.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use hairpin_host::document::{Document, Source, SpecError};
use hairpin_host::lr::{self, Rates, Steps};
use hairpin_host::spec::ScheduleTemplate;
use miette::Diagnostic;

const EXAMPLES: &str = r#"Examples:
  hairpin lr --schedule 'kind = "exponential", learning_rate = 0.1, gamma = 0.9' --steps 0..100
  hairpin lr --schedule '{"kind": "cosine_annealing", "learning_rate": 0.1, "t_max": 90}' --steps 0..91:10 --format csv
  hairpin lr --schedule 'kind = "lambda", learning_rate = 0.1, factor = "0.95 ** step"' --steps 0,1,1000 --format bits
  hairpin lr --schedule @schedule.toml --steps 0..4294967296:1000000
  hairpin lr --schedule 'kind = "reduce_on_plateau", learning_rate = 0.1, patience = 1' --steps 0..4 --losses 0.9,0.9,0.9,0.8
  echo '{"schedule": {"kind": "step", "learning_rate": 1.0, "step_size": 30}, "steps": [0, 30]}' | hairpin lr --jsonl -

Steps are counted from 0, below 4294967296; the end of a range is excluded.

JSON lines: each line {"schedule": {...}, "steps": [...], "losses": [...]} is answered by a line {"lr": [...]} or
{"error": "..."}; empty lines are skipped. NaN and infinities are the strings "NaN", "Infinity", "-Infinity", both ways.
A wrong line never stops the rest and does not change the exit status.

Losses: a feedback schedule observes loss number j at step j; the rate at a step is the one in force after that step's loss
was observed. Schedules that depend on the step alone take losses too, and are not changed by them.

Exit status: 0 done, 1 reading or writing broke off, 2 the request is wrong or names a file that cannot be opened."#;

/// Print the learning rates of one schedule
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "hairpin lr --schedule TABLE|@FILE --steps STEPS [--losses LOSSES] [--format FORMAT]\n       hairpin lr --jsonl FILE|-",
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
    schedule: Option<String>,

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

    /// Answer requests, one JSON object a line, from a file or from standard input (-)
    #[arg(
        long,
        value_name = "FILE|-",
        conflicts_with_all = ["schedule", "steps", "losses", "format"]
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
    let done = match (&args.jsonl, &args.schedule, &args.steps) {
        (Some(path), _, _) => answer_lines(path),
        (None, Some(schedule), Some(steps)) => print_rates(args, schedule, steps),
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

fn print_rates(args: &LrArgs, schedule: &str, steps: &str) -> Result<(), Failure> {
    let document = match schedule.strip_prefix('@') {
        Some(path) => Document::load(Path::new(path))?,
        None => Document::parse_inline(Source::new("--schedule", schedule))?,
    };
    let at = document.at().named("schedule");
    let (_, built) = ScheduleTemplate::read(&at)?.fixed()?;
    let steps = Steps::parse(steps)?;
    let losses = args.losses.as_deref().map(parse_losses).transpose()?;
    let told = |error: lr::LrError| {
        at.error(error.to_string()).with_help(
            "give --losses with one number for each step from 0 to the last one asked for",
        )
    };
    let rates = Rates::new(built.plan, losses.as_deref()).map_err(told)?;
    // Before anything is printed: the largest step has a rate only if all have.
    rates.at(steps.max()).map_err(told)?;

    let mut out = BufWriter::new(io::stdout().lock());
    let width = steps.max().to_string().len();
    let mut non_finite = None;
    if args.format == Format::Csv {
        writeln!(out, "step,lr").map_err(Failure::Write)?;
    }
    for step in steps.iter() {
        let rate = rates.at(step).map_err(told)?;
        if !rate.is_finite() && non_finite.is_none() {
            non_finite = Some((step, rate));
        }
        match args.format {
            Format::Text => writeln!(out, "{step:>width$}  {}", lr::decimal(rate)),
            Format::Csv => writeln!(out, "{step},{}", lr::decimal(rate)),
            Format::Jsonl => writeln!(out, "{{\"step\":{step},\"lr\":{}}}", lr::json(rate)),
            Format::Bits => writeln!(out, "{:08x}", rate.to_bits()),
        }
        .map_err(Failure::Write)?;
    }
    out.flush().map_err(Failure::Write)?;
    if let Some((step, rate)) = non_finite {
        super::note(format_args!("note: {}", first_non_finite(step, rate)));
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
