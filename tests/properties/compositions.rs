//! Compositions, against the same written as a tree that is walked by recursion.

use hairpin_core::{
    AnySchedule, Change, Combine, Composed, ConfigError, Constant, Distribution, Exponential, Kind,
    NODES, Noise, Part, Plan, Schedule,
};

use crate::kinds::{increasing, one_of_each};
use crate::rng::Rng;
use crate::{EDGES, configs, draw};

/// A composition as one would draw it.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Leaf(Box<AnySchedule>),
    Sequence(Vec<(u32, u32, Tree)>),
    Combined(Combine, Vec<Tree>),
    Changed(Change, Box<Tree>),
    Repeat(u32, Box<Tree>),
}

/// A product in which nothing is as good as any multiple of nothing.
fn times(a: f64, b: f64) -> f64 {
    let plain = a * b;
    if plain.is_nan() && !a.is_nan() && !b.is_nan() {
        let negative = a.is_sign_negative() != b.is_sign_negative();
        return if negative { -0.0 } else { 0.0 };
    }
    plain
}

impl Tree {
    /// The rate, and whether it may be NaN: the user's own factor is, or what has overflowed both ways was added up.
    fn value(&self, step: u32, excused: &mut bool) -> f64 {
        match self {
            Self::Leaf(schedule) => {
                let value = schedule.value(step);
                if value.is_nan() {
                    let kind = schedule.span(step).kind;
                    assert!(matches!(kind, Some(Kind::Lambda(_))), "{kind:?} at {step}");
                    *excused = true;
                }
                value
            }
            Self::Sequence(parts) => {
                let (from, clock, part) = parts
                    .iter()
                    .rfind(|(from, _, _)| *from <= step)
                    .expect("the first part begins at 0");
                part.value((step - from).saturating_add(*clock), excused)
            }
            Self::Combined(combine, parts) => {
                let values: Vec<f64> = parts.iter().map(|part| part.value(step, excused)).collect();
                let (first, rest) = values.split_first().expect("at least one part");
                if *combine == Combine::Product {
                    return rest.iter().fold(*first, |product, x| times(product, *x));
                }
                let sum = rest.iter().fold(*first, |sum, x| {
                    *excused |= sum == -x && x.is_infinite();
                    sum + x
                });
                if *combine == Combine::Sum {
                    sum
                } else {
                    sum / values.len() as f64
                }
            }
            Self::Changed(change, inner) => {
                let value = inner.value(step, excused);
                match change {
                    Change::Scale(factor) => times(value, *factor),
                    Change::Clamp { min_lr, max_lr } if value.is_nan() => {
                        assert!(min_lr <= max_lr);
                        value
                    }
                    Change::Clamp { min_lr, max_lr } => value.clamp(*min_lr, *max_lr),
                    // What noise is worth, is the module's own test; here, whose clock it sees.
                    Change::Noise(_) => {
                        let alone = AnySchedule::from(Constant::new(1.0).unwrap());
                        times(value, alone.changed(*change).unwrap().value(step))
                    }
                }
            }
            Self::Repeat(period, inner) => inner.value(step % period, excused),
        }
    }

    pub(crate) fn plan(&self) -> Result<Plan, ConfigError> {
        match self {
            Self::Leaf(schedule) => Ok(AnySchedule::clone(schedule).into()),
            Self::Sequence(parts) => {
                let plans: Vec<Plan> = parts
                    .iter()
                    .map(|(_, _, part)| part.plan())
                    .collect::<Result<_, _>>()?;
                let parts: Vec<Part<'_, Plan>> = parts
                    .iter()
                    .zip(&plans)
                    .map(|((from, clock, _), schedule)| Part {
                        from: *from,
                        clock: *clock,
                        schedule,
                    })
                    .collect();
                Plan::sequence(&parts)
            }
            Self::Combined(combine, parts) => {
                let plans: Vec<Plan> = parts.iter().map(Self::plan).collect::<Result<_, _>>()?;
                Plan::combined(*combine, &plans.iter().collect::<Vec<_>>())
            }
            Self::Changed(change, inner) => inner.plan()?.changed(*change),
            Self::Repeat(period, inner) => inner.plan()?.repeated(*period),
        }
    }

