//! The rates of a trial as an array of constants, for a chip that is to compute nothing.

use std::ops::Range;

use hairpin_core::Plan;

use super::{ExportError, FlashSize, Tuned};
use crate::convert::Name;
use crate::convert::comment::lines;
use crate::lr::Rates;

/// The most steps that a table covers: a rate for each of them fills 64 MiB, more than any chip has of flash.
pub(super) const MOST_STEPS: u64 = 1 << 24;

/// What the table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// C99. C++ has hexadecimal floating constants since C++17, and compilers took them before.
    C,
    /// Rust, against no crate.
    Rust,
}

/// Which rates are written, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateTable {
    /// In which language.
    pub language: Language,
    /// The steps that are covered, at least one; where nothing is given, those that the trial took.
    pub steps: Option<Range<u64>>,
    /// Every how many steps there is a rate, at least 1; it is held in between.
    pub stride: u32,
    /// How much room there is.
    pub flash: Option<FlashSize>,
}

/// One array of the table.
struct Column {
    /// Rate or momentum.
    what: &'static str,
    plural: &'static str,
    cells: Vec<f32>,
    /// How far the held values are from the trial's at most, and where.
    off: Option<(f64, u64)>,
}

/// The steps of the cells.
struct Layout {
    steps: Range<u64>,
    stride: u64,
}

impl Layout {
    const fn span(&self) -> u64 {
        self.steps.end.saturating_sub(self.steps.start)
    }

    const fn cells(&self) -> u64 {
        self.span().div_ceil(self.stride)
    }

    /// Refuses a table of some columns that has no room.
    fn check(&self, columns: u64, flash: Option<FlashSize>) -> Result<(), ExportError> {
        if self.span() > MOST_STEPS {
            return Err(ExportError::TooManySteps { steps: self.span() });
        }
        let a_step = columns * size_of::<f32>() as u64;
        let needed = a_step * self.cells();
        match flash {
            Some(limit) if needed > limit.0 => Err(ExportError::NoRoom {
                needed,
                limit,
                stride: match limit.0 / a_step {
                    0 => None,
                    most => Some(self.span().div_ceil(most)),
                },
            }),
            _ => Ok(()),
        }
    }
}

impl Tuned {
    /// The rates as an array of constants, and the momentum where it goes with the step.
    ///
    /// # Errors
    /// A schedule that reacts to losses, a table that is too large, or a rate that is no finite number.
    pub fn table(&self, table: &RateTable, name: &Name) -> Result<String, ExportError> {
        let layout = Layout {
            steps: table.steps.clone().unwrap_or(0..u64::from(self.steps())),
            stride: u64::from(table.stride),
        };
        layout.check(1 + u64::from(self.momentum.is_some()), table.flash)?;
        let mut columns = vec![self.column("rate", "rates", self.schedule.plan(), &layout)?];
        if let Some(momentum) = &self.momentum {
            columns.push(self.column("momentum", "momenta", momentum.plan(), &layout)?);
        }
        let mut text = self.origin("// ");
        text.push_str("//\n// The update that the trial was trained with:\n");
        text.push_str(&self.sgd_comment("//   "));
        text.push_str(&match table.language {
            Language::C => c(&columns, &layout, name),
            Language::Rust => rust(&columns, &layout, name),
        });
        Ok(text)
    }

    fn column(
        &self,
        what: &'static str,
        plural: &'static str,
        plan: &Plan,
        layout: &Layout,
    ) -> Result<Column, ExportError> {
        let feedback = || ExportError::Feedback {
            trial: self.trial(),
            kind: self.trial.schedule.innermost().name,
        };
        let rates = Rates::new(plan.clone(), None).map_err(|_| feedback())?;
        let mut cells: Vec<f32> = Vec::new();
        let mut off: Option<(f64, u64)> = None;
        for (offset, step) in layout.steps.clone().enumerate() {
            // A range of steps ends at 2^32 at most.
            let at = u32::try_from(step).unwrap_or(u32::MAX);
            let value = rates.at(at).map_err(|_| feedback())?;
            if !value.is_finite() {
                return Err(ExportError::NotFinite {
                    what,
                    step: at,
                    value,
                });
            }
            match cells.last() {
                Some(&held) if !(offset as u64).is_multiple_of(layout.stride) => {
                    let by = (f64::from(held) - f64::from(value)).abs();
                    if by > off.map_or(0.0, |(most, _)| most) {
                        off = Some((by, step));
                    }
                }
                _ => cells.push(value),
            }
        }
        Ok(Column {
            what,
            plural,
            cells,
            off,
        })
    }
}

/// What is to be known about a column, a sentence each.
fn meaning(column: &Column, layout: &Layout) -> Vec<String> {
    let Range { start, end } = layout.steps;
    let what = column.what;
    let which = match layout.stride {
        1 => "each step".to_owned(),
        stride => format!("one step in {stride}"),
    };
    let mut sentences = vec![format!(
        "The {what} of {which} from {start} to {}.",
        end - 1
    )];
    if let Some((by, step)) = column.off {
        sentences.push(format!(
            "Held in between, it is off by up to {} (at step {step}).",
            rounded_up(by)
        ));
    }
    sentences
}

/// A number above 0 in two digits that are not below it.
fn rounded_up(number: f64) -> String {
    let value = |text: &str| text.parse().unwrap_or(f64::INFINITY);
    let nearest = format!("{number:.1e}");
    match nearest.split_once('e') {
        Some((_, exponent)) if value(&nearest) < number => {
            format!(
                "{:.1e}",
                value(&nearest) + value(&format!("0.1e{exponent}"))
            )
        }
        _ => nearest,
    }
}

