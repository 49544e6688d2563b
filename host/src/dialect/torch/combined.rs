//! The schedulers that run others on the same optimizer.
//!
//! PyTorch's schedulers share nothing but the optimizer's rates, and most of them make the next rate from the last, so what several of
//! them compute together depends on the order in which they were made and on what of a rate each carries on: see [`Carried`].

use crate::dialect::common::with_argument;
use crate::dialect::{Arguments, Canonical, Carried, Refusal, Setting, Translation};

const PLATEAU: &str = "must not contain ReduceLROnPlateau, which needs a metric at each step";
const PLATEAU_WAY_OUT: &str =
    "`sequential`, `product` and the like take a `reduce_on_plateau` among their schedules";

fn checked<'a>(arguments: &'a Arguments<'_>) -> Result<&'a [Translation], Refusal> {
    let children = arguments.schedules("schedulers");
    if children.is_empty() {
        return Err(Refusal::of("schedulers", "must have at least one element"));
    }
    if children
        .iter()
        .any(|child| child.schedule.kind == "reduce_on_plateau")
    {
        return Err(Refusal::of("schedulers", PLATEAU).help(PLATEAU_WAY_OUT));
    }
    Ok(children)
}

/// The base rate that each scheduler finds when it is made, and at the end the one that is left.
fn base_rates(lr: f64, children: &[Translation]) -> Vec<f64> {
    let mut rates = vec![lr];
    for (place, child) in children.iter().enumerate() {
        let before = rates[place];
        rates.push(match child.carried {
            Carried::Rebases(rate) => rate,
            Carried::RebasesAsFirst(rate) if place == 0 => rate,
            _ => before,
        });
    }
    rates
}

/// The same schedule from another base rate.
fn rebased(child: &Translation, from: f64, to: f64) -> Result<Canonical, Refusal> {
    let schedule = child.schedule.clone();
    match child.carried {
        _ if from == to => Ok(schedule),
        Carried::Rebases(_) | Carried::RebasesAsFirst(_) => Ok(schedule),
        Carried::Inner => Err(Refusal::of(
            "schedulers",
            "must not have schedulers of schedulers beside one that sets the base rate, as OneCycleLR and CyclicLR do",
        )),
        Carried::BlendedOnwards => Ok(with_base(schedule, "start_lr", from, to)),
        Carried::Nothing | Carried::Scaled | Carried::ScaledOnwards | Carried::Blended => {
            Ok(with_base(schedule, "learning_rate", from, to))
        }
    }
}

/// A single schedule with another base rate, which stands at this key.
fn with_base(mut schedule: Canonical, key: &str, from: f64, to: f64) -> Canonical {
    // A constant is a share of its base rate; of a base rate of 0 no share can be told, nor matters.
    let share = schedule.kind == "constant" && from != 0.0;
    for (name, setting) in &mut schedule.settings {
        if let (true, Setting::Number(rate)) = (*name == key, setting) {
            *rate = if share { *rate / from * to } else { to };
        }
    }
    schedule
}

