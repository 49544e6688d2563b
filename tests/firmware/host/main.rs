//! The firmware, built for every chip, run in its emulator and held against the host.
//!
//! Without compilers and emulators for the chips every test here counts as ignored and says so; `tests/firmware/setup` brings
//! them. `REQUIRE_FIRMWARE=1` makes their absence a failure.

mod conformance;
mod costs;
mod tools;

use libtest_mimic::{Arguments, Trial};

use tools::Tools;

fn main() {
    let mut arguments = Arguments::from_args();
    // One build directory, and emulators that take a processor each.
    arguments.test_threads.get_or_insert(2);
    let tools = Tools::find();
    if let Err(missing) = &tools {
        eprintln!("\nfirmware: every test is skipped, as {missing}");
        if std::env::var_os("REQUIRE_FIRMWARE").is_some() {
            eprintln!("firmware: REQUIRE_FIRMWARE is set, so that this is a failure");
            std::process::exit(1);
        }
    }
    let groups = [
        (conformance::trials(), tools.clone()),
        (costs::trials(), costs::can_count(&tools)),
    ];
    let trials = groups.into_iter().flat_map(|(checks, ready)| {
        checks.into_iter().map(move |(name, check)| {
            let ready = ready.clone();
            let is_missing = ready.is_err();
            Trial::test(name, move || {
                check(&ready?);
                Ok(())
            })
            .with_ignored_flag(is_missing)
        })
    });
    let trials = trials.collect();
    libtest_mimic::run(&arguments, trials).exit();
}
