//! A trial of a finished sweep, read back from its directory and compared with what the sweep wrote down.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hairpin_core::{Plan, Recipe, Schedule, Sgd};

use super::ExportError;
use crate::convert::Written;
use crate::npy;
use crate::sampling::{Sampler, Trial};
use crate::spec::{MetricName, ParameterValue, Spec};
use crate::sweep::{FORMAT, Manifest, replay};

/// Which trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The one that the sweep's metric ranks first.
    Best,
    /// The one with this number.
    Number(u64),
}

/// A text that names no trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be best, or the number of a trial")]
pub struct ChoiceError;

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        if text == "best" {
            return Ok(Self::Best);
        }
        // `parse` alone would take a plus sign.
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_number);
        number.map(Self::Number).ok_or(ChoiceError)
    }
}

/// A trial of a finished sweep, with all that rebuilds it.
#[derive(Debug, Clone)]
pub struct Tuned {
    pub(super) manifest: Manifest,
    pub(super) spec: Spec,
    pub(super) trial: Trial,
    /// Loss and accuracy on the validation part after the last step, as the sweep wrote them.
    pub(super) ended: [String; 2],
    pub(super) schedule: Written,
    pub(super) sgd: Sgd,
    pub(super) momentum: Option<Written>,
    /// Where a library's behaviour differs from the schedule that stands for it, a sentence each.
    pub(super) remarks: Vec<String>,
}

/// What `results.csv` says of a trial.
struct Row {
    schedule: String,
    /// What it drew for each parameter that differs between trials, the update's among them.
    drawn: Vec<String>,
    ended: [String; 2],
    diverged_at: String,
}

impl Tuned {
    /// Reads a trial of the sweep in `dir`.
    ///
    /// It is drawn again from the specification, and must have the parameters and the rates that the sweep wrote down.
    ///
    /// # Errors
    /// A directory that holds no finished sweep of this version, a trial that is not there or that diverged, and files that
    /// contradict each other.
    pub fn read(dir: &Path, choice: Choice) -> Result<Self, ExportError> {
        let manifest = manifest(dir)?;
        let damaged = |file: &str| ExportError::Damaged {
            path: dir.join(file),
        };
        let spec = Spec::from_canonical(&manifest.spec, &manifest.name)
            .ok()
            .filter(|spec| spec.hash() == manifest.spec_hash)
            .ok_or_else(|| damaged(MANIFEST))?;
        let number = match choice {
            Choice::Number(trial) if trial >= spec.trials => {
                return Err(ExportError::NoTrial {
                    trial,
                    trials: spec.trials,
                });
            }
            Choice::Number(trial) => trial,
            Choice::Best => {
                manifest
                    .leaders
                    .first()
                    .ok_or(ExportError::NoneFinished)?
                    .trial
            }
        };
        let varying = spec.varying();
        let row = row(&dir.join(RESULTS), number, &varying)?.ok_or_else(|| damaged(RESULTS))?;
        if !row.diverged_at.is_empty() {
            return Err(ExportError::Diverged {
                trial: number,
                step: row.diverged_at,
            });
        }
        let trial = Sampler::new(&spec).trial(number)?;
        let parameters = varying.iter().map(|name| {
            let value = drawn(&trial, Some(name));
            value.map_or_else(String::new, |value| value.to_string())
        });
        let schedule = trial.schedule.to_json().to_string();
        if !parameters.eq(row.drawn) || schedule != row.schedule {
            return Err(damaged(RESULTS));
        }
        check_rates(dir, &manifest, &spec, &trial)?;
        let translated = spec.schedules[trial.alternative].translate(&trial.schedule)?;
        let mut remarks = translated.remarks;
        let momentum = match (&trial.momentum, &spec.sgd.momentum) {
            (None, _) => None,
            (Some(_), None) => translated.momentum,
            (Some(_), Some(template)) => {
                let mut names = template.parameters();
                let resolved = template.resolve(&mut |field| {
                    let name = names.next().map(|(name, _)| format!("sgd.momentum.{name}"));
                    drawn(&trial, name.as_deref()).or_else(|| field.domain.at(0.0))
                });
                let translated = template.translate(&resolved)?;
                remarks.extend(translated.remarks);
                Some(translated.schedule)
            }
        };
        if let Some(step) = (0..spec.train.steps).find(|&step| rests_at(&trial, step)) {
            remarks.push(format!(
                "At step {step} the momentum is 0: such a step is made by an update without momentum, while the velocity rests."
            ));
        }
        let momentum = momentum.zip(trial.momentum.clone());
        Ok(Self {
            schedule: Written::known(&translated.schedule, trial.plan.clone()),
            sgd: Sgd::new(trial.sgd)?,
            momentum: momentum.map(|(table, plan)| Written::known(&table, Plan::Schedule(plan))),
            ended: row.ended,
            remarks,
            manifest,
            spec,
            trial,
        })
    }

