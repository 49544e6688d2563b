//! `hairpin table`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Failure, interrupt, told};
use hairpin_core::{AnySchedule, Plan};
use hairpin_host::document::SpecError;
use hairpin_host::files;
use hairpin_host::sampling::Sampler;
use hairpin_host::spec::Spec;
use hairpin_host::table_file::{self, TableFileError};
use indicatif::{ProgressBar, ProgressStyle};

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  hairpin table host/examples/digits.toml -o rates
  python3 -c \"import numpy; print(numpy.load('rates/table.npy', mmap_mode='r')[17])\"

Writes table.npy, [trials, steps] of 32-bit floats, and manifest.json. Tables larger than memory are written in windows.
A feedback schedule has no table: its rates depend on the losses.")]
pub(super) struct Arguments {
    /// The specification of the sweep, TOML or YAML
    spec: PathBuf,
    /// The directory to write to
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = Spec::load(&arguments.spec).map_err(Failure::usage)?;
    files::create_dir(&arguments.out).map_err(|error| Failure::usage(told(&error)))?;
    let path = arguments.out.join("table.npy");
    let sampler = Sampler::new(&spec);
    let cancel = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&cancel);
    interrupt::on_interrupt(move || asked.store(true, Ordering::Relaxed));
    let bar = ProgressBar::new(spec.trials.saturating_mul(u64::from(spec.train.steps)));
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {percent:>3} %  {per_sec} cells  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let written = table_file::write(
        &path,
        spec.trials,
        spec.train.steps,
        |trial| schedule(&sampler, trial),
        |cells| {
            bar.inc(cells);
            !cancel.load(Ordering::Relaxed)
        },
    );
    bar.finish_and_clear();
    match written {
        Ok(()) => {}
        Err(TableFileError::Trial(error)) => return Err(Failure::usage(error)),
        Err(error @ TableFileError::Interrupted) => return Err(Failure::interrupted(error)),
        Err(error) => return Err(Failure::usage(told(&error))),
    }
    let manifest = serde_json::json!({
        "format": 1,
        "hairpin": env!("CARGO_PKG_VERSION"),
        "name": spec.name,
        "spec_hash": spec.hash(),
        "seed": spec.seed,
        "shape": [spec.trials, spec.train.steps],
        "dtype": "float32",
        "spec": serde_json::from_str::<serde_json::Value>(&spec.canonical_json()).unwrap_or_default(),
    });
    let manifest_path = arguments.out.join("manifest.json");
    files::write(&manifest_path, format!("{manifest:#}\n"))
        .map_err(|error| Failure::usage(told(&error)))?;
    println!(
        "{}  [{}, {}] f32",
        path.display(),
        spec.trials,
        spec.train.steps
    );
    println!("{}", manifest_path.display());
    Ok(())
}

fn schedule(sampler: &Sampler<'_>, index: u64) -> Result<AnySchedule, SpecError> {
    let trial = sampler.trial(index)?;
    match trial.plan {
        Plan::Schedule(schedule) => Ok(schedule),
        Plan::Feedback(_) => Err(SpecError::whole(
            format!(
                "trial {index} draws `{}`, whose rates depend on losses: it has no table",
                trial.schedule.innermost().name
            ),
            "leave that alternative out, or run `hairpin sweep`, which writes the rates it came to",
        )),
    }
}
