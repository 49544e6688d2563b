//! Calls of a dialect by hand, for the tests of the libraries.

use super::{Arguments, Canonical, Dialect, Given, IfAbsent, Refusal, Translation};

/// What a dialect makes of these arguments, with its own defaults for the others.
pub(super) fn call(
    dialects: &[Dialect],
    name: &str,
    given: &[(&str, Given)],
    faithful: bool,
) -> Result<Translation, Refusal> {
    let dialect = dialects
        .iter()
        .find(|dialect| dialect.name == name)
        .unwrap_or_else(|| panic!("no dialect {name}"));
    for (known, _) in given {
        assert!(
            dialect.arguments.iter().any(|one| one.name == *known),
            "{name} has no argument {known}"
        );
    }
    let given: Vec<(&'static str, Option<Given>)> = dialect
        .arguments
        .iter()
        .map(|argument| {
            let value = given.iter().find(|(known, _)| *known == argument.name);
            let value = match (value, argument.if_absent) {
                (Some((_, value)), _) => Some(value.clone()),
                (None, IfAbsent::Required | IfAbsent::Outer) => {
                    panic!("{name} needs {}", argument.name)
                }
                (None, IfAbsent::None) => None,
                (None, IfAbsent::Number(number)) => Some(Given::Number(number)),
                (None, IfAbsent::Integer(integer)) => Some(Given::Integer(integer)),
                (None, IfAbsent::Flag(flag)) => Some(Given::Flag(flag)),
                (None, IfAbsent::Text(text)) => Some(Given::Text(text.to_owned())),
            };
            (argument.name, value)
        })
        .collect();
    (dialect.translate)(&Arguments {
        given: &given,
        faithful,
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
    let translation = call(dialects, name, given, false).expect("the library takes this");
    assert_eq!(translation.schedule, schedule);
    assert_eq!(translation.momentum, None);
    translation.remarks.len()
}

/// What a call that is refused is told.
#[track_caller]
pub(super) fn refusal(dialects: &[Dialect], name: &str, given: &[(&str, Given)]) -> String {
    call(dialects, name, given, false)
        .expect_err("this is refused")
        .to_string()
}
