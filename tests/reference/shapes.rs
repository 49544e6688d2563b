//! The formulas of the kinds that go from rate to rate on a curve.

use hairpin_core::{
    Anneal, CosineCycles, CosineDecay, Cyclic, CyclicMode, Edges, Interpolation, KDecay, OneCycle,
    PiecewiseInterpolate, Shape, Tanh, WarmRestarts, WarmupStableDecay,
};

use crate::draw;
use crate::exact::{Big, big, power, steps, whole_power};
use crate::kinds::{Case, Draw};
use crate::rng::Rng;

/// Where ends of opposite signs cancel, what is left is the absolute error of two weights and of three more operations. The largest
/// of a weight is that of a squared sine of up to 45 degrees: 4 roundings of its angle and 2 of the sine, doubled by the square,
/// on a weight of at most 1/2.
const ONE_CURVE: f64 = 16.0;

/// One curve bent by another.
const TWO_CURVES: f64 = 32.0;

fn half_wave(x: &Big) -> Big {
    (big(1.0) + x.cos_pi()) / big(2.0)
}

fn between(from: f64, to: f64, weight: Big) -> Big {
    big(from) * weight.clone() + big(to) * (big(1.0) - weight)
}

/// The weight of the first end after `t` of `span` steps.
fn weight(shape: Shape, amount: Option<f64>, t: u32, span: u32) -> Big {
    if t >= span {
        return big(0.0);
    }
    let x = steps(t.into()) / steps(span.into());
    let a = big(amount.unwrap_or(1.0));
    match shape {
        Shape::Linear => big(1.0) - x,
        Shape::Cosine => half_wave(&x),
        Shape::Sqrt => big(1.0) - x.sqrt(),
        Shape::ReverseSqrt => (big(1.0) - x).sqrt(),
        Shape::Power => big(1.0) - power(&x, &a),
        Shape::Exponential => (power(&a, &x) - a.clone()) / (big(1.0) - a),
        Shape::Cycles => half_wave(&(big(2.0) * a * x)),
    }
}

/// A shape with an amount that suits it.
fn shape(rng: &mut Rng) -> (Shape, Option<f64>) {
    let shape = rng.pick(&[
        Shape::Linear,
        Shape::Cosine,
        Shape::Sqrt,
        Shape::ReverseSqrt,
        Shape::Power,
        Shape::Exponential,
        Shape::Cycles,
    ]);
    let amount = match shape {
        Shape::Power => Some(draw::power(rng)),
        Shape::Exponential => Some(match rng.up_to(2) {
            0 => 1.0 + rng.sign() * rng.log_uniform(1e-15, 1e-3),
            1 => rng.pick(&[0.125, 0.1, 2.0, 5e-324, f64::MAX]),
            _ => rng.log_uniform(1e-300, 1e300),
        }),
        Shape::Cycles => Some(match rng.up_to(2) {
            0 => rng.pick(&[0.5, 1.0, 1.5, -0.5, 0.0, 3.0]),
            1 => rng.sign() * rng.log_uniform(1e-3, 1e12),
            _ => rng.uniform(0.0, 20.0),
        }),
        _ => None,
    };
    (shape, amount)
}

fn anneal(rng: &mut Rng) -> Case {
    let (from, to, length) = draw::blend(rng);
    let (shape, amount) = shape(rng);
    let schedule = Anneal::new(from, to, length, shape, amount).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        between(from, to, weight(shape, amount, t, length))
    })
    .between(from, to)
    .roundings(ONE_CURVE)
}

fn cosine_decay(rng: &mut Rng) -> Case {
    let (from, to, length) = draw::blend(rng);
    let exponent = [1.0, draw::power(rng)];
    let exponent = rng.pick(&exponent);
    let k = [1.0, draw::power(rng)];
    let k = rng.pick(&k);
    let schedule = CosineDecay::new(from, to, length)
        .and_then(|schedule| schedule.exponent(exponent)?.k(k))
        .unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        if t >= length {
            return big(to);
        }
        let x = power(&(steps(t.into()) / steps(length.into())), &big(k));
        between(from, to, power(&half_wave(&x), &big(exponent)))
    })
    .between(from, to)
    .roundings(TWO_CURVES)
}

