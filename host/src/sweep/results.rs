//! The files of a finished sweep.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use hairpin_core::{AnyFeedback, Feedback, Plan};
use rayon::prelude::*;

use super::SweepError;
use super::manifest::{Leader, Manifest, State};
use crate::files;
use crate::npy;
use crate::report::{self, Curves, ParamCell, Summary, SweepReport, TrialRow};
use crate::sampling::Trial;
use crate::spec::{Goal, Metric, MetricName, Model, ParameterValue, Spec};
use crate::table;
use crate::train::{Cause, Engine, Evaluation, TrialOutcome};

/// Rates that are in memory at a time: 16 MiB.
const CELLS: usize = 1 << 22;

/// A sweep whose trials are all through.
pub(super) struct Results<'a> {
    pub(super) spec: &'a Spec,
    pub(super) engine: &'a Engine<'a>,
    pub(super) trials: &'a [Trial],
    pub(super) outcomes: &'a [TrialOutcome],
    pub(super) dir: &'a Path,
}

impl Results<'_> {
    /// Writes everything, the manifest last; `None` if it was asked to stop before.
    pub(super) fn write(
        &self,
        mut manifest: Manifest,
        cancel: &AtomicBool,
    ) -> Result<Option<Manifest>, SweepError> {
        let evaluations = manifest.eval_steps.len();
        self.write_csv(&self.dir.join("results.csv"))?;
        if !self.write_rates(&self.dir.join("tables.npy"), cancel)? {
            return Ok(None);
        }
        self.write_curves(
            evaluations,
            |outcome| &outcome.losses,
            &self.dir.join("losses.npy"),
        )?;
        self.write_curves(
            evaluations,
            |outcome| &outcome.accuracies,
            &self.dir.join("accuracies.npy"),
        )?;
        let mut report = self.report(&manifest);
        for at in self.leading(&report) {
            let (trial, Some(last)) = (&self.trials[at], whole(&self.outcomes[at])) else {
                continue;
            };
            let schedule = inline_toml(&trial.schedule.to_json());
            report.leaders.push(report::Leader {
                position: at,
                rates: self.rates(at),
                schedule_toml: schedule.clone(),
            });
            manifest.leaders.push(Leader {
                trial: trial.index,
                metric: metric(&self.spec.metric, last),
                loss: last.loss,
                accuracy: last.accuracy,
                schedule,
                sgd: sgd_parameters(trial),
            });
        }
        if cancel.load(Ordering::Relaxed) {
            return Ok(None);
        }
        report::write(&report, self.dir)?;
        let diverged = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.diverged.is_some());
        manifest.diverged = Some(diverged.count() as u64);
        manifest.state = State::Finished;
        manifest.write(self.dir)?;
        Ok(Some(manifest))
    }

    /// The best trials, best first; fewer where their rates would fill the memory.
    fn leading(&self, report: &SweepReport) -> Vec<usize> {
        let room = (CELLS / self.spec.train.steps as usize).clamp(1, report::LEADERS);
        report::rank(&report.trials, report.goal)
            .into_iter()
            .filter(|&at| !report.trials[at].diverged())
            .take(room)
            .collect()
    }

    fn write_csv(&self, path: &Path) -> Result<(), SweepError> {
        let spec = self.spec;
        let parameters = spec.varying();
        files::write_with(path, |file| {
            let mut csv = csv::Writer::from_writer(file);
            let metric_name = spec.metric.name.as_str();
            let ends = [
                "final_val_loss".to_owned(),
                "final_val_accuracy".to_owned(),
                format!("best_{metric_name}"),
                "best_step".to_owned(),
                "diverged_at".to_owned(),
                "diverged_by".to_owned(),
                "schedule".to_owned(),
            ];
            csv.write_field("trial")?;
            csv.write_field("kind")?;
            csv.write_record(parameters.iter().chain(&ends))?;
            for (trial, outcome) in self.trials.iter().zip(self.outcomes) {
                csv.write_field(trial.index.to_string())?;
                csv.write_field(label(spec, trial.alternative))?;
                for name in &parameters {
                    let value = trial.parameters.iter().find(|(drawn, _)| drawn == name);
                    csv.write_field(
                        value.map_or_else(String::new, |(_, value)| value.to_string()),
                    )?;
                }
                let number =
                    |value: Option<f32>| value.map_or_else(String::new, |value| value.to_string());
                csv.write_field(number(outcome.last.map(|last| last.loss)))?;
                csv.write_field(number(outcome.last.map(|last| last.accuracy)))?;
                csv.write_field(number(outcome.best.map(|best| metric(&spec.metric, best))))?;
                csv.write_field(
                    outcome
                        .best
                        .map_or_else(String::new, |best| best.step.to_string()),
                )?;
                let (step, cause) = match outcome.diverged {
                    None => (String::new(), ""),
                    Some(diverged) => (
                        diverged.step.to_string(),
                        match diverged.cause {
                            Cause::Loss => "loss",
                            Cause::Rate => "rate",
                            Cause::Parameters => "parameters",
                        },
                    ),
                };
                csv.write_field(step)?;
                csv.write_field(cause)?;
                csv.write_field(trial.schedule.to_json().to_string())?;
                csv.write_record(None::<&[u8]>)?;
            }
            csv.flush()
        })?;
        Ok(())
    }

    /// The rate of every step of the trial at `at`. A feedback schedule's follow from what it observed.
    fn rates(&self, at: usize) -> Vec<f32> {
        let (trial, outcome) = (&self.trials[at], &self.outcomes[at]);
        let mut row = vec![0.0; self.spec.train.steps as usize];
        match &trial.plan {
            Plan::Schedule(schedule) => {
                // A row is as long as the specification has steps, all of them u32.
                let filled = table::fill_row(schedule, 0, &mut row);
                debug_assert_eq!(filled, Ok(()));
            }
            Plan::Feedback(feedback) => {
                let observed = match self.spec.metric.name {
                    MetricName::ValLoss => &outcome.losses,
                    MetricName::ValAccuracy => &outcome.accuracies,
                };
                replay(feedback, self.engine.eval_steps().zip(observed), &mut row);
            }
        }
        row
    }

    /// Writes the rates of all trials; `false` if it was asked to stop, and then there is no file.
    fn write_rates(&self, path: &Path, cancel: &AtomicBool) -> Result<bool, SweepError> {
        let (trials, steps) = (self.trials.len(), self.spec.train.steps as usize);
        let at_a_time = (CELLS / steps).max(1);
        let mut stopped = false;
        let written = files::write_with(path, |file| {
            npy::write_header(file, &[trials as u64, steps as u64])?;
            for first in (0..trials).step_by(at_a_time) {
                if cancel.load(Ordering::Relaxed) {
                    stopped = true;
                    return Err(io::ErrorKind::Interrupted.into());
                }
                let rows: Vec<Vec<f32>> = (first..trials.min(first + at_a_time))
                    .into_par_iter()
                    .map(|at| self.rates(at))
                    .collect();
                rows.iter()
                    .try_for_each(|row| npy::write_cells(file, row))?;
            }
            Ok(())
        });
        if stopped {
            return Ok(false);
        }
        written?;
        Ok(true)
    }

    fn write_curves(
        &self,
        evaluations: usize,
        curve: impl Fn(&TrialOutcome) -> &Vec<f32>,
        path: &Path,
    ) -> Result<(), SweepError> {
        files::write_with(path, |file| {
            npy::write_header(file, &[self.outcomes.len() as u64, evaluations as u64])?;
            self.outcomes
                .iter()
                .try_for_each(|outcome| write_padded(file, curve(outcome), evaluations))
        })?;
        Ok(())
    }

    fn report(&self, manifest: &Manifest) -> SweepReport {
        let Self {
            spec,
            trials,
            outcomes,
            ..
        } = *self;
        let rows = trials
            .iter()
            .zip(outcomes)
            .map(|(trial, outcome)| TrialRow {
                index: trial.index as u32,
                alternative: trial.alternative,
                parameters: trial
                    .parameters
                    .iter()
                    .map(|(name, value)| (name.clone(), cell(value)))
                    .collect(),
                final_metric: whole(outcome)
                    .map_or(f64::NAN, |last| f64::from(metric(&spec.metric, last))),
                best_metric: outcome
                    .best
                    .map_or(f64::NAN, |best| f64::from(metric(&spec.metric, best))),
                diverged_at: outcome.diverged.map(|diverged| diverged.step),
                final_accuracy: outcome.last.map(|last| f64::from(last.accuracy)),
            })
            .collect();
        let mut curves = Vec::with_capacity(outcomes.len() * manifest.eval_steps.len());
        for outcome in outcomes {
            curves.extend(&outcome.losses);
            curves.extend(std::iter::repeat_n(
                f32::NAN,
                manifest.eval_steps.len() - outcome.losses.len().min(manifest.eval_steps.len()),
            ));
        }
        SweepReport {
            title: spec.name.clone(),
            spec_text: spec.text.clone(),
            seed: spec.seed,
            versions: vec![("hairpin".to_owned(), manifest.hairpin.clone())],
            summary: Summary {
                model: match spec.train.model {
                    Model::Softmax => "softmax".to_owned(),
                    Model::Mlp { hidden } => format!("mlp ({hidden} hidden)"),
                },
                data: spec.train.data.to_string(),
                steps: spec.train.steps,
            },
            metric_name: manifest.metric.clone(),
            goal: match spec.metric.goal {
                Goal::Minimize => report::Goal::Minimize,
                Goal::Maximize => report::Goal::Maximize,
            },
            alternatives: (0..spec.schedules.len())
                .map(|at| label(spec, at))
                .collect(),
            trials: rows,
            curves: Curves {
                name: "val_loss".to_owned(),
                steps: manifest.eval_steps.clone(),
                rows: curves,
            },
            leaders: Vec::new(),
        }
    }
}

