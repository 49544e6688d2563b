//! What a kind of schedule consists of.

use hairpin_core::{ConfigError, Plan};

use super::value::{ParameterValue, Type};

/// One kind of schedule: its name, its fields, and how it is made from them.
#[derive(Debug)]
pub struct Kind {
    /// What `kind` says.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Its parameters, in the order in which they are drawn.
    pub fields: &'static [Field],
    /// Its constructor.
    pub(super) build: Build,
}

/// One parameter of a kind, or of the update.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// What may stand there.
    pub ty: Type,
    /// What holds where the key is absent.
    pub fallback: Fallback,
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
    /// The key must be there.
    Required,
    /// Something else decides.
    Absent,
    /// A number.
    Number(f64),
    /// A whole number.
    Count(u32),
    /// `true` or `false`.
    Flag(bool),
    /// A word.
    Word(&'static str),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Build {
    /// From the fields alone.
    Alone(fn(&Values<'_>) -> Result<Plan, ConfigError>),
    /// In front of the schedule in the field `after`.
    Before(fn(&Values<'_>, Plan) -> Result<Plan, ConfigError>),
}

/// The values of a list of fields, by name.
///
/// Asking for a name that is not in the list is a mistake in the table of kinds; it gives a value that the constructors refuse, and
/// the test `every_kind_builds_from_its_own_fields` finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) fields: &'static [Field],
    pub(super) values: &'a [Option<ParameterValue>],
}

impl Values<'_> {
    fn get(&self, name: &str) -> Option<&ParameterValue> {
        let index = self.fields.iter().position(|field| field.name == name)?;
        self.values.get(index)?.as_ref()
    }

    pub(super) fn number(&self, name: &str) -> f64 {
        self.get(name)
            .and_then(ParameterValue::as_number)
            .unwrap_or(f64::NAN)
    }

    pub(super) fn count(&self, name: &str) -> u32 {
        if let Some(ParameterValue::Count(count)) = self.get(name) {
            *count
        } else {
            0
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(ParameterValue::Flag(true)))
    }

    pub(super) fn text(&self, name: &str) -> &str {
        if let Some(ParameterValue::Text(text)) = self.get(name) {
            text
        } else {
            ""
        }
    }

    pub(super) fn numbers(&self, name: &str) -> &[f64] {
        if let Some(ParameterValue::Numbers(numbers)) = self.get(name) {
            numbers
        } else {
            &[]
        }
    }

    pub(super) fn counts(&self, name: &str) -> &[u32] {
        if let Some(ParameterValue::Counts(counts)) = self.get(name) {
            counts
        } else {
            &[]
        }
    }
}

pub(super) const fn field(
    name: &'static str,
    ty: Type,
    fallback: Fallback,
    doc: &'static str,
) -> Field {
    Field {
        name,
        doc,
        ty,
        fallback,
    }
}

pub(super) const fn required(name: &'static str, ty: Type, doc: &'static str) -> Field {
    field(name, ty, Fallback::Required, doc)
}
