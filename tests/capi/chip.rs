//! The program in C on emulated chips, beside newlib: the core's bits, and newlib's own undisturbed.

use std::path::{Path, PathBuf};

use super::expected;
use super::header::functions;
use super::library::{assert_right, names};
use super::tools::{CHIPS, Check, Chip, Tools, run, workspace};

/// The chips that the Makefile knows: one with an FPU for single precision, whose calls pass floats in its registers, and one without.
fn chips() -> impl Iterator<Item = Chip> {
    CHIPS
        .into_iter()
        .filter(|chip| ["cortex_m4f", "cortex_m3"].contains(&chip.name))
}

pub(crate) fn trials() -> Vec<Check> {
    let trials = chips().flat_map(|chip| -> [Check; 2] {
        let named = |check: &str| format!("chip::{}::{check}", chip.name);
        [
            (
                named("a_program_in_c_gets_the_cores_bits_and_newlibs"),
                Box::new(move |tools| beside_newlib(tools, chip)),
            ),
            (
                named("the_library_needs_and_hides_nothing"),
                Box::new(move |tools| alone(tools, chip)),
            ),
        ]
    });
    trials.collect()
}

/// Builds one of the Makefile's programs.
fn made(tools: &Tools, chip: Chip, program: &str) -> PathBuf {
    let out = workspace().join("c/build").join(chip.name);
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("records.c"), expected::records()).unwrap();
    let mut make = tools.command("make");
    make.current_dir(workspace().join("c"))
        .arg(format!("CHIP={}", chip.name))
        .arg(format!("PROGRAM={program}"));
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

fn beside_newlib(tools: &Tools, chip: Chip) {
    let alone = made(tools, chip, "libc");
    let both = made(tools, chip, "program");
    let with_hairpin = printed(tools, chip, &both);
    assert_right(&with_hairpin);
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
        sizes.collect::<std::collections::BTreeMap<_, _>>()
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
    made(tools, chip, "program");
    let library = workspace()
        .join("c/build")
        .join(chip.name)
        .join("libhairpin.a");
    let list = |which: &str| {
        let mut nm = tools.command("arm-none-eabi-nm");
        names(nm.args(["-P", which]).arg(&library))
    };
    assert_eq!(
        list("--undefined-only"),
        [].into(),
        "nothing of a libc or libgcc, and no panic"
    );
    let mut nm = tools.command("arm-none-eabi-nm");
    let defined = names(
        nm.args(["-P", "--extern-only", "--defined-only"])
            .arg(&library),
    );
    assert_eq!(defined, functions().into_iter().collect());
}
