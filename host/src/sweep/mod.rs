//! A sweep as a directory: every trial trained, what was finished kept, and what a person looks at written at the end.
//!
//! | file | what |
//! |---|---|
//! | `index.html` | the page to open first, with all figures |
//! | `*.svg` | the figures by themselves |
//! | `results.csv` | a row a trial: what it drew, how it ended |
//! | `tables.npy` | `[trials, steps]` the rate of every step, `f32` |
//! | `losses.npy`, `accuracies.npy` | `[trials, evaluations]` on the validation part, NaN from a divergence on |
//! | `manifest.json` | the specification, its hash, the seed, versions, the leaders |
//! | `journal` | what is finished so far; removed at the end |
//!
//! A sweep can be stopped at any time, by Ctrl-C or by a kill, and goes on from its directory; it ends with the same bytes
//! in every file as one that was never stopped.

mod journal;
mod manifest;
mod record;
mod results;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use hairpin_core::{ConfigError, Plan, Sgd};
use hairpin_cuda::{Gpu, GpuError};
use rayon::prelude::*;

use crate::data::{self, DataError, Dataset};
use crate::document::SpecError;
use crate::files::{self, WriteError};
use crate::report::ReportError;
use crate::sampling::{Sampler, Trial};
use crate::spec::{DataSource, MetricName, Model, Spec};
use crate::table::{self, TableError};
use crate::train::{
    self, BlockEnd, BlockState, Engine, OnGpuError, Rates, TrainConfig, TrainError, TrialOutcome,
    Watch,
};
use journal::{Journal, Opened};
pub(crate) use manifest::FORMAT;
pub use manifest::{Leader, Manifest, State};
use record::Record;
use results::Results;
pub(crate) use results::replay;

/// Most trials of a sweep: all of them are in memory.
pub const TRIALS_MAX: u64 = 1 << 22;

/// Rates of a block that are laid out as a table beforehand; longer ones are computed step by step.
const TABLE_CELLS: usize = 1 << 24;

/// What trains the trials. The bits are the same.
#[derive(Clone, Debug, Default)]
pub enum Backend {
    /// All threads of rayon's pool.
    #[default]
    Cpu,
    /// A GPU.
    Gpu(Gpu),
}

/// Why a sweep did not finish. What it has finished is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The specification is wrong, or a trial it draws.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The data cannot be used.
    #[error("train.data: {0}")]
    Data(#[from] DataError),
    /// What is to be trained does not fit the data.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The update of a trial is refused.
    #[error(transparent)]
    Update(#[from] ConfigError),
    /// The rates of a trial cannot be laid out.
    #[error(transparent)]
    Table(#[from] TableError),
    /// There are more trials than fit in memory.
    #[error(
        "trials = {trials}: a sweep trains at most {TRIALS_MAX}; try fewer, or part it by `seed`"
    )]
    TooManyTrials {
        /// How many there are.
        trials: u64,
    },
    /// The directory holds another sweep.
    #[error(
        "{} holds another sweep ({name}, specification {found}, this one is {expected}): choose another directory with -o, or remove that one",
        dir.display()
    )]
    AnotherSweep {
        /// The directory.
        dir: PathBuf,
        /// What is in it.
        name: String,
        /// The hash of its specification, shortened.
        found: String,
        /// The hash of this one's.
        expected: String,
    },
    /// The directory holds something that is no sweep.
    #[error("{} is not empty and holds no sweep: choose another directory with -o", dir.display())]
    NotASweep {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory has a journal that is not this sweep's.
    #[error("{} is not this sweep's: remove it, or choose another directory with -o", path.display())]
    ForeignJournal {
        /// The file.
        path: PathBuf,
    },
    /// The sweep was begun on other data, or by another version, and cannot go on with the same bits.
    #[error("{} was begun with {field} {found}, now it is {expected}: restore that, or choose another directory with -o", dir.display())]
    Changed {
        /// The directory.
        dir: PathBuf,
        /// What changed.
        field: &'static str,
        /// What it was.
        found: String,
        /// What it is.
        expected: String,
    },
    /// Another process works in the directory.
    #[error("{}: another process is running this sweep: wait for it, or choose another directory with -o", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
    },
    /// The GPU, or its driver.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// A file could not be written or read.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The report could not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// It was asked to stop.
    #[error("stopped with {done} of {trials} trials finished: the same command goes on from {}", dir.display())]
    Interrupted {
        /// The directory.
        dir: PathBuf,
        /// Trials that are finished.
        done: u64,
        /// Trials there are.
        trials: u64,
    },
}

