//! Tables against the core, and what the core says of a kind's course against its rates.

use hairpin_core::{
    AnySchedule, Bend, Combine, Constant, CosineAnnealing, CosineCycles, Course, Cyclic,
    CyclicMode, Exponential, Geometric, InverseSqrt, InverseTime, KDecay, KindVisitor, Linear,
    NaturalExp, Noam, Plan, Polynomial, Profiled, Schedule, WarmRestarts,
};
use hairpin_host::table;

use crate::compositions::tree;
use crate::configs;
use crate::draw;
use crate::kinds::one_of_each;
use crate::rng::Rng;

/// NaN has no promised payload.
fn bits(rate: f32) -> u32 {
    if rate.is_nan() { f32::NAN } else { rate }.to_bits()
}

/// A first step with so many after it, near something that happens at multiples of `length`.
fn first(rng: &mut Rng, length: u32, count: usize) -> u32 {
    let before = rng.up_to(count as u32);
    let step = draw::step(rng, length).saturating_sub(before);
    step.min(u32::MAX - (count as u32 - 1))
}

/// How many steps a table has: now and then more than any curve goes on for.
fn steps(rng: &mut Rng, usual: u32) -> usize {
    let most = if rng.up_to(15) == 0 { 5000 } else { usual };
    1 + rng.up_to(most) as usize
}

fn assert_filled(schedules: &[AnySchedule], first: u32, count: usize) {
    let mut rows = vec![f32::NAN; schedules.len() * count];
    let mut columns = rows.clone();
    table::fill(schedules, first, &mut rows).unwrap();
    table::fill_by_step(schedules, first, &mut columns).unwrap();
    for (trial, schedule) in schedules.iter().enumerate() {
        for (at, step) in (first..=u32::MAX).take(count).enumerate() {
            let core = schedule.lr(step);
            let found = [
                rows[trial * count + at],
                columns[at * schedules.len() + trial],
            ];
            assert_eq!(
                found.map(bits),
                [bits(core); 2],
                "{found:?}, not {core}, at {step} of {first}..+{count}: {schedule:?}"
            );
        }
    }
}

#[test]
fn tables_of_every_kind_hold_the_cores_bits() {
    let mut rng = Rng::from_env("tables");
    for _ in 0..configs() {
        let count = steps(&mut rng, 1200);
        let drawn = one_of_each(&mut rng);
        let first = first(&mut rng, drawn[0].length, count);
        let schedules: Vec<AnySchedule> = drawn.into_iter().map(|drawn| drawn.any).collect();
        assert_filled(&schedules, first, count);
        // A few of them, too: a table may be as narrow as one trial.
        let few = 1 + rng.up_to(3) as usize;
        let begin = rng.up_to((schedules.len() - few) as u32) as usize;
        assert_filled(&schedules[begin..begin + few], first, count);
    }
}

/// As in a sweep: many trials of a kind, no two alike, and now and then some of another one among them.
#[test]
fn tables_of_many_trials_of_a_kind_hold_the_cores_bits() {
    let mut rng = Rng::from_env("tables of many trials");
    for _ in 0..configs() {
        let count = steps(&mut rng, 1200);
        let each: Vec<_> = (0..9).map(|_| one_of_each(&mut rng)).collect();
        let first = first(&mut rng, each[0][0].length, count);
        for _ in 0..3 {
            let mut kinds = [0; 2].map(|_| rng.up_to(each[0].len() as u32 - 1) as usize);
            let ahead = rng.up_to(8) as usize;
            if rng.up_to(1) == 0 {
                kinds[1] = kinds[0];
            }
            let of_kinds = each.iter().enumerate().map(|(trial, drawn)| {
                let kind = kinds[usize::from(trial < ahead)];
                drawn[kind].any.clone()
            });
            assert_filled(&of_kinds.collect::<Vec<_>>(), first, count);
        }
    }
}

