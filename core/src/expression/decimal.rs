//! A decimal number to the nearest `f64`.
//!
//! There is one right answer, so that this gives what [`str::parse`] gives. That one brings ten kilobytes of tables for speed, and
//! leaves paths to a panic in a linked program; a chip reads a handful of numbers, once.

/// A limb holds nine digits.
const DIGITS: usize = 9;
const LIMB: u32 = 1_000_000_000;

/// Limbs before the point: 315 digits, where 10^309 is beyond every `f64`.
const WHOLE: usize = 35;

/// Limbs behind the point: 1,080 digits. A number halfway between two of `f64` is a multiple of 2^-1075 and ends before.
const FRACTION: usize = 120;

/// The power of two that the last bit of a subnormal number stands for.
const LEAST: i32 = -1074;

/// How far a shift goes at once: a limb, below 2^30, stays within 64 bits with its carry.
const SHIFT: u32 = 29;

/// A decimal number with its point at a fixed place, times a power of two.
struct Fixed {
    whole: [u32; WHOLE],
    fraction: [u32; FRACTION],
    /// Something other than 0 follows the last digit.
    more: bool,
    power: i32,
}

/// The `f64` nearest to a decimal, ties to even: digits with a point, an exponent and underscores among them, or not.
pub(super) fn nearest(text: &str) -> f64 {
    let mantissa_end = text.find(['e', 'E']).unwrap_or(text.len());
    let mantissa = text.get(..mantissa_end).unwrap_or_default();
    let exponent = exponent(text.get(mantissa_end..).unwrap_or_default());
    // Byte by byte: `str::split` can panic, as far as a linker can see.
    let before_point = mantissa.bytes().take_while(|byte| *byte != b'.');
    let before_point = before_point.filter(u8::is_ascii_digit).count();
    // What a digit is worth, as a power of ten; a text is never so long that this leaves 64 bits.
    let first = i64::try_from(before_point)
        .unwrap_or(i64::MAX)
        .saturating_add(exponent);
    let mut fixed = Fixed {
        whole: [0; WHOLE],
        fraction: [0; FRACTION],
        more: false,
        power: 0,
    };
    let mut power = first;
    for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
        power = power.saturating_sub(1);
        if !fixed.put(digit & 0xf, power) {
            return f64::INFINITY;
        }
    }
    fixed.round()
}

/// The number after the `e`, or an end of what matters.
fn exponent(text: &str) -> i64 {
    let size = text
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0_i64, |sum, digit| {
            sum.saturating_mul(10)
                .saturating_add(i64::from(digit & 0xf))
        });
    if text.contains('-') { -size } else { size }
}

impl Fixed {
    /// Adds `digit * 10^power`; false where that is beyond the room, and so beyond `f64`.
    fn put(&mut self, digit: u8, power: i64) -> bool {
        const FIRST: i64 = (WHOLE * DIGITS) as i64 - 1;
        if digit == 0 {
            return true;
        }
        let place = FIRST.saturating_sub(power);
        if place < 0 {
            return false;
        }
        // A place that the width of this machine cannot count lies far behind the last digit.
        let Ok(place) = usize::try_from(place) else {
            self.more = true;
            return true;
        };
        let worth = (place % DIGITS..DIGITS.saturating_sub(1)).fold(1, |worth: u32, _| worth * 10);
        let mut limbs = self.whole.iter_mut().chain(&mut self.fraction);
        match limbs.nth(place / DIGITS) {
            Some(limb) => *limb += u32::from(digit) * worth,
            None => self.more = true,
        }
        true
    }

    /// The number before the point, where it has no more than 18 digits.
    fn small(&self) -> Option<u64> {
        let [above @ .., high, low] = &self.whole;
        let is_small = above.iter().all(|&limb| limb == 0);
        is_small.then(|| u64::from(*high) * u64::from(LIMB) + u64::from(*low))
    }

    /// Whether the number before the point has more than 27 digits.
    fn is_large(&self) -> bool {
        let [above @ .., _, _, _] = &self.whole;
        above.iter().any(|&limb| limb != 0)
    }

    /// Takes `bits` powers of two out of the digits.
    fn halve(&mut self, bits: u32) {
        let mut rest = 0;
        for limb in self.whole.iter_mut().chain(&mut self.fraction) {
            let both = rest * u64::from(LIMB) + u64::from(*limb);
            *limb = (both >> bits) as u32;
            rest = both & ((1 << bits) - 1);
        }
        self.more |= rest != 0;
        self.power += bits as i32;
    }

    /// Puts `bits` powers of two into the digits.
    fn double(&mut self, bits: u32) {
        let mut carry = 0;
        for limb in self.whole.iter_mut().chain(&mut self.fraction).rev() {
            let both = (u64::from(*limb) << bits) + carry;
            *limb = (both % u64::from(LIMB)) as u32;
            carry = both / u64::from(LIMB);
        }
        self.power -= bits as i32;
    }