impl From<OnGpuError> for SweepError {
    fn from(error: OnGpuError) -> Self {
        match error {
            OnGpuError::Train(error) => Self::Train(error),
            OnGpuError::Table(error) => Self::Table(error),
            OnGpuError::Gpu(error) => Self::Gpu(error),
        }
    }
}

/// Runs the sweep in `dir`, or goes on with it, or finds it finished. It may go on with another backend than it was begun with.
///
/// `watch` counts trial-steps, those of an earlier run included, and can stop it.
///
/// # Errors
/// Whatever is wrong with the specification, the data or the directory; [`SweepError::Interrupted`] when it was stopped.
pub fn run(
    spec: &Spec,
    dir: &Path,
    backend: &Backend,
    watch: &Watch,
) -> Result<Manifest, SweepError> {
    let path = dir.join(journal::NAME);
    let begun = manifest::find(dir, spec)?;
    if let Some(finished) = begun.clone().filter(Manifest::is_finished) {
        return Ok(finished);
    }
    if spec.trials > TRIALS_MAX {
        return Err(SweepError::TooManyTrials {
            trials: spec.trials,
        });
    }
    let data = load(&spec.train.data)?;
    let engine = Engine::new(&data, train_config(spec))?;
    let trials = draw(spec)?;
    let manifest = Manifest::begin(spec, &engine);
    if let Some(begun) = &begun {
        begun.check_unchanged(&manifest, dir)?;
    }
    files::create_dir(dir)?;
    // Held to the end: from here on nobody else writes in the directory.
    let identity = format!("{} {}", manifest.spec_hash, manifest.training_hash);
    let (journal, records) = match Journal::open(&path, &identity).map_err(files::at(&path))? {
        Opened::Ours(journal, records) => (Mutex::new(journal), records),
        Opened::Busy => {
            return Err(SweepError::Busy {
                dir: dir.to_path_buf(),
            });
        }
        Opened::Foreign => {
            return Err(SweepError::ForeignJournal { path });
        }
    };
    // Asked again: another process may have begun the sweep, or finished it, before this one held the journal.
    let begun = manifest::find(dir, spec)?;
    if let Some(finished) = begun.clone().filter(Manifest::is_finished) {
        let _ = std::fs::remove_file(&path);
        return Ok(finished);
    }
    files::remove_leftovers(dir)?;
    if begun.is_none() {
        manifest.write(dir)?;
    }
    let training = Training {
        spec,
        engine: &engine,
        trials: &trials,
        backend,
        watch,
        path: &path,
    };
    let outcomes = training.finish(&journal, records)?;
    let done = outcomes.iter().flatten().count() as u64;
    let stopped = || SweepError::Interrupted {
        dir: dir.to_path_buf(),
        done,
        trials: spec.trials,
    };
    let Some(outcomes) = outcomes.into_iter().collect::<Option<Vec<_>>>() else {
        return Err(stopped());
    };
    let results = Results {
        spec,
        engine: &engine,
        trials: &trials,
        outcomes: &outcomes,
        dir,
    };
    let Some(manifest) = results.write(manifest, &watch.cancel)? else {
        return Err(stopped());
    };
    // The journal has done its duty: the manifest says that all is there. Should a kill keep it, it does no harm.
    std::fs::remove_file(&path).map_err(files::at(&path))?;
    Ok(manifest)
}