fn k_decay(rng: &mut Rng) -> Case {
    let (from, to, length) = draw::blend(rng);
    let (exponent, k) = (draw::power(rng), draw::power(rng));
    let schedule = KDecay::new(from, to, length, exponent, k).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        if t >= length {
            return big(to);
        }
        let x = power(&(steps(t.into()) / steps(length.into())), &big(k));
        between(from, to, power(&(big(1.0) - x), &big(exponent)))
    })
    .between(from, to)
    .roundings(TWO_CURVES)
}

fn cosine_cycles(rng: &mut Rng) -> Case {
    let (from, to, length) = draw::blend(rng);
    let hard = rng.one_in(2);
    let cycles = match rng.up_to(3) {
        0 => rng.pick(&[
            0.5,
            1.0,
            1.5,
            2.0,
            7.0,
            -0.75,
            0.0,
            f64::from(length),
            1.0 / 3.0,
        ]),
        1 => rng.sign() * rng.log_uniform(1e-6, 1e15),
        2 => f64::from(1 + rng.up_to(50)),
        _ => rng.uniform(0.0, 20.0),
    };
    let schedule = CosineCycles::new(from, to, length, cycles, hard).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        if hard && t >= length {
            return big(to);
        }
        let turns = big(cycles) * steps(t.into()) / steps(length.into());
        let x = if hard {
            turns.clone() - turns.floor()
        } else {
            big(2.0) * turns
        };
        between(from, to, half_wave(&x))
    })
    .between(from, to)
    .roundings(ONE_CURVE)
}

/// How many cycles are over at `t`, where the multiplier is not 1: the inverse of the sum of a geometric series. `None` beyond
/// the limit of a series that converges.
fn completed(t: u32, t_0: u32, t_mult: f64) -> Option<Big> {
    let argument = big(1.0) + steps(t.into()) * (big(t_mult) - big(1.0)) / steps(t_0.into());
    if argument <= big(0.0) {
        return None;
    }
    let n = argument.ln() / big(t_mult).ln();
    // A restart at the very step is a whole number, but for the rounding of the logarithms.
    let (nearest, nearly) = (n.round(), big(2f64.powi(-300)));
    let off = n.clone() - nearest.clone();
    let over = if off < nearly && -off < nearly {
        nearest
    } else {
        n.floor()
    };
    // One that is within 2^-44 of itself from the step is on it.
    let next = over.clone() + big(1.0);
    let end =
        steps(t_0.into()) * (power(&big(t_mult), &next) - big(1.0)) / (big(t_mult) - big(1.0));
    let is_on_it = end.clone() - steps(t.into()) <= end * big(2f64.powi(-44));
    Some(if is_on_it { next } else { over })
}

