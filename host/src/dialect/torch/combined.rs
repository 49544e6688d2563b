//! The schedulers that run others on the same optimizer.
//!
//! PyTorch's schedulers share nothing but the optimizer's rates, and most of them make the next rate from the last, so what several of
//! them compute together depends on the order in which they were made and on what of a rate each carries on: see [`Carried`].

use crate::dialect::common::{bisect_right, lambda, with_argument};
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
        Carried::Nothing
        | Carried::Scaled
        | Carried::ScaledUnlessSet
        | Carried::ScaledOnwards
        | Carried::Blended => Ok(with_base(schedule, "learning_rate", from, to)),
    }
}

/// A single schedule with another base rate, which stands at this key.
fn with_base(schedule: Canonical, key: &str, from: f64, to: f64) -> Canonical {
    // A constant is a share of its base rate; of a base rate of 0 no share can be told, nor matters.
    if schedule.kind == "constant" && from != 0.0 {
        let share = number_of(&schedule, key) / from;
        with_number(schedule, key, share * to)
    } else {
        with_number(schedule, key, to)
    }
}

fn with_number(mut schedule: Canonical, key: &str, to: f64) -> Canonical {
    for (name, setting) in &mut schedule.settings {
        if let (true, Setting::Number(number)) = (*name == key, setting) {
            *number = to;
        }
    }
    schedule
}

/// A number of a schedule, where it is known to have one.
fn number_of(schedule: &Canonical, key: &str) -> f64 {
    match setting(schedule, key) {
        Some(Setting::Number(number)) => *number,
        Some(Setting::Count(count)) => f64::from(*count),
        _ => f64::NAN,
    }
}

