//! Schedules under the names of other libraries: each is translated to kinds of our own.
//!
//! A dialect takes what its library takes, under the library's own argument names and defaults, and gives the schedule that
//! the library computes as a [`Canonical`] tree, with a remark wherever the two differ.

mod arguments;
mod burn;
mod canonical;
mod common;
mod keras;
mod optax;
mod paddle;
#[cfg(test)]
mod testing;
mod timm;
mod torch;
mod transformers;

use std::fmt;

pub use arguments::{Argument, Arguments, Given, IfAbsent, Takes};
pub use canonical::{Canonical, Setting};

/// One scheduler of a library.
#[derive(Debug)]
pub struct Dialect {
    /// What `kind` says: the library, a dot and the library's name for it.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Its arguments, in the library's order.
    pub arguments: &'static [Argument],
    /// What it is here.
    pub translate: fn(&Arguments<'_>) -> Result<Translation, Refusal>,
}

/// A library's schedule in our own kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation {
    /// The rate.
    pub schedule: Canonical,
    /// The momentum, where the library moves it with the rate.
    pub momentum: Option<Canonical>,
    /// Where the library's behaviour differs from this, a sentence each.
    pub remarks: Vec<String>,
    /// What of the rate at one step goes into the library's rate at the next.
    pub carried: Carried,
}

/// What of the rate at one step goes into the library's rate at the next.
///
/// It decides what a scheduler computes that runs several of the same library on one optimizer. (Numbers are base rates.)
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Carried {
    /// Nothing: each rate comes from the base rate and the step.
    #[default]
    Nothing,
    /// Nothing, and schedules made after it have this base rate.
    Rebases(f64),
    /// Nothing, and schedules made after it have this base rate if it is the first one made.
    RebasesAsFirst(f64),
    /// The rate, which a step multiplies; it starts at the base rate.
    Scaled,
    /// As `Scaled`, but a scheduler that sets it to its first step finds the base rate there, for ever.
    ScaledUnlessSet,
    /// The rate, which a step multiplies; it starts at the rate that it finds.
    ScaledOnwards,
    /// The rate, in another way than by a factor; it starts at the base rate.
    Blended,
    /// The rate, in another way than by a factor; it starts at the rate that it finds.
    BlendedOnwards,
    /// Whatever the schedules inside it carry.
    Inner,
}

impl Translation {
    /// A translation with a remark more.
    #[must_use]
    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remarks.push(remark.into());
        self
    }

    /// A translation with the momentum that moves beside the rate.
    #[must_use]
    pub fn momentum(mut self, momentum: Canonical) -> Self {
        self.momentum = Some(momentum);
        self
    }

    /// A translation of a schedule that makes each rate from the one before.
    #[must_use]
    pub fn carries(mut self, carried: Carried) -> Self {
        self.carried = carried;
        self
    }
}

impl From<Canonical> for Translation {
    fn from(schedule: Canonical) -> Self {
        Self {
            schedule,
            momentum: None,
            remarks: Vec::new(),
            carried: Carried::Nothing,
        }
    }
}

/// An argument that the library refuses, or that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The argument.
    pub argument: &'static str,
    /// What it must be, as in `must be above 0`.
    pub message: String,
    /// The way out.
    pub remedy: Option<String>,
}

impl Refusal {
    /// A refusal of an argument.
    #[must_use]
    pub fn of(argument: &'static str, message: impl Into<String>) -> Self {
        Self {
            argument,
            message: message.into(),
            remedy: None,
        }
    }

    /// The same refusal with a way out.
    #[must_use]
    pub fn help(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.argument, self.message)
    }
}

/// All schedulers of all libraries.
pub fn all() -> impl Iterator<Item = &'static Dialect> {
    let libraries: [&'static [Dialect]; 7] = [
        paddle::DIALECTS,
        torch::DIALECTS,
        optax::DIALECTS,
        keras::DIALECTS,
        transformers::DIALECTS,
        timm::DIALECTS,
        burn::DIALECTS,
    ];
    libraries.into_iter().flatten()
}
