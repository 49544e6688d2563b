//! A schedule chosen at run time gives the bits of the type it was made from, behind warm-ups too.

use hairpin_core::{
    AnyFeedback, ConfigError, Constant, ConstantFactor, CosineAnnealing, Exponential, Feedback,
    Geometric, InverseSqrt, InverseTime, Kind, KindVisitor, Linear, LinearFactor, LinearWarmup,
    MultiStep, NODES, NaturalExp, Noam, Past, PiecewiseConstant, PiecewiseScale, Plan,
    PlateauConfig, Polynomial, Profiled, ReduceOnPlateau, Schedule, Step, Switch,
};

use crate::draw;
use crate::kinds::{Dynamic, bits, one_of_each};
use crate::rng::Rng;
use crate::{EDGES, configs};

/// Compares two schedules at the edges, around the given lengths, and anywhere.
fn assert_same(rng: &mut Rng, a: &dyn Schedule, b: &dyn Schedule, lengths: &[u32], config: &str) {
    let mut steps = EDGES.to_vec();
    for &length in lengths {
        steps.extend([length - 1, length, length.saturating_add(1)]);
        steps.extend((0..8).map(|_| draw::step(rng, length)));
    }
    for t in steps {
        assert_eq!(bits(a.lr(t)), bits(b.lr(t)), "{config} at {t}");
    }
}

fn schedule_of(plan: Plan) -> impl Schedule {
    match plan {
        Plan::Schedule(schedule) => schedule,
        Plan::Feedback(feedback) => panic!("{feedback:?} needs losses"),
    }
}

struct Lr(u32);

impl KindVisitor for Lr {
    type Output = f32;

    fn visit<S: Profiled>(self, schedule: &S) -> f32 {
        schedule.rate(schedule.profile(self.0)) as f32
    }
}

#[test]
fn any_schedule_and_plan_give_the_bits_of_the_concrete_type() {
    let mut rng = Rng::from_env("agreement");
    for _ in 0..configs() / 4 {
        for drawn in one_of_each(&mut rng) {
            let (config, lengths) = (&drawn.config, [drawn.length]);
            assert_same(&mut rng, &drawn.any, &drawn.concrete, &lengths, config);
            assert_same(
                &mut rng,
                drawn.any.span(0).kind.unwrap(),
                &drawn.concrete,
                &lengths,
                config,
            );
            let plan = schedule_of(Plan::from(drawn.any.clone()));
            assert_same(&mut rng, &plan, &drawn.concrete, &lengths, config);
            for t in EDGES {
                assert_eq!(
                    bits(drawn.any.span(0).kind.unwrap().visit(Lr(t))),
                    bits(drawn.concrete.lr(t)),
                    "{config} at {t}"
                );
            }
        }
    }
}

/// Each takes two pieces: its line, and the sequence it begins.
const WARMUPS: usize = (NODES - 1) / 2;

#[test]
fn warmups_chosen_at_run_time_nest_like_the_wrapper() {
    let mut rng = Rng::from_env("nesting");
    for _ in 0..configs() / 8 {
        for drawn in one_of_each(&mut rng) {
            // Short enough that all of them and what follows fit the step type.
            let ramps: Vec<(u32, f64, f64)> = (0..WARMUPS)
                .map(|_| {
                    (
                        1 + rng.up_to(1 << 20),
                        draw::rate(&mut rng),
                        draw::rate(&mut rng),
                    )
                })
                .collect();
            let mut plan = Plan::from(drawn.any.clone());
            let mut nested = drawn.concrete;
            let mut lengths = vec![drawn.length];
            for &(length, start, end) in &ramps {
                plan = plan.after_warmup(length, start, end).unwrap();
                nested = Dynamic::new(LinearWarmup::new(length, start, end, nested).unwrap());
                lengths.push(lengths.last().unwrap().saturating_add(length));
                lengths.push(length);
                let config = format!("{} behind {ramps:?}", drawn.config);
                assert_same(
                    &mut rng,
                    &schedule_of(plan.clone()),
                    &nested,
                    &lengths,
                    &config,
                );
            }
        }
    }
}