fn warm_restarts(rng: &mut Rng) -> Case {
    let (from, mut to, t_0) = draw::blend(rng);
    let t_mult = match rng.up_to(5) {
        0 => 1.0,
        1 => f64::from(2 + rng.up_to(8)),
        2 => rng.pick(&[1.5, 1.25, 0.5, 0.75, 2.5]),
        3 => 1.0 + rng.sign() * rng.log_uniform(1e-12, 1e-2),
        4 => rng.uniform(0.1, 1.0),
        _ => rng.uniform(1.0, 10.0),
    };
    let peak_mult = match rng.up_to(3) {
        0 => {
            // The peaks do not cross the foot.
            to = to.abs().copysign(from);
            rng.pick(&[0.5, 0.9, 1.1, 2.0, 0.0])
        }
        _ => 1.0,
    };
    let limit = rng.pick(&[0, 0, 1, 2, 5]);
    let k = rng.pick(&[1.0, 1.0, 0.5, 2.0, 1.5]);
    let schedule = WarmRestarts::new(from, to, t_0, t_mult)
        .and_then(|schedule| schedule.peak_mult(peak_mult)?.k(k))
        .unwrap()
        .cycle_limit(limit);
    // Restarts of the first cycles, or one late in the range of steps.
    let around = match rng.up_to(2) {
        0 => (f64::from(t_0) * (1.0 + t_mult)) as u32,
        _ => t_0,
    };
    Case::new(rng, around, format!("{schedule:?}"), &schedule, |t| {
        let (cycle, begin, length) = if t_mult == 1.0 {
            (
                steps((t / t_0).into()),
                steps((t - t % t_0).into()),
                steps(t_0.into()),
            )
        } else {
            let Some(cycle) = completed(t, t_0, t_mult) else {
                return big(to);
            };
            let scale = power(&big(t_mult), &cycle);
            let begin = steps(t_0.into()) * (scale.clone() - big(1.0)) / (big(t_mult) - big(1.0));
            (cycle, begin, steps(t_0.into()) * scale)
        };
        let over = limit > 0 && cycle >= steps(limit.into());
        if over || length < big(1.0) - big(2f64.powi(-300)) {
            return big(to);
        }
        // At a restart the difference is a rounding error of either sign.
        let done = steps(t.into()) - begin;
        let done = if done < big(0.0) { big(0.0) } else { done };
        let c = half_wave(&power(&(done / length), &big(k)));
        let peak = big(from) * power(&big(peak_mult), &cycle);
        peak * c.clone() + big(to) * (big(1.0) - c)
    })
    .between(from, to)
    .roundings(TWO_CURVES)
}

fn tanh(rng: &mut Rng) -> Case {
    let (from, to, length) = draw::blend(rng);
    let bound = |rng: &mut Rng| match rng.up_to(3) {
        0 => rng.sign() * rng.log_uniform(1e-6, 80.0),
        _ => rng.uniform(-10.0, 10.0),
    };
    let options = [(-6.0, 4.0), (bound(rng), bound(rng))];
    let (lb, ub) = rng.pick(&options);
    let schedule = Tanh::new(from, to, length, lb, ub).unwrap();
    Case::new(rng, length, format!("{schedule:?}"), &schedule, |t| {
        if t >= length {
            return big(to);
        }
        let x = steps(t.into()) / steps(length.into());
        let y = big(lb) * (big(1.0) - x.clone()) + big(ub) * x;
        between(from, to, (big(1.0) - y.tanh()) / big(2.0))
    })
    .between(from, to)
    .roundings(ONE_CURVE)
}

/// Three rates, of which two may be far apart, and the ends of all of them.
fn three_rates(rng: &mut Rng) -> ([f64; 3], (f64, f64)) {
    let (a, b, _) = draw::blend(rng);
    let c = [a, b, 0.0, draw::rate(rng)];
    let c = rng.pick(&c);
    let rates = rng.pick(&[[a, b, c], [c, a, b], [b, c, a]]);
    let low = rates.into_iter().fold(f64::INFINITY, f64::min);
    let high = rates.into_iter().fold(f64::NEG_INFINITY, f64::max);
    (rates, (low, high))
}

fn warmup_stable_decay(rng: &mut Rng) -> Case {
    let ([start, peak, end], (low, high)) = three_rates(rng);
    let some = |rng: &mut Rng| {
        let lengths = [0, draw::length(rng), 1 + rng.up_to(1000)];
        rng.pick(&lengths)
    };
    let (warmup, stable, decay) = (some(rng), some(rng), draw::length(rng));
    let (rising, amount) = shape(rng);
    // The other shape takes the same number, or none.
    let falling = rng.pick(&[Shape::Linear, Shape::Cosine, Shape::Sqrt, rising]);
    let (rising, falling) = rng.pick(&[(rising, falling), (falling, rising)]);
    let schedule = WarmupStableDecay::new(peak, warmup, stable, decay)
        .and_then(|schedule| schedule.ends(start, end)?.shapes(rising, falling, amount))
        .unwrap();
    let edge = rng.pick(&[
        warmup,
        warmup.saturating_add(stable),
        warmup.saturating_add(stable).saturating_add(decay),
    ]);
    Case::new(rng, edge.max(1), format!("{schedule:?}"), &schedule, |t| {
        if t < warmup {
            return between(start, peak, weight(rising, amount, t, warmup));
        }
        let t = t - warmup;
        if t < stable {
            return big(peak);
        }
        between(peak, end, weight(falling, amount, t - stable, decay))
    })
    .between(low, high)
    .roundings(ONE_CURVE)
}

