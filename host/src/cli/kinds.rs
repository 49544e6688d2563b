//! `hairpin kinds`

use clap::ValueEnum;
use hairpin_host::document::SpecError;
use hairpin_host::kinds::{self, Asked};

use super::{Failure, print};

#[derive(clap::Args)]
#[command(
    override_usage = "hairpin kinds [NAME|LIBRARY] [--format text|json]",
    after_help = "\
Examples:
  hairpin kinds                          # our own kinds
  hairpin kinds cosine_annealing         # one of them: parameters, a drawing, a call to try
  hairpin kinds torch                    # the schedulers of a library
  hairpin kinds torch.OneCycleLR
  hairpin kinds --format json

Drawings show an example over 100 steps, from 0 to its highest rate.

Exit status: 0 done, 1 standard output failed, 2 there is nothing of that name."
)]
pub(super) struct Arguments {
    /// A kind, or a library
    #[arg(value_name = "NAME|LIBRARY")]
    name: Option<String>,

    /// A library
    #[arg(long, value_name = "LIBRARY", conflicts_with = "name")]
    library: Option<String>,

    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    Text,
    /// A JSON array, one object a kind
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let asked = match (&arguments.name, &arguments.library) {
        (Some(name), _) => Some(find(name)?),
        (None, Some(name)) => Some(library(name)?),
        (None, None) => None,
    };
    if arguments.format == Format::Json {
        let json = match asked {
            None => kinds::json(kinds::kinds_of(None)),
            Some(Asked::Library(library)) => kinds::json(kinds::kinds_of(Some(library))),
            Some(Asked::Kind(kind)) => kinds::json([kind]),
        };
        return print(&format!("{json:#}\n"));
    }
    print(&match asked {
        None => kinds::own(),
        Some(Asked::Library(library)) => kinds::library(library),
        Some(Asked::Kind(kind)) => kinds::page(kind),
    })
}

fn find(name: &str) -> Result<Asked, Failure> {
    kinds::find(name).map_err(|nearest| {
        let remedy = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`hairpin kinds` lists all".to_owned(),
        };
        Failure::usage(SpecError::whole(
            format!("there is no kind or library `{name}`"),
            remedy,
        ))
    })
}

fn library(name: &str) -> Result<Asked, Failure> {
    let known = kinds::libraries();
    match known.iter().find(|library| **library == name) {
        Some(library) => Ok(Asked::Library(library)),
        None => Err(Failure::usage(SpecError::whole(
            format!("there is no library `{name}`"),
            format!("those known are {}", known.join(", ")),
        ))),
    }
}
