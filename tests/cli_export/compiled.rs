//! Exported texts through the compilers that they are for.

use std::path::{Path, PathBuf};
use std::process::Command;

use hairpin_core::{NODES, Recipe, RecipeRecords, Schedule};

use crate::{Written, bits, exported, exported_text, swept};

/// Runs a program that is there, and gives what it printed.
fn output(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The library that Cargo builds of the core, and the directory with what it needs.
fn core_library() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--package",
        "hairpin-core",
        "--message-format=json",
    ]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let messages = output(&mut cargo);
    let library = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message["filenames"].as_array()?.iter();
        let mut files = files.filter_map(|file| file.as_str());
        files
            .find(|file| file.ends_with(".rlib"))
            .map(PathBuf::from)
    });
    library.expect("Cargo names what it built")
}

/// Compiles a program in `dir` with every warning an error, and runs it.
fn rust(dir: &Path, program: &str) -> String {
    let (source, binary) = (dir.join("main.rs"), dir.join("main"));
    std::fs::write(&source, format!("#![deny(warnings)]\n{program}")).expect("written");
    let library = core_library();
    let beside = library.parent().expect("a directory").join("deps");
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .current_dir(dir)
        .args(["--edition", "2024", "main.rs"]);
    rustc
        .arg("--extern")
        .arg(format!("hairpin_core={}", library.display()));
    rustc
        .arg("-L")
        .arg(format!("dependency={}", beside.display()));
    output(&mut rustc);
    output(&mut Command::new(binary))
}