fn setting<'a>(schedule: &'a Canonical, key: &str) -> Option<&'a Setting> {
    schedule
        .settings
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, setting)| setting)
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
    let mut before = 0;
    for (run, &(start, place)) in runs.iter().enumerate() {
        let child = &children[place];
        // The first one goes on from the rate that all constructors left; a later one is set to its own base rate.
        let base = match (run, child.carried) {
            (_, Carried::Nothing) | (1.., _) => bases[place],
            (0, _) => left,
        };
        let schedule = match (child.carried, schedules.last()) {
            (Carried::ScaledOnwards | Carried::BlendedOnwards, Some(last)) => {
                onwards(child, lr, &held_at(last, start - before - 1)?)
            }
            // A later one is entered by its closed form.
            (Carried::ScaledUnlessSet, Some(_)) => Canonical::constant(base),
            _ => rebased(child, lr, base)?,
        };
        match child.carried {
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
        schedules.push(schedule);
        if run > 0 {
            starts.push(start);
        }
        before = start;
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

/// The rate of a schedule at one step of its clock, for ever.
fn held_at(schedule: &Canonical, clock: u32) -> Result<Canonical, Refusal> {
    if has_a_product_over_steps(schedule) {
        return Err(Refusal::of(
            "schedulers",
            "must not have MultiplicativeLR or SWALR right behind a MultiplicativeLR: they go on from a rate that is only known \
             when all factors before have been multiplied",
        )
        .help("one MultiplicativeLR can have both factors, chosen by the step"));
    }
    if schedule.kind == "constant" {
        return Ok(schedule.clone());
    }
    Ok(Canonical::new("repeat")
        .count("period", 1)
        .schedule("schedule", schedule.clone().begun_at(clock)))
}

fn has_a_product_over_steps(schedule: &Canonical) -> bool {
    schedule.kind == "multiplicative"
        || schedule.settings.iter().any(|(_, setting)| match setting {
            Setting::Schedule(inner) => has_a_product_over_steps(inner),
            Setting::Schedules(inner) => inner.iter().any(has_a_product_over_steps),
            _ => false,
        })
}

/// A scheduler that goes on from a rate which another one has reached.
fn onwards(child: &Translation, lr: f64, reached: &Canonical) -> Canonical {
    let product = |parts| Canonical::new("product").schedules("schedules", parts);
    match child.schedule.kind {
        // PyTorch multiplies by the factor of step 0 when it begins, which it does not where it is alone.
        "exponential" => {
            let gamma = number_of(&child.schedule, "gamma");
            let powers = with_base(child.schedule.clone(), "learning_rate", lr, gamma);
            product(vec![reached.clone(), powers])
        }
        "multiplicative" => {
            let text = factor(&child.schedule).unwrap_or_default();
            let first = Canonical::new("repeat")
                .count("period", 1)
                .schedule("schedule", lambda(1.0, text));
            let others = with_base(child.schedule.clone(), "learning_rate", lr, 1.0);
            product(vec![reached.clone(), first, others])
        }
        "anneal" => {
            let away = with_number(child.schedule.clone(), "start_lr", 1.0);
            let towards = with_number(child.schedule.clone(), "start_lr", 0.0);
            let left = product(vec![reached.clone(), with_number(away, "end_lr", 0.0)]);
            Canonical::new("sum").schedules("schedules", [left, towards])
        }
        // An anneal of no length is at its end.
        _ => child.schedule.clone(),
    }
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
    let Some(last) = fresh else {
        return scaled_together(lr, children);
    };
    let bases = base_rates(lr, children);
    let mut parts = vec![rebased(&children[last], lr, bases[last])?];
    for (place, child) in children.iter().enumerate().skip(last + 1) {
        let Some(factor) = factor_of_a_step(child, lr) else {
            return Err(Refusal::of(
                "schedulers",
                format!(
                    "must not have number {} behind number {}: PyTorch begins at every step with the rate of the latter, and what \
                     the former makes of that is no product",
                    place + 1,
                    last + 1
                ),
            )
            .help("`product` multiplies whole schedules"));
        };
        parts.push(lambda(1.0, factor));
    }
    let momentum = children
        .iter()
        .rev()
        .find_map(|child| child.momentum.clone());
    let remark = format!(
        "Scheduler number {} computes the rate from its base rate at every step: in PyTorch as here those before it have no effect \
         on it, and of those behind it only the factor of the step itself acts, not what they multiplied before.",
        last + 1
    );
    let alone = parts.len() == 1;
    let schedule = match parts.pop() {
        Some(only) if alone => only,
        part => {
            parts.extend(part);
            Canonical::new("product").schedules("schedules", parts)
        }
    };
    Ok(Translation {
        schedule,
        momentum,
        remarks: children[last].remarks.clone(),
        carried: if alone {
            children[last].carried
        } else {
            Carried::Inner
        },
    }
    .remark(remark))
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
            (Carried::Scaled | Carried::ScaledUnlessSet | Carried::ScaledOnwards, schedule) => {
                vec![unit(schedule.clone())]
            }
            // A chain inside the chain, of which only the first part has the base rate.
            (Carried::Inner, chain) if let Some([first, others @ ..]) = chain_of_factors(chain) => {
                let first = std::iter::once(unit(first.clone()));
                first.chain(others.iter().cloned()).collect()
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

/// The parts of a chain of schedulers that all multiply the rate. (A lambda acts for those behind one that does not.)
fn chain_of_factors(schedule: &Canonical) -> Option<&[Canonical]> {
    match setting(schedule, "schedules") {
        Some(Setting::Schedules(parts))
            if schedule.kind == "product" && parts.iter().all(|part| part.kind != "lambda") =>
        {
            Some(parts)
        }
        _ => None,
    }
}

/// The factor of a `multiplicative`.
fn factor(schedule: &Canonical) -> Option<&str> {
    match setting(schedule, "factor") {
        Some(Setting::Text(text)) if schedule.kind == "multiplicative" => Some(text),
        _ => None,
    }
}

/// What a scheduler that multiplies the rate multiplies it by at each single step, as an expression.
fn factor_of_a_step(child: &Translation, lr: f64) -> Option<String> {
    if !matches!(
        child.carried,
        Carried::Scaled | Carried::ScaledUnlessSet | Carried::ScaledOnwards
    ) {
        return None;
    }
    let schedule = &child.schedule;
    let number = |key| number_of(schedule, key);
    Some(match schedule.kind {
        "constant" => {
            let share = number_of(
                &with_base(schedule.clone(), "learning_rate", lr, 1.0),
                "learning_rate",
            );
            format!("{share} if step == 0 else 1")
        }
        "constant_factor" => {
            let (factor, end) = (number("factor"), number("total_steps"));
            format!("{factor} if step == 0 else 1 / {factor} if step == {end} else 1")
        }
        "linear_factor" => {
            let (start, end) = (number("start_factor"), number("total_steps"));
            let change = number("end_factor") - start;
            format!(
                "{start} if step == 0 else 1 if step > {end} else 1 + ({change}) / ({end} * {start} + (step - 1) * ({change}))"
            )
        }
        "exponential" => format!("{} if step > 0 else 1", number("gamma")),
        "polynomial" => {
            let (end, power) = (number("decay_steps"), number("power"));
            format!(
                "1 if step == 0 or step > {end} else (({end} - step) / ({end} + 1 - step)) ** {power}"
            )
        }
        "step" => format!(
            "{} if step > 0 and step % {} == 0 else 1",
            number("gamma"),
            number("step_size")
        ),
        "multi_step" | "piecewise_scale" => {
            let at = setting(schedule, "milestones").or(setting(schedule, "boundaries"));
            let Some(Setting::Counts(at)) = at else {
                return None;
            };
            let scales = match setting(schedule, "scales") {
                Some(Setting::Numbers(scales)) => scales.clone(),
                _ => vec![number("gamma"); at.len()],
            };
            let mut text = String::new();
            for (step, scale) in at.iter().zip(scales) {
                text += &format!("{scale} if step == {step} else ");
            }
            text + "1"
        }
        "multiplicative" => format!(
            "({}) if step > 0 else 1",
            with_argument(factor(schedule)?, "step")
        ),
        _ => return None,
    })
}
