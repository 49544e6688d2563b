//! The twelve schedules on one sheet.

use maud::html;

use super::schedules::{Lesson, STEPS, SYNTHETIC_LOSS, synthetic_loss};
use crate::plot::{Figure, Panel, Path, Scale, series};

const COLUMNS: usize = 3;
const WIDTH: f64 = 900.0;
const WIDE: f64 = 240.0;
const HIGH: f64 = 116.0;
const HEAD: f64 = 56.0;
const LEFT: f64 = 40.0;
const PITCH: (f64, f64) = (290.0, HEAD + HIGH + 38.0);

/// Draws all of them at the same scales.
pub(super) fn figure(lessons: &[Lesson]) -> Figure {
    let body = html! {
        @for (i, lesson) in lessons.iter().enumerate() {
            @let panel = panel(i);
            @let rates = lesson.rates();
            @let line = Path::line((0..=STEPS).zip(&rates).map(|(step, &rate)| panel.at(f64::from(step), f64::from(rate))));
            text class="head" x=(panel.left) y=(panel.top - 38.0) { (lesson.kind) }
            @for (row, text) in lesson.parameters.iter().enumerate() {
                text class="soft mono" font-size="10" x=(panel.left) y=(panel.top - 23.0 + 13.0 * row as f64) { (text) }
            }
            (panel.frame(None, None))
            @if lesson.reacts() {
                // The loss has its own scale, 0 to 1 over the height of the panel.
                @let loss = Path::line((0..=STEPS).map(|step| (panel.at(f64::from(step), 0.0).0, panel.bottom() - panel.height * synthetic_loss(step))));
                path class="dash" style="stroke:var(--soft);stroke-width:1.2" d=(loss.d()) {}
                text class="soft small end" x=(panel.right()) y=(panel.top + 30.0) { (SYNTHETIC_LOSS) }
            }
            (panel.clipped(&html! { path style={ "stroke:" (series(0)) ";stroke-width:2.2" } d=(line.d()) {} }))
        }
    };
    let rows = lessons.len().div_ceil(COLUMNS) as f64;
    Figure {
        name: "schedules",
        title: "Twelve schedules: the learning rate over 100 steps".to_owned(),
        caption: "Across: the step, 0 to 100. Up: the rate, 0 to 0.5 on every panel, so that they compare. Each curve is the schedule itself, evaluated at \
                  every step with the parameters printed above it."
            .to_owned(),
        width: WIDTH,
        height: rows * PITCH.1 - 8.0,
        body,
    }
}

fn panel(i: usize) -> Panel {
    Panel {
        id: format!("schedule-{i}"),
        left: LEFT + PITCH.0 * (i % COLUMNS) as f64,
        top: PITCH.1 * (i / COLUMNS) as f64 + HEAD,
        width: WIDE,
        height: HIGH,
        x: Scale::linear(0.0, f64::from(STEPS)),
        y: Scale::linear(0.0, 0.55),
        labelled: true,
    }
}
