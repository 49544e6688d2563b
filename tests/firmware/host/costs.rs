//! What a rate costs on each chip: counted in the emulator, held against `docs/costs.csv` and against the budgets.
//!
//! `HAIRPIN_BLESS=1` writes that table, and `docs/costs.md` and the pages of the schedules from it, instead of comparing.

mod budgets;
mod record;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use hairpin_core::{
    AnySchedule, Change, ConfigError, CosineAnnealing, Exponential, FeedbackKind, Kind, Part,
};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

use budgets::{ARTICLE, EMPTY, over_budget, unbudgeted};
use record::{FIGURES, FLASH, Figures, Record, Table, pages_are_of_the_record, parts, shown};

use crate::tools::{CHIPS, Check, Chip, Tools, are_required, optimisation, run, workspace};

/// How much a figure may grow before somebody has to say that it should, and how much it may shrink before it is written down.
const TOLERANCE: f64 = 0.05;

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

fn emulator(tools: &Tools) -> String {
    let output = run(tools.command("qemu-system-arm").arg("--version"));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or_default().trim().to_owned()
}
