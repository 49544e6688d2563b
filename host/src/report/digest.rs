//! What can be said about a sweep before anything is drawn: ranks, groups, thresholds.

use std::cmp::Ordering;

use super::{Goal, Leader, SweepReport, TrialRow};
use crate::plot::{Scale, count, significant};

/// Positions of `trials` from the best to the worst. Diverged trials come last; equal ones stay in the order of their numbers.
pub fn rank(trials: &[TrialRow], goal: Goal) -> Vec<usize> {
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (&trials[a], &trials[b]);
        let by_metric = match (a.diverged(), b.diverged()) {
            (false, false) => better_first(goal, a.final_metric, b.final_metric),
            (a_failed, b_failed) => a_failed.cmp(&b_failed),
        };
        by_metric.then(a.index.cmp(&b.index))
    });
    order
}

fn better_first(goal: Goal, a: f64, b: f64) -> Ordering {
    match goal {
        Goal::Minimize => a.total_cmp(&b),
        Goal::Maximize => b.total_cmp(&a),
    }
}

/// A report's data, ranked and grouped once for all figures.
pub(crate) struct Digest<'a> {
    pub(crate) report: &'a SweepReport,
    /// Positions from the best to the worst.
    pub(crate) order: Vec<usize>,
    /// How many trials at the head of `order` have a result.
    pub(crate) finished: usize,
    /// The learning rate of each position.
    pub(crate) rates: Vec<Option<f64>>,
    /// The rank of each position.
    pub(crate) ranks: Vec<usize>,
}

impl<'a> Digest<'a> {
    pub(crate) fn new(report: &'a SweepReport) -> Self {
        let order = rank(&report.trials, report.goal);
        let mut ranks = vec![0; order.len()];
        for (rank, &position) in order.iter().enumerate() {
            ranks[position] = rank;
        }
        Self {
            finished: report
                .trials
                .iter()
                .filter(|trial| !trial.diverged())
                .count(),
            rates: report.trials.iter().map(TrialRow::learning_rate).collect(),
            report,
            order,
            ranks,
        }
    }

    pub(crate) fn trial(&self, position: usize) -> &'a TrialRow {
        &self.report.trials[position]
    }

    /// The kind of a trial's schedule.
    pub(crate) fn kind(&self, position: usize) -> &'a str {
        &self.report.alternatives[self.trial(position).alternative]
    }

    /// The best trial, if any has a result.
    pub(crate) fn best(&self) -> Option<usize> {
        (self.finished > 0).then(|| self.order[0])
    }

    pub(crate) fn diverged(&self) -> usize {
        self.order.len() - self.finished
    }

    /// Positions that drew alternative `i`, from the best to the worst.
    pub(crate) fn group(&self, i: usize) -> Vec<usize> {
        self.order
            .iter()
            .copied()
            .filter(|&position| self.trial(position).alternative == i)
            .collect()
    }

    /// The leaders, from the best on; those without a result left out.
    pub(crate) fn leaders(&self) -> Vec<&'a Leader> {
        let mut leaders: Vec<&Leader> = self
            .report
            .leaders
            .iter()
            .filter(|leader| !self.trial(leader.position).diverged())
            .collect();
        leaders.sort_by_key(|leader| self.ranks[leader.position]);
        leaders
    }

    /// What a metric value is called in a sentence: `val_loss 0.137`.
    pub(crate) fn metric(&self, position: usize) -> String {
        format!(
            "{} {}",
            self.report.metric_name,
            significant(self.trial(position).final_metric, 4)
        )
    }

    /// A scale for final metrics that leaves out the far end of the worst ones: on it, what separates good from bad can be seen.
    pub(crate) fn metric_scale(&self) -> Scale {
        let values: Vec<f64> = self.order[..self.finished]
            .iter()
            .map(|&position| self.trial(position).final_metric)
            .collect();
        fit_without_tail(&values)
    }

    /// Where divergence begins, as far as the learning rate tells.
    pub(crate) fn threshold(&self) -> Threshold {
        let rated = |wanted: bool| {
            let chosen = self
                .report
                .trials
                .iter()
                .zip(&self.rates)
                .filter(move |(trial, _)| trial.diverged() == wanted);
            chosen.filter_map(|(_, rate)| *rate)
        };
        if self.diverged() == 0 {
            return Threshold::NoneDiverged;
        }
        if self.finished == 0 {
            return Threshold::AllDiverged;
        }
        let highest_good = rated(false).fold(f64::NEG_INFINITY, f64::max);
        let above = rated(true).filter(|&rate| rate > highest_good).count();
        let lowest_bad = rated(true).fold(f64::INFINITY, f64::min);
        if highest_good.is_finite() && above > 0 {
            Threshold::Above {
                rate: highest_good,
                count: above,
                lowest: lowest_bad,
            }
        } else {
            Threshold::Mixed
        }
    }
}

