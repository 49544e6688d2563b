//! Steps as they are asked for: `7`, `0..100`, `0..100:10`, `0,5,10..20`.

use std::ops::Range;
use std::sync::Arc;

use crate::document::{Source, SpecError};

/// The number of steps there are: one past the last.
const END: u64 = 1 << 32;

/// Steps in the order in which they were asked for, which take no memory until they are walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps(Vec<Part>);

/// Every `stride`-th step from `start` on, below `end`; not empty, `end` at most [`END`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    start: u64,
    end: u64,
    stride: u64,
}

impl Steps {
    /// Reads steps and ranges of steps (the end excluded, an optional stride after a colon), separated by commas.
    ///
    /// # Errors
    /// Text that is none of this, an empty range, a stride of 0, or a step beyond 2^32 - 1; pointing at the part.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let reader = Reader {
            source: Arc::new(Source::new("--steps", text)),
        };
        let mut parts = Vec::new();
        let mut start = 0;
        for part in text.split(',') {
            parts.push(reader.part(start..start + part.len())?);
            start += part.len() + 1;
        }
        Ok(Self(parts))
    }

    /// The steps.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|part| {
            let stride = usize::try_from(part.stride).unwrap_or(usize::MAX);
            (part.start..part.end)
                .step_by(stride)
                .filter_map(|step| u32::try_from(step).ok())
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(Part::count).sum()
    }

    /// At most `most` of them, at equal distances in their order, the first and the last among them.
    #[must_use]
    pub fn spread(&self, most: u32) -> Vec<u32> {
        let count = self.count();
        let wanted = count.min(u64::from(most.max(2)));
        (0..wanted)
            .filter_map(|at| {
                self.get(match wanted {
                    1 => 0,
                    _ => at * (count - 1) / (wanted - 1),
                })
            })
            .collect()
    }

    fn get(&self, mut index: u64) -> Option<u32> {
        for part in &self.0 {
            if index < part.count() {
                return u32::try_from(part.start + index * part.stride).ok();
            }
            index -= part.count();
        }
        None
    }

    /// Whether none is below the one before it.
    #[must_use]
    pub fn ascend(&self) -> bool {
        self.0
            .is_sorted_by(|before, after| before.last() <= after.start)
    }

    /// The smallest of them.
    #[must_use]
    pub fn min(&self) -> u32 {
        let first = self.0.iter().map(|part| part.start).min();
        first.and_then(|step| u32::try_from(step).ok()).unwrap_or(0)
    }

    /// The largest of them.
    #[must_use]
    pub fn max(&self) -> u32 {
        self.0
            .iter()
            .map(Part::last)
            .max()
            .and_then(|step| u32::try_from(step).ok())
            .unwrap_or(0)
    }
}

impl Part {
    const fn count(&self) -> u64 {
        (self.end - self.start).div_ceil(self.stride)
    }

    const fn last(&self) -> u64 {
        self.start + (self.end - 1 - self.start) / self.stride * self.stride
    }
}

struct Reader {
    source: Arc<Source>,
}

impl Reader {
    fn part(&self, place: Range<usize>) -> Result<Part, SpecError> {
        let text = self.source.slice(&place);
        let Some((start, rest)) = text.split_once("..") else {
            let start = self.number(text, &place, END - 1)?;
            return Ok(Part {
                start,
                end: start + 1,
                stride: 1,
            });
        };
        if let Some(last) = rest.strip_prefix('=') {
            let end = last.trim().parse::<u64>().map_or_else(
                |_| "N+1".to_owned(),
                |end| end.saturating_add(1).to_string(),
            );
            return Err(self
                .wrong(
                    &place,
                    "the end of a range is excluded, and there is no other form",
                )
                .with_help(format!("write {start}..{end}")));
        }
        let (end, stride) = rest.split_once(':').unwrap_or((rest, "1"));
        let part = Part {
            start: self.number(start, &place, END - 1)?,
            end: self.number(end, &place, END)?,
            stride: self.number(stride, &place, END)?,
        };
        if part.stride == 0 {
            return Err(self
                .wrong(&place, "a stride of 0 never ends")
                .with_help("leave it out for every step"));
        }
        if part.start >= part.end {
            return Err(self.wrong(&place, "the range is empty").with_help(
                "the first number is the first step, the second one is one past the last",
            ));
        }
        Ok(part)
    }

    fn number(&self, text: &str, place: &Range<usize>, most: u64) -> Result<u64, SpecError> {
        let digits = text.trim();
        // `parse` alone would take a plus sign.
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self
                .wrong(place, format!("`{digits}` is not a step"))
                .with_help("write a step (7), a range with its end excluded (0..100), one with a stride (0..100:10), or several with commas"));
        }
        match digits.parse::<u64>() {
            Ok(number) if number <= most => Ok(number),
            _ => Err(self
                .wrong(
                    place,
                    format!("{digits} is beyond the last step, {}", END - 1),
                )
                .with_help("steps are counted in 32 bits; the end of a range may be 4294967296")),
        }
    }

    fn wrong(&self, place: &Range<usize>, message: impl Into<String>) -> SpecError {
        let value = self.source.slice(place).trim();
        let error = SpecError::at(&self.source, place.clone(), message).with_path("steps");
        if value.is_empty() {
            error
        } else {
            error.with_value(value)
        }
    }
}