/// Trials that are formulas of the step, among others that are not: of all widths, beginning anywhere in a line of the cache, in more than a window, and
/// in a table that is written past the caches.
#[test]
fn tables_of_formulas_of_any_width_hold_the_cores_bits() {
    let trial = |trial: usize| -> AnySchedule {
        let rate = 0.1 + 1e-3 * trial as f64;
        let length = 900 + 7 * trial as u32 % 2000;
        match trial / 8 % 11 {
            0 => Linear::new(rate, 1e-5, length).unwrap().into(),
            1 => InverseTime::new(rate, 1e-3 * rate).unwrap().into(),
            2 => InverseSqrt::new(rate, 1.0 + rate).unwrap().into(),
            3 => Polynomial::new(rate, 0.0, length, 2.0, false)
                .unwrap()
                .into(),
            4 => KDecay::new(rate, 1e-6, length, 2.0, 2.0).unwrap().into(),
            // In every second 88 trials, these eight have none.
            5 if trial / 88 % 2 == 1 => CosineAnnealing::new(rate, 0.0, length).unwrap().into(),
            5 => Polynomial::new(rate, 1e-6, length, 5.0, false)
                .unwrap()
                .into(),
            6 => Noam::new(rate, 512, length / 3).unwrap().into(),
            7 => Exponential::new(rate, 1.0 - 1e-5 * trial as f64)
                .unwrap()
                .into(),
            // Above and below their limits, one of which is 0; slowly, and so fast that they turn on their way.
            8 => {
                let (low, high) = [(0.0, 0.5), (0.5, 0.1), (1e-3, 0.5 - rate)][trial % 3];
                let (up, down) = [(90, 5 + length / 9), (400, 300)][trial % 2];
                Cyclic::new(low, high, up, down)
                    .and_then(|cycle| cycle.mode(CyclicMode::ExpRange, [0.999, 0.99][trial % 2]))
                    .unwrap()
                    .into()
            }
            // Of whole numbers, no two of them the same.
            9 => InverseSqrt::new(rate, 1000.0 + trial as f64)
                .unwrap()
                .into(),
            _ => Constant::new(rate).unwrap().into(),
        }
    };
    let most = (1 << 22) / 2100 / 16 * 16 + 16;
    for (trials, steps) in [
        (16, 2100),
        (72, 100),
        (75, 2100),
        (128, 70),
        (144, 2100),
        (most, 2100),
    ] {
        let schedules: Vec<AnySchedule> = (0..trials).map(trial).collect();
        for ahead in [0, 1, 9, 15] {
            let mut cells = vec![f32::NAN; trials * steps + ahead + 1];
            let table = &mut cells[ahead..][..trials * steps];
            table::fill_by_step(&schedules, 5, table).unwrap();
            for (at, schedule) in schedules.iter().enumerate() {
                for (step, row) in (5..).zip(table.chunks(trials)) {
                    assert_eq!(
                        bits(row[at]),
                        bits(schedule.lr(step)),
                        "{trials} x {steps}, {ahead}: {step} of {at}, {schedule:?}"
                    );
                }
            }
            assert!(cells[..ahead].iter().all(|cell| cell.is_nan()));
            assert!(cells[ahead + trials * steps].is_nan());
            if trials == most && ahead == 1 {
                break;
            }
        }
    }
}

#[test]
fn tables_of_compositions_hold_the_cores_bits() {
    let mut rng = Rng::from_env("tables of compositions");
    for _ in 0..configs() {
        let count = steps(&mut rng, 600);
        let schedules: Vec<AnySchedule> = std::iter::from_fn(|| Some(tree(&mut rng, 3).plan()))
            .filter_map(|plan| match plan {
                Ok(Plan::Schedule(schedule)) => Some(schedule),
                _ => None,
            })
            .take(9)
            .collect();
        let length = draw::length(&mut rng);
        assert_filled(&schedules, first(&mut rng, length, count), count);
    }
}

