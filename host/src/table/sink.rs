//! Where rates go: into a table, rounded, or to values that are put together with others.

use std::ops::Range;

use super::emit::{Reach, emit, store};
use super::growth::Growth;
use super::plan::{Curve, Sources};
use super::power::{Damped, Whole};
use super::values::Values;
use crate::lanes::{Eights, Isa, Kernel, Lanes};

/// Steps that are known beforehand are worth writing past the caches from so many on.
pub(super) const LONG: usize = 512;

/// The same rate again and again is worth a kernel from so many steps on.
const WIDE: usize = 48;

/// Where the rates of a piece go.
pub(super) enum Sink<'a> {
    /// They are rounded as they are, and go past the caches where there are many alike.
    Table {
        /// The row's step of the first.
        first: u32,
        out: &'a mut [f32],
        past_caches: bool,
    },
    /// They are put together with others.
    Values(&'a mut Values),
}

impl Sink<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Table { out, .. } => out.len(),
            Self::Values(values) => values.len(),
        }
    }

    pub(super) const fn is_table(&self) -> bool {
        matches!(self, Self::Table { .. })
    }

    /// Gives a curve's values, which may be off by so much, from its `place` on. `core` is the rate that many steps from the first of the curve.
    pub(super) fn follow(
        &mut self,
        isa: Isa,
        (curve, reach): (&Curve, Reach),
        place: usize,
        cells: Range<usize>,
        sources: &mut Sources,
        core: &dyn Fn(u32) -> f32,
    ) {
        macro_rules! put {
            ($curve:expr) => {
                self.put(isa, ($curve, reach), place, cells, core)
            };
        }
        macro_rules! put_power {
            ($sum:expr, $exponent:expr, $curve:expr) => {
                match $exponent {
                    1 => put!(&Whole::<1, _>($sum, $curve)),
                    2 => put!(&Whole::<2, _>($sum, $curve)),
                    3 => put!(&Whole::<3, _>($sum, $curve)),
                    4 => put!(&Whole::<4, _>($sum, $curve)),
                    _ => put!(&Whole::<5, _>($sum, $curve)),
                }
            };
        }
        match curve {
            Curve::Flat(rate) => self.flat(isa, *rate, cells),
            Curve::Line(line) => put!(line),
            Curve::Growth(rate, begin) => {
                put!(&Growth::known(&mut sources.growths, *rate).from(*begin));
            }
            Curve::Wave(waves) => put!(&waves.row(&mut sources.circles)),
            Curve::WavePower(sum, exponent, waves) => {
                put_power!(*sum, exponent, waves.row(&mut sources.circles));
            }
            Curve::OneOver(line) => put!(line),
            Curve::OverRoot(line) => put!(line),
            Curve::OverRootOfWhole(roots) => put!(roots),
            Curve::Root(power) => put!(power),
            Curve::Square(power) => put!(power),
            Curve::Cube(power) => put!(power),
            Curve::Fourth(power) => put!(power),
            Curve::Fifth(power) => put!(power),
            Curve::RealOfWhole(power) => put!(power),
            Curve::Real(power) => put!(power),
            Curve::Lacking(power) => put!(power),
            Curve::LackingWhole(sum, exponent, rest) => put_power!(*sum, exponent, *rest),
            Curve::Damped(limit, steps, rate, begin) => {
                let growth = Growth::known(&mut sources.growths, *rate).from(*begin);
                put!(&Damped::new(*limit, *steps, growth));
            }
            Curve::Logistic(curve) => put!(curve),
        }
    }

    /// The same for a curve of a type that is known.
    pub(super) fn put<C: Eights>(
        &mut self,
        isa: Isa,
        (curve, reach): (&C, Reach),
        place: usize,
        cells: Range<usize>,
        core: &dyn Fn(u32) -> f32,
    ) {
        match self {
            Self::Table { out, .. } => emit(isa, curve, &[reach], place, &mut out[cells], core),
            Self::Values(values) => {
                let one_way = store(isa, curve, place, &mut values.rates()[cells.clone()]);
                values.admit(cells, reach, one_way);
            }
        }
    }

    /// Gives the same value again and again.
    #[inline]
    pub(super) fn flat(&mut self, isa: Isa, rate: f64, cells: Range<usize>) {
        match self {
            Self::Table {
                out, past_caches, ..
            } => {
                let (rate, past_caches, out) = (rate as f32, *past_caches, &mut out[cells]);
                if out.len() < WIDE {
                    out.fill(rate);
                } else {
                    let past_caches = past_caches && out.len() >= LONG;
                    isa.run(Alike {
                        rate,
                        out,
                        past_caches,
                    });
                }
            }
            Self::Values(values) => {
                values.rates()[cells.clone()].fill(rate);
                values.admit(cells, Reach::NONE, u32::MAX);
            }
        }
    }
}

/// Writes the same rate again and again.
struct Alike<'a> {
    rate: f32,
    out: &'a mut [f32],
    past_caches: bool,
}

impl Kernel for Alike<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        if self.past_caches {
            L::fill_past_caches(self.rate, self.out);
        } else {
            self.out.fill(self.rate);
        }
    }
}
