//! Curves that are one over a line, or over the root of one, from their ends.

use std::ops::Range;
use std::sync::LazyLock;

use super::emit::{Coefficient, Line, Reach, SIXTEEN, UNIT, each_fused, eight_of};
use crate::lanes::{EIGHT, Eights, Lanes, PART, PartUser, Places, lanewise};

/// The line through what these values at the first and the last of some steps are one over, or, with `root`, over the root of; and the share of
/// itself that any value on the curve is off by, if these are off by 2^-47 of themselves.
pub(super) fn line_below(root: bool, ends: [f64; 2], steps: usize) -> (Line, Reach) {
    let line = ends.map(|end| if root { 1.0 / (end * end) } else { 1.0 / end });
    // The line is off by what the ends are, doubled where they were squared, with three roundings of each, and a root halves it; what is taken
    // for one over it is off by two, and for one over its root by 2^-43. Then there is the core's own 2^-47. The line's step, and each
    // product and sum, are off by a rounding of its larger end, which is so much more of its smaller one.
    let [a, b] = line.map(f64::abs);
    let ratio = if a < b { b / a } else { a / b };
    let roots = if root { 16.0 } else { 0.0 };
    let relative = (3.0 + roots) / (1_u64 << 47) as f64 + 4.0 * ratio * UNIT;
    let line = Line {
        begin: line[0],
        step: (line[1] - line[0]) / (steps - 1) as f64,
    };
    (line, Reach::relative(relative))
}

/// One over a line.
#[derive(Clone, Copy)]
pub(super) struct OneOver<F = f64>(pub(super) Line<F>);

impl<F: Coefficient> Eights for OneOver<F> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        L::inverses(self.0.eight::<L>(places))
    }
}

/// A number over the root of a line.
#[derive(Clone, Copy)]
pub(super) struct OverRoot<F = f64> {
    pub(super) line: Line<F>,
    pub(super) number: F,
}

impl<F: Coefficient> OverRoot<F> {
    #[inline(always)]
    fn from<L: Lanes>(&self, below: [f64; EIGHT], near: &[f32; EIGHT]) -> [f64; EIGHT] {
        let mut roots = L::inverse_roots(below, near);
        for (root, number) in roots.iter_mut().zip(self.number.eight()) {
            *root *= number;
        }
        roots
    }
}

impl<F: Coefficient> Eights for OverRoot<F> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    /// First all that is near, so that no value has to wait for it.
    #[inline(always)]
    fn part<L: Lanes, U: PartUser>(&self, part: usize, user: U) -> U::Output {
        let mut near = [[0.0; EIGHT]; SIXTEEN];
        let mut places = Places::from(part * PART);
        for near in &mut near {
            *near = L::near_inverse_roots(self.line.eight::<L>(&places));
            places.next();
        }
        user.take::<L, _>(&Nearing { curve: *self, near })
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let below = self.line.eight::<L>(places);
        self.from::<L>(below, &L::near_inverse_roots(below))
    }
}

/// A part of them, of which it is known what is near.
struct Nearing<F> {
    curve: OverRoot<F>,
    near: [[f32; EIGHT]; SIXTEEN],
}

impl<F: Coefficient> Eights for Nearing<F> {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let near = &self.near[places.first / EIGHT % SIXTEEN];
        let below = self.curve.line.eight::<L>(places);
        self.curve.from::<L>(below, near)
    }
}

/// How many inverse roots of whole numbers are remembered: 64 KiB of them.
const REMEMBERED: usize = 1 << 13;

/// All that are remembered.
fn remembered() -> &'static [f64] {
    static ROOTS: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let all = (0..REMEMBERED + EIGHT).map(|number| 1.0 / (number as f64).max(1.0).sqrt());
        all.collect()
    });
    &ROOTS
}

/// One over the root of whole numbers one after the other, times a factor.
#[derive(Clone, Copy)]
pub(super) struct OverRootOfWhole {
    /// All that are known.
    roots: &'static [f64],
    /// The number at place 0.
    begin: usize,
    pub(super) factor: f64,
}

impl OverRootOfWhole {
    /// The same as one over the root of a line that rises by the same as each number does, from a multiple of it on, to within the share that is
    /// added to what it is off by; if it is such a line, and the last of so many numbers is not too large.
    pub(super) fn of(line: Line, first: f64, steps: usize) -> Option<(Self, f64)> {
        /// The ends of a line are not known any better.
        const NEAR: f64 = 1.0 / (1_u64 << 44) as f64;
        let begin = line.begin / line.step;
        let whole = begin.round();
        let is_whole = whole >= 1.0 && (begin - whole).abs() <= NEAR * whole;
        (is_whole && whole + steps as f64 <= REMEMBERED as f64).then(|| {
            let one_over_root = Self {
                roots: remembered(),
                begin: whole as usize,
                factor: first * whole.sqrt(),
            };
            // Of a root the share is half as large; it counts where the number is and where the factor is from.
            (one_over_root, NEAR)
        })
    }
}