fn one_cycle(rng: &mut Rng) -> Case {
    let ([start, peak, end], (low, high)) = three_rates(rng);
    let total = draw::length(rng);
    let pct = match rng.up_to(2) {
        0 => rng.pick(&[0.0, 0.3, 0.5, 1.0, 1.0 / f64::from(total)]),
        _ => rng.uniform(0.0, 1.0),
    };
    let n = f64::from(total);
    let pct_final = [
        None,
        Some((2.0 * pct * n - 1.0) / n),
        Some(pct + (1.0 - pct) * rng.uniform(0.0, 1.0)),
        Some(pct),
    ];
    let pct_final = rng.pick(&pct_final);
    let shape = rng.pick(&[Interpolation::Linear, Interpolation::Cosine]);
    let rule = rng.pick(&[Edges::LastStep, Edges::Floored]);
    let schedule = OneCycle::new(peak, start, end, total)
        .and_then(|schedule| schedule.pct_start(pct)?.shape(shape).edges(rule))
        .unwrap();
    let (schedule, pct_final) = match pct_final.map(|share| schedule.pct_final(share)) {
        Some(Ok(three)) => (three, pct_final),
        // Only a second edge before the first is refused.
        Some(Err(_)) | None => (schedule, None),
    };
    let edge = |share: f64| match rule {
        Edges::LastStep => share * n - 1.0,
        Edges::Floored => (share * n).floor(),
    };
    let last = match rule {
        Edges::LastStep => n - 1.0,
        Edges::Floored => n,
    };
    let mut phases = vec![(start, peak, edge(pct))];
    if let Some(share) = pct_final {
        phases.push((peak, start, edge(share)));
        phases.push((start, end, last));
    } else {
        phases.push((peak, end, last));
    }
    let around = rng.pick(&[edge(pct), pct_final.map_or(last, edge), last]) as u32;
    Case::new(
        rng,
        around.max(1),
        format!("{schedule:?}"),
        &schedule,
        |t| {
            if f64::from(t) > last {
                return big(end);
            }
            let mut begin = 0.0;
            for &(from, to, edge) in &phases {
                let reached = f64::from(t) <= edge && (edge > 0.0 || edge == last);
                if reached && edge > begin {
                    let done = steps(t.into()) - big(begin);
                    let x = done / (big(edge) - big(begin));
                    return between(
                        from,
                        to,
                        match shape {
                            Interpolation::Linear => big(1.0) - x,
                            Interpolation::Cosine => half_wave(&x),
                        },
                    );
                }
                begin = edge;
            }
            big(end)
        },
    )
    .between(low, high)
    .roundings(ONE_CURVE)
}

fn triangle(t: u32, up: u32, down: u32) -> (Big, u32) {
    let both = u64::from(up) + u64::from(down);
    let (cycle, within) = (u64::from(t) / both, u64::from(t) % both);
    let share = if within <= u64::from(up) {
        steps(within) / steps(up.into())
    } else {
        steps(both - within) / steps(down.into())
    };
    (share, cycle as u32)
}

