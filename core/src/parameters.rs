//! What a kind is made from, said once: the names, types and defaults of its parameters, and the way from them and back.
//!
//! Everything that reads or writes schedules goes through [`Described`]: checkpoints here, specifications, exports and the
//! reference pages on the host. A kind declares its parameters in one place, beside its formula.

use crate::error::ConfigError;
use crate::schedules::Factor;

/// A kind of schedule: what it is called and what it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindInfo {
    /// Its name in specifications.
    pub name: &'static str,
    /// Its formula or purpose, in one line.
    pub doc: &'static str,
    /// Its parameters, in the order of its constructor.
    pub parameters: &'static [Parameter],
}

/// One parameter of a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in specifications and in errors.
    pub name: &'static str,
    /// What it means and what it may be, in one line.
    pub doc: &'static str,
    /// What may stand there.
    pub ty: ParameterType,
    /// What holds where it is left out.
    pub fallback: Fallback,
}

/// What may stand at a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterType {
    /// A number.
    Number,
    /// A whole number from 0 to 2^32 - 1.
    Count,
    /// `true` or `false`.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
    /// A function of the step.
    Factor,
    /// A list of numbers.
    Numbers,
    /// A list of whole numbers from 0 to 2^32 - 1.
    Counts,
}

/// What holds where a parameter is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fallback {
    /// It must be given.
    Required,
    /// Nothing: it is optional.
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

/// A kind whose parameters can be listed, read and written.
pub trait Described: Sized {
    /// What it is called and what it takes.
    const INFO: KindInfo;

    /// Makes one from parameters, asked for in the order of [`KindInfo::parameters`].
    ///
    /// # Errors
    /// What the constructor refuses, and what the source cannot read.
    fn read(source: &mut dyn Source) -> Result<Self, ConfigError>;

    /// Hands its parameters to `sink`, in the order of [`KindInfo::parameters`].
    fn write(&self, sink: &mut dyn Sink);
}

