//! The PTX that is committed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::rules::broken;
use super::text::Module;

/// Every module, and what a driver can start of it.
const MODULES: [(&str, &[&str]); 5] = [
    ("mlp", &["train_mlp_fused_global", "train_mlp_fused_shared"]),
    ("rates", &["rates"]),
    ("schedules", &["schedules_read"]),
    (
        "softmax",
        &["train_softmax_fused_global", "train_softmax_fused_shared"],
    ),
    (
        "update",
        &[
            "gradients_check",
            "update_fused_momentum",
            "update_fused_momentum_16",
            "update_fused_momentum_32",
            "update_fused_plain",
            "update_fused_plain_16",
            "update_fused_plain_32",
            "update_separate_momentum",
            "update_separate_momentum_16",
            "update_separate_momentum_32",
            "update_separate_plain",
            "update_separate_plain_16",
            "update_separate_plain_32",
        ],
    ),
];

pub fn kernels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cuda/kernels")
}

pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cuda/ptx")
}

/// The modules in a directory with their texts, by name.
pub fn texts(directory: &Path) -> Vec<(String, String)> {
    let mut texts: Vec<_> = fs::read_dir(directory)
        .expect("a directory of PTX")
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ptx"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            (name.into_owned(), fs::read_to_string(&path).expect("PTX"))
        })
        .collect();
    texts.sort();
    texts
}

/// The compiler that a text says it is of.
pub fn recorded_compiler(text: &str) -> &str {
    let line = text.lines().nth(1).unwrap_or_default();
    line.trim_start_matches("// ")
}

/// The compiler that is here, in the same words.
fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("-vV").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let llvm = text
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    Some(format!("{}, LLVM {llvm}", text.lines().next()?))
}

/// Why the PTX cannot be made anew here, and whether setup would have changed that.
pub fn not_renewable() -> Option<(String, bool)> {
    let Some(compiler) = compiler() else {
        return Some(("there is no rustc".to_owned(), false));
    };
    let texts = texts(&directory());
    let recorded = texts.iter().map(|(_, text)| recorded_compiler(text));
    if let Some(other) = recorded.into_iter().find(|recorded| *recorded != compiler) {
        let why = format!("it was made by {other}, and here is {compiler}");
        return Some((why, false));
    }
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let sources = Path::new(&sysroot).join("lib/rustlib/src/rust/library/core/src/lib.rs");
    if sources.exists() {
        return None;
    }
    let has_rustup = Command::new("rustup").arg("-V").output().is_ok();
    let why = "the compiler is without the sources of its core: run `cuda/kernels/setup` once";
    Some((why.to_owned(), has_rustup))
}

pub fn it_holds_the_rules() {
    let mut wrong = Vec::new();
    for (name, text) in texts(&directory()) {
        let found = broken(&Module::parse(&text));
        wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub fn it_is_all_and_starts_what_it_should() {
    let texts = texts(&directory());
    let found: Vec<_> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), Module::parse(text)))
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(name, module)| (*name, module.entries().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        found,
        MODULES.map(|(name, entries)| (name, entries.to_vec()))
    );
}

pub fn one_compiler_made_it() {
    let texts = texts(&directory());
    for (name, text) in &texts {
        assert_eq!(
            recorded_compiler(text),
            recorded_compiler(&texts[0].1),
            "{name} and {} are of two compilers: renew both by `cuda/kernels/build`",
            texts[0].0
        );
        assert!(recorded_compiler(text).starts_with("rustc "), "{name}");
    }
}

/// Makes all of it anew and compares.
pub fn it_is_what_the_kernels_compile_to() {
    let made = tempfile::tempdir().expect("a directory");
    let output = Command::new(kernels().join("build"))
        .arg(made.path())
        .output()
        .expect("cuda/kernels/build runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cuda/kernels/build: {said}");
    let (made, committed) = (texts(made.path()), texts(&directory()));
    let names = |texts: &[(String, String)]| -> Vec<String> {
        texts.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&made), names(&committed));
    for ((name, made), (_, committed)) in made.iter().zip(&committed) {
        let same = made.lines().zip(committed.lines());
        let line = same
            .take_while(|(made, committed)| made == committed)
            .count()
            + 1;
        assert!(
            made == committed,
            "cuda/ptx/{name}.ptx is not what the kernels compile to, from line {line} on: renew it by `cuda/kernels/build`"
        );
    }
}
