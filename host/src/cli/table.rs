//! `hairpin table`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Failure, interrupt, note, print, progress, told};
use hairpin_core::{AnySchedule, Feedback, Plan};
use hairpin_host::document::SpecError;
use hairpin_host::files;
use hairpin_host::sampling::Sampler;
use hairpin_host::spec::Spec;
use hairpin_host::table_file::{self, Cell, TableFileError};

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  hairpin table host/examples/digits.toml -o rates
  python3 -c \"import numpy; print(numpy.load('rates/table.npy', mmap_mode='r')[17])\"

Writes table.npy, [trials, steps] of 32-bit floats, and manifest.json. Tables larger than memory are written in windows.
A schedule whose rates depend on the losses, or on a walk over all steps before, has no table.")]
pub(super) struct Arguments {
    /// The specification of the sweep, TOML or YAML
    spec: PathBuf,
    /// The directory to write to
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = Spec::load(&arguments.spec).map_err(Failure::usage)?;
    let dir = &arguments.out;
    claim(dir, &spec)?;
    let fresh = !dir.exists();
    files::create_dir(dir).map_err(|error| Failure::usage(told(&error)))?;
    let written = write(&spec, dir);
    if written.is_err() && fresh {
        // Removes it only if nothing is in it.
        let _ = std::fs::remove_dir(dir);
    }
    if let Some(Cell { trial, step }) = written? {
        note(format_args!(
            "note: the rate of trial {trial} at step {step} is the first that is no finite number"
        ));
    }
    print(&format!(
        "{}  [{}, {}] f32\n{}\n",
        dir.join(TABLE).display(),
        spec.trials,
        spec.train.steps,
        dir.join(MANIFEST).display()
    ))
}

const TABLE: &str = "table.npy";
const MANIFEST: &str = "manifest.json";

/// Refuses a directory that holds anything but this very table.
fn claim(dir: &Path, spec: &Spec) -> Result<(), Failure> {
    let foreign = |what: &str| {
        Failure::usage(miette::miette!(
            help = "choose another directory with -o, or remove that one",
            "{} holds {what}",
            dir.display()
        ))
    };
    let manifest = match std::fs::read(dir.join(MANIFEST)) {
        Ok(manifest) => manifest,
        Err(_) if dir.join(TABLE).exists() => return Err(foreign("a table without its manifest")),
        Err(_) => return Ok(()),
    };
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
    if manifest["holds"] != "table" {
        return Err(foreign(
            "something else: its manifest.json is not a table's",
        ));
    }
    if manifest["spec_hash"] != spec.hash() {
        return Err(foreign("the table of another specification"));
    }
    Ok(())
}

/// Writes the manifest, then the table: a kill between the two leaves a promise, never a table of something else.
fn write(spec: &Spec, dir: &Path) -> Result<Option<Cell>, Failure> {
    files::remove_leftovers(dir).map_err(|error| Failure::usage(told(&error)))?;
    let sampler = Sampler::new(spec);
    // Before anything is written: an alternative without a table is most often seen at the first trials.
    schedule(&sampler, 0).map_err(Failure::usage)?;
    let manifest = serde_json::json!({
        "holds": "table",
        "format": 1,
        "hairpin": env!("CARGO_PKG_VERSION"),
        "name": spec.name,
        "spec_hash": spec.hash(),
        "seed": spec.seed,
        "shape": [spec.trials, spec.train.steps],
        "dtype": "float32",
        "spec": serde_json::from_str::<serde_json::Value>(&spec.canonical_json()).unwrap_or_default(),
    });
    let manifest_path = dir.join(MANIFEST);
    let fresh = !manifest_path.exists();
    files::write(&manifest_path, format!("{manifest:#}\n"))
        .map_err(|error| Failure::usage(told(&error)))?;
    let cancel = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&cancel);
    interrupt::on_interrupt(move || asked.store(true, Ordering::Relaxed));
    let bar = progress(
        spec.trials.saturating_mul(u64::from(spec.train.steps)),
        "cells",
    );
    let written = table_file::write(
        &dir.join(TABLE),
        spec.trials,
        spec.train.steps,
        |trial| schedule(&sampler, trial),
        |cells| {
            bar.inc(cells);
            !cancel.load(Ordering::Relaxed)
        },
    );
    bar.finish_and_clear();
    if written.is_err() && fresh {
        let _ = std::fs::remove_file(&manifest_path);
    }
    match written {
        Ok(non_finite) => Ok(non_finite),
        Err(TableFileError::Trial(error)) => Err(Failure::usage(error)),
        Err(error @ TableFileError::Interrupted) => Err(Failure::interrupted(error)),
        Err(error) => Err(Failure::usage(told(&error))),
    }
}

fn schedule(sampler: &Sampler<'_>, index: u64) -> Result<AnySchedule, SpecError> {
    let trial = sampler.trial(index)?;
    match trial.plan {
        Plan::Schedule(schedule) => Ok(schedule),
        Plan::Feedback(feedback) => {
            let why = if feedback.needs_losses() {
                "whose rates depend on losses: it has no table"
            } else {
                "which is walked step by step and has no table"
            };
            Err(SpecError::whole(
                format!(
                    "trial {index} draws `{}`, {why}",
                    trial.schedule.innermost().name
                ),
                "leave that alternative out, or run `hairpin sweep`, which writes the rates it came to",
            ))
        }
    }
}
