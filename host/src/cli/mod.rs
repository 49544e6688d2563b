//! The verbs.

mod convert;
mod explain;
mod export;
mod interrupt;
mod kinds;
mod lr;
mod sweep;
mod table;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hairpin_host::document::{Document, Source, SpecError};
use indicatif::{ProgressBar, ProgressStyle};

/// Failed for a reason that lies in this machine or this program.
const FAILED: u8 = 1;

/// Failed for a reason that lies in what was asked: wrong input, or a place that cannot be written to.
const USAGE: u8 = 2;

/// Stopped by Ctrl-C, as shells report it.
const INTERRUPTED: u8 = 130;

#[derive(Parser)]
#[command(
    name = "hairpin",
    version,
    about = "Learning-rate schedules: the same 32 bits on the workstation and on the chip",
    after_help = "\
Examples:
  hairpin lr --schedule '{ kind = \"cosine_annealing\", learning_rate = 0.1, t_max = 100 }' --steps 0..100:10
  hairpin kinds cosine_annealing
  hairpin convert 'kind = \"torch.CosineAnnealingLR\", lr = 0.1, T_max = 100' --to rust
  hairpin sweep host/examples/digits.toml
  hairpin table host/examples/digits.toml -o rates
  hairpin export runs/digits --format rust -o src/tuned.rs
  hairpin explain -o lesson

Exit status: 0 done, 1 failed, 2 the input is wrong or the output has no room, 130 interrupted."
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Lr(lr::LrArgs),
    /// Write a schedule in our own kinds: as a table, or as Rust or C
    Convert(convert::Arguments),
    /// List the kinds of schedules: parameters, formulas, drawings
    Kinds(kinds::Arguments),
    /// Write the rates of every trial of a sweep as a table
    Table(table::Arguments),
    /// Train every trial of a sweep, and show what came out
    Sweep(sweep::Arguments),
    /// Write a trial of a finished sweep for the program it ships in: Rust, C, bytes, or a table
    Export(export::Arguments),
    /// Write the lesson: what a learning rate does, in pictures
    Explain(explain::Arguments),
}

/// Why a verb did not end well, and the status the process ends with.
struct Failure {
    report: miette::Report,
    status: u8,
}

impl Failure {
    /// The input is wrong, or the output has no room: the message says what to change.
    fn usage(error: impl Into<miette::Report>) -> Self {
        Self {
            report: error.into(),
            status: USAGE,
        }
    }

    /// Something failed that no other input would mend.
    fn failed(error: impl Into<miette::Report>) -> Self {
        Self {
            report: error.into(),
            status: FAILED,
        }
    }

    /// It was stopped and can go on.
    fn interrupted(message: impl std::fmt::Display) -> Self {
        Self {
            report: miette::miette!("{message}"),
            status: INTERRUPTED,
        }
    }
}

pub(crate) fn run() -> ExitCode {
    let result = match Arguments::parse().verb {
        Verb::Lr(arguments) => return lr::run(&arguments),
        Verb::Convert(arguments) => convert::run(&arguments),
        Verb::Kinds(arguments) => kinds::run(&arguments),
        Verb::Table(arguments) => table::run(&arguments),
        Verb::Sweep(arguments) => sweep::run(&arguments),
        Verb::Export(arguments) => export::run(&arguments),
        Verb::Explain(arguments) => explain::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { report, status }) => {
            note(format_args!("{report:?}"));
            ExitCode::from(status)
        }
    }
}

/// Reads the table of a schedule as it is given to `option`: the table itself, or @FILE.
fn schedule_document(option: &str, given: &str) -> Result<Document, SpecError> {
    match given.strip_prefix('@') {
        Some(path) => Document::load(Path::new(path)),
        None => Document::parse_inline(Source::new(option, given)),
    }
}

/// Prints a result to standard output. Whoever closed it has seen enough.
fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// The same of a result that is no text.
fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(
            miette::miette!("cannot write to standard output: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Tells something on standard error, if anybody can hear it.
fn note(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A progress bar over `total`, counted in `unit`; hidden where nobody looks.
fn progress(total: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = format!("{{bar:40}} {{percent:>3}} %  {{per_sec}} {unit}  {{eta}} left");
    // A template of our own that indicatif cannot read leaves its default.
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// An error of the library, in the words of its own message.
fn told(error: &impl std::error::Error) -> miette::Report {
    miette::miette!("{error}")
}
