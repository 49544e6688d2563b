//! A schedule of our own kinds as a tree that can be written down.

/// A schedule by the name of its kind and its settings; what is left out has the kind's default.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// The kind.
    pub kind: &'static str,
    /// Its parameters and the schedules inside it, in the order in which they were set.
    pub settings: Vec<(&'static str, Setting)>,
}

/// What stands at a key of a [`Canonical`].
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A whole number from 0 to 2^32 - 1.
    Count(u32),
    /// `true` or `false`.
    Flag(bool),
    /// A word or an expression.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<f64>),
    /// A list of whole numbers from 0 to 2^32 - 1.
    Counts(Vec<u32>),
    /// A schedule inside this one.
    Schedule(Box<Canonical>),
    /// Schedules inside this one.
    Schedules(Vec<Canonical>),
}

impl Canonical {
    /// A schedule of this kind, with nothing set.
    #[must_use]
    pub const fn new(kind: &'static str) -> Self {
        Self {
            kind,
            settings: Vec::new(),
        }
    }

    /// One rate for ever.
    #[must_use]
    pub fn constant(learning_rate: f64) -> Self {
        Self::new("constant").number("learning_rate", learning_rate)
    }

    fn set(mut self, key: &'static str, setting: Setting) -> Self {
        self.settings.push((key, setting));
        self
    }

    /// With a number.
    #[must_use]
    pub fn number(self, key: &'static str, value: f64) -> Self {
        self.set(key, Setting::Number(value))
    }

    /// With a whole number.
    #[must_use]
    pub fn count(self, key: &'static str, value: u32) -> Self {
        self.set(key, Setting::Count(value))
    }

    /// With `true` or `false`.
    #[must_use]
    pub fn flag(self, key: &'static str, value: bool) -> Self {
        self.set(key, Setting::Flag(value))
    }

    /// With a word or an expression.
    #[must_use]
    pub fn text(self, key: &'static str, value: impl Into<String>) -> Self {
        self.set(key, Setting::Text(value.into()))
    }

    /// With a list of numbers.
    #[must_use]
    pub fn numbers(self, key: &'static str, values: impl Into<Vec<f64>>) -> Self {
        self.set(key, Setting::Numbers(values.into()))
    }

    /// With a list of whole numbers.
    #[must_use]
    pub fn counts(self, key: &'static str, values: impl Into<Vec<u32>>) -> Self {
        self.set(key, Setting::Counts(values.into()))
    }

    /// With a schedule inside.
    #[must_use]
    pub fn schedule(self, key: &'static str, inner: Self) -> Self {
        self.set(key, Setting::Schedule(Box::new(inner)))
    }

    /// With schedules inside.
    #[must_use]
    pub fn schedules(self, key: &'static str, inner: impl Into<Vec<Self>>) -> Self {
        self.set(key, Setting::Schedules(inner.into()))
    }
}
