use hairpin_core::{Plan, PlateauConfig, ReduceOnPlateau};

use super::*;

fn steps(text: &str) -> Vec<u32> {
    Steps::parse(text)
        .unwrap_or_else(|error| panic!("{}", error.one_line()))
        .iter()
        .collect()
}

#[test]
fn steps_are_read_in_all_their_forms() {
    assert_eq!(steps("7"), [7]);
    assert_eq!(steps("0..4"), [0, 1, 2, 3]);
    assert_eq!(steps("0..10:4"), [0, 4, 8]);
    assert_eq!(steps("9, 0 ,5..7,9"), [9, 0, 5, 6, 9]);
    assert_eq!(steps("4294967294..4294967296"), [4_294_967_294, u32::MAX]);
    assert_eq!(steps("0..4294967296:4294967295"), [0, u32::MAX]);
    assert_eq!(steps("0..4294967296:4294967296"), [0]);
    for text in [
        "7",
        "0..4",
        "0..10:4",
        "9,0,5..7",
        "0..4294967296:4294967295",
        "0..10:3",
    ] {
        assert_eq!(
            Some(Steps::parse(text).expect(text).max()),
            steps(text).into_iter().max(),
            "{text}"
        );
    }
}

#[test]
fn wrong_steps_point_at_their_part() {
    let cases = [
        ("", 1, "is not a step", ""),
        ("1,,2", 3, "is not a step", "0..100:10"),
        ("-1", 1, "`-1` is not a step", ""),
        ("+1", 1, "`+1` is not a step", ""),
        ("1.5", 1, "`1.5` is not a step", ""),
        (
            "0,4294967296",
            3,
            "4294967296 is beyond the last step, 4294967295",
            "32 bits",
        ),
        ("0..4294967297", 1, "beyond the last step", ""),
        ("4294967296..4294967296", 1, "beyond the last step", ""),
        ("99999999999999999999", 1, "beyond the last step", ""),
        ("5..5", 1, "empty", "one past the last"),
        ("9..5", 1, "empty", ""),
        ("0..9:0", 1, "never ends", "every step"),
        ("0..=9", 1, "excluded", "write 0..10"),
    ];
    for (text, column, message, help) in cases {
        let error = Steps::parse(text).expect_err(text);
        assert_eq!(error.column(), Some(column), "{text}: {error}");
        assert!(error.message().contains(message), "{text}: {error}");
        assert!(
            error.remedy().unwrap_or_default().contains(help),
            "{text}: {:?}",
            error.remedy()
        );
    }
}

fn plateau() -> Plan {
    let config = PlateauConfig {
        factor: 0.5,
        patience: 0,
        ..PlateauConfig::new(1.0)
    };
    let plateau = ReduceOnPlateau::new(config).expect("sound");
    hairpin_core::AnyFeedback::from(plateau).into()
}

#[test]
fn a_feedback_schedule_answers_after_each_loss() {
    let rates = Rates::new(plateau(), Some(&[1.0, 1.0, 0.5, 0.5])).expect("losses are there");
    let at: Vec<f32> = (0..4)
        .map(|step| rates.at(step).expect("has a loss"))
        .collect();
    assert_eq!(at, [1.0, 0.5, 0.5, 0.25]);
    assert_eq!(rates.at(4), Err(LrError::LossMissing { step: 4, found: 4 }));
    assert_eq!(
        Rates::new(plateau(), None).err(),
        Some(LrError::LossesMissing)
    );
    // A warm-up's losses are not seen, but they are counted.
    let warmed = plateau().after_warmup(2, 0.0, 1.0).expect("sound");
    let rates = Rates::new(warmed, Some(&[1.0, 1.0, 1.0, 1.0])).expect("losses are there");
    let at: Vec<f32> = (0..4)
        .map(|step| rates.at(step).expect("has a loss"))
        .collect();
    assert_eq!(at, [0.0, 0.5, 1.0, 0.5]);
}

