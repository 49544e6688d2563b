//! What a kind of schedule consists of.

use hairpin_core::parameters::{self, KindInfo, Parameter, ParameterType, Source};
use hairpin_core::{ConfigError, Factor, Plan};

use super::value::{ParameterValue, Type};
use crate::dialect::{Argument, Dialect, IfAbsent, Takes};

/// One kind of schedule: its name, its fields, and how it is made from them.
#[derive(Debug)]
pub struct Kind {
    /// What `kind` says.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Its parameters, in the order in which they are drawn.
    pub fields: Vec<Field>,
    /// The schedules inside it, in the order in which they are drawn.
    pub slots: Vec<Slot>,
    pub(super) build: Build,
}

/// One parameter of a kind, or of the update.
#[derive(Debug, Clone, Copy)]
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

/// A place for schedules inside a kind.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// The key.
    pub name: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
    /// Whether a list of schedules stands there, and not one.
    pub many: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// The kind of tables that do not say theirs.
    pub implied: Option<&'static str>,
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
    /// The key must be there.
    Required,
    /// Something else decides.
    Absent,
    /// The schedule around this one has it, or it must be there.
    Outer,
    /// A number.
    Number(f64),
    /// A whole number.
    Count(u32),
    /// A whole number, negative ones included.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A word or an expression.
    Word(&'static str),
}

/// How a kind is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Build {
    /// A kind of the core that needs nothing but the step, by its tag.
    Kind(u8),
    /// A kind of the core with a state, by its tag.
    Feedback(u8),
    /// From its fields and the schedules inside it.
    Composed(fn(&mut Values<'_>, &[Plan]) -> Result<Plan, ConfigError>),
    /// By what it is in other kinds.
    Dialect(&'static Dialect),
}

impl Kind {
    pub(super) fn of_core(info: &KindInfo, build: Build) -> Self {
        Self {
            name: info.name,
            doc: info.doc,
            fields: info.parameters.iter().map(Field::of_core).collect(),
            slots: Vec::new(),
            build,
        }
    }

    pub(super) fn of_dialect(dialect: &'static Dialect) -> Self {
        let library = dialect.name.split('.').next().unwrap_or_default();
        let mut fields = Vec::new();
        let mut slots = Vec::new();
        for argument in dialect.arguments {
            match Slot::of_argument(argument, library) {
                Some(slot) => slots.push(slot),
                None => fields.push(Field::of_argument(argument)),
            }
        }
        fields.push(FAITHFUL);
        Self {
            name: dialect.name,
            doc: dialect.doc,
            fields,
            slots,
            build: Build::Dialect(dialect),
        }
    }

    /// All keys of its table.
    pub(super) fn keys(&self) -> Vec<&'static str> {
        let fields = self.fields.iter().map(|field| field.name);
        let slots = self.slots.iter().map(|slot| slot.name);
        fields.chain(slots).chain(["kind"]).collect()
    }

    /// The library whose name for a schedule this is; `None` for a kind of our own.
    #[must_use]
    pub fn library(&self) -> Option<&'static str> {
        match self.build {
            Build::Dialect(dialect) => dialect.name.split('.').next(),
            _ => None,
        }
    }
}

/// Every dialect takes this beside its library's own arguments.
pub(super) const FAITHFUL: Field = field(
    "faithful",
    Type::Flag,
    Fallback::Flag(false),
    "reproduce steps at which the library leaves its own formula, where its rule is well defined",
);

