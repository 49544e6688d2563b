//! The example of a kind, also with other settings, and its rates.

use hairpin_core::{Feedback, Plan};

use super::PagesError;
use crate::document::{Document, Source};
use crate::kinds::{STEPS, example, loss};
use crate::lr::Rates;
use crate::spec::{Kind, ScheduleTemplate};

/// An example of a kind, built.
#[derive(Debug, Clone)]
pub(super) struct Example {
    /// The inside of its table, as it is given on a command line.
    pub(super) text: String,
    pub(super) plan: Plan,
    pub(super) template: ScheduleTemplate,
    /// The rate of every step up to [`STEPS`]; of a feedback schedule the one after the loss of that step.
    pub(super) rates: Vec<f32>,
}

impl Example {
    /// The example of `kind`.
    pub(super) fn of(kind: &Kind) -> Result<Self, PagesError> {
        let text = example(kind.name).ok_or_else(|| PagesError::NoExample {
            kind: kind.name.to_owned(),
        })?;
        Self::build(text.to_owned())
    }

    /// The same with other settings, written as in a table.
    pub(super) fn with(&self, settings: &str) -> Result<Self, PagesError> {
        let mut all = entries(&self.text);
        for (key, value) in entries(settings) {
            match all.iter_mut().find(|(known, _)| *known == key) {
                Some((_, old)) => *old = value,
                None => all.push((key, value)),
            }
        }
        let text: Vec<String> = all
            .into_iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        Self::build(text.join(", "))
    }

    fn build(text: String) -> Result<Self, PagesError> {
        let template = read(&text)?;
        let plan = match template.fixed() {
            Ok((_, built)) => built.plan,
            Err(source) => return Err(PagesError::Refused { text, source }),
        };
        let losses: Vec<f64> = (0..=STEPS).map(loss).collect();
        let rates = Rates::new(plan.clone(), Some(&losses))
            .and_then(|rates| (0..=STEPS).map(|step| rates.at(step)).collect());
        match rates {
            Ok(rates) => Ok(Self {
                text,
                plan,
                template,
                rates,
            }),
            Err(source) => Err(PagesError::NoRates { text, source }),
        }
    }

    /// Whether its rates depend on losses.
    pub(super) fn reacts_to_losses(&self) -> bool {
        matches!(&self.plan, Plan::Feedback(feedback) if feedback.needs_losses())
    }

    /// The table on lines of its own.
    pub(super) fn toml(&self) -> String {
        entries(&self.text)
            .into_iter()
            .map(|(key, value)| format!("{key} = {}\n", spread(value)))
            .collect()
    }
}

/// Reads the inside of a schedule's table.
pub(super) fn read(text: &str) -> Result<ScheduleTemplate, PagesError> {
    Document::parse_inline(Source::new("example", text))
        .and_then(|document| ScheduleTemplate::read(&document.at()))
        .map_err(|source| PagesError::Refused {
            text: text.to_owned(),
            source,
        })
}

/// The keys and values of the inside of a table.
fn entries(text: &str) -> Vec<(&str, &str)> {
    split(text)
        .into_iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect()
}

/// Splits at the commas outside of brackets and quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut from) = (0_usize, false, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// A list of tables with one of them a line; anything else as it is.
fn spread(value: &str) -> String {
    match value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
        Some(inside) if inside.contains('{') => {
            let items = split(inside).into_iter().map(str::trim);
            let lines: String = items.map(|item| format!("    {item},\n")).collect();
            format!("[\n{lines}]")
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_split_at_its_own_commas() {
        let text = r#"a = [1, 2], b = "x, y", c = { d = 1, e = "]" }, f = [{ g = 1, h = 2 }, 0.5]"#;
        assert_eq!(
            entries(text),
            [
                ("a", "[1, 2]"),
                ("b", r#""x, y""#),
                ("c", r#"{ d = 1, e = "]" }"#),
                ("f", "[{ g = 1, h = 2 }, 0.5]"),
            ]
        );
        assert_eq!(spread("[1, 2]"), "[1, 2]");
        assert_eq!(
            spread("[{ g = 1, h = 2 }, 0.5]"),
            "[\n    { g = 1, h = 2 },\n    0.5,\n]"
        );
    }

    #[test]
    fn settings_replace_and_are_added() {
        let example =
            Example::build(r#"kind = "step", learning_rate = 1.0, step_size = 30"#.to_owned())
                .unwrap();
        let other = example.with("step_size = 10, gamma = 0.5").unwrap();
        assert_eq!(
            other.text,
            r#"kind = "step", learning_rate = 1.0, step_size = 10, gamma = 0.5"#
        );
        assert_eq!(
            (other.rates[29], other.rates[30], other.rates.len()),
            (0.25, 0.125, 101)
        );
        assert_eq!(
            example.toml(),
            "kind = \"step\"\nlearning_rate = 1.0\nstep_size = 30\n"
        );
    }
}