#[test]
fn warmups_nest_to_their_capacity_and_no_deeper() {
    let mut pure: Plan = Constant::new(1.0).unwrap().into();
    let plateau = ReduceOnPlateau::new(PlateauConfig::new(1.0)).unwrap();
    let mut feedback: Plan = AnyFeedback::from(plateau).into();
    const { assert!(WARMUPS >= 3, "the depth that the design promises") };
    for _ in 0..WARMUPS {
        pure = pure.after_warmup(2, 0.0, 1.0).unwrap();
        feedback = feedback.after_warmup(2, 0.0, 1.0).unwrap();
    }
    let refused = ConfigError::OverCapacity {
        field: "schedules",
        capacity: NODES,
        found: 2 * WARMUPS + 3,
    };
    assert_eq!(pure.after_warmup(2, 0.0, 1.0).unwrap_err(), refused);
    assert_eq!(feedback.after_warmup(2, 0.0, 1.0).unwrap_err(), refused);
}

#[test]
fn a_feedback_schedule_chosen_at_run_time_is_the_concrete_one() {
    let mut rng = Rng::from_env("feedback agreement");
    for _ in 0..configs() {
        let config = PlateauConfig {
            factor: 0.5,
            patience: rng.up_to(3),
            ..PlateauConfig::new(draw::rate(&mut rng))
        };
        let plateau = ReduceOnPlateau::new(config).unwrap();
        let (outer, inner) = (1 + rng.up_to(9), 1 + rng.up_to(9));
        let concrete = LinearWarmup::new(
            outer,
            0.0,
            2.0,
            LinearWarmup::new(inner, 2.0, 1.0, plateau).unwrap(),
        )
        .unwrap();
        let plan = Plan::from(AnyFeedback::from(plateau));
        let plan = plan
            .after_warmup(inner, 2.0, 1.0)
            .and_then(|plan| plan.after_warmup(outer, 0.0, 2.0))
            .unwrap();
        let Plan::Feedback(any) = plan else {
            panic!("a plateau needs losses")
        };
        let (mut ours, mut theirs) = (any.start(), concrete.start());
        for step in 0..60 {
            let loss = rng.pick(&[
                1.0,
                0.5,
                2.0,
                -1.0,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
            ]);
            assert_eq!(
                any.lr(&ours, step).to_bits(),
                concrete.lr(&theirs, step).to_bits(),
                "{config:?} at {step}"
            );
            let observed = any.observe(&mut ours, step, loss);
            assert_eq!(
                observed,
                concrete.observe(&mut theirs, step, loss),
                "{config:?} at {step}"
            );
        }
    }
}