fn cyclic(rng: &mut Rng) -> Case {
    let (base, max, up) = draw::blend(rng);
    let down = [up, draw::length(rng)];
    let down = rng.pick(&down);
    let mode = rng.pick(&[
        CyclicMode::Triangular,
        CyclicMode::Triangular2,
        CyclicMode::ExpRange,
    ]);
    let gamma = match mode {
        CyclicMode::ExpRange => {
            let reach = draw::length(rng);
            draw::gamma(rng, reach).abs().min(1.0)
        }
        _ => 1.0,
    };
    let schedule = Cyclic::new(base, max, up, down)
        .and_then(|schedule| schedule.mode(mode, gamma))
        .unwrap();
    Case::new(rng, up, format!("{schedule:?}"), &schedule, |t| {
        let (share, cycle) = triangle(t, up, down);
        let scale = match mode {
            CyclicMode::Triangular => big(1.0),
            CyclicMode::Triangular2 => whole_power(0.5, cycle),
            CyclicMode::ExpRange => whole_power(gamma, t),
        };
        between(max, base, share * scale)
    })
    .between(base, max)
    .roundings(ONE_CURVE)
}

/// Triangles that grow, or change their sign: from a foot of 0, or away from 0, so that nothing cancels.
fn cyclic_beyond(rng: &mut Rng) -> Case {
    let (up, down) = (draw::length(rng), draw::length(rng));
    let gamma = draw::gamma(rng, up);
    let base = if gamma < 0.0 { 0.0 } else { draw::rate(rng) };
    let max = if base == 0.0 {
        draw::rate(rng)
    } else {
        base * (1.0 + rng.log_uniform(1e-9, 1e9))
    };
    let schedule = Cyclic::new(base, max, up, down)
        .and_then(|schedule| schedule.mode(CyclicMode::ExpRange, gamma))
        .unwrap();
    Case::new(rng, up, format!("{schedule:?}"), &schedule, |t| {
        let (share, _) = triangle(t, up, down);
        big(base) + (big(max) - big(base)) * share * whole_power(gamma, t)
    })
}

fn piecewise_interpolate(rng: &mut Rng) -> Case {
    let mut boundaries: Vec<u32> = (0..=rng.up_to(15)).map(|_| draw::length(rng)).collect();
    if rng.one_in(4) {
        boundaries.push(0);
        boundaries.truncate(16);
    }
    boundaries.sort_unstable();
    boundaries.dedup();
    let rate = draw::rate(rng);
    let signed = rng.one_in(4);
    if signed {
        boundaries.truncate(1);
    }
    let scales: Vec<f64> = boundaries
        .iter()
        .map(|_| match rng.up_to(9) {
            0 => 0.0,
            _ if signed => rng.sign() * rng.log_uniform(1e-8, 1e8),
            _ => rng.log_uniform(1e-8, 1e8),
        })
        .collect();
    let shape = rng.pick(&[Interpolation::Linear, Interpolation::Cosine]);
    let schedule = PiecewiseInterpolate::<16>::new(rate, &boundaries, &scales, shape).unwrap();
    let around = rng.pick(&boundaries);
    let case = Case::new(
        rng,
        around.max(1),
        format!("{schedule:?}"),
        &schedule,
        |t| {
            let (mut begin, mut knot) = (0, big(rate));
            for (&boundary, &scale) in boundaries.iter().zip(&scales) {
                let next = knot.clone() * big(scale);
                if t < boundary {
                    let x = steps((t - begin).into()) / steps((boundary - begin).into());
                    let weight = match shape {
                        Interpolation::Linear => big(1.0) - x,
                        Interpolation::Cosine => half_wave(&x),
                    };
                    return knot * weight.clone() + next * (big(1.0) - weight);
                }
                (begin, knot) = (boundary, next);
            }
            knot
        },
    );
    if signed {
        case.between(rate, rate * scales[0]).roundings(TWO_CURVES)
    } else {
        case
    }
}

/// These kinds by name.
pub(crate) const SHAPES: [(&str, Draw); 11] = [
    ("anneal", anneal),
    ("cosine_decay", cosine_decay),
    ("k_decay", k_decay),
    ("cosine_cycles", cosine_cycles),
    ("warm_restarts", warm_restarts),
    ("tanh", tanh),
    ("warmup_stable_decay", warmup_stable_decay),
    ("one_cycle", one_cycle),
    ("cyclic", cyclic),
    ("cyclic (gamma of any size)", cyclic_beyond),
    ("piecewise_interpolate", piecewise_interpolate),
];