    fn nodes(&self) -> usize {
        match self {
            Self::Leaf(_) => 1,
            Self::Sequence(parts) => {
                1 + parts.iter().map(|(_, _, part)| part.nodes()).sum::<usize>()
            }
            Self::Combined(_, parts) => 1 + parts.iter().map(Self::nodes).sum::<usize>(),
            Self::Changed(_, inner) | Self::Repeat(_, inner) => 1 + inner.nodes(),
        }
    }

    /// Steps at which something may happen.
    fn marks(&self, marks: &mut Vec<u32>) {
        match self {
            Self::Leaf(_) => {}
            Self::Sequence(parts) => {
                for (from, _, part) in parts {
                    marks.push(*from);
                    part.marks(marks);
                }
            }
            Self::Combined(_, parts) => parts.iter().for_each(|part| part.marks(marks)),
            Self::Changed(_, inner) => inner.marks(marks),
            Self::Repeat(period, inner) => {
                marks.push(*period);
                inner.marks(marks);
            }
        }
    }
}

pub(crate) fn tree(rng: &mut Rng, deep: u32) -> Tree {
    if deep == 0 || rng.one_in(3) {
        let mut kinds = one_of_each(rng);
        let index = rng.up_to(kinds.len() as u32 - 1) as usize;
        return Tree::Leaf(Box::new(kinds.swap_remove(index).any));
    }
    let parts =
        |rng: &mut Rng| -> Vec<Tree> { (0..=rng.up_to(2)).map(|_| tree(rng, deep - 1)).collect() };
    match rng.up_to(4) {
        0 => {
            let mut from = increasing(rng, 0, 3);
            from.retain(|step| *step > 0);
            from.insert(0, 0);
            let part = |from| {
                let clocks = [0, 1, from, 1000, u32::MAX];
                (from, rng.pick(&clocks), tree(rng, deep - 1))
            };
            Tree::Sequence(from.into_iter().map(part).collect())
        }
        1 => {
            let how = [Combine::Product, Combine::Sum, Combine::Average];
            Tree::Combined(rng.pick(&how), parts(rng))
        }
        2 => Tree::Repeat(draw::length(rng), Box::new(tree(rng, deep - 1))),
        3 => {
            let noise = Noise::new(0.5, 1.0, Distribution::Normal, 3, Some(1000), rng.up_to(9));
            Tree::Changed(Change::Noise(noise.unwrap()), Box::new(tree(rng, deep - 1)))
        }
        _ => {
            let (low, high) = (draw::rate(rng), draw::rate(rng));
            let change = if rng.one_in(2) {
                Change::Scale(low)
            } else {
                Change::Clamp {
                    min_lr: low.min(high),
                    max_lr: low.max(high),
                }
            };
            Tree::Changed(change, Box::new(tree(rng, deep - 1)))
        }
    }
}

#[test]
fn a_flat_program_is_the_tree_it_was_made_from() {
    let mut rng = Rng::from_env("compositions");
    let (mut built, mut refused) = (0, 0);
    for _ in 0..configs() * 8 {
        let tree = tree(&mut rng, 4);
        let plan = match tree.plan() {
            Ok(Plan::Schedule(schedule)) => schedule,
            Ok(Plan::Feedback(_)) => panic!("{tree:?} reacts to nothing"),
            Err(error) => {
                let too_large = matches!(error, ConfigError::OverCapacity { .. });
                assert!(too_large && tree.nodes() > NODES, "{error}: {tree:?}");
                refused += 1;
                continue;
            }
        };
        built += 1;
        assert_eq!(plan.pieces(), tree.nodes());
        let mut marks = Vec::new();
        tree.marks(&mut marks);
        let near = marks
            .iter()
            .flat_map(|mark| (0..5).map(|off| mark.saturating_add(off).saturating_sub(2)));
        let steps = EDGES
            .into_iter()
            .chain(near)
            .chain((0..8).map(|_| rng.up_to(u32::MAX - 1)));
        for step in steps.collect::<Vec<_>>() {
            let mut excused = false;
            let (ours, theirs) = (plan.value(step), tree.value(step, &mut excused));
            assert!(!ours.is_nan() || excused, "NaN at {step}: {tree:?}");
            assert!(
                ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(),
                "{ours} and not {theirs} at {step}: {tree:?}"
            );
            // The span in force at a step gives its rate, at its first step and at its last.
            let span = plan.span(step);
            assert!(span.steps >= 1 && u64::from(step) + span.steps <= 1 << 32);
            if let Some(kind) = span.kind {
                for ahead in [0, span.steps - 1] {
                    let ahead = ahead as u32;
                    assert_eq!(
                        kind.lr(span.clock + ahead).to_bits(),
                        plan.lr(step + ahead).to_bits(),
                        "{ahead} after {step}: {tree:?}"
                    );
                }
            }
        }
    }
    assert!(
        built > 100 && refused > 10,
        "{built} built, {refused} refused"
    );
}

