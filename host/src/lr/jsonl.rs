//! One line of JSON in, one out.

use hairpin_core::Schedule;
use serde_json::Value as Json;

use super::{LrError, Rates, json, no_momentum};
use crate::document::{At, Document, Format, Source, SpecError};
use crate::spec::ScheduleTemplate;

/// What is answered to a line, and what a person should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `{"lr":[…]}`, with `"momentum":[…]` where it was asked for, or `{"error":"…"}`, without a line break.
    pub line: String,
    /// The first step asked for at which the rate is not a finite number, with that rate.
    pub first_non_finite: Option<(u32, f32)>,
}

/// Answers `{"schedule":{…},"steps":[…],"losses":[…]?,"momentum":true?}`; `number` is what the line is called in an error, counted from 1.
///
/// There is always an answer: what is wrong with the line is told in it.
#[must_use]
pub fn answer(line: &str, number: usize) -> Answer {
    match rates(line, number) {
        Ok(found) => {
            let momentum = found
                .momentum
                .map(|values| format!(",\"momentum\":[{}]", list(&values)));
            Answer {
                line: format!(
                    "{{\"lr\":[{}]{}}}",
                    list(&found.rates),
                    momentum.unwrap_or_default()
                ),
                first_non_finite: found
                    .steps
                    .into_iter()
                    .zip(found.rates)
                    .find(|(_, rate)| !rate.is_finite()),
            }
        }
        Err(error) => Answer {
            line: format!("{{\"error\":{}}}", Json::from(error.one_line())),
            first_non_finite: None,
        },
    }
}

fn list(values: &[f32]) -> String {
    let items: Vec<String> = values.iter().copied().map(json).collect();
    items.join(",")
}

/// What a line asked for.
struct Found {
    steps: Vec<u32>,
    rates: Vec<f32>,
    momentum: Option<Vec<f32>>,
}

fn rates(line: &str, number: usize) -> Result<Found, SpecError> {
    let document = Document::parse(Source::line_of("", line, number), Format::Json)?;
    let mut request = document.at().fields()?;
    let schedule = request.require("schedule")?;
    let (resolved, built) = ScheduleTemplate::read(&schedule)?.fixed()?;
    let steps_at = request.require("steps")?;
    let losses_at = request.take("losses");
    let momentum_at = request.take("momentum");
    request.finish()?;
    let steps = steps_at
        .items()?
        .iter()
        .map(|item| item.step(0))
        .collect::<Result<Vec<u32>, _>>()?;
    let losses = match &losses_at {
        Some(at) => Some(
            at.items()?
                .iter()
                .map(At::number)
                .collect::<Result<Vec<f64>, _>>()?,
        ),
        None => None,
    };
    let told = |error: LrError| {
        let at = match error {
            LrError::LossesMissing => schedule.place(),
            LrError::LossMissing { .. } => steps_at.place(),
        };
        at.error(error.to_string())
            .with_help("give \"losses\": [...], one for each step from 0 to the last one asked for")
    };
    let momentum = match &momentum_at {
        Some(at) if at.flag()? => match &built.momentum {
            Some(momentum) => Some(steps.iter().map(|&step| momentum.lr(step)).collect()),
            None => return Err(no_momentum(&schedule, resolved.kind)),
        },
        _ => None,
    };
    let rates = Rates::new(built.plan, losses.as_deref()).map_err(told)?;
    let rates = rates.all(&steps).map_err(told)?;
    Ok(Found {
        steps,
        rates,
        momentum,
    })
}
