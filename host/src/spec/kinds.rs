//! All kinds of schedules as they are written in text: the core's own, what composes them, and other libraries' names.

use std::sync::LazyLock;

use hairpin_core::{
    Anneal, Change, Combine, ConfigError, Distribution, FeedbackKind, Noise, Part, Plan, Shape,
};

use super::field::{Build, Fallback, Field, Kind, Slot, Values, field, required};
use super::value::Type;
use crate::dialect;

/// All kinds: the core's in their order, then compositions, then dialects.
pub static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let alone = hairpin_core::Kind::ALL
        .iter()
        .map(|(tag, info)| Kind::of_core(info, Build::Kind(*tag)));
    let feedback = FeedbackKind::ALL
        .iter()
        .map(|(tag, info)| Kind::of_core(info, Build::Feedback(*tag)));
    alone
        .chain(feedback)
        .chain(compositions())
        .chain(dialect::all().map(Kind::of_dialect))
        .collect()
});

/// The kind of that name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

const fn one(name: &'static str, doc: &'static str) -> Slot {
    Slot {
        name,
        doc,
        many: false,
        optional: false,
        implied: None,
    }
}

const SCHEDULE: Slot = one("schedule", "the schedule");
const SCHEDULES: Slot = Slot {
    many: true,
    ..one("schedules", "the schedules, at least one")
};
const AFTER: Slot = one("after", "the schedule that follows");

const WARMUP: [Field; 3] = [
    required(
        "warmup_steps",
        Type::Count,
        "how many steps the warm-up takes, at least 1",
    ),
    required("start_lr", Type::Number, "the rate at step 0"),
    required("end_lr", Type::Number, "the rate the warm-up leads to"),
];

