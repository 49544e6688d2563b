//! Checks in a process that finds the stand-in where it looks for the driver.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::{env, fs};

use hairpin_cuda::Gpu;
use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

use crate::checks;

/// Which check a process runs, or that it opens the GPU and no more.
const CHECK: &str = "HAIRPIN_GPU_CHECK";
const OPEN: &str = "open";

/// In which order the stand-in does its work.
const ORDERS: [&str; 6] = [
    "early",
    "late",
    "others-first",
    "chance-1",
    "chance-2",
    "chance-3",
];

/// How opening fails, and what is said then.
const FAILURES: [(&str, &str); 9] = [
    ("stub", "stub for linking; take its directory"),
    (
        "no-device",
        "sees no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES",
    ),
    (
        "none",
        "sees no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES",
    ),
    (
        "init",
        "starting the driver failed: CUDA_ERROR_UNKNOWN (unknown error)",
    ),
    (
        "old-driver",
        "too old (it is for CUDA 11.2): it must be for CUDA 11.4 or newer",
    ),
    (
        "old-device",
        "stand-in is too old: its compute capability is 7.0",
    ),
    (
        "ptx",
        "too old (for CUDA 12.4 as it is, it does not take these kernels)",
    ),
    ("launch", "taking a step failed: CUDA_ERROR_ILLEGAL_ADDRESS"),
    (
        "ordinal",
        "there is no GPU number 3: this machine has 1, counted from 0",
    ),
];

/// Does what this process was started for, if it was started here.
pub(crate) fn is_child() -> bool {
    let Ok(name) = env::var(CHECK) else {
        return false;
    };
    if name == OPEN {
        match open() {
            Ok(()) => println!("opened"),
            Err(error) => println!("{error}"),
        }
        return true;
    }
    let (_, check) = checks().find(|(known, _)| *known == name).expect("a check");
    check(
        &Gpu::open()
            .expect("the stand-in")
            .stream()
            .expect("a stream"),
    );
    true
}

/// Opens the GPU and takes a step.
fn open() -> Result<(), hairpin_cuda::GpuError> {
    use hairpin_cuda::{Buffer, Layout, Optimizer, Options, RateTable};

    if env::var("STANDIN_FAIL").is_ok_and(|how| how == "ordinal") {
        return Gpu::open_device(3).map(drop);
    }
    let stream = Gpu::open()?.stream()?;
    let table = RateTable::whole(&stream, 0, 1, &[0.1], None)?;
    let sgd = hairpin_core::Sgd::new(hairpin_core::SgdConfig::default()).expect("an update");
    let mut optimizer = Optimizer::new(
        &stream,
        &Layout::uniform(1, 1)?,
        &[sgd],
        table,
        Options::default(),
    )?;
    let mut params = Buffer::zeros(&stream, 1)?;
    let grads = Buffer::zeros(&stream, 1)?;
    optimizer.step(&mut params, &grads, &mut Buffer::zeros(&stream, 0)?)
}

/// A directory with a library where the loader looks for the driver's.
struct Place(TempDir);

impl Place {
    fn with(library: Option<&Path>) -> Self {
        let place = TempDir::new().expect("a directory");
        for name in ["libcuda.so", "libcuda.so.1"] {
            if let Some(library) = library {
                fs::copy(library, place.path().join(name)).expect("a copy");
            }
        }
        Self(place)
    }

    fn run(&self, check: &str, settings: &[(&str, &str)]) -> Output {
        Command::new(env::current_exe().expect("this program"))
            .env("LD_LIBRARY_PATH", self.0.path())
            .env(CHECK, check)
            .envs(settings.iter().copied())
            .output()
            .expect("a process")
    }
}

/// Cargo puts it beside this program's libraries.
fn library() -> PathBuf {
    let program = env::current_exe().expect("this program");
    let library = program.with_file_name("libstandin.so");
    assert!(
        library.exists(),
        "{} is built with this suite",
        library.display()
    );
    library
}

/// All checks, in every order, and every way that opening fails. `no_driver`: this machine has none.
pub(crate) fn trials(no_driver: bool) -> Vec<Trial> {
    let place = Arc::new(Place::with(Some(&library())));
    let mut trials = Vec::new();
    for order in ORDERS {
        for (name, _) in checks() {
            let place = Arc::clone(&place);
            trials.push(Trial::test(
                format!("stand-in, {order}, {name}"),
                move || {
                    let ran = place.run(
                        name,
                        &[("STANDIN_ORDER", order), ("STANDIN_MEMORY", "1000000000")],
                    );
                    if ran.status.success() {
                        return Ok(());
                    }
                    Err(Failed::from(format!("{}\n{}", ran.status, told(&ran))))
                },
            ));
        }
    }
    for (how, words) in FAILURES {
        let place = Arc::clone(&place);
        trials.push(Trial::test(format!("opening fails: {how}"), move || {
            says(&place.run(OPEN, &[("STANDIN_FAIL", how)]), words)
        }));
    }
    trials.push(Trial::test("opening", move || {
        says(&place.run(OPEN, &[]), "opened")
    }));
    trials.push(Trial::test(
        "opening fails: a driver that lacks what is called",
        || {
            let built = TempDir::new()?;
            let library = built.path().join("empty.so");
            let compiled = Command::new("cc")
                .args(["-shared", "-x", "c", "/dev/null", "-o"])
                .arg(&library)
                .status()?;
            assert!(compiled.success());
            says(
                &Place::with(Some(&library)).run(OPEN, &[]),
                "too old (it has no cuCtxGetCurrent)",
            )
        },
    ));
    let none = Trial::test("opening fails: no driver", || {
        says(
            &Place::with(None).run(OPEN, &[]),
            "no NVIDIA driver: libcuda.so.1",
        )
    });
    trials.push(none.with_ignored_flag(!no_driver));
    trials
}

fn told(ran: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&ran.stdout) + &text(&ran.stderr)
}

/// That it ended well, without a panic, and said this.
fn says(ran: &Output, words: &str) -> Result<(), Failed> {
    let told = told(ran);
    if ran.status.success() && told.contains(words) {
        return Ok(());
    }
    Err(Failed::from(format!("{}: {told}", ran.status)))
}
