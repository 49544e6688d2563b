//! The curves on which a rate goes from one value to another, each written down once.
//!
//! A curve gives the weights of both ends for a position between them. Both come with their own relative accuracy, so that
//! the end with the larger rate is right even where its weight is tiny: the smaller weight is computed without a difference
//! of near numbers, and the other one is its complement.

use core::f64::consts::{FRAC_PI_2, LN_2, PI, TAU};

use crate::course::{Bend, Course, line, wave};
use crate::elementary::{exp, remainder, sine};
use crate::error::{ConfigError, finite};
use crate::numeric::{complement, larger, smaller, two_product, whole_power};
use crate::parameters::words;
use crate::schedule::Profile;

words! {
    /// The curve between two rates. With `x` from 0 to 1 along the way and `a` the amount, the weight of the first rate is:
    pub enum Shape {
        /// `1 - x`
        Linear = "linear",
        /// `(1 + cos(pi * x)) / 2`: slow at both ends.
        Cosine = "cosine",
        /// `1 - sqrt(x)`: fast first, slow at the end.
        Sqrt = "sqrt",
        /// `sqrt(1 - x)`: slow first, fast at the end. What rises on it rises as `1 - sqrt(1 - x)`.
        ReverseSqrt = "reverse_sqrt",
        /// `1 - x^a`, `a` above 0.
        Power = "power",
        /// `(a^x - a) / (1 - a)`, `a` above 0 and not 1: below 1 fast first, above 1 slow first.
        Exponential = "exponential",
        /// `(1 + cos(2 * pi * a * x)) / 2`: `a` full waves, and 0 from the end on.
        Cycles = "cycles",
    }
}

words! {
    /// The curve between two rates, where only these two are known.
    pub enum Interpolation {
        /// A straight line.
        Linear = "linear",
        /// Half a wave of a cosine: slow at both ends.
        Cosine = "cosine",
    }
}

/// A place on the way from one rate to another: what is left of it, what is done, and both together.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    left: f64,
    done: f64,
    whole: f64,
}

impl Way {
    /// A way of whole steps, every number of which is exact. Integers are added for next to nothing where an `f64` is made of them.
    #[inline]
    pub(crate) fn steps(left: u32, done: u32) -> Self {
        Self {
            left: f64::from(left),
            done: f64::from(done),
            whole: u64::from(left).saturating_add(u64::from(done)) as f64,
        }
    }

    /// A way whose parts are no whole numbers.
    #[inline]
    pub(crate) fn parts(left: f64, done: f64) -> Self {
        Self {
            left,
            done,
            whole: left + done,
        }
    }

    /// The same way read from its other end.
    #[inline]
    fn backwards(self) -> Self {
        Self {
            left: self.done,
            done: self.left,
            ..self
        }
    }

    /// The weights of a straight line.
    #[inline]
    fn line(self) -> Profile {
        [self.left / self.whole, self.done / self.whole, 0.0]
    }
}

impl Way {
    /// What is left of it.
    pub(crate) const fn left(self) -> f64 {
        self.left
    }
}

impl Shape {
    /// Whether the shape has a free number.
    pub(crate) const fn takes_amount(self) -> bool {
        matches!(self, Self::Power | Self::Exponential | Self::Cycles)
    }
}

impl Interpolation {
    #[inline]
    pub(crate) fn weights(self, way: Way) -> Profile {
        match self {
            Self::Linear => way.line(),
            Self::Cosine => half_cosine(way),
        }
    }

    /// How a rate goes on from the first of two rates to the other, with so many of `span` steps left.
    pub(crate) const fn bend(self, [from, to]: [f64; 2], left: f64, span: f64) -> Bend {
        match self {
            Self::Linear => Bend::Smooth,
            Self::Cosine => Bend::HalfWave {
                limit: to,
                top: from,
                ahead: left,
                turn: PI / span,
                exponent: 1,
            },
        }
    }

    /// A bound of a Taylor coefficient of a weight on a way of `span` steps.
    pub(crate) fn taylor(self, span: f64, order: u32) -> f64 {
        match self {
            Self::Linear => line(1.0 / span, order),
            Self::Cosine => wave(PI / span, order),
        }
    }
}

/// Why an amount that no shape takes is refused.
pub(crate) const NO_AMOUNT: ConfigError = ConfigError::Conflict {
    field: "amount",
    with: "is only for the shapes power, exponential and cycles: leave it out",
};

const AMOUNT_MISSING: ConfigError = ConfigError::Conflict {
    field: "amount",
    with: "is missing: the shapes power (its exponent), exponential (its base) and cycles (how many) need it",
};

/// A [`Shape`] with its amount, checked.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Curve {
    Linear,
    Cosine,
    Sqrt,
    ReverseSqrt,
    Power(Power),
    Exponential(Saturation),
    Cycles(f64),
}

