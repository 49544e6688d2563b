//! The kernels as PTX: its rules, whether it is what the kernels compile to, and what NVIDIA's assembler makes of it.
//!
//! The rules are always held. The rest counts as ignored and says so where what it needs is missing; `cuda/kernels/setup` brings that.
//! `REQUIRE_PTX=1` makes its absence a failure; PTX of another compiler than the one here is none, and is held to the rules alone.

#[path = "ptx/assembled.rs"]
mod assembled;
#[path = "ptx/committed.rs"]
mod committed;
#[path = "ptx/rules.rs"]
mod rules;
#[path = "ptx/text.rs"]
mod text;

use libtest_mimic::{Arguments, Trial};

use assembled::Tools;

/// Names a check by its function.
macro_rules! checks {
    ($($module:ident::$check:ident),+ $(,)?) => {
        [$((concat!(stringify!($module), "::", stringify!($check)), $module::$check as _)),+]
    };
}

fn main() {
    let arguments = Arguments::from_args();
    let anywhere: [(_, fn()); 8] = checks![
        rules::texts_are_taken_apart,
        rules::what_is_right_is_taken,
        rules::what_is_wrong_is_found,
        rules::what_fuses_is_called_by_what_is_called_so_alone,
        committed::it_holds_the_rules,
        committed::it_is_all_and_starts_what_it_should,
        committed::one_compiler_made_it,
        assembled::reports_are_read,
    ];
    let with_compiler: [(_, fn()); 1] = checks![committed::it_is_what_the_kernels_compile_to];
    let with_assembler: [(_, fn(&Tools)); 3] = checks![
        assembled::every_card_takes_it_without_spills,
        assembled::separate_updates_fuse_nothing,
        assembled::registers_are_as_recorded,
    ];
    let not_renewable = committed::not_renewable();
    let mut is_lacking = false;
    if let Some((why, can_be_set_up)) = &not_renewable {
        eprintln!("\nptx: skipped: whether it is up to date, as {why}; rules alone were held");
        is_lacking |= can_be_set_up;
    }
    let tools = Tools::find();
    if let Err(missing) = &tools {
        eprintln!("\nptx: skipped: what it is on cards, as {missing}");
        is_lacking = true;
    }
    if std::env::var_os("REQUIRE_PTX").is_some() && is_lacking {
        eprintln!("ptx: REQUIRE_PTX is set, so that this is a failure");
        std::process::exit(1);
    }
    let is_missing = tools.is_err();
    let on_cards = with_assembler.into_iter().map(|(name, check)| {
        let tools = tools.clone();
        Trial::test(name, move || {
            check(&tools?);
            Ok(())
        })
        .with_ignored_flag(is_missing)
    });
    let here = anywhere.into_iter().map(|check| (check, false));
    let renewed = with_compiler
        .into_iter()
        .map(|check| (check, not_renewable.is_some()));
    let here = here.chain(renewed).map(|((name, check), is_ignored)| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
        .with_ignored_flag(is_ignored)
    });
    let trials = here.chain(on_cards).collect();
    libtest_mimic::run(&arguments, trials).exit();
}
