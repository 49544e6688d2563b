//! What a rate may take on a chip, and which programs have to keep to it.

use super::names;
use super::record::{CONFIG, FIGURES, FLASH, MEAN, Table, parts};

/// The program whose size is what all have in common.
pub(super) const EMPTY: &str = "empty";

/// The kinds of the article in one program, in bytes of flash on the chip of the budgets.
pub(super) const ARTICLE: (&str, f64) = ("article", 20.0 * 1024.0);

/// What the configuration of a single kind may take, in bytes.
pub(super) const CONFIGURATION: f64 = 256.0;

/// Programs that hold more than a single kind.
pub(super) const NOT_A_KIND: [&str; 4] = ["any", "article", "sgd", EMPTY];

/// The chip of the budgets.
pub(super) const BUDGETED: &str = "cortex_m4f";

/// What a rate may take there, in instructions of the mean: of what, how many, and the programs.
pub(super) const BUDGETS: [(&str, f64, &[&str]); 4] = [
    (
        "a rate in steps, on a line, by a loss or with a small whole power, and noam's",
        1_000.0,
        &[
            "anneal-linear",
            "constant",
            "constant_factor",
            "cyclic",
            "greedy",
            "greedy-observe",
            "inverse_sqrt",
            "inverse_time",
            "lambda-function",
            "linear",
            "linear_factor",
            "linear_warmup",
            "multi_step",
            "noam",
            "piecewise_constant",
            "piecewise_scale",
            "polynomial-power-1",
            "polynomial-power-2",
            "polynomial-power-2-cycle",
            "reduce_on_plateau",
            "reduce_on_plateau-observe",
            "step",
            "warmup_stable_decay",
        ],
    ),
    (
        "an exponential",
        3_000.0,
        &[
            "exponential",
            "exponential-in-fractions",
            "exponential-staircase",
            "geometric",
            "natural_exp",
        ],
    ),
    (
        "a cosine",
        3_400.0,
        &[
            "anneal-cosine",
            "cosine_annealing",
            "cosine_decay",
            "linear_warmup-from-a-record",
            "one_cycle-cosine",
            "piecewise_interpolate-cosine",
            "warm_restarts-t_mult-1",
            "warm_restarts-t_mult-2",
        ],
    ),
    (
        "a fractional power",
        10_800.0,
        &[
            "anneal-fractional-power",
            "cosine_decay-fractional-exponent",
            "inverse_sqrt-fractional-power",
            "k_decay-fractional",
            "polynomial-fractional-power",
        ],
    ),
];

/// What has no budget of instructions, and why.
pub(super) const WITHOUT_BUDGET: [(&str, &[&str]); 6] = [
    (
        "no rate: what only links, and the update",
        &[
            ARTICLE.0,
            EMPTY,
            "sgd-fused",
            "sgd-fused-momentum",
            "sgd-separate",
            "sgd-separate-momentum",
        ],
    ),
    (
        "as much as was written down: an expression, and a composition of any kinds",
        &[
            "any",
            "any-8-pieces",
            "lambda-cosine",
            "lambda-polynomial",
            "lambda-power",
            "multiplicative",
            "multiplicative-observe",
        ],
    ),
    (
        "a cosine, and an exact remainder of any fraction of a wave before it",
        &["anneal-cycles", "cosine_cycles"],
    ),
    (
        "an exponential, and a second function beside it or a power before it",
        &["anneal-exponential", "cyclic-exp_range", "tanh"],
    ),
    (
        "a root, or a power of a power",
        &["anneal-sqrt", "k_decay-whole"],
    ),
    (
        "a line whose ends have to be computed first",
        &["one_cycle-linear", "piecewise_interpolate-linear"],
    ),
];

/// The programs that belong to no budget and are not said to have none, or both.
pub(super) fn unbudgeted() -> Vec<String> {
    let names = names();
    let budgeted = BUDGETS
        .iter()
        .flat_map(|(_, _, names)| names.iter().copied());
    let listed: Vec<&str> = budgeted
        .chain(
            WITHOUT_BUDGET
                .iter()
                .flat_map(|(_, names)| names.iter().copied()),
        )
        .collect();
    let times = |name: &str| listed.iter().filter(|&&known| known == name).count();
    let missing = names.iter().filter(|name| times(name) != 1).map(|name| {
        format!(
            "{name} stands {} times in the budgets and among what has none",
            times(name)
        )
    });
    let gone = listed
        .iter()
        .filter(|&&known| !names.iter().any(|name| name == known))
        .map(|known| format!("{known} has a budget, or none, and no program"));
    missing.chain(gone).collect()
}

/// What breaks a budget.
pub(super) fn over_budget(measured: &Table) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut hold = |what: &str, name: &str, figure: Option<f64>, budget: f64| {
        let figure = figure.unwrap_or_else(|| panic!("{name} has no {what}"));
        if figure >= budget {
            wrong.push(format!("{name}: {what} {figure}, budget below {budget}"));
        }
    };
    for ((_, name), figures) in measured {
        if !NOT_A_KIND.contains(&parts(name).0) {
            hold(FIGURES[CONFIG], name, figures[CONFIG], CONFIGURATION);
        }
    }
    let on_chip = |name: &str| measured.get(&(BUDGETED, name.to_owned()));
    if on_chip(EMPTY).is_some() {
        for (_, budget, names) in BUDGETS {
            for name in names {
                let figures = on_chip(name).unwrap_or_else(|| panic!("no program {name}"));
                hold(FIGURES[MEAN], name, figures[MEAN], budget);
            }
        }
        let figures = on_chip(ARTICLE.0).expect("the program of the article");
        hold(FIGURES[FLASH], ARTICLE.0, figures[FLASH], ARTICLE.1);
    }
    wrong
}
