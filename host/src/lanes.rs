//! The one place that knows instruction sets: vectors of `f32`, and work compiled once for each set.
//!
//! Every set gives the same bits. That holds because a vector operation is the scalar one in every lane, because
//! all fused multiply-adds round once, and because no kernel lets the order of a sum depend on [`Lanes::WIDTH`].
//!
//! It is also the only module of the crate with `unsafe`, of two kinds: entering code compiled for instructions that were
//! found at run time, and the instructions themselves inside it.
#![allow(unsafe_code)]

use core::ops::Range;

use hairpin_arithmetic::{PARTIAL, Real, Scalar};
use hairpin_core::{Fma, LibmFma};

/// `a * b + c` by the processor's own instruction.
///
/// Where a target has none, the compiler calls the platform's `fmaf` instead, which is slow and not everywhere exact;
/// so it is used only where the instruction is known to exist.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HardwareFma;

impl Fma for HardwareFma {
    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// What the fallback multiplies with: still the instruction where the target always has it.
#[cfg(any(target_feature = "fma", target_arch = "aarch64"))]
type PortableFma = HardwareFma;
#[cfg(not(any(target_feature = "fma", target_arch = "aarch64")))]
type PortableFma = LibmFma;

/// A register of `f32` lanes.
pub(crate) trait Lanes: Real {
    /// Number of lanes; divides [`PAD`].
    const WIDTH: usize;
    /// Whether `f64::mul_add` is an instruction.
    const FUSES: bool;
    /// How many accumulators fit in the registers beside the operands of a product.
    const ACCUMULATORS: usize;

    /// The first [`Lanes::WIDTH`] elements. Panics when there are fewer.
    fn load(from: &[f32]) -> Self;
    /// Overwrites the first [`Lanes::WIDTH`] elements. Panics when there are fewer.
    fn store(self, to: &mut [f32]);

    /// Copies into memory that is not read again soon, past the caches where there is a way. Panics where the lengths differ.
    ///
    /// Other threads find it there after [`Lanes::settle`].
    #[inline(always)]
    fn copy_past_caches(from: &[f32], to: &mut [f32]) {
        to.copy_from_slice(from);
    }

    /// The same for as many as are known when it is compiled.
    #[inline(always)]
    fn copy_all_past_caches<const N: usize>(from: &[f32; N], to: &mut [f32; N]) {
        Self::copy_past_caches(from, to);
    }

    /// Has memory that is about to be written brought near.
    #[inline(always)]
    fn expect(_to: &[f32]) {}

    /// Fills such memory.
    #[inline(always)]
    fn fill_past_caches(number: f32, to: &mut [f32]) {
        to.fill(number);
    }

    /// Ends what was written past the caches.
    #[inline(always)]
    fn settle() {}

    /// What is near one over the roots of numbers from 1e-30 to 1e30: as near as [`Lanes::inverse_roots`] needs it.
    #[inline(always)]
    fn near_inverse_roots(_numbers: [f64; EIGHT]) -> [f32; EIGHT] {
        [1.0; EIGHT]
    }

    /// One over the roots of numbers, off by less than 2^-43 of it, from what is near them, whose signs they get.
    #[inline(always)]
    fn inverse_roots(numbers: [f64; EIGHT], near: [f32; EIGHT]) -> [f64; EIGHT] {
        let mut roots = numbers;
        for (root, near) in roots.iter_mut().zip(near) {
            *root = (1.0 / root.sqrt()).copysign(f64::from(near));
        }
        roots
    }

    /// Rounds numbers from place `first` on to `f32`, and tells what [`Seen`] says: of their sizes only with `SIZES`.
    #[inline(always)]
    fn round<E: Eights, const SIZES: bool>(from: &E, first: usize, to: &mut [f32]) -> Seen {
        let mut seen = Seen::NOTHING;
        let mut places = Places::from(first);
        for to in to.chunks_mut(EIGHT) {
            for (from, to) in from.eight::<Self>(&places).iter().zip(to) {
                *to = seen.round::<SIZES>(*from);
            }
            places.next();
        }
        seen
    }