/// Where divergence begins.
pub(crate) enum Threshold {
    NoneDiverged,
    AllDiverged,
    /// Every trial above `rate` diverged, `count` of them; the lowest rate of a diverged trial is `lowest`.
    Above {
        rate: f64,
        count: usize,
        lowest: f64,
    },
    /// Some diverged, but not by their rate alone.
    Mixed,
}

impl Threshold {
    /// A sentence about it.
    pub(crate) fn sentence(&self, diverged: usize) -> String {
        match self {
            Self::NoneDiverged => "No trial diverged.".to_owned(),
            Self::AllDiverged => "Every trial diverged: lower the rates.".to_owned(),
            Self::Above {
                rate,
                count: above,
                lowest,
            } => {
                let every = format!(
                    "Every trial above {} diverged ({}",
                    significant(*rate, 3),
                    count(*above, "trial")
                );
                if *above == diverged {
                    format!("{every}; none below).")
                } else {
                    format!(
                        "{every}); the lowest rate that did is {}.",
                        significant(*lowest, 3)
                    )
                }
            }
            Self::Mixed => format!(
                "{} diverged, at no clear limit of the rate.",
                count(diverged, "trial")
            ),
        }
    }
}

/// A scale over the finite values, cut where the worst twentieth is more than three times beyond the rest.
pub(crate) fn fit_without_tail(values: &[f64]) -> Scale {
    let mut sorted: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
        return Scale::linear(0.0, 1.0);
    };
    let bulk = sorted[(sorted.len() - 1) * 19 / 20];
    let high = if bulk > 0.0 {
        high.min(bulk * 3.0)
    } else {
        high
    };
    // A loss that changed threefold is read by ratios; a share of things right is not.
    if low > 0.0 && high / low >= 3.0 && high > 1.0 {
        Scale::log(low, high)
    } else {
        Scale::fit([low, high])
    }
}

/// At most `most` of `positions`, drawn at random by their numbers alone: the same ones every time, in the order they came.
pub(crate) fn sample(positions: &[usize], most: usize) -> Vec<usize> {
    if positions.len() <= most {
        return positions.to_vec();
    }
    let mut keyed: Vec<(u64, usize)> = positions
        .iter()
        .enumerate()
        .map(|(i, &position)| (scatter(position), i))
        .collect();
    keyed.select_nth_unstable(most);
    let mut kept: Vec<usize> = keyed[..most].iter().map(|&(_, i)| i).collect();
    kept.sort_unstable();
    kept.into_iter().map(|i| positions[i]).collect()
}

/// A well-mixed number from a position (the finalizer of SplitMix64).
pub(crate) fn scatter(position: usize) -> u64 {
    let mut z = (position as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The value in the middle of a sorted list that counts diverged trials as worst; NaN of an empty one.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    sorted
        .get((sorted.len().max(1) - 1) / 2)
        .copied()
        .unwrap_or(f64::NAN)
}