/// Tables compute one profile for all trials that share it: sharing must mean the same bits.
#[test]
fn schedules_that_share_a_profile_have_the_same_one() {
    let mut rng = Rng::from_env("profiles");
    fn check<S: Profiled + Into<Kind> + Clone>(rng: &mut Rng, a: &S, b: &S, other: &S) {
        assert!(a.shares_profile(b) && !a.shares_profile(other));
        assert!(a.clone().into().shares_profile(&b.clone().into()));
        assert!(!a.clone().into().shares_profile(&other.clone().into()));
        for t in EDGES
            .into_iter()
            .chain((0..16).map(|_| draw::step(rng, 10)))
        {
            let (ours, theirs) = (
                a.profile(t).map(f64::to_bits),
                b.profile(t).map(f64::to_bits),
            );
            assert_eq!(ours, theirs, "at {t}");
        }
    }
    for _ in 0..configs() / 4 {
        let rng = &mut rng;
        let (x, y, end) = (draw::rate(rng), draw::rate(rng), draw::rate(rng));
        let length = 1 + draw::length(rng) / 2;
        let gamma = rng.uniform(0.1, 2.0);
        let (p, more) = (draw::power(rng), length + 1);
        check(
            rng,
            &Polynomial::new(x, end, length, p, true).unwrap(),
            &Polynomial::new(y, x, length, p, true).unwrap(),
            &Polynomial::new(x, end, length, p, false).unwrap(),
        );
        check(
            rng,
            &CosineAnnealing::new(x, end, length).unwrap(),
            &CosineAnnealing::new(y, x, length).unwrap(),
            &CosineAnnealing::new(x, end, more).unwrap(),
        );
        check(
            rng,
            &Exponential::new(x, gamma).unwrap(),
            &Exponential::new(y, gamma).unwrap(),
            &Exponential::new(x, -gamma).unwrap(),
        );
        check(
            rng,
            &NaturalExp::new(x, gamma).unwrap(),
            &NaturalExp::new(y, gamma).unwrap(),
            &NaturalExp::new(x, -gamma).unwrap(),
        );
        check(
            rng,
            &Step::new(x, length, gamma).unwrap(),
            &Step::new(y, length, gamma).unwrap(),
            &Step::new(x, more, gamma).unwrap(),
        );
        check(
            rng,
            &MultiStep::new(x, &[3, length + 3], gamma).unwrap(),
            &MultiStep::new(y, &[3, length + 3], gamma).unwrap(),
            &MultiStep::new(x, &[3], gamma).unwrap(),
        );
        check(
            rng,
            &InverseTime::new(x, gamma).unwrap(),
            &InverseTime::new(y, gamma).unwrap(),
            // Large enough to be scaled down, which must not look like a small one.
            &InverseTime::new(x, 1e290).unwrap(),
        );
        check(
            rng,
            &Noam::new(x, 8, length).unwrap(),
            &Noam::new(y, 64, length).unwrap(),
            &Noam::new(x, 8, more).unwrap(),
        );
        check(
            rng,
            &Linear::new(x, end, length).unwrap(),
            &Linear::new(y, x, length).unwrap(),
            &Linear::new(x, end, more).unwrap(),
        );
        check(
            rng,
            &ConstantFactor::new(x, end, length).unwrap(),
            &ConstantFactor::new(y, x, length).unwrap(),
            &ConstantFactor::new(x, end, more).unwrap(),
        );
        check(
            rng,
            &LinearFactor::new(x, y, end, length).unwrap(),
            &LinearFactor::new(y, end, x, length).unwrap(),
            &LinearFactor::new(x, y, end, more).unwrap(),
        );
        check(
            rng,
            &Geometric::new(gamma, 2.0, length).unwrap(),
            &Geometric::new(-3.0, -gamma, length).unwrap(),
            &Geometric::new(gamma, 2.0, more).unwrap(),
        );
        check(
            rng,
            &PiecewiseScale::new(x, &[3, length + 3], &[gamma, 2.0]).unwrap(),
            &PiecewiseScale::new(y, &[3, length + 3], &[gamma, 2.0]).unwrap(),
            &PiecewiseScale::new(x, &[3, length + 3], &[gamma, 3.0]).unwrap(),
        );
        check(
            rng,
            &InverseSqrt::new(x, gamma).unwrap(),
            &InverseSqrt::new(y, gamma).unwrap(),
            &InverseSqrt::new(x, gamma)
                .and_then(|s| s.power(0.75))
                .unwrap(),
        );
    }
    let x = Exponential::new(1.0, 0.5).unwrap();
    let shifted = x.transition(7, false).unwrap().begin(3);
    let others = [
        x,
        x.transition(7, false).unwrap(),
        x.transition(7, true).unwrap().begin(3),
        shifted.transition(8, false).unwrap(),
    ];
    assert!(shifted.shares_profile(&shifted.end_lr(0.1).unwrap()));
    assert!(others.iter().all(|other| !shifted.shares_profile(other)));
    let y = InverseTime::new(1.0, 0.5).unwrap();
    let slow = y.transition(7, false).unwrap();
    assert!(
        [y, y.transition(7, true).unwrap()]
            .iter()
            .all(|other| !slow.shares_profile(other))
    );
    let cosine = CosineAnnealing::new(1.0, 0.0, 7).unwrap();
    assert!(!cosine.shares_profile(&cosine.past(Past::Hold)));
    let at = PiecewiseConstant::<16>::new(&[3], &[1.0, 2.0]).unwrap();
    assert!(!at.shares_profile(&at.clone().switching(Switch::After)));
    let at = PiecewiseScale::<16>::new(1.0, &[3], &[2.0]).unwrap();
    assert!(!at.shares_profile(&at.clone().switching(Switch::After)));
    let piecewise =
        |value: f64| Kind::from(PiecewiseConstant::<16>::new(&[3], &[1.0, value]).unwrap());
    assert!(piecewise(2.0).shares_profile(&piecewise(2.0)));
    assert!(!piecewise(2.0).shares_profile(&piecewise(3.0)));
    assert!(
        !piecewise(2.0).shares_profile(&Constant::new(1.0).unwrap().into()),
        "other kinds share nothing"
    );
}
