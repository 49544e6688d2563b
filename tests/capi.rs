//! The C interface: its header is what the crate says, and programs in C get the core's bits from it, on this machine and on chips.
//!
//! Without compilers for C, or for the chips, what needs them counts as ignored and says so; `tests/firmware/setup` brings the chips'.
//! `REQUIRE_FIRMWARE=1` makes their absence a failure.

#[path = "capi/chip.rs"]
mod chip;
#[path = "capi/expected.rs"]
mod expected;
#[path = "capi/header.rs"]
mod header;
#[path = "capi/library.rs"]
mod library;
#[path = "capi/refused.rs"]
mod refused;
#[path = "firmware/host/tools.rs"]
#[expect(dead_code, reason = "it builds Rust's firmware, too")]
mod tools;

use libtest_mimic::{Arguments, Trial};

use tools::Tools;

/// Names a check by its function.
macro_rules! checks {
    ($($module:ident::$check:ident),+ $(,)?) => {
        [$((concat!(stringify!($module), "::", stringify!($check)), $module::$check as _)),+]
    };
}

fn main() {
    let mut arguments = Arguments::from_args();
    // One build directory.
    arguments.test_threads.get_or_insert(1);
    let anywhere: [(_, fn()); 4] = checks![
        header::the_committed_one_is_what_the_crate_makes,
        header::every_kind_has_a_function_with_its_parameters,
        header::every_word_is_a_constant_with_its_place,
        header::the_structs_are_as_large_as_they_have_to_be,
    ];
    let with_compiler: [(_, fn()); 6] = checks![
        library::it_defines_the_functions_of_the_header_and_nothing_else,
        library::it_goes_where_the_caller_says,
        library::it_needs_nothing_but_copying_of_memory,
        library::a_program_in_c_gets_the_cores_bits,
        library::a_program_in_cpp_gets_the_cores_bits,
        library::the_program_of_the_guide_compiles,
    ];
    let no_compiler = library::missing();
    if let Some(missing) = &no_compiler {
        eprintln!("\ncapi: what needs a compiler for C is skipped, as {missing}");
    }
    let tools = Tools::find().and_then(|tools| {
        let missing = library::missing_make().or_else(|| chip::missing(&tools));
        missing.map_or(Ok(tools), Err)
    });
    if let Err(missing) = &tools {
        eprintln!("\ncapi: what needs a chip is skipped, as {missing}");
    }
    if std::env::var_os("REQUIRE_FIRMWARE").is_some() && (no_compiler.is_some() || tools.is_err()) {
        eprintln!("capi: REQUIRE_FIRMWARE is set, so that this is a failure");
        std::process::exit(1);
    }
    let trial = |(name, check): (&str, fn()), is_missing: bool| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
        .with_ignored_flag(is_missing)
    };
    let anywhere = anywhere.map(|check| trial(check, false));
    let with_compiler = with_compiler.map(|check| trial(check, no_compiler.is_some()));
    let on_chips = chip::trials().into_iter().map(|(name, check)| {
        let ready = tools.clone();
        let is_missing = ready.is_err();
        Trial::test(name, move || {
            check(&ready?);
            Ok(())
        })
        .with_ignored_flag(is_missing)
    });
    let trials = anywhere.into_iter().chain(with_compiler).chain(on_chips);
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
