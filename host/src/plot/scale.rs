//! Scales: from a value to a place along an axis, and the ticks to print beside it.

// By path: every platform then draws the same tenth of a pixel.
use libm::{exp, log, log10, pow};

use super::text::significant;

/// A value to mark on an axis; a minor one has no label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: Option<String>,
}

/// A map from `[low, high]` to `[0, 1]`, straight or by decades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

/// Ratio between the largest and the smallest value above which an axis is drawn by decades.
const LOG_FROM: f64 = 30.0;

impl Scale {
    /// A straight scale; an empty or non-finite range is widened until it can be drawn.
    pub(crate) fn linear(low: f64, high: f64) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() {
            (low.min(high), low.max(high))
        } else {
            (0.0, 1.0)
        };
        // A range as wide as f64 itself would overflow when subtracted.
        let (low, high) = (low.max(-1e300), high.min(1e300));
        let least = (low.abs().max(high.abs()) * 1e-9).max(f64::MIN_POSITIVE);
        if high - low >= least {
            return Self {
                low,
                high,
                log: false,
            };
        }
        let around = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        Self {
            low: low - around,
            high: high + around,
            log: false,
        }
    }

    /// A scale by decades; falls back to a straight one where there is nothing positive.
    pub(crate) fn log(low: f64, high: f64) -> Self {
        if !(low > 0.0 && high.is_finite() && high >= low) {
            return Self::linear(low, high);
        }
        // Within these limits ratios do not overflow; nothing a sweep measures lies beyond.
        let (low, high) = (low.clamp(1e-150, 1e150), high.clamp(1e-150, 1e150));
        if high / low > 1.0 + 1e-9 {
            Self {
                low,
                high,
                log: true,
            }
        } else {
            Self {
                low: low / 2.0,
                high: high * 2.0,
                log: true,
            }
        }
    }

    /// The scale that shows `values` best: by decades if they are all positive and far apart. Non-finite ones are ignored.
    pub(crate) fn fit(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        if low > 0.0 && high / low >= LOG_FROM {
            Self::log(low, high)
        } else {
            Self::linear(low, high)
        }
    }

    /// The same scale with `share` of its length added at both ends, so that marks do not sit on the frame.
    pub(crate) fn padded(self, share: f64) -> Self {
        if self.log {
            let grow = (log(self.high) - log(self.low)) * share;
            let (low, high) = (exp(log(self.low) - grow), exp(log(self.high) + grow));
            return if low > 0.0 && high.is_finite() {
                Self {
                    low,
                    high,
                    log: true,
                }
            } else {
                self
            };
        }
        let grow = (self.high - self.low) * share;
        Self {
            low: self.low - grow,
            high: self.high + grow,
            log: false,
        }
    }

    pub(crate) fn is_log(&self) -> bool {
        self.log
    }

    /// Whether the scale can place `value` at all (not: whether it lies between the ends).
    pub(crate) fn accepts(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }

    /// Where `value` lies, 0 at the low end and 1 at the high end; NaN for what the scale does not accept.
    pub(crate) fn at(&self, value: f64) -> f64 {
        if !self.accepts(value) {
            return f64::NAN;
        }
        let place = if self.log {
            (log(value) - log(self.low)) / (log(self.high) - log(self.low))
        } else {
            (value - self.low) / (self.high - self.low)
        };
        // Far outside is far outside: a finite place that still tells which side.
        place.clamp(-1e6, 1e6)
    }

    /// The value at `place`: the inverse of [`Scale::at`].
    pub(crate) fn value(&self, place: f64) -> f64 {
        if self.log {
            self.low * pow(self.high / self.low, place)
        } else {
            self.low + (self.high - self.low) * place
        }
    }

    /// About `wanted` labelled ticks at round values, with unlabelled ones between on a scale by decades.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let wanted = wanted.max(2);
        if self.log {
            self.log_ticks(wanted)
        } else {
            self.linear_ticks(wanted)
        }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<Tick> {
        let step = round_step((self.high - self.low) / wanted as f64);
        let first = (self.low / step - 1e-9).ceil();
        let last = (self.high / step + 1e-9).floor();
        let mut ticks = Vec::new();
        let mut k = first;
        while k <= last && ticks.len() <= 4 * wanted {
            // Multiplying, not adding: 0.1 + 0.2 would be labelled 0.30000000000000004.
            let value = k * step;
            ticks.push(Tick {
                value,
                label: Some(decimal(value, step)),
            });
            k += 1.0;
        }
        ticks
    }

    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let (from, to) = (
            log10(self.low).floor() as i32,
            log10(self.high).ceil() as i32,
        );
        let decades = log10(self.high) - log10(self.low);
        if decades < 0.7 {
            let straight = Self {
                log: false,
                ..*self
            };
            return straight.linear_ticks(wanted.min(5));
        }
        // The fullest of these sets that stays near the wanted number.
        let labelled: &[u32] = if decades * 3.0 <= wanted as f64 + 1.0 {
            &[1, 2, 5]
        } else {
            &[1]
        };
        let every = ((decades / wanted as f64).ceil() as i32).max(1);
        let mut ticks = Vec::new();
        for exponent in from..=to {
            for digit in 1..10u32 {
                let value = scientific(digit, exponent);
                let inside = value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9);
                let round = exponent.rem_euclid(every) == 0;
                if !inside || (every > 1 && digit > 1) || (every > 4 && !round) {
                    continue;
                }
                let shown = labelled.contains(&digit) && round;
                ticks.push(Tick {
                    value,
                    label: shown.then(|| power_label(digit, exponent)),
                });
            }
        }
        ticks
    }
}

