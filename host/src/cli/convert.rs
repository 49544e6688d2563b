//! `hairpin convert`

use clap::ValueEnum;
use hairpin_host::convert::{Converted, Name, Target};
use hairpin_host::document::SpecError;
use hairpin_host::spec::ScheduleTemplate;

use super::{Failure, note, print, schedule_document, told};

#[derive(clap::Args)]
#[command(
    override_usage = "hairpin convert TABLE|@FILE [--to toml|json|rust|c] [--name NAME] [--faithful]",
    after_help = "\
Examples:
  hairpin convert 'kind = \"torch.CosineAnnealingLR\", lr = 0.1, T_max = 100'
  hairpin convert --schedule @schedule.toml --to c --name warmup > warmup.h
  hairpin convert 'kind = \"torch.OneCycleLR\", max_lr = 0.1, total_steps = 100' --to rust > src/schedule.rs
  hairpin convert @schedule.json > own.toml; hairpin lr --schedule @own.toml --steps 0..100

The rates are the same, bit for bit. What is to be known about a translation stands in comments, as does the momentum that
some libraries move with the rate; JSON has no comments, so that both are told on standard error. Rust and C hold the bytes
that hairpin_core::Recorded::from_record (a kind by its own type, so that no other is linked) or hairpin_core::Composed
and hairpin_schedule_load read. With --name rate a header defines rate_bytes,
RATE_BYTES_LEN and RATE_BYTES_PIECES, a module RATE and rate(); the momentum's names are those of rate_momentum.

Exit status: 0 done, 1 standard output failed, 2 the schedule or the name is refused."
)]
pub(super) struct Arguments {
    /// A schedule as a TOML table (with or without its braces) or a JSON object, or @FILE
    #[arg(value_name = "TABLE|@FILE", required_unless_present = "schedule")]
    table: Option<String>,

    /// The same as an option, as for `hairpin lr`
    #[arg(long, value_name = "TABLE|@FILE", conflicts_with = "table")]
    schedule: Option<String>,

    /// What is written
    #[arg(long, value_enum, default_value_t = To::Toml)]
    to: To,

    /// What the items are called in Rust and C: headers and modules of different names stand beside one another
    #[arg(long, value_name = "NAME", default_value = "schedule")]
    name: Name,

    /// Reproduce steps at which the library leaves its own formula, where its rule is well defined
    #[arg(long)]
    faithful: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum To {
    /// A table for `hairpin lr` and for specifications
    Toml,
    /// The same as a JSON object
    Json,
    /// A Rust module
    Rust,
    /// A C header
    C,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (option, given) = match (&arguments.schedule, &arguments.table) {
        (Some(given), _) => ("--schedule", given),
        (None, Some(given)) => ("TABLE", given),
        // The parser of the arguments asks for one of the two; this keeps the match total.
        (None, None) => {
            let error = SpecError::whole("no schedule is given", "give its table, or @FILE");
            return Err(Failure::usage(error));
        }
    };
    let document = schedule_document(option, given).map_err(Failure::usage)?;
    let at = document.at().named("schedule");
    let converted = ScheduleTemplate::read(&at)
        .and_then(|template| Converted::new(&template, arguments.faithful))
        .map_err(Failure::usage)?;
    let target = match arguments.to {
        To::Toml => Target::Toml,
        To::Json => Target::Json,
        To::Rust => Target::Rust,
        To::C => Target::C,
    };
    let text = converted
        .text(target, &arguments.name)
        .map_err(|error| Failure::failed(told(&error)))?;
    print(&text)?;
    if target == Target::Json {
        for remark in &converted.remarks {
            note(format_args!("note: {remark}"));
        }
        if let Some(momentum) = &converted.momentum {
            note(format_args!("note: its momentum is {}", momentum.json()));
        }
    }
    Ok(())
}
