//! Matrix products of the sizes that small models have: a few dozen rows, all in the first cache.
//!
//! Each element is `start + a0*b0 + a1*b1 + …`, fused multiply-adds in the order of the inner index, whatever the
//! shape, the instruction set or the neighbours. A library for large products is no faster here (they pack and block for
//! sizes that these never have) and promises no order.

use crate::lanes::{Kernel, Lanes, PAD};

/// `out[r][c] = start[r] + sum over k of a[r][k] * b[k][c]`.
pub(super) struct Product<'a> {
    /// The left matrix.
    pub(super) a: Strided<'a>,
    /// The right matrix, row after row, each padded to a multiple of [`PAD`].
    pub(super) b: &'a [f32],
    /// Elements from row to row of `b`.
    pub(super) b_stride: usize,
    /// What each row of the result starts from; 0 without.
    pub(super) start: Option<&'a [f32]>,
    /// The result, row after row.
    pub(super) out: &'a mut [f32],
    /// Elements from row to row of `out`.
    pub(super) out_stride: usize,
    /// Rows, inner length and columns.
    pub(super) shape: [usize; 3],
}

/// A matrix whose element `[r][k]` lies at `r * row + k * inner`.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a> {
    pub(super) data: &'a [f32],
    pub(super) row: usize,
    pub(super) inner: usize,
}

/// At most so many rows share the loads of `b`.
const ROWS_MAX: usize = 12;

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        let columns = self.shape[2];
        // Wide strips first, while whole ones are left; what remains is at most a few registers, the last of them partly used.
        let mut at = 0;
        // Four registers of the right matrix beside three rows of sums are too many for sixteen, and two beside five or six are not.
        while L::ACCUMULATORS > 16 && columns - at >= 4 * L::WIDTH {
            self.strip::<L, 4>(at);
            at += 4 * L::WIDTH;
        }
        while columns - at >= 2 * L::WIDTH {
            self.strip::<L, 2>(at);
            at += 2 * L::WIDTH;
        }
        while at < columns {
            self.strip::<L, 1>(at);
            at += L::WIDTH;
        }
    }
}

impl Product<'_> {
    /// All rows of the `C` registers of columns that begin at column `at`.
    #[inline(always)]
    fn strip<L: Lanes, const C: usize>(&mut self, at: usize) {
        let rows = self.shape[0];
        let most = (L::ACCUMULATORS / C).clamp(1, ROWS_MAX);
        // Tiles of nearly the same height: a last one of a row or two would wait for its own sums.
        let tiles = rows.div_ceil(most);
        let mut row = 0;
        for tile in 0..tiles {
            let height = (rows - row).div_ceil(tiles - tile);
            match height {
                1 => self.tile::<L, C, 1>(row, at),
                2 => self.tile::<L, C, 2>(row, at),
                3 => self.tile::<L, C, 3>(row, at),
                4 => self.tile::<L, C, 4>(row, at),
                5 => self.tile::<L, C, 5>(row, at),
                6 => self.tile::<L, C, 6>(row, at),
                7 => self.tile::<L, C, 7>(row, at),
                8 => self.tile::<L, C, 8>(row, at),
                9 => self.tile::<L, C, 9>(row, at),
                10 => self.tile::<L, C, 10>(row, at),
                11 => self.tile::<L, C, 11>(row, at),
                _ => self.tile::<L, C, ROWS_MAX>(row, at),
            }
            row += height;
        }
    }

    /// `R` rows by `C` registers, all in registers from start to end.
    #[inline(always)]
    fn tile<L: Lanes, const C: usize, const R: usize>(&mut self, row: usize, at: usize) {
        let [_, inner, columns] = self.shape;
        let mut sums: [[L; C]; R] =
            core::array::from_fn(|r| [L::splat(self.start.map_or(0.0, |start| start[row + r])); C]);
        let b = self.b[at..].chunks(self.b_stride).take(inner);
        let a = &self.a.data[row * self.a.row..];
        if self.a.inner == 1 {
            // Apart from the other case, and cut to length, so that the innermost loop checks no bounds.
            let mut rows = [a; R];
            for (r, row) in rows.iter_mut().enumerate() {
                *row = &a[r * self.a.row..][..inner];
            }
            for (k, b) in b.enumerate() {
                let mut factors = [0.0; R];
                for (factor, row) in factors.iter_mut().zip(rows) {
                    *factor = row[k];
                }
                add_outer(&mut sums, factors, b);
            }
        } else {
            for (k, b) in b.enumerate() {
                let mut factors = [0.0; R];
                for (r, factor) in factors.iter_mut().enumerate() {
                    *factor = a[r * self.a.row + k * self.a.inner];
                }
                add_outer(&mut sums, factors, b);
            }
        }
        for (r, sums) in sums.into_iter().enumerate() {
            let out = &mut self.out[(row + r) * self.out_stride + at..];
            for (c, sum) in sums.into_iter().enumerate() {
                let left = columns - at - c * L::WIDTH;
                if left >= L::WIDTH {
                    sum.store(&mut out[c * L::WIDTH..]);
                } else {
                    // The columns beyond the last are the next row's beginning: they are left alone.
                    let mut lanes = [0.0; PAD];
                    sum.store(&mut lanes);
                    out[c * L::WIDTH..][..left].copy_from_slice(&lanes[..left]);
                }
            }
        }
    }
}

/// Adds the outer product of `a` and the first registers of `b`.
///
/// A function, not a closure: only functions can be made to be inlined, and outside of its caller it would be compiled without the
/// caller's instructions.
#[inline(always)]
fn add_outer<L: Lanes, const C: usize, const R: usize>(
    sums: &mut [[L; C]; R],
    a: [f32; R],
    b: &[f32],
) {
    let b = &b[..C * L::WIDTH];
    let mut columns = [L::splat(0.0); C];
    for (c, column) in columns.iter_mut().enumerate() {
        *column = L::load(&b[c * L::WIDTH..]);
    }
    for (sums, a) in sums.iter_mut().zip(a) {
        let a = L::splat(a);
        for (sum, b) in sums.iter_mut().zip(columns) {
            *sum = a.mul_add(b, *sum);
        }
    }
}