fn composed(
    name: &'static str,
    doc: &'static str,
    fields: impl Into<Vec<Field>>,
    slot: Slot,
    build: fn(&mut Values<'_>, &[Plan]) -> Result<Plan, ConfigError>,
) -> Kind {
    Kind {
        name,
        doc,
        fields: fields.into(),
        slots: vec![slot],
        build: Build::Composed(build),
    }
}

fn combined(combine: Combine, parts: &[Plan]) -> Result<Plan, ConfigError> {
    Plan::combined(combine, &parts.iter().collect::<Vec<_>>())
}

/// The one schedule of a kind with a single slot, which its template always has.
fn only(parts: &[Plan]) -> Result<Plan, ConfigError> {
    parts.first().cloned().ok_or(ConfigError::Conflict {
        field: "schedule",
        with: "is missing",
    })
}

/// The value of a field that holds one of some words.
fn word<T>(
    v: &Values<'_>,
    field: &'static str,
    from_word: fn(&str) -> Option<T>,
) -> Result<T, ConfigError> {
    from_word(v.text(field)).ok_or(ConfigError::Conflict {
        field,
        with: "is none of its words",
    })
}

fn compositions() -> [Kind; 10] {
    [
        composed(
            "linear_warmup",
            "a line from start_lr to end_lr, then the schedule in `after` from its step 0 on",
            WARMUP,
            AFTER,
            |v, parts| {
                only(parts)?.after_warmup(
                    v.count("warmup_steps"),
                    v.number("start_lr"),
                    v.number("end_lr"),
                )
            },
        ),
        composed(
            "warmup",
            "from start_lr to end_lr on a curve, then the schedule in `after`",
            [
                WARMUP.as_slice(),
                &[
                    field(
                        "shape",
                        Type::Word(Shape::WORDS),
                        Fallback::Word("linear"),
                        "the curve of the warm-up, as of `anneal`",
                    ),
                    field(
                        "amount",
                        Type::Number,
                        Fallback::Absent,
                        "the exponent of power, the base of exponential, the number of cycles",
                    ),
                    field(
                        "first_step",
                        Type::Count,
                        Fallback::Count(0),
                        "where on the curve step 0 is: with 1 the first rate is not start_lr",
                    ),
                    field(
                        "after_clock",
                        Type::Count,
                        Fallback::Count(0),
                        "what the clock of `after` reads when it begins: warmup_steps if it counted all along",
                    ),
                ],
            ]
            .concat(),
            AFTER,
            |v, parts| {
                let steps = v.count("warmup_steps");
                if steps == 0 {
                    return Err(ConfigError::ZeroLength {
                        field: "warmup_steps",
                    });
                }
                let warmup = Plan::from(Anneal::new(
                    v.number("start_lr"),
                    v.number("end_lr"),
                    steps,
                    word(v, "shape", Shape::from_word)?,
                    v.get("amount").map(|_| v.number("amount")),
                )?);
                Plan::sequence(&[
                    Part {
                        from: 0,
                        clock: v.count("first_step"),
                        schedule: &warmup,
                    },
                    Part {
                        from: steps,
                        clock: v.count("after_clock"),
                        schedule: &only(parts)?,
                    },
                ])
            },
        ),
        composed(
            "sequential",
            "one schedule after another, each from its milestone on",
            [
                required(
                    "milestones",
                    Type::Counts,
                    "the steps at which the second and later schedules begin, strictly increasing, above 0",
                ),
                field(
                    "clocks",
                    Type::Counts,
                    Fallback::Absent,
                    "what the clock of each schedule reads when it begins; left out: 0 for all",
                ),
            ],
            SCHEDULES,
            sequential,
        ),
        composed(
            "product",
            "the product of the rates of several schedules",
            [],
            SCHEDULES,
            |_, parts| combined(Combine::Product, parts),
        ),
        composed(
            "sum",
            "the sum of the rates of several schedules",
            [],
            SCHEDULES,
            |_, parts| combined(Combine::Sum, parts),
        ),
        composed(
            "average",
            "the mean of the rates of several schedules",
            [],
            SCHEDULES,
            |_, parts| combined(Combine::Average, parts),
        ),
        composed(
            "scale",
            "factor * schedule(t): a layer's or a group's multiple",
            [required(
                "factor",
                Type::Number,
                "what the rate is multiplied by",
            )],
            SCHEDULE,
            |v, parts| only(parts)?.changed(Change::Scale(v.number("factor"))),
        ),
        composed(
            "clamp",
            "schedule(t), no lower than min_lr and no higher than max_lr",
            [
                field("min_lr", Type::Number, Fallback::Absent, "the lowest rate"),
                field("max_lr", Type::Number, Fallback::Absent, "the highest rate"),
            ],
            SCHEDULE,
            |v, parts| {
                let limit = |name, none| v.get(name).map_or(none, |_| v.number(name));
                only(parts)?.changed(Change::Clamp {
                    min_lr: limit("min_lr", f64::NEG_INFINITY),
                    max_lr: limit("max_lr", f64::INFINITY),
                })
            },
        ),
        composed(
            "repeat",
            "schedule(t mod period)",
            [required(
                "period",
                Type::Count,
                "after how many steps it begins again, at least 1",
            )],
            SCHEDULE,
            |v, parts| only(parts)?.repeated(v.count("period")),
        ),
        composed(
            "noise",
            "(1 + e) * schedule(t), with e drawn from the seed and the step",
            [
                required("amount", Type::Number, "the limit of e, at least 0"),
                field(
                    "std",
                    Type::Number,
                    Fallback::Number(1.0),
                    "the standard deviation of a normal e before the limit, above 0",
                ),
                field(
                    "distribution",
                    Type::Word(Distribution::WORDS),
                    Fallback::Word("normal"),
                    "how e is distributed",
                ),
                field(
                    "begin",
                    Type::Count,
                    Fallback::Count(0),
                    "the first step with noise",
                ),
                field(
                    "end",
                    Type::Count,
                    Fallback::Absent,
                    "the first step without noise again",
                ),
                field(
                    "seed",
                    Type::Count,
                    Fallback::Count(42),
                    "what e depends on beside the step",
                ),
            ],
            SCHEDULE,
            |v, parts| {
                let distribution = word(v, "distribution", Distribution::from_word)?;
                let end = v.get("end").map(|_| v.count("end"));
                let noise = Noise::new(
                    v.number("amount"),
                    v.number("std"),
                    distribution,
                    v.count("begin"),
                    end,
                    v.count("seed"),
                )?;
                only(parts)?.changed(Change::Noise(noise))
            },
        ),
    ]
}

fn sequential(v: &mut Values<'_>, schedules: &[Plan]) -> Result<Plan, ConfigError> {
    let milestones = v.counts("milestones");
    if milestones.len() + 1 != schedules.len() {
        return Err(ConfigError::WrongCount {
            field: "milestones",
            expected: schedules.len().saturating_sub(1),
            found: milestones.len(),
        });
    }
    let clocks = v.counts("clocks");
    if v.get("clocks").is_some() && clocks.len() != schedules.len() {
        return Err(ConfigError::WrongCount {
            field: "clocks",
            expected: schedules.len(),
            found: clocks.len(),
        });
    }
    let from = std::iter::once(0).chain(milestones.iter().copied());
    let clocks = clocks.iter().copied().chain(std::iter::repeat(0));
    let parts: Vec<Part<'_, Plan>> = schedules
        .iter()
        .zip(from)
        .zip(clocks)
        .map(|((schedule, from), clock)| Part {
            from,
            clock,
            schedule,
        })
        .collect();
    Plan::sequence(&parts)
}