impl Field {
    fn of_core(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name,
            doc: parameter.doc,
            ty: match parameter.ty {
                ParameterType::Count => Type::Count,
                ParameterType::Flag => Type::Flag,
                ParameterType::Word(words) => Type::Word(words),
                ParameterType::Factor => Type::Text,
                ParameterType::Numbers => Type::Numbers,
                ParameterType::Counts => Type::Counts,
                _ => Type::Number,
            },
            fallback: match parameter.fallback {
                parameters::Fallback::Absent => Fallback::Absent,
                parameters::Fallback::Number(number) => Fallback::Number(number),
                parameters::Fallback::Count(count) => Fallback::Count(count),
                parameters::Fallback::Flag(flag) => Fallback::Flag(flag),
                parameters::Fallback::Word(word) => Fallback::Word(word),
                _ => Fallback::Required,
            },
        }
    }

    fn of_argument(argument: &Argument) -> Self {
        Self {
            name: argument.name,
            doc: argument.doc,
            ty: match argument.takes {
                Takes::Number => Type::Number,
                Takes::Flag => Type::Flag,
                Takes::Word(words) => Type::Word(words),
                Takes::WordInAnyCase(words) => Type::WordInAnyCase(words),
                Takes::Expression => Type::Text,
                Takes::Numbers => Type::Numbers,
                Takes::Integers => Type::Integers,
                Takes::Pairs => Type::Pairs,
                Takes::Integer | Takes::Schedule | Takes::Schedules | Takes::SchedulesOf(_) => {
                    Type::Integer
                }
            },
            fallback: match argument.if_absent {
                IfAbsent::Required => Fallback::Required,
                IfAbsent::Outer => Fallback::Outer,
                IfAbsent::None => Fallback::Absent,
                IfAbsent::Number(number) => Fallback::Number(number),
                IfAbsent::Integer(integer) => Fallback::Integer(integer),
                IfAbsent::Flag(flag) => Fallback::Flag(flag),
                IfAbsent::Text(text) => Fallback::Word(text),
            },
        }
    }
}

impl Slot {
    fn of_argument(argument: &Argument, library: &str) -> Option<Self> {
        let (many, implied) = match argument.takes {
            Takes::Schedule => (false, None),
            Takes::Schedules => (true, None),
            Takes::SchedulesOf(name) => {
                let of = |dialect: &&Dialect| {
                    dialect.name.strip_prefix(library) == Some(&format!(".{name}"))
                };
                let dialect = crate::dialect::all().find(of);
                (true, dialect.map(|dialect| dialect.name))
            }
            _ => return None,
        };
        Some(Self {
            name: argument.name,
            doc: argument.doc,
            many,
            optional: argument.if_absent == IfAbsent::None,
            implied,
        })
    }
}

/// The values of a list of fields, by name; to the core, a source of parameters.
///
/// Asking for a name that is not in the list is a mistake in the table of kinds; it gives a value that the constructors refuse, and
/// the test `every_kind_of_our_own_has_an_example_that_builds` finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) fields: &'a [Field],
    pub(super) values: &'a [Option<ParameterValue>],
}

impl<'a> Values<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a ParameterValue> {
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

    pub(super) fn text(&self, name: &str) -> &'a str {
        if let Some(ParameterValue::Text(text)) = self.get(name) {
            text
        } else {
            ""
        }
    }

    pub(super) fn numbers(&self, name: &str) -> &'a [f64] {
        if let Some(ParameterValue::Numbers(numbers)) = self.get(name) {
            numbers
        } else {
            &[]
        }
    }

    pub(super) fn counts(&self, name: &str) -> &'a [u32] {
        if let Some(ParameterValue::Counts(counts)) = self.get(name) {
            counts
        } else {
            &[]
        }
    }
}

impl Source for Values<'_> {
    fn has(&mut self, parameter: &'static Parameter) -> bool {
        self.get(parameter.name).is_some()
    }

    fn number(&mut self, parameter: &'static Parameter) -> f64 {
        Self::number(self, parameter.name)
    }

    fn count(&mut self, parameter: &'static Parameter) -> u32 {
        Self::count(self, parameter.name)
    }

    fn flag(&mut self, parameter: &'static Parameter) -> bool {
        Self::flag(self, parameter.name)
    }

    fn word(&mut self, parameter: &'static Parameter) -> usize {
        let text = self.text(parameter.name);
        match parameter.ty {
            ParameterType::Word(words) => words.iter().position(|word| *word == text),
            _ => None,
        }
        .unwrap_or(usize::MAX)
    }

    fn numbers(&mut self, parameter: &'static Parameter) -> &[f64] {
        Self::numbers(self, parameter.name)
    }

    fn counts(&mut self, parameter: &'static Parameter) -> &[u32] {
        Self::counts(self, parameter.name)
    }

    fn factor(&mut self, parameter: &'static Parameter) -> Result<Factor, ConfigError> {
        Factor::parse(self.text(parameter.name))
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