    /// Turns 8 rows, each `pitch` after the one before, into columns, which begin at `at` of 8 others. All of them must be long enough.
    #[inline(always)]
    fn turn<const N: usize>(from: &[f32], pitch: usize, to: &mut [[f32; N]; 8], at: usize) {
        for (row, from) in from.chunks(pitch).take(8).enumerate() {
            for (to, from) in to.iter_mut().zip(&from[..8]) {
                to[at + row] = *from;
            }
        }
    }
}

/// Has the first so many bytes of something brought near that is about to be read.
#[inline(always)]
pub(crate) fn look_at<T>(what: &T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..bytes.min(size_of::<T>())).step_by(64) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let begin = core::ptr::from_ref(what).cast::<i8>();
        // SAFETY: every x86-64 has the instruction; the address is within `what`, and nothing is read.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(begin.add(at)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (what, bytes);
}

/// Numbers that are made together: two registers of four, or one of eight.
pub(crate) const EIGHT: usize = 8;

/// Eight places one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// The first of them.
    pub(crate) first: usize,
    /// All of them as numbers.
    pub(crate) numbers: [f64; EIGHT],
}

impl Places {
    /// Those from one below 2^32 on.
    #[inline(always)]
    pub(crate) fn from(first: usize) -> Self {
        // From 1 on, as a sum with 0 is none to a compiler, which then no longer sees eight alike.
        const EACH: [f64; EIGHT] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        // As `u32`, whose conversion is one instruction.
        let before = f64::from(first as u32) - 1.0;
        let numbers = lanewise(EACH, |each| before + each);
        Self { first, numbers }
    }

    /// Those that follow.
    #[inline(always)]
    pub(crate) fn next(&mut self) {
        self.first += EIGHT;
        self.numbers = lanewise(self.numbers, |number| number + EIGHT as f64);
    }
}

/// Does the same to each number. `map` of an array may stay a call, which is compiled for the lowest set, where it is not done often.
#[inline(always)]
pub(crate) fn lanewise<const N: usize>(
    mut numbers: [f64; N],
    does: impl Fn(f64) -> f64,
) -> [f64; N] {
    for number in &mut numbers {
        *number = does(*number);
    }
    numbers
}

/// Places for which a row of numbers may prepare something.
pub(crate) const PART: usize = 16 * EIGHT;

/// Takes what makes the numbers of a part.
pub(crate) trait PartUser {
    /// What comes of it.
    type Output;
    /// Takes it.
    fn take<L: Lanes, E: Eights>(self, numbers: &E) -> Self::Output;
}

/// A row of numbers by their places, each of which is made when it is asked for.
pub(crate) trait Eights {
    /// Whether all numbers between two places are, without their errors, between those that are there. All of one sign, they then have no smaller
    /// and no larger size.
    #[inline(always)]
    fn goes_one_way(&self, _places: Range<usize>) -> bool {
        false
    }

    /// Hands what makes the numbers of a part to `user`: of [`PART`] places from a multiple of it on. There may be something that all of them need.
    #[inline(always)]
    fn part<L: Lanes, U: PartUser>(&self, _part: usize, user: U) -> U::Output
    where
        Self: Sized,
    {
        user.take::<L, Self>(self)
    }

    /// The numbers at some places, the first of them a multiple of [`EIGHT`] from where the row begins. What is beyond its end may be anything.
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT];
}

impl<E: Eights> Eights for &E {
    #[inline(always)]
    fn goes_one_way(&self, places: Range<usize>) -> bool {
        E::goes_one_way(self, places)
    }

    #[inline(always)]
    fn part<L: Lanes, U: PartUser>(&self, part: usize, user: U) -> U::Output {
        E::part::<L, U>(self, part, user)
    }

    #[inline(always)]
    fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
        E::eight::<L>(self, places)
    }
}

/// What was seen of numbers while they were rounded to `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The least distance of the digits behind those of an `f32` from a half, in eighths of a unit in the last place of the `f64`.
    pub(crate) nearest: u32,
    /// The upper halves of the smallest and of the largest one, without their signs.
    pub(crate) smallest: u32,
    /// See `smallest`.
    pub(crate) largest: u32,
}

/// Half a unit in the last place of an `f32` in the units of [`Seen::nearest`].
const HALF: u32 = 1 << 31;

impl Seen {
    /// The same with the sizes of what goes one way from one number to another, both of which were rounded.
    #[inline(always)]
    pub(crate) fn between(self, first: f32, last: f32) -> Self {
        let sizes = [first, last].map(|end| upper_half(f64::from(end)));
        // Through 0, no size is too small.
        let is_through_zero = first.is_sign_negative() != last.is_sign_negative();
        // The ends were rounded, which may have changed the upper half by one; and a number may be beyond them by what all are off by, which is less
        // than half a unit in the last place of an `f32`, and much less than one of an upper half, where there is no doubt.
        let smallest = sizes[0].min(sizes[1]).saturating_sub(2);
        Self {
            nearest: self.nearest,
            smallest: if is_through_zero { 0 } else { smallest },
            largest: sizes[0].max(sizes[1]),
        }
    }

