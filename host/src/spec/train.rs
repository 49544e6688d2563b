//! `[train]` and `metric`: what is trained, for how long, and what counts.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::value::json_number;
use crate::document::{At, SpecError};

/// What every trial trains.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// The data.
    pub data: DataSource,
    /// The model.
    pub model: Model,
    /// How many updates a trial makes, at least 1.
    pub steps: u32,
    /// How many examples make one gradient, at least 1. Default 32.
    pub batch: u32,
    /// The metric is measured every so many steps, at least 1 and at most `steps`. Default `steps / 20`.
    pub eval_every: u32,
    /// A trial whose loss exceeds this counts as diverged. The default of 1e4 is far above what the worst finite rate gives on
    /// data of ordinary scale (the cross-entropy of a coin toss among a thousand classes is 7), far below what a divergence runs through.
    pub divergence_bound: f64,
}

/// Where the examples come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// The handwritten digits that `hairpin` carries with it.
    Digits,
    /// A CSV file with a header line.
    Csv {
        /// Where it lies; relative paths in a specification are relative to the specification.
        path: PathBuf,
        /// The path as it was written.
        written: String,
        /// The column that holds the class.
        label: String,
    },
}

impl std::fmt::Display for DataSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Digits => "digits",
            Self::Csv { written, .. } => written,
        })
    }
}

/// What is fitted to the examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Softmax regression: convex, one minimum.
    Softmax,
    /// One hidden layer.
    Mlp {
        /// Its width, at least 1. Default 32.
        hidden: u32,
    },
}

/// What trials are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Which number.
    pub name: MetricName,
    /// Which end of it is good.
    pub goal: Goal,
}

/// The numbers that are measured on the examples no step trains on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricName {
    /// Mean cross-entropy.
    ValLoss,
    /// Share of right answers.
    ValAccuracy,
}

/// Which end of a metric is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Smaller is better.
    Minimize,
    /// Larger is better.
    Maximize,
}

impl MetricName {
    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValLoss => "val_loss",
            Self::ValAccuracy => "val_accuracy",
        }
    }
}

impl Goal {
    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimize => "minimize",
            Self::Maximize => "maximize",
        }
    }
}

impl Metric {
    pub(super) fn read(at: Option<&At<'_>>) -> Result<Self, SpecError> {
        let mut metric = Self {
            name: MetricName::ValLoss,
            goal: Goal::Minimize,
        };
        let Some(at) = at else { return Ok(metric) };
        let mut fields = at.fields()?;
        if fields
            .require("name")?
            .word("metric", &["val_loss", "val_accuracy"])?
            == "val_accuracy"
        {
            metric = Self {
                name: MetricName::ValAccuracy,
                goal: Goal::Maximize,
            };
        }
        if let Some(goal) = fields.take("goal") {
            // The worst trial is nobody's goal.
            if goal.word("goal", &["minimize", "maximize"])? != metric.goal.as_str() {
                let (name, right) = (metric.name.as_str(), metric.goal.as_str());
                return Err(goal
                    .error(format!("{name} is better the other way"))
                    .with_help(format!("write goal = \"{right}\", or leave it out")));
            }
        }
        fields.finish()?;
        Ok(metric)
    }

    pub(super) fn to_json(self) -> Json {
        json!({ "name": self.name.as_str(), "goal": self.goal.as_str() })
    }
}

impl Train {
    pub(super) fn read(at: &At<'_>, directory: &Path) -> Result<Self, SpecError> {
        let mut fields = at.fields()?;
        let steps_at = fields.require("steps")?;
        let steps = steps_at
            .step(1)
            .map_err(|error| error.with_help("a trial makes at least one update"))?;
        let batch = match fields.take("batch") {
            Some(at) => at.step(1)?,
            None => 32,
        };
        let eval_every = match fields.take("eval_every") {
            Some(at) => match at.step(1)? {
                every if every > steps => {
                    return Err(at
                        .error(format!(
                            "is more than steps = {steps}: the metric would never be measured"
                        ))
                        .with_help("leave it out for twenty measurements a trial"));
                }
                every => every,
            },
            None => (steps / 20).max(1),
        };
        let divergence_bound = match fields.take("divergence_bound") {
            Some(at) => match at.number()? {
                bound if bound > 0.0 && bound.is_finite() => bound,
                _ => {
                    return Err(at
                        .error("must be a finite number above 0")
                        .with_help("the default is 1.0e4"));
                }
            },
            None => 1e4,
        };
        let data = read_data(
            fields.take("data").as_ref(),
            fields.take("label").as_ref(),
            at,
            directory,
        )?;
        let model = read_model(
            fields.take("model").as_ref(),
            fields.take("hidden").as_ref(),
        )?;
        fields.finish()?;
        Ok(Self {
            data,
            model,
            steps,
            batch,
            eval_every,
            divergence_bound,
        })
    }

    pub(super) fn to_json(&self) -> Json {
        let mut table = json!({
            "model": "softmax",
            "data": "digits",
            "steps": self.steps,
            "batch": self.batch,
            "eval_every": self.eval_every,
            "divergence_bound": json_number(self.divergence_bound),
        });
        if let DataSource::Csv { written, label, .. } = &self.data {
            table["data"] = written.as_str().into();
            table["label"] = label.as_str().into();
        }
        if let Model::Mlp { hidden } = self.model {
            table["model"] = "mlp".into();
            table["hidden"] = hidden.into();
        }
        table
    }
}

fn read_data(
    data: Option<&At<'_>>,
    label: Option<&At<'_>>,
    train: &At<'_>,
    directory: &Path,
) -> Result<DataSource, SpecError> {
    let written = data.map_or(Ok("digits"), At::text)?;
    match (written, label) {
        ("digits", None) => Ok(DataSource::Digits),
        ("digits", Some(label)) => Err(label
            .error("the digits bring their own label")
            .with_help("leave `label` out, or name a CSV file in `data`")),
        (_, Some(label)) => Ok(DataSource::Csv {
            path: directory.join(written),
            written: written.to_owned(),
            label: label.text()?.to_owned(),
        }),
        (file, None) => Err(train
            .place()
            .absent("label")
            .error("is missing")
            .with_help(format!(
                "name the column of `{file}` that holds the class; or write data = \"digits\""
            ))),
    }
}

fn read_model(model: Option<&At<'_>>, hidden: Option<&At<'_>>) -> Result<Model, SpecError> {
    let name = model.map_or(Ok("softmax"), |at| at.word("model", &["softmax", "mlp"]))?;
    match (name, hidden) {
        ("mlp", Some(at)) => Ok(Model::Mlp {
            hidden: at.step(1)?,
        }),
        ("mlp", None) => Ok(Model::Mlp { hidden: 32 }),
        (_, Some(at)) => Err(at
            .error("only model = \"mlp\" has a hidden layer")
            .with_help("leave it out, or write model = \"mlp\"")),
        (_, None) => Ok(Model::Softmax),
    }
}