#[test]
fn decimals_round_trip() {
    for rate in [
        0.1_f32,
        1.0,
        -0.0,
        1e-45,
        f32::MAX,
        f32::MIN_POSITIVE,
        1.0 / 3.0,
        1e16,
        1e-7,
    ] {
        assert_eq!(
            decimal(rate).parse::<f32>().map(f32::to_bits),
            Ok(rate.to_bits())
        );
        assert_eq!(
            json(rate).parse::<f32>().map(f32::to_bits),
            Ok(rate.to_bits())
        );
    }
    assert_eq!(decimal(0.1), "0.1");
    assert_eq!(
        [
            json(f32::NAN),
            json(f32::INFINITY),
            decimal(f32::NEG_INFINITY)
        ],
        ["\"NaN\"", "\"Infinity\"", "-Infinity"]
    );
}

#[test]
fn lines_are_answered() {
    let line = |text: &str| answer(text, 3).line;
    let exponential = r#""schedule":{"kind":"exponential","learning_rate":0.1,"gamma":0.5}"#;
    assert_eq!(
        line(&format!(r#"{{{exponential},"steps":[2,0,0]}}"#)),
        r#"{"lr":[0.025,0.1,0.1]}"#
    );
    assert_eq!(
        line(&format!(r#"{{{exponential},"steps":[0],"losses":[]}}"#)),
        r#"{"lr":[0.1]}"#
    );
    assert_eq!(
        line(&format!(r#"{{"steps":[],"losses":null,{exponential}}}"#)),
        r#"{"lr":[]}"#
    );
    let plateau =
        r#""schedule":{"kind":"reduce_on_plateau","learning_rate":1.0,"factor":0.5,"patience":0}"#;
    let answered = line(&format!(
        r#"{{{plateau},"steps":[3,0],"losses":[1.0,"NaN",0.5,"Infinity"]}}"#
    ));
    assert_eq!(answered, r#"{"lr":[0.25,1.0]}"#);
    let lambda = r#"{"schedule":{"kind":"lambda","learning_rate":1.0,"factor":"log(step - 1)"},"steps":[2,1,0]}"#;
    let answered = answer(lambda, 1);
    assert_eq!(answered.line, r#"{"lr":[0.0,"-Infinity","NaN"]}"#);
    assert_eq!(answered.first_non_finite, Some((1, f32::NEG_INFINITY)));
}

#[test]
fn wrong_lines_say_what_is_wrong() {
    let cases = [
        ("{", "not JSON"),
        ("[]", "must be a table, found a list"),
        (
            r#"{"schedule":{"kind":"exponential","learning_rate":0.1,"gama":0.5},"steps":[0]}"#,
            "did you mean `gamma`?",
        ),
        (
            r#"{"schedule":{"kind":"exponential","learning_rate":0.1,"gamma":"NaN"},"steps":[0]}"#,
            "`schedule.gamma = NaN`: must be a finite",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":{"values":[0.1,0.2]}},"steps":[0]}"#,
            "one value",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":0.1},"steps":[4294967296]}"#,
            "`steps[0] = 4294967296`",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":0.1},"steps":[-1]}"#,
            "from 0 to 4294967295",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":0.1},"steps":[0.5]}"#,
            "`steps[0] = 0.5`",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":0.1},"step":[0]}"#,
            "did you mean `steps`?",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":0.1},"steps":[0],"extra":1}"#,
            "unknown key `extra`",
        ),
        (
            r#"{"schedule":{"kind":"constant","learning_rate":0.1},"steps":[0],"losses":[null]}"#,
            "`losses[0] = null`",
        ),
        (
            r#"{"schedule":{"kind":"reduce_on_plateau","learning_rate":0.1},"steps":[0]}"#,
            "give \\\"losses\\\"",
        ),
        (
            r#"{"schedule":{"kind":"reduce_on_plateau","learning_rate":0.1},"steps":[2],"losses":[1,1]}"#,
            "step 2 has no loss",
        ),
    ];
    for (text, expected) in cases {
        let line = answer(text, 3).line;
        assert!(
            line.starts_with("{\"error\":\"line 3, column "),
            "{text}: {line}"
        );
        assert!(line.contains(expected), "{text}: {line}");
        let read: serde_json::Value = serde_json::from_str(&line).expect("the answer is JSON");
        assert!(read["error"].is_string());
    }
}

#[test]
fn steps_are_spread_over_all_that_were_asked_for() {
    let spread = |text: &str, most| Steps::parse(text).expect("steps").spread(most);
    assert_eq!(spread("0..10", 100), (0..10).collect::<Vec<_>>());
    assert_eq!(spread("7", 100), [7]);
    assert_eq!(spread("0..101", 5), [0, 25, 50, 75, 100]);
    assert_eq!(spread("0..4294967296", 2), [0, u32::MAX]);
    // Across parts, in the order in which they were asked for.
    assert_eq!(spread("90..100:3,0..4", 8), [90, 93, 96, 99, 0, 1, 2, 3]);
    assert_eq!(spread("90..100:3,0..4", 3), [90, 99, 3]);
    let steps = Steps::parse("90..100:3,5..9").expect("steps");
    assert_eq!((steps.count(), steps.min(), steps.max()), (8, 5, 99));
}

#[test]
fn a_walk_gives_the_same_rates_in_any_order() {
    let multiplicative = hairpin_core::Multiplicative::new(
        1.0,
        hairpin_core::Factor::parse("1 - step / 1000").expect("an expression"),
    );
    let plan = Plan::Feedback(multiplicative.expect("sound").into());
    let rates = Rates::new(plan, None).expect("no losses are needed");
    let forward: Vec<f32> = (0..50)
        .map(|step| rates.at(step).expect("a rate"))
        .collect();
    let backward: Vec<f32> = (0..50)
        .rev()
        .map(|step| rates.at(step).expect("a rate"))
        .collect();
    assert!(forward.iter().eq(backward.iter().rev()));
    assert_eq!(
        (forward[0], forward[1], forward[2]),
        (1.0, 0.999, (0.999 * 0.998) as f32)
    );
    // Twice the same step is no step further.
    assert_eq!(rates.at(49), rates.at(49));
}

#[test]
fn steps_in_any_order_take_one_walk() {
    let rates = || {
        let factor = hairpin_core::Factor::parse("1 - step / 1000").expect("an expression");
        let schedule = hairpin_core::Multiplicative::new(1.0, factor).expect("sound");
        Rates::new(Plan::Feedback(schedule.into()), None).expect("no losses are needed")
    };
    // A walk that had gone back would stand behind the last step asked for, not behind the largest.
    let reached = |rates: &Rates| match rates {
        Rates::Walked(walk) => walk.at.get().1,
        Rates::OfStep(_) | Rates::AfterLoss(_) => panic!("it is walked"),
    };
    let steps = [40, 3, 49, 3, 0];
    let expected: Vec<(u32, f32)> = steps
        .iter()
        .map(|&step| (step, rates().at(step).expect("a rate")))
        .collect();

    let all = rates();
    let found = all.all(&steps).expect("rates");
    assert!(expected.iter().map(|&(_, rate)| rate).eq(found));
    assert_eq!(reached(&all), 50);

    let over = rates();
    let asked = Steps::parse("40,3,49,3,0").expect("steps");
    let found = over.over(&asked).collect::<Result<_, _>>();
    assert_eq!(found, Ok(expected));
    assert_eq!(reached(&over), 50);
}

#[test]
fn steps_know_whether_they_ascend() {
    for (text, ascend) in [
        ("7", true),
        ("0..10:4,8,8,9..20", true),
        ("0..10:4,7", false),
        ("5,4", false),
    ] {
        assert_eq!(
            Steps::parse(text).expect("steps").ascend(),
            ascend,
            "{text}"
        );
    }
}
