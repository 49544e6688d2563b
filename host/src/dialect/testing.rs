//! Calls of dialects as a specification makes them, for the tests of every library.

use super::{Canonical, Dialect, Given, IfAbsent, Refusal, Translation};

/// A call of a scheduler with these arguments, the others at the library's defaults.
///
/// Panics where the scheduler or an argument is unknown, or where a required one is missing: the test is wrong then.
pub(super) fn call(
    dialects: &[Dialect],
    name: &str,
    given: &[(&str, Given)],
) -> Result<Translation, Refusal> {
    let dialect = dialects
        .iter()
        .find(|dialect| dialect.name == name)
        .unwrap_or_else(|| panic!("no scheduler {name}"));
    for (argument, _) in given {
        assert!(
            dialect
                .arguments
                .iter()
                .any(|known| known.name == *argument),
            "{name} has no {argument}"
        );
    }
    let arguments: Vec<_> = dialect
        .arguments
        .iter()
        .map(|argument| {
            let value = given
                .iter()
                .find(|(name, _)| *name == argument.name)
                .map_or_else(
                    || absent(name, argument.name, argument.if_absent),
                    |(_, value)| Some(value.clone()),
                );
            (argument.name, value)
        })
        .collect();
    (dialect.translate)(&super::Arguments {
        given: &arguments,
        faithful: false,
    })
}

/// Checks what a call is translated to, and counts the remarks.
#[track_caller]
pub(super) fn expect(
    dialects: &[Dialect],
    name: &str,
    given: &[(&str, Given)],
    schedule: Canonical,
) -> usize {
    let translation = call(dialects, name, given).expect("the library takes this");
    assert_eq!(translation.schedule, schedule);
    assert_eq!(translation.momentum, None);
    translation.remarks.len()
}

/// What a call that is refused is told.
#[track_caller]
pub(super) fn refusal(dialects: &[Dialect], name: &str, given: &[(&str, Given)]) -> String {
    call(dialects, name, given)
        .expect_err("this is refused")
        .to_string()
}

fn absent(name: &str, argument: &str, if_absent: IfAbsent) -> Option<Given> {
    match if_absent {
        IfAbsent::Required | IfAbsent::Outer => panic!("{name} needs {argument}"),
        IfAbsent::None => None,
        IfAbsent::Number(number) => Some(Given::Number(number)),
        IfAbsent::Integer(integer) => Some(Given::Integer(integer)),
        IfAbsent::Flag(flag) => Some(Given::Flag(flag)),
        IfAbsent::Text(text) => Some(Given::Text(text.to_owned())),
    }
}
