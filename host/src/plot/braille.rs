//! Curves in a terminal: eight dots a character.

/// Paper of `columns` by `rows` characters, with two by four dots in each.
#[derive(Debug)]
pub(crate) struct Braille {
    columns: usize,
    rows: usize,
    cells: Vec<u32>,
}

/// The bits of the dots of a character, by their column and row in it.
const DOTS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

impl Braille {
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        let (columns, rows) = (columns.max(1), rows.max(1));
        Self {
            columns,
            rows,
            cells: vec![0; columns * rows],
        }
    }

    /// A line through places from 0 (left, bottom) to 1 (right, top). One that is NaN is a gap; one outside is drawn at the edge.
    pub(crate) fn curve(&mut self, places: impl IntoIterator<Item = (f64, f64)>) {
        let (wide, high) = (2 * self.columns - 1, 4 * self.rows - 1);
        let mut before: Option<(usize, usize)> = None;
        for (x, y) in places {
            if x.is_nan() || y.is_nan() {
                before = None;
                continue;
            }
            let dot = |place: f64, last: usize| (place.clamp(0.0, 1.0) * last as f64).round();
            let here = (dot(x, wide) as usize, high - dot(y, high) as usize);
            self.line(before.unwrap_or(here), here);
            before = Some(here);
        }
    }

    /// As many dots as the longer side has: no gap, and none twice.
    fn line(&mut self, from: (usize, usize), to: (usize, usize)) {
        let dots = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
        let between = |from: usize, to: usize, at: usize| {
            let share = at as f64 / dots.max(1) as f64;
            (from as f64 + (to as f64 - from as f64) * share).round() as usize
        };
        for at in 0..=dots {
            self.dot(between(from.0, to.0, at), between(from.1, to.1, at));
        }
    }

    fn dot(&mut self, x: usize, y: usize) {
        let bit = DOTS.get(x % 2).and_then(|column| column.get(y % 4));
        let cell = self.cells.get_mut(y / 4 * self.columns + x / 2);
        if let (Some(cell), Some(bit)) = (cell, bit) {
            *cell |= bit;
        }
    }

    /// The rows from the top, without spaces at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let character = |cell: &u32| match cell {
            0 => ' ',
            bits => char::from_u32(0x2800 + bits).unwrap_or(' '),
        };
        self.cells
            .chunks(self.columns)
            .take(self.rows)
            .map(|row| {
                let row: String = row.iter().map(character).collect();
                row.trim_end().to_owned()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(columns: usize, rows: usize, places: &[(f64, f64)]) -> Vec<String> {
        let mut paper = Braille::new(columns, rows);
        paper.curve(places.iter().copied());
        paper.lines()
    }

    #[test]
    fn lines_go_from_dot_to_dot() {
        assert_eq!(drawn(2, 1, &[(0.0, 0.0), (1.0, 1.0)]), ["⡠⠊"]);
        assert_eq!(drawn(2, 1, &[(0.0, 1.0), (1.0, 1.0)]), ["⠉⠉"]);
        assert_eq!(drawn(1, 2, &[(0.0, 0.0), (0.0, 1.0)]), ["⡇", "⡇"]);
    }

    #[test]
    fn a_gap_is_a_gap_and_a_lone_value_a_dot() {
        let places = [(0.0, 0.0), (0.5, f64::NAN), (1.0, 0.0)];
        assert_eq!(drawn(3, 1, &places), ["⡀ ⢀"]);
    }

    #[test]
    fn what_lies_outside_is_drawn_at_the_edge() {
        let places = [(0.0, -5.0), (1.0, f64::INFINITY)];
        assert_eq!(drawn(2, 1, &places), drawn(2, 1, &[(0.0, 0.0), (1.0, 1.0)]));
    }
}
