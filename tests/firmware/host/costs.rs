//! What a rate costs on each chip: counted in the emulator, held against `docs/costs.csv` and against the budgets.
//!
//! `HAIRPIN_BLESS=1` writes that table, and `docs/costs.md` and the pages of the schedules from it, instead of comparing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use hairpin_core::{
    AnySchedule, Change, ConfigError, CosineAnnealing, Exponential, FeedbackKind, Kind, Part,
};
use hairpin_host::pages::pages;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

use crate::tools::{CHIPS, Check, Chip, Tools, are_required, optimisation, run, workspace};

/// How much a figure may grow before somebody has to say that it should, and how much it may shrink before it is written down.
const TOLERANCE: f64 = 0.05;

/// The program whose size is what all have in common.
const EMPTY: &str = "empty";

/// The kinds of the article in one program, in bytes of flash on the chip of the budgets.
const ARTICLE: (&str, f64) = ("article", 20.0 * 1024.0);

/// What the configuration of a single kind may take, in bytes.
const CONFIGURATION: f64 = 256.0;

/// Programs that hold more than a single kind.
const NOT_A_KIND: [&str; 4] = ["any", "article", "sgd", EMPTY];

/// The chip of the budgets.
const BUDGETED: &str = "cortex_m4f";

/// What a rate may take there, in instructions of the mean: of what, how many, and the programs.
const BUDGETS: [(&str, f64, &[&str]); 4] = [
    (
        "a rate in steps, on a line, by a loss or with a small whole power, and noam's",
        1_000.0,
        &[
            "anneal-linear",
            "constant",
            "constant_factor",
            "cyclic",
            "greedy",
            "greedy-observe",
            "inverse_sqrt",
            "inverse_time",
            "lambda-function",
            "linear",
            "linear_factor",
            "linear_warmup",
            "multi_step",
            "noam",
            "piecewise_constant",
            "piecewise_scale",
            "polynomial-power-1",
            "polynomial-power-2",
            "polynomial-power-2-cycle",
            "reduce_on_plateau",
            "reduce_on_plateau-observe",
            "step",
            "warmup_stable_decay",
        ],
    ),
    (
        "an exponential",
        3_000.0,
        &[
            "exponential",
            "exponential-in-fractions",
            "exponential-staircase",
            "geometric",
            "natural_exp",
        ],
    ),
    (
        "a cosine",
        3_400.0,
        &[
            "anneal-cosine",
            "cosine_annealing",
            "cosine_decay",
            "linear_warmup-from-a-record",
            "one_cycle-cosine",
            "piecewise_interpolate-cosine",
            "warm_restarts-t_mult-1",
            "warm_restarts-t_mult-2",
        ],
    ),
    (
        "a fractional power",
        10_800.0,
        &[
            "anneal-fractional-power",
            "cosine_decay-fractional-exponent",
            "inverse_sqrt-fractional-power",
            "k_decay-fractional",
            "polynomial-fractional-power",
        ],
    ),
];

/// What has no budget of instructions, and why.
const WITHOUT_BUDGET: [(&str, &[&str]); 6] = [
    (
        "no rate: what only links, and the update",
        &[
            ARTICLE.0,
            EMPTY,
            "sgd-fused",
            "sgd-fused-momentum",
            "sgd-separate",
            "sgd-separate-momentum",
        ],
    ),
    (
        "as much as was written down: an expression, and a composition of any kinds",
        &[
            "any",
            "any-8-pieces",
            "lambda-cosine",
            "lambda-polynomial",
            "lambda-power",
            "multiplicative",
            "multiplicative-observe",
        ],
    ),
    (
        "a cosine, and an exact remainder of any fraction of a wave before it",
        &["anneal-cycles", "cosine_cycles"],
    ),
    (
        "an exponential, and a second function beside it or a power before it",
        &["anneal-exponential", "cyclic-exp_range", "tanh"],
    ),
    (
        "a root, or a power of a power",
        &["anneal-sqrt", "k_decay-whole"],
    ),
    (
        "a line whose ends have to be computed first",
        &["one_cycle-linear", "piecewise_interpolate-linear"],
    ),
];

