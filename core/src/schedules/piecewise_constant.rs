use crate::course::Course;
use crate::error::{ConfigError, finite, increasing};
use crate::numeric::same_bits;
use crate::parameters::{parameters, words};
use crate::schedule::{Profile, Profiled};

words! {
    /// When a boundary counts as passed.
    #[derive(Default)]
    pub enum Switch {
        /// At the boundary itself: from `t >= b` on.
        #[default]
        At = "at",
        /// One step after it: from `t > b` on.
        After = "after",
    }
}

impl Switch {
    /// How many of the boundaries, which increase, are passed at `step`.
    #[inline]
    pub(crate) fn passed(self, boundaries: &[u32], step: u32) -> usize {
        match self {
            Self::At => boundaries.partition_point(|&boundary| boundary <= step),
            Self::After => boundaries.partition_point(|&boundary| boundary < step),
        }
    }

    /// The last step at which no more of them are passed than at `step`.
    pub(crate) fn last(self, boundaries: &[u32], step: u32) -> u32 {
        match (self, boundaries.get(self.passed(boundaries, step))) {
            (_, None) => u32::MAX,
            (Self::At, Some(next)) => next.saturating_sub(1),
            (Self::After, Some(next)) => *next,
        }
    }
}

/// A given rate in each interval between boundaries.
///
/// With boundaries `b[0] < b[1] < … < b[n-1]` and `n + 1` values:
///
/// * `t < b[0]`: `values[0]`
/// * `b[i-1] <= t < b[i]`: `values[i]`, the new value already at the boundary itself
/// * `b[n-1] <= t`: `values[n]`
///
/// Where `switch` is `after`, each value begins one step later: `b[i-1] < t <= b[i]` has `values[i]`. A boundary of 0 is allowed:
/// with it the first value is never seen (with `after`, at step 0 alone). `N` is how many boundaries fit, 16 unless said otherwise.
///
/// # Accuracy
/// The value rounded to `f32` once: 0.5 ULP.
///
/// # Errors
/// [`PiecewiseConstant::new`] refuses NaN, infinities, boundaries that do not strictly increase, none at all, more
/// than `N`, and any other number of values than one more than there are boundaries.
///
/// # Examples
/// ```
/// use hairpin_core::{PiecewiseConstant, Schedule};
///
/// let schedule = PiecewiseConstant::<16>::new(&[100, 200], &[1.0, 0.5, 0.1])?;
/// assert_eq!([schedule.lr(99), schedule.lr(100), schedule.lr(200)], [1.0, 0.5, 0.1]);
/// use hairpin_core::Switch;
/// let later = schedule.switching(Switch::After);
/// assert_eq!([later.lr(100), later.lr(101), later.lr(201)], [1.0, 0.5, 0.1]);
/// # Ok::<(), hairpin_core::ConfigError>(())
/// ```
///
/// # Pitfalls
/// * Libraries disagree by one step: PaddlePaddle switches at the boundary, Keras one step after it. See `switch`.
/// * PaddlePaddle takes the first boundary above the step, so that boundaries out of order act as their running maximum, and uses
///   only the last of surplus values. Both are refused here.
///
/// # Source
/// `PiecewiseDecay` of PaddlePaddle; `PiecewiseConstantDecay` of Keras (`switch` is `after`).
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseConstant<const N: usize = 16> {
    boundaries: heapless::Vec<u32, N>,
    first: f64,
    /// The value from each boundary on.
    later: heapless::Vec<f64, N>,
    switch: Switch,
}

impl<const N: usize> PiecewiseConstant<N> {
    /// A rate of `values[i]` from `boundaries[i - 1]` on.
    ///
    /// # Errors
    /// A value that is NaN or infinite, boundaries that are missing, out of order or too many, or a wrong number of values.
    pub fn new(boundaries: &[u32], values: &[f64]) -> Result<Self, ConfigError> {
        if boundaries.is_empty() {
            return Err(ConfigError::Conflict {
                field: "boundaries",
                with: "is empty: give at least one; for a rate that never changes use `constant`",
            });
        }
        let boundaries = increasing("boundaries", boundaries)?;
        let wrong_count = ConfigError::WrongCount {
            field: "values",
            expected: boundaries.len().saturating_add(1),
            found: values.len(),
        };
        let [first, later @ ..] = values else {
            return Err(wrong_count);
        };
        if later.len() != boundaries.len() {
            return Err(wrong_count);
        }
        for &value in values {
            finite("values", value)?;
        }
        Ok(Self {
            boundaries,
            first: *first,
            later: heapless::Vec::from_slice(later).map_err(|_| wrong_count)?,
            switch: Switch::At,
        })
    }

    /// The same, with the boundaries counted as `switch` says.
    #[must_use]
    pub fn switching(self, switch: Switch) -> Self {
        Self { switch, ..self }
    }
}

impl PiecewiseConstant<16> {
    fn values(&self) -> heapless::Vec<f64, 17> {
        let mut values = heapless::Vec::new();
        // There is room: one more than there can be boundaries.
        let _ = values.push(self.first);
        let _ = values.extend_from_slice(&self.later);
        values
    }
}

parameters! {
    PiecewiseConstant<16>, "piecewise_constant", "values[number of boundaries b with b <= t, or b < t with switch = \"after\"]";
    boundaries: heapless::Vec<u32, 16>, "the steps at which the next rate begins, strictly increasing, at most 16" => |s| s.boundaries;
    values: heapless::Vec<f64, 17>, "the rates, one more than boundaries" => |s| s.values();
    switch: Switch = "at", "whether the next rate begins at its boundary or one step after it" => |s| s.switch;
    => PiecewiseConstant::new(&boundaries, &values).map(|made| made.switching(switch))
}

impl<const N: usize> Profiled for PiecewiseConstant<N> {
    #[inline]
    fn profile(&self, step: u32) -> Profile {
        let passed = self.switch.passed(&self.boundaries, step);
        let value = match passed.checked_sub(1) {
            Some(last) => self.later.get(last).copied().unwrap_or(self.first),
            None => self.first,
        };
        [value, 0.0, 0.0]
    }

    #[inline]
    fn rate(&self, profile: Profile) -> f64 {
        profile[0]
    }

    fn course(&self, step: u32) -> Course {
        Course::flat(self.switch.last(&self.boundaries, step))
    }

    fn shares_profile(&self, other: &Self) -> bool {
        // By bits: the profile is the value itself, and the two zeros are different rates.
        self.boundaries == other.boundaries
            && self.switch == other.switch
            && self.first.to_bits() == other.first.to_bits()
            && same_bits(&self.later, &other.later)
    }
}
