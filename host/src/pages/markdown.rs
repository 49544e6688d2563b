//! The pages as Markdown.

use std::fmt::Write;
use std::path::Path;

use hairpin_core::{NODES, Plan};

use super::PagesError;
use super::callers::Call;
use super::prose::{Prose, Sources};
use super::shown::Example;
use crate::kinds::{Group, STEPS, loss};
use crate::lr::decimal;
use crate::spec::{Fallback, Field, Kind, Slot, Type};

/// What renews the pages.
const COMMAND: &str = "cargo run -p hairpin-host --example schedule_pages";

/// How many of the rates are printed: one in this many steps.
const EVERY: usize = 10;

fn notice() -> String {
    format!("<!-- Written by `{COMMAND}` from the sources. -->\n\n")
}

/// What a rate costs on each target, as it was measured: a table whose first column is the kind. Lines that begin with `#` are about
/// the measuring.
pub(super) struct Costs {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Costs {
    /// Reads the table; no rows where there is no such file.
    pub(super) fn read(path: &Path) -> Result<Self, PagesError> {
        let mut costs = Self {
            head: Vec::new(),
            rows: Vec::new(),
        };
        if path.exists() {
            let mut reader = csv::ReaderBuilder::new()
                .comment(Some(b'#'))
                .from_path(path)?;
            costs.head = cells(reader.headers()?);
            for record in reader.records() {
                costs.rows.push(cells(&record?));
            }
        }
        Ok(costs)
    }

    /// The rows of a kind as a table, without columns that say nothing of it.
    fn table(&self, kind: &str) -> Option<String> {
        let rows = self.rows.iter().filter_map(|row| row.split_first());
        let rows: Vec<&[String]> = rows
            .filter(|(first, _)| *first == kind)
            .map(|(_, rest)| rest)
            .collect();
        if rows.is_empty() {
            return None;
        }
        let says_something = |column: &usize| {
            let mut cells = rows.iter().filter_map(|row| row.get(*column));
            cells.any(|cell| !cell.is_empty())
        };
        let columns: Vec<usize> = (0..self.head.len().saturating_sub(1))
            .filter(says_something)
            .collect();
        let head: Vec<&str> = columns
            .iter()
            .map(|column| self.head[column + 1].as_str())
            .collect();
        let of_row = |row: &[String]| columns.iter().map(|&column| row[column].clone()).collect();
        Some(table(&head, rows.into_iter().map(of_row)))
    }
}

fn cells(record: &csv::StringRecord) -> Vec<String> {
    record.iter().map(str::to_owned).collect()
}

/// Everything that is told about one kind.
pub(super) struct Subject<'a> {
    pub(super) kind: &'static Kind,
    pub(super) prose: &'a Prose,
    pub(super) example: &'a Example,
    pub(super) sources: &'a Sources,
    pub(super) callers: &'a [&'a Call],
    pub(super) costs: &'a Costs,
    pub(super) caption: &'a str,
}