/// The data a specification names.
///
/// # Errors
/// A file that cannot be read, or rows that cannot be used.
pub fn load(source: &DataSource) -> Result<Dataset, DataError> {
    match source {
        DataSource::Digits => data::digits(),
        DataSource::Csv { path, label, .. } => data::read_csv(path, label),
    }
}

fn train_config(spec: &Spec) -> TrainConfig {
    let train = &spec.train;
    TrainConfig {
        batch: train.batch as usize,
        eval_every: train.eval_every,
        seed: spec.seed,
        divergence_bound: train.divergence_bound as f32,
        metric: match spec.metric.name {
            MetricName::ValLoss => train::Metric::Loss,
            MetricName::ValAccuracy => train::Metric::Accuracy,
        },
        ..TrainConfig::new(
            match train.model {
                Model::Softmax => train::Model::Softmax,
                Model::Mlp { hidden } => train::Model::Mlp {
                    hidden: hidden as usize,
                },
            },
            train.steps,
        )
    }
}

/// Every trial of the sweep, or the error of the first that cannot be.
fn draw(spec: &Spec) -> Result<Vec<Trial>, SpecError> {
    let sampler = Sampler::new(spec);
    let drawn: Vec<Result<Trial, SpecError>> = (0..spec.trials)
        .into_par_iter()
        .map(|index| sampler.trial(index))
        .collect();
    drawn.into_iter().collect()
}

/// What training needs beside the journal.
struct Training<'a> {
    spec: &'a Spec,
    engine: &'a Engine<'a>,
    trials: &'a [Trial],
    backend: &'a Backend,
    watch: &'a Watch,
    path: &'a Path,
}

/// Trials that are through, and what became of them.
type Trained = (Range<u64>, Vec<TrialOutcome>);

/// A block still to be trained, from the start or from where it was stopped.
struct Block {
    trials: Range<u64>,
    state: Option<BlockState>,
}

