//! The recorded figures, and the pages that are written from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use hairpin_host::pages::pages;

use super::budgets::{ARTICLE, BUDGETED, BUDGETS, CONFIGURATION, NOT_A_KIND, WITHOUT_BUDGET};
use crate::tools::{CHIPS, workspace};

/// What the guide for firmware shows of the chip of the budgets; everything is in `docs/costs.md`.
pub(super) const IN_THE_GUIDE: [&str; 16] = [
    "constant",
    "piecewise_constant",
    "step",
    "multi_step",
    "linear_warmup",
    "linear_warmup-from-a-record",
    "inverse_time",
    "noam",
    "polynomial-power-2",
    "polynomial-fractional-power",
    "exponential",
    "natural_exp",
    "cosine_annealing",
    "lambda-function",
    ARTICLE.0,
    "any",
];

/// The figures of a program, as the table names them.
pub(super) const FIGURES: [&str; 7] = [
    "instructions (mean)",
    "instructions (worst)",
    "stack of a rate",
    "stack of making it",
    "flash",
    "configuration",
    "state",
];

pub(super) const MEAN: usize = 0;

pub(super) const FLASH: usize = 4;

pub(super) const CONFIG: usize = 5;

/// Figures in their order; none where a program only links.
pub(super) type Figures = [Option<f64>; FIGURES.len()];