/// Compiles a program in `dir` with every warning an error, and runs it; `None` where there is no such compiler.
fn c(dir: &Path, compiler: &str, standard: &str, program: &str) -> Option<String> {
    let is_there = Command::new(compiler).arg("--version").output();
    if is_there.is_err() {
        eprintln!("skipped: there is no {compiler}; apt-get install {compiler}");
        return None;
    }
    let source = dir.join(if compiler == "g++" {
        "main.cpp"
    } else {
        "main.c"
    });
    std::fs::write(&source, program).expect("written");
    let mut command = Command::new(compiler);
    command.current_dir(dir).arg(format!("-std={standard}"));
    command.args([
        "-Wall",
        "-Wextra",
        "-pedantic",
        "-Werror",
        "-Wconversion",
        "-o",
        "main",
    ]);
    output(command.arg(&source));
    Some(output(&mut Command::new(dir.join("main"))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lines_of_bits(rates: &[f32]) -> String {
    rates
        .iter()
        .map(|rate| format!("{:08x}\n", rate.to_bits()))
        .collect()
}

fn written_to(name: &str, text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join(name), text).expect("written");
    dir
}

#[test]
fn the_rust_compiles_and_has_the_rates_of_the_sweep() {
    let sweep = swept("cycled_momentum");
    let text = exported_text(&sweep, &["--format", "rust", "--name", "winner"]);
    let dir = written_to("winner.rs", &text);
    let program = r#"
        mod winner;
        mod included { include!("winner.rs"); }
        use hairpin_core::Schedule;
        fn main() {
            assert_eq!(winner::WINNER_SCHEDULE, included::WINNER_SCHEDULE);
            let (rate, again) = (winner::winner_schedule().unwrap(), included::winner_schedule().unwrap());
            let (momentum, sgd) = (winner::winner_momentum().unwrap(), winner::winner_sgd().unwrap());
            assert_eq!(included::winner_sgd().unwrap(), sgd);
            assert!(included::winner_momentum().is_ok());
            for step in 0..winner::WINNER_STEPS {
                assert_eq!(rate.lr(step), again.lr(step));
                let sgd = sgd.at_momentum(momentum.lr(step)).unwrap();
                println!("{:08x} {:?}", rate.lr(step).to_bits(), sgd.config());
            }
        }
    "#;
    let printed = rust(dir.path(), program);
    let written = Written::read(&sweep);
    let bytes = exported(&sweep, &["--format", "bytes"]);
    let recipe = Recipe::<NODES>::from_bytes(&bytes).expect("a recipe");
    let best = written.manifest["leaders"][0]["trial"]
        .as_u64()
        .expect("a number");
    let rates = &written.rates[best as usize];
    let expected: String = (0..)
        .zip(bits(rates))
        .map(|(step, bits)| {
            let sgd = recipe.sgd_at(step).expect("a momentum");
            format!("{bits:08x} {:?}\n", sgd.config())
        })
        .collect();
    assert_eq!(printed, expected);
}

#[test]
fn the_rust_of_a_feedback_schedule_compiles_and_starts_alike() {
    let sweep = swept("short");
    let text = exported_text(&sweep, &["--format", "rust"]);
    let dir = written_to("tuned.rs", &text);
    let program = r#"
        mod tuned;
        use hairpin_core::Feedback;
        fn main() {
            let schedule = tuned::tuned_schedule().unwrap();
            let mut state = schedule.start();
            println!("{:?}", tuned::tuned_sgd().unwrap().config());
            for step in 0..40 {
                schedule.observe(&mut state, step, 1.0);
                println!("{:08x}", schedule.lr(&state, step).to_bits());
            }
        }
    "#;
    let printed = rust(dir.path(), program);
    let bytes = exported(&sweep, &["--format", "bytes"]);
    let recipe = Recipe::<NODES>::from_bytes(&bytes).expect("a recipe");
    let hairpin_core::ComposedPlan::Feedback(schedule) = recipe.schedule() else {
        panic!("the best of this sweep reacts to losses");
    };
    use hairpin_core::Feedback;
    let mut state = schedule.start();
    let mut expected = format!("{:?}\n", recipe.sgd().config());
    for step in 0..40 {
        schedule.observe(&mut state, step, 1.0);
        expected += &format!("{:08x}\n", schedule.lr(&state, step).to_bits());
    }
    assert_eq!(printed, expected);
}

#[test]
fn the_header_holds_the_records_in_c_and_in_cpp() {
    let sweep = swept("cycled_momentum");
    let bytes = exported(&sweep, &["--format", "bytes"]);
    let records = RecipeRecords::from_bytes(&bytes).expect("a recipe");
    let expected = format!(
        "{}\n{}\n{}\n60 1 1\n",
        hex(records.schedule),
        hex(records.sgd),
        hex(records.momentum.expect("a momentum"))
    );
    let dir = written_to(
        "a.h",
        &exported_text(&sweep, &["--format", "c", "--name", "a"]),
    );
    // Another one beside it, and the same one twice.
    let other = exported_text(&swept("short"), &["--format", "c", "--name", "Other"]);
    std::fs::write(dir.path().join("other.h"), other).expect("written");
    let program = r#"
        #include "a.h"
        #include "other.h"
        #include "a.h"
        #include <stdio.h>
        static void print(const uint8_t *bytes, unsigned long length)
        {
            unsigned long at;
            for (at = 0; at < length; at++) {
                printf("%02x", bytes[at]);
            }
            printf("\n");
        }
        typedef char lengths[sizeof a_schedule == A_SCHEDULE_LEN && sizeof other_sgd == OTHER_SGD_LEN ? 1 : -1];
        int main(void)
        {
            lengths used = {0};
            print(a_schedule, sizeof a_schedule);
            print(a_sgd, sizeof a_sgd);
            print(a_momentum, sizeof a_momentum);
            printf("%d %d %d\n", A_STEPS + used[0], A_SCHEDULE_PIECES, A_MOMENTUM_PIECES);
            return 0;
        }
    "#;
    for (compiler, standard) in [("gcc", "c99"), ("gcc", "c11"), ("g++", "c++11")] {
        if let Some(printed) = c(dir.path(), compiler, standard, program) {
            assert_eq!(printed, expected, "{compiler} -std={standard}");
        }
    }
}

/// Nine pieces do not fit into an interface that was built for fewer.
#[test]
fn a_header_that_the_c_interface_cannot_hold_does_not_compile() {
    let header = exported_text(&swept("exported"), &["--format", "c", "--trial", "0"]);
    let dir = written_to("tuned.h", &header);
    let compiles = |pieces: u32| {
        let program = format!(
            "#define HAIRPIN_PIECES {pieces}\n#include \"tuned.h\"\nint main(void) {{ return 0; }}\n"
        );
        std::fs::write(dir.path().join("main.c"), program).expect("written");
        let checked = Command::new("cc")
            .current_dir(dir.path())
            .args([
                "-std=c99",
                "-Wall",
                "-Wextra",
                "-pedantic",
                "-Werror",
                "-fsyntax-only",
                "main.c",
            ])
            .output()
            .expect("the linker that Rust needs is a C compiler");
        let told = String::from_utf8_lossy(&checked.stderr).into_owned();
        checked.status.success().then_some(()).ok_or(told)
    };
    assert_eq!(compiles(9), Ok(()));
    let told = compiles(8).expect_err("one piece too many");
    assert!(told.contains("tuned_schedule has 9 pieces"), "{told}");
    assert!(told.contains("raise HAIRPIN_PIECES"), "{told}");
}

/// A program that prints the cells of a table and what is looked up at some steps.
fn table_program(cells: &[&str], lookups: &[&str], steps: &[u32]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("{step}u")).collect();
    let mut program = format!(
        r#"
        #include "table.h"
        #include <stdio.h>
        #include <string.h>
        static void print(float value)
        {{
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            printf("%08lx\n", (unsigned long)bits);
        }}
        static const uint32_t steps[] = {{ {} }};
        int main(void)
        {{
            unsigned long at;
        "#,
        steps.join(", ")
    );
    for array in cells {
        program += &format!(
            "for (at = 0; at < sizeof {array} / sizeof {array}[0]; at++) {{ print({array}[at]); }}\n"
        );
    }
    for function in lookups {
        program += &format!(
            "for (at = 0; at < sizeof steps / sizeof steps[0]; at++) {{ print({function}(steps[at])); }}\n"
        );
    }
    program + "return 0; }\n"
}

const C_OF_TABLES: [(&str, &str); 3] = [("gcc", "c99"), ("gcc", "c11"), ("g++", "c++17")];

#[test]
fn the_table_is_the_rates_of_the_sweep_to_the_bit() {
    for name in ["cycled_momentum", "exported"] {
        let sweep = swept(name);
        let written = Written::read(&sweep);
        let best = written.manifest["leaders"][0]["trial"]
            .as_u64()
            .expect("a number");
        let rates = &written.rates[best as usize];
        let bytes = exported(&sweep, &["--format", "bytes"]);
        let recipe = Recipe::<NODES>::from_bytes(&bytes).expect("a recipe");
        let last = rates.len() as u32 - 1;
        let steps = [0, 1, 7, last, last + 1, u32::MAX];
        let held = |row: &[f32]| steps.map(|step| row[step.min(last) as usize]);
        let (mut arrays, mut lookups) = (vec!["t_rates"], vec!["t_rate_at"]);
        let mut expected = lines_of_bits(rates);
        let mut looked_up = lines_of_bits(&held(rates));
        if let Some(momentum) = recipe.momentum() {
            let momenta: Vec<f32> = (0..=last).map(|step| momentum.lr(step)).collect();
            arrays.push("t_momenta");
            lookups.push("t_momentum_at");
            expected += &lines_of_bits(&momenta);
            looked_up += &lines_of_bits(&held(&momenta));
        }
        assert_eq!(arrays.len(), if name == "exported" { 1 } else { 2 });
        expected += &looked_up;
        let table = ["--format", "table", "--name", "t"];
        let dir = written_to("table.h", &exported_text(&sweep, &table));
        let program = table_program(&arrays, &lookups, &steps);
        for (compiler, standard) in C_OF_TABLES {
            if let Some(printed) = c(dir.path(), compiler, standard, &program) {
                assert_eq!(printed, expected, "{name}: {compiler} -std={standard}");
            }
        }
        let text = exported_text(&sweep, &[&table[..], &["--lang", "rust"]].concat());
        let dir = written_to("table.rs", &text);
        let mut program = "mod table;\nfn main() {\n".to_owned();
        for array in &arrays {
            let array = array.to_uppercase();
            program += &format!(
                "for rate in table::{array} {{ println!(\"{{:08x}}\", rate.to_bits()); }}\n"
            );
        }
        for function in &lookups {
            program += &format!(
                "for step in {steps:?} {{ println!(\"{{:08x}}\", table::{function}(step).to_bits()); }}\n"
            );
        }
        assert_eq!(rust(dir.path(), &(program + "}\n")), expected, "{name}");
    }
}

#[test]
fn a_stride_holds_each_rate_until_the_next() {
    let sweep = swept("exported");
    let bytes = exported(&sweep, &["--format", "bytes", "--trial", "0"]);
    let recipe = Recipe::<NODES>::from_bytes(&bytes).expect("a recipe");
    let hairpin_core::ComposedPlan::Schedule(schedule) = recipe.schedule() else {
        panic!("trial 0 reacts to no losses");
    };
    let steps = [0, 10, 11, 16, 17, 18, 37, 38, 39, 40, 1000];
    let tabled: Vec<f32> = (11..39).step_by(7).map(|step| schedule.lr(step)).collect();
    let mut expected = tabled.clone();
    expected.extend(steps.map(|step: u32| {
        let index = (step.saturating_sub(11) / 7).min(3);
        tabled[index as usize]
    }));
    assert_eq!(tabled.len(), 4);
    let table = [
        "--format", "table", "--trial", "0", "--steps", "11..39", "--stride", "7",
    ];
    let text = exported_text(&sweep, &table);
    // How far what is held is from what it stands for.
    let off = |step: u32| {
        let held = schedule.lr(11 + (step - 11) / 7 * 7);
        (f64::from(held) - f64::from(schedule.lr(step))).abs()
    };
    let most = (11..39).map(off).fold(0.0, f64::max);
    let (_, told) = text.split_once("off by up to ").expect("a bound");
    let (told, _) = told.split_once(' ').expect("a bound");
    let told: f64 = told.parse().expect("a number");
    // Rounded up to two digits: by no more than a tenth.
    assert!((most..=1.1 * most).contains(&told), "{told:e}, {most:e}");
    let dir = written_to("table.h", &text);
    let program = table_program(&["tuned_rates"], &["tuned_rate_at"], &steps);
    for (compiler, standard) in C_OF_TABLES {
        if let Some(printed) = c(dir.path(), compiler, standard, &program) {
            assert_eq!(
                printed,
                lines_of_bits(&expected),
                "{compiler} -std={standard}"
            );
        }
    }
    let text = exported_text(&sweep, &[&table[..], &["--lang", "rust"]].concat());
    let dir = written_to("table.rs", &text);
    let program = format!(
        "mod table;\nfn main() {{\nfor rate in table::TUNED_RATES {{ println!(\"{{:08x}}\", rate.to_bits()); }}\n\
         for step in {steps:?} {{ println!(\"{{:08x}}\", table::tuned_rate_at(step).to_bits()); }}\n}}\n"
    );
    assert_eq!(rust(dir.path(), &program), lines_of_bits(&expected));
}

/// A schedule that is walked, step by step, needs no losses: on a chip the table spares the walk.
#[test]
fn a_walked_schedule_has_a_table() {
    let sweep = swept("exported");
    let written = Written::read(&sweep);
    let text = exported_text(&sweep, &["--format", "table", "--trial", "4"]);
    let dir = written_to("table.h", &text);
    let program = table_program(&["tuned_rates"], &["tuned_rate_at"], &[0]);
    if let Some(printed) = c(dir.path(), "gcc", "c99", &program) {
        let expected = &written.rates[4];
        assert_eq!(
            printed,
            lines_of_bits(expected) + &lines_of_bits(&expected[..1])
        );
    }
}