/// The smallest and the largest finite value; `(NaN, NaN)` if there is none.
fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    values
        .into_iter()
        .filter(|v| v.is_finite())
        .fold((f64::NAN, f64::NAN), |(low, high), v| {
            (low.min(v), high.max(v))
        })
}

/// `digit * 10^exponent`, read from decimal so that it is the number the label says.
fn scientific(digit: u32, exponent: i32) -> f64 {
    format!("{digit}e{exponent}").parse().unwrap_or(f64::NAN)
}

/// The nearest of 1, 2, 5 times a power of ten at or above `raw`.
fn round_step(raw: f64) -> f64 {
    let exponent = log10(raw).floor() as i32;
    [1u32, 2, 5]
        .into_iter()
        .map(|digit| scientific(digit, exponent))
        .find(|&step| step >= raw * (1.0 - 1e-9))
        .unwrap_or_else(|| scientific(1, exponent + 1))
}

/// `value` with as many decimals as the distance between two ticks needs.
fn decimal(value: f64, step: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&size.max(step)) {
        return significant(value, 4);
    }
    let places = (-log10(step).floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.places$}")
}

/// The label of a tick on a scale by decades: plain near 1, a power of ten far from it.
fn power_label(digit: u32, exponent: i32) -> String {
    if (-4..5).contains(&exponent) {
        return significant(scientific(digit, exponent), 3);
    }
    let raised: String = exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            other => char::from_u32('⁰' as u32 + other.to_digit(10).unwrap_or(0)).unwrap_or(other),
        })
        .collect();
    if digit == 1 {
        format!("10{raised}")
    } else {
        format!("{digit}·10{raised}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: Scale, wanted: usize) -> Vec<String> {
        scale
            .ticks(wanted)
            .into_iter()
            .filter_map(|tick| tick.label)
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            labels(Scale::linear(0.0, 300.0), 6),
            ["0", "50", "100", "150", "200", "250", "300"]
        );
        assert_eq!(
            labels(Scale::linear(0.0, 0.3), 3),
            ["0.0", "0.1", "0.2", "0.3"].map(|s| if s == "0.0" { "0" } else { s })
        );
        assert_eq!(
            labels(Scale::linear(-1.0, 1.0), 4),
            ["-1.0", "-0.5", "0", "0.5", "1.0"]
        );
    }

    #[test]
    fn decades_are_labelled_and_their_parts_are_not() {
        let ticks = Scale::log(1e-3, 10.0).ticks(6);
        assert_eq!(
            ticks
                .iter()
                .filter_map(|t| t.label.clone())
                .collect::<Vec<_>>(),
            ["0.001", "0.01", "0.1", "1", "10"]
        );
        assert_eq!(ticks.len(), 4 * 9 + 1);
        assert_eq!(
            labels(Scale::log(1e-12, 1.0), 4),
            ["10⁻¹²", "10⁻⁹", "10⁻⁶", "0.001", "1"]
        );
        assert_eq!(labels(Scale::log(0.1, 1.0), 6), ["0.1", "0.2", "0.5", "1"]);
    }

    #[test]
    fn a_scale_places_its_ends_and_inverts() {
        for scale in [Scale::linear(-3.0, 7.0), Scale::log(1e-4, 30.0)] {
            for place in [0.0, 0.25, 1.0] {
                // Logarithms of size 10, each within an ulp (2e-15), over a length of 12: below 1e-14.
                assert!((scale.at(scale.value(place)) - place).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_still_a_scale() {
        for scale in [
            Scale::fit([]),
            Scale::fit([f64::NAN, f64::INFINITY]),
            Scale::fit([2.0, 2.0]),
            Scale::fit([0.0]),
            Scale::log(-1.0, 1.0),
            Scale::log(5.0, 5.0),
            Scale::linear(f64::MIN, f64::MAX),
            Scale::log(f64::MIN_POSITIVE, f64::MAX),
            Scale::linear(1.0, 1.0 + f64::EPSILON),
        ] {
            let ticks = scale.ticks(5);
            assert!(
                !ticks.is_empty() && ticks.len() < 400,
                "{scale:?}: {} ticks",
                ticks.len()
            );
            assert!(
                scale.value(0.5).is_finite() && scale.at(scale.value(0.5)).is_finite(),
                "{scale:?}"
            );
        }
        assert!(
            Scale::log(0.1, 1.0).at(-1.0).is_nan()
                && Scale::linear(0.0, 1.0).at(f64::INFINITY).is_nan()
        );
    }

    #[test]
    fn far_apart_positive_values_get_decades() {
        assert!(Scale::fit([0.01, 1.0]).is_log());
        assert!(!Scale::fit([0.1, 1.0]).is_log() && !Scale::fit([0.0, 1000.0]).is_log());
    }
}
