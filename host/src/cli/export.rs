//! `hairpin export`

use std::io::{self, IsTerminal};
use std::ops::Range;
use std::path::PathBuf;

use clap::ValueEnum;
use hairpin_host::convert::Name;
use hairpin_host::export::{Choice, ExportError, FlashSize, Language, RateTable, Tuned};
use hairpin_host::files;
use hairpin_host::lr::Steps;

use super::{Failure, note, print_bytes, told};

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hairpin export runs/digits --format rust -o src/tuned.rs      # then `mod tuned;`, or include!
  hairpin export runs/digits --format c --name digits > digits.h
  hairpin export runs/digits --trial 17 --format bytes -o tuned.bin
  hairpin export runs/digits --format table --stride 10 --flash 16K > rates.h
  hairpin export runs/digits --format table --lang rust --steps 0..1000

rust    TUNED_SCHEDULE and TUNED_SGD, bytes, with tuned_schedule() and tuned_sgd() that read them with hairpin-core;
        TUNED_MOMENTUM where the momentum goes with the step; TUNED_STEPS, how many updates the trial made
c       tuned_schedule and tuned_sgd, for hairpin_schedule_load and hairpin_sgd_load of the C interface; TUNED_..._LEN,
        TUNED_SCHEDULE_PIECES, an error of the compiler where it is above HAIRPIN_PIECES; TUNED_STEPS
bytes   all of it as one record with a checksum, which hairpin_core::Recipe reads from the front of a page of flash
table   const float tuned_rates[] and tuned_rate_at(step), for a chip that is to compute nothing: the bits of the trial as
        hexadecimal constants (C99, or C++17); with a stride each is held until the next

The trial is drawn again from the specification and compared with the parameters and the rates that the sweep wrote down, bit for bit.

Exit status: 0 done, 1 standard output failed, 2 there is no such trial, or it cannot be written as asked.")]
pub(super) struct Arguments {
    /// The directory of a finished sweep
    #[arg(value_name = "SWEEP_DIR")]
    sweep: PathBuf,
    /// The trial with this number, or the best by the sweep's metric
    #[arg(long, value_name = "best|N", default_value = "best")]
    trial: Choice,
    /// What is written
    #[arg(long, value_enum)]
    format: Format,
    /// Where it is written to, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What the items of a text are called in front [default: tuned]
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// Of a table: what it is written in [default: c]
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Of a table: the steps it covers, the end excluded [default: those of the sweep]
    #[arg(long, value_name = "A..B")]
    steps: Option<String>,
    /// Of a table: every how many steps there is a rate [default: 1]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    stride: Option<u32>,
    /// Of a table: how many bytes there are for it; an error where they are not enough
    #[arg(long, value_name = "SIZE")]
    flash: Option<FlashSize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A Rust module against hairpin-core
    Rust,
    /// A C header for the C interface
    C,
    /// One record
    Bytes,
    /// The rates as constants
    Table,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Lang {
    /// A C header
    C,
    /// A Rust module
    Rust,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    check(arguments)?;
    let steps = arguments.steps.as_deref().map(range).transpose()?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => Name::tuned(),
    };
    let tuned = Tuned::read(&arguments.sweep, arguments.trial).map_err(refused)?;
    let content = match arguments.format {
        Format::Rust => tuned.rust(&name).map(String::into_bytes),
        Format::C => tuned.c(&name).map(String::into_bytes),
        Format::Bytes => tuned.bytes(),
        Format::Table => {
            let table = RateTable {
                language: match arguments.lang {
                    None | Some(Lang::C) => Language::C,
                    Some(Lang::Rust) => Language::Rust,
                },
                steps: steps.clone(),
                stride: arguments.stride.unwrap_or(1),
                flash: arguments.flash,
            };
            tuned.table(&table, &name).map(String::into_bytes)
        }
    };
    let content = content.map_err(refused)?;
    if let Some(Range { end, .. }) = steps.filter(|steps| steps.end > u64::from(tuned.steps())) {
        note(format_args!(
            "note: the trial took {} steps, the table goes to step {}",
            tuned.steps(),
            end - 1
        ));
    }
    match &arguments.out {
        Some(path) => files::write(path, content).map_err(|error| Failure::usage(told(&error))),
        None => print_bytes(&content),
    }
}

/// Refuses options that have nothing to say for the format.
fn check(arguments: &Arguments) -> Result<(), Failure> {
    let is_table = arguments.format == Format::Table;
    let given = [
        ("--lang", arguments.lang.is_some()),
        ("--steps", arguments.steps.is_some()),
        ("--stride", arguments.stride.is_some()),
        ("--flash", arguments.flash.is_some()),
    ];
    if let Some((option, _)) = given.iter().find(|(_, given)| *given && !is_table) {
        return Err(Failure::usage(miette::miette!(
            help = "write --format table, or leave it out",
            "{option} is of a table"
        )));
    }
    if arguments.format != Format::Bytes {
        return Ok(());
    }
    if arguments.name.is_some() {
        return Err(Failure::usage(miette::miette!(
            help = "leave it out, or choose another --format",
            "--name: there are no names in bytes"
        )));
    }
    if arguments.out.is_none() && io::stdout().is_terminal() {
        return Err(Failure::usage(miette::miette!(
            help = "write -o FILE, or pipe them on",
            "bytes are not for a terminal"
        )));
    }
    Ok(())
}

/// One range of steps.
fn range(text: &str) -> Result<Range<u64>, Failure> {
    if text.contains([',', ':']) {
        return Err(Failure::usage(miette::miette!(
            help = "write --steps 0..1000, and --stride 10 for every tenth",
            "--steps {text}: a table covers one range"
        )));
    }
    let steps = Steps::parse(text).map_err(Failure::usage)?;
    Ok(u64::from(steps.min())..u64::from(steps.max()) + 1)
}

fn refused(error: ExportError) -> Failure {
    match error {
        ExportError::Spec(error) => Failure::usage(error),
        error => Failure::usage(told(&error)),
    }
}