/// The evaluation after the last step, if its loss is a number to compare others with.
fn whole(outcome: &TrialOutcome) -> Option<Evaluation> {
    outcome.last.filter(|last| last.loss.is_finite())
}

fn metric(metric: &Metric, evaluation: Evaluation) -> f32 {
    match metric.name {
        MetricName::ValLoss => evaluation.loss,
        MetricName::ValAccuracy => evaluation.accuracy,
    }
}

fn sgd_parameters(trial: &Trial) -> Vec<(String, String)> {
    trial
        .parameters
        .iter()
        .filter_map(|(name, value)| {
            Some((name.strip_prefix("sgd.")?.to_owned(), value.to_string()))
        })
        .collect()
}

/// What an alternative is called: its kind, and its number where two are of one kind.
fn label(spec: &Spec, alternative: usize) -> String {
    let name = |at: usize| spec.schedules[at].label();
    let own = name(alternative);
    let twin = (0..spec.schedules.len()).any(|other| other != alternative && name(other) == own);
    if twin {
        format!("{own} #{}", alternative + 1)
    } else {
        own
    }
}

/// The rates of a feedback schedule that observed `evaluations`, each after its step.
pub(crate) fn replay<'a>(
    feedback: &AnyFeedback,
    evaluations: impl Iterator<Item = (u32, &'a f32)>,
    row: &mut [f32],
) {
    let mut state = feedback.start();
    let mut evaluations = evaluations.peekable();
    for (step, rate) in (0..).zip(row) {
        *rate = feedback.lr(&state, step);
        if let Some((_, &metric)) = evaluations.next_if(|(after, _)| *after == step) {
            feedback.observe(&mut state, step, f64::from(metric));
        }
    }
}

