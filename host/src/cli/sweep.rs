//! `hairpin sweep`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Failure, interrupt, note, print, progress, told};
use clap::ValueEnum;
use hairpin_cuda::{Gpu, GpuError};
use hairpin_host::report::ReportError;
use hairpin_host::spec::Spec;
use hairpin_host::sweep::{self, Manifest, SweepError};
use hairpin_host::train::Watch;

/// Leaders that are printed; the page shows more.
const PRINTED: usize = 5;

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  hairpin sweep host/examples/digits.toml
  hairpin sweep digits.yaml -o runs/second-try
  hairpin sweep digits.yaml --backend cuda      # on the first NVIDIA GPU, with the same bytes in every file

Stop it with Ctrl-C at any time: the same command goes on from the directory and ends with the same bits. A finished
sweep prints its result again. Open index.html in the directory to see it.")]
pub(super) struct Arguments {
    /// The specification of the sweep, TOML or YAML
    spec: PathBuf,
    /// The directory of the sweep [default: runs/NAME, the name of the spec]
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What trains the trials
    #[arg(long, value_enum, default_value_t = Backend::Auto)]
    backend: Backend,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backend {
    /// A GPU, where there is one and the sweep is large enough to be worth its start; else all cores
    Auto,
    /// All cores of this machine
    Cpu,
    /// The first NVIDIA GPU; CUDA_VISIBLE_DEVICES chooses another
    Cuda,
}

/// Trial-steps from which on a GPU is worth the seconds that its driver may take to compile the kernels.
const WORTH_A_GPU: u64 = 4_000_000;

impl Backend {
    /// What trains `spec`, and what is to be said about it.
    fn choose(self, spec: &Spec) -> Result<sweep::Backend, Failure> {
        let trial_steps = spec.trials.saturating_mul(u64::from(spec.train.steps));
        let wanted = match self {
            Self::Cpu => false,
            Self::Auto => trial_steps >= WORTH_A_GPU,
            Self::Cuda => true,
        };
        if !wanted {
            return Ok(sweep::Backend::Cpu);
        }
        match (Gpu::open(), self) {
            (Ok(gpu), _) => {
                note(format_args!("training on {}", gpu.name()));
                Ok(sweep::Backend::Gpu(gpu))
            }
            (Err(error), Self::Cuda) => Err(Failure::usage(miette::miette!(
                help = "write --backend auto, which takes a GPU only where one can be used",
                "--backend cuda: {error}"
            ))),
            // Most machines have none, and need not be told.
            (Err(GpuError::NoDriver | GpuError::NoDevice), _) => Ok(sweep::Backend::Cpu),
            (Err(error), _) => {
                note(format_args!("training on the CPU: {error}"));
                Ok(sweep::Backend::Cpu)
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = Spec::load(&arguments.spec).map_err(Failure::usage)?;
    let dir = arguments
        .out
        .clone()
        .unwrap_or_else(|| Path::new("runs").join(&spec.name));
    let backend = arguments.backend.choose(&spec)?;
    let watch = Arc::new(Watch::default());
    let asked = Arc::clone(&watch);
    interrupt::on_interrupt(move || asked.cancel.store(true, Ordering::Relaxed));
    let begun = Instant::now();
    let result = with_progress(&spec, &watch, || sweep::run(&spec, &dir, &backend, &watch));
    match result {
        Ok(manifest) => {
            let steps = watch.trial_steps.load(Ordering::Relaxed);
            if steps > 0 {
                let seconds = begun.elapsed().as_secs_f64();
                note(format_args!(
                    "{:.1} s, {:.0} trial-steps/s",
                    seconds,
                    steps as f64 / seconds
                ));
            }
            if !dir.join("index.html").exists() {
                note(format_args!(
                    "note: the page of this finished sweep is gone: remove {} to train it again",
                    dir.display()
                ));
            }
            print(&summary(&manifest, &dir))
        }
        Err(SweepError::Spec(error)) => Err(Failure::usage(error)),
        Err(error @ SweepError::Interrupted { .. }) => Err(Failure::interrupted(error)),
        // What was asked for cannot be trained, or the place does not take it.
        Err(
            error @ (SweepError::Data(_)
            | SweepError::Train(_)
            | SweepError::TooManyTrials { .. }
            | SweepError::AnotherSweep { .. }
            | SweepError::NotASweep { .. }
            | SweepError::ForeignJournal { .. }
            | SweepError::Changed { .. }
            | SweepError::Busy { .. }
            | SweepError::Write(_)
            | SweepError::Report(ReportError::Write(_))),
        ) => Err(Failure::usage(told(&error))),
        Err(error) => Err(Failure::failed(told(&error))),
    }
}

/// Shows how far `work` is, if somebody is looking.
fn with_progress<T>(spec: &Spec, watch: &Watch, work: impl FnOnce() -> T) -> T {
    let total = spec.trials.saturating_mul(u64::from(spec.train.steps));
    let bar = progress(total, "trial-steps");
    if bar.is_hidden() {
        return work();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                bar.set_position(watch.trial_steps.load(Ordering::Relaxed));
                std::thread::sleep(Duration::from_millis(100));
            }
            bar.finish_and_clear();
        });
        // Set however the work ends: the thread above waits for it.
        let _finished = Finished(&done);
        work()
    })
}

struct Finished<'a>(&'a AtomicBool);

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What came out, in a few lines.
fn summary(manifest: &Manifest, dir: &Path) -> String {
    let Manifest {
        name,
        trials,
        steps,
        metric,
        leaders,
        ..
    } = manifest;
    let mut text = format!("{name}: {trials} trials, {steps} steps each\n");
    text += &match manifest.diverged {
        Some(0) | None => "none diverged\n".to_owned(),
        Some(diverged) => format!("{diverged} diverged\n"),
    };
    text += &if leaders.is_empty() {
        "no trial finished: lower the learning rates\n".to_owned()
    } else {
        format!("best by {metric}:\n")
    };
    for leader in leaders.iter().take(PRINTED) {
        let update: String = leader
            .sgd
            .iter()
            .map(|(name, value)| format!(", {name} = {value}"))
            .collect();
        text += &format!(
            "  {:<9.6} accuracy {:.4}  trial {}{update}\n            {}\n",
            leader.metric, leader.accuracy, leader.trial, leader.schedule
        );
    }
    text + &format!("open {}\n", dir.join("index.html").display())
}
