//! What can be said about a specification before any trial is drawn.

use super::{Method, Spec, assemble};
use crate::document::{At, SpecError};

impl Spec {
    /// How many trials there are, once the method has been asked.
    pub(super) fn count_trials(
        &self,
        given: Option<&At<'_>>,
        root: &At<'_>,
    ) -> Result<u64, SpecError> {
        let given_count = match given {
            Some(at) => Some(
                at.integer(1..=i64::MAX)
                    .map_err(|error| error.with_help("a sweep has at least one trial"))?,
            ),
            None => None,
        };
        let given_count = given_count.map(i64::unsigned_abs);
        if self.method != Method::Grid {
            return given_count.ok_or_else(|| {
                let help = format!(
                    "method = \"{}\" draws as many trials as it is told: trials = 1000",
                    self.method.as_str()
                );
                root.place()
                    .absent("trials")
                    .error("is missing")
                    .with_help(help)
            });
        }
        let mut total: u64 = 0;
        for (alternative, schedule) in self.schedules.iter().enumerate() {
            let size = self.grid_size(alternative)?;
            total = match size.and_then(|size| total.checked_add(size)) {
                Some(total) if i64::try_from(total).is_ok() => total,
                _ => {
                    return Err(schedule
                        .place()
                        .error("the grid has more than 2^63 points")
                        .with_help(
                            "give fewer values, or write method = \"random\" and trials = N",
                        ));
                }
            };
        }
        match (given, given_count) {
            (Some(at), Some(count)) if count != total => Err(at
                .error(format!(
                    "the grid has {total} points, neither more nor fewer can be tried"
                ))
                .with_help(format!(
                    "write trials = {total} or leave it out; method = \"random\" takes any number"
                ))),
            _ => Ok(total),
        }
    }

    /// How many points the grid of one alternative has; `None` if they cannot be counted in 64 bits.
    fn grid_size(&self, alternative: usize) -> Result<Option<u64>, SpecError> {
        let mut size = Some(1_u64);
        for (_, field) in self.parameters(alternative) {
            let Some(values) = field.domain.size() else {
                return Err(field
                    .place
                    .error("a grid over a continuous range never ends")
                    .with_value(field.domain.to_json().to_string())
                    .with_help("list the values to try, { values = [...] }, or write method = \"random\" and trials = N"));
            };
            size = size.and_then(|size| size.checked_mul(values));
        }
        Ok(size)
    }

    /// Tries the ends of each range and every value of each choice, one parameter at a time.
    pub(super) fn probe(&self) -> Result<(), SpecError> {
        for (alternative, schedule) in self.schedules.iter().enumerate() {
            let probes: Vec<_> = self
                .parameters(alternative)
                .map(|(_, field)| field.domain.probes())
                .collect();
            let first: Vec<_> = probes
                .iter()
                .map(|values| values.first().cloned().flatten())
                .collect();
            for (index, values) in probes.iter().enumerate() {
                // The first probe of the first parameter stands for the first probes of all.
                let skipped = usize::from(index > 0);
                for value in values.iter().skip(skipped) {
                    let mut point = first.clone();
                    point[index].clone_from(value);
                    let (_, built, rest) = assemble(schedule, &point)?;
                    let beside = (built.momentum, schedule.place());
                    self.sgd.build(rest, beside, self.train.steps)?;
                }
            }
        }
        Ok(())
    }
}