/// Where parameters come from.
pub trait Source {
    /// Whether the parameter, an optional one, is there.
    fn has(&mut self, parameter: &'static Parameter) -> bool;
    /// A number.
    fn number(&mut self, parameter: &'static Parameter) -> f64;
    /// A whole number.
    fn count(&mut self, parameter: &'static Parameter) -> u32;
    /// `true` or `false`.
    fn flag(&mut self, parameter: &'static Parameter) -> bool;
    /// Which of the parameter's words, counted from 0.
    fn word(&mut self, parameter: &'static Parameter) -> usize;
    /// A list of numbers.
    fn numbers(&mut self, parameter: &'static Parameter) -> &[f64];
    /// A list of whole numbers.
    fn counts(&mut self, parameter: &'static Parameter) -> &[u32];
    /// A function of the step.
    ///
    /// # Errors
    /// A text that is no expression.
    fn factor(&mut self, parameter: &'static Parameter) -> Result<Factor, ConfigError>;
}

/// Where parameters go.
pub trait Sink {
    /// An optional parameter is left out, or follows.
    fn has(&mut self, parameter: &'static Parameter, is_there: bool);
    /// A number.
    fn number(&mut self, parameter: &'static Parameter, value: f64);
    /// A whole number.
    fn count(&mut self, parameter: &'static Parameter, value: u32);
    /// `true` or `false`.
    fn flag(&mut self, parameter: &'static Parameter, value: bool);
    /// Which of the parameter's words, counted from 0.
    fn word(&mut self, parameter: &'static Parameter, index: usize);
    /// A list of numbers.
    fn numbers(&mut self, parameter: &'static Parameter, values: &[f64]);
    /// A list of whole numbers.
    fn counts(&mut self, parameter: &'static Parameter, values: &[u32]);
    /// A function of the step.
    fn factor(&mut self, parameter: &'static Parameter, value: &Factor);
}

/// A type that a parameter can have.
pub(crate) trait Value: Sized {
    const TYPE: ParameterType;
    const OPTIONAL: bool = false;
    fn read(source: &mut dyn Source, parameter: &'static Parameter) -> Result<Self, ConfigError>;
    fn write(&self, sink: &mut dyn Sink, parameter: &'static Parameter);
}

macro_rules! plain_value {
    ($($type:ty: $variant:ident, $method:ident;)+) => {$(
        impl Value for $type {
            const TYPE: ParameterType = ParameterType::$variant;
            fn read(source: &mut dyn Source, parameter: &'static Parameter) -> Result<Self, ConfigError> {
                Ok(source.$method(parameter))
            }
            fn write(&self, sink: &mut dyn Sink, parameter: &'static Parameter) {
                sink.$method(parameter, *self);
            }
        }
    )+};
}

plain_value! {
    f64: Number, number;
    u32: Count, count;
    bool: Flag, flag;
}

macro_rules! list_value {
    ($($item:ty: $variant:ident, $method:ident;)+) => {$(
        impl<const N: usize> Value for heapless::Vec<$item, N> {
            const TYPE: ParameterType = ParameterType::$variant;
            fn read(source: &mut dyn Source, parameter: &'static Parameter) -> Result<Self, ConfigError> {
                let items = source.$method(parameter);
                Self::from_slice(items).map_err(|_| ConfigError::OverCapacity {
                    field: parameter.name,
                    capacity: N,
                    found: items.len(),
                })
            }
            fn write(&self, sink: &mut dyn Sink, parameter: &'static Parameter) {
                sink.$method(parameter, self);
            }
        }
    )+};
}

list_value! {
    f64: Numbers, numbers;
    u32: Counts, counts;
}

impl Value for Factor {
    const TYPE: ParameterType = ParameterType::Factor;

    fn read(source: &mut dyn Source, parameter: &'static Parameter) -> Result<Self, ConfigError> {
        source.factor(parameter)
    }

    fn write(&self, sink: &mut dyn Sink, parameter: &'static Parameter) {
        sink.factor(parameter, self);
    }
}

impl<T: Value> Value for Option<T> {
    const TYPE: ParameterType = T::TYPE;
    const OPTIONAL: bool = true;

    fn read(source: &mut dyn Source, parameter: &'static Parameter) -> Result<Self, ConfigError> {
        if source.has(parameter) {
            T::read(source, parameter).map(Some)
        } else {
            Ok(None)
        }
    }

    fn write(&self, sink: &mut dyn Sink, parameter: &'static Parameter) {
        sink.has(parameter, self.is_some());
        if let Some(value) = self {
            value.write(sink, parameter);
        }
    }
}

/// The default of a parameter, by its type.
pub(crate) struct Otherwise<T>(pub(crate) T);

impl Otherwise<f64> {
    pub(crate) const fn fallback(self) -> Fallback {
        Fallback::Number(self.0)
    }
}

impl Otherwise<u32> {
    pub(crate) const fn fallback(self) -> Fallback {
        Fallback::Count(self.0)
    }
}

impl Otherwise<bool> {
    pub(crate) const fn fallback(self) -> Fallback {
        Fallback::Flag(self.0)
    }
}

impl Otherwise<&'static str> {
    pub(crate) const fn fallback(self) -> Fallback {
        Fallback::Word(self.0)
    }
}

/// The fallback of a parameter without a written default.
pub(crate) const fn no_default<T: Value>() -> Fallback {
    if T::OPTIONAL {
        Fallback::Absent
    } else {
        Fallback::Required
    }
}

/// Declares the parameters of a kind: its name and one line about it; each parameter with its type, its default if it has one,
/// what it means, and where the value is kept; and how the kind is made from them.
///
/// ```text
/// parameters! {
///     Exponential, "exponential", "learning_rate * gamma^t";
///     learning_rate: f64, "the rate at step 0" => |s| s.learning_rate;
///     gamma: f64 = 0.5, "the factor of each step" => |s| s.growth.given();
///     => Exponential::new(learning_rate, gamma)
/// }
/// ```
macro_rules! parameters {
    (
        $kind:ty, $name:literal, $doc:literal;
        $($field:ident: $type:ty $(= $default:literal)?, $field_doc:literal => |$this:ident| $get:expr;)+
        => $new:expr
    ) => {
        impl $crate::parameters::Described for $kind {
            const INFO: $crate::parameters::KindInfo = $crate::parameters::KindInfo {
                name: $name,
                doc: $doc,
                parameters: &[$($crate::parameters::Parameter {
                    name: stringify!($field),
                    doc: $field_doc,
                    ty: <$type as $crate::parameters::Value>::TYPE,
                    fallback: $crate::parameters::fallback!($type $(= $default)?),
                },)+],
            };

            fn read(source: &mut dyn $crate::parameters::Source) -> Result<Self, $crate::error::ConfigError> {
                let mut declared = Self::INFO.parameters.iter();
                $(let $field = $crate::parameters::read_next::<$type>(&mut declared, source)?;)+
                $new
            }

            fn write(&self, sink: &mut dyn $crate::parameters::Sink) {
                let mut declared = Self::INFO.parameters.iter();
                $({
                    let $this = self;
                    let _ = $this;
                    let value: &$type = &$get;
                    $crate::parameters::write_next(&mut declared, sink, value);
                })+
            }
        }
    };
}

macro_rules! fallback {
    ($type:ty) => {
        $crate::parameters::no_default::<$type>()
    };
    ($type:ty = $default:literal) => {
        $crate::parameters::Otherwise($default).fallback()
    };
}

/// Reads the value of the parameter declared next.
pub(crate) fn read_next<T: Value>(
    declared: &mut core::slice::Iter<'static, Parameter>,
    source: &mut dyn Source,
) -> Result<T, ConfigError> {
    match declared.next() {
        Some(parameter) => T::read(source, parameter),
        // Both the list and the calls come from one macro, so that they are equally many.
        None => Err(ConfigError::Conflict {
            field: "parameters",
            with: "more are read than declared",
        }),
    }
}

/// Writes the value of the parameter declared next.
pub(crate) fn write_next<T: Value>(
    declared: &mut core::slice::Iter<'static, Parameter>,
    sink: &mut dyn Sink,
    value: &T,
) {
    if let Some(parameter) = declared.next() {
        value.write(sink, parameter);
    }
}

/// Declares an enum whose variants have words in specifications.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$attribute])*
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_attribute])* $variant,)+ }

        impl $name {
            const VARIANTS: &'static [Self] = &[$(Self::$variant),+];

            /// What they are called in specifications.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The one that is called so.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                let index = Self::WORDS.iter().position(|known| *known == word)?;
                Self::VARIANTS.get(index).copied()
            }
        }

        impl $crate::parameters::Value for $name {
            const TYPE: $crate::parameters::ParameterType =
                $crate::parameters::ParameterType::Word(Self::WORDS);

            fn read(
                source: &mut dyn $crate::parameters::Source,
                parameter: &'static $crate::parameters::Parameter,
            ) -> Result<Self, $crate::error::ConfigError> {
                let index = source.word(parameter);
                Self::VARIANTS.get(index).copied().ok_or($crate::error::ConfigError::OutOfRange {
                    field: parameter.name,
                    value: index as f64,
                    expected: "one of its words",
                })
            }

            fn write(
                &self,
                sink: &mut dyn $crate::parameters::Sink,
                parameter: &'static $crate::parameters::Parameter,
            ) {
                let index = Self::VARIANTS.iter().position(|known| known == self);
                sink.word(parameter, index.unwrap_or(usize::MAX));
            }
        }
    };
}

pub(crate) use {fallback, parameters, words};
