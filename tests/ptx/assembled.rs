//! What NVIDIA's assembler makes of the PTX: registers, stack and spills on each generation of cards, and instructions.
//!
//! `HAIRPIN_BLESS=1` writes `cuda/ptx/registers.csv` instead of comparing.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

use rayon::prelude::*;

use super::committed::{directory, texts};

const CARDS: [u32; 5] = [75, 80, 90, 100, 120];

/// The entry that reads records of schedules calls a function a kind, and what it holds across those calls is stored. It runs once for
/// each trial, before the first step.
const MAY_SPILL: &str = "schedules_read";

/// `ptxas` and `nvdisasm`.
#[derive(Clone)]
pub struct Tools {
    directory: PathBuf,
}

/// What an entry takes on a card.
#[derive(Debug, PartialEq)]
struct Figures {
    entry: String,
    registers: u32,
    /// Bytes, with those of what it calls.
    stack: u32,
    /// Bytes that it and what it calls store for want of registers, or as theirs is whoever called.
    spilled: u32,
}

/// An assembled module.
struct Assembled {
    module: String,
    card: u32,
    figures: Vec<Figures>,
    /// The code of each entry.
    listing: String,
}

impl Tools {
    /// What `cuda/kernels/setup` has brought, or what to do about it.
    pub fn find() -> Result<Self, String> {
        let home = env::var_os("HAIRPIN_PTX").map(PathBuf::from).or_else(|| {
            let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
            Some(cache?.join("hairpin/ptx"))
        });
        let directory = home.unwrap_or_default().join("bin");
        let tools = Self { directory };
        match ["ptxas", "nvdisasm"].map(|name| tools.directory.join(name).exists()) {
            [true, true] => Ok(tools),
            _ => Err("ptxas is not set up: run `cuda/kernels/setup` once".to_owned()),
        }
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(self.directory.join(program))
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {said}{told}"
        );
        format!("{told}{said}")
    }

    /// The assembler's version, by which registers are told apart.
    fn version(&self) -> String {
        let said = self.run("ptxas", &["--version"]);
        let line = said.lines().find(|line| line.contains("release"));
        let version = line.and_then(|line| line.rsplit(' ').next());
        format!("ptxas {}", version.expect("a version"))
    }

    /// Every module on every card, assembled once.
    fn assembled(&self) -> &'static [Assembled] {
        static ASSEMBLED: OnceLock<Vec<Assembled>> = OnceLock::new();
        ASSEMBLED.get_or_init(|| {
            let scratch = tempfile::tempdir().expect("a directory");
            let texts = texts(&directory());
            let pairs: Vec<_> = texts
                .iter()
                .flat_map(|(module, _)| CARDS.map(|card| (module, card)))
                .collect();
            let assemble = |(module, card): &(&String, u32)| {
                let text = directory().join(format!("{module}.ptx"));
                let object = scratch.path().join(format!("{module}.{card}"));
                let (text, object) = (text.to_string_lossy(), object.to_string_lossy());
                let said = self.run(
                    "ptxas",
                    &["-v", "-arch", &format!("sm_{card}"), "-o", &object, &text],
                );
                Assembled {
                    module: (*module).clone(),
                    card: *card,
                    figures: figures(&said),
                    listing: self.run("nvdisasm", &["-c", &object]),
                }
            };
            pairs.par_iter().map(assemble).collect()
        })
    }
}

/// What `ptxas -v` tells of entries and, behind each, of the functions that it calls.
fn figures(said: &str) -> Vec<Figures> {
    let mut all: Vec<Figures> = Vec::new();
    for line in said.lines() {
        let quoted = line.split('\'').nth(1);
        if let (true, Some(entry)) = (line.contains("Compiling entry function"), quoted) {
            all.push(Figures {
                entry: entry.to_owned(),
                registers: 0,
                stack: 0,
                spilled: 0,
            });
        }
        let Some(figures) = all.last_mut() else {
            continue;
        };
        if let Some(bytes) = before(line, " bytes spill stores") {
            figures.spilled += bytes;
        }
        if let Some(registers) = before(line, " registers") {
            figures.registers = registers;
        }
        if let Some(stack) = before(line, " bytes cumulative stack size") {
            figures.stack = stack;
        }
    }
    all.sort_by(|a, b| a.entry.cmp(&b.entry));
    all
}

