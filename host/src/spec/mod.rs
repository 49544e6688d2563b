//! The specification of a sweep: which schedules are tried on what, in one TOML, YAML or JSON file.

mod domain;
mod kinds;
mod refused;
mod template;
mod train;
mod value;

use std::path::Path;

use hairpin_core::{Sgd, SgdConfig};
use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

pub use domain::Domain;
pub use kinds::{Fallback, Field, KINDS, Kind, SGD};
pub use template::{FieldTemplate, Resolved, ScheduleTemplate};
pub use train::{DataSource, Goal, Metric, MetricName, Model, Train};
pub use value::{ParameterValue, Type};

use crate::document::{At, Document, Fields, Place, SpecError};
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

/// The parameters of the update, which may be ranges.
#[derive(Debug, Clone)]
pub struct SgdTemplate {
    /// The parameters, in the order of [`SGD`].
    pub fields: Vec<FieldTemplate>,
    place: Place,
}

impl SgdTemplate {
    fn read(at: Option<&At<'_>>, root: &At<'_>) -> Result<Self, SpecError> {
        let Some(at) = at else {
            // An absent table is an empty one: every parameter has a default.
            let mut empty = Fields::empty(root.clone().named("sgd"));
            let fields = FieldTemplate::read_all(SGD, &mut empty)?;
            return Ok(Self {
                fields,
                place: root.place().absent("sgd"),
            });
        };
        let mut table = at.fields()?;
        let fields = FieldTemplate::read_all(SGD, &mut table)?;
        table.finish()?;
        Ok(Self {
            fields,
            place: at.place(),
        })
    }

    /// The update's configuration for one value of each parameter.
    ///
    /// # Errors
    /// Where the core refuses them, at the line of the field it names.
    pub fn build(&self, values: &[Option<ParameterValue>]) -> Result<SgdConfig, SpecError> {
        let config = kinds::sgd_config(values);
        match Sgd::new(config) {
            Ok(_) => Ok(config),
            Err(error) => {
                let index = self
                    .fields
                    .iter()
                    .position(|field| field.field.name == error.field());
                let place = index
                    .and_then(|index| self.fields.get(index))
                    .map_or(&self.place, |field| &field.place);
                let value = index.and_then(|index| values.get(index)?.as_ref());
                Err(refused::explain(&error, place, value))
            }
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
        let stem = path.file_stem().map_or_else(
            || "sweep".into(),
            |stem| stem.to_string_lossy().into_owned(),
        );
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
        let sgd: Map<String, Json> = self
            .sgd
            .fields
            .iter()
            .map(|field| (field.field.name.to_owned(), field.domain.to_json()))
            .collect();
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

    /// SHA-256 of [`Spec::canonical_json`] in hexadecimal: by it a sweep is recognised.
    #[must_use]
    pub fn hash(&self) -> String {
        Sha256::digest(self.canonical_json().as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// All parameters of one alternative and of the update, in the order in which they are drawn, by their names.
    pub fn parameters(&self, alternative: usize) -> impl Iterator<Item = (String, &FieldTemplate)> {
        let schedule = self
            .schedules
            .get(alternative)
            .into_iter()
            .flat_map(ScheduleTemplate::parameters);
        schedule.chain(
            self.sgd
                .fields
                .iter()
                .map(|field| (format!("sgd.{}", field.field.name), field)),
        )
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

    /// How many trials there are, once the method has been asked.
    fn count_trials(&self, given: Option<&At<'_>>, root: &At<'_>) -> Result<u64, SpecError> {
        let given_count = match given {
            Some(at) => Some(
                at.integer(1..=i64::MAX)
                    .map_err(|error| error.with_help("a sweep has at least one trial"))?,
            ),
            None => None,
        };
        let given_count = given_count.map(i64::unsigned_abs);
        if self.method != Method::Grid {
            return given_count.ok_or_else(|| {
                let help = format!(
                    "method = \"{}\" draws as many trials as it is told: trials = 1000",
                    self.method.as_str()
                );
                root.place()
                    .absent("trials")
                    .error("is missing")
                    .with_help(help)
            });
        }
        let mut total: u64 = 0;
        for (alternative, schedule) in self.schedules.iter().enumerate() {
            let size = self.grid_size(alternative)?;
            total = match size.and_then(|size| total.checked_add(size)) {
                Some(total) if i64::try_from(total).is_ok() => total,
                _ => {
                    return Err(schedule
                        .place()
                        .error("the grid has more than 2^63 points")
                        .with_help(
                            "give fewer values, or write method = \"random\" and trials = N",
                        ));
                }
            };
        }
        match (given, given_count) {
            (Some(at), Some(count)) if count != total => Err(at
                .error(format!(
                    "the grid has {total} points, neither more nor fewer can be tried"
                ))
                .with_help(format!(
                    "write trials = {total} or leave it out; method = \"random\" takes any number"
                ))),
            _ => Ok(total),
        }
    }

    /// How many points the grid of one alternative has; `None` if they cannot be counted in 64 bits.
    fn grid_size(&self, alternative: usize) -> Result<Option<u64>, SpecError> {
        let mut size = Some(1_u64);
        for (_, field) in self.parameters(alternative) {
            let Some(values) = field.domain.size() else {
                return Err(field
                    .place
                    .error("a grid over a continuous range never ends")
                    .with_value(field.domain.to_json().to_string())
                    .with_help("list the values to try, { values = [...] }, or write method = \"random\" and trials = N"));
            };
            size = size.and_then(|size| size.checked_mul(values));
        }
        Ok(size)
    }

    /// Tries the ends of each range and every value of each choice, one parameter at a time.
    fn probe(&self) -> Result<(), SpecError> {
        for (alternative, schedule) in self.schedules.iter().enumerate() {
            let probes: Vec<_> = self
                .parameters(alternative)
                .map(|(_, field)| field.domain.probes())
                .collect();
            let first: Vec<_> = probes
                .iter()
                .map(|values| values.first().cloned().flatten())
                .collect();
            for (index, values) in probes.iter().enumerate() {
                // The first probe of the first parameter stands for the first probes of all.
                let skipped = usize::from(index > 0);
                for value in values.iter().skip(skipped) {
                    let mut point = first.clone();
                    point[index].clone_from(value);
                    let (_, rest) = assemble(schedule, &point)?;
                    self.sgd.build(rest)?;
                }
            }
        }
        Ok(())
    }
}

/// The schedule for the values of all parameters of an alternative, and the values left for the update.
pub(crate) fn assemble<'a>(
    schedule: &ScheduleTemplate,
    values: &'a [Option<ParameterValue>],
) -> Result<((Resolved, hairpin_core::Plan), &'a [Option<ParameterValue>]), SpecError> {
    let mut values = values.iter();
    let resolved = schedule.resolve(&mut |_| values.next().cloned().flatten());
    let plan = schedule.build(&resolved)?;
    Ok(((resolved, plan), values.as_slice()))
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

/// A name that can be a directory's: results go to `runs/<name>`.
fn file_name(at: &At<'_>) -> Result<String, SpecError> {
    let name = at.text()?;
    let usable =
        !name.trim().is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    if usable {
        Ok(name.to_owned())
    } else {
        Err(at
            .error("must be usable as the name of a directory")
            .with_help("leave out / and \\"))
    }
}

#[cfg(test)]
mod tests;
