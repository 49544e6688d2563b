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

    /// Schedules one after another, each from its milestone on; what [`Self::begun_at`] says holds for the part.
    #[must_use]
    pub fn sequential(parts: Vec<Self>, milestones: Vec<u32>) -> Self {
        let (parts, clocks): (Vec<_>, Vec<_>) = parts.into_iter().map(Self::split_clock).unzip();
        let moved = clocks.iter().any(|clock| *clock > 0);
        let schedule = Self::new("sequential")
            .schedules("schedules", parts)
            .counts("milestones", milestones);
        if moved {
            schedule.counts("clocks", clocks)
        } else {
            schedule
        }
    }

    /// The same schedule, its clock reading `clock` where it would read 0.
    #[must_use]
    pub fn begun_at(self, clock: u32) -> Self {
        if clock == 0 {
            return self;
        }
        Self::new("sequential")
            .schedules("schedules", [self])
            .counts("milestones", [])
            .counts("clocks", [clock])
    }

    /// Undoes [`Self::begun_at`].
    fn split_clock(mut self) -> (Self, u32) {
        if let [
            (_, Setting::Schedules(parts)),
            _,
            ("clocks", Setting::Counts(clocks)),
        ] = self.settings.as_mut_slice()
            && let ([_], [clock]) = (parts.as_slice(), clocks.as_slice())
        {
            let clock = *clock;
            return (parts.remove(0), clock);
        }
        (self, 0)
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
