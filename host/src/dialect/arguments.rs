//! The arguments of a library's scheduler: what it takes, and what was given.

use super::{Refusal, Translation};

/// One argument of a library's scheduler.
#[derive(Debug)]
pub struct Argument {
    /// The library's name for it.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// What may stand there.
    pub takes: Takes,
    /// What holds where it is absent.
    pub if_absent: IfAbsent,
}

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A number.
    Number,
    /// A whole number, negative ones included.
    Integer,
    /// `true` or `false`.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
    /// One of some words, in small or large letters.
    WordInAnyCase(&'static [&'static str]),
    /// An expression of the step.
    Expression,
    /// A list of numbers.
    Numbers,
    /// A list of whole numbers; a single one is a list of one.
    Integers,
    /// A list of pairs of a whole number and a number, or a table of them.
    Pairs,
    /// A schedule of the same library, or a number that is a constant rate.
    Schedule,
    /// A list of schedules of the same library.
    Schedules,
    /// A list of plain tables, each the arguments of this scheduler of the same library.
    SchedulesOf(&'static str),
}

/// What holds where an argument is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IfAbsent {
    /// It must be given.
    Required,
    /// It must be given, unless the schedule around this one has an argument of this name: then that one's value.
    Outer,
    /// The library's `None`, which `null` says too.
    None,
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A word or an expression.
    Text(&'static str),
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A word or an expression.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<f64>),
    /// A list of whole numbers.
    Integers(Vec<i64>),
    /// Pairs.
    Pairs(Vec<(i64, f64)>),
    /// Schedules inside this one, translated.
    Schedules(Vec<Translation>),
}

/// The arguments of one call, by name.
///
/// Asking for a name that the dialect does not have, or as another type than it takes, is a mistake in the dialect's table. It gives
/// NaN, 0 or nothing, and the test `every_scheduler_of_every_library_is_called` finds it.
#[derive(Debug)]
pub struct Arguments<'a> {
    /// What was given or is the default; `None` is the library's `None`.
    pub(crate) given: &'a [(&'static str, Option<Given>)],
    /// Whether steps at which the library leaves its own closed form are to be reproduced, where that is well defined.
    pub faithful: bool,
}

impl Arguments<'_> {
    fn get(&self, name: &str) -> Option<&Given> {
        self.given
            .iter()
            .find(|(known, _)| *known == name)
            .and_then(|(_, given)| given.as_ref())
    }

    /// Whether it was given, or has a default other than `None`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A number; NaN where it is `None`.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        self.optional_number(name).unwrap_or(f64::NAN)
    }

    /// A number or `None`.
    #[must_use]
    pub fn optional_number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Given::Number(number)) => Some(*number),
            Some(Given::Integer(integer)) => Some(*integer as f64),
            _ => None,
        }
    }

    /// A whole number; 0 where it is `None`.
    #[must_use]
    pub fn integer(&self, name: &str) -> i64 {
        self.optional_integer(name).unwrap_or(0)
    }

    /// A whole number or `None`.
    #[must_use]
    pub fn optional_integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Given::Integer(integer)) => Some(*integer),
            _ => None,
        }
    }

    /// A whole number as a number of steps.
    ///
    /// # Errors
    /// Where it is below `least`, or does not fit 32 bits.
    pub fn steps(&self, name: &'static str, least: u32) -> Result<u32, Refusal> {
        match u32::try_from(self.integer(name)) {
            Ok(steps) if steps >= least => Ok(steps),
            Ok(_) | Err(_) => Err(Refusal::of(
                name,
                format!("must be a whole number from {least} to {}", u32::MAX),
            )),
        }
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Given::Flag(true)))
    }

    /// A word or an expression; empty where it is `None`.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Given::Text(text)) => text,
            _ => "",
        }
    }

    /// A list of numbers.
    #[must_use]
    pub fn numbers(&self, name: &str) -> &[f64] {
        match self.get(name) {
            Some(Given::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    /// A list of whole numbers.
    #[must_use]
    pub fn integers(&self, name: &str) -> &[i64] {
        match self.get(name) {
            Some(Given::Integers(integers)) => integers,
            _ => &[],
        }
    }

    /// A list of pairs.
    #[must_use]
    pub fn pairs(&self, name: &str) -> &[(i64, f64)] {
        match self.get(name) {
            Some(Given::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }

    /// The schedules in an argument, translated.
    #[must_use]
    pub fn schedules(&self, name: &str) -> &[Translation] {
        match self.get(name) {
            Some(Given::Schedules(schedules)) => schedules,
            _ => &[],
        }
    }
}
