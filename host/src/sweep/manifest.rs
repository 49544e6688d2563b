//! What a sweep's directory says about itself.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{SweepError, journal};
use crate::files::{self, WriteError};
use crate::spec::{Spec, hex};
use crate::train::Engine;

const NAME: &str = "manifest.json";

/// The layout of the file that this version writes.
pub(crate) const FORMAT: u32 = 1;

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file's layout.
    pub format: u32,
    /// How far the sweep is.
    pub state: State,
    /// What the sweep is called.
    pub name: String,
    /// SHA-256 of the canonical specification: by it the sweep is recognised.
    pub spec_hash: String,
    /// What the draws depend on.
    pub seed: u64,
    /// How many trials there are.
    pub trials: u64,
    /// Updates of a trial.
    pub steps: u32,
    /// The steps after which trials are evaluated: the columns of `losses.npy` and `accuracies.npy`.
    pub eval_steps: Vec<u32>,
    /// The metric trials are ranked by.
    pub metric: String,
    /// SHA-256 of the data and the training's settings.
    pub training_hash: String,
    /// What computed it.
    pub hairpin: String,
    /// The canonical specification, with all defaults.
    pub spec: serde_json::Value,
    /// How many trials diverged; known at the end.
    pub diverged: Option<u64>,
    /// The best trials; known at the end.
    pub leaders: Vec<Leader>,
}

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Trials are still to be trained.
    Running,
    /// All files are written.
    Finished,
}

/// One of the best trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leader {
    /// The trial's number.
    pub trial: u64,
    /// The metric after the last step.
    pub metric: f32,
    /// Loss on the validation part after the last step.
    pub loss: f32,
    /// Accuracy there.
    pub accuracy: f32,
    /// The schedule as a TOML table that `hairpin lr --schedule` takes.
    pub schedule: String,
    /// The update's parameters that differ between trials.
    pub sgd: Vec<(String, String)>,
}

/// The manifest in `dir`, if there is one, after checking that it is this sweep's. `None` for an empty or missing directory.
pub(super) fn find(dir: &Path, spec: &Spec) -> Result<Option<Manifest>, SweepError> {
    let path = dir.join(NAME);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => {
            let empty = is_empty(dir).map_err(files::at(dir))?;
            return if empty {
                Ok(None)
            } else {
                Err(SweepError::NotASweep {
                    dir: dir.to_path_buf(),
                })
            };
        }
        Err(error) => return Err(files::at(&path)(error).into()),
    };
    let Ok(manifest) = serde_json::from_str::<Manifest>(&text) else {
        return Err(SweepError::NotASweep {
            dir: dir.to_path_buf(),
        });
    };
    let expected = spec.hash();
    if manifest.spec_hash == expected {
        Ok(Some(manifest))
    } else {
        let short = |hash: &str| hash.chars().take(12).collect();
        Err(SweepError::AnotherSweep {
            dir: dir.to_path_buf(),
            found: short(&manifest.spec_hash),
            name: manifest.name,
            expected: short(&expected),
        })
    }
}

/// Whether a directory is missing, or holds no more than what a sweep leaves that was killed as it began.
fn is_empty(dir: &Path) -> io::Result<bool> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        if name != journal::NAME && !files::is_leftover(&name) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Manifest {
    /// The manifest of the sweep in `dir`, whichever it is; `None` where there is none.
    ///
    /// # Errors
    /// A manifest that cannot be read, or is none of a sweep.
    pub fn load(dir: &Path) -> Result<Option<Self>, io::Error> {
        match std::fs::read(dir.join(NAME)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether all files are written.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// What is known before the first step.
    pub(super) fn begin(spec: &Spec, engine: &Engine<'_>) -> Self {
        Self {
            format: FORMAT,
            state: State::Running,
            name: spec.name.clone(),
            spec_hash: spec.hash(),
            seed: spec.seed,
            trials: spec.trials,
            steps: spec.train.steps,
            eval_steps: engine.eval_steps().collect(),
            metric: spec.metric.name.as_str().to_owned(),
            training_hash: hex(engine.identity()),
            hairpin: env!("CARGO_PKG_VERSION").to_owned(),
            spec: serde_json::from_str(&spec.canonical_json()).unwrap_or_default(),
            diverged: None,
            leaders: Vec::new(),
        }
    }

    /// Whether a sweep that was begun as `self` can go on as `now` and end with the same bits.
    pub(super) fn check_unchanged(&self, now: &Self, dir: &Path) -> Result<(), SweepError> {
        let changed = |field, found: &str, expected: &str| {
            let short = |text: &str| text.chars().take(12).collect();
            Err(SweepError::Changed {
                dir: dir.to_path_buf(),
                field,
                found: short(found),
                expected: short(expected),
            })
        };
        if self.hairpin != now.hairpin {
            return changed("hairpin", &self.hairpin, &now.hairpin);
        }
        if self.training_hash != now.training_hash {
            return changed("data", &self.training_hash, &now.training_hash);
        }
        Ok(())
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), WriteError> {
        let path = dir.join(NAME);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(io::Error::other)
            .map_err(files::at(&path))?;
        text.push('\n');
        files::write(&path, text)
    }
}