impl Subject<'_> {
    /// The page.
    pub(super) fn page(&self) -> Result<String, PagesError> {
        let name = self.kind.name;
        let mut page = notice();
        let mut part = |text: &str| {
            page.push_str(text.trim_end());
            page.push_str("\n\n");
        };
        part(&format!("# {name}"));
        part(&self.prose.summary);
        part(&format!(
            "<img src=\"../images/schedules/{name}.svg\" width=\"560\" alt=\"{}\">",
            escaped(self.caption)
        ));
        part("## Formula");
        part(if self.prose.body.is_empty() {
            self.kind.doc
        } else {
            &self.prose.body
        });
        part("## Parameters");
        part(&self.parameters());
        part("## Example");
        part(&self.as_toml());
        part(&self.rates());
        if let Some(rust) = self.prose.section("Examples") {
            part("In Rust:");
            part(&rust_block(rust));
        }
        if !self.callers.is_empty() || self.prose.section("Source").is_some() {
            part("## Who calls it what");
        }
        if let Some(source) = self.prose.section("Source") {
            part(source);
        }
        if !self.callers.is_empty() {
            part(&self.calls());
        }
        for (heading, title) in [
            ("Pitfalls", "Pitfalls"),
            ("Errors", "What is refused"),
            ("Accuracy", "Accuracy"),
        ] {
            if let Some(text) = self.prose.section(heading) {
                part(&format!("## {title}"));
                part(text);
            }
        }
        part("## Size");
        part(&self.size()?);
        if let Some(table) = self.costs.table(name) {
            part("## Cost");
            part(&table);
            part(
                "Instructions of one rate and bytes, counted in an emulator; [what is counted](../costs.md).",
            );
        }
        part("[All schedules](README.md)");
        Ok(page.trim_end().to_owned() + "\n")
    }

    fn parameters(&self) -> String {
        let fields = self.kind.fields.iter().map(|field| {
            let ty = type_name(field.ty).to_owned();
            vec![code(field.name), ty, default(field), cell(field.doc)]
        });
        let slots = self.kind.slots.iter().map(|slot| {
            let ty = if slot.many { "schedules" } else { "schedule" };
            vec![code(slot.name), ty.to_owned(), needed(slot), cell(slot.doc)]
        });
        let mut text = table(
            &["parameter", "type", "default", "meaning"],
            fields.chain(slots),
        );
        for field in &self.kind.fields {
            let (Type::Word(words) | Type::WordInAnyCase(words)) = field.ty else {
                continue;
            };
            let meanings = self.sources.meanings(self.kind.name, words);
            let _ = write!(text, "\n`{}` is one of\n\n", field.name);
            for (i, word) in words.iter().enumerate() {
                let meaning = meanings.as_ref().and_then(|all| all.get(i));
                let meaning = meaning.map_or(String::new(), |text| format!(": {}", text.trim()));
                let _ = writeln!(text, "* `{word}`{meaning}");
            }
        }
        text
    }

    fn as_toml(&self) -> String {
        format!("```toml\n{}```", self.example.toml())
    }

    /// Some rates of the example, as `hairpin lr` prints them.
    fn rates(&self) -> String {
        let shown = || (0..).zip(&self.example.rates).step_by(EVERY);
        let mut rows = vec![
            std::iter::once("rate".to_owned())
                .chain(shown().map(|(_, &rate)| decimal(rate)))
                .collect::<Vec<_>>(),
        ];
        let steps: Vec<String> = std::iter::once("step".to_owned())
            .chain(shown().map(|(step, _)| format!("{step}")))
            .collect();
        let mut said = format!("`hairpin lr` prints for `--steps 0..{}:{EVERY}`", STEPS + 1);
        if self.example.reacts_to_losses() {
            rows.insert(
                0,
                std::iter::once("loss".to_owned())
                    .chain(shown().map(|(step, _)| format!("{:.2}", loss(step))))
                    .collect(),
            );
            said.push_str(
                ", each rate being the one after the loss of its step (drawn above) was observed",
            );
        }
        let head: Vec<&str> = steps.iter().map(String::as_str).collect();
        format!("{said}:\n\n{}", table(&head, rows))
    }

    /// The calls that become this kind, with what is to be known about each.
    fn calls(&self) -> String {
        let rows = self.callers.iter().map(|call| {
            let arguments = call.text.split_once(", ").map_or("", |(_, rest)| rest);
            let here: Vec<String> = call
                .kinds
                .iter()
                .map(|&kind| {
                    if kind == self.kind.name {
                        code(kind)
                    } else {
                        format!("[{}]({kind}.md)", code(kind))
                    }
                })
                .collect();
            vec![code(call.dialect), code(arguments), here.join(", ")]
        });
        let mut text = table(&["name", "for example", "here"], rows);
        let mut told: Vec<(&str, &str)> = Vec::new();
        for call in self.callers {
            for remark in &call.remarks {
                if !told.contains(&(call.dialect, remark)) {
                    told.push((call.dialect, remark));
                }
            }
        }
        if !told.is_empty() {
            text.push_str("\nWhere the libraries differ from this:\n\n");
            for (dialect, remark) in told {
                let _ = writeln!(text, "* `{dialect}`: {}", remark);
            }
        }
        text
    }

    /// How much of a composition's room it takes, and how many bytes when it is saved.
    fn size(&self) -> Result<String, PagesError> {
        let bytes = self
            .example
            .plan
            .bytes_len()
            .map_err(|source| PagesError::Unsaved {
                text: self.example.text.clone(),
                source,
            })?;
        let mut text = match Group::of(self.kind) {
            Group::Composition => {
                let mut own = pieces(&self.example.plan);
                for part in self.example.template.inner.iter().flatten() {
                    let built = part.fixed().map_err(|source| PagesError::Refused {
                        text: self.example.text.clone(),
                        source,
                    })?;
                    own = own.saturating_sub(pieces(&built.1.plan));
                }
                let noun = if own == 1 { "piece" } else { "pieces" };
                format!("{own} {noun} beside those of the schedules inside")
            }
            Group::Step | Group::Feedback => "1 piece".to_owned(),
        };
        let _ = write!(
            text,
            ", of the {NODES} that a composition holds by default. Saved, the example above is {bytes} bytes."
        );
        Ok(text)
    }
}

