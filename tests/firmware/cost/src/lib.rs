//! What a firmware pays for one schedule: a program for each in `bin/`, alike but for the schedule.
//!
//! A program makes its schedule, asks it at a fixed set of steps between two marks that the emulator's counter knows, asks
//! again to see how far down the stack is written, and leaves what only the chip can tell in the file `answers`. A file is
//! named after its kind and, behind a dash, what it is made with, with dashes for spaces; numbers go through [`given`], so that the compiler cannot
//! compute with them beforehand.
#![no_std]

mod record;
mod sgd;
mod stack;
mod steps;

use core::hint::black_box;
use core::mem::MaybeUninit;

use chip::{Error, Output};
use hairpin_core::{ConfigError, Feedback, Schedule};

pub use record::{WRONG, record};
pub use sgd::{Group, group, sgd};
pub use steps::Steps;

/// A number that the compiler does not know.
#[inline]
pub fn given<T>(value: T) -> T {
    black_box(value)
}

/// The steps at which the lists of a schedule have their boundaries, one in `every`.
pub const fn boundaries<const N: usize>(every: u32) -> [u32; N] {
    let mut steps = [every; N];
    let mut index = 1;
    while index < N {
        steps[index] = steps[index - 1] + every;
        index += 1;
    }
    steps
}

/// The numbers of such lists, each lower than the one before.
pub const fn falling<const N: usize>() -> [f64; N] {
    let mut numbers = [0.5; N];
    let mut index = 1;
    while index < N {
        numbers[index] = numbers[index - 1] * 0.8;
        index += 1;
    }
    numbers
}

/// How a thing is made.
pub type Make<T> = fn() -> Result<T, ConfigError>;

/// One use of it, which is what is measured.
pub type Use<T> = fn(&mut T, u32) -> f32;

/// A thing to measure.
pub struct Subject<T> {
    /// How it is made.
    pub make: Make<T>,
    /// What comes before each use, and is not counted.
    pub before: fn(&mut T, u32),
    /// What is counted.
    pub call: Use<T>,
    /// At which steps.
    pub steps: Steps,
    /// How many things one use is for.
    pub each: u32,
    /// Bytes of its configuration.
    pub config: usize,
    /// Bytes of its state.
    pub state: usize,
}

/// Measures a schedule that needs nothing but the step; its mean is taken over the steps below `span`.
pub fn schedule<S: Schedule>(make: Make<S>, span: u32) -> Result<(), Error> {
    measure(&Subject {
        make,
        before: |_, _| {},
        call: |schedule, step| schedule.lr(step),
        steps: Steps::Anywhere { span },
        each: 1,
        config: size_of::<S>(),
        state: 0,
    })
}

/// A feedback schedule and its state.
pub struct Run<K: Feedback> {
    kind: K,
    state: K::State,
}

/// Losses as a training sees them: they fall by halves, stand still for 64 steps, and jump up once in 32.
fn loss(step: u32) -> f64 {
    let level = f64::from_bits((1023 - u64::from(step >> 6)) << 52);
    if step & 31 == 31 { 2.0 } else { level }
}

fn observe<K: Feedback>(run: &mut Run<K>, step: u32) {
    run.kind.observe(&mut run.state, step, loss(step));
}

fn feedback<K: Feedback>(
    make: Make<Run<K>>,
    before: fn(&mut Run<K>, u32),
    call: Use<Run<K>>,
) -> Result<(), Error> {
    measure(&Subject {
        make,
        before,
        call,
        steps: Steps::OneByOne,
        each: 1,
        config: size_of::<K>(),
        state: size_of::<K::State>(),
    })
}

/// A feedback schedule before any loss.
pub fn started<K: Feedback>(kind: K) -> Run<K> {
    let state = kind.start();
    Run { kind, state }
}

/// Measures the rate of a feedback schedule, with a loss observed at every step.
pub fn rate_of_feedback<K: Feedback>(make: Make<Run<K>>) -> Result<(), Error> {
    feedback(make, observe, |run, step| run.kind.lr(&run.state, step))
}

/// Measures a loss that a feedback schedule observes.
pub fn observed_by_feedback<K: Feedback>(make: Make<Run<K>>) -> Result<(), Error> {
    feedback(
        make,
        |_, _| {},
        |run, step| {
            observe(run, step);
            0.0
        },
    )
}

/// Makes a program that measures a schedule: its span, and an expression that makes it.
#[macro_export]
macro_rules! schedule {
    ($span:expr, $make:expr) => {
        $crate::program!($crate::schedule(|| $make, $span));
    };
}

/// Makes a program that measures the rate of a feedback schedule.
#[macro_export]
macro_rules! feedback {
    ($make:expr) => {
        $crate::program!($crate::rate_of_feedback(|| Ok($crate::started($make?))));
    };
}

/// Makes a program that measures what it takes a feedback schedule to observe a loss.
#[macro_export]
macro_rules! observe {
    ($make:expr) => {
        $crate::program!($crate::observed_by_feedback(|| Ok($crate::started($make?))));
    };
}

/// Makes an expression that measures something the program.
#[macro_export]
macro_rules! program {
    ($measure:expr) => {
        $crate::main!(run);

        fn run() -> Result<(), $crate::Failure> {
            $measure
        }
    };
}

pub use chip::{Error as Failure, main};

/// How often an empty call is counted.
const EMPTY: u32 = 4;

/// Measures it, and writes what the emulator cannot see.
// Neither inlined nor known to the compiler, so that it is the same in every program.
#[inline(never)]
pub fn measure<T>(subject: &Subject<T>) -> Result<(), Error> {
    let subject = black_box(subject);
    // One place and no copies: on the smallest chip they would not find room.
    let mut place = MaybeUninit::uninit();
    let (thing, making) = stack::of_making(subject.make, &mut place)?;
    let thing = black_box(thing);
    for step in 0..EMPTY {
        counted(black_box(empty), thing, step);
    }
    let call = subject.call;
    let before = subject.before;
    for index in 0..subject.steps.count() {
        let step = subject.steps.at(index);
        before(thing, step);
        counted(call, thing, step);
    }
    let using = stack::of_using(call, thing, &subject.steps)?;
    let mut output = Output::create(c"answers")?;
    for number in [
        subject.config as u32,
        subject.state as u32,
        making,
        using,
        EMPTY,
        subject.steps.of_mean(),
        subject.steps.count() - subject.steps.of_mean(),
        subject.each,
    ] {
        output.write(&number.to_le_bytes())?;
    }
    Ok(())
}

fn empty<T>(_: &mut T, _: u32) -> f32 {
    0.0
}

#[inline(never)]
fn counted<T>(call: Use<T>, thing: &mut T, step: u32) {
    counting_begins();
    black_box(call(thing, step));
    counting_ends();
}

// The counter knows the two by their addresses: they must not become one function, so that their bodies differ.

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn counting_begins() {
    // SAFETY: it does nothing.
    unsafe { core::arch::asm!("nop") };
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn counting_ends() {
    // SAFETY: it does nothing.
    unsafe { core::arch::asm!("nop", "nop") };
}