/// What the guide for firmware shows of the chip of the budgets; everything is in `docs/costs.md`.
const IN_THE_GUIDE: [&str; 16] = [
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
const FIGURES: [&str; 7] = [
    "instructions (mean)",
    "instructions (worst)",
    "stack of a rate",
    "stack of making it",
    "flash",
    "configuration",
    "state",
];
const MEAN: usize = 0;
const FLASH: usize = 4;
const CONFIG: usize = 5;

/// Figures in their order; none where a program only links.
type Figures = [Option<f64>; FIGURES.len()];

/// Figures by chip and program.
type Table = BTreeMap<(&'static str, String), Figures>;

/// The tools, where the emulator can count for them.
pub fn can_count(tools: Tools) -> Result<Tools, String> {
    if let Some(level) = optimisation() {
        return Err(format!(
            "figures are those of opt-level s, and HAIRPIN_OPT_LEVEL is {level}"
        ));
    }
    let output = run(tools.command("qemu-system-arm").arg("--version"));
    let version = qemu_version(&String::from_utf8_lossy(&output.stdout))?;
    // Version 1 of the interface of plugins. Later ones add up in another way, and do not load a plugin of this one.
    if !(5..9).contains(&version.0) {
        return Err(format!(
            "instructions are counted by a plugin for QEMU 5 to 8, and this is {}.{}",
            version.0, version.1
        ));
    }
    if tools.command("cc").arg("--version").output().is_err() {
        return Err("there is no C compiler `cc` for the plugin that counts".to_owned());
    }
    Ok(tools)
}

/// The two first numbers of `QEMU emulator version 7.2.22 (…)`.
fn qemu_version(text: &str) -> Result<(u32, u32), String> {
    let numbers = text.split_whitespace().nth(3).and_then(|version| {
        let mut numbers = version.split('.').map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    });
    numbers.ok_or(format!("QEMU tells no version: {text}"))
}

pub fn trials() -> Vec<Check> {
    let of_chip = CHIPS.map(|chip| -> Check {
        let check = move |tools: &Tools| check(tools, chip);
        (format!("costs::{}", chip.name), Box::new(check))
    });
    of_chip.into()
}

/// What needs no chip.
pub fn on_the_host() -> Vec<(&'static str, fn())> {
    vec![("costs::pages_are_of_the_record", pages_are_of_the_record)]
}

/// The pages are written from the recorded figures, and by nobody else.
fn pages_are_of_the_record() {
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

/// Measures all programs on a chip, and compares or records what was found.
fn check(tools: &Tools, chip: Chip) {
    let programs = tools.build(chip, "cost");
    let directory = tempfile::tempdir().expect("a directory for the runs");
    let counter = counter(tools, directory.path());
    let mut measured = Table::new();
    fs::write(directory.path().join("record"), record()).expect("a record");
    let mut start_up = None;
    for name in names() {
        let program = programs.join(&name);
        let figures = measure(tools, chip, &program, &counter, directory.path());
        if name == EMPTY {
            start_up = figures[FLASH];
        } else if name == ARTICLE.0 {
            let again = measure(tools, chip, &program, &counter, directory.path());
            assert_eq!(figures, again, "{name} measured twice");
        }
        measured.insert((chip.name, name), figures);
    }
    let start_up = start_up.expect("the empty program");
    for ((_, name), figures) in &mut measured {
        if name != EMPTY {
            figures[FLASH] = figures[FLASH].map(|flash| flash - start_up);
        }
    }

    let mut wrong = unmeasured();
    wrong.extend(unbudgeted());
    wrong.extend(over_budget(&measured));
    // The table is of all chips, which are measured side by side.
    static BLESSED: Mutex<Option<Record>> = Mutex::new(None);
    let mut guard = BLESSED.lock().expect("no chip has failed");
    let recorded = Record::read();
    let compiler = tools.compiler();
    if env::var_os("HAIRPIN_BLESS").is_some() {
        // Figures of two compilers do not stand in one table: of another one, all chips' or none.
        let mut record = guard.take().unwrap_or(recorded);
        if record.compiler != compiler {
            record = Record::default();
        }
        record.compiler = compiler;
        record.emulator = emulator(tools);
        record.table.retain(|(of_chip, _), _| *of_chip != chip.name);
        record.table.extend(measured);
        let has = |chip: &Chip| record.table.keys().any(|(name, _)| *name == chip.name);
        if CHIPS.iter().all(has) {
            record.write();
        } else {
            eprintln!(
                "\nfirmware: nothing is written until every chip was measured, as the compiler is another one"
            );
        }
        *guard = Some(record);
    } else if recorded.compiler == compiler {
        wrong.extend(changes(chip, &recorded.table, &measured));
    } else {
        let told = format!(
            "docs/costs.csv is of {}, and this is {compiler}: only the budgets are checked",
            recorded.compiler
        );
        // A machine may have no other compiler for the chips; nobody is to take that for a comparison.
        let told = if are_required() {
            format!("COSTS ARE NOT COMPARED! {told}")
        } else {
            told
        };
        eprintln!("\nfirmware: {told}");
    }
    drop(guard);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The programs, by their sources.
fn names() -> Vec<String> {
    let sources = workspace().join("cost/src/bin");
    let mut names: Vec<String> = fs::read_dir(sources)
        .expect("the sources of the programs")
        .map(|entry| entry.expect("a source").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// What the program that reads a schedule reads: its length, and a warm-up, half a wave and a decay after one another, scaled and
/// limited.
fn record() -> Vec<u8> {
    let composed = || {
        let wave = AnySchedule::from(CosineAnnealing::new(0.1, 0.01, 4_500)?);
        let decay = AnySchedule::from(Exponential::new(0.01, 0.999)?);
        let parts = [(0, &wave), (4_500, &decay)];
        let parts = parts.map(|(from, schedule)| Part {
            from,
            clock: 0,
            schedule,
        });
        AnySchedule::sequence(&parts)?
            .after_warmup(500, 0.0, 0.1)?
            .changed(Change::Scale(0.5))?
            .changed(Change::Clamp {
                min_lr: 0.0001,
                max_lr: 1.0,
            })
    };
    let composed = composed().unwrap_or_else(|error: ConfigError| panic!("{error}"));
    let mut bytes = [0; 512];
    let length = composed.to_bytes(&mut bytes).expect("a record that fits");
    [&(length as u32).to_le_bytes(), &bytes[..length]].concat()
}

/// The kinds that have no program.
fn unmeasured() -> Vec<String> {
    let names = names();
    let kinds = Kind::ALL.iter().chain(FeedbackKind::ALL);
    kinds
        .map(|(_, info)| info.name)
        .filter(|&kind| !names.iter().any(|name| parts(name).0 == kind))
        .map(|kind| format!("{kind} has no program in tests/firmware/cost/src/bin"))
        .collect()
}

/// The programs that belong to no budget and are not said to have none, or both.
fn unbudgeted() -> Vec<String> {
    let names = names();
    let budgeted = BUDGETS
        .iter()
        .flat_map(|(_, _, names)| names.iter().copied());
    let listed: Vec<&str> = budgeted
        .chain(
            WITHOUT_BUDGET
                .iter()
                .flat_map(|(_, names)| names.iter().copied()),
        )
        .collect();
    let times = |name: &str| listed.iter().filter(|&&known| known == name).count();
    let missing = names.iter().filter(|name| times(name) != 1).map(|name| {
        format!(
            "{name} stands {} times in the budgets and among what has none",
            times(name)
        )
    });
    let gone = listed
        .iter()
        .filter(|&&known| !names.iter().any(|name| name == known))
        .map(|known| format!("{known} has a budget, or none, and no program"));
    missing.chain(gone).collect()
}

/// Compiles what counts instructions.
fn counter(tools: &Tools, directory: &Path) -> PathBuf {
    let library = directory.join("libcount.so");
    let mut command = tools.command("cc");
    command
        .args([
            "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
        ])
        .arg(&library)
        .arg(workspace().join("cost/count.c"));
    run(&mut command);
    library
}

/// Runs a program and gathers its figures; its flash is all of it.
fn measure(tools: &Tools, chip: Chip, program: &Path, counter: &Path, directory: &Path) -> Figures {
    let bytes = fs::read(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let elf = object::File::parse(&*bytes).expect("an ELF file");
    let address = |name| {
        let symbol = elf.symbols().find(|symbol| symbol.name() == Ok(name));
        // The lowest bit of an Arm function's address says that it is in Thumb.
        symbol.expect("the marks of the counter").address() & !1
    };
    let plugin = format!(
        "{},from={},to={},counts=counts",
        counter.display(),
        address("counting_begins"),
        address("counting_ends")
    );
    tools.emulate(chip, program, directory, &["-plugin", &plugin]);

    let answers = fs::read(directory.join("answers")).expect("answers");
    let answers: Vec<u32> = answers
        .chunks_exact(4)
        .map(|bytes| u32::from_le_bytes(bytes.try_into().expect("4 bytes")))
        .collect();
    let [config, state, making, using, empty, of_mean, beyond, each] = answers[..] else {
        panic!("{}: answers {answers:?}", program.display());
    };
    let counts = fs::read_to_string(directory.join("counts")).expect("counts");
    let counts: Vec<u32> = counts
        .lines()
        .map(|line| line.parse().expect("a count"))
        .collect();
    // Nothing of one run may be taken for another's.
    for file in ["answers", "counts"] {
        fs::remove_file(directory.join(file)).expect("a file to remove");
    }
    assert_eq!(counts.len(), (empty + of_mean + beyond) as usize);
    let (empties, counts) = counts.split_at(empty as usize);
    let nothing = empties[0];
    assert!(
        empties.iter().all(|&count| count == nothing),
        "an empty call always takes the same, and not {empties:?}"
    );
    let in_one = |count: u32| f64::from(count - nothing) / f64::from(each);
    let mean = counts[..of_mean as usize]
        .iter()
        .map(|&count| in_one(count));
    let mean = mean.sum::<f64>() / f64::from(of_mean);
    let worst = counts.iter().copied().max().map(in_one);
    let tenths = |figure: f64| (figure * 10.0).round() / 10.0;
    [
        (of_mean > 0).then(|| tenths(mean)),
        worst.map(tenths),
        (of_mean > 0).then_some(f64::from(using)),
        Some(f64::from(making)),
        Some(flash(&elf) as f64),
        Some(f64::from(config)),
        Some(f64::from(state)),
    ]
}

/// Bytes that a program takes in flash: what is loaded and has contents.
fn flash(elf: &object::File<'_>) -> u64 {
    let sections = elf.sections().filter(|section| {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            panic!("an ELF file has ELF's flags")
        };
        sh_flags.contains(elf::SHF_ALLOC) && section.kind() != SectionKind::UninitializedData
    });
    sections.map(|section| section.size()).sum()
}

/// What breaks a budget.
fn over_budget(measured: &Table) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut hold = |what: &str, name: &str, figure: Option<f64>, budget: f64| {
        let figure = figure.unwrap_or_else(|| panic!("{name} has no {what}"));
        if figure >= budget {
            wrong.push(format!("{name}: {what} {figure}, budget below {budget}"));
        }
    };
    for ((_, name), figures) in measured {
        if !NOT_A_KIND.contains(&parts(name).0) {
            hold(FIGURES[CONFIG], name, figures[CONFIG], CONFIGURATION);
        }
    }
    let on_chip = |name: &str| measured.get(&(BUDGETED, name.to_owned()));
    if on_chip(EMPTY).is_some() {
        for (_, budget, names) in BUDGETS {
            for name in names {
                let figures = on_chip(name).unwrap_or_else(|| panic!("no program {name}"));
                hold(FIGURES[MEAN], name, figures[MEAN], budget);
            }
        }
        let figures = on_chip(ARTICLE.0).expect("the program of the article");
        hold(FIGURES[FLASH], ARTICLE.0, figures[FLASH], ARTICLE.1);
    }
    wrong
}

/// What is not as it was recorded. What has shrunk is only told.
fn changes(chip: Chip, recorded: &Table, measured: &Table) -> Vec<String> {
    const RENEW: &str =
        "`HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test firmware costs` renews docs/costs.csv";
    let mut grown = Vec::new();
    let mut shrunk = Vec::new();
    let of_chip = recorded.keys().filter(|(name, _)| *name == chip.name);
    for key in of_chip.filter(|key| !measured.contains_key(*key)) {
        grown.push(format!("{}: recorded, and there is no such program", key.1));
    }
    for (key, figures) in measured {
        let Some(before) = recorded.get(key) else {
            grown.push(format!("{}: not recorded", key.1));
            continue;
        };
        for ((what, before), now) in FIGURES.iter().zip(before).zip(figures) {
            let line = || {
                let [before, now] = [before, now].map(|figure| shown(*figure));
                format!("{} on {}: {what} {before}, now {now}", key.1, key.0)
            };
            match (*before, *now) {
                (Some(before), Some(now)) if now > before * (1.0 + TOLERANCE) => grown.push(line()),
                (Some(before), Some(now)) if now < before * (1.0 - TOLERANCE) => {
                    shrunk.push(line());
                }
                (Some(_), Some(_)) | (None, None) => {}
                _ => grown.push(line()),
            }
        }
    }
    if !shrunk.is_empty() {
        eprintln!(
            "\nfirmware: these cost less than recorded; {RENEW}\n{}",
            shrunk.join("\n")
        );
    }
    if !grown.is_empty() {
        grown.push(format!("if that is meant, {RENEW}"));
    }
    grown
}

/// A program's kind, and what it was made with.
fn parts(name: &str) -> (&str, String) {
    let (kind, with) = name.split_once('-').unwrap_or((name, ""));
    (kind, with.replace('-', " "))
}

/// A figure for people.
fn shown(figure: Option<f64>) -> String {
    figure.map_or("–".to_owned(), |figure| figure.to_string())
}

fn emulator(tools: &Tools) -> String {
    let output = run(tools.command("qemu-system-arm").arg("--version"));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// The recorded table, with what it was measured by.
#[derive(Default)]
struct Record {
    compiler: String,
    emulator: String,
    table: Table,
}

fn docs() -> PathBuf {
    workspace().join("../../docs")
}

impl Record {
    /// Reads `docs/costs.csv`; an empty record where there is none.
    fn read() -> Self {
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
    fn write(&self) {
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
            include_str!("costs.md.txt"),
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