    /// The trial as one record: what [`Recipe::from_bytes`] reads.
    ///
    /// # Errors
    /// What cannot be saved, or belongs to no one trial.
    pub fn bytes(&self) -> Result<Vec<u8>, ExportError> {
        let recipe = Recipe::new(
            self.trial.plan.clone(),
            self.sgd,
            self.trial.momentum.clone(),
        )?;
        let mut bytes = vec![0; recipe.bytes_len()?];
        recipe.to_bytes(&mut bytes)?;
        Ok(bytes)
    }

    /// The number of the trial.
    #[must_use]
    pub const fn trial(&self) -> u64 {
        self.trial.index
    }

    /// How many updates it made.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.spec.train.steps
    }
}

const MANIFEST: &str = "manifest.json";
const RESULTS: &str = "results.csv";

/// The manifest of a sweep that this version finished.
fn manifest(dir: &Path) -> Result<Manifest, ExportError> {
    let not_a_sweep = || ExportError::NotASweep {
        dir: dir.to_path_buf(),
    };
    let manifest = match Manifest::load(dir) {
        Ok(manifest) => manifest.ok_or_else(not_a_sweep)?,
        Err(error) if is_malformed(&error) || error.kind() == io::ErrorKind::NotADirectory => {
            return Err(not_a_sweep());
        }
        Err(source) => return Err(unreadable(dir.join(MANIFEST))(source)),
    };
    let made_by = |found| {
        Err(ExportError::Version {
            dir: dir.to_path_buf(),
            found,
        })
    };
    if manifest.format != FORMAT {
        return made_by(format!("{} (layout {})", manifest.hairpin, manifest.format));
    }
    if manifest.hairpin != env!("CARGO_PKG_VERSION") {
        return made_by(manifest.hairpin);
    }
    if !manifest.is_finished() {
        return Err(ExportError::Unfinished {
            dir: dir.to_path_buf(),
        });
    }
    Ok(manifest)
}

/// Whether a file was read, but holds something else.
fn is_malformed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}

fn unreadable(path: PathBuf) -> impl FnOnce(io::Error) -> ExportError {
    move |source| {
        if is_malformed(&source) {
            ExportError::Damaged { path }
        } else {
            ExportError::Read { path, source }
        }
    }
}

/// The row of a trial, if the file is as the sweep wrote it up to there.
fn row(path: &Path, trial: u64, varying: &[String]) -> Result<Option<Row>, ExportError> {
    let file = File::open(path).map_err(unreadable(path.to_path_buf()))?;
    let mut reader = csv::Reader::from_reader(file);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(_) => return Ok(None),
    };
    let at = usize::try_from(trial).unwrap_or(usize::MAX);
    let Some(Ok(record)) = reader.records().nth(at) else {
        return Ok(None);
    };
    let cell = |name: &str| {
        let column = headers.iter().position(|header| header == name)?;
        record.get(column).map(str::to_owned)
    };
    if cell("trial") != Some(trial.to_string()) {
        return Ok(None);
    }
    let row = || {
        Some(Row {
            schedule: cell("schedule")?,
            drawn: varying
                .iter()
                .map(|name| cell(name))
                .collect::<Option<_>>()?,
            ended: [cell("final_val_loss")?, cell("final_val_accuracy")?],
            diverged_at: cell("diverged_at")?,
        })
    };
    Ok(row())
}

/// Compares the rates of a trial with those that the sweep wrote down.
fn check_rates(
    dir: &Path,
    manifest: &Manifest,
    spec: &Spec,
    trial: &Trial,
) -> Result<(), ExportError> {
    const RATES: &str = "tables.npy";
    let read = |file: &str, columns: usize| {
        let shape = [spec.trials, columns as u64];
        let path = dir.join(file);
        File::open(&path)
            .and_then(|mut file| npy::read_row(&mut file, shape, trial.index))
            .map_err(unreadable(path))
    };
    let expected = read(RATES, spec.train.steps as usize)?;
    let rates = match &trial.plan {
        Plan::Schedule(schedule) => (0..spec.train.steps)
            .map(|step| schedule.lr(step))
            .collect(),
        Plan::Feedback(feedback) => {
            let observed = match spec.metric.name {
                MetricName::ValLoss => "losses.npy",
                MetricName::ValAccuracy => "accuracies.npy",
            };
            let observed = read(observed, manifest.eval_steps.len())?;
            let mut rates = vec![0.0; expected.len()];
            let evaluations = manifest.eval_steps.iter().copied().zip(&observed);
            replay(feedback, evaluations, &mut rates);
            rates
        }
    };
    let same = expected
        .iter()
        .map(|rate| rate.to_bits())
        .eq(rates.iter().map(|rate: &f32| rate.to_bits()));
    if same {
        Ok(())
    } else {
        Err(ExportError::Damaged {
            path: dir.join(RATES),
        })
    }
}

/// Whether the momentum goes with the step, and is 0 at this one.
fn rests_at(trial: &Trial, step: u32) -> bool {
    let momentum = trial.momentum.as_ref();
    momentum.is_some_and(|momentum| momentum.lr(step) == 0.0)
}

/// What a trial drew for a parameter.
fn drawn(trial: &Trial, name: Option<&str>) -> Option<ParameterValue> {
    let drawn = trial
        .parameters
        .iter()
        .find(|(known, _)| Some(known.as_str()) == name);
    drawn.map(|(_, value)| value.clone())
}
