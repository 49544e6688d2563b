//! A curve with its axes, in the characters of a terminal.

use super::{Braille, Scale};

/// What is drawn: `rows` of `columns` characters between two scales, and the names beside them.
pub(crate) struct Terminal<'a> {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) x_name: &'a str,
    pub(crate) y_name: &'a str,
}

/// Distances between ticks that leave their labels apart, in characters.
const X_EVERY: usize = 12;
const Y_EVERY: usize = 2;

/// Narrower than this nothing is to be seen.
const NARROWEST: usize = 16;

impl Terminal<'_> {
    /// The drawing, a line break after each of its lines.
    pub(crate) fn draw(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let ticks = self.y.ticks(self.rows / Y_EVERY);
        let mut labels = vec![None; self.rows];
        for tick in &ticks {
            let Some(label) = &tick.label else { continue };
            let place = self.y.at(tick.value);
            if (-1e-9..=1.0 + 1e-9).contains(&place) {
                let dots = 4 * self.rows - 1;
                let row = dots - (place.clamp(0.0, 1.0) * dots as f64).round() as usize;
                if let Some(slot) = labels.get_mut(row / 4) {
                    *slot = Some(label.as_str());
                }
            }
        }
        let widest = labels
            .iter()
            .flatten()
            .map(|label| label.chars().count())
            .max();
        let gutter = widest.unwrap_or(0).max(self.y_name.chars().count());
        let columns = self.columns.saturating_sub(gutter + 2).max(NARROWEST);
        let mut paper = Braille::new(columns, self.rows);
        paper.curve(
            points
                .into_iter()
                .map(|(x, y)| (self.x.at(x), self.y.at(y))),
        );

        let mut text = format!("{:>gutter$}\n", self.y_name);
        for (label, row) in labels.iter().zip(paper.lines()) {
            let (label, mark) = label.map_or(("", '│'), |label| (label, '┤'));
            text.push_str(format!("{label:>gutter$} {mark}{row}").trim_end());
            text.push('\n');
        }
        let (axis, below) = self.x_axis(columns);
        text.push_str(&format!("{:>gutter$} └{axis}\n", ""));
        for line in below.lines() {
            text.push_str(&format!("{:>gutter$}  {line}\n", ""));
        }
        text
    }

    /// The axis with its ticks, and beneath it the labels and, beside them or on a line of its own, its name.
    fn x_axis(&self, columns: usize) -> (String, String) {
        let mut axis = vec!['─'; columns];
        let mut below: Vec<char> = Vec::new();
        let last = (columns - 1) as f64;
        for tick in self.x.ticks(columns / X_EVERY) {
            let (Some(label), place) = (&tick.label, self.x.at(tick.value)) else {
                continue;
            };
            if !(-1e-9..=1.0 + 1e-9).contains(&place) {
                continue;
            }
            let column = (place.clamp(0.0, 1.0) * last).round() as usize;
            let long = label.chars().count();
            let start = column
                .saturating_sub(long / 2)
                .min(columns.saturating_sub(long));
            // One space stays free between two labels.
            if !below.is_empty() && start <= below.len() {
                continue;
            }
            if let Some(slot) = axis.get_mut(column) {
                *slot = '┬';
            }
            below.resize(start, ' ');
            below.extend(label.chars());
        }
        let mut lines: String = below.iter().collect();
        let name = self.x_name;
        if below.len() + 2 + name.chars().count() <= columns {
            lines.push_str(&format!("  {name}"));
        } else {
            lines.push_str(&format!("\n{name:>columns$}"));
        }
        (axis.into_iter().collect(), lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_axes_and_labels() {
        let drawing = Terminal {
            columns: 24,
            rows: 4,
            x: Scale::linear(0.0, 100.0),
            y: Scale::linear(0.0, 1.0),
            x_name: "step",
            y_name: "lr",
        };
        let text = drawing.draw([(0.0, 1.0), (100.0, 0.0)]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8, "{text}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= 24),
            "{text}"
        );
        assert!(lines[1].starts_with("1.0 ┤⠉"), "{text}");
        assert!(lines[4].starts_with("  0 ┤"), "{text}");
        assert!(lines[5].starts_with("    └┬"), "{text}");
        // There is no room beside the last label for the name.
        assert!(
            lines[6].trim_start().starts_with('0') && lines[6].ends_with("100"),
            "{text}"
        );
        assert_eq!(lines[7].trim(), "step", "{text}");
    }
}
