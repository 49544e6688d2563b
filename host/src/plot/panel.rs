//! A pair of axes on the paper.

use maud::{Markup, html};

use super::scale::{Scale, Tick};
use super::text::label_width;

/// A rectangle with a scale along each side.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    /// Unique in the page: names the clipping region.
    pub(crate) id: String,
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    /// Whether the y axis has its labels; beside a panel with the same scale they are not needed.
    pub(crate) labelled: bool,
}

/// Distances between labelled ticks that leave the labels apart: along x (straight, by decades) and along y.
const X_EVERY: (f64, f64) = (75.0, 46.0);
const Y_EVERY: f64 = 45.0;

impl Panel {
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// The place of a pair of values; NaN where a scale does not accept one.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.width * self.x.at(x),
            self.bottom() - self.height * self.y.at(y),
        )
    }

    /// The place of a value along y, held within the frame.
    pub(crate) fn y_inside(&self, y: f64) -> f64 {
        (self.bottom() - self.height * self.y.at(y)).clamp(self.top, self.bottom())
    }

    /// Grid, frame, ticks and their labels; the names of the axes where given.
    pub(crate) fn frame(&self, x_name: Option<&str>, y_name: Option<&str>) -> Markup {
        let (left, top, right, bottom) = (self.left, self.top, self.right(), self.bottom());
        let x_every = if self.x.is_log() {
            X_EVERY.1
        } else {
            X_EVERY.0
        };
        let x_ticks = self.x.ticks((self.width / x_every) as usize);
        let y_ticks = self.y.ticks((self.height / Y_EVERY) as usize);
        let x_labels = apart(&x_ticks, |tick| self.at(tick.value, f64::NAN).0);
        let widest = y_ticks
            .iter()
            .filter_map(|t| t.label.as_deref())
            .map(label_width)
            .fold(0.0, f64::max);
        let middle = top + self.height / 2.0;
        let beside = left - widest - 22.0;
        html! {
            @for tick in x_ticks.iter().filter(|tick| tick.label.is_some()) {
                @let x = tenth(self.at(tick.value, f64::NAN).0);
                line class="grid" x1=(x) x2=(x) y1=(top) y2=(bottom) {}
            }
            @for tick in y_ticks.iter().filter(|tick| tick.label.is_some()) {
                @let y = tenth(self.at(f64::NAN, tick.value).1);
                line class="grid" x1=(left) x2=(right) y1=(y) y2=(y) {}
            }
            path class="axis" d=(self.axis_path(&x_ticks, &y_ticks)) {}
            @for (x, label) in x_labels {
                text class="soft mid" x=(tenth(x)) y=(bottom + 19.0) { (label) }
            }
            @for tick in y_ticks.iter().filter(|_| self.labelled) {
                @if let Some(label) = &tick.label {
                    text class="soft end" x=(left - 9.0) y=(tenth(self.at(f64::NAN, tick.value).1 + 4.0)) { (label) }
                }
            }
            @if let Some(name) = x_name {
                text class="mid" x=(left + self.width / 2.0) y=(bottom + 40.0) { (name) }
            }
            @if let Some(name) = y_name {
                text class="mid" transform={ "translate(" (beside) "," (middle) ") rotate(-90)" } { (name) }
            }
        }
    }

    /// The two axis lines and every tick, as one path.
    fn axis_path(&self, x_ticks: &[Tick], y_ticks: &[Tick]) -> String {
        let (left, bottom) = (self.left, self.bottom());
        let mut d = format!("M{left},{}V{bottom}H{}", self.top, self.right());
        for tick in x_ticks {
            let length = if tick.label.is_some() { 5 } else { 3 };
            d.push_str(&format!(
                "M{},{bottom}v{length}",
                tenth(self.at(tick.value, f64::NAN).0)
            ));
        }
        for tick in y_ticks {
            let length = if tick.label.is_some() { 5 } else { 3 };
            d.push_str(&format!(
                "M{left},{}h-{length}",
                tenth(self.at(f64::NAN, tick.value).1)
            ));
        }
        d
    }

    /// `inside`, cut off at the frame.
    pub(crate) fn clipped(&self, inside: &Markup) -> Markup {
        // Two px beyond the frame: marks on the edge stay whole.
        let (x, y, width, height) = (
            self.left - 2.0,
            self.top - 2.0,
            self.width + 4.0,
            self.height + 4.0,
        );
        html! {
            clipPath id={ "clip-" (self.id) } { rect x=(x) y=(y) width=(width) height=(height) {} }
            (self.clipped_again(inside))
        }
    }

    /// `inside`, cut off by the region an earlier [`Panel::clipped`] of this panel has named.
    pub(crate) fn clipped_again(&self, inside: &Markup) -> Markup {
        html! { g clip-path={ "url(#clip-" (self.id) ")" } { (inside) } }
    }
}

/// The labels that fit beside each other, from the left.
fn apart(ticks: &[Tick], place: impl Fn(&Tick) -> f64) -> Vec<(f64, String)> {
    let mut free_from = f64::NEG_INFINITY;
    let mut kept = Vec::new();
    for tick in ticks {
        let Some(label) = &tick.label else { continue };
        let (x, half) = (place(tick), label_width(label) / 2.0);
        if x - half >= free_from {
            free_from = x + half + 8.0;
            kept.push((x, label.clone()));
        }
    }
    kept
}

fn tenth(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}
