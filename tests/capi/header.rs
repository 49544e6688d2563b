//! `hairpin.h` against the crate that it is made from, and against the kinds of the core.

use std::path::{Path, PathBuf};

use hairpin_core::parameters::{Fallback, ParameterType};
use hairpin_core::{
    AbsoluteMargin, BelowMin, BlockedCut, ComposedPlan, Cooldown, CutGate, CyclicMode,
    Distribution, Edges, Family, FeedbackKind, FeedbackState, FirstLoss, Interpolation, Kind, Mode,
    Past, PatienceRule, RelativeMargin, Sgd, Shape, Switch, ThresholdMode,
};

/// Where the crate is.
pub(crate) fn crate_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/capi")
}

/// The header as the crate's sources make it, in the order in which a reader wants them.
fn generated() -> String {
    let config = cbindgen::Config::from_file(crate_dir().join("cbindgen.toml")).unwrap();
    let sources = [
        "status",
        "objects",
        "words",
        "kinds",
        "compositions",
        "schedule",
        "sgd",
        "position",
        "recipe",
    ];
    let builder = sources.iter().fold(
        cbindgen::Builder::new().with_config(config),
        |builder, name| builder.with_src(crate_dir().join("src").join(name).with_extension("rs")),
    );
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

pub(crate) fn the_committed_one_is_what_the_crate_makes() {
    let made = generated();
    if std::env::var_os("HAIRPIN_BLESS").is_some() {
        std::fs::write(path(), &made).unwrap();
    }
    assert!(
        committed() == made,
        "include/hairpin.h is not what core/capi/src makes: HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test capi"
    );
}

fn path() -> PathBuf {
    crate_dir().join("include/hairpin.h")
}

fn committed() -> String {
    std::fs::read_to_string(path()).unwrap_or_default()
}

/// The functions that the header declares, with their parameters: types and names.
fn prototypes() -> Vec<(String, Vec<(String, String)>)> {
    let header = committed();
    let declarations = header.split("extern \"C\" {").nth(1).unwrap();
    let declarations = declarations.split(';').filter_map(|declaration| {
        let declaration = declaration.rsplit("*/").next()?;
        let (head, rest) = declaration.split_once('(')?;
        let name = head.split_whitespace().last()?;
        let list = rest.trim_end().strip_suffix(')')?;
        let parameters = list.split(',').filter_map(|parameter| {
            let words: Vec<_> = parameter.split_whitespace().collect();
            let (name, words) = words.split_last()?;
            let stars = name.len() - name.trim_start_matches('*').len();
            let ty = format!("{}{}", words.join(" "), "*".repeat(stars));
            Some((ty, name.trim_start_matches('*').to_owned()))
        });
        let name = name.trim_start_matches('*').to_owned();
        Some((name, parameters.collect()))
    });
    declarations.collect()
}

/// The functions that the header declares.
pub(crate) fn functions() -> Vec<String> {
    prototypes().into_iter().map(|(name, _)| name).collect()
}

/// The numbers of `hairpin_status`.
pub(crate) fn statuses() -> Vec<u32> {
    let header = committed();
    let list = header.split("enum hairpin_status").nth(1).unwrap();
    let list = list.split("};").next().unwrap();
    let numbers = list.lines().filter_map(|line| {
        let (name, number) = line.trim().split_once(" = ")?;
        let number = name.starts_with("HAIRPIN_").then_some(number)?;
        number.trim_end_matches(',').parse().ok()
    });
    numbers.collect()
}

/// A constant of the header.
fn constant(name: &str) -> Option<usize> {
    let header = committed();
    let line = header.lines().find(|line| {
        line.strip_prefix("#define ")
            .is_some_and(|rest| rest.split(' ').next() == Some(name))
    });
    line?.rsplit(' ').next()?.parse().ok()
}

/// Every kind has a function of its name, with its parameters in the order in which it declares them, each of its type. Two
/// take theirs in a struct.
pub(crate) fn every_kind_has_a_function_with_its_parameters() {
    let prototypes = prototypes();
    let kinds = Kind::ALL.iter().chain(FeedbackKind::ALL);
    for (_, info) in kinds {
        let name = format!("hairpin_{}", info.name);
        let (_, parameters) = prototypes
            .iter()
            .find(|(found, _)| *found == name)
            .unwrap_or_else(|| panic!("there is no {name}"));
        let found = match parameters.iter().find(|(_, name)| name == "config") {
            Some((ty, _)) => fields(ty.trim_start_matches("const struct ").trim_end_matches('*')),
            None => parameters.clone(),
        };
        let expected = info.parameters.iter().flat_map(|parameter| {
            // A word of C's has an underscore behind it.
            let name = match parameter.name {
                "switch" => "switch_".to_owned(),
                name => name.to_owned(),
            };
            let optional = parameter.fallback == Fallback::Absent;
            let ty = match parameter.ty {
                ParameterType::Number if optional => "const double*",
                ParameterType::Number => "double",
                ParameterType::Count => "uint32_t",
                ParameterType::Flag if parameters.iter().any(|(_, name)| name == "config") => {
                    "uint8_t"
                }
                ParameterType::Flag => "bool",
                ParameterType::Word(words) => word_type(words),
                ParameterType::Factor => "const char*",
                ParameterType::Numbers => "const double*",
                ParameterType::Counts => "const uint32_t*",
                other => panic!("{other:?} of {}", parameter.name),
            };
            let is_list = matches!(parameter.ty, ParameterType::Numbers | ParameterType::Counts);
            let count = is_list.then(|| ("size_t".to_owned(), format!("{name}_count")));
            std::iter::once((ty.to_owned(), name)).chain(count)
        });
        let frame = ["out", "config", "why"];
        let own = found
            .iter()
            .filter(|(_, name)| !frame.contains(&name.as_str()));
        assert_eq!(
            own.cloned().collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "{name}"
        );
    }
}

/// The fields of a struct of the header.
fn fields(name: &str) -> Vec<(String, String)> {
    let header = committed();
    let body = header
        .split(&format!("typedef struct {name} {{"))
        .nth(1)
        .unwrap();
    let body = body.split(&format!("}} {name};")).next().unwrap();
    let fields = body.lines().filter_map(|line| {
        let (ty, name) = line.trim().strip_suffix(';')?.rsplit_once(' ')?;
        Some((ty.to_owned(), name.to_owned()))
    });
    fields.collect()
}

/// The types of words, what their constants begin with, and the words in the core.
const WORDS: &[(&str, &str, &[&str])] = &[
    ("hairpin_switch", "SWITCH", Switch::WORDS),
    ("hairpin_past", "PAST", Past::WORDS),
    ("hairpin_cyclic_mode", "CYCLIC", CyclicMode::WORDS),
    ("hairpin_edges", "EDGES", Edges::WORDS),
    (
        "hairpin_interpolation",
        "INTERPOLATION",
        Interpolation::WORDS,
    ),
    ("hairpin_shape", "SHAPE", Shape::WORDS),
    ("hairpin_distribution", "DISTRIBUTION", Distribution::WORDS),
    ("hairpin_mode", "MODE", Mode::WORDS),
    ("hairpin_threshold_mode", "THRESHOLD", ThresholdMode::WORDS),
    ("hairpin_rules", "RULES", Family::WORDS),
    ("hairpin_first_loss", "FIRST_LOSS", FirstLoss::WORDS),
    ("hairpin_cooldown_losses", "COOLDOWN", Cooldown::WORDS),
    (
        "hairpin_relative_margin",
        "RELATIVE_MARGIN",
        RelativeMargin::WORDS,
    ),
    (
        "hairpin_absolute_margin",
        "ABSOLUTE_MARGIN",
        AbsoluteMargin::WORDS,
    ),
    ("hairpin_patience_rule", "PATIENCE", PatienceRule::WORDS),
    ("hairpin_cut_gate", "CUT_GATE", CutGate::WORDS),
    ("hairpin_blocked_cut", "BLOCKED_CUT", BlockedCut::WORDS),
    ("hairpin_below_min", "BELOW_MIN", BelowMin::WORDS),
];

fn word_type(words: &[&str]) -> &'static str {
    let known = WORDS.iter().find(|(_, _, known)| *known == words);
    known.unwrap_or_else(|| panic!("no type for {words:?}")).0
}

pub(crate) fn every_word_is_a_constant_with_its_place() {
    for (_, prefix, words) in WORDS {
        for (place, word) in words.iter().enumerate() {
            let name = format!("HAIRPIN_{prefix}_{}", word.to_uppercase());
            assert_eq!(constant(&name), Some(place), "{name}");
        }
        assert_eq!(constant(&format!("HAIRPIN_{prefix}_{}", words.len())), None);
    }
}

/// What the structs have room for, and how little is left.
pub(crate) fn the_structs_are_as_large_as_they_have_to_be() {
    for (words, held) in [
        ("HAIRPIN_SCHEDULE_WORDS", size_of::<ComposedPlan<4>>()),
        ("HAIRPIN_SCHEDULE_STATE_WORDS", size_of::<FeedbackState>()),
        ("HAIRPIN_SGD_WORDS", size_of::<Sgd>()),
    ] {
        let room = constant(words).unwrap() * 8;
        // A word in front, and some to grow: a struct that is compiled into programs should not change with every field.
        assert!(
            held + 8 <= room && room < held + 128,
            "{words}: {room} for {held} bytes"
        );
    }
    assert_eq!(constant("HAIRPIN_PIECES"), Some(4));
}
