//! Profiles that several rows in a row share, where nothing but asking for every step helps.
//!
//! It is what the factor of a lambda costs, and a sweep over learning rates has the same one in every trial.

use hairpin_core::{AnySchedule, KindVisitor, Profile, Profiled};

/// The profiles of the last schedule that had to be asked for every step.
#[derive(Default)]
pub(super) struct Shared<'a> {
    schedule: Option<&'a AnySchedule>,
    first: u32,
    /// From step `first` on; what is not known is none.
    profiles: Vec<Option<Profile>>,
}

impl<'a> Shared<'a> {
    /// The profiles of the steps of a row, of which those are known that an earlier schedule has shared.
    pub(super) fn of(
        &mut self,
        schedule: &'a AnySchedule,
        first: u32,
        steps: usize,
    ) -> &mut [Option<Profile>] {
        let known = self.first == first
            && self.profiles.len() == steps
            && (self.schedule).is_some_and(|known| known.shares_profile(schedule));
        if !known {
            (self.schedule, self.first) = (Some(schedule), first);
            self.profiles.clear();
            self.profiles.resize(steps, None);
        }
        &mut self.profiles
    }
}

/// Fills `out` from profiles, and asks for those that are not known.
pub(super) struct Exact<'a> {
    pub(super) clock: u32,
    pub(super) profiles: &'a mut [Option<Profile>],
    pub(super) out: &'a mut [f32],
}

impl KindVisitor for Exact<'_> {
    type Output = ();

    fn visit<S: Profiled>(self, schedule: &S) {
        let steps = self.clock..=u32::MAX;
        for ((out, profile), step) in self.out.iter_mut().zip(self.profiles).zip(steps) {
            let profile = profile.get_or_insert_with(|| schedule.profile(step));
            *out = schedule.rate(*profile) as f32;
        }
    }
}
