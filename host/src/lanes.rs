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

/// What is done bit by bit in the course of other work, as memory that is written past the caches takes no more than so much at a time.
pub(crate) trait Beside {
    /// Does the next bit.
    fn go_on<L: Lanes>(&mut self);
}

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

    /// One over numbers from 1e-30 to 1e30 in size, off by less than two units in the last place.
    #[inline(always)]
    fn inverses(numbers: [f64; EIGHT]) -> [f64; EIGHT] {
        lanewise(numbers, |number| 1.0 / number)
    }

    /// What is near one over the roots of numbers from 1e-30 to 1e30, if [`Lanes::inverse_roots`] needs it.
    #[inline(always)]
    fn near_inverse_roots(_numbers: [f64; EIGHT]) -> [f32; EIGHT] {
        [0.0; EIGHT]
    }

    /// One over the roots of numbers, off by less than 2^-43 of it, from what is near them.
    #[inline(always)]
    fn inverse_roots(numbers: [f64; EIGHT], _near: &[f32; EIGHT]) -> [f64; EIGHT] {
        lanewise(numbers, |number| 1.0 / number.sqrt())
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

    /// Rounds what is at some places, one for each lane, and at all that follow these into columns from `at` on, with `SOME` only into those whose
    /// bits are all set; tells in `nearest` for each of them what [`Seen::nearest`] says. After each eight rows, and what is left of them, `beside` goes on.
    /// Panics where a row has no such columns.
    #[inline(always)]
    fn round_columns<E: Eights, const N: usize, const SOME: bool>(
        from: &E,
        mut places: Places,
        to: &mut [[f32; N]],
        at: usize,
        (which, nearest): (&[u32; EIGHT], &mut [u32; EIGHT]),
        beside: &mut impl Beside,
    ) {
        let mut seen = [Seen::NOTHING; EIGHT];
        for to in to.chunks_mut(EIGHT) {
            for to in to {
                let numbers = from.eight::<Self>(&places);
                let to = &mut to[at..at + EIGHT];
                for (lane, (number, to)) in numbers.into_iter().zip(to).enumerate() {
                    let rounded = seen[lane].round::<false>(number);
                    if !SOME || which[lane] != 0 {
                        *to = rounded;
                    }
                }
                places.next_of_each();
            }
            beside.go_on::<Self>();
        }
        for (lane, seen) in seen.iter().enumerate() {
            if !SOME || which[lane] != 0 {
                nearest[lane] = seen.nearest;
            }
        }
    }

    /// A bit for each of eight rows of numbers, which have been rounded, where one of them may have another `f32` within reach. Between the rounded
    /// `ends` of a row no number is smaller in size than the smaller of them, on the other side of 0, or too large for an `f32`, unless an end is; `nearest` is
    /// what [`Seen::nearest`] says of it. A number is off by no more than a quarter of what stands in
    /// `absolute`, and of so many units in its own last place as stand in `relative`.
    #[inline(always)]
    fn in_doubt(
        nearest: &[u32; EIGHT],
        ends: [&[f32; EIGHT]; 2],
        absolute: &[f64; EIGHT],
        relative: &[f64; EIGHT],
    ) -> u32 {
        let mut doubtful = 0;
        for lane in 0..EIGHT {
            let [a, b] = [ends[0][lane].to_bits(), ends[1][lane].to_bits()];
            let (low, high) = ((a & SIZE).min(b & SIZE), (a & SIZE).max(b & SIZE));
            // The sign of any: where they are not on one side, or one is too large or too small.
            let is_wild = (a ^ b) | LARGEST.wrapping_sub(high) | low.wrapping_sub(SMALLEST);
            let exponent = low.wrapping_sub(2) >> 23;
            let per_unit = f64::from_bits(u64::from(PER_UNIT.wrapping_sub(exponent)) << 52);
            let reach = if Self::FUSES {
                absolute[lane].mul_add(per_unit, relative[lane])
            } else {
                absolute[lane] * per_unit + relative[lane]
            };
            let is_near = !(f64::from((nearest[lane] >> 1).cast_signed()) > reach);
            doubtful |= (is_wild >> 31 | u32::from(is_near)) << lane;
        }
        doubtful
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

/// Eight places one after the other; or, of eight rows side by side, one of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// The first of them; or what all rows count alike.
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

    /// Those that follow where each is that of a row by itself; `first` is then what all rows count alike.
    #[inline(always)]
    pub(crate) fn next_of_each(&mut self) {
        self.first += 1;
        self.numbers = lanewise(self.numbers, |number| number + 1.0);
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

    /// The numbers at some places: of one row, the first of them a multiple of [`EIGHT`] from where it begins; or one of each of eight rows. What is beyond an
    /// end may be anything.
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

/// All of an `f32` but its sign.
const SIZE: u32 = i32::MAX as u32;

/// The bits of the largest and the smallest end between which [`Lanes::in_doubt`] knows enough. A number between them may be smaller than the smaller one by
/// what that one was rounded by and what both are off by: each is less than half a unit in the last place where there is no doubt, and the sum no more
/// than two of the units below a power of 2.
const LARGEST: u32 = (f32::MAX / 2.0).to_bits();
const SMALLEST: u32 = f32::MIN_POSITIVE.to_bits() + 2;

/// The exponent in the bits of an `f64` that is one over the unit in the last place of a number, and the one in that number's bits as an `f32`, are this
/// together.
const PER_UNIT: u32 = 1023 + 52 + 127;

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

    /// The one that all have.
    pub(crate) const fn portable() -> Self {
        Self(Level::Portable)
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

    use super::{
        Beside, EIGHT, Eights, HALF, HardwareFma, Kernel, LARGEST, Lanes, PER_UNIT, Places, Real,
        SIZE, SMALLEST, Seen,
    };

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
        ($width:literal, $load:ident, $store:ident, $stream:ident) => {
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

            #[inline(always)]
            fn copy_all_past_caches<const N: usize>(from: &[f32; N], to: &mut [f32; N]) {
                if !N.is_multiple_of($width) || to.as_ptr().align_offset(4 * $width) != 0 {
                    return Self::copy_past_caches(from, to);
                }
                for at in (0..N).step_by($width) {
                    // SAFETY: as in `splat`; a register's elements are left in both, and the destination is at a multiple of its size.
                    unsafe { $stream(to.as_mut_ptr().add(at), $load(from.as_ptr().add(at))) }
                }
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
            fn round<E: Eights, const SIZES: bool>(from: &E, first: usize, to: &mut [f32]) -> Seen {
                let (to, rest) = to.as_chunks_mut::<EIGHT>();
                let mut places = Places::from(first);
                let mut eights = Self::eights();
                for to in to {
                    let rounded = eights.round::<SIZES>(&from.eight::<Self>(&places));
                    places.next();
                    // SAFETY: as in `splat`; the array has eight elements.
                    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), rounded) }
                }
                let mut seen = eights.seen();
                if !rest.is_empty() {
                    let from = from.eight::<Self>(&places);
                    for (from, to) in from.iter().zip(rest) {
                        *to = seen.round::<SIZES>(*from);
                    }
                }
                seen
            }

            #[inline(always)]
            fn round_columns<E: Eights, const N: usize, const SOME: bool>(
                from: &E,
                mut places: Places,
                to: &mut [[f32; N]],
                at: usize,
                (which, nearest): (&[u32; EIGHT], &mut [u32; EIGHT]),
                beside: &mut impl Beside,
            ) {
                assert!(N >= at.saturating_add(8));
                let mut eights = Self::eights();
                // SAFETY: as in `splat`; every array that is read or written has eight elements, those of `to` from `at` on.
                unsafe {
                    let which = _mm256_loadu_ps(which.as_ptr().cast());
                    for to in to.chunks_mut(EIGHT) {
                        for to in to {
                            let numbers = from.eight::<Self>(&places);
                            let rounded = eights.round::<false>(&numbers);
                            places.next_of_each();
                            let to = to.as_mut_ptr().add(at);
                            let rounded = if SOME {
                                _mm256_blendv_ps(_mm256_loadu_ps(to), rounded, which)
                            } else {
                                rounded
                            };
                            _mm256_storeu_ps(to, rounded);
                        }
                        beside.go_on::<Self>();
                    }
                    let half = _mm256_set1_epi32(HALF.cast_signed());
                    let distance = _mm256_sub_epi32(half, eights.behind());
                    let mut distance = _mm256_castsi256_ps(distance);
                    let nearest = nearest.as_mut_ptr().cast();
                    if SOME {
                        distance = _mm256_blendv_ps(_mm256_loadu_ps(nearest), distance, which);
                    }
                    _mm256_storeu_ps(nearest, distance);
                }
            }

            #[inline(always)]
            fn in_doubt(
                nearest: &[u32; EIGHT],
                ends: [&[f32; EIGHT]; 2],
                absolute: &[f64; EIGHT],
                relative: &[f64; EIGHT],
            ) -> u32 {
                macro_rules! each {
                    ($number:expr) => {
                        _mm256_set1_epi32($number.cast_signed())
                    };
                }
                // SAFETY: as in `splat`; every array that is read has eight elements.
                unsafe {
                    let [a, b] = ends.map(|ends| _mm256_loadu_si256(ends.as_ptr().cast()));
                    let size = each!(SIZE);
                    let (one, other) = (_mm256_and_si256(a, size), _mm256_and_si256(b, size));
                    let low = _mm256_min_epu32(one, other);
                    let too_large = _mm256_sub_epi32(each!(LARGEST), _mm256_max_epu32(one, other));
                    let too_small = _mm256_sub_epi32(low, each!(SMALLEST));
                    let sizes = _mm256_or_si256(too_large, too_small);
                    let is_wild = _mm256_or_si256(_mm256_xor_si256(a, b), sizes);
                    let exponents =
                        _mm256_srli_epi32::<23>(_mm256_sub_epi32(low, _mm256_set1_epi32(2)));
                    let per_unit = _mm256_sub_epi32(each!(PER_UNIT), exponents);
                    let behind = _mm256_loadu_si256(nearest.as_ptr().cast());
                    let behind = _mm256_srli_epi32::<1>(behind);
                    macro_rules! is_near {
                        ($at:literal, $half:expr) => {{
                            let per_unit = _mm256_cvtepu32_epi64($half(per_unit));
                            let per_unit = _mm256_castsi256_pd(_mm256_slli_epi64::<52>(per_unit));
                            let reach = _mm256_fmadd_pd(
                                _mm256_loadu_pd(absolute.as_ptr().add($at)),
                                per_unit,
                                _mm256_loadu_pd(relative.as_ptr().add($at)),
                            );
                            let behind = _mm256_cvtepi32_pd($half(behind));
                            _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_NGT_UQ>(behind, reach)) << $at
                        }};
                    }
                    let lower = is_near!(0, _mm256_castsi256_si128);
                    let upper = is_near!(4, _mm256_extracti128_si256::<1>);
                    (_mm256_movemask_ps(_mm256_castsi256_ps(is_wild)) | lower | upper)
                        .cast_unsigned()
                }
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

    /// What was seen of eights of numbers, lane by lane: the digits behind an `f32`, and the sizes, as [`Seen`] has them.
    trait SeenOfEights {
        /// Rounds some more.
        fn round<const SIZES: bool>(&mut self, from: &[f64; EIGHT]) -> __m256;
        /// How far the digits are from nothing, in the order of the lanes.
        fn behind(&self) -> __m256i;
        /// All of it.
        fn seen(&self) -> Seen;
    }

    /// Two registers of four: digits and sizes of both are put into one, in another order than they come in.
    struct TwoFours {
        behind: __m256i,
        smallest: __m256i,
        largest: __m256i,
    }

    impl Ymm {
        #[inline(always)]
        fn eights() -> TwoFours {
            // SAFETY: as in `splat`.
            unsafe {
                TwoFours {
                    behind: _mm256_setzero_si256(),
                    smallest: _mm256_set1_epi32(-1),
                    largest: _mm256_setzero_si256(),
                }
            }
        }
    }

    impl SeenOfEights for TwoFours {
        #[inline(always)]
        fn round<const SIZES: bool>(&mut self, from: &[f64; EIGHT]) -> __m256 {
            // SAFETY: this is made by `Ymm` alone; the array has eight elements.
            unsafe {
                let a = _mm256_loadu_pd(from.as_ptr());
                let b = _mm256_loadu_pd(from[4..].as_ptr());
                let rounded = _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a));
                let (a, b) = (_mm256_castpd_ps(a), _mm256_castpd_ps(b));
                let lower = _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(a, b));
                let digits = _mm256_abs_epi32(_mm256_slli_epi32::<3>(lower));
                self.behind = _mm256_max_epu32(self.behind, digits);
                if SIZES {
                    let upper = _mm256_shuffle_ps::<0b11_01_11_01>(a, b);
                    let all_but_sign = _mm256_set1_epi32(i32::MAX);
                    let size = _mm256_and_si256(_mm256_castps_si256(upper), all_but_sign);
                    self.smallest = _mm256_min_epu32(self.smallest, size);
                    self.largest = _mm256_max_epu32(self.largest, size);
                }
                rounded
            }
        }

        #[inline(always)]
        fn behind(&self) -> __m256i {
            // SAFETY: as above. There are two of each register in both halves.
            unsafe { _mm256_permute4x64_epi64::<0b11_01_10_00>(self.behind) }
        }

        #[inline(always)]
        fn seen(&self) -> Seen {
            let mut found = [[0_u32; 8]; 3];
            for (found, register) in
                found
                    .iter_mut()
                    .zip([self.behind, self.smallest, self.largest])
            {
                // SAFETY: as above; the array has eight elements.
                unsafe { _mm256_storeu_si256(found.as_mut_ptr().cast(), register) }
            }
            let [behind, smallest, largest] = found;
            Seen {
                nearest: HALF - behind.into_iter().fold(0, u32::max),
                smallest: smallest.into_iter().fold(u32::MAX, u32::min),
                largest: largest.into_iter().fold(0, u32::max),
            }
        }
    }

    /// One register of eight, whose upper halves are what is asked for.
    struct OneEight {
        behind: __m512i,
        smallest: __m512i,
        largest: __m512i,
    }

    impl Zmm {
        #[inline(always)]
        fn eights() -> OneEight {
            // SAFETY: as in `splat`.
            unsafe {
                OneEight {
                    behind: _mm512_setzero_si512(),
                    smallest: _mm512_set1_epi32(-1),
                    largest: _mm512_setzero_si512(),
                }
            }
        }
    }

    impl SeenOfEights for OneEight {
        #[inline(always)]
        fn round<const SIZES: bool>(&mut self, from: &[f64; EIGHT]) -> __m256 {
            // SAFETY: this is made by `Zmm` alone; the array has eight elements.
            unsafe {
                let from = _mm512_loadu_pd(from.as_ptr());
                let bits = _mm512_castpd_si512(from);
                let digits = _mm512_abs_epi64(_mm512_slli_epi64::<35>(bits));
                self.behind = _mm512_max_epu64(self.behind, digits);
                if SIZES {
                    let size = _mm512_and_si512(bits, _mm512_set1_epi64(i64::MAX));
                    self.smallest = _mm512_min_epu64(self.smallest, size);
                    self.largest = _mm512_max_epu64(self.largest, size);
                }
                _mm512_cvtpd_ps(from)
            }
        }

        #[inline(always)]
        fn behind(&self) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm512_cvtepi64_epi32(_mm512_srli_epi64::<32>(self.behind)) }
        }

        #[inline(always)]
        fn seen(&self) -> Seen {
            // SAFETY: as above.
            let [behind, smallest, largest] = unsafe {
                [
                    _mm512_reduce_max_epu64(self.behind),
                    _mm512_reduce_min_epu64(self.smallest),
                    _mm512_reduce_max_epu64(self.largest),
                ]
            };
            Seen {
                nearest: HALF - (behind >> 32) as u32,
                smallest: (smallest >> 32) as u32,
                largest: (largest >> 32) as u32,
            }
        }
    }

    impl Lanes for Ymm {
        // 16 registers, less two for the right matrix and one or two for the left.
        const ACCUMULATORS: usize = 12;
        memory!(8, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_stream_ps);
        eight_at_a_time!();

        #[inline(always)]
        fn near_inverse_roots(numbers: [f64; EIGHT]) -> [f32; EIGHT] {
            let mut near = [0.0; EIGHT];
            // SAFETY: as in `splat`; both arrays have eight elements.
            unsafe {
                let a = _mm256_cvtpd_ps(_mm256_loadu_pd(numbers.as_ptr()));
                let b = _mm256_cvtpd_ps(_mm256_loadu_pd(numbers[4..].as_ptr()));
                let roots = _mm256_rsqrt_ps(_mm256_set_m128(b, a));
                _mm256_storeu_ps(near.as_mut_ptr(), roots);
            }
            near
        }

        #[inline(always)]
        fn inverse_roots(numbers: [f64; EIGHT], near: &[f32; EIGHT]) -> [f64; EIGHT] {
            let mut roots = numbers;
            let fours = roots.as_chunks_mut::<4>().0.iter_mut();
            for (roots, near) in fours.zip(near.as_chunks::<4>().0) {
                // SAFETY: as in `splat`; both have four elements.
                unsafe {
                    // The processor's estimate is off by 1.5 * 2^-12. What the square of it and the number lack to 1 is below 2^-10.4, and the
                    // series of one over the root of that is off by less than 2^-43 after its third power.
                    let x = _mm256_loadu_pd(roots.as_ptr());
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
        memory!(16, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_stream_ps);
        eight_at_a_time!();

        #[inline(always)]
        fn inverses(numbers: [f64; EIGHT]) -> [f64; EIGHT] {
            let mut inverses = numbers;
            // SAFETY: as in `splat`; the array has eight elements.
            unsafe {
                // The processor's estimate is off by 2^-14, and so is what its product with the number lacks to 1; the series of one over that is off
                // by less than 2^-56 after its third power.
                let x = _mm512_loadu_pd(numbers.as_ptr());
                let y = _mm512_rcp14_pd(x);
                let lacks = _mm512_fnmadd_pd(x, y, _mm512_set1_pd(1.0));
                let square = _mm512_mul_pd(lacks, lacks);
                let sum = _mm512_add_pd(_mm512_fmadd_pd(square, lacks, square), lacks);
                let y = _mm512_fmadd_pd(y, sum, y);
                _mm512_storeu_pd(inverses.as_mut_ptr(), y);
            }
            inverses
        }

        #[inline(always)]
        fn inverse_roots(numbers: [f64; EIGHT], _near: &[f32; EIGHT]) -> [f64; EIGHT] {
            let mut roots = [0.0; EIGHT];
            // SAFETY: as in `splat`; both arrays have eight elements.
            unsafe {
                // The processor's estimate is off by 2^-14. What the square of it and the number lack to 1 is below 2^-12.9, and the series of one over
                // the root of that is off by less than 2^-53 after its third power.
                let x = _mm512_loadu_pd(numbers.as_ptr());
                let y = _mm512_rsqrt14_pd(x);
                let lacks = _mm512_fnmadd_pd(x, _mm512_mul_pd(y, y), _mm512_set1_pd(1.0));
                let mut sum = _mm512_set1_pd(5.0 / 16.0);
                for term in [3.0 / 8.0, 1.0 / 2.0] {
                    sum = _mm512_fmadd_pd(sum, lacks, _mm512_set1_pd(term));
                }
                let y = _mm512_fmadd_pd(_mm512_mul_pd(y, lacks), sum, y);
                _mm512_storeu_pd(roots.as_mut_ptr(), y);
            }
            roots
        }
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
        columns: &'a mut [[f32; 24]; 8],
    }

    impl Kernel for Tables<'_> {
        type Output = Seen;

        #[inline(always)]
        fn run<L: Lanes>(self) -> Seen {
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

    /// What is one over numbers, and over their roots.
    struct Inverses<'a>(&'a [f64], [&'a mut [f64]; 2]);

    impl Kernel for Inverses<'_> {
        type Output = ();

        #[inline(always)]
        fn run<L: Lanes>(self) {
            let [inverses, roots] = self.1.map(|found| found.as_chunks_mut::<EIGHT>().0);
            let numbers = self.0.as_chunks().0;
            for (numbers, (inverses, roots)) in numbers.iter().zip(inverses.iter_mut().zip(roots)) {
                *inverses = L::inverses(*numbers);
                *roots = L::inverse_roots(*numbers, &L::near_inverse_roots(*numbers));
            }
        }
    }

    #[test]
    fn inverses_and_inverse_roots_are_within_their_bounds() {
        let numbers: Vec<f64> = (0..40_000).map(|i| 1e-30 * 1.003_46_f64.powi(i)).collect();
        assert!(numbers.last().is_some_and(|x| (1e29..1e31).contains(x)));
        let opposites: Vec<f64> = numbers.iter().map(|x| -x).collect();
        for isa in Isa::available() {
            let name = isa.name();
            let mut roots = vec![];
            for numbers in [&opposites, &numbers] {
                let mut inverses = numbers.clone();
                roots.clone_from(numbers);
                isa.run(Inverses(numbers, [&mut inverses, &mut roots]));
                for (x, found) in numbers.iter().zip(&inverses) {
                    // How much it lacks is a product that is rounded once.
                    let off = found.mul_add(*x, -1.0).abs();
                    assert!(off < 2.0 * f64::EPSILON, "{name}: {x:e} off by {off:e}");
                }
            }
            for (x, found) in numbers.iter().zip(roots) {
                let off = (found * x.sqrt() - 1.0).abs();
                assert!(off < 2_f64.powi(-43), "{name}: {x:e} off by {off:e}");
            }
        }
    }

    /// Rows of numbers side by side: that at a place is the row's own, times 2 to the power of the place.
    struct Doubling([f64; EIGHT]);

    impl Eights for Doubling {
        #[inline(always)]
        fn eight<L: Lanes>(&self, places: &Places) -> [f64; EIGHT] {
            let mut numbers = self.0;
            for (number, place) in numbers.iter_mut().zip(places.numbers) {
                *number *= place.exp2();
            }
            numbers
        }
    }

    /// How often it went on.
    struct Went(u32);

    impl Beside for Went {
        #[inline(always)]
        fn go_on<L: Lanes>(&mut self) {
            self.0 += 1;
        }
    }

    /// What [`Lanes::round_columns`] does, and [`Lanes::in_doubt`] says of it.
    struct Columns<'a> {
        numbers: Doubling,
        rows: &'a mut [[f32; 20]],
        which: Option<[u32; EIGHT]>,
        nearest: [u32; EIGHT],
        reaches: [[f64; EIGHT]; 2],
    }

    impl Kernel for Columns<'_> {
        type Output = ([u32; EIGHT], u32, u32);

        #[inline(always)]
        fn run<L: Lanes>(mut self) -> Self::Output {
            let mut went = Went(0);
            let places = Places::from(0);
            match self.which {
                Some(which) => {
                    let which = (&which, &mut self.nearest);
                    L::round_columns::<_, 20, true>(
                        &self.numbers,
                        places,
                        self.rows,
                        9,
                        which,
                        &mut went,
                    );
                }
                None => {
                    let which = (&[u32::MAX; EIGHT], &mut self.nearest);
                    L::round_columns::<_, 20, false>(
                        &self.numbers,
                        places,
                        self.rows,
                        9,
                        which,
                        &mut went,
                    );
                }
            }
            let ends = [&self.rows[0], &self.rows[self.rows.len() - 1]];
            let ends = ends.map(|row| row[9..].first_chunk().expect("eight columns"));
            let [absolute, relative] = &self.reaches;
            (
                self.nearest,
                L::in_doubt(&self.nearest, ends, absolute, relative),
                went.0,
            )
        }
    }

    #[test]
    fn every_instruction_set_rounds_columns_alike_and_knows_what_is_in_doubt() {
        let unit = 2_f64.powi(-52);
        let half = 1.0 + 2_f64.powi(-24);
        // Halves and their neighbours; what is too small, too large and no number.
        let numbers = [
            half,
            -(half + 100.0 * unit),
            1.0 + 0.3 * 2_f64.powi(-23),
            2_f64.powi(-126),
            2_f64.powi(-131),
            2_f64.powi(120),
            f64::NAN,
            -0.0,
        ];
        for (units, expected) in [(30.0, 0b1111_0001), (200.0, 0b1111_0011)] {
            // The same reach, as a share and as a size: of the smallest number, which is at place 0 of the lane's row.
            let size = |lane: usize| numbers[lane].abs() * (lane as f64).exp2() * unit * units;
            let sizes = core::array::from_fn(|lane| 4.0 * size(lane));
            let shares = [4.0 * units; EIGHT];
            for reaches in [[sizes, [0.0; EIGHT]], [[0.0; EIGHT], shares]] {
                for isa in Isa::available() {
                    for (which, kept) in [(None, 0), (Some(0b0010_0110_u32), 0b1101_1001)] {
                        let mut rows = vec![[0.1_f32; 20]; 11];
                        let (nearest, doubtful, went) = isa.run(Columns {
                            numbers: Doubling(numbers),
                            rows: &mut rows,
                            which: which.map(|which| {
                                core::array::from_fn(|lane| 0_u32.wrapping_sub(which >> lane & 1))
                            }),
                            nearest: [HALF; EIGHT],
                            reaches,
                        });
                        // After eight rows of eleven, and at their end.
                        assert_eq!(went, 2);
                        for lane in 0..EIGHT {
                            let mut seen = Seen::NOTHING;
                            for (place, row) in (lane..).zip(&rows) {
                                let number = numbers[lane] * (place as f64).exp2();
                                let rounded = seen.round::<false>(number);
                                let is_kept = kept >> lane & 1 == 1;
                                let expected = if is_kept { 0.1 } else { rounded };
                                assert_eq!(bits(row[9 + lane]), bits(expected), "{}", isa.name());
                            }
                            if kept >> lane & 1 == 0 {
                                assert_eq!(nearest[lane], seen.nearest, "{}", isa.name());
                            } else {
                                assert_eq!(nearest[lane], HALF);
                            }
                        }
                        // What lies beside the columns, too.
                        let beside = |row: &[f32; 20]| [&row[..9], &row[17..]].concat();
                        assert!(rows.iter().all(|row| beside(row) == [0.1; 12]));
                        let expected = expected & !kept;
                        assert_eq!(doubtful & !kept, expected, "{} {units}", isa.name());
                    }
                }
            }
        }
    }

    #[test]
    fn the_fastest_set_is_among_the_available() {
        assert!(Isa::available().any(|isa| isa == Isa::detect()));
    }
}