    fn round(mut self) -> f64 {
        let is_zero = |limbs: &[u32]| limbs.iter().all(|&limb| limb == 0);
        if is_zero(&self.whole) && is_zero(&self.fraction) {
            // What follows the last digit is less than half of the smallest number.
            return 0.0;
        }
        // Downwards until 53 bits are left before the point, never below: what falls off the end is only noted.
        let mut significand = loop {
            match self.small() {
                // Above 10^27 > 2^89 and 10^18 > 2^59.
                None if self.is_large() => self.halve(SHIFT),
                None => self.halve(6),
                Some(small) => match length(small).saturating_sub(53) {
                    0 => break small,
                    bits => self.halve(bits),
                },
            }
        };
        // Upwards to 53 bits, or as far as subnormals go. Digits behind the last one do not come up: no halfway point lies there.
        while length(significand) < 53 && self.power > LEAST {
            let room = 53_u32.saturating_sub(length(significand));
            let left = self.power.abs_diff(LEAST);
            self.double(room.min(left).min(SHIFT));
            // It has at most 53 bits.
            significand = self.small().unwrap_or_default();
        }
        let [first, others @ ..] = &self.fraction;
        let beyond = self.more || !is_zero(others);
        let half = LIMB / 2;
        if *first > half || (*first == half && (beyond || significand % 2 == 1)) {
            significand += 1;
        }
        // A significand of 2^52 or more adds one to the exponent, 2^53 two.
        let exponent = u64::from(self.power.abs_diff(LEAST));
        if exponent > 2045 {
            return f64::INFINITY;
        }
        f64::from_bits((exponent << 52) + significand)
    }
}

/// How many bits a number has.
const fn length(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use super::nearest;

    #[track_caller]
    fn assert_is_stds(text: &str) {
        let (found, expected): (f64, f64) = (nearest(text), text.parse().unwrap());
        assert_eq!(found.to_bits(), expected.to_bits(), "{text}: {found:e}");
    }

    #[test]
    fn ends_and_halfway_points() {
        for text in [
            "0",
            "0.0",
            ".5",
            "5.",
            "00.25",
            "1e0",
            "0e999999999999999999999",
            "1e-99999999999999999999",
            // Their places are 2^32 - 1, 2^32 and beyond, which 32 bits cannot count.
            "1e-4294966981",
            "1e-4294966982",
            "1e-5000000000",
            "0.25e-5000000000",
            "1e99999999999999999999",
            "0.1",
            "1e22",
            "1e23",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.0000000000000000000000000000000000000000001",
            "9007199254740994.99999999999999999999999999",
            "9007199254740995",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.797693134862315807e308",
            "1.7976931348623159e308",
            "1e308",
            "1e309",
            "0.00001e314",
            "123456789012345678901234567890e280",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "2.225073858507201e-308",
            "1e-1000",
        ] {
            assert_is_stds(text);
        }
    }

    #[test]
    fn every_size_of_number() {
        let mut bits = 0_u64;
        for round in 0..20_000_u64 {
            bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (bits ^ bits >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let number = f64::from_bits(mixed >> 1);
            if !number.is_finite() {
                continue;
            }
            assert_is_stds(&format!("{number:e}"));
            assert_is_stds(&format!("{number:.*e}", (round % 30) as usize));
            // In full, the point somewhere in the middle.
            if round % 16 == 0 {
                assert_is_stds(&format!("{number}"));
            }
        }
    }

    /// Halfway between two neighbours in all its digits, and a last digit more or less.
    #[test]
    fn ties_go_to_even() {
        for bits in [
            0x0000_0000_0000_0000_u64,
            0x0000_0000_0000_0001,
            0x000f_ffff_ffff_ffff,
            0x0010_0000_0000_0000,
            0x0010_0000_0000_0001,
            0x3ff0_0000_0000_0000,
            0x3fb9_9999_9999_9999,
            0x4340_0000_0000_0001,
            0x4c5a_1234_5678_9abc,
            0x7fef_ffff_ffff_fffe,
        ] {
            let [low, high] = [bits, bits + 1].map(f64::from_bits);
            // Every digit there is, as whole numbers of 10^-1080: std writes 1,074 exactly.
            let [low, high] = [low, high].map(|end| format!("{end:.1080}"));
            let middle = mean(&low, &high);
            assert_is_stds(&middle);
            assert_is_stds(&format!("{middle}{}1", "0".repeat(40)));
            assert_is_stds(&a_little_less(&middle));
        }
    }

    /// One less in the last place.
    fn a_little_less(number: &str) -> String {
        let last = number.rfind(|digit| matches!(digit, '1'..='9')).unwrap();
        let digit = number.as_bytes()[last] - b'1';
        let nines = number[last + 1..].replace('0', "9");
        format!("{}{digit}{nines}", &number[..last])
    }

    /// The mean of two decimals with their points at the same distance from the end.
    fn mean(low: &str, high: &str) -> String {
        let low = format!("{}{low}", "0".repeat(high.len() - low.len()));
        let mut rest = 0;
        let digits = low.bytes().zip(high.bytes()).map(|(a, b)| {
            if a == b'.' {
                return '.';
            }
            let both = rest * 10 + u32::from(a - b'0') + u32::from(b - b'0');
            rest = both % 2;
            char::from_digit(both / 2 % 10, 10).unwrap()
        });
        digits.collect()
    }
}