    const NOTHING: Self = Self {
        nearest: HALF,
        smallest: u32::MAX,
        largest: 0,
    };

    #[inline(always)]
    fn round<const SIZES: bool>(&mut self, number: f64) -> f32 {
        let bits = number.to_bits();
        // The 29 digits that an `f32` does not have come to the upper end of a word. As a signed one it is how far they are from nothing.
        let behind = ((bits as u32) << 3) as i32;
        self.nearest = self.nearest.min(HALF - behind.unsigned_abs());
        if SIZES {
            let size = upper_half(number);
            self.smallest = self.smallest.min(size);
            self.largest = self.largest.max(size);
        }
        number as f32
    }
}

/// The upper half of a number without its sign, which is larger for a larger number.
pub(crate) const fn upper_half(number: f64) -> u32 {
    (number.to_bits() >> 32) as u32 & i32::MAX as u32
}

/// All rows that vectors are loaded from are padded to a multiple of this many elements: whole registers, and whole rounds of the
/// partial sums.
pub(crate) const PAD: usize = PARTIAL;

/// `count`, rounded up to a multiple of [`PAD`].
pub(crate) const fn padded(count: usize) -> usize {
    count.next_multiple_of(PAD)
}

/// Work that is compiled for every instruction set. `run` and all it calls must be `#[inline(always)]`, or it is
/// compiled for the lowest set only.
pub(crate) trait Kernel {
    /// What the work gives.
    type Output;
    /// Does the work on registers `L`.
    fn run<L: Lanes>(self) -> Self::Output;
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Level);

// A `Level` above the fallback is made only in `Isa::available`, after asking the processor: `Isa::run` relies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The fastest one.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self(Level::Portable))
    }

    /// All that this processor has, slowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let fast = {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            [
                avx2.then_some(Self(Level::Avx2)),
                avx512.then_some(Self(Level::Avx512)),
            ]
        };
        #[cfg(not(target_arch = "x86_64"))]
        let fast = [];
        core::iter::once(Self(Level::Portable)).chain(fast.into_iter().flatten())
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "AVX-512",
        }
    }

    /// Does `work` on this set's registers.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, work: K) -> K::Output {
        match self.0 {
            Level::Portable => work.run::<Portable>(),
            // SAFETY: this level exists only after AVX2 and FMA were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { x86::avx2(work) },
            // SAFETY: this level exists only after AVX2, FMA and AVX-512 F, DQ and VL were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { x86::avx512(work) },
        }
    }
}

/// Eight lanes, one by one: what registers they share is left to the compiler.
#[derive(Clone, Copy)]
struct Portable([Scalar<PortableFma>; 8]);

impl Lanes for Portable {
    const WIDTH: usize = 8;
    const FUSES: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
    const ACCUMULATORS: usize = 10;

    #[inline(always)]
    fn load(from: &[f32]) -> Self {
        let from = &from[..8];
        Self(core::array::from_fn(|lane| Scalar::new(from[lane])))
    }

    #[inline(always)]
    fn store(self, to: &mut [f32]) {
        to[..8].copy_from_slice(&self.0.map(|x| x.0));
    }
}

/// A method that is that of one number in each lane.
macro_rules! each {
    ($method:ident($($operand:ident),*)) => {
        #[inline(always)]
        fn $method(self, $($operand: Self),*) -> Self {
            Self(core::array::from_fn(|lane| self.0[lane].$method($($operand.0[lane]),*)))
        }
    };
}