impl Curve {
    pub(crate) fn new(shape: Shape, amount: Option<f64>) -> Result<Self, ConfigError> {
        if amount.is_some() && !shape.takes_amount() {
            return Err(NO_AMOUNT);
        }
        let amount = || finite("amount", amount.ok_or(AMOUNT_MISSING)?);
        Ok(match shape {
            Shape::Linear => Self::Linear,
            Shape::Cosine => Self::Cosine,
            Shape::Sqrt => Self::Sqrt,
            Shape::ReverseSqrt => Self::ReverseSqrt,
            Shape::Power => Self::Power(Power::new("amount", amount()?)?),
            Shape::Exponential => Self::Exponential(Saturation::new("amount", amount()?)?),
            Shape::Cycles => Self::Cycles(amount()?),
        })
    }

    pub(crate) const fn shape(&self) -> Shape {
        match self {
            Self::Linear => Shape::Linear,
            Self::Cosine => Shape::Cosine,
            Self::Sqrt => Shape::Sqrt,
            Self::ReverseSqrt => Shape::ReverseSqrt,
            Self::Power(_) => Shape::Power,
            Self::Exponential(_) => Shape::Exponential,
            Self::Cycles(_) => Shape::Cycles,
        }
    }

    pub(crate) fn amount(&self) -> Option<f64> {
        match self {
            Self::Linear | Self::Cosine | Self::Sqrt | Self::ReverseSqrt => None,
            Self::Power(power) => Some(power.exponent()),
            Self::Exponential(saturation) => Some(saturation.base),
            Self::Cycles(amount) => Some(*amount),
        }
    }

    /// How a rate goes on after `done` of `span` steps from the first of two rates to the other.
    pub(crate) fn course(&self, [from, to]: [f64; 2], done: u32, span: u32) -> Course {
        const ROOT: Power = Power::Real(0.5);
        let bend = match self {
            Self::Sqrt => ROOT.bend_to(from, 0.0),
            Self::ReverseSqrt => ROOT.bend_to(to, f64::from(span)),
            Self::Power(power) => power.bend_to(from, 0.0),
            Self::Cosine => {
                let span = f64::from(span);
                Interpolation::Cosine.bend([from, to], span - f64::from(done), span)
            }
            Self::Cycles(amount) => bend_of_waves([from, to], *amount, done, span),
            _ => Bend::Smooth,
        };
        if done < span {
            Course::curve(bend, span.saturating_sub(1))
        } else {
            Course::FOREVER
        }
    }

    /// A bound of a Taylor coefficient of the weights before the end of `span` steps, where they are smooth.
    pub(crate) fn taylor(&self, span: u32, order: u32) -> f64 {
        let slope = 1.0 / f64::from(span);
        // Both weights are at most 1, and their derivatives are the same but for the sign.
        if order == 0 {
            return 1.0;
        }
        match self {
            Self::Linear | Self::Power(Power::Whole(1)) => line(slope, order),
            Self::Cosine => wave(PI * slope, order),
            Self::Exponential(Saturation { base, ln, .. }) => {
                larger(*base, 1.0) / libm::fabs(1.0 - base) * wave(libm::fabs(*ln) * slope, order)
            }
            Self::Cycles(amount) => wave(TAU * libm::fabs(*amount) * slope, order),
            Self::Sqrt | Self::ReverseSqrt | Self::Power(_) => f64::INFINITY,
        }
    }

    /// The weights of both ends after `done` of `span` steps; from `span` on only the second end counts.
    #[inline]
    pub(crate) fn weights(&self, done: u32, span: u32) -> Profile {
        if done >= span {
            return [0.0, 1.0, 0.0];
        }
        let way = Way::steps(span.saturating_sub(done), done);
        match self {
            Self::Linear => way.line(),
            Self::Cosine => half_cosine(way),
            Self::Sqrt => {
                let [lacking, root] = root_weights(way.backwards());
                [lacking, root, 0.0]
            }
            Self::ReverseSqrt => {
                let [lacking, root] = root_weights(way);
                [root, lacking, 0.0]
            }
            Self::Power(power) => {
                let [grown, lacking, _] = power.weights(way.backwards());
                [lacking, grown, 0.0]
            }
            Self::Exponential(saturation) => saturation.weights(way),
            Self::Cycles(amount) => full_waves(*amount, done, span),
        }
    }
}

/// The weights on half a wave of a cosine: `(1 + cos(pi * done / (left + done))) / 2` and what it lacks to 1.
///
/// The weight of the nearer end is a squared sine of at most 45 degrees, so that `1 + cos` never cancels.
#[inline]
pub(crate) fn half_cosine(way: Way) -> Profile {
    let past_half = way.left < way.done;
    let nearer = if past_half { way.left } else { way.done };
    complement(squared_sine(nearer, way.whole), past_half)
}