/// Rates that begin where numbers have few digits or none, and come from there; and poles.
#[test]
fn tables_at_the_ends_of_the_numbers_hold_the_cores_bits() {
    let mut rng = Rng::from_env("tables at the ends");
    for _ in 0..configs() {
        let size = rng.pick(&[
            5e-324, 3e-320, 1e-310, 1e-290, 1e-150, 1e-40, 1e38, 1e150, 1e300,
        ]);
        let rate = rng.sign() * size * rng.uniform(0.5, 1.5);
        // To about 1 in the middle of the table.
        let count = 100 + rng.up_to(1000) as usize;
        let factor = (-rate.abs().ln() / (0.5 * count as f64)).exp();
        let pole = rng.uniform(1.0, count as f64);
        let schedules = |share: f64| -> Vec<AnySchedule> {
            let (rate, pole) = (share * rate, share * pole);
            vec![
                Exponential::new(rate, factor).unwrap().into(),
                Exponential::new(rate, -factor).unwrap().into(),
                NaturalExp::new(rate, -factor.ln()).unwrap().into(),
                Geometric::new(rate, 1.0_f64.copysign(rate), count as u32)
                    .unwrap()
                    .into(),
                InverseTime::new(rate, -1.0 / pole).unwrap().into(),
                InverseTime::new(0.1, -1.0 / pole.round()).unwrap().into(),
                InverseTime::new(0.1, rate).unwrap().into(),
                InverseSqrt::new(rate, pole).unwrap().into(),
                InverseSqrt::new(0.1, size).unwrap().into(),
                Linear::new(rate, 1.0 / rate, count as u32)
                    .unwrap_or(Linear::new(rate, 1.0, 7).unwrap())
                    .into(),
                CosineAnnealing::new(rate, -rate, count as u32)
                    .unwrap()
                    .into(),
            ]
        };
        assert_filled(&schedules(1.0), 0, count);
        let eight: Vec<_> = (0..8)
            .map(|trial| schedules(1.0 + 0.01 * f64::from(trial)))
            .collect();
        for kind in 0..eight[0].len() {
            let of_kind = eight.iter().map(|schedules| schedules[kind].clone());
            assert_filled(&of_kind.collect::<Vec<_>>(), 0, count);
        }
    }
}

/// Cycles that begin so little after a step that they count as begun there, of which all later steps know better.
#[test]
fn tables_of_cycles_that_begin_just_after_a_step_hold_the_cores_bits() {
    for (t_mult, rate) in [
        (1.000_000_040_039_506_8, 1.0),
        (1.000_000_160_151_627_5, 1.3),
    ] {
        let schedules: Vec<AnySchedule> = (0..1000)
            .map(|trial| {
                let rate = rate + 1e-3 * f64::from(trial);
                WarmRestarts::new(rate, 0.0, 100, t_mult).unwrap().into()
            })
            .collect();
        // One of the steps from which the rows begin is that step.
        for first in 100_000..100_010 {
            assert_filled(&schedules, first, 110);
        }
    }
}

/// Waves whose foot is farther away than a number can tell, by themselves and in combinations.
#[test]
fn tables_of_waves_without_end_hold_the_cores_bits() {
    for num_cycles in [5e-324, -5e-324, 1e-310, 1e-300, 1e-20] {
        let wave: AnySchedule = CosineCycles::new(0.1, 0.01, 1000, num_cycles, false)
            .unwrap()
            .into();
        let twice = AnySchedule::combined(Combine::Product, &[&wave, &wave]).unwrap();
        assert_filled(&[wave, twice], 0, 1200);
    }
}

/// Looks at what a kind says of the steps from one on.
struct Claims<'a> {
    step: u32,
    rng: &'a mut Rng,
}

