//! Values that Python gives, and those where it would raise.

use super::*;

#[test]
fn the_articles_lambda() {
    for step in [0, 1, 2, 99, 100_000, u32::MAX] {
        let expected = libm::pow(0.95, f64::from(step));
        assert_eq!(
            eval("lambda epoch: 0.95 ** epoch", step).to_bits(),
            expected.to_bits()
        );
    }
}

#[test]
fn precedence_is_pythons() {
    for (text, expected) in [
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("2**-1**2", 0.5),
        ("-2**-2", -0.25),
        ("10 - 2 - 3", 5.0),
        ("2 + 3 * 4 % 5", 4.0),
        ("100 / 10 / 2", 5.0),
        ("not 1 == 2", 1.0),
        ("not 0 and 0", 0.0),
        ("1 or 0 and 0", 1.0),
        ("0 or 5", 5.0),
        ("3 and 4", 4.0),
        ("0 and 4", 0.0),
        ("1 < 2 < 3", 1.0),
        ("3 > 2 > 2", 0.0),
        ("(3 > 2) > 0", 1.0),
        ("3 > 2 == 1", 0.0),
        ("1 < 3 > 2 != 4 <= 4 >= 4", 1.0),
        ("1 if 0 else 2 if 0 else 3", 3.0),
        ("1 if (0 if 1 else 1) else 2", 2.0),
        ("1 + 1 if 1 else 5 + 5", 2.0),
        ("not 1 if 1 else 7", 0.0),
        ("max(1, 7 if True else 2, 3)", 7.0),
        (
            "(1 if 1 else 2) if (3 if 0 else 0) else (4 if 1 else 5) + (6 if 0 else 7)",
            11.0,
        ),
        ("log(8, 2)", libm::log(8.0) / libm::log(2.0)),
        ("math.floor(2.5) + np.ceil(2.5) + int(-2.5) + float(1)", 4.0),
        ("np.maximum(2, 3) - np.minimum(2, 3) + max(1, 2, 3,)", 4.0),
        (
            "1_000 + .5 + 5. + 1e-3 + 1_0.0_1e1_0",
            1000.5 + 5.0 + 1e-3 + 10.01e10,
        ),
        ("(\n  1\n  + 2\n)", 3.0),
        ("1 if 1 else 1/0", 1.0),
    ] {
        assert_eq!(eval(text, 0).to_bits(), f64::to_bits(expected), "{text}");
    }
}

#[test]
fn the_step_goes_by_three_names() {
    assert_eq!(eval("lambda e: e + step + epoch", 7), 21.0);
    assert_eq!(eval("lambda pi: pi", 7), 7.0);
    assert_eq!(eval("lambda exp: exp * math.exp(0)", 7), 7.0);
    assert_eq!(
        error("7 + e"),
        ExpressionError::UnknownName { at: 4, len: 1 }
    );
    assert_eq!(eval("step", u32::MAX), 4_294_967_295.0);
}

/// What is undefined in Python has the value that IEEE gives it.
#[test]
fn total_where_python_raises() {
    for (text, expected) in [
        ("1 / 0", f64::INFINITY),
        ("-1 // 0", f64::NEG_INFINITY),
        ("0 ** -1", f64::INFINITY),
        ("log(0)", f64::NEG_INFINITY),
        ("int(1e999)", f64::INFINITY),
        ("10 ** 400", f64::INFINITY),
    ] {
        assert_eq!(eval(text, 0), expected, "{text}");
    }
    for text in [
        "1 % 0",
        "0 // 0",
        "sqrt(-1)",
        "log(-1)",
        "(-8) ** (1/3)",
        "1e999 - 1e999",
    ] {
        assert!(eval(text, 0).is_nan(), "{text}");
    }
}

/// A NaN is true, compares to nothing, and reaches `max` as it does in Python: only from the first place.
#[test]
fn nan_is_treated_as_in_python() {
    for (text, expected) in [
        ("NAN or 3", None),
        ("NAN and 3", Some(3.0)),
        ("not NAN", Some(0.0)),
        ("NAN == NAN", Some(0.0)),
        ("NAN != NAN", Some(1.0)),
        ("1 < NAN < 3", Some(0.0)),
        ("5 if NAN else 6", Some(5.0)),
        ("max(NAN, 1)", None),
        ("max(1, NAN)", Some(1.0)),
        ("min(2, NAN, 1)", Some(1.0)),
        ("np.maximum(1, NAN)", None),
        ("np.maximum(NAN, 1)", None),
        ("np.minimum(1, NAN)", None),
        ("np.minimum(NAN, 1)", None),
    ] {
        let value = eval(&text.replace("NAN", "(1e999 - 1e999)"), 0);
        match expected {
            Some(expected) => assert_eq!(value, expected, "{text}"),
            None => assert!(value.is_nan(), "{text}"),
        }
    }
}
