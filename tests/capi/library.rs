//! The library as `core/capi/build` makes it: what it defines, what it needs, and what programs get from it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::header::{crate_dir, functions};
use super::tools::run;
use super::{expected, refused};

/// What the desktop needs for it.
pub(crate) fn missing() -> Option<String> {
    first_missing(&["gcc", "g++", "nm", "objcopy", "ar"], "g++ binutils")
}

/// What the chips need beside what `tests/firmware/setup` brings.
pub(crate) fn missing_make() -> Option<String> {
    first_missing(&["make"], "make")
}

fn first_missing(tools: &[&str], packages: &str) -> Option<String> {
    tools
        .iter()
        .find(|tool| Command::new(tool).arg("--version").output().is_err())
        .map(|tool| format!("there is no {tool}: apt-get install {packages}"))
}

/// Builds the library for this machine, once.
fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built(&mut Command::new(crate_dir().join("build"))))
}

/// What the script says that it has built.
pub(crate) fn built(script: &mut Command) -> PathBuf {
    let output = run(script);
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The names in a list of `nm -P`.
pub(crate) fn names(nm: &mut Command) -> BTreeSet<String> {
    let output = String::from_utf8(run(nm).stdout).unwrap();
    let names = output.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        // A member's own name has nothing behind it.
        words.next().map(|_| name.to_owned())
    });
    names.collect()
}

pub(crate) fn it_defines_the_functions_of_the_header_and_nothing_else() {
    let defined = names(
        Command::new("nm")
            .args(["-P", "--extern-only", "--defined-only"])
            .arg(library()),
    );
    assert_eq!(defined, functions().into_iter().collect());
}

pub(crate) fn it_goes_where_the_caller_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = Command::new(crate_dir().join("build"));
    let host = run(Command::new("rustc").arg("-vV")).stdout;
    let host = String::from_utf8(host).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: "));
    script
        .args([host.unwrap(), "firmware/lib"])
        .current_dir(directory.path());
    let expected = directory.path().join("firmware/lib/libhairpin.a");
    assert_eq!(built(&mut script), expected);
    assert_eq!(
        std::fs::read(&expected).unwrap().len(),
        std::fs::read(library()).unwrap().len()
    );
}

pub(crate) fn it_needs_nothing_but_copying_of_memory() {
    let undefined = names(
        Command::new("nm")
            .args(["-P", "--undefined-only"])
            .arg(library()),
    );
    let known = ["bcmp", "memcmp", "memcpy", "memmove", "memset", "strlen"];
    let other: Vec<_> = undefined
        .iter()
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert!(other.is_empty(), "{other:?}");
}

/// What the program is made of.
pub(crate) fn sources(directory: &Path) -> [PathBuf; 3] {
    let records = directory.join("records.c");
    std::fs::write(&records, expected::records()).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("capi");
    [here.join("program.c"), here.join("output.c"), records]
}

fn program(compiler: &str, language: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    let strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"];
    let mut command = Command::new(compiler);
    command
        .args(language)
        .args(strict)
        .arg("-D_POSIX_C_SOURCE=200809L")
        .arg("-I")
        .arg(crate_dir().join("include"))
        .arg("-I")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("capi"))
        .args(sources(directory.path()))
        // What follows is a library, whatever the sources are.
        .args(["-x", "none"])
        .arg(library())
        .arg("-o")
        .arg(&program);
    run(&mut command);
    String::from_utf8(run(&mut Command::new(&program)).stdout).unwrap()
}

pub(crate) fn a_program_in_c_gets_the_cores_bits() {
    assert_right("C", &program("gcc", &["-std=c99", "-x", "c"]));
}

pub(crate) fn a_program_in_cpp_gets_the_cores_bits() {
    assert_right("C++", &program("g++", &["-std=c++11", "-x", "c++"]));
}

/// In how many bits two lines of words differ; a word that is no number of the other's length differs in all of its bits.
fn differing_bits(found: &str, expected: &str) -> u32 {
    let bits = |(found, expected): (char, char)| match (found.to_digit(16), expected.to_digit(16)) {
        (Some(found), Some(expected)) => (found ^ expected).count_ones(),
        _ if found == expected => 0,
        _ => 4,
    };
    let lengths = 4 * found.len().abs_diff(expected.len());
    found.chars().zip(expected.chars()).map(bits).sum::<u32>() + u32::try_from(lengths).unwrap()
}

/// Holds what a program printed against the core, and says what was compared.
pub(crate) fn assert_right(place: &str, printed: &str) {
    let about = |words: &[&str]| -> Vec<&str> {
        let lines = printed.lines();
        let lines = lines.filter(|line| {
            let first = line.split(' ').next().unwrap_or_default();
            words.contains(&first)
        });
        lines.collect()
    };
    let numbers = ["rates", "bytes", "losses", "state", "updates"];
    let (found, expected) = (about(&numbers), expected::lines());
    let pairs = || found.iter().zip(expected.lines());
    println!(
        "capi: {place}: {} lines of rates, records and updates compared, {} numbers in them, bits differing: {}",
        found.len(),
        // The first two words of a line are what it is about.
        found
            .iter()
            .map(|line| line.split(' ').count() - 2)
            .sum::<usize>(),
        pairs()
            .map(|(found, expected)| differing_bits(found, expected))
            .sum::<u32>(),
    );
    for (found, expected) in pairs() {
        assert_eq!(*found, expected);
    }
    assert_eq!(found.len(), expected.lines().count());
    refused::assert_texts(&about(&["status"]));
    assert_eq!(
        about(&["version"]),
        [format!("version {}", env!("CARGO_PKG_VERSION"))]
    );
    let rest: Vec<&str> = printed
        .lines()
        .filter(|line| {
            let first = line.split(' ').next().unwrap_or_default();
            !numbers.contains(&first) && !["status", "version", "libc", "stack"].contains(&first)
        })
        .collect();
    refused::assert_refused(&rest);
    println!(
        "capi: {place}: {} refusals, each with its code, its reason and nothing changed",
        about(&["refused"]).len(),
    );
}

/// The program in C of the guide for firmware, against the header and what `hairpin export` calls its arrays.
pub(crate) fn the_program_of_the_guide_compiles() {
    let guide = include_str!("../../docs/firmware.md");
    let program = guide
        .split_once("```c\n")
        .and_then(|(_, rest)| rest.split_once("```"));
    let (program, _) = program.expect("the guide has a program in C");
    let directory = tempfile::tempdir().unwrap();
    let tuned = "#include <stdint.h>\n#define TUNED_STEPS 300\n\
        #define TUNED_SCHEDULE_LEN 1\nstatic const uint8_t tuned_schedule[TUNED_SCHEDULE_LEN] = {0};\n\
        #define TUNED_SGD_LEN 1\nstatic const uint8_t tuned_sgd[TUNED_SGD_LEN] = {0};\n";
    std::fs::write(directory.path().join("tuned.h"), tuned).unwrap();
    std::fs::write(directory.path().join("train.c"), program).unwrap();
    let mut compile = Command::new("gcc");
    compile
        .args([
            "-std=c99",
            "-pedantic",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
        ])
        .arg("-I")
        .arg(crate_dir().join("include"))
        .arg(directory.path().join("train.c"));
    run(&mut compile);
}
