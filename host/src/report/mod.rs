//! What a sweep found, as one page to open and its figures as files.
//!
//! [`write()`] takes plain data, so that a page can be drawn from any source: a finished sweep, one read back, a test. The page
//! needs no network and no script to be complete; the same data gives the same bytes.

mod digest;
mod heat_map;
mod loss_curves;
mod lr_curves;
mod medians;
mod page;
mod parallel;
mod rate_scatter;
mod write;

pub use digest::rank;
pub use write::{ReportError, write};

pub(crate) use page::PAGE_CSS;

/// How many of the best trials the page lists.
pub const LEADERS: usize = 20;

/// Everything a report shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepReport {
    /// The name of the sweep, in the page's title.
    pub title: String,
    /// The spec as it was written, shown in full at the end of the page.
    pub spec_text: String,
    /// The seed the trials were drawn with.
    pub seed: u64,
    /// What computed the results: name and version.
    pub versions: Vec<(String, String)>,
    /// What was trained.
    pub summary: Summary,
    /// The name of the metric the trials are ranked by.
    pub metric_name: String,
    /// Which way the metric is better.
    pub goal: Goal,
    /// The kinds of the alternative schedules; [`TrialRow::alternative`] counts in it.
    pub alternatives: Vec<String>,
    /// The trials, in any order.
    pub trials: Vec<TrialRow>,
    /// What was measured during training.
    pub curves: Curves,
    /// Rates and schedules of the leading trials: the first 20 of [`rank`] are enough.
    pub leaders: Vec<Leader>,
}

/// What was trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The model, as a reader would name it: `softmax`, `mlp (32 hidden)`.
    pub model: String,
    /// The data, as a reader would name it.
    pub data: String,
    /// Updates per trial.
    pub steps: u32,
}

/// Which way a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Less is better, as of a loss.
    Minimize,
    /// More is better, as of an accuracy.
    Maximize,
}

/// One trial and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// The trial's number in the sweep.
    pub index: u32,
    /// Which of [`SweepReport::alternatives`] it drew.
    pub alternative: usize,
    /// Its parameters in the order of the spec; a nested one is named by its path, `after.gamma`.
    pub parameters: Vec<(String, ParamCell)>,
    /// The metric at the end; not finite if the trial diverged.
    pub final_metric: f64,
    /// The best the metric ever was.
    pub best_metric: f64,
    /// The step at which its loss passed the bound, its rate stopped being finite, or its parameters stopped being finite.
    pub diverged_at: Option<u32>,
    /// The share of the held-out data classified rightly at the end, where that has a meaning.
    pub final_accuracy: Option<f64>,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamCell {
    /// A number.
    Number(f64),
    /// Anything else: a mode, an expression, a list.
    Text(String),
}

/// A measure taken during training, of every trial at the same steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// What was measured.
    pub name: String,
    /// The steps at which it was.
    pub steps: Vec<u32>,
    /// `[trials, steps]`, row-major, in the order of [`SweepReport::trials`]; not finite from a divergence on. Empty if nothing
    /// was kept.
    pub rows: Vec<f32>,
}

/// A leading trial's rates and schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Leader {
    /// Where the trial stands in [`SweepReport::trials`].
    pub position: usize,
    /// The rate of every step.
    pub rates: Vec<f32>,
    /// Its schedule as one line of TOML that `hairpin lr --schedule` accepts.
    pub schedule_toml: String,
}

impl TrialRow {
    /// Whether the trial has no usable result.
    pub fn diverged(&self) -> bool {
        self.diverged_at.is_some() || !self.final_metric.is_finite()
    }

    /// The learning rate it drew: the parameter of that name, else the outermost nested one. Piecewise schedules have none.
    pub fn learning_rate(&self) -> Option<f64> {
        let rates = self
            .parameters
            .iter()
            .filter_map(|(name, cell)| match cell {
                ParamCell::Number(value)
                    if name.rsplit('.').next() == Some("learning_rate") && value.is_finite() =>
                {
                    Some((name.matches('.').count(), *value))
                }
                _ => None,
            });
        rates
            .min_by_key(|&(depth, _)| depth)
            .map(|(_, value)| value)
    }
}

impl std::fmt::Display for ParamCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(value) => f.write_str(&crate::plot::significant(*value, 4)),
            Self::Text(text) => f.write_str(text),
        }
    }
}
