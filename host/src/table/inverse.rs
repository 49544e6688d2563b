//! Curves that are one over a line, or over the root of one, from their ends.

use crate::lanes::{Isa, Kernel, Lanes};

/// Fills `out` with a curve that has these values at its first step and at its last one, of which each is off by 2^-47 of itself, and gives
/// the share of itself that any of them is then off by.
pub(super) fn one_over_line(isa: Isa, root: bool, ends: [f64; 2], out: &mut [f64]) -> f64 {
    let line = ends.map(|end| if root { 1.0 / (end * end) } else { 1.0 / end });
    let step = (line[1] - line[0]) / (out.len() - 1) as f64;
    let work = OneOverLine {
        begin: line[0],
        step,
        sign: 1_f64.copysign(ends[0]),
        out,
    };
    if root {
        isa.run(Root(work));
    } else {
        isa.run(work);
    }
    // The line is off by what the ends are, doubled where they were squared, with three roundings of each, and a root halves it; what is taken
    // for one over it, or over its root, is off by another 2^-42. Its step, and each product and sum, are off by a rounding of its larger
    // end, which is so much more of its smaller one.
    let [a, b] = line.map(f64::abs);
    let ratio = if a < b { b / a } else { a / b };
    2.0 / (1_u64 << 42) as f64 + 4.0 * ratio * f64::EPSILON
}

/// One over a line.
struct OneOverLine<'a> {
    begin: f64,
    step: f64,
    sign: f64,
    out: &'a mut [f64],
}

/// One over the root of a line.
struct Root<'a>(OneOverLine<'a>);

impl Kernel for OneOverLine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (out, step) in self.out.iter_mut().zip(0..) {
            *out = 1.0 / (self.begin + self.step * f64::from(step));
        }
    }
}

impl Kernel for Root<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let line = self.0;
        for (out, step) in line.out.iter_mut().zip(0..) {
            *out = line.begin + line.step * f64::from(step);
        }
        L::inverse_roots(line.out);
        if line.sign < 0.0 {
            line.out.iter_mut().for_each(|rate| *rate = -*rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_is_within_its_error_on_every_instruction_set() {
        for (begin, slope) in [
            (1.0, 0.01),
            (3e-12, 1e-9),
            (1e20, -1e17),
            (-5.0, -0.5),
            // Down to a hundred-thousandth of it.
            (1000.0, -1000.0 / 511.01),
        ] {
            for root in [false, true] {
                if root && begin < 0.0 {
                    continue;
                }
                let line = |step: usize| begin + slope * step as f64;
                let curve = |step| {
                    if root {
                        1.0 / line(step).sqrt()
                    } else {
                        1.0 / line(step)
                    }
                };
                for length in [4, 5, 8, 511, 512] {
                    for isa in Isa::available() {
                        let mut out = vec![0.0; length];
                        let ends = [curve(0), curve(length - 1)];
                        let error = one_over_line(isa, root, ends, &mut out);
                        for (step, found) in out.iter().enumerate() {
                            let off = (found / curve(step) - 1.0).abs();
                            assert!(off <= error, "{begin} {slope} {length} {step}: {off:e}");
                        }
                    }
                }
            }
        }
    }
}