/// A curve that ended early is NaN from there on.
fn write_padded(writer: &mut impl Write, curve: &[f32], length: usize) -> io::Result<()> {
    npy::write_cells(writer, curve)?;
    npy::write_cells(writer, &vec![f32::NAN; length.saturating_sub(curve.len())])
}

fn cell(value: &ParameterValue) -> ParamCell {
    value
        .as_number()
        .map_or_else(|| ParamCell::Text(value.to_string()), ParamCell::Number)
}

/// A JSON value as TOML on one line.
fn inline_toml(json: &serde_json::Value) -> String {
    use serde_json::Value;
    let list = |items: Vec<String>| items.join(", ");
    match json {
        Value::Object(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", inline_toml(value)));
            format!("{{ {} }}", list(entries.collect()))
        }
        Value::Array(items) => format!("[{}]", list(items.iter().map(inline_toml).collect())),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_one_line_of_toml() {
        let json = serde_json::json!({
            "kind": "linear_warmup", "warmup_steps": 10, "end_lr": 0.5,
            "after": { "kind": "lambda", "factor": "0.9 ** step if step < 5 else \"x\"", "milestones": [1, 2] },
        });
        let line = inline_toml(&json);
        assert!(!line.contains('\n'));
        let read: toml::Table = format!("schedule = {line}").parse().unwrap();
        assert_eq!(serde_json::to_value(&read["schedule"]).unwrap(), json);
    }
}