/// The number in front of these words.
fn before(line: &str, words: &str) -> Option<u32> {
    line.split_once(words)?.0.rsplit(' ').next()?.parse().ok()
}

pub fn reports_are_read() {
    let said = "ptxas info    : 2247 bytes gmem
ptxas info    : Compiling entry function 'b' for 'sm_90'
ptxas info    : Function properties for b
    11184 bytes stack frame, 284 bytes spill stores, 296 bytes spill loads
ptxas info    : Used 255 registers, used 0 barriers, 11184 bytes cumulative stack size
ptxas info    : Compile time = 12682.771 ms
ptxas info    : Function properties for called
    0 bytes stack frame, 16 bytes spill stores, 8 bytes spill loads
ptxas info    : Compiling entry function 'a' for 'sm_90'
ptxas info    : Function properties for a
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 47 registers, used 1 barriers
";
    let of = |entry: &str, registers, stack, spilled| Figures {
        entry: entry.to_owned(),
        registers,
        stack,
        spilled,
    };
    assert_eq!(figures(said), [of("a", 47, 0, 0), of("b", 255, 11184, 300)]);
}

pub fn every_card_takes_it_without_spills(tools: &Tools) {
    for Assembled {
        module,
        card,
        figures,
        ..
    } in tools.assembled()
    {
        assert!(!figures.is_empty(), "{module} on sm_{card}: no entry");
        for Figures { entry, spilled, .. } in figures {
            assert!(
                *spilled == 0 || entry == MAY_SPILL,
                "{module} on sm_{card}: {entry} and what it calls spill {spilled} bytes"
            );
        }
    }
}

/// The promise of PTX that `.rn` is never contracted, kept.
pub fn separate_updates_fuse_nothing(tools: &Tools) {
    let mut seen = 0;
    for Assembled {
        module,
        card,
        figures,
        listing,
    } in tools.assembled()
    {
        for Figures { entry, .. } in figures {
            let code = code(listing, entry);
            assert!(
                code.contains("EXIT"),
                "{module} on sm_{card}: no code of {entry}"
            );
            if entry.starts_with("update_") {
                let fuses = code.contains("FFMA");
                assert_eq!(fuses, entry.contains("fused"), "{entry} on sm_{card}");
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "there is no update");
}

/// The code of an entry out of a listing, which has a section for each.
fn code<'a>(listing: &'a str, entry: &str) -> &'a str {
    let section = format!(".text.{entry}:");
    let code = listing.split_once(&section).map_or("", |(_, after)| after);
    code.split("\n//---").next().unwrap_or_default()
}

pub fn registers_are_as_recorded(tools: &Tools) {
    let path = directory().join("registers.csv");
    let version = tools.version();
    let mut table = format!("# {version}\nmodule,entry,card,registers,stack,spilled\n");
    for assembled in tools.assembled() {
        for figures in &assembled.figures {
            let Figures {
                entry,
                registers,
                stack,
                spilled,
            } = figures;
            let Assembled { module, card, .. } = assembled;
            table += &format!("{module},{entry},sm_{card},{registers},{stack},{spilled}\n");
        }
    }
    if env::var_os("HAIRPIN_BLESS").is_some() {
        let whole = path.with_extension("csv.new");
        fs::write(&whole, table).expect("a file beside the table");
        fs::rename(whole, path).expect("the table");
        return;
    }
    let recorded = fs::read_to_string(&path).expect("the table");
    let recorded_version = recorded.lines().next().unwrap_or_default();
    if recorded_version != format!("# {version}") {
        eprintln!(
            "\nptx: registers were not compared, as they are of {recorded_version}, and here is {version}"
        );
        return;
    }
    let wrong: Vec<_> = table
        .lines()
        .filter(|line| !recorded.lines().any(|recorded| recorded == *line))
        .collect();
    assert!(
        table == recorded,
        "not as recorded: {wrong:#?}\n`HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test ptx` renews cuda/ptx/registers.csv"
    );
}