/// `sin(pi / 2 * part / whole)^2`, of no more than half the whole.
#[inline]
fn squared_sine(part: f64, whole: f64) -> f64 {
    let sine = sine(FRAC_PI_2 * (part / whole));
    sine * sine
}

/// What the square root of the share left lacks to 1, and the root.
#[inline]
fn root_weights(way: Way) -> [f64; 2] {
    let [left, done, _] = way.line();
    let root = libm::sqrt(left);
    // 1 - s = (1 - s^2) / (1 + s)
    [done / (1.0 + root), root]
}

/// A real power of a share.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Power {
    Whole(u8),
    Real(f64),
}

impl Power {
    pub(crate) const ONE: Self = Self::Whole(1);

    pub(crate) const fn new(field: &'static str, exponent: f64) -> Result<Self, ConfigError> {
        match finite(field, exponent) {
            Ok(exponent) if exponent > 0.0 => {}
            Ok(value) => {
                return Err(ConfigError::OutOfRange {
                    field,
                    value,
                    expected: "above 0; for a rate that never changes use `constant`",
                });
            }
            Err(error) => return Err(error),
        }
        let whole = exponent as u8;
        Ok(if whole <= 8 && whole as f64 == exponent {
            Self::Whole(whole)
        } else {
            Self::Real(exponent)
        })
    }

    pub(crate) fn exponent(self) -> f64 {
        match self {
            Self::Whole(power) => f64::from(power),
            Self::Real(power) => power,
        }
    }

    /// The share left to this power, and what it lacks to 1.
    #[inline]
    pub(crate) fn weights(self, way: Way) -> Profile {
        if self == Self::ONE {
            return way.line();
        }
        let left_share = way.left / way.whole;
        match self {
            Self::Whole(power) => {
                let weight = whole_power(left_share, u32::from(power));
                // What is lacked is an eighth at least: three of 53 digits are lost.
                if weight <= 0.875 {
                    return complement(weight, true);
                }
                // 1 - q^p = (1 - q) * (1 + q + … + q^(p-1)): no difference of near numbers is taken.
                let mut sum = 1.0 + left_share;
                for _ in 2..power {
                    sum = 1.0 + left_share * sum;
                }
                [weight, way.done / way.whole * sum, 0.0]
            }
            Self::Real(power) => {
                if way.left == 0.0 {
                    return [0.0, 1.0, 0.0];
                }
                // Whichever share is small is the one whose digits count.
                let ln_left = if way.done <= way.left {
                    libm::log1p(-(way.done / way.whole))
                } else {
                    libm::log(left_share)
                };
                let exponent = power * ln_left;
                if exponent < -LN_2 {
                    complement(exp(exponent), true)
                } else {
                    complement(-libm::expm1(exponent), false)
                }
            }
        }
    }

    /// How a rate goes on whose distance from `limit` is a factor times this power of the distance from step `origin`.
    pub(crate) fn bend_to(self, limit: f64, origin: f64) -> Bend {
        if self == Self::ONE {
            return Bend::Smooth;
        }
        Bend::Power {
            limit,
            origin,
            exponent: self.exponent(),
            rate: 0.0,
        }
    }

    /// The way on which the share done is taken to this power: `1 - x^k` and `x^k`.
    #[inline]
    pub(crate) fn bend(self, way: Way) -> Way {
        if self == Self::ONE {
            return way;
        }
        let [done, left, _] = self.weights(way.backwards());
        Way::parts(left, done)
    }
}

/// `(1 - base^x) / (1 - base)`: grows from 0 to 1, fast first if the base is below 1, slow first if it is above.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Saturation {
    base: f64,
    /// The logarithm of the base, or of its inverse where the base is above 1: below 0.
    ln: f64,
    /// `1 - exp(ln)`
    reach: f64,
}

impl Saturation {
    fn new(field: &'static str, base: f64) -> Result<Self, ConfigError> {
        if !(base > 0.0) || base == 1.0 {
            return Err(ConfigError::OutOfRange {
                field,
                value: base,
                expected: "above 0 and not 1; for a straight line use the shape linear",
            });
        }
        let ln = libm::log(base);
        let (ln, reach) = if base < 1.0 {
            (ln, 1.0 - base)
        } else {
            // The inverse itself would lose the digits of a base near 1.
            (-ln, (base - 1.0) / base)
        };
        Ok(Self { base, ln, reach })
    }

    #[inline]
    fn weights(&self, way: Way) -> Profile {
        // A base above 1 is its inverse read backwards.
        let rising = self.base < 1.0;
        let way = if rising { way } else { way.backwards() };
        let along = self.ln * (way.done / way.whole);
        let reached = -libm::expm1(along) / self.reach;
        if reached <= 0.5 {
            complement(reached, !rising)
        } else {
            let missing = exp(along) * -libm::expm1(self.ln * (way.left / way.whole)) / self.reach;
            complement(missing, rising)
        }
    }
}

