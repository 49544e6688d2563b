//! Rates drawn: in a terminal, and as a figure.

use maud::html;

use super::Steps;
use crate::plot::{Entry, Figure, Panel, Path, Scale, Terminal, legend, series};

/// Rates or momenta at some steps.
#[derive(Debug, Clone)]
pub struct Curve {
    /// What it is called beside others.
    pub label: String,
    /// What the values are: `lr` or `momentum`.
    pub quantity: &'static str,
    /// Steps with their values, in the order in which they were asked for.
    pub points: Vec<(u32, f32)>,
}

/// Curves over the same steps.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The curves, at least one.
    pub curves: Vec<Curve>,
    /// The smallest and the largest step.
    pub steps: (u32, u32),
    /// Whether the axis of the values goes by decades.
    pub log: LogAxis,
}

/// Whether the axis of the values goes by decades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAxis {
    /// It does: what is not above 0 is a gap.
    Yes,
    /// It does not.
    No,
}

/// More steps than this show no more: a few to each dot.
const MOST: u32 = 4096;

/// Height of a drawing in a terminal, in lines: of a single one, and of one of several.
const ROWS: (usize, usize) = (16, 8);

const LEFT: f64 = 90.0;
const WIDE: f64 = 620.0;
const HIGH: f64 = 240.0;
const PITCH: f64 = HIGH + 76.0;

impl Chart {
    /// The steps that are drawn: all of those asked for, or as many as can be seen.
    #[must_use]
    pub fn steps(asked: &Steps) -> Vec<u32> {
        asked.spread(MOST)
    }

    /// What is left out of the drawing: how many values of how many, and the first of them with its step.
    #[must_use]
    pub fn gaps(&self) -> Option<(usize, usize, u32, f32)> {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let mut gaps = all().filter(|(_, value)| !self.is_drawn(*value));
        let (step, value) = gaps.next()?;
        Some((1 + gaps.count(), all().count(), *step, *value))
    }

    fn is_drawn(&self, value: f32) -> bool {
        value.is_finite() && (self.log == LogAxis::No || value > 0.0)
    }

    fn x(&self) -> Scale {
        Scale::linear(f64::from(self.steps.0), f64::from(self.steps.1))
    }

    /// One scale for all curves of a quantity, so that they compare; zero is in sight.
    fn y(&self, quantity: &str) -> Scale {
        let values = self
            .curves
            .iter()
            .filter(|curve| curve.quantity == quantity);
        let drawn = values
            .flat_map(|curve| &curve.points)
            .map(|(_, value)| *value)
            .filter(|value| self.is_drawn(*value))
            .map(f64::from);
        let (low, high) = drawn.fold((f64::NAN, f64::NAN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        match self.log {
            LogAxis::Yes => Scale::log(low, high),
            LogAxis::No => Scale::linear(low.min(0.0), high.max(0.0)),
        }
    }

    fn points<'a>(&'a self, curve: &'a Curve) -> impl Iterator<Item = (f64, f64)> + 'a {
        curve.points.iter().map(|&(step, value)| {
            let value = if self.is_drawn(value) {
                f64::from(value)
            } else {
                f64::NAN
            };
            (f64::from(step), value)
        })
    }

    /// The drawing in characters, `columns` wide: several curves one above the other.
    #[must_use]
    pub fn terminal(&self, columns: usize) -> String {
        let is_single = self.curves.len() == 1;
        let mut text = String::new();
        for curve in &self.curves {
            if !is_single {
                text.push_str(&format!("{}\n", curve.label));
            }
            let drawing = Terminal {
                columns,
                rows: if is_single { ROWS.0 } else { ROWS.1 },
                x: self.x(),
                y: self.y(curve.quantity),
                x_name: "step",
                y_name: curve.quantity,
            };
            text.push_str(&drawing.draw(self.points(curve)));
        }
        text
    }

    /// The drawing as an SVG file: a panel for each quantity, with all its curves.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut quantities: Vec<&'static str> = Vec::new();
        for curve in &self.curves {
            if !quantities.contains(&curve.quantity) {
                quantities.push(curve.quantity);
            }
        }
        let names: Vec<Entry> = self
            .curves
            .iter()
            .enumerate()
            .map(|(index, curve)| {
                let style = format!("stroke:{};stroke-width:2.2", series(index));
                Entry::line(curve.label.clone(), "", &style)
            })
            .collect();
        let (names, top) = if names.len() > 1 {
            legend(&names, LEFT, 4.0, WIDE)
        } else {
            (html! {}, 0.0)
        };
        let panels: Vec<(Panel, &str)> = quantities
            .iter()
            .enumerate()
            .map(|(index, quantity)| {
                let panel = Panel {
                    id: format!("lr-{index}"),
                    left: LEFT,
                    top: top + 14.0 + PITCH * index as f64,
                    width: WIDE,
                    height: HIGH,
                    x: self.x(),
                    y: self.y(quantity).padded(0.03),
                    labelled: true,
                };
                (panel, *quantity)
            })
            .collect();
        let body = html! {
            (names)
            @for (panel, quantity) in &panels {
                (panel.frame(Some("step"), Some(quantity)))
                (panel.clipped(&html! {
                    @for (index, curve) in self.curves.iter().enumerate().filter(|(_, curve)| curve.quantity == *quantity) {
                        @let line = Path::line(self.points(curve).map(|(x, y)| panel.at(x, y)));
                        path style={ "stroke:" (series(index)) ";stroke-width:2.2" } d=(line.d()) {}
                    }
                }))
            }
        };
        let labels: Vec<&str> = self
            .curves
            .iter()
            .map(|curve| curve.label.as_str())
            .collect();
        Figure {
            name: "lr",
            title: labels.join(", "),
            caption: format!(
                "Across: the step, {} to {}. Up: the value at each step.",
                self.steps.0, self.steps.1
            ),
            width: LEFT + WIDE + 30.0,
            height: top + 14.0 + PITCH * panels.len() as f64 - 16.0,
            body,
        }
        .file()
    }
}
