//! Matrix products of the sizes that small models have, a tile of the result at a time.
//!
//! Each element is `start + a0*b0 + a1*b1 + …`, fused multiply-adds in the order of the inner index: the order that the host's
//! products have, so that both give the same bits. A thread holds [`ROWS`] by [`COLUMNS`] sums in registers.

use hairpin_core::Fma;

use super::space::Space;

/// Rows of a tile.
pub(super) const ROWS: u32 = 5;

/// Columns of a tile.
pub(super) const COLUMNS: u32 = 8;

/// Sums that a thread holds.
pub(super) type Sums = [[f32; COLUMNS as usize]; ROWS as usize];

/// A matrix whose element `[r][k]` lies at `r * row + k * inner`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<S> {
    /// Where it begins.
    pub(super) data: S,
    /// From row to row.
    pub(super) row: u32,
    /// From one inner index to the next.
    pub(super) inner: u32,
}

/// Adds the outer product of `a` and `b`.
#[inline(always)]
fn accumulate<F: Fma>(sums: &mut Sums, a: [f32; 5], b: [f32; 8]) {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = b;
    let row = |[s0, s1, s2, s3, s4, s5, s6, s7]: [f32; 8], a: f32| {
        [
            F::fma(a, b0, s0),
            F::fma(a, b1, s1),
            F::fma(a, b2, s2),
            F::fma(a, b3, s3),
            F::fma(a, b4, s4),
            F::fma(a, b5, s5),
            F::fma(a, b6, s6),
            F::fma(a, b7, s7),
        ]
    };
    let [s0, s1, s2, s3, s4] = *sums;
    let [a0, a1, a2, a3, a4] = a;
    *sums = [
        row(s0, a0),
        row(s1, a1),
        row(s2, a2),
        row(s3, a3),
        row(s4, a4),
    ];
}

/// The rows of a tile that begins at `first`; what is beyond the last row repeats it.
#[inline(always)]
pub(super) fn rows(first: u32, count: u32) -> [u32; 5] {
    [0, 1, 2, 3, 4].map(|row| (first + row).min(count - 1))
}

/// The columns of an [`outer`] tile: four from `at` on and four from `at + 16` on, or the last four again.
#[inline(always)]
fn halves(at: u32, count: u32) -> [u32; 2] {
    [at.min(count - 4), (at + 16).min(count - 4)]
}

/// A tile where `b` is contiguous along columns: `b[k][c]` lies at `k * b.row + c`.
///
/// `at` is its first column, a multiple of 4; the tile has columns `at..at + 4` and `at + 16..at + 20`, of `columns`, which is a
/// multiple of 16. With `VECTORS`, `a` is contiguous along the inner index and its rows lie on 16 bytes.
///
/// # Safety
/// The matrices hold what they are said to.
#[inline(always)]
pub(super) unsafe fn outer<F: Fma, S: Space, const VECTORS: bool>(
    a: Matrix<S>,
    b: Matrix<S>,
    rows: [u32; 5],
    at: u32,
    columns: u32,
    inner: u32,
    start: [f32; 5],
) -> Sums {
    let mut sums = start.map(|x| [x; 8]);
    let [low, high] = halves(at, columns);
    // Places that move on, as a product for each of them would cost a third of what the sums do.
    let mut a_at = rows.map(|row| row * a.row);
    let mut b_at = 0;
    let mut next_b = || {
        // SAFETY: the caller's.
        let ([b0, b1, b2, b3], [b4, b5, b6, b7]) =
            unsafe { (b.data.load4(b_at + low), b.data.load4(b_at + high)) };
        b_at += b.row;
        [b0, b1, b2, b3, b4, b5, b6, b7]
    };
    let mut k = 0;
    if VECTORS {
        while k + 4 <= inner {
            // SAFETY: the caller's.
            let [r0, r1, r2, r3, r4] = a_at.map(|at| unsafe { a.data.load4(at) });
            a_at = a_at.map(|at| at + 4);
            let [b0, b1, b2, b3] = [next_b(), next_b(), next_b(), next_b()];
            accumulate::<F>(&mut sums, [r0[0], r1[0], r2[0], r3[0], r4[0]], b0);
            accumulate::<F>(&mut sums, [r0[1], r1[1], r2[1], r3[1], r4[1]], b1);
            accumulate::<F>(&mut sums, [r0[2], r1[2], r2[2], r3[2], r4[2]], b2);
            accumulate::<F>(&mut sums, [r0[3], r1[3], r2[3], r3[3], r4[3]], b3);
            k += 4;
        }
    }
    while k < inner {
        // SAFETY: the caller's.
        let column = a_at.map(|at| unsafe { a.data.load(at) });
        a_at = a_at.map(|at| at + a.inner);
        accumulate::<F>(&mut sums, column, next_b());
        k += 1;
    }
    sums
}

