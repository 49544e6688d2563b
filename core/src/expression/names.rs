//! The names an expression may use, and what a call of each function compiles to.

use super::op::Op;

/// A function as the compiler sees it: `each` follows every argument, `join` every argument after the first.
///
/// So `max(a, b, c)` folds on two stack places however many arguments there are, and `log(x, base)` is
/// `log(x) / log(base)`, which is how Python computes it.
#[derive(Debug)]
pub(super) struct Function {
    name: &'static str,
    homes: u8,
    pub(super) each: Option<Op>,
    pub(super) join: Option<Op>,
    pub(super) at_least: u8,
    pub(super) at_most: u8,
}

/// What a name other than the step's stands for.
pub(super) enum Meaning {
    Constant(f64),
    Function(&'static Function),
}

const BARE: u8 = 1;
const MATH: u8 = 2;
const NUMPY: u8 = 4;
const ALL: u8 = BARE | MATH | NUMPY;

const fn unary(name: &'static str, homes: u8, op: Op) -> Function {
    Function {
        name,
        homes,
        each: Some(op),
        join: None,
        at_least: 1,
        at_most: 1,
    }
}

const fn binary(name: &'static str, homes: u8, op: Op) -> Function {
    Function {
        name,
        homes,
        each: None,
        join: Some(op),
        at_least: 2,
        at_most: 2,
    }
}

static FUNCTIONS: &[Function] = &[
    Function {
        at_most: u8::MAX,
        ..binary("min", BARE, Op::Min)
    },
    Function {
        at_most: u8::MAX,
        ..binary("max", BARE, Op::Max)
    },
    unary("abs", BARE | NUMPY, Op::Abs),
    unary("floor", ALL, Op::Floor),
    unary("ceil", ALL, Op::Ceil),
    unary("sqrt", ALL, Op::Sqrt),
    unary("exp", ALL, Op::Exp),
    Function {
        join: Some(Op::Divide),
        at_most: 2,
        ..unary("log", BARE | MATH, Op::Log)
    },
    // NumPy's second argument is where to write the result.
    unary("log", NUMPY, Op::Log),
    unary("sin", ALL, Op::Sin),
    unary("cos", ALL, Op::Cos),
    binary("pow", BARE | MATH, Op::Power),
    Function {
        name: "float",
        homes: BARE,
        each: None,
        join: None,
        at_least: 1,
        at_most: 1,
    },
    unary("int", BARE, Op::Truncate),
    unary("fabs", MATH | NUMPY, Op::Abs),
    binary("power", NUMPY, Op::Power),
    binary("minimum", NUMPY, Op::Minimum),
    binary("maximum", NUMPY, Op::Maximum),
];

/// Every name an expression understands, for suggesting the nearest one; `numpy.` may stand for `np.`.
pub const NAMES: &[&str] = &[
    "step",
    "epoch",
    "pi",
    "min",
    "max",
    "abs",
    "floor",
    "ceil",
    "sqrt",
    "exp",
    "log",
    "sin",
    "cos",
    "pow",
    "float",
    "int",
    "math.pi",
    "math.e",
    "math.floor",
    "math.ceil",
    "math.sqrt",
    "math.exp",
    "math.log",
    "math.sin",
    "math.cos",
    "math.pow",
    "math.fabs",
    "np.pi",
    "np.e",
    "np.abs",
    "np.floor",
    "np.ceil",
    "np.sqrt",
    "np.exp",
    "np.log",
    "np.sin",
    "np.cos",
    "np.fabs",
    "np.power",
    "np.minimum",
    "np.maximum",
];

/// The words that are operators or values and cannot be names.
pub(super) fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "lambda" | "if" | "else" | "and" | "or" | "not" | "True" | "False"
    )
}

/// Looks up a name with its prefix.
pub(super) fn find(name: &str) -> Option<Meaning> {
    let (home, name) = match name.split_once('.') {
        None => (BARE, name),
        Some(("math", name)) => (MATH, name),
        Some(("np" | "numpy", name)) => (NUMPY, name),
        Some(_) => return None,
    };
    match name {
        "pi" => return Some(Meaning::Constant(core::f64::consts::PI)),
        "e" if home != BARE => return Some(Meaning::Constant(core::f64::consts::E)),
        _ => {}
    }
    FUNCTIONS
        .iter()
        .find(|f| f.name == name && f.homes & home != 0)
        .map(Meaning::Function)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list for suggestions and the table for compiling cannot drift apart.
    #[test]
    fn names_and_meanings_agree() {
        for name in NAMES {
            assert!(
                find(name).is_some() || matches!(*name, "step" | "epoch"),
                "{name} means nothing"
            );
        }
        let prefixes = [(BARE, None), (MATH, Some("math")), (NUMPY, Some("np"))];
        for function in FUNCTIONS {
            for (home, prefix) in prefixes {
                let listed = NAMES.iter().any(|listed| match listed.split_once('.') {
                    None => prefix.is_none() && *listed == function.name,
                    Some((before, after)) => prefix == Some(before) && after == function.name,
                });
                let known = FUNCTIONS
                    .iter()
                    .any(|f| f.name == function.name && f.homes & home != 0);
                assert_eq!(listed, known, "{prefix:?} {}", function.name);
            }
        }
        assert!(find("e").is_none() && find("numpy.e").is_some() && find("math.min").is_none());
    }
}