fn pieces(plan: &Plan) -> usize {
    match plan {
        Plan::Schedule(schedule) => schedule.pieces(),
        Plan::Feedback(_) => 1,
    }
}

/// The sheet of all drawings.
pub(super) fn sheet(kinds: &[&'static Kind]) -> String {
    let mut page = notice();
    page.push_str(
        "# Schedules\n\nEach drawing shows the rate over 100 steps. A page says the formula, the parameters, who calls the schedule what, \
         where others have fallen, and how accurate it is. [Adding a schedule](../adding-a-schedule.md) says what a new one takes.\n",
    );
    for (group, words) in [
        (Group::Step, "Nothing accumulates, and resuming is free."),
        (
            Group::Feedback,
            "The state is small and apart from the settings.",
        ),
        (Group::Composition, "At most one part may have a state."),
    ] {
        let _ = write!(page, "\n## {}\n\n{words}\n\n<table>\n", group.heading());
        let members: Vec<_> = kinds
            .iter()
            .filter(|kind| Group::of(kind) == group)
            .collect();
        for row in members.chunks(3) {
            page.push_str("<tr>\n");
            for kind in row {
                let name = kind.name;
                let _ = writeln!(
                    page,
                    "<td valign=\"top\" width=\"33%\"><a href=\"{name}.md\"><img src=\"../images/schedules/{name}.svg\" width=\"280\" alt=\"\"><br><b>{name}</b></a><br><code>{}</code></td>",
                    escaped(kind.doc)
                );
            }
            page.push_str("</tr>\n");
        }
        page.push_str("</table>\n");
    }
    page
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

const fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Number => "number",
        Type::Count => "whole number, below 2^32",
        Type::Flag => "`true` or `false`",
        Type::Word(_) | Type::WordInAnyCase(_) => "word",
        Type::Text => "expression of `step`",
        Type::Numbers => "list of numbers",
        Type::Counts => "list of whole numbers, below 2^32",
        Type::Integer => "whole number",
        Type::Integers => "list of whole numbers",
        Type::Pairs => "list of pairs",
    }
}

fn default(field: &Field) -> String {
    match field.fallback {
        Fallback::Required | Fallback::Outer => "required".to_owned(),
        Fallback::Absent => "none".to_owned(),
        Fallback::Number(number) => code(&format!("{number:?}")),
        Fallback::Count(count) => code(&count.to_string()),
        Fallback::Integer(integer) => code(&integer.to_string()),
        Fallback::Flag(flag) => code(&flag.to_string()),
        Fallback::Word(word) => code(word),
    }
}

fn needed(slot: &Slot) -> String {
    if slot.optional { "none" } else { "required" }.to_owned()
}

/// The example of the documentation, without the lines that its readers do not see.
fn rust_block(text: &str) -> String {
    let mut in_code = false;
    let mut block = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            block.push_str(if in_code { "```rust" } else { "```" });
        } else if !(in_code && (line == "#" || line.starts_with("# "))) {
            block.push_str(line);
        } else {
            continue;
        }
        block.push('\n');
    }
    block
}

/// As code inside a table.
fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

/// A bar would end the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// As text inside HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_shown_where_there_are_any() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        assert_eq!(Costs::read(&path).unwrap().table("step"), None);
        let text = "# compiler: some\nkind,with,target,instructions\nstep,,Cortex-M4F,900\nnoam,a root,RV32,12\nstep,,RV32,4000\n";
        std::fs::write(&path, text).unwrap();
        let costs = Costs::read(&path).unwrap();
        assert_eq!(
            costs.table("step").unwrap(),
            "| target | instructions |\n|---|---|\n| Cortex-M4F | 900 |\n| RV32 | 4000 |\n"
        );
        assert_eq!(costs.table("linear"), None);
    }
}