/// No larger capacity helps: the error does not ask for one.
#[test]
fn a_nesting_too_deep_is_a_conflict() {
    let halved = |schedule: Composed<64>| schedule.changed(Change::Scale(0.5));
    let mut schedule = Composed::from(Constant::new(1.0).unwrap());
    for _ in 0..6 {
        schedule = halved(schedule).unwrap();
    }
    assert_eq!(schedule.value(0), 0.5_f64.powi(6));
    // What waits for no other value may stand around it as often as there is room.
    let around = schedule.clone().repeated(3).and_then(|s| s.repeated(2));
    assert!(around.is_ok());
    let error = halved(schedule).unwrap_err();
    assert!(
        matches!(
            error,
            ConfigError::Conflict {
                field: "schedule",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn nothing_times_what_has_overflowed_is_nothing() {
    let schedule = |kind: Result<Exponential, _>| AnySchedule::from(kind.unwrap());
    for sign in [1.0, -1.0] {
        let grown = schedule(Exponential::new(sign, 1e300));
        assert_eq!(grown.value(2), sign * f64::INFINITY);
        let zero = AnySchedule::from(Constant::new(0.0).unwrap());
        let products = [
            grown.clone().changed(Change::Scale(0.0)),
            AnySchedule::combined(Combine::Product, &[&grown, &zero]),
            AnySchedule::combined(Combine::Product, &[&zero, &grown]),
        ];
        for made in products {
            let made = made.unwrap();
            // What it is where nothing has overflowed, the sign included.
            for step in [1, 2, u32::MAX] {
                assert_eq!(made.value(step).to_bits(), (sign * 0.0).to_bits());
            }
        }
        let fallen = schedule(Exponential::new(-sign, 1e300));
        for how in [Combine::Sum, Combine::Average] {
            let both = AnySchedule::combined(how, &[&grown, &fallen]).unwrap();
            assert_eq!(both.value(1), 0.0);
            assert!(both.value(2).is_nan());
        }
    }
}

#[test]
fn what_makes_no_composition_is_refused() {
    let one = Plan::from(Constant::new(1.0).unwrap());
    let part = |from| Part {
        from,
        clock: 0,
        schedule: &one,
    };
    let field = |result: Result<Plan, ConfigError>| result.unwrap_err().field();
    assert_eq!(field(Plan::sequence(&[])), "schedules");
    assert_eq!(field(Plan::combined(Combine::Sum, &[])), "schedules");
    assert_eq!(field(Plan::sequence(&[part(1)])), "milestones");
    assert_eq!(field(Plan::sequence(&[part(0), part(0)])), "milestones");
    assert_eq!(
        field(Plan::sequence(&[part(0), part(5), part(5)])),
        "milestones"
    );
    assert_eq!(field(one.clone().repeated(0)), "period");
    for factor in [f64::NAN, f64::INFINITY] {
        assert_eq!(field(one.clone().changed(Change::Scale(factor))), "factor");
    }
    for (min_lr, max_lr, refused) in [
        (f64::NAN, 1.0, "min_lr"),
        (0.0, f64::NAN, "max_lr"),
        (1.0, 0.5, "max_lr"),
    ] {
        let clamp = Change::Clamp { min_lr, max_lr };
        assert_eq!(field(one.clone().changed(clamp)), refused);
    }
    for (amount, std, end, refused) in [
        (-0.1, 1.0, None, "amount"),
        (f64::NAN, 1.0, None, "amount"),
        (0.1, 0.0, None, "std"),
        (0.1, f64::INFINITY, None, "std"),
        (0.1, 1.0, Some(3), "end"),
    ] {
        let noise = Noise::new(amount, std, Distribution::Uniform, 3, end, 0);
        assert_eq!(noise.unwrap_err().field(), refused);
    }
}