/// Figures by chip and program.
pub(super) type Table = BTreeMap<(&'static str, String), Figures>;

/// The pages are written from the recorded figures, and by nobody else.
pub(super) fn pages_are_of_the_record() {
    if env::var_os("HAIRPIN_BLESS").is_some() {
        // They are being written.
        return;
    }
    let record = Record::read();
    for name in IN_THE_GUIDE {
        let key = (BUDGETED, name.to_owned());
        assert!(record.table.contains_key(&key), "{name} is not recorded");
    }
    for (page, expected) in [("costs.md", record.page()), ("firmware.md", record.guide())] {
        let found = fs::read_to_string(docs().join(page)).expect(page);
        // Not `assert_eq`: it would print both pages.
        assert!(
            found == expected,
            "docs/{page} is not of docs/costs.csv: renew it by `HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test firmware costs`"
        );
    }
}

/// A program's kind, and what it was made with.
pub(super) fn parts(name: &str) -> (&str, String) {
    let (kind, with) = name.split_once('-').unwrap_or((name, ""));
    (kind, with.replace('-', " "))
}

/// A figure for people.
pub(super) fn shown(figure: Option<f64>) -> String {
    figure.map_or("–".to_owned(), |figure| figure.to_string())
}

/// The recorded table, with what it was measured by.
#[derive(Default)]
pub(super) struct Record {
    pub(super) compiler: String,
    pub(super) emulator: String,
    pub(super) table: Table,
}

pub(super) fn docs() -> PathBuf {
    workspace().join("../../docs")
}

impl Record {
    /// Reads `docs/costs.csv`; an empty record where there is none.
    pub(super) fn read() -> Self {
        let mut record = Self::default();
        let Ok(text) = fs::read_to_string(docs().join("costs.csv")) else {
            return record;
        };
        for line in text.lines() {
            if let Some(compiler) = line.strip_prefix("# compiler: ") {
                record.compiler = compiler.to_owned();
            } else if let Some(emulator) = line.strip_prefix("# emulator: ") {
                record.emulator = emulator.to_owned();
            } else if !line.starts_with('#') && !line.starts_with("kind,") {
                let cells: Vec<&str> = line.split(',').collect();
                let [kind, with, chip, figures @ ..] = &cells[..] else {
                    panic!("docs/costs.csv: {line}")
                };
                let name = if with.is_empty() {
                    (*kind).to_owned()
                } else {
                    format!("{kind}-{}", with.replace(' ', "-"))
                };
                let chip = CHIPS.iter().find(|known| known.title == *chip);
                let chip = chip.unwrap_or_else(|| panic!("docs/costs.csv: {line}"));
                let figures: Vec<Option<f64>> = figures
                    .iter()
                    .map(|cell| {
                        (!cell.is_empty())
                            .then(|| cell.parse().expect("a number in docs/costs.csv"))
                    })
                    .collect();
                let figures = figures.try_into().expect("as many figures as there are");
                record.table.insert((chip.name, name), figures);
            }
        }
        record
    }

    /// Writes `docs/costs.csv` and `docs/costs.md`.
    pub(super) fn write(&self) {
        let mut csv = format!(
            "# compiler: {}\n# emulator: {}\nkind,with,chip,{}\n",
            self.compiler,
            self.emulator,
            FIGURES.join(",")
        );
        let names: std::collections::BTreeSet<&String> =
            self.table.keys().map(|(_, name)| name).collect();
        for name in names {
            for chip in CHIPS {
                if let Some(figures) = self.table.get(&(chip.name, name.clone())) {
                    let (kind, with) = parts(name);
                    let figures =
                        figures.map(|figure| figure.map(|f| f.to_string()).unwrap_or_default());
                    writeln!(csv, "{kind},{with},{},{}", chip.title, figures.join(","))
                        .expect("a string");
                }
            }
        }
        fs::write(docs().join("costs.csv"), csv).expect("docs/costs.csv");
        fs::write(docs().join("costs.md"), self.page()).expect("docs/costs.md");
        fs::write(docs().join("firmware.md"), self.guide()).expect("docs/firmware.md");
        // Each kind's page shows its rows.
        let repository = workspace().join("../..");
        for page in pages(&repository).expect("the pages of the schedules") {
            fs::write(repository.join(&page.path), page.content).expect("a page");
        }
    }

    /// The page.
    fn page(&self) -> String {
        let mut page = format!(
            include_str!("page.md.txt"),
            compiler = self.compiler,
            emulator = self.emulator,
        );
        self.budgets(&mut page);
        for chip in CHIPS {
            let rows: Vec<_> = self
                .table
                .iter()
                .filter(|((of_chip, _), _)| *of_chip == chip.name)
                .collect();
            if rows.is_empty() {
                continue;
            }
            writeln!(page, "\n## {}\n", chip.title).expect("a string");
            writeln!(page, "| kind | with | {} |", FIGURES.join(" | ")).expect("a string");
            writeln!(page, "|---|---|{}", "---:|".repeat(FIGURES.len())).expect("a string");
            for ((_, name), figures) in rows {
                let (kind, with) = parts(name);
                let figures = figures.map(shown);
                writeln!(
                    page,
                    "| [{kind}](../tests/firmware/cost/src/bin/{name}.rs) | {with} | {} |",
                    figures.join(" | ")
                )
                .expect("a string");
            }
        }
        page
    }

    /// The guide for firmware, with the article's kinds in its middle.
    fn guide(&self) -> String {
        const BEGIN: &str = "firmware costs` -->\n";
        const END: &str = "<!-- end of costs -->";
        let guide = fs::read_to_string(docs().join("firmware.md")).expect("docs/firmware.md");
        let (before, rest) = guide.split_once(BEGIN).expect("where the costs begin");
        let (_, after) = rest.split_once(END).expect("where the costs end");
        let mut table = "\n| on a Cortex-M4F | instructions (mean) | (worst) | stack | flash | configuration |\n\
            |---|---:|---:|---:|---:|---:|\n"
            .to_owned();
        for name in IN_THE_GUIDE {
            let Some(figures) = self.table.get(&(BUDGETED, name.to_owned())) else {
                continue;
            };
            let [mean, worst, stack, _, flash, configuration, _] = figures.map(shown);
            let (kind, with) = parts(name);
            let with = if with.is_empty() {
                with
            } else {
                format!(", {with}")
            };
            writeln!(
                table,
                "| `{kind}`{with} | {mean} | {worst} | {stack} | {flash} | {configuration} |"
            )
            .expect("a string");
        }
        format!("{before}{BEGIN}{table}\n{END}{after}")
    }

    /// What was promised, and the program that comes nearest to breaking it.
    fn budgets(&self, page: &mut String) {
        let figure = |chip: &'static str, name: &str, which: usize| {
            self.table.get(&(chip, name.to_owned()))?[which]
        };
        let mut row = |what: &str, budget: f64, dearest: Option<(f64, &str)>| {
            if let Some((figure, name)) = dearest {
                let name = name.replace('-', " ");
                writeln!(page, "| {what} | {budget} | {figure} | {name} |").expect("a string");
            }
        };
        let dearest =
            |a: (f64, &'static str), b: (f64, &'static str)| if b.0 > a.0 { b } else { a };
        for (what, budget, names) in BUDGETS {
            let figures = names
                .iter()
                .filter_map(|&name| Some((figure(BUDGETED, name, MEAN)?, name)));
            row(
                &format!("instructions of {what}, mean"),
                budget,
                figures.reduce(dearest),
            );
        }
        let (article, budget) = ARTICLE;
        let flash = figure(BUDGETED, article, FLASH).map(|flash| (flash, article));
        row(
            "bytes of flash of the article's twelve kinds",
            budget,
            flash,
        );
        let mut largest: Option<(f64, &str)> = None;
        for ((_, name), figures) in &self.table {
            if let Some(config) = figures[CONFIG]
                && !NOT_A_KIND.contains(&parts(name).0)
                && largest.is_none_or(|(most, _)| config > most)
            {
                largest = Some((config, name));
            }
        }
        row(
            "bytes of a single kind's configuration, on every chip",
            CONFIGURATION,
            largest,
        );
        page.push_str(
            "\nNo budget of instructions, but only the comparison with these tables, have:\n\n",
        );
        for (why, names) in WITHOUT_BUDGET {
            let names = names.join(", ").replace('-', " ");
            writeln!(page, "* {why}: {names}").expect("a string");
        }
    }
}
