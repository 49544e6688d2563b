//! Expressions against CPython: `golden/expressions.jsonl` was written by `golden/generate_expressions.py`.

use hairpin_core::Expression;
use serde_json::Value;

/// Where an expression takes a power, a logarithm, an exponential or a sine. libm and the C library behind CPython each
/// keep within 1 ULP of the true value, hence within 2 ULP of each other, at most 2 * 2^-52 = 4.5e-16 relative;
/// the generator keeps only expressions in which any such difference stays within this at the end.
const TOLERANCE: f64 = 1e-15;

fn lines() -> impl Iterator<Item = Value> {
    include_str!("golden/expressions.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object a line"))
}

fn text(line: &Value) -> &str {
    line["text"].as_str().expect("every line has a text")
}

/// The same number: bit for bit, except that one NaN is as good as another.
fn same(found: f64, expected: f64) -> bool {
    found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan())
}

fn close(found: f64, expected: f64) -> bool {
    same(found, expected) || (found - expected).abs() <= TOLERANCE * expected.abs()
}

#[test]
fn values_are_cpythons() {
    let (mut exact_values, mut inexact_values) = (0, 0);
    for line in lines().filter(|line| line["refused"].is_null()) {
        let text = text(&line);
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let exact = line["exact"].as_bool().expect("a flag");
        let (steps, bits) = (
            line["steps"].as_array().expect("steps"),
            line["bits"].as_array().expect("bits"),
        );
        assert_eq!(steps.len(), bits.len(), "{text}");
        for (step, bits) in steps.iter().zip(bits) {
            let step = u32::try_from(step.as_u64().expect("a step")).expect("a 32-bit step");
            let bits =
                u64::from_str_radix(bits.as_str().expect("hex digits"), 16).expect("hex digits");
            let (found, expected) = (expression.eval(step), f64::from_bits(bits));
            let agrees = if exact {
                same(found, expected)
            } else {
                close(found, expected)
            };
            assert!(
                agrees,
                "{text}\nat step {step}: {found:e}, CPython: {expected:e}"
            );
            *(if exact {
                &mut exact_values
            } else {
                &mut inexact_values
            }) += 1;
        }
    }
    assert!(
        exact_values > 2000 && inexact_values > 400,
        "{exact_values} exact, {inexact_values} inexact values"
    );
}

#[test]
fn what_cpython_refuses_is_refused() {
    let mut refused = 0;
    for line in lines().filter(|line| !line["refused"].is_null()) {
        let text = text(&line);
        assert!(
            Expression::parse(text).is_err(),
            "CPython calls this a syntax error: {text}"
        );
        refused += 1;
    }
    assert!(refused > 100, "{refused} texts");
}
