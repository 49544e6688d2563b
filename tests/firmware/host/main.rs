//! The firmware, built for every chip, run in its emulator and held against the host.
//!
//! Without compilers and emulators for the chips every test that needs them counts as ignored and says so; `tests/firmware/setup` brings
//! them. `REQUIRE_FIRMWARE=1` makes their absence a failure.

mod asked;
#[path = "../../support/bits.rs"]
mod bits;
#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../../support/cases.rs"]
mod cases;
#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../../support/command.rs"]
mod command;
#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../../support/comparison.rs"]
mod comparison;
mod conformance;
mod costs;
#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../../support/draw.rs"]
mod draw;
#[path = "../../checkpoint/draws.rs"]
mod draws;
mod edges;
#[expect(dead_code, reason = "other suites use more of it")]
#[path = "../../properties/kinds.rs"]
mod kinds;
mod panics;
mod requests;
#[path = "../../support/rng.rs"]
mod rng;
#[path = "../../support/sealed.rs"]
mod sealed;
mod story;
mod tools;

use libtest_mimic::{Arguments, Trial};

use tools::Tools;

fn main() {
    let mut arguments = Arguments::from_args();
    // One build directory, and emulators that take a processor each.
    arguments.test_threads.get_or_insert(2);
    let tools = Tools::find();
    let counting = tools.clone().and_then(costs::can_count);
    if let Err(missing) = &tools {
        skipped("what needs a chip is", missing);
    } else if let Err(missing) = &counting {
        skipped("the tests of costs are", missing);
    }
    let groups = [
        (conformance::trials(), tools.clone()),
        (panics::trials(), tools.clone()),
        (story::trials(), tools),
        (costs::trials(), counting),
    ];
    let on_chips = groups.into_iter().flat_map(|(checks, ready)| {
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
    let on_the_host = story::on_the_host()
        .into_iter()
        .chain(conformance::on_the_host())
        .chain(costs::on_the_host());
    let on_the_host = on_the_host.map(|(name, check)| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
    });
    let trials = on_the_host.chain(on_chips).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// Says aloud what is skipped and why, and ends where nothing may be.
fn skipped(what: &str, missing: &str) {
    eprintln!("\nfirmware: {what} skipped, as {missing}");
    if tools::are_required() {
        eprintln!("firmware: REQUIRE_FIRMWARE is set, so that this is a failure");
        std::process::exit(1);
    }
}
