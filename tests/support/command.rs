//! Runs the `hairpin` binary as a user does.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// The binary, built in the profile of these tests: Cargo builds it by itself only for tests of its own package.
pub fn hairpin() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    Command::new(BINARY.get_or_init(build))
}

fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--package",
        "hairpin-host",
        "--bin",
        "hairpin",
        "--message-format=json",
    ]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = cargo.stderr(Stdio::inherit()).output().expect("cargo runs");
    assert!(built.status.success(), "cargo could not build `hairpin`");
    let messages = String::from_utf8(built.stdout).expect("Cargo writes UTF-8");
    let executable = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.expect("Cargo names what it built")
}

/// What one run printed.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `hairpin` with `arguments` and `stdin`.
pub fn run(arguments: &[&str], stdin: &str) -> Run {
    let mut child = hairpin()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hairpin starts");
    let mut input = child.stdin.take().expect("piped");
    let text = stdin.to_owned();
    // On its own thread: a child that answers while it is written to would otherwise wait for us, and we for it.
    let writer = std::thread::spawn(move || {
        // A child that has already refused its arguments reads nothing.
        let _ = input.write_all(text.as_bytes());
    });
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("hairpin ends");
    writer.join().expect("the writer ends");
    Run {
        code: status.code(),
        stdout: String::from_utf8(stdout).expect("UTF-8"),
        stderr: String::from_utf8(stderr).expect("UTF-8"),
    }
}

/// Refused: status 2, nothing on standard output, and each of `told` on standard error.
pub fn refused(arguments: &[&str], told: &[&str]) {
    let run = run(arguments, "");
    assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
    assert_eq!(run.stdout, "", "{arguments:?}");
    // A report is wrapped to the width of a page.
    let stderr = run.stderr.replace('│', " ");
    let stderr = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in told {
        assert!(
            stderr.contains(text),
            "{arguments:?}: `{text}` is not in {stderr}"
        );
    }
}
