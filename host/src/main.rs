//! The `hairpin` command line: parses and prints, the library does the work.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
