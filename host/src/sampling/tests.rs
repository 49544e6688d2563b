use std::collections::HashSet;
use std::path::Path;

use super::*;
use crate::document::{Document, Format, Source};

fn spec(text: &str) -> Spec {
    let document = Document::parse(Source::new("spec", text), Format::Toml).expect("TOML");
    Spec::read(&document, "spec", Path::new(""))
        .unwrap_or_else(|error| panic!("{}", error.one_line()))
}

/// A sweep with every distribution, twice.
fn wide(method: &str, seed: u64) -> Spec {
    spec(&format!(
        "method = \"{method}\"\ntrials = 70000\nseed = {seed}\ntrain = {{ steps = 5 }}\n\
         [[schedules]]\nkind = \"cosine_annealing\"\n\
         learning_rate = {{ distribution = \"log_uniform_values\", min = 1.0e-3, max = 30.0 }}\n\
         t_max = {{ min = 5, max = 50 }}\neta_min = {{ min = -1.0, max = 1.0 }}\n\
         [[schedules]]\nkind = \"linear_warmup\"\nwarmup_steps = {{ distribution = \"q_log_uniform_values\", min = 1, max = 1000, q = 1 }}\n\
         start_lr = {{ distribution = \"q_uniform\", min = 0.1, max = 0.3, q = 0.1 }}\nend_lr = {{ values = [1.0, 2.0, 3.0] }}\n\
         after = {{ values = [0.5, 0.25] }}\n[sgd]\nmomentum = {{ min = 0.0, max = 0.99 }}\nrounding = {{ values = [\"separate\", \"fused\"] }}\n"
    ))
}

fn shown(trial: &Trial) -> String {
    let values: Vec<_> = trial
        .parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!("{}: {}", trial.alternative, values.join(" "))
}

#[test]
fn a_part_draws_what_the_whole_draws() {
    for method in ["random", "sobol"] {
        let spec = wide(method, 7);
        let sampler = Sampler::new(&spec);
        let whole: Vec<_> = (0..100)
            .map(|index| shown(&sampler.trial(index).expect("a trial")))
            .collect();
        let again = Sampler::new(&spec);
        for index in (0..100).rev() {
            assert_eq!(
                shown(&again.trial(index as u64).expect("a trial")),
                whole[index]
            );
        }
        let distinct: HashSet<_> = whole.iter().collect();
        assert_eq!(distinct.len(), 100, "{method}");
        let other = wide(method, 8);
        assert_ne!(
            shown(&Sampler::new(&other).trial(0).expect("a trial")),
            whole[0],
            "{method}"
        );
    }
}

/// A finished sweep must be drawn again by any later release: neither a dependency nor this module may move these.
#[test]
fn draws_are_pinned() {
    let pinned = [
        (
            "random",
            0,
            "0: learning_rate=21.06542795599687 eta_min=0.7506768606136951 t_max=6 sgd.momentum=0.2927164169143155 sgd.rounding=fused",
        ),
        (
            "random",
            1,
            "1: warmup_steps=112 start_lr=0.3 end_lr=2.0 after.learning_rate=0.5 sgd.momentum=0.7311124655702035 sgd.rounding=fused",
        ),
        (
            "random",
            69_999,
            "1: warmup_steps=330 start_lr=0.1 end_lr=1.0 after.learning_rate=0.5 sgd.momentum=0.9582295240500048 sgd.rounding=separate",
        ),
        (
            "sobol",
            0,
            "1: warmup_steps=9 start_lr=0.2 end_lr=3.0 after.learning_rate=0.5 sgd.momentum=0.028094937801361082 sgd.rounding=separate",
        ),
        (
            "sobol",
            1,
            "0: learning_rate=0.7342622906889117 eta_min=0.9168899059295654 t_max=20 sgd.momentum=0.7874028289318085 sgd.rounding=fused",
        ),
        (
            "sobol",
            65_536,
            "1: warmup_steps=965 start_lr=0.3 end_lr=1.0 after.learning_rate=0.5 sgd.momentum=0.5642323100566864 sgd.rounding=fused",
        ),
    ];
    for (method, index, expected) in pinned {
        let spec = wide(method, 7);
        assert_eq!(
            shown(&Sampler::new(&spec).trial(index).expect("a trial")),
            expected,
            "{method} {index}"
        );
    }
}

