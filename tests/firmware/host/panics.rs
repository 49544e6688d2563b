//! No panic and no heap in any firmware.
//!
//! The panic handler and the allocator that all of them share call functions that do not exist, so that a program in which either can
//! be reached does not link. Programs that do what must not be done are seen to be refused. The names in the programs are looked at, too,
//! for what panics; of an allocator no name is left where it is inlined, and the link alone is the proof.

use std::fs;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSymbol};
use serde_json::Value;

use crate::tools::{CHIPS, Check, Chip, Tools, built, run, workspace};

/// The module that every panic goes through, as names of functions have it. Its functions are never inlined.
const PANICKING: &str = "4core9panicking";

pub fn trials() -> Vec<Check> {
    CHIPS
        .into_iter()
        .flat_map(|chip| -> [Check; 2] {
            let clean = move |tools: &Tools| every_firmware_is_clean(tools, chip);
            let refused = move |tools: &Tools| controls_are_refused(tools, chip);
            [
                (format!("panics::{}", chip.name), Box::new(clean)),
                (
                    format!("panics::{}_refuses_controls", chip.name),
                    Box::new(refused),
                ),
            ]
        })
        .collect()
}

/// The functions of a program by which it would panic.
fn panicking(program: &Path) -> Vec<String> {
    let bytes = fs::read(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let elf = object::File::parse(&*bytes).expect("a program is ELF");
    let names: Vec<&str> = elf
        .symbols()
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    assert!(
        names.iter().any(|name| name.contains("main")),
        "{} has names to look at",
        program.display()
    );
    let panicking = names.into_iter().filter(|name| name.contains(PANICKING));
    panicking.map(str::to_owned).collect()
}

/// The packages that are made for a chip, and their programs; those that need a feature are controls.
fn programs(tools: &Tools, chip: Chip) -> Vec<(String, Vec<String>)> {
    let mut command = tools.command("cargo");
    command.current_dir(workspace()).args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--locked",
    ]);
    let metadata: Value = serde_json::from_slice(&run(&mut command).stdout).expect("it is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let with_programs = packages.iter().filter_map(|package| {
        let name = package["name"].as_str().expect("a name");
        let targets = package["targets"].as_array().expect("targets");
        let programs = targets
            .iter()
            .filter(|target| target["kind"][0] == "bin" && target["required-features"].is_null());
        let programs: Vec<String> = programs
            .map(|program| program["name"].as_str().expect("a name").to_owned())
            .collect();
        let is_made = !programs.is_empty() && !too_large(name, chip);
        is_made.then(|| (name.to_owned(), programs))
    });
    with_programs.collect()
}

/// Whether a package is not made for a chip, as it has no RAM for it.
fn too_large(package: &str, chip: Chip) -> bool {
    package.starts_with("story") && chip.name == "cortex_m0"
}

fn every_firmware_is_clean(tools: &Tools, chip: Chip) {
    let mut count = 0;
    for (package, programs) in programs(tools, chip) {
        let directory = tools.build(chip, &package);
        for program in programs {
            let found = panicking(&directory.join(&program));
            assert!(found.is_empty(), "{package}, {program}: {found:?}");
            count += 1;
        }
    }
    assert!(count > 1, "{count} programs");
    println!(
        "{}: {count} programs without a panic and without a heap",
        chip.name
    );
}

/// Builds one of the controls, with more for its linker; what the linker says where it refuses.
fn control(tools: &Tools, chip: Chip, name: &str, linked_with: &[&str]) -> Result<PathBuf, String> {
    let output = tools
        .building(chip, "rustc", "controls")
        .args(["--features", name, "--bin", name, "--"])
        .args(linked_with)
        .output()
        .expect("cargo runs");
    if output.status.success() {
        Ok(built().join(chip.target).join("release").join(name))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn controls_are_refused(tools: &Tools, chip: Chip) {
    let linked = |(name, missing): (&str, &str)| {
        let told = control(tools, chip, name, &[]).expect_err("it must not link");
        let expected = format!("undefined symbol: {missing}");
        assert!(told.contains(&expected), "{name}: {told}");
        // With that symbol it links: nothing else was wrong.
        let defined = format!("-Clink-arg=--defsym={missing}=0");
        let program = control(tools, chip, name, &[&defined]);
        program.unwrap_or_else(|told| panic!("{name}: {told}"))
    };
    let program = linked(("can_panic", "a_panic_can_be_reached"));
    let found = panicking(&program);
    let is_an_index = |name: &String| name.contains("panic_bounds_check");
    assert!(found.iter().any(is_an_index), "its name is among {found:?}");
    linked(("allocates", "a_heap_can_be_reached"));
}
