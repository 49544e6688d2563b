//! The specification of a sweep: which schedules are tried on what, in one TOML, YAML or JSON file.

mod checks;
mod distribution;
mod domain;
mod field;
mod kinds;
mod refused;
mod resolved;
mod sgd;
mod template;
mod train;
mod value;

use std::path::Path;

use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

pub use domain::Domain;
pub use field::{Fallback, Field, Kind, Slot};
pub use kinds::{KINDS, kind};
pub use resolved::{Built, Resolved, plan_of};
pub use sgd::{SGD, SgdTemplate};
pub use template::{FieldTemplate, ScheduleTemplate};
pub use train::{DataSource, Goal, Metric, MetricName, Model, Train};
pub use value::{ParameterValue, Type};

use crate::document::{At, Document, Format, Source, SpecError};
use crate::sampling::Sampler;

/// A sweep as it was specified, checked.
#[derive(Debug, Clone)]
pub struct Spec {
    /// What to call it: `name`, or the file's name without its extension.
    pub name: String,
    /// How trials are drawn.
    pub method: Method,
    /// What they are compared by.
    pub metric: Metric,
    /// How many there are: as given, or the size of the grid.
    pub trials: u64,
    /// What the draws depend on, together with the number of the trial.
    pub seed: u64,
    /// What every trial trains.
    pub train: Train,
    /// The alternatives, at least one.
    pub schedules: Vec<ScheduleTemplate>,
    /// The parameters of the update.
    pub sgd: SgdTemplate,
    /// The text it was read from.
    pub text: String,
}

/// How trials are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Every combination once.
    Grid,
    /// Independent draws.
    Random,
    /// Draws that fill the ranges evenly: an Owen-scrambled Sobol sequence.
    Sobol,
}

impl Method {
    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random => "random",
            Self::Sobol => "sobol",
        }
    }
}

/// What users of Weights & Biases are known to write, and what stands for it here.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "parameters",
        "parameters stand where they belong: in [[schedules]] and in [sgd]",
    ),
    ("run_cap", "write trials = N"),
    (
        "early_terminate",
        "every trial runs to its end, or until it diverges",
    ),
    ("program", "what is trained stands in [train]"),
    ("command", "what is trained stands in [train]"),
];