impl KindVisitor for Claims<'_> {
    type Output = Bend;

    fn visit<S: Profiled>(self, schedule: &S) -> Bend {
        let Self { step, rng } = self;
        let value = |step: u32| schedule.rate(schedule.profile(step));
        let Course { bend, last } = schedule.course(step);
        assert!(last >= step);
        let ahead = last - step;
        match bend {
            Bend::Flat => {
                for other in [last, step + rng.up_to(ahead)] {
                    assert_eq!(value(step).to_bits(), value(other).to_bits(), "at {other}");
                }
            }
            Bend::Geometric => {
                let (near, far) = (rng.up_to(ahead.min(200)), rng.up_to(ahead.min(200)));
                let both = u64::from(near) + u64::from(far);
                if both <= u64::from(ahead) {
                    let [start, a, b, all] =
                        [0, near, far, near + far].map(|ahead| value(step + ahead));
                    // Normal numbers, which an `f64` holds to the last digit.
                    if [start, a, b, all]
                        .iter()
                        .all(|x| (1e-100..1e100).contains(&x.abs()))
                    {
                        // Four values, each off by 2^-40, and three roundings.
                        let off = (a / start * b / all - 1.0).abs();
                        assert!(off < 5.0 / (1_u64 << 40) as f64, "{off:e}");
                    }
                }
            }
            Bend::InverseRoot | Bend::Inverse => {
                let line = |step: u32| match bend {
                    Bend::Inverse => 1.0 / value(step),
                    _ => 1.0 / value(step).powi(2),
                };
                let stride = rng.up_to(ahead / 2);
                let three = [0, 1, 2].map(|which| line(step + which * stride));
                if three.iter().all(|x| (1e-60..1e60).contains(&x.abs())) {
                    let off = ((three[0] + three[2]) / 2.0 - three[1]).abs();
                    let largest = three[0].abs().max(three[2].abs());
                    // Three values, two of which count half, off by 2^-47 each and twice that where squared.
                    assert!(off <= largest * 5.0 / (1_u64 << 47) as f64, "{three:?}");
                }
            }
            Bend::HalfWave {
                limit,
                top,
                ahead: to_foot,
                turn,
                exponent,
            } => {
                let height = |place: u32| {
                    let sine = (0.5 * turn * (to_foot - f64::from(place))).sin();
                    (sine * sine).powi(exponent.into())
                };
                let place = rng.up_to(ahead.min(1 << 12));
                let term = top - limit;
                let size = limit.abs() + term.abs();
                if (1e-100..1e100).contains(&size) {
                    let off = (limit + term * height(place) - value(step + place)).abs();
                    // A value off by 2^-47, and the angle, rounded three times.
                    let angle = (to_foot.abs() + f64::from(place)) * turn;
                    let powers = f64::from(exponent) * (8.0 + 4.0 * angle) * f64::EPSILON;
                    let bound = size * (1.0 / (1_u64 << 47) as f64 + powers);
                    assert!(off <= bound, "{place}: {off:e} is above {bound:e}");
                }
            }
            Bend::Smooth => {
                for order in 0..=4 {
                    let most = ahead.min(1 << 12) / u32::max(order, 1);
                    let stride = rng.up_to(most);
                    let end = step + order * stride;
                    let bound = schedule.taylor(step, end, order);
                    let largest = schedule.taylor(step, end, 0);
                    // A difference of this order of values so far apart is the derivative somewhere between them, times the distance
                    // to the power of the order.
                    let (mut difference, mut binomial, mut factorial) = (0.0, 1.0, 1.0);
                    for which in 0..=order {
                        let sign = if (order - which) % 2 == 0 { 1.0 } else { -1.0 };
                        difference += sign * binomial * value(step + which * stride);
                        binomial *= f64::from(order - which) / f64::from(which + 1);
                        factorial *= f64::from(u32::max(which, 1));
                    }
                    let allowed = factorial * bound * f64::from(stride).powi(order as i32);
                    let roundings = largest * f64::from(1 << order) / (1_u64 << 46) as f64;
                    let bound = allowed * (1.0 + 1e-9) + roundings + f64::MIN_POSITIVE;
                    // Infinite rates have no differences.
                    assert!(
                        difference.abs() <= bound || difference.is_nan() || bound.is_nan(),
                        "order {order}, {stride} apart: {difference:e} is above {allowed:e}"
                    );
                }
            }
            Bend::Power {
                limit,
                origin,
                exponent,
                rate,
            } => {
                let [a, b] = [0, rng.up_to(ahead.min(1 << 12))].map(|ahead| step + ahead);
                let term = |step: u32| {
                    let distance = f64::from(step) - origin;
                    let grown = rate * (f64::from(step) - f64::from(a));
                    (distance.abs().ln() * exponent + grown).exp()
                };
                let (here, there) = (value(a) - limit, value(b) - limit);
                let ratio = term(b) / term(a);
                // Where the distance is 0 the power is, or nobody knows, and none is beyond the normal numbers.
                if [here, there, ratio]
                    .iter()
                    .all(|x| (1e-100..1e100).contains(&x.abs()))
                {
                    // Two values, and logarithms of a few units each, as often as the exponent says, and what they are of their exponential.
                    let logarithms = 1e3 * (1.0 + exponent.abs()) * f64::EPSILON;
                    let off = (here * ratio - there).abs();
                    let error = 1.0 / (1_u64 << 40) as f64;
                    let bound = error * (limit.abs() * (1.0 + ratio) + 2.0 * there.abs())
                        + logarithms * there.abs();
                    assert!(off <= bound, "{a}, {b}: {off:e} is above {bound:e}");
                }
            }
            Bend::PowerOfRest {
                limit,
                span,
                k,
                exponent,
            } => {
                assert!(step == last || f64::from(last) <= span);
                let step = step + rng.up_to(ahead.min(1 << 12));
                let share = (f64::from(step) / span).powf(k);
                let lacking = 1.0 - share;
                let all = value(0) - limit;
                if lacking > 1e-6 && (1e-100..1e100).contains(&all.abs()) {
                    let there = all * lacking.powf(exponent);
                    let off = (there + limit - value(step)).abs();
                    // Two values, and a rest that has lost up to 20 of its digits, as often as the exponent says.
                    let error = 2.0 / (1_u64 << 40) as f64;
                    let lost = 4.0 * exponent * (1.0 + k) * f64::EPSILON / lacking;
                    let bound = error * limit.abs() + (error + lost) * there.abs();
                    assert!(off <= bound, "{step}: {off:e} is above {bound:e}");
                }
            }
            Bend::Logistic { limit, begin, rate } => {
                let [a, b] = [0, rng.up_to(ahead.min(1 << 12))].map(|ahead| step + ahead);
                let exponent = |step: u32| begin + rate * f64::from(step);
                let farthest = begin.abs().max(exponent(a).abs()).max(exponent(b).abs());
                let (here, there) = (value(a) - limit, value(b) - limit);
                let ratio = (1.0 + exponent(a).exp()) / (1.0 + exponent(b).exp());
                if farthest < 500.0 && (1e-100..1e100).contains(&here.abs()) {
                    let off = (here * ratio - there).abs();
                    // Two values, and exponents of some roundings.
                    let error = 1.0 / (1_u64 << 40) as f64;
                    let bound = error * (limit.abs() * (1.0 + ratio) + 2.0 * there.abs())
                        + 20.0 * (1.0 + farthest) * f64::EPSILON * there.abs();
                    assert!(off <= bound, "{a}, {b}: {off:e} is above {bound:e}");
                }
            }
            Bend::Unknown => {}
            _ => panic!("{bend:?} is not looked at"),
        }
        bend
    }
}