/// Writes an [`outer`] tile to `out`, `[rows][columns]` with `stride` from row to row; `map` sees row, column and sum.
///
/// # Safety
/// `out` is inside its memory, and no other thread uses this tile of it.
#[inline(always)]
pub(super) unsafe fn store<S: Space>(
    sums: Sums,
    out: S,
    stride: u32,
    [first, count]: [u32; 2],
    [at, columns]: [u32; 2],
    map: impl Fn(u32, u32, f32) -> f32,
) {
    let quarter = |row: u32, at: u32, [s0, s1, s2, s3]: [f32; 4]| {
        if row < count && at < columns {
            let mapped = [
                map(row, at, s0),
                map(row, at + 1, s1),
                map(row, at + 2, s2),
                map(row, at + 3, s3),
            ];
            // SAFETY: the caller's.
            unsafe { out.store4(row * stride + at, mapped) };
        }
    };
    for_each_row(first, sums, |row, [s0, s1, s2, s3, s4, s5, s6, s7]| {
        quarter(row, at, [s0, s1, s2, s3]);
        quarter(row, at + 16, [s4, s5, s6, s7]);
    });
}

/// Written out: a loop over the rows is not always unrolled, and then the sums lie in memory.
#[inline(always)]
fn for_each_row(first: u32, [r0, r1, r2, r3, r4]: Sums, row: impl Fn(u32, [f32; 8])) {
    row(first, r0);
    row(first + 1, r1);
    row(first + 2, r2);
    row(first + 3, r3);
    row(first + 4, r4);
}

/// A tile where both matrices are contiguous along the inner index, and their rows lie on 16 bytes: `a[r][k]` at `r * a.row + k`,
/// `b[c][k]` at `c * b.row + k`.
///
/// # Safety
/// As [`outer`].
#[inline(always)]
pub(super) unsafe fn inner<F: Fma, S: Space>(
    a: Matrix<S>,
    b: Matrix<S>,
    rows: [u32; 5],
    columns: [u32; 8],
    inner: u32,
) -> Sums {
    let mut sums = [[0.0; 8]; 5];
    let mut a_at = rows.map(|row| row * a.row);
    let mut b_at = columns.map(|column| column * b.row);
    let mut k = 0;
    while k + 4 <= inner {
        // SAFETY: the caller's.
        let [r0, r1, r2, r3, r4] = a_at.map(|at| unsafe { a.data.load4(at) });
        // SAFETY: the caller's.
        let c = b_at.map(|at| unsafe { b.data.load4(at) });
        let [c0, c1, c2, c3, c4, c5, c6, c7] = c;
        accumulate::<F>(
            &mut sums,
            [r0[0], r1[0], r2[0], r3[0], r4[0]],
            [c0[0], c1[0], c2[0], c3[0], c4[0], c5[0], c6[0], c7[0]],
        );
        accumulate::<F>(
            &mut sums,
            [r0[1], r1[1], r2[1], r3[1], r4[1]],
            [c0[1], c1[1], c2[1], c3[1], c4[1], c5[1], c6[1], c7[1]],
        );
        accumulate::<F>(
            &mut sums,
            [r0[2], r1[2], r2[2], r3[2], r4[2]],
            [c0[2], c1[2], c2[2], c3[2], c4[2], c5[2], c6[2], c7[2]],
        );
        accumulate::<F>(
            &mut sums,
            [r0[3], r1[3], r2[3], r3[3], r4[3]],
            [c0[3], c1[3], c2[3], c3[3], c4[3], c5[3], c6[3], c7[3]],
        );
        a_at = a_at.map(|at| at + 4);
        b_at = b_at.map(|at| at + 4);
        k += 4;
    }
    while k < inner {
        // SAFETY: the caller's.
        let column = a_at.map(|at| unsafe { a.data.load(at) });
        // SAFETY: the caller's.
        let row = b_at.map(|at| unsafe { b.data.load(at) });
        accumulate::<F>(&mut sums, column, row);
        a_at = a_at.map(|at| at + 1);
        b_at = b_at.map(|at| at + 1);
        k += 1;
    }
    sums
}
