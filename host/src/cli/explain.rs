//! `hairpin explain`

use std::path::PathBuf;

use super::{Failure, print, told};
use hairpin_host::explain;

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  hairpin explain -o lesson        # then open lesson/explain.html")]
pub(super) struct Arguments {
    /// The directory to write the page and its pictures to
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let written = explain::write(&arguments.out).map_err(|error| Failure::usage(told(&error)))?;
    let lines: String = written
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect();
    print(&lines)
}
