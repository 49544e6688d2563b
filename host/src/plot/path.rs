//! The `d` of an SVG path, in tenths of a pixel: thousands of marks in one element.

use std::fmt::Write;

/// A path under construction. Places that are not finite lift the pen.
#[derive(Debug, Default)]
pub(crate) struct Path {
    d: String,
    drawing: bool,
    points: usize,
}

impl Path {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A polyline through `points`.
    pub(crate) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut path = Self::new();
        for (x, y) in points {
            path.to(x, y);
        }
        path
    }

    /// Draws on to a place, or starts there if the pen is up.
    pub(crate) fn to(&mut self, x: f64, y: f64) {
        if !(x.is_finite() && y.is_finite()) {
            self.drawing = false;
            return;
        }
        self.d.push(if self.drawing { 'L' } else { 'M' });
        self.place(x, y);
        self.drawing = true;
    }

    /// A dot: a stroke of no length, which a round cap makes visible.
    pub(crate) fn dot(&mut self, x: f64, y: f64) {
        if x.is_finite() && y.is_finite() {
            self.drawing = false;
            self.d.push('M');
            self.place(x, y);
            self.d.push_str("h0");
        }
    }

    /// Lifts the pen: the next place starts a new stroke.
    pub(crate) fn lift(&mut self) {
        self.drawing = false;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.points == 0
    }

    pub(crate) fn d(&self) -> &str {
        &self.d
    }

    fn place(&mut self, x: f64, y: f64) {
        self.points += 1;
        // Writing to a String cannot fail.
        let _ = write!(self.d, "{},{}", tenth(x), tenth(y));
    }
}

/// Rounded to a tenth; far outside the paper it is all the same, and short.
fn tenth(v: f64) -> f64 {
    (v.clamp(-9999.0, 9999.0) * 10.0).round() / 10.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_the_data_is_a_gap_in_the_line() {
        let path = Path::line([
            (0.0, 1.04),
            (1.0, f64::NAN),
            (2.0, 3.0),
            (4.0, f64::INFINITY),
            (5.0, -0.01),
        ]);
        assert_eq!(path.d(), "M0,1M2,3M5,0");
        assert_eq!(Path::line([(0.0, 0.0), (1.25, 1e300)]).d(), "M0,0L1.3,9999");
    }

    #[test]
    fn dots_stand_alone() {
        let mut path = Path::new();
        assert!(path.is_empty());
        path.dot(1.0, 2.0);
        path.dot(f64::NAN, 2.0);
        path.to(3.0, 4.0);
        assert_eq!(path.d(), "M1,2h0M3,4");
    }
}