impl Training<'_> {
    /// Trains what the journal does not hold yet. Where it was stopped, outcomes are missing.
    fn finish(
        &self,
        journal: &Mutex<Journal>,
        records: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<TrialOutcome>>, SweepError> {
        let mut outcomes: Vec<Option<TrialOutcome>> = vec![None; self.trials.len()];
        let mut stopped: Vec<(Range<u64>, Vec<u8>)> = Vec::new();
        for record in records.iter().filter_map(|bytes| Record::from_bytes(bytes)) {
            match record {
                Record::Finished {
                    trials,
                    outcomes: done,
                } => {
                    for (index, outcome) in (trials.start as usize..).zip(done) {
                        if let Some(slot) = outcomes.get_mut(index) {
                            *slot = Some(outcome);
                        }
                    }
                }
                Record::Stopped { trials, state } => {
                    // A block may be stopped more than once: the last state counts.
                    stopped.retain(|(earlier, _)| *earlier != trials);
                    stopped.push((trials, state));
                }
            }
        }
        let done = outcomes.iter().flatten().count() as u64;
        self.watch
            .trial_steps
            .fetch_add(done * u64::from(self.spec.train.steps), Ordering::Relaxed);
        let blocks = self.blocks(&outcomes, stopped)?;
        let ends: Vec<Option<Trained>> = match self.backend {
            Backend::Cpu => blocks
                .into_par_iter()
                .map(|block| self.train(block, journal))
                .collect::<Result<_, SweepError>>()?,
            // One after another: each has the whole GPU.
            Backend::Gpu(_) => blocks
                .into_iter()
                .map(|block| self.train(block, journal))
                .collect::<Result<_, SweepError>>()?,
        };
        for (trials, done) in ends.into_iter().flatten() {
            for (index, outcome) in (trials.start as usize..).zip(done) {
                outcomes[index] = Some(outcome);
            }
        }
        Ok(outcomes)
    }

    /// The trials that are not finished, in blocks for all cores, or for a GPU.
    fn blocks(
        &self,
        outcomes: &[Option<TrialOutcome>],
        stopped: Vec<(Range<u64>, Vec<u8>)>,
    ) -> Result<Vec<Block>, SweepError> {
        let mut covered: Vec<bool> = outcomes.iter().map(Option::is_some).collect();
        let mut blocks = Vec::new();
        for (trials, state) in stopped {
            let range = trials.start as usize..trials.end as usize;
            if covered
                .get(range.clone())
                .is_some_and(|block| block.iter().all(|done| !done))
            {
                covered[range].fill(true);
                blocks.push(Block {
                    trials,
                    state: Some(BlockState::from_bytes(state)),
                });
            }
        }
        let size = match self.backend {
            Backend::Cpu => {
                let open = covered.iter().filter(|done| !**done).count();
                open.div_ceil(rayon::current_num_threads())
                    .clamp(1, self.engine.block_trials())
            }
            Backend::Gpu(gpu) => self.engine.block_trials_on(gpu)?,
        };
        let mut start = 0;
        while start < covered.len() {
            if covered[start] {
                start += 1;
                continue;
            }
            let length = covered[start..]
                .iter()
                .take(size)
                .take_while(|done| !**done)
                .count();
            blocks.push(Block {
                trials: start as u64..(start + length) as u64,
                state: None,
            });
            start += length;
        }
        Ok(blocks)
    }

    /// Trains one block and writes down how far it came.
    fn train(&self, block: Block, journal: &Mutex<Journal>) -> Result<Option<Trained>, SweepError> {
        if self.watch.cancel.load(Ordering::Relaxed) && block.state.is_none() {
            return Ok(None);
        }
        let drawn = &self.trials[block.trials.start as usize..block.trials.end as usize];
        let steps = self.spec.train.steps as usize;
        // A GPU asks for the rates of a few steps at a time.
        let on_cpu = matches!(self.backend, Backend::Cpu);
        let schedules: Vec<_> = drawn
            .iter()
            .filter_map(|trial| match &trial.plan {
                Plan::Schedule(schedule) if on_cpu => Some(schedule.clone()),
                Plan::Schedule(_) | Plan::Feedback(_) => None,
            })
            .collect();
        let laid_out = on_cpu && schedules.len().saturating_mul(steps) <= TABLE_CELLS;
        let mut table = vec![0.0; if laid_out { schedules.len() * steps } else { 0 }];
        table::fill(&schedules, 0, &mut table)?;
        let mut rows = table.chunks_exact(steps);
        let trials = drawn
            .iter()
            .map(|trial| {
                let rates = match (&trial.plan, laid_out) {
                    (Plan::Schedule(_), true) => Rates::Table(rows.next().unwrap_or_default()),
                    (plan, _) => Rates::from(plan),
                };
                Ok(train::Trial {
                    rates,
                    momentum: trial.momentum.as_ref(),
                    sgd: Sgd::new(trial.sgd)?,
                })
            })
            .collect::<Result<Vec<_>, ConfigError>>()?;
        let (engine, watch) = (self.engine, self.watch);
        let end = match (self.backend, &block.state) {
            (Backend::Cpu, None) => engine.run_block(&trials, watch)?,
            (Backend::Cpu, Some(state)) => engine.resume_block(&trials, state, watch)?,
            (Backend::Gpu(gpu), None) => engine.run_block_on(gpu, &trials, watch)?,
            (Backend::Gpu(gpu), Some(state)) => {
                engine.resume_block_on(gpu, &trials, state, watch)?
            }
        };
        let (record, finished) = match end {
            BlockEnd::Finished(outcomes) => (
                Record::finished(block.trials.clone(), &outcomes),
                Some((block.trials, outcomes)),
            ),
            BlockEnd::Stopped(state) => (Record::stopped(block.trials, &state), None),
        };
        let mut journal = journal
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        journal.append(&record).map_err(files::at(self.path))?;
        Ok(finished)
    }
}