#[test]
fn draws_stay_within_their_domains_and_reach_all_of_them() {
    for method in ["random", "sobol"] {
        let spec = wide(method, 3);
        let sampler = Sampler::new(&spec);
        let (mut words, mut quanta, mut alternatives) =
            (HashSet::new(), HashSet::new(), [0_usize; 2]);
        let mut low_rates = 0_usize;
        for index in 0..2000 {
            let trial = sampler.trial(index).expect("a trial");
            alternatives[trial.alternative] += 1;
            for (name, value) in &trial.parameters {
                let number = value.as_number();
                let within = |low: f64, high: f64| {
                    number.is_some_and(|number| (low..=high).contains(&number))
                };
                assert!(
                    match name.as_str() {
                        "learning_rate" => {
                            low_rates += usize::from(within(1e-3, 0.173));
                            within(1e-3, 30.0)
                        }
                        "t_max" => within(5.0, 50.0),
                        "eta_min" => within(-1.0, 1.0),
                        "warmup_steps" => within(1.0, 1000.0),
                        "start_lr" => {
                            quanta.insert(value.to_string());
                            within(0.1, 0.3)
                        }
                        "end_lr" => within(1.0, 3.0),
                        "after.learning_rate" => within(0.25, 0.5),
                        "sgd.momentum" => within(0.0, 0.99),
                        "sgd.rounding" => {
                            words.insert(value.to_string());
                            number.is_none()
                        }
                        other => panic!("unknown parameter {other}"),
                    },
                    "{method} {index}: {name} = {value}"
                );
            }
        }
        assert_eq!(words.len(), 2, "{method}");
        let mut quanta: Vec<_> = quanta.into_iter().collect();
        quanta.sort();
        assert_eq!(quanta, ["0.1", "0.2", "0.3"], "{method}");
        // Fair coins, thrown 2000 and about 1000 times: five standard deviations are 112 and 79.
        assert!(
            alternatives[0].abs_diff(1000) < 112,
            "{method}: {alternatives:?}"
        );
        assert!(
            low_rates.abs_diff(alternatives[0] / 2) < 79,
            "{method}: {low_rates} of {alternatives:?} below the geometric mean"
        );
    }
}

#[test]
fn sobol_fills_a_range_evenly() {
    let spec = spec(
        "method = \"sobol\"\ntrials = 64\ntrain = { steps = 5 }\n\
         schedules = [{ kind = \"constant\", learning_rate = { min = 0.0, max = 64.0 } }]\n",
    );
    let sampler = Sampler::new(&spec);
    let cells: HashSet<u64> = (0..64)
        .map(|index| {
            let trial = sampler.trial(index).expect("a trial");
            trial.parameters[0].1.as_number().expect("a number") as u64
        })
        .collect();
    // 64 points of a (t, s)-sequence in base 2: one in each 64th.
    assert_eq!(cells.len(), 64);
}

#[test]
fn a_grid_visits_every_combination_once() {
    let spec = spec(
        "method = \"grid\"\ntrials = 15\ntrain = { steps = 5 }\n\
         [[schedules]]\nkind = \"step\"\nlearning_rate = { values = [1.0, 0.5] }\nstep_size = { min = 2, max = 4 }\n\
         [[schedules]]\nkind = \"exponential\"\nlearning_rate = 1.0\ngamma = { values = [0.9, 0.8, 0.7] }\n\
         [sgd]\nmomentum = 0.9\n[[schedules]]\nkind = \"step\"\nlearning_rate = 3.0\nstep_size = { min = 5, max = 10 }\n",
    );
    let sampler = Sampler::new(&spec);
    let all: Vec<_> = (0..sampler.count())
        .map(|index| shown(&sampler.trial(index).expect("a trial")))
        .collect();
    assert_eq!(
        all[..9],
        [
            "0: learning_rate=1.0 step_size=2",
            "0: learning_rate=1.0 step_size=3",
            "0: learning_rate=1.0 step_size=4",
            "0: learning_rate=0.5 step_size=2",
            "0: learning_rate=0.5 step_size=3",
            "0: learning_rate=0.5 step_size=4",
            "1: gamma=0.9",
            "1: gamma=0.8",
            "1: gamma=0.7",
        ]
    );
    assert_eq!(all.len(), 15);
    assert_eq!(all[14], "2: step_size=10");
    assert!(sampler.trial(15).is_err());
}