impl Spec {
    /// Reads a specification from a file, in the format of its extension, and checks it.
    ///
    /// # Errors
    /// Where the file cannot be read or anything in it is wrong; at the first such place.
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .filter(|stem| names_a_directory(stem))
            .unwrap_or_else(|| "sweep".to_owned());
        Self::read(
            &Document::load(path)?,
            &stem,
            path.parent().unwrap_or(Path::new("")),
        )
    }

    /// Reads a specification and checks it. `name` holds where the document gives none, relative paths are in `directory`.
    ///
    /// # Errors
    /// Where anything in it is wrong; at the first such place.
    pub fn read(document: &Document, name: &str, directory: &Path) -> Result<Self, SpecError> {
        let root = document.at();
        let mut fields = root.fields()?;
        for (key, remedy) in ELSEWHERE {
            fields.refuse(key, remedy)?;
        }
        let name = match fields.take("name") {
            Some(at) => file_name(&at)?,
            None => name.to_owned(),
        };
        let method = match fields
            .require("method")?
            .word("method", &["grid", "random", "sobol"])?
        {
            "grid" => Method::Grid,
            "random" => Method::Random,
            _ => Method::Sobol,
        };
        let metric = Metric::read(fields.take("metric").as_ref())?;
        let given_trials = fields.take("trials");
        let seed = match fields.take("seed") {
            Some(at) => at.integer(0..=i64::MAX)?.unsigned_abs(),
            None => 0,
        };
        let train = Train::read(&fields.require("train")?, directory)?;
        let schedules = read_schedules(&fields.require("schedules")?)?;
        let sgd = SgdTemplate::read(fields.take("sgd").as_ref(), &root)?;
        fields.finish()?;
        let text = document.source().text().to_owned();
        let mut spec = Self {
            name,
            method,
            metric,
            trials: 0,
            seed,
            train,
            schedules,
            sgd,
            text,
        };
        spec.trials = spec.count_trials(given_trials.as_ref(), &root)?;
        spec.probe()?;
        Ok(spec)
    }

    /// Checks every trial, in parallel, by drawing and constructing it.
    ///
    /// Reading a specification has already tried the ends of each range and every value of each choice, one at a time; this
    /// also finds what only two of them together make wrong.
    ///
    /// # Errors
    /// At the trial with the smallest number that cannot be constructed, naming it and what it drew.
    pub fn check_all(&self) -> Result<(), SpecError> {
        let sampler = Sampler::new(self);
        match (0..self.trials)
            .into_par_iter()
            .find_map_first(|index| sampler.trial(index).err())
        {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The specification as JSON with every default written out: the same text for the same sweep, however it was
    /// formatted, ordered and commented. The name is not part of it, the seed is.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let mut sgd: Map<String, Json> = self
            .sgd
            .fields
            .iter()
            .map(|field| (field.field.name.to_owned(), field.domain.to_json()))
            .collect();
        if let Some(momentum) = &self.sgd.momentum {
            sgd.insert("momentum".to_owned(), momentum.to_json());
        }
        json!({
            "method": self.method.as_str(),
            "metric": self.metric.to_json(),
            "trials": self.trials,
            "seed": self.seed,
            "train": self.train.to_json(),
            "schedules": self.schedules.iter().map(ScheduleTemplate::to_json).collect::<Json>(),
            "sgd": sgd,
        })
        .to_string()
    }

    /// The specification whose [`Spec::canonical_json`] this is. Its trials are the same; a file that it names is looked for
    /// in the working directory.
    ///
    /// # Errors
    /// JSON that no specification of this version is written as.
    pub fn from_canonical(json: &Json, name: &str) -> Result<Self, SpecError> {
        let mut json = json.clone();
        // A default that is written out would stand beside a schedule that moves the momentum itself.
        if let Some(sgd) = json.get_mut("sgd").and_then(Json::as_object_mut)
            && sgd.get("momentum").and_then(Json::as_f64).map(f64::to_bits) == Some(0)
        {
            sgd.remove("momentum");
        }
        let source = Source::new("the canonical specification", json.to_string());
        Self::read(&Document::parse(source, Format::Json)?, name, Path::new(""))
    }

    /// SHA-256 of [`Spec::canonical_json`] in hexadecimal: by it a sweep is recognised.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(self.canonical_json().as_bytes()))
    }

    /// All parameters of one alternative and of the update, in the order in which they are drawn, by their names.
    pub fn parameters(&self, alternative: usize) -> impl Iterator<Item = (String, &FieldTemplate)> {
        let schedule = self
            .schedules
            .get(alternative)
            .into_iter()
            .flat_map(ScheduleTemplate::parameters);
        schedule.chain(self.sgd.parameters())
    }

    /// The names of all parameters that differ between trials, over all alternatives, each once.
    #[must_use]
    pub fn varying(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for alternative in 0..self.schedules.len() {
            for (name, field) in self.parameters(alternative) {
                if !field.domain.is_fixed() && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        // The update's parameters belong to every alternative: last, as in the file.
        names.sort_by_key(|name| name.starts_with("sgd."));
        names
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The schedule for the values of all parameters of an alternative, written down and to be computed, and the values left
/// for the update.
pub(crate) fn assemble<'a>(
    schedule: &ScheduleTemplate,
    values: &'a [Option<ParameterValue>],
) -> Result<(Resolved, Built, &'a [Option<ParameterValue>]), SpecError> {
    let mut values = values.iter();
    let resolved = schedule.resolve(&mut |_| values.next().cloned().flatten());
    let built = schedule.build(&resolved)?;
    Ok((resolved, built, values.as_slice()))
}

fn read_schedules(at: &At<'_>) -> Result<Vec<ScheduleTemplate>, SpecError> {
    if at.is_table() {
        return Err(at
            .error("must be a list of schedules")
            .with_help("write [[schedules]], with two brackets, in front of each"));
    }
    let items = at.items()?;
    if items.is_empty() {
        return Err(at
            .error("holds no schedule, so that there is nothing to try")
            .with_help("write at least one [[schedules]] with a `kind`"));
    }
    items.iter().map(ScheduleTemplate::read).collect()
}

fn names_a_directory(name: &str) -> bool {
    !name.trim().is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

/// A name that can be a directory's: results go to `runs/<name>`.
fn file_name(at: &At<'_>) -> Result<String, SpecError> {
    let name = at.text()?;
    if names_a_directory(name) {
        Ok(name.to_owned())
    } else {
        Err(at
            .error("must be usable as the name of a directory")
            .with_help("leave out / and \\"))
    }
}

#[cfg(test)]
mod tests;