/// What is to be known about looking a value up.
fn lookup(column: &Column, layout: &Layout) -> String {
    let what = column.what;
    let before = if layout.steps.start > 0 {
        format!("before the first of them its {what}, ")
    } else {
        String::new()
    };
    format!(
        "The {what} at a step, held from one step of the table to the next; {before}after the last of them its {what}."
    )
}

/// Cells as they are written, some a line.
fn rows(cells: &[f32], a_line: usize, written: impl Fn(f32) -> String) -> String {
    let row = |row: &[f32]| {
        let row: Vec<String> = row.iter().map(|&cell| written(cell)).collect();
        format!("    {},\n", row.join(", "))
    };
    cells.chunks(a_line).map(row).collect()
}

fn c(columns: &[Column], layout: &Layout, name: &Name) -> String {
    let guard = format!("HAIRPIN_TABLE_{}_H", name.upper());
    let [first, stride, len] =
        ["first", "stride", "len"].map(|what| name.of("table").of(what).upper());
    let mut text = format!(
        "#ifndef {guard}
#define {guard}

#include <stdint.h>

#define {first} {}u
#define {stride} {}u
#define {len} {}u
",
        layout.steps.start,
        layout.stride,
        layout.cells(),
    );
    let since = if layout.steps.start > 0 {
        format!("(step < {first} ? 0u : step - {first})")
    } else {
        "step".to_owned()
    };
    for column in columns {
        let (array, function) = (
            name.of(column.plural).lower(),
            name.of(column.what).of("at").lower(),
        );
        text.push_str(&format!(
            "
{}static const float {array}[{len}] = {{
{}}};

{}static inline float {function}(uint32_t step)
{{
    uint32_t index = {since} / {stride};
    return {array}[index < {len} ? index : {len} - 1u];
}}
",
            lines("// ", &meaning(column, layout)),
            rows(&column.cells, 5, hex_float),
            lines("// ", &[lookup(column, layout)]),
        ));
    }
    text + "\n#endif\n"
}

fn rust(columns: &[Column], layout: &Layout, name: &Name) -> String {
    let mut text = String::new();
    let first = layout.steps.start;
    let since = match first {
        0 => "step".to_owned(),
        _ => format!("step.saturating_sub({first})"),
    };
    let index = match layout.stride {
        1 => since,
        stride => format!("{since} / {stride}"),
    };
    for column in columns {
        let (array, function) = (
            name.of(column.plural).upper(),
            name.of(column.what).of("at").lower(),
        );
        let last = column.cells.last().copied().unwrap_or_default();
        text.push_str(&format!(
            "
{}#[rustfmt::skip]
pub static {array}: [f32; {}] = [
{}];

{}pub fn {function}(step: u32) -> f32 {{
    let index = {index};
    {array}.get(index as usize).copied().unwrap_or({})
}}
",
            lines("/// ", &meaning(column, layout)),
            column.cells.len(),
            rows(&column.cells, 4, from_bits),
            lines("/// ", &[lookup(column, layout)]),
            from_bits(last),
        ));
    }
    text
}

fn from_bits(value: f32) -> String {
    format!("f32::from_bits(0x{:08x})", value.to_bits())
}

/// A finite number as a constant of C that is exactly it.
fn hex_float(value: f32) -> String {
    // Every f32 is a normal f64, or zero.
    let bits = f64::from(value).to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value == 0.0 {
        return format!("{sign}0.0f");
    }
    let exponent = (bits >> 52 & 0x7ff) as i64 - 1023;
    let digits = format!("{:013x}", bits & ((1 << 52) - 1));
    let digits = digits.trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    format!("{sign}0x1{point}{digits}p{exponent:+}f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_floats_are_those_of_c() {
        for (value, written) in [
            (0.1, "0x1.99999ap-4f"),
            (1.0, "0x1p+0f"),
            (-1.5, "-0x1.8p+0f"),
            (0.0, "0.0f"),
            (-0.0, "-0.0f"),
            (f32::MAX, "0x1.fffffep+127f"),
            (f32::MIN_POSITIVE, "0x1p-126f"),
            (f32::from_bits(1), "0x1p-149f"),
            (f32::from_bits(0x7f_ffff), "0x1.fffffcp-127f"),
        ] {
            assert_eq!(hex_float(value), written);
        }
    }

    #[test]
    fn bounds_are_rounded_up() {
        for (number, written) in [
            (1.0, "1.0e0"),
            (1.01, "1.1e0"),
            (1.04, "1.1e0"),
            (1.06, "1.1e0"),
            (9.91, "1.0e1"),
            (0.099_01, "1.0e-1"),
            (2.51e-7, "2.6e-7"),
            (1e-45, "1.0e-45"),
            (3.401e38, "3.5e38"),
        ] {
            assert_eq!(rounded_up(number), written);
        }
    }

    #[test]
    fn the_stride_that_is_proposed_fits_and_no_smaller_one_does() {
        for span in (1..200).chain([1000, MOST_STEPS]) {
            for columns in [1, 2] {
                for bytes in (0..900).step_by(7) {
                    let fits = |stride| {
                        let layout = Layout {
                            steps: 5..5 + span,
                            stride,
                        };
                        layout.check(columns, Some(FlashSize(bytes)))
                    };
                    match fits(1) {
                        Ok(()) => assert!(4 * columns * span <= bytes),
                        Err(ExportError::NoRoom {
                            needed,
                            stride: Some(stride),
                            ..
                        }) => {
                            assert_eq!(needed, 4 * columns * span);
                            assert!(fits(stride).is_ok());
                            assert!(fits(stride - 1).is_err());
                        }
                        Err(ExportError::NoRoom { stride: None, .. }) => {
                            assert!(bytes < 4 * columns && fits(span).is_err());
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        }
    }
}