impl OverRootOfWhole {
    /// The number that many places before place 0, if there is one.
    pub(super) fn number_before(&self, places: i64) -> Option<usize> {
        usize::try_from(self.begin as i64 - places).ok()
    }
}

impl Eights for OverRootOfWhole {
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        true
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        let roots = eight_of(self.roots, self.begin + places.first);
        lanewise(roots, |one_over_root| one_over_root * self.factor)
    }
}

/// Eight rows side by side that are lines, or one over the root of the same whole number, times a factor of their own: the sum of both, of which one is
/// nothing, so that none is rounded twice.
pub(super) struct LinesAndRoots<'a> {
    /// All roots that are known, from that of the rows' first step on.
    roots: &'static [f64],
    pub(super) lines: Line<&'a [f64; EIGHT]>,
    pub(super) factors: &'a [f64; EIGHT],
}

impl<'a> LinesAndRoots<'a> {
    /// Roots of whole numbers from `first` on.
    pub(super) fn from(
        first: usize,
        lines: Line<&'a [f64; EIGHT]>,
        factors: &'a [f64; EIGHT],
    ) -> Self {
        Self {
            roots: remembered().get(first..).unwrap_or_default(),
            lines,
            factors,
        }
    }
}

impl Eights for LinesAndRoots<'_> {
    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        // Where there is none, all are on their lines.
        let root = self.roots.get(places.first).copied().unwrap_or(0.0);
        each_fused::<L>([root; EIGHT], *self.factors, self.lines.eight::<L>(places))
    }
}

#[cfg(test)]
mod tests {
    use super::super::emit::store;
    use super::*;
    use crate::lanes::{Isa, Kernel};

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
                        let (line, reach) = line_below(root, ends, length);
                        if root {
                            store(isa, &OverRoot { line, number: 1.0 }, 0, &mut out);
                        } else {
                            store(isa, &OneOver(line), 0, &mut out);
                        }
                        let error = reach.relative;
                        for (step, found) in out.iter().enumerate() {
                            let off = (found / curve(step) - 1.0).abs();
                            assert!(off <= error, "{begin} {slope} {length} {step}: {off:e}");
                        }
                    }
                }
            }
        }
    }

    /// Two steps of eight rows, which may be anything.
    struct Steps<'a, E>(&'a E);

    impl<E: Eights> Kernel for Steps<'_, E> {
        type Output = [[f64; EIGHT]; 2];

        #[inline(always)]
        fn run<L: Lanes>(self) -> Self::Output {
            let mut places = Places {
                first: 5,
                numbers: [3.0; EIGHT],
            };
            let first = self.0.eight::<L>(&places);
            places.next_of_each();
            [first, self.0.eight::<L>(&places)]
        }
    }

    #[test]
    fn lines_and_roots_side_by_side_are_rounded_once_on_every_instruction_set() {
        // Six rows on their lines, one of them on -0 and one on an infinite one; then two on roots.
        let begin = [0.1, -0.0, 1e300, f64::INFINITY, 0.7, -0.3, -0.0, -0.0];
        let step = [0.03, -0.0, 1e290, -0.0, -0.09, 0.1, -0.0, -0.0];
        let factors = [-0.0, -0.0, -0.0, -0.0, -0.0, -0.0, 0.3, -7.7];
        for isa in Isa::available() {
            let lines = Line {
                begin: &begin,
                step: &step,
            };
            // The first root is that of 7; from 8,192 on there are none, and none is asked for.
            for (first, roots) in [
                (2, [7.0_f64, 8.0].map(|x| 1.0 / x.sqrt())),
                (9000, [0.0; 2]),
            ] {
                let found = isa.run(Steps(&LinesAndRoots::from(first, lines, &factors)));
                let expected = isa.run(Steps(&lines));
                for at in 0..2 {
                    for lane in 0..EIGHT {
                        let expected = if lane < 6 {
                            expected[at][lane]
                        } else {
                            factors[lane] * roots[at]
                        };
                        let found = found[at][lane];
                        assert_eq!(found.to_bits(), expected.to_bits(), "{lane} {}", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn inverse_roots_of_whole_numbers_are_within_their_error_on_every_instruction_set() {
        for begin in [1.0_f64, 7.0, 1000.0, 7000.0] {
            let curve = |step: usize| 0.3 / (begin + step as f64).sqrt();
            let steps = 1000;
            let (line, reach) = line_below(true, [curve(0), curve(steps - 1)], steps);
            let (curve_of_whole, more) = OverRootOfWhole::of(line, curve(0), steps).unwrap();
            for isa in Isa::available() {
                let mut out = vec![0.0; steps];
                store(isa, &curve_of_whole, 0, &mut out);
                for (step, found) in out.iter().enumerate() {
                    let off = (found / curve(step) - 1.0).abs();
                    assert!(off <= reach.relative + more, "{begin} {step}: {off:e}");
                }
            }
        }
        // Not whole, too large, too near.
        for (begin, step) in [(0.25, 1.0), (8000.0, 1.0), (0.0, 1.0), (-5.0, 1.0)] {
            assert!(OverRootOfWhole::of(Line { begin, step }, 1.0, 1000).is_none());
        }
    }
}