/// Python's `bisect_right`, which also gives an answer for a list out of order.
fn bisect_right(sorted: &[i64], x: i64) -> usize {
    let (mut low, mut high) = (0, sorted.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if x < sorted[middle] {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The step at which each scheduler begins that ever runs, and its place.
fn runs(milestones: &[i64]) -> Result<Vec<(u32, usize)>, Refusal> {
    let mut starts: Vec<i64> = milestones.iter().copied().filter(|&m| m > 0).collect();
    starts.sort_unstable();
    let mut runs = vec![(0, bisect_right(milestones, 0))];
    for start in starts {
        let place = bisect_right(milestones, start);
        let (Some(&(_, running)), Ok(step)) = (runs.last(), u32::try_from(start)) else {
            break;
        };
        if place == running {
            continue;
        }
        if milestones[place - 1] != start {
            return Err(Refusal::of(
                "milestones",
                format!(
                    "must not decrease: PyTorch's search would begin scheduler {place} at step {start} without setting its rate"
                ),
            ));
        }
        runs.push((step, place));
    }
    Ok(runs)
}

pub(super) fn sequential_lr(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let children = checked(arguments)?;
    let milestones = arguments.integers("milestones");
    if milestones.len() + 1 != children.len() {
        return Err(Refusal::of(
            "milestones",
            format!(
                "must have one element fewer than the {} schedulers, but has {}",
                children.len(),
                milestones.len()
            ),
        ));
    }
    let lr = arguments.number("lr");
    let bases = base_rates(lr, children);
    let left = bases.last().copied().unwrap_or(lr);
    let runs = runs(milestones)?;
    let (mut schedules, mut starts, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    for (run, &(start, place)) in runs.iter().enumerate() {
        let child = &children[place];
        // The first one goes on from the rate that all constructors left; a later one is set to its own base rate.
        let base = match (run, child.carried) {
            (_, Carried::Nothing) | (1.., _) => bases[place],
            (0, _) => left,
        };
        match child.carried {
            Carried::ScaledOnwards | Carried::BlendedOnwards if run > 0 => {
                return Err(Refusal::of(
                    "schedulers",
                    format!(
                        "must not have MultiplicativeLR or SWALR at place {place}: in PyTorch it goes on from whatever rate the \
                         scheduler before it reached"
                    ),
                )
                .help("put it first, or use `sequential` with a `multiplicative` or an `anneal` from the rate it is to begin at"));
            }
            Carried::Inner if run > 0 => remarks.push(format!(
                "PyTorch stops with an error at step {start}, since it cannot set a scheduler of schedulers to its step 0; here \
                 scheduler {place} begins there as any other."
            )),
            Carried::Inner => remarks.push(
                "PyTorch starts a scheduler of schedulers that comes first in a SequentialLR one step late or early; here it \
                 begins at step 0."
                    .to_owned(),
            ),
            _ => {}
        }
        schedules.push(rebased(child, lr, base)?);
        if run > 0 {
            starts.push(start);
        }
        remarks.extend(child.remarks.iter().cloned());
    }
    let momentum = momentum_of(children, &runs, &mut remarks);
    let schedule = match (schedules.len(), schedules.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            schedules.extend(last);
            Canonical::new("sequential")
                .schedules("schedules", schedules)
                .counts("milestones", starts)
        }
    };
    Ok(Translation {
        schedule,
        momentum,
        remarks,
        carried: Carried::Inner,
    })
}

/// The momentum of the one scheduler of a sequence that moves it. Its constructor already sets the first value.
fn momentum_of(
    children: &[Translation],
    runs: &[(u32, usize)],
    remarks: &mut Vec<String>,
) -> Option<Canonical> {
    let mut moving = children
        .iter()
        .enumerate()
        .filter_map(|(place, child)| child.momentum.as_ref().map(|momentum| (place, momentum)));
    let (place, momentum) = moving.next()?;
    let run = runs.iter().position(|&(_, running)| running == place);
    let (Some(run), None) = (run.filter(|run| run + 1 == runs.len()), moving.next()) else {
        remarks.push(
            "PyTorch's momentum moves with the rate here; only that of a single scheduler in the last place is taken over."
                .to_owned(),
        );
        return None;
    };
    let (start, _) = runs[run];
    if start == 0 {
        return Some(momentum.clone());
    }
    // Of one step for ever: the first.
    let first = Canonical::new("repeat")
        .count("period", 1)
        .schedule("schedule", momentum.clone());
    Some(
        Canonical::new("sequential")
            .schedules("schedules", [first, momentum.clone()])
            .counts("milestones", [start]),
    )
}

pub(super) fn chained_scheduler(arguments: &Arguments<'_>) -> Result<Translation, Refusal> {
    let children = checked(arguments)?;
    if let [only] = children {
        return Ok(only.clone());
    }
    let lr = arguments.number("lr");
    let fresh = children.iter().rposition(|child| {
        matches!(
            child.carried,
            Carried::Nothing | Carried::Rebases(_) | Carried::RebasesAsFirst(_)
        )
    });
    match fresh {
        None => scaled_together(lr, children),
        Some(last) if last + 1 == children.len() => {
            let bases = base_rates(lr, children);
            let child = &children[last];
            let momentum = children.iter().rev().find_map(|child| child.momentum.clone());
            Ok(Translation {
                schedule: rebased(child, lr, bases[last])?,
                momentum,
                ..child.clone()
            }
            .remark(
                "The last scheduler computes the rate from its base rate at every step, so that in PyTorch as here those before \
                 it have no effect on it.",
            ))
        }
        Some(last) => Err(Refusal::of(
            "schedulers",
            format!(
                "must not have another scheduler behind number {}, which computes the rate from its base rate at every step: \
                 in PyTorch no more than the last step of the others would act on it",
                last + 1
            ),
        )
        .help("`product` multiplies whole schedules")),
    }
}

/// Schedulers that all multiply the rate: their product, the base rate taken once.
fn scaled_together(lr: f64, children: &[Translation]) -> Result<Translation, Refusal> {
    let mut parts: Vec<Canonical> = Vec::new();
    let mut factors: Vec<String> = Vec::new();
    let mut remarks: Vec<String> = Vec::new();
    for (place, child) in children.iter().enumerate() {
        remarks.extend(child.remarks.iter().cloned());
        let unit = |schedule| with_base(schedule, "learning_rate", lr, 1.0);
        let units = match (child.carried, &child.schedule) {
            (Carried::Scaled | Carried::ScaledOnwards, schedule) => vec![unit(schedule.clone())],
            // A chain inside the chain, of which only the first part has the base rate.
            (
                Carried::Inner,
                Canonical {
                    kind: "product",
                    settings,
                },
            ) => {
                let mut parts = settings.iter().flat_map(|(_, setting)| match setting {
                    Setting::Schedules(schedules) => schedules.clone(),
                    _ => Vec::new(),
                });
                parts.next().map(unit).into_iter().chain(parts).collect()
            }
            (Carried::Inner, schedule) if schedule.kind == "multiplicative" => {
                vec![unit(schedule.clone())]
            }
            _ => {
                return Err(Refusal::of(
                    "schedulers",
                    format!(
                        "must only have schedulers that multiply the rate: number {} does not (CosineAnnealingLR does with \
                         eta_min = 0), and what PyTorch makes of it depends on all rates before",
                        place + 1
                    ),
                )
                .help("`product` multiplies whole schedules"));
            }
        };
        for schedule in units {
            match factor(&schedule) {
                Some(text) => factors.push(with_argument(text, "step")),
                None => parts.push(schedule),
            }
        }
    }
    if parts.iter().any(|part| part.kind == "cosine_annealing") {
        remarks.push(
            "After T_max PyTorch's CosineAnnealingLR rises from 0 to its own full rate again, so that what the other schedulers did \
             to the rate until then is forgotten; here they go on multiplying it."
                .to_owned(),
        );
    }
    if !factors.is_empty() {
        let factor = match factors.as_slice() {
            [only] => only.clone(),
            several => format!("({})", several.join(") * (")),
        };
        parts.push(
            Canonical::new("multiplicative")
                .number("learning_rate", 1.0)
                .text("factor", factor),
        );
    }
    if let Some(first) = parts.first_mut() {
        *first = with_base(first.clone(), "learning_rate", 1.0, lr);
    }
    let schedule = if let [only] = parts.as_slice() {
        only.clone()
    } else {
        Canonical::new("product").schedules("schedules", parts)
    };
    Ok(Translation {
        schedule,
        momentum: None,
        remarks,
        carried: Carried::Inner,
    })
}

/// The factor of a `multiplicative`.
fn factor(schedule: &Canonical) -> Option<&str> {
    schedule
        .settings
        .iter()
        .find_map(|(name, setting)| match setting {
            Setting::Text(text) if schedule.kind == "multiplicative" && *name == "factor" => {
                Some(text.as_str())
            }
            _ => None,
        })
}
