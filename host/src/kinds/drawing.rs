//! A kind at one glance: its example over its steps, without axes.

use hairpin_core::{Feedback, Plan};

use super::{STEPS, example, loss};
use crate::document::{Document, Source};
use crate::lr::Rates;
use crate::plot::{Braille, Scale};
use crate::spec::ScheduleTemplate;

/// The schedule of a kind's example; `None` where there is no such kind of our own.
fn plan(name: &str) -> Option<Plan> {
    let document = Document::parse_inline(Source::new(name, example(name)?)).ok()?;
    let template = ScheduleTemplate::read(&document.at()).ok()?;
    let (_, built) = template.fixed().ok()?;
    Some(built.plan)
}

/// Whether the rates of a kind's example depend on losses.
pub(super) fn needs_losses(name: &str) -> bool {
    matches!(plan(name), Some(Plan::Feedback(feedback)) if feedback.needs_losses())
}

/// The rates of a kind's example at each of its steps; `None` where there is no such kind of our own.
#[must_use]
pub fn rates(name: &str) -> Option<Vec<f32>> {
    let losses: Vec<f64> = (0..STEPS).map(loss).collect();
    let rates = Rates::new(plan(name)?, Some(&losses)).ok()?;
    (0..STEPS).map(|step| rates.at(step).ok()).collect()
}

/// The example of a kind drawn in `rows` of `columns` characters, from 0 (or the lowest rate below it) to the highest rate.
#[must_use]
pub fn drawing(name: &str, columns: usize, rows: usize) -> Option<Vec<String>> {
    let rates = rates(name)?;
    let values = || rates.iter().copied().map(f64::from);
    let (low, high) = values().fold((0.0_f64, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let y = Scale::linear(low, high);
    let last = f64::from(STEPS - 1);
    let mut paper = Braille::new(columns, rows);
    let steps = (0..STEPS).map(f64::from);
    paper.curve(
        steps
            .zip(values())
            .map(|(step, value)| (step / last, y.at(value))),
    );
    Some(paper.lines())
}