#[test]
fn what_a_kind_says_of_its_course_holds() {
    let mut rng = Rng::from_env("courses");
    let (mut seen, mut again) = ([0_u32; 10], 0);
    for _ in 0..4 * configs() {
        for drawn in one_of_each(&mut rng) {
            let step = draw::step(&mut rng, drawn.length);
            let kind = drawn.any.span(0).kind.expect("a single kind");
            let claims = std::panic::AssertUnwindSafe(|| {
                let rng = &mut rng;
                kind.visit(Claims { step, rng })
            });
            let Ok(bend) = std::panic::catch_unwind(claims) else {
                panic!("at {step}: {}", drawn.config);
            };
            if let Some(later) = kind.period().and_then(|period| step.checked_add(period)) {
                let two = [step, later].map(|step| kind.value(step).to_bits());
                assert_eq!(two[0], two[1], "{step}, {later}: {}", drawn.config);
                again += 1;
            }
            seen[match bend {
                Bend::Flat => 0,
                Bend::Geometric => 1,
                Bend::InverseRoot => 2,
                Bend::Inverse => 3,
                Bend::Smooth => 5,
                Bend::Power { .. } => 6,
                Bend::PowerOfRest { .. } => 7,
                Bend::Logistic { .. } => 8,
                Bend::HalfWave { .. } => 4,
                _ => 9,
            }] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
    assert!(again > 100, "{again}");
}
