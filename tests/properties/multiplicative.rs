//! What holds for a rate that is walked.

use hairpin_core::{Factor, Feedback, Multiplicative};

use crate::configs;
use crate::rng::Rng;

fn wobble(step: u32) -> f64 {
    1.0 + 0.3 * (f64::from(step) * 0.7).sin()
}

/// The products one after another, as PyTorch forms them.
fn products(learning_rate: f64, steps: u32) -> Vec<f64> {
    let mut product = learning_rate;
    let mut all = vec![product];
    for step in 1..=steps {
        product *= wobble(step);
        all.push(product);
    }
    all
}

#[test]
fn a_rate_is_the_same_from_wherever_it_is_walked_to() {
    let mut rng = Rng::from_env("walks");
    for _ in 0..configs() {
        let learning_rate = rng.sign() * rng.log_uniform(1e-6, 1e3);
        let schedule = Multiplicative::new(learning_rate, Factor::Function(wobble)).unwrap();
        let products = products(learning_rate, 300);
        let mut state = schedule.start();
        for _ in 0..20 {
            let (seen, asked) = (rng.up_to(300), rng.up_to(300));
            schedule.observe(&mut state, seen, f64::NAN);
            assert_eq!(state.step(), seen);
            let before = state;
            assert_eq!(
                schedule.rate(&state, asked).to_bits(),
                products[asked as usize].to_bits(),
                "{learning_rate} at {asked}, seen {seen}"
            );
            assert_eq!(state, before, "to ask changes nothing");
        }
    }
}

#[test]
fn losses_and_the_factor_at_0_do_not_matter() {
    let odd = |step| if step == 0 { f64::NAN } else { 0.5 };
    let schedule = Multiplicative::new(1.0, Factor::Function(odd)).unwrap();
    let mut state = schedule.start();
    assert!(!schedule.needs_losses());
    for (step, loss) in [(0, f64::NAN), (1, f64::INFINITY), (2, 7.0)] {
        schedule.observe(&mut state, step, loss);
        assert_eq!(schedule.lr(&state, step), 0.5_f32.powi(step as i32));
    }
}

#[test]
fn a_rate_that_is_no_number_is_refused_by_name() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = Multiplicative::new(bad, Factor::Function(wobble)).unwrap_err();
        assert_eq!(refused.field(), "learning_rate");
    }
}
