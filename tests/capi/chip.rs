//! The program in C on emulated chips, beside newlib: the core's bits, and newlib's own undisturbed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::expected;
use super::header::{crate_dir, functions};
use super::library::{assert_right, built, names};
use super::tools::{CHIPS, Check, Chip, Tools, run, workspace};

/// What the library for RISC-V is linked with, if it is not there.
pub(crate) fn missing(tools: &Tools) -> Option<String> {
    let mut compiler = tools.command("riscv64-unknown-elf-gcc");
    let is_there = compiler.arg("--version").output().is_ok();
    (!is_there).then(|| {
        "there is no riscv64-unknown-elf-gcc: run `tests/firmware/setup` once more".to_owned()
    })
}

pub(crate) fn trials() -> Vec<Check> {
    let trials = CHIPS.into_iter().flat_map(|chip| -> Vec<Check> {
        let named = |check: &str| format!("chip::{}::{check}", chip.name);
        let mut trials: Vec<Check> = vec![(
            named("the_library_needs_and_hides_nothing"),
            Box::new(move |tools| alone(tools, chip)),
        )];
        // The Makefile is for Cortex-M.
        if chip.target.starts_with("thumb") {
            trials.push((
                named("the_minimal_program_builds_from_nothing_and_gets_the_cores_bits"),
                Box::new(move |tools| minimal(tools, chip)),
            ));
        }
        // One with an FPU for single precision, whose calls pass floats in its registers, and one without. The smallest has not the memory for a
        // program that tries everything.
        if ["cortex_m4f", "cortex_m3"].contains(&chip.name) {
            trials.push((
                named("a_program_in_c_gets_the_cores_bits_and_newlibs"),
                Box::new(move |tools| beside_newlib(tools, chip)),
            ));
        }
        trials
    });
    trials.collect()
}

/// Builds one of the Makefile's programs in a directory.
fn made(tools: &Tools, chip: Chip, program: &str, out: &Path) -> PathBuf {
    let mut make = tools.command("make");
    make.current_dir(workspace().join("c"))
        .arg(format!("CHIP={}", chip.name))
        .arg(format!("PROGRAM={program}"))
        .arg(format!("OUT={}", out.display()));
    let said = run(&mut make);
    let complaints = String::from_utf8_lossy(&said.stderr);
    assert!(!complaints.contains("warning"), "{complaints}");
    out.join(program).with_extension("elf")
}

fn printed(tools: &Tools, chip: Chip, program: &Path) -> String {
    let directory = tempfile::tempdir().unwrap();
    let output = tools.emulate(chip, program, directory.path(), &[]);
    String::from_utf8(output.stdout).unwrap()
}

fn about_libc(printed: &str) -> Vec<&str> {
    printed
        .lines()
        .filter(|line| line.starts_with("libc"))
        .collect()
}

/// How much stack a call may take, in bytes: what the crate's documentation says.
const STACK: [(&str, u32); 6] = [
    ("make", 10 * 1024),
    ("rate", 2 * 1024),
    ("save", 1536),
    ("load", 10 * 1024),
    ("observe", 2560),
    ("update", 1024),
];

fn assert_shallow(chip: Chip, printed: &str) {
    let lines = printed
        .lines()
        .filter_map(|line| line.strip_prefix("stack "));
    let depths: BTreeMap<&str, u32> = lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(call, depth)| (call, depth.parse().unwrap()))
        .collect();
    assert_eq!(depths.len(), STACK.len());
    for (call, limit) in STACK {
        let depth = depths[call];
        println!(
            "capi: {}: stack of {call}: {depth} bytes of at most {limit}",
            chip.title
        );
        // Even the shallowest call pushes something: a 0 would mean that nothing was measured.
        assert!(
            (1..=limit).contains(&depth),
            "{call}: {depth} bytes of stack"
        );
    }
}

fn minimal(tools: &Tools, chip: Chip) {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("not/there/yet");
    let program = made(tools, chip, "minimal", &out);
    let found = printed(tools, chip, &program);
    assert_eq!(found, expected::minimal());
    println!(
        "capi: {}: minimal.c from a clean checkout prints the core's {} numbers, bit for bit",
        chip.title,
        found.split_whitespace().count() - found.lines().count(),
    );
}

fn beside_newlib(tools: &Tools, chip: Chip) {
    let out = tempfile::tempdir().unwrap();
    std::fs::write(out.path().join("records.c"), expected::records()).unwrap();
    let alone = made(tools, chip, "libc", out.path());
    let both = made(tools, chip, "program", out.path());
    let with_hairpin = printed(tools, chip, &both);
    assert_right(chip.title, &with_hairpin);
    assert_shallow(chip, &with_hairpin);
    let without = printed(tools, chip, &alone);
    assert_eq!(about_libc(&with_hairpin), about_libc(&without));
    assert_eq!(about_libc(&without).len(), 8);

    // The program's mathematics, memory and arithmetic are newlib's and libgcc's to the byte: each is there once, of the size it has without.
    let sizes = |program: &Path| {
        let mut nm = tools.command("arm-none-eabi-nm");
        let list = run(nm
            .args(["-P", "--extern-only", "--defined-only"])
            .arg(program));
        let list = String::from_utf8(list.stdout).unwrap();
        let sizes = list.lines().map(|line| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            (words[0].clone(), (words[1].clone(), words.get(3).cloned()))
        });
        sizes.collect::<BTreeMap<_, _>>()
    };
    let (with_hairpin, without) = (sizes(&both), sizes(&alone));
    let watched = [
        "sin",
        "cos",
        "exp",
        "log",
        "pow",
        "tanh",
        "sqrt",
        "fma",
        "fmod",
        "memcpy",
        "memmove",
        "memset",
        "memcmp",
        "strlen",
        "__aeabi_dadd",
        "__aeabi_dmul",
        "__aeabi_ddiv",
        "__aeabi_d2f",
        "__aeabi_f2d",
        "__aeabi_d2lz",
        "__aeabi_l2d",
    ];
    for name in watched {
        assert!(without.contains_key(name), "{name} is not in the program");
        assert_eq!(with_hairpin[name], without[name], "{name}");
    }
}

fn alone(tools: &Tools, chip: Chip) {
    let out = tempfile::tempdir().unwrap();
    let script = crate_dir().join("build");
    let mut build = tools.command(script.to_str().unwrap());
    let library = built(build.arg(chip.target).arg(out.path()));
    let nm = |options: &[&str]| {
        let family = if chip.target.starts_with("thumb") {
            "arm-none-eabi"
        } else {
            "riscv64-unknown-elf"
        };
        let mut nm = tools.command(&format!("{family}-nm"));
        names(nm.arg("-P").args(options).arg(&library))
    };
    assert_eq!(
        nm(&["--undefined-only"]),
        [].into(),
        "nothing of a libc or libgcc, and no panic"
    );
    let defined = nm(&["--extern-only", "--defined-only"]);
    assert_eq!(defined, functions().into_iter().collect());
}
