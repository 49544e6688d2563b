//! The verbs of the command line: each parses its arguments, calls the library and prints.

mod lr;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Learning-rate schedules: rates, tables, and sweeps over thousands of trials
#[derive(Debug, Parser)]
#[command(name = "hairpin", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Lr(lr::LrArgs),
}

impl Cli {
    pub(crate) fn run(&self) -> ExitCode {
        match &self.verb {
            Verb::Lr(args) => lr::run(args),
        }
    }
}
