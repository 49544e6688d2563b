//! The chips, the compiler and the emulators.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{env, fs};

/// An emulated chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    /// What it is called in tests and tables.
    pub name: &'static str,
    /// What it is called in headings.
    pub title: &'static str,
    /// The compiler's name for it.
    pub target: &'static str,
    emulator: &'static str,
    machine: &'static [&'static str],
}

/// A name and what it checks.
pub type Check = (String, Box<dyn FnOnce(&Tools) + Send>);

pub const CHIPS: [Chip; 4] = [
    Chip {
        name: "cortex_m4f",
        title: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        emulator: "qemu-system-arm",
        machine: &["-M", "mps2-an386"],
    },
    Chip {
        name: "cortex_m3",
        title: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        emulator: "qemu-system-arm",
        machine: &["-M", "mps2-an385"],
    },
    Chip {
        name: "cortex_m0",
        title: "Cortex-M0",
        target: "thumbv6m-none-eabi",
        emulator: "qemu-system-arm",
        machine: &["-M", "microbit"],
    },
    Chip {
        name: "rv32imac",
        title: "RV32IMAC",
        target: "riscv32imac-unknown-none-elf",
        emulator: "qemu-system-riscv32",
        machine: &["-M", "virt", "-bios", "none"],
    },
];

/// How long an emulated chip may take, before it is said to hang. The longest run here takes a fifth of it.
const PATIENCE: Duration = Duration::from_secs(300);

/// What `tests/firmware/setup` has prepared.
#[derive(Clone)]
pub struct Tools {
    variables: BTreeMap<String, String>,
}

/// Whether what is missing is a failure.
pub fn are_required() -> bool {
    env::var_os("REQUIRE_FIRMWARE").is_some()
}

/// The workspace of the firmware.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("firmware")
}

/// The level of optimisation, where it is to be another than firmware's own.
pub fn optimisation() -> Option<String> {
    env::var("HAIRPIN_OPT_LEVEL").ok()
}

/// Where firmware is built: a directory for each level of optimisation.
pub fn built() -> PathBuf {
    match optimisation() {
        None => workspace().join("target"),
        Some(level) => workspace().join(format!("target/opt-level-{level}")),
    }
}

impl Tools {
    /// What `tests/firmware/setup` has prepared, or what to do about it.
    pub fn find() -> Result<Self, String> {
        let home = env::var_os("HAIRPIN_FIRMWARE")
            .map(PathBuf::from)
            .or_else(|| {
                let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
                let cache =
                    cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
                Some(cache?.join("hairpin/firmware"))
            });
        let list = home
            .and_then(|home| fs::read_to_string(home.join("env")).ok())
            .ok_or("the compiler for the chips and QEMU are not set up: run `tests/firmware/setup` once")?;
        let mut variables: BTreeMap<String, String> = list
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        // A compiler that was updated or a directory that was cleared.
        let files = variables.values();
        if let Some(gone) = files.clone().find(|file| !Path::new(file).exists()) {
            return Err(format!(
                "{gone} is no longer there: run `tests/firmware/setup` again"
            ));
        }
        // What the system has comes first.
        let path = env::var("PATH").unwrap_or_default();
        let own = variables.remove("PATH").unwrap_or_default();
        variables.insert("PATH".to_owned(), format!("{path}:{own}"));
        Ok(Self { variables })
    }

    /// A program, with what was set up on its path.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // What cargo tells a test of its own package would be taken for the firmware's.
        for (name, _) in env::vars_os() {
            let foreign = name.to_string_lossy().starts_with("CARGO_") || name == "RUSTFLAGS";
            if foreign && name != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        command.envs(&self.variables);
        command
    }

    /// The compiler's version, as it says it.
    pub fn compiler(&self) -> String {
        let output = run(self.command(&self.variables["RUSTC"]).arg("-V"));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Builds a package of the firmware workspace for a chip, in release, and gives the directory of its programs.
    pub fn build(&self, chip: Chip, package: &str) -> PathBuf {
        run(&mut self.building(chip, "build", package));
        built().join(chip.target).join("release")
    }

    /// The command that builds a package, with `build` or another word of cargo's.
    pub fn building(&self, chip: Chip, word: &str, package: &str) -> Command {
        let mut command = self.command("cargo");
        command
            .current_dir(workspace())
            .args([word, "--quiet", "--release", "--locked"])
            .args(["--target", chip.target, "-p", package])
            .arg("--target-dir")
            .arg(built())
            // Logs of the firmware are chosen when it is compiled.
            .env("DEFMT_LOG", "info");
        if let Some(level) = optimisation() {
            command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", level);
        }
        command
    }

    /// Runs a firmware in `directory`, where it finds and leaves its files, and waits for it to end; `more` are options of QEMU.
    pub fn emulate(&self, chip: Chip, firmware: &Path, directory: &Path, more: &[&str]) -> Output {
        let mut command = self.command("timeout");
        command
            .arg(PATIENCE.as_secs().to_string())
            .arg(chip.emulator)
            .args(chip.machine)
            .args(["-nographic", "-monitor", "none", "-serial", "none"])
            .args(["-semihosting-config", "enable=on,target=native"])
            .args(more)
            .arg("-kernel")
            .arg(firmware)
            .current_dir(directory)
            .stdin(Stdio::null());
        run(&mut command)
    }
}

/// Runs a command that has to succeed.
pub fn run(command: &mut Command) -> Output {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let line = words.join(" ");
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    assert!(
        output.status.success(),
        "{line}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}