impl Real for Portable {
    type Fma = PortableFma;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([Scalar::new(x); 8])
    }

    each!(mul_add(b, c));
    each!(add(b));
    each!(sub(b));
    each!(mul(b));
    each!(div(b));
    each!(max(b));
    each!(where_below(limit, then, otherwise));
    each!(where_equal(other, then, otherwise));
    each!(exp2_of_low_bits());
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;

    use super::{EIGHT, Eights, HALF, HardwareFma, Kernel, Lanes, Places, Real, Seen};

    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn avx2<K: Kernel>(work: K) -> K::Output {
        work.run::<Ymm>()
    }

    #[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl")]
    pub(crate) fn avx512<K: Kernel>(work: K) -> K::Output {
        work.run::<Zmm>()
    }

    /// Eight lanes. Used only inside [`avx2`].
    #[derive(Clone, Copy)]
    struct Ymm(__m256);

    /// Sixteen lanes. Used only inside [`avx512`].
    #[derive(Clone, Copy)]
    struct Zmm(__m512);

    /// A method that is one instruction on registers.
    macro_rules! instruction {
        ($method:ident($($operand:ident),*) = $instruction:ident) => {
            #[inline(always)]
            fn $method(self, $($operand: Self),*) -> Self {
                // SAFETY: the type is private to this module, and only its entry above, which enables the
                // instruction, hands it to a kernel.
                Self(unsafe { $instruction(self.0, $($operand.0),*) })
            }
        };
    }

    /// Loads and stores, which differ between the sets in names alone.
    macro_rules! memory {
        ($width:literal, $load:ident, $store:ident) => {
            const WIDTH: usize = $width;
            const FUSES: bool = true;

            #[inline(always)]
            fn load(from: &[f32]) -> Self {
                let from = &from[..$width];
                // SAFETY: as in `splat`; the slice holds as many elements as are read, at any alignment.
                Self(unsafe { $load(from.as_ptr()) })
            }

            #[inline(always)]
            fn store(self, to: &mut [f32]) {
                let to = &mut to[..$width];
                // SAFETY: as in `splat`; the slice holds as many elements as are written, at any alignment.
                unsafe { $store(to.as_mut_ptr(), self.0) }
            }
        };
    }

    /// What does not depend on the number of lanes.
    macro_rules! eight_at_a_time {
        () => {
            #[inline(always)]
            fn copy_past_caches(from: &[f32], to: &mut [f32]) {
                assert_eq!(from.len(), to.len());
                // What is in front of the first whole register of the destination.
                let ahead = to.as_ptr().align_offset(32).min(to.len());
                let (from_head, from) = from.split_at(ahead);
                let (head, to) = to.split_at_mut(ahead);
                // Without a call where there is nothing to copy.
                if ahead > 0 {
                    head.copy_from_slice(from_head);
                }
                let (from, from_tail) = from.as_chunks::<8>();
                let (to, tail) = to.as_chunks_mut::<8>();
                for (from, to) in from.iter().zip(to) {
                    // SAFETY: as in `splat`; both have eight elements, and the destination is at a multiple of 32 bytes.
                    unsafe { _mm256_stream_ps(to.as_mut_ptr(), _mm256_loadu_ps(from.as_ptr())) }
                }
                if !tail.is_empty() {
                    tail.copy_from_slice(from_tail);
                }
            }

            #[inline(always)]
            fn copy_all_past_caches<const N: usize>(from: &[f32; N], to: &mut [f32; N]) {
                if !N.is_multiple_of(8) || to.as_ptr().align_offset(32) != 0 {
                    return Self::copy_past_caches(from, to);
                }
                for at in (0..N).step_by(8) {
                    // SAFETY: as in `splat`; eight elements are left in both, and the destination is at a multiple of 32 bytes.
                    unsafe {
                        let eight = _mm256_loadu_ps(from.as_ptr().add(at));
                        _mm256_stream_ps(to.as_mut_ptr().add(at), eight);
                    }
                }
            }

            #[inline(always)]
            fn expect(to: &[f32]) {
                for line in to.chunks(16) {
                    // SAFETY: the address is within the slice; nothing is read.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) }
                }
            }

            #[inline(always)]
            fn fill_past_caches(number: f32, to: &mut [f32]) {
                let ahead = to.as_ptr().align_offset(32).min(to.len());
                let (head, to) = to.split_at_mut(ahead);
                head.fill(number);
                let (to, tail) = to.as_chunks_mut::<8>();
                for to in to {
                    // SAFETY: as in `splat`; there are eight elements, at a multiple of 32 bytes.
                    unsafe { _mm256_stream_ps(to.as_mut_ptr(), _mm256_set1_ps(number)) }
                }
                tail.fill(number);
            }

            #[inline(always)]
            fn settle() {
                // SAFETY: every processor with AVX2 has it.
                unsafe { _mm_sfence() }
            }

            #[inline(always)]
            fn near_inverse_roots(numbers: [f64; EIGHT]) -> [f32; EIGHT] {
                let mut near = [0.0; EIGHT];
                // SAFETY: as in `splat`; all arrays have eight elements.
                unsafe {
                    let a = _mm256_cvtpd_ps(_mm256_loadu_pd(numbers.as_ptr()));
                    let b = _mm256_cvtpd_ps(_mm256_loadu_pd(numbers[4..].as_ptr()));
                    let roots = _mm256_rsqrt_ps(_mm256_set_m128(b, a));
                    _mm256_storeu_ps(near.as_mut_ptr(), roots);
                }
                near
            }

            #[inline(always)]
            fn inverse_roots(numbers: [f64; EIGHT], near: [f32; EIGHT]) -> [f64; EIGHT] {
                let mut roots = [0.0; EIGHT];
                let all = numbers
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .zip(near.as_chunks::<4>().0);
                for (roots, (numbers, near)) in roots.as_chunks_mut::<4>().0.iter_mut().zip(all) {
                    // SAFETY: as in `splat`; all of them have four elements.
                    unsafe {
                        // The processor's estimate is off by 1.5 * 2^-12. What the square of it and the number lack to 1 is below 2^-10.4, and the
                        // series of one over the root of that is off by less than 2^-43 after its third power.
                        let x = _mm256_loadu_pd(numbers.as_ptr());
                        let y = _mm256_cvtps_pd(_mm_loadu_ps(near.as_ptr()));
                        let lacks = _mm256_fnmadd_pd(x, _mm256_mul_pd(y, y), _mm256_set1_pd(1.0));
                        let mut sum = _mm256_set1_pd(5.0 / 16.0);
                        for term in [3.0 / 8.0, 1.0 / 2.0] {
                            sum = _mm256_fmadd_pd(sum, lacks, _mm256_set1_pd(term));
                        }
                        let y = _mm256_fmadd_pd(_mm256_mul_pd(y, lacks), sum, y);
                        _mm256_storeu_pd(roots.as_mut_ptr(), y);
                    }
                }
                roots
            }

            #[inline(always)]
            fn round<E: Eights, const SIZES: bool>(from: &E, first: usize, to: &mut [f32]) -> Seen {
                let (to, rest) = to.as_chunks_mut::<EIGHT>();
                let mut places = Places::from(first);
                let mut found = [[0; 8]; 3];
                // SAFETY: as in `splat`; every array that is read or written has eight elements.
                unsafe {
                    let all_but_sign = _mm256_set1_epi32(i32::MAX);
                    let mut behind = _mm256_setzero_si256();
                    let mut smallest = _mm256_set1_epi32(-1);
                    let mut largest = behind;
                    for to in to {
                        let from = from.eight::<Self>(&places);
                        places.next();
                        let a = _mm256_loadu_pd(from.as_ptr());
                        let b = _mm256_loadu_pd(from[4..].as_ptr());
                        let rounded = _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a));
                        _mm256_storeu_ps(to.as_mut_ptr(), rounded);
                        let (a, b) = (_mm256_castpd_ps(a), _mm256_castpd_ps(b));
                        // In another order than they come in, which does not matter here.
                        let lower = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
                        let digits = _mm256_abs_epi32(_mm256_slli_epi32::<3>(lower));
                        behind = _mm256_max_epu32(behind, digits);
                        if SIZES {
                            let upper = _mm256_shuffle_ps::<0b11_01_11_01>(a, b);
                            let size = _mm256_and_si256(_mm256_castps_si256(upper), all_but_sign);
                            smallest = _mm256_min_epu32(smallest, size);
                            largest = _mm256_max_epu32(largest, size);
                        }
                    }
                    for (found, register) in found.iter_mut().zip([behind, smallest, largest]) {
                        _mm256_storeu_si256(found.as_mut_ptr().cast(), register);
                    }
                }
                let [behind, smallest, largest] = found;
                let mut seen = Seen {
                    nearest: HALF - behind.into_iter().fold(0, u32::max),
                    smallest: smallest.into_iter().fold(u32::MAX, u32::min),
                    largest: largest.into_iter().fold(0, u32::max),
                };
                if !rest.is_empty() {
                    let from = from.eight::<Self>(&places);
                    for (from, to) in from.iter().zip(rest) {
                        *to = seen.round::<SIZES>(*from);
                    }
                }
                seen
            }

            #[inline(always)]
            fn turn<const N: usize>(from: &[f32], pitch: usize, to: &mut [[f32; N]; 8], at: usize) {
                assert!(from.len() >= pitch.saturating_mul(7).saturating_add(8));
                assert!(N >= at.saturating_add(8));
                // Four steps of a row and of the fourth row after it, side by side: so no number has to change sides later.
                macro_rules! sides {
                    ($row:literal, $step:literal) => {
                        _mm256_set_m128(
                            _mm_loadu_ps(from.as_ptr().add(($row + 4) * pitch + $step)),
                            _mm_loadu_ps(from.as_ptr().add($row * pitch + $step)),
                        )
                    };
                }
                macro_rules! columns {
                    ($step:literal) => {{
                        let (a, b) = (sides!(0, $step), sides!(1, $step));
                        let (c, d) = (sides!(2, $step), sides!(3, $step));
                        let pairs = [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)];
                        let others = [_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d)];
                        [
                            _mm256_shuffle_ps::<0b01_00_01_00>(pairs[0], others[0]),
                            _mm256_shuffle_ps::<0b11_10_11_10>(pairs[0], others[0]),
                            _mm256_shuffle_ps::<0b01_00_01_00>(pairs[1], others[1]),
                            _mm256_shuffle_ps::<0b11_10_11_10>(pairs[1], others[1]),
                        ]
                    }};
                }
                // SAFETY: as in `splat`; the last of eight rows, so far apart, has eight elements, as was just seen.
                let columns = unsafe { [columns!(0), columns!(4)] };
                for (to, column) in to.iter_mut().zip(columns.as_flattened()) {
                    // SAFETY: as in `splat`; there are eight elements from `at` on, as was just seen.
                    unsafe { _mm256_storeu_ps(to.as_mut_ptr().add(at), *column) }
                }
            }
        };
    }

    impl Lanes for Ymm {
        // 16 registers, less two for the right matrix and one or two for the left.
        const ACCUMULATORS: usize = 12;
        memory!(8, _mm256_loadu_ps, _mm256_storeu_ps);
        eight_at_a_time!();
    }

    impl Real for Ymm {
        type Fma = HardwareFma;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            // SAFETY: the type is private to this module, and only its entry above, which enables the
            // instruction, hands it to a kernel.
            Self(unsafe { _mm256_set1_ps(x) })
        }

        instruction!(mul_add(b, c) = _mm256_fmadd_ps);
        instruction!(add(b) = _mm256_add_ps);
        instruction!(sub(b) = _mm256_sub_ps);
        instruction!(mul(b) = _mm256_mul_ps);
        instruction!(div(b) = _mm256_div_ps);
        instruction!(max(b) = _mm256_max_ps);

        #[inline(always)]
        fn where_below(self, limit: Self, then: Self, otherwise: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                let below = _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, limit.0);
                Self(_mm256_blendv_ps(otherwise.0, then.0, below))
            }
        }

        #[inline(always)]
        fn where_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                let equal = _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0);
                Self(_mm256_blendv_ps(otherwise.0, then.0, equal))
            }
        }

        #[inline(always)]
        fn exp2_of_low_bits(self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(self.0));
                let one = _mm256_castps_si256(_mm256_set1_ps(1.0));
                Self(_mm256_castsi256_ps(_mm256_add_epi32(shifted, one)))
            }
        }
    }

    impl Lanes for Zmm {
        // 32 registers, less four for the right matrix and some for the left.
        const ACCUMULATORS: usize = 24;
        memory!(16, _mm512_loadu_ps, _mm512_storeu_ps);
        eight_at_a_time!();
    }

    impl Real for Zmm {
        type Fma = HardwareFma;

        #[inline(always)]
        fn splat(x: f32) -> Self {
            // SAFETY: the type is private to this module, and only its entry above, which enables the
            // instruction, hands it to a kernel.
            Self(unsafe { _mm512_set1_ps(x) })
        }

        instruction!(mul_add(b, c) = _mm512_fmadd_ps);
        instruction!(add(b) = _mm512_add_ps);
        instruction!(sub(b) = _mm512_sub_ps);
        instruction!(mul(b) = _mm512_mul_ps);
        instruction!(div(b) = _mm512_div_ps);
        instruction!(max(b) = _mm512_max_ps);

        #[inline(always)]
        fn where_below(self, limit: Self, then: Self, otherwise: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, limit.0);
                Self(_mm512_mask_blend_ps(below, otherwise.0, then.0))
            }
        }

        #[inline(always)]
        fn where_equal(self, other: Self, then: Self, otherwise: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                let equal = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0);
                Self(_mm512_mask_blend_ps(equal, otherwise.0, then.0))
            }
        }

        #[inline(always)]
        fn exp2_of_low_bits(self) -> Self {
            // SAFETY: as in `splat`.
            unsafe {
                let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(self.0));
                let one = _mm512_castps_si512(_mm512_set1_ps(1.0));
                Self(_mm512_castsi512_ps(_mm512_add_epi32(shifted, one)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hairpin_arithmetic::{exp_nonpositive, loss};

    use super::*;

    type One = Scalar<LibmFma>;

    /// Every operation, most of them in the exponential, and a loss.
    struct Both<'a>(&'a [f32; PAD], &'a mut [[f32; PAD]; 3]);

    #[inline(always)]
    fn formula<R: Real>(x: R) -> [R; 2] {
        let three = R::splat(3.0);
        let y = x.mul_add(three, R::splat(1e-9)).div(x.add(three));
        let y = x.where_equal(R::splat(-2.0), three, y);
        [exp_nonpositive(x), x.max(y).sub(x.mul(y))]
    }

    impl Kernel for Both<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self) {
            let [exps, others, losses] = self.1;
            for at in (0..PAD).step_by(L::WIDTH) {
                let [exp, other] = formula(L::load(&self.0[at..]));
                exp.store(&mut exps[at..]);
                other.store(&mut others[at..]);
            }
            for (to, &x) in losses.iter_mut().zip(self.0) {
                *to = loss::<L::Fma>(1.0 - x, 0.25);
            }
        }
    }

    /// NaN has no promised payload.
    fn bits(x: f32) -> u32 {
        if x.is_nan() { f32::NAN } else { x }.to_bits()
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_single_numbers() {
        let (first, last) = ((-1e-9_f32).to_bits(), (-88.0_f32).to_bits());
        let mut inputs: Vec<f32> = (first..=last).step_by(50).map(f32::from_bits).collect();
        inputs.extend([0.0, -0.0, -2.0, f32::NEG_INFINITY, f32::NAN, -1e30]);
        for chunk in inputs.chunks(PAD) {
            let mut x = [-1.0; PAD];
            x[..chunk.len()].copy_from_slice(chunk);
            let singles = x.map(|x| {
                let [exp, other] = formula(One::new(x));
                [exp.0, other.0, loss::<LibmFma>(1.0 - x, 0.25)].map(bits)
            });
            for isa in Isa::available() {
                let mut found = [[0.0; PAD]; 3];
                isa.run(Both(&x, &mut found));
                for (lane, single) in singles.iter().enumerate() {
                    let found = [0, 1, 2].map(|which| bits(found[which][lane]));
                    assert_eq!(found, *single, "{} {}", isa.name(), x[lane]);
                }
            }
        }
    }

    /// Numbers that are known.
    struct Numbers<'a>(&'a [f64]);

    impl Eights for Numbers<'_> {
        #[inline(always)]
        fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
            core::array::from_fn(|which| {
                self.0
                    .get(places.first + which)
                    .copied()
                    .unwrap_or(f64::NAN)
            })
        }
    }

    /// What tables do with `f64`, and how they write.
    struct Tables<'a> {
        numbers: &'a [f64],
        rounded: &'a mut Vec<f32>,
        inverse_roots: &'a mut [f64],
        columns: &'a mut [[f32; 24]; 8],
    }

    impl Kernel for Tables<'_> {
        type Output = Seen;

        #[inline(always)]
        fn run<L: Lanes>(self) -> Seen {
            for numbers in self.inverse_roots.as_chunks_mut().0 {
                *numbers = L::inverse_roots(*numbers, L::near_inverse_roots(*numbers));
            }
            self.rounded.resize(self.numbers.len(), 0.0);
            let seen = L::round::<_, false>(&Numbers(self.numbers), 0, self.rounded);
            let without_sizes = (seen.nearest, self.rounded.clone());
            self.rounded.fill(0.0);
            let seen = L::round::<_, true>(&Numbers(self.numbers), 0, self.rounded);
            let all = |rounded: &[f32]| rounded.iter().map(|x| bits(*x)).collect::<Vec<_>>();
            assert_eq!(without_sizes.0, seen.nearest);
            assert_eq!(all(&without_sizes.1), all(self.rounded));
            let copied = self.rounded.clone();
            L::expect(self.rounded);
            // From places that are at no multiple of anything.
            L::fill_past_caches(0.0, &mut self.rounded[1..]);
            assert!(self.rounded[1..].iter().all(|x| *x == 0.0));
            L::copy_past_caches(&copied[1..], &mut self.rounded[1..]);
            // One of eight places in a row is at a multiple of 32 bytes.
            for at in 0..EIGHT {
                let (from, to) = (&copied[at..], &mut self.rounded[at..]);
                to[..64].fill(0.0);
                let from = from.first_chunk::<64>().expect("so many numbers");
                L::copy_all_past_caches(from, to.first_chunk_mut().expect("as many"));
            }
            L::settle();
            L::turn(&copied, 9, self.columns, 8);
            seen
        }
    }

    #[test]
    fn every_instruction_set_rounds_and_writes_alike() {
        let mut numbers = vec![0.0, -0.0, 1e-300, -1e300, f64::INFINITY, f64::NAN, 1e-42];
        // Half-way between two `f32`, and the neighbours of such places.
        for exponent in -150..130 {
            let half = (1.0 + f64::EPSILON * (1_u64 << 28) as f64) * 2_f64.powi(exponent);
            numbers.extend([half, half.next_up(), -half.next_down(), 1.1 * half]);
        }
        for length in [73, 79, 80, 81, numbers.len()] {
            let numbers = &numbers[..length];
            let expected: Vec<u32> = numbers.iter().map(|x| bits(*x as f32)).collect();
            let mut portable = Seen::NOTHING;
            numbers.iter().for_each(|x| {
                portable.round::<true>(*x);
            });
            for isa in Isa::available() {
                let (mut rounded, mut columns) = (vec![], [[0.0; 24]; 8]);
                let seen = isa.run(Tables {
                    numbers,
                    rounded: &mut rounded,
                    inverse_roots: &mut [],
                    columns: &mut columns,
                });
                assert_eq!(seen, portable, "{}", isa.name());
                let found: Vec<u32> = rounded.iter().map(|x| bits(*x)).collect();
                assert_eq!(found, expected, "{}", isa.name());
                for (column, row) in columns
                    .iter()
                    .enumerate()
                    .flat_map(|(c, _)| (0..8).map(move |r| (c, r)))
                {
                    let found = columns[column][8 + row];
                    assert_eq!(bits(found), bits(rounded[9 * row + column]));
                }
            }
        }
    }

    #[test]
    fn sizes_between_two_ends_are_those_of_all_numbers_between_them() {
        let seen = |numbers: &[f64]| {
            let mut seen = Seen::NOTHING;
            let rounded: Vec<f32> = numbers.iter().map(|x| seen.round::<true>(*x)).collect();
            (seen, seen.between(rounded[0], rounded[rounded.len() - 1]))
        };
        for exponent in -120..120 {
            for sign in [1.0, -1.0] {
                let begin = sign * 2_f64.powi(exponent);
                // Up and down, over a power of 2, and hardly at all.
                for share in [0.5, -0.25, 1e-3, -1e-9, 1e-16] {
                    let numbers: Vec<f64> = (0..128)
                        .map(|i| begin * (1.0 + share * f64::from(i) / 127.0))
                        .collect();
                    let (each, ends) = seen(&numbers);
                    assert_eq!(ends.nearest, each.nearest);
                    assert!(ends.smallest <= each.smallest, "{begin} {share}");
                    assert!(ends.smallest >= each.smallest - 3, "{begin} {share}");
                    assert!(ends.largest.abs_diff(each.largest) <= 1, "{begin} {share}");
                }
            }
        }
        // Through 0 none is too small; what is no number, or infinite, is too large.
        assert_eq!(seen(&[1.0, 0.0, -1.0]).1.smallest, 0);
        for wild in [f64::NAN, f64::INFINITY] {
            assert!(seen(&[1.0, wild]).1.largest >= upper_half(f64::INFINITY));
        }
    }

    #[test]
    fn inverse_roots_are_within_their_bound() {
        let numbers: Vec<f64> = (0..40_000).map(|i| 1e-30 * 1.003_46_f64.powi(i)).collect();
        assert!(numbers.last().is_some_and(|x| (1e29..1e31).contains(x)));
        for isa in Isa::available() {
            let mut found = numbers.clone();
            isa.run(Tables {
                numbers: &[1.0; 100],
                rounded: &mut vec![],
                inverse_roots: &mut found,
                columns: &mut [[0.0; 24]; 8],
            });
            for (x, found) in numbers.iter().zip(found) {
                let off = (found * x.sqrt() - 1.0).abs();
                assert!(
                    off < 2_f64.powi(-43),
                    "{}: {x:e} off by {off:e}",
                    isa.name()
                );
            }
        }
    }

    #[test]
    fn the_fastest_set_is_among_the_available() {
        assert!(Isa::available().any(|isa| isa == Isa::detect()));
    }
}
