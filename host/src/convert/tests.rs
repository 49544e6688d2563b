use hairpin_core::{Feedback, Plan, Schedule};

use super::*;
use crate::document::{Document, Format, Source};
use crate::kinds::{STEPS, example, loss};
use crate::spec::KINDS;

fn read(text: &str) -> ScheduleTemplate {
    let document = Document::parse_inline(Source::new("test", text)).expect("a table");
    ScheduleTemplate::read(&document.at()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn rates(plan: &Plan) -> Vec<u32> {
    let steps = 0..2 * STEPS;
    match plan {
        Plan::Schedule(schedule) => {
            let steps = steps.chain([1_000_000, u32::MAX]);
            steps.map(|step| schedule.lr(step).to_bits()).collect()
        }
        Plan::Feedback(feedback) => {
            let mut state = feedback.start();
            let after = steps.map(|step| {
                feedback.observe(&mut state, step, loss(step));
                feedback.lr(&state, step).to_bits()
            });
            after.collect()
        }
    }
}

#[test]
fn every_kind_has_the_same_rates_in_every_form() {
    for kind in KINDS.iter().filter(|kind| kind.library().is_none()) {
        let text = example(kind.name).expect("an example");
        let template = read(text);
        let (_, built) = template.fixed().expect("sound");
        let expected = rates(&built.plan);
        let converted = Converted::new(&template, false).expect("sound");

        let toml = converted
            .text(Target::Toml, &Name::default())
            .expect("TOML");
        let (_, again) = read(&toml).fixed().expect("sound");
        assert_eq!(rates(&again.plan), expected, "{toml}");

        let json = converted
            .text(Target::Json, &Name::default())
            .expect("JSON");
        let document = Document::parse(Source::new("test", &json), Format::Json).expect("JSON");
        let again = ScheduleTemplate::read(&document.at()).and_then(|read| read.fixed());
        assert_eq!(rates(&again.expect("sound").1.plan), expected, "{json}");

        for target in [Target::Rust, Target::C] {
            let code = converted.text(target, &Name::default()).expect("code");
            let bytes = code.split("0x").skip(1).map(|byte| {
                u8::from_str_radix(&byte[..2], 16).expect("two digits in front of a comma")
            });
            let again = Plan::from_bytes(&bytes.collect::<Vec<_>>()).expect("its own bytes");
            assert_eq!(rates(&again), expected, "{code}");
        }
    }
}

#[test]
fn only_what_differs_from_its_default_is_written() {
    let text = |table: &str| {
        let converted = Converted::new(&read(table), false).expect("sound");
        converted
            .text(Target::Toml, &Name::default())
            .expect("TOML")
    };
    assert_eq!(
        text(
            r#"kind = "cosine_annealing", learning_rate = 0.1, t_max = 9, eta_min = 0.0, past = "periodic""#
        ),
        "kind = \"cosine_annealing\"\nlearning_rate = 0.1\nt_max = 9\n"
    );
    // A zero of the other sign is another value.
    assert!(
        text(r#"kind = "cosine_annealing", learning_rate = 0.1, t_max = 9, eta_min = -0.0"#)
            .contains("eta_min = -0.0\n")
    );
    assert_eq!(
        text(r#"kind = "constant", learning_rate = 1e-7"#),
        "kind = \"constant\"\nlearning_rate = 1.0e-7\n"
    );
}

#[test]
fn long_tables_are_spread_over_lines() {
    let inner =
        r#"{ kind = "exponential", learning_rate = 0.012345678901234567, gamma = 0.987654321 }"#;
    let table = format!(
        r#"kind = "sequential", milestones = [5], schedules = [0.1, {{ kind = "sum", schedules = [{inner}, {inner}] }}]"#
    );
    let toml = Converted::new(&read(&table), false)
        .map(|converted| converted.text(Target::Toml, &Name::default()))
        .expect("sound")
        .expect("TOML");
    let line =
        r#"{ kind = "exponential", learning_rate = 0.012345678901234567, gamma = 0.987654321 },"#;
    assert_eq!(
        toml,
        format!(
            "kind = \"sequential\"\nmilestones = [5]\nschedules = [\n  {{ kind = \"constant\", learning_rate = 0.1 }},\n  {{\n    \
             kind = \"sum\",\n    schedules = [\n      {line}\n      {line}\n    ],\n  }},\n]\n"
        )
    );
}

#[test]
fn comments_are_broken_between_words() {
    let long = ["word".repeat(20), "next".repeat(10)].join(" ");
    assert_eq!(
        comment::lines("# ", &[long, "short".to_owned()]),
        format!(
            "# {}\n# {}\n# short\n",
            "word".repeat(20),
            "next".repeat(10)
        )
    );
}

#[test]
fn a_momentum_that_a_composition_drops_is_told_once() {
    let cycle = r#"{ kind = "torch.OneCycleLR", max_lr = 0.1, total_steps = 30 }"#;
    let warmup = |after: &str| {
        format!(
            r#"{{ kind = "linear_warmup", warmup_steps = 3, start_lr = 0.0, end_lr = 0.1, after = {after} }}"#
        )
    };
    let dropped = |table: &str| {
        let converted = Converted::new(&read(table), false).expect("sound");
        assert!(converted.momentum.is_none(), "{table}");
        let remarks = converted.remarks.iter();
        remarks
            .filter(|remark| remark.starts_with("`torch.OneCycleLR` moves the momentum"))
            .count()
    };
    assert_eq!(dropped(&warmup(cycle)), 1);
    assert_eq!(dropped(&warmup(&warmup(cycle))), 1);
    let still = cycle.replace(" }", ", cycle_momentum = false }");
    assert_eq!(dropped(&warmup(&still)), 0);
}

#[test]
fn names_are_identifiers_of_both_languages() {
    for name in ["schedule", "A", "warm_up_2", "_x", "Rate"] {
        assert!(name.parse::<Name>().is_ok(), "{name}");
    }
    for name in ["", "2nd", "a-b", "a b", "_", "_1", "r\u{e4}te", "a\n"] {
        assert_eq!(
            name.parse::<Name>(),
            Err(NameError::NotAnIdentifier),
            "{name:?}"
        );
    }
    for name in ["fn", "Self", "crate", "gen"] {
        assert_eq!(name.parse::<Name>(), Err(NameError::Reserved), "{name}");
    }
}
