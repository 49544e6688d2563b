//! A kind from the arguments of a call: they are asked for in the order in which the kind declares its parameters.

use core::slice::Iter;

use hairpin_core::parameters::{Described, Parameter, Source};
use hairpin_core::{ConfigError, Factor};

use crate::memory;
use crate::objects::{Plan, hairpin_schedule};
use crate::status::{Answer, hairpin_refusal, hairpin_status};

/// An argument of a call.
pub(crate) enum Argument<'a> {
    Number(f64),
    Count(u32),
    Flag(bool),
    Word(i32),
    Numbers(&'a [f64]),
    Counts(&'a [u32]),
    Factor(Factor),
    Absent,
}

impl From<Option<f64>> for Argument<'_> {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Absent, Self::Number)
    }
}

/// Arguments as a kind asks for them. One of another type than the kind declares is never accepted: where it does not stand for
/// itself stands what every constructor refuses, or nothing.
struct Arguments<'a>(Iter<'a, Argument<'a>>);

impl Source for Arguments<'_> {
    fn has(&mut self, _: &'static Parameter) -> bool {
        let is_there = !matches!(self.0.as_slice(), [Argument::Absent, ..]);
        if !is_there {
            self.0.next();
        }
        is_there
    }

    fn number(&mut self, _: &'static Parameter) -> f64 {
        match self.0.next() {
            Some(Argument::Number(number)) => *number,
            _ => f64::NAN,
        }
    }

    fn count(&mut self, _: &'static Parameter) -> u32 {
        match self.0.next() {
            Some(Argument::Count(count)) => *count,
            _ => 0,
        }
    }

    fn flag(&mut self, _: &'static Parameter) -> bool {
        matches!(self.0.next(), Some(Argument::Flag(true)))
    }

    fn word(&mut self, _: &'static Parameter) -> usize {
        match self.0.next() {
            Some(Argument::Word(word)) => usize::try_from(*word).unwrap_or(usize::MAX),
            _ => usize::MAX,
        }
    }

    fn numbers(&mut self, _: &'static Parameter) -> &[f64] {
        match self.0.next() {
            Some(Argument::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    fn counts(&mut self, _: &'static Parameter) -> &[u32] {
        match self.0.next() {
            Some(Argument::Counts(counts)) => counts,
            _ => &[],
        }
    }

    fn factor(&mut self, parameter: &'static Parameter) -> Result<Factor, ConfigError> {
        match self.0.next() {
            Some(Argument::Factor(factor)) => Ok(*factor),
            _ => Err(ConfigError::Conflict {
                field: parameter.name,
                with: "is no function of the step",
            }),
        }
    }
}

/// Makes a schedule of the kind `K` and puts it into `out`; `P` is what the core takes such a kind for.
///
/// # Safety
/// The pointers are as the crate says.
pub(crate) unsafe fn make<'a, K, P, const COUNT: usize>(
    out: *mut hairpin_schedule,
    why: *mut hairpin_refusal,
    arguments: impl FnOnce() -> Answer<[Argument<'a>; COUNT]>,
) -> hairpin_status
where
    K: Described + Into<P>,
    Plan: From<P>,
{
    const {
        assert!(
            K::INFO.parameters.len() == COUNT,
            "as many arguments as the kind has parameters"
        );
    }
    let plan = || {
        let arguments = arguments()?;
        let kind = K::read(&mut Arguments(arguments.iter()));
        Ok(kind.map(|kind| Plan::from(kind.into())))
    };
    // SAFETY: the caller's promise.
    unsafe { memory::make(out, why, plan) }
}
