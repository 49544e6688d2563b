//! Sweeps on a GPU: the same files as on a CPU, also where they were begun on the other.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use hairpin_cuda::Stream;
use hairpin_host::spec::Spec;
use hairpin_host::sweep::{self, Backend, SweepError};
use hairpin_host::train::Watch;

/// A model that no shared memory holds.
const LARGE: &str = "
method = \"grid\"
trials = 2
[train]
data = \"digits\"
model = \"mlp\"
hidden = 900
steps = 2
batch = 5
[[schedules]]
kind = \"constant\"
learning_rate = { values = [0.01, 0.1] }
[sgd]
momentum = 0.5
";

fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("a finished sweep");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            (name.into_owned(), std::fs::read(&path).expect("a file"))
        })
        .collect()
}

fn run(spec: &Spec, directory: &Path, backend: &Backend) -> BTreeMap<String, Vec<u8>> {
    sweep::run(spec, directory, backend, &Watch::default()).expect("a sweep");
    files(directory)
}

fn same(expected: &BTreeMap<String, Vec<u8>>, found: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(expected), names(found));
    for (name, bytes) in expected {
        assert!(Some(bytes) == found.get(name), "{name} differs");
    }
}

/// Runs until some steps were taken, and stops.
fn stopped(spec: &Spec, directory: &Path, backend: &Backend) {
    let watch = Watch::default();
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| {
            while watch.trial_steps.load(Ordering::Relaxed) == 0 {
                std::thread::yield_now();
            }
            watch.cancel.store(true, Ordering::Relaxed);
        });
        sweep::run(spec, directory, backend, &watch)
    });
    assert!(matches!(ended, Err(SweepError::Interrupted { .. })));
}

pub(crate) fn check(stream: &Stream) {
    let gpu = Backend::Gpu(stream.gpu().clone());
    let place = tempfile::tempdir().expect("a directory");
    let at = |name: &str| place.path().join(name);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/short.toml");
    let spec = Spec::load(&path).expect("a specification");
    let expected = run(&spec, &at("cpu"), &Backend::Cpu);
    same(&expected, &run(&spec, &at("gpu"), &gpu));

    stopped(&spec, &at("there and back"), &gpu);
    same(&expected, &run(&spec, &at("there and back"), &Backend::Cpu));
    stopped(&spec, &at("back and there"), &Backend::Cpu);
    same(&expected, &run(&spec, &at("back and there"), &gpu));

    let path = at("large.toml");
    std::fs::write(&path, LARGE).expect("a file");
    let spec = Spec::load(&path).expect("a specification");
    let expected = run(&spec, &at("large cpu"), &Backend::Cpu);
    same(&expected, &run(&spec, &at("large gpu"), &gpu));
}