/// Numbers `r` and `e` with `r + e = amount * done` up to multiples of `span`, and `r` between `-span` and `span`, with the
/// sign of `amount`.
///
/// Exact but for products below the range of `f64`: a whole number of spans less in the amount is a whole number of spans
/// less in the product, and the product is kept with its rounding error.
#[inline]
fn turned(amount: f64, done: f64, span: f64) -> (f64, f64) {
    let amount = remainder(amount, span);
    let [product, error] = two_product(amount, done);
    (remainder(product, span), error)
}

/// The weights on a cosine of `amount` full waves in `span` steps, however far it has gone:
/// `(1 + cos(2 * pi * amount * done / span)) / 2` and what it lacks to 1.
#[inline]
pub(crate) fn full_waves(amount: f64, done: u32, span: u32) -> Profile {
    let span = f64::from(span);
    let (turned, error) = turned(libm::fabs(amount), f64::from(done), span);
    // The distance to the nearest top or bottom: the first difference is exact.
    let (extremum, at_bottom) = if turned <= 0.25 * span {
        (0.0, false)
    } else if turned < 0.75 * span {
        (0.5 * span, true)
    } else {
        (span, false)
    };
    let away = libm::fabs((turned - extremum) + error);
    complement(squared_sine(2.0 * away, span), at_bottom)
}

/// How a rate goes on after `done` steps that is between `top` and `limit` as [`full_waves`] say.
pub(crate) fn bend_of_waves([top, limit]: [f64; 2], amount: f64, done: u32, span: u32) -> Bend {
    let span = f64::from(span);
    // Whole waves in a step do nothing, and most of one is the rest of it backwards, which has no rounding.
    let amount = remainder(libm::fabs(amount), span);
    let amount = smaller(amount, span - amount);
    if amount == 0.0 {
        return Bend::Flat;
    }
    let (turned, error) = turned(amount, f64::from(done), span);
    Bend::HalfWave {
        limit,
        top,
        ahead: ((0.5 * span - turned) - error) / amount,
        turn: TAU * amount / span,
        exponent: 1,
    }
}

/// The same for [`restarted_cosine`] of a positive amount, up to where it begins anew.
pub(crate) fn bend_of_restarts([top, limit]: [f64; 2], amount: f64, done: u32, span: u32) -> Bend {
    let span = f64::from(span);
    let (turned, error) = turned(amount, f64::from(done), span);
    Bend::HalfWave {
        limit,
        top,
        ahead: ((span - turned) - error) / amount,
        turn: PI * amount / span,
        exponent: 1,
    }
}

/// The weights on half a wave of a cosine that begins anew whenever `amount * done / span` passes a whole number.
#[inline]
pub(crate) fn restarted_cosine(amount: f64, done: u32, span: u32) -> Profile {
    let span = f64::from(span);
    let (turned, error) = turned(amount, f64::from(done), span);
    let past = turned + error;
    // A negative amount runs backwards, and a rounding error may lead over a restart.
    let begin = if past < 0.0 {
        -span
    } else if past >= span {
        span
    } else {
        0.0
    };
    let (left, done) = (((begin + span) - turned) - error, (turned - begin) + error);
    half_cosine(Way::parts(left, done))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits are those of the fold in integers, which a cosine of whole waves does as well.
    #[test]
    fn half_a_wave_is_the_half_cosine() {
        for span in [1, 2, 3, 7, 100, 99_999, u32::MAX] {
            for done in [0, 1, 2, span / 4, span / 2, span - 1, span] {
                if done <= span {
                    assert_eq!(
                        full_waves(0.5, done, span),
                        half_cosine(Way::steps(span - done, done)),
                        "{done} of {span}"
                    );
                }
            }
        }
    }

    /// A product of the amount and a step needs up to 85 bits; a restart may hang on the last of them.
    #[test]
    fn restarts_are_found_exactly() {
        // 3 * 0.333… in binary is just below 1: step 3 of 1 is the end of the first cosine, not the start of the second.
        let third = 1.0 / 3.0;
        let [top, bottom, _] = restarted_cosine(third, 3, 1);
        assert!(top < 1e-30 && bottom == 1.0, "{top} {bottom}");
        let [top, _, _] = restarted_cosine(third.next_up(), 3, 1);
        assert_eq!(top, 1.0);
        // Whole amounts restart at every step.
        for amount in [1.0, 7.0, 1e300, -3.0] {
            assert_eq!(restarted_cosine(amount, u32::MAX, 1), [1.0, 0.0, 0.0]);
        }
        // Backwards: a third of a cosine left is two thirds done.
        let (back, forth) = (restarted_cosine(-0.25, 1, 1), restarted_cosine(0.75, 1, 1));
        assert_eq!(back, forth);
    }
}
