use hairpin_core::{Plan, Schedule};

use super::*;
use crate::document::{Format, Source};

fn parse(text: &str, format: Format) -> Result<Spec, SpecError> {
    Spec::read(
        &Document::parse(Source::new("spec", text), format)?,
        "spec",
        Path::new("/data"),
    )
}

fn toml(text: &str) -> Result<Spec, SpecError> {
    parse(text, Format::Toml)
}

/// A specification around some schedules.
fn with_schedules(schedules: &str) -> Result<Spec, SpecError> {
    toml(&format!(
        "method = \"random\"\ntrials = 4\n[train]\nsteps = 10\n{schedules}"
    ))
}

/// A domain for the learning rate, or for another field of cosine annealing.
fn domain(field: &str, text: &str) -> Result<Domain, SpecError> {
    let rate = if field == "learning_rate" {
        ""
    } else {
        "learning_rate = 1.0\n"
    };
    let length = if field == "t_max" { "" } else { "t_max = 5\n" };
    let spec = with_schedules(&format!(
        "[[schedules]]\nkind = \"cosine_annealing\"\n{rate}{length}{field} = {text}\n"
    ))?;
    let found = spec
        .parameters(0)
        .find(|(name, _)| name == field)
        .map(|(_, field)| field.domain.clone());
    Ok(found.expect("the field exists"))
}

const TOML: &str = include_str!("../../examples/digits.toml");
const YAML: &str = include_str!("../../examples/digits.yaml");

#[test]
fn the_example_means_the_same_in_toml_and_yaml() {
    let (toml, yaml) = (
        parse(TOML, Format::Toml).expect("TOML"),
        parse(YAML, Format::Yaml).expect("YAML"),
    );
    assert_eq!(toml.canonical_json(), yaml.canonical_json());
    assert_eq!(toml.hash(), yaml.hash());
    assert_eq!(toml.trials, 4096);
    assert_eq!(
        toml.varying(),
        [
            "learning_rate",
            "eta_min",
            "warmup_steps",
            "after.gamma",
            "sgd.momentum"
        ]
    );
    toml.check_all().expect("every trial is sound");
}

#[test]
fn the_canonical_text_writes_every_default_out() {
    let spec =
        with_schedules("[[schedules]]\nkind = \"step\"\nlearning_rate = 1\nstep_size = 3.0\n")
            .expect("sound");
    assert_eq!(
        spec.canonical_json(),
        concat!(
            r#"{"method":"random","metric":{"name":"val_loss","goal":"minimize"},"trials":4,"seed":0,"#,
            r#""train":{"model":"softmax","data":"digits","steps":10,"batch":32,"eval_every":1,"divergence_bound":10000.0},"#,
            r#""schedules":[{"kind":"step","learning_rate":1.0,"step_size":3,"gamma":0.1}],"#,
            r#""sgd":{"momentum":0.0,"dampening":0.0,"nesterov":false,"weight_decay":0.0,"gradient_scale":1.0,"rounding":"separate"}}"#,
        )
    );
}

#[test]
fn the_canonical_text_is_read_as_the_same_sweep() {
    let specs = [
        TOML,
        include_str!("../../../tests/specs/short.toml"),
        include_str!("../../../tests/specs/exported.toml"),
        include_str!("../../../tests/specs/libraries.toml"),
        include_str!("../../../tests/specs/cycled_momentum.toml"),
    ];
    for text in specs {
        let spec = toml(text).expect(text);
        let json = serde_json::from_str(&spec.canonical_json()).expect("JSON");
        let again = Spec::from_canonical(&json, &spec.name).expect(text);
        assert_eq!(again.hash(), spec.hash(), "{text}");
        assert_eq!(again.name, spec.name);
        let (ours, theirs) = (Sampler::new(&spec), Sampler::new(&again));
        for index in 0..spec.trials.min(100) {
            let ours = ours.trial(index).expect(text);
            let theirs = theirs.trial(index).expect(text);
            assert_eq!(
                ours.parameters, theirs.parameters,
                "trial {index} of {text}"
            );
            assert_eq!(ours.schedule.to_json(), theirs.schedule.to_json());
        }
    }
    // A default that is written beside a schedule that moves the momentum is an error in a file, not here.
    let written = include_str!("../../../tests/specs/cycled_momentum.toml");
    assert!(toml(&format!("{written}momentum = 0.0\n")).is_err());
}

#[test]
fn what_does_not_change_the_sweep_does_not_change_the_hash() {
    let base = "method = \"random\"\ntrials = 4\ntrain = { steps = 10 }\nschedules = [{ kind = \"constant\", learning_rate = 1.0 }]\n";
    let hash = |text: &str| toml(text).expect(text).hash();
    let same = "# said otherwise\nname = \"other\"\nseed = 0\nschedules = [{ learning_rate = { value = 1 }, kind = \"constant\" }]\n\
                trials = 4\nmethod = \"random\"\n[train]\nbatch = 32\nsteps = 10\n";
    assert_eq!(hash(base), hash(same));
    assert_ne!(hash(base), hash(&format!("seed = 1\n{base}")));
    assert_ne!(hash(base), hash(&base.replace("1.0", "1.5")));
}

#[test]
fn distributions_are_inferred_as_elsewhere() {
    let number = |n| ParameterValue::Number(n);
    assert_eq!(
        domain("learning_rate", "{ value = 2 }"),
        Ok(Domain::Fixed(number(2.0)))
    );
    assert_eq!(
        domain("learning_rate", "{ values = [1, 2.5] }"),
        Ok(Domain::Choice(vec![number(1.0), number(2.5)]))
    );
    assert_eq!(
        domain("learning_rate", "{ values = [1] }"),
        Ok(Domain::Fixed(number(1.0)))
    );
    assert_eq!(
        domain("learning_rate", "{ min = 1, max = 3 }"),
        Ok(Domain::IntUniform {
            min: 1,
            max: 3,
            ty: Type::Number
        })
    );
    assert_eq!(
        domain("learning_rate", "{ min = 1, max = 3.0 }"),
        Ok(Domain::Continuous {
            min: 1.0,
            max: 3.0,
            log: false
        })
    );
    assert_eq!(
        domain("t_max", "{ min = 1, max = 3.0 }"),
        Ok(Domain::IntUniform {
            min: 1,
            max: 3,
            ty: Type::Count
        })
    );
    assert_eq!(
        domain("t_max", "{ min = 10, max = 30, q = 5 }"),
        Ok(Domain::Quantized {
            min: 10.0,
            max: 30.0,
            log: false,
            q: 5.0,
            ty: Type::Count
        })
    );
}

#[test]
fn wrong_distributions_are_told_at_their_line_with_the_remedy() {
    let cases = [
        (
            "{ distribution = \"normal\", min = 0.1, max = 1.0 }",
            "unknown distribution `normal`",
            "log_uniform_values",
        ),
        (
            "{ distribution = \"unifrom\", min = 0.1, max = 1.0 }",
            "unknown distribution `unifrom`",
            "did you mean `uniform`?",
        ),
        (
            "{ distribution = \"log_uniform\", min = 0, max = 1 }",
            "takes exponents",
            "\"log_uniform_values\", min = 1.0, max = 2.718",
        ),
        ("{ min = 2.0, max = 1.0 }", "must be below max = 1", "swap"),
        (
            "{ min = 1.0, max = 1.0 }",
            "must be below max = 1",
            "without a distribution",
        ),
        ("{ min = nan, max = 1.0 }", "must be a finite number", ""),
        ("{ min = 0.0, max = inf }", "must be a finite number", ""),
        ("{ min = 0.0 }", "is missing", "`uniform` needs it"),
        (
            "{ distribution = \"log_uniform_values\", min = 0.0, max = 1.0 }",
            "must be above 0",
            "not exponents",
        ),
        (
            "{ distribution = \"q_uniform\", min = 0.0, max = 1.0, q = 0.0 }",
            "must be above 0",
            "multiples of q",
        ),
        (
            "{ distribution = \"q_uniform\", min = 0.1, max = 0.2, q = 1.0 }",
            "no usable multiple",
            "smaller than the range",
        ),
        (
            "{ distribution = \"uniform\", min = 0.1, max = 0.2, q = 1.0 }",
            "`q` has no meaning",
            "takes min, max",
        ),
        ("{ values = [] }", "nothing to choose from", "at least one"),
        (
            "{ values = [1.0], value = 2.0 }",
            "`values` has no meaning",
            "`constant` takes value",
        ),
        (
            "{ vales = [1.0] }",
            "unknown key `vales`",
            "did you mean `values`",
        ),
        ("{}", "neither a value nor a range", "values = [...]"),
        ("\"0.1\"", "must be a number, found text", "without quotes"),
    ];
    for (text, message, help) in cases {
        let error = domain("learning_rate", text).expect_err(text);
        assert_eq!(error.line(), Some(8), "{text}: {error}");
        assert!(
            error.path().starts_with("schedules[0].learning_rate"),
            "{text}: {error}"
        );
        assert!(error.message().contains(message), "{text}: {error}");
        assert!(
            error.remedy().unwrap_or_default().contains(help),
            "{text}: {:?}",
            error.remedy()
        );
    }
    let error = domain("t_max", "{ distribution = \"uniform\", min = 1, max = 9 }")
        .expect_err("t_max is whole");
    assert!(
        error
            .remedy()
            .is_some_and(|help| help.contains("int_uniform"))
    );
}

#[test]
fn lists_may_be_chosen_and_values_may_be_the_name_of_a_field() {
    let spec = with_schedules(
        "[[schedules]]\nkind = \"piecewise_constant\"\nboundaries = { values = [[1], [2]] }\nvalues = [1.0, 0.5]\n\
         [[schedules]]\nkind = \"piecewise_constant\"\nboundaries = [3]\nvalues = { values = [[1.0, 0.5], [2.0, 0.1]] }\n",
    )
    .expect("sound");
    assert_eq!(spec.varying(), ["boundaries", "values"]);
    let fixed = spec
        .parameters(0)
        .find(|(name, _)| name == "values")
        .map(|(_, field)| field.domain.clone());
    assert_eq!(
        fixed,
        Some(Domain::Fixed(ParameterValue::Numbers(vec![1.0, 0.5])))
    );
}

#[test]
fn a_rate_may_stand_for_the_schedule_after_a_warm_up() {
    let spec = with_schedules(
        "[[schedules]]\nkind = \"linear_warmup\"\nwarmup_steps = 2\nstart_lr = 0.0\nend_lr = 1.0\nafter = 0.25\n\
         [[schedules]]\nkind = \"linear_warmup\"\nwarmup_steps = 2\nstart_lr = 0.0\nend_lr = 1.0\nafter = { values = [0.25, 0.5] }\n",
    )
    .expect("sound");
    assert_eq!(spec.varying(), ["after.learning_rate"]);
    let trial = Sampler::new(&spec).trial(0).expect("a trial");
    let Plan::Schedule(schedule) = &trial.plan else {
        panic!("no losses are needed")
    };
    assert_eq!(schedule.lr(1), 0.5);
    assert!([0.25, 0.5].contains(&schedule.lr(2)));
}

#[test]
fn the_rates_of_each_kind_depend_on_each_of_its_fields() {
    // Pairs of tables that differ in one field; a constructor fed with the wrong field would give equal rates.
    let pairs = [
        (
            "kind = \"polynomial\", learning_rate = 1.0, decay_steps = 4",
            "end_lr = 0.5",
        ),
        (
            "kind = \"polynomial\", learning_rate = 1.0, decay_steps = 4",
            "power = 2.0",
        ),
        (
            "kind = \"polynomial\", learning_rate = 1.0, decay_steps = 4",
            "cycle = true",
        ),
        (
            "kind = \"step\", learning_rate = 1.0, step_size = 2",
            "gamma = 0.5",
        ),
        (
            "kind = \"multi_step\", learning_rate = 1.0, milestones = [2]",
            "gamma = 0.5",
        ),
        (
            "kind = \"cosine_annealing\", learning_rate = 1.0, t_max = 3",
            "eta_min = 0.1",
        ),
        (
            "kind = \"noam\", d_model = 16, warmup_steps = 3",
            "learning_rate = 0.5",
        ),
    ];
    let rates = |table: &str| {
        let document = Document::parse_inline(Source::new("", table)).expect(table);
        let template = ScheduleTemplate::read(&document.at()).expect(table);
        let resolved = template.resolve(&mut |field| field.domain.at(0.0));
        match template.build(&resolved).expect(table).plan {
            Plan::Schedule(schedule) => (0..9)
                .map(|step| schedule.lr(step).to_bits())
                .collect::<Vec<_>>(),
            Plan::Feedback(_) => panic!("{table} needs losses"),
        }
    };
    for (table, change) in pairs {
        assert_ne!(
            rates(table),
            rates(&format!("{table}, {change}")),
            "{table}, {change}"
        );
    }
}

#[test]
fn the_rules_of_a_plateau_have_presets_and_switches() {
    use hairpin_core::{Cooldown, FeedbackKind, FirstLoss, PlateauRules, RelativeMargin};
    let rules = |extra: &str| {
        let table = format!("kind = \"reduce_on_plateau\", learning_rate = 1.0{extra}");
        let document = Document::parse_inline(Source::new("", table)).expect("TOML");
        let template = ScheduleTemplate::read(&document.at()).expect("sound");
        let (_, built) = template.fixed().expect("sound");
        match built.plan {
            Plan::Feedback(any) => match any.kind() {
                FeedbackKind::ReduceOnPlateau(plateau) => *plateau.config(),
                other => panic!("{other:?} is no plateau"),
            },
            Plan::Schedule(_) => panic!("a plateau needs losses"),
        }
    };
    // The text's defaults are the core's.
    assert_eq!(rules(""), hairpin_core::PlateauConfig::new(1.0));
    assert_eq!(rules(", rules = \"torch\"").rules, PlateauRules::TORCH);
    let mixed = rules(
        ", rules = \"torch\", first_loss = \"accepted\", cooldown_losses = \"ignored\", relative_margin = \"difference\"",
    );
    assert_eq!(mixed.rules, PlateauRules::PADDLE);
    let mixed = rules(", first_loss = \"beats_infinity\", cooldown_losses = \"tracked\", relative_margin = \"product\"").rules;
    assert_eq!(mixed.first_loss, FirstLoss::BeatsInfinity);
    assert_eq!(
        (mixed.cooldown, mixed.relative_margin),
        (Cooldown::Tracks, RelativeMargin::Product)
    );
}

#[test]
fn a_resolved_schedule_can_be_read_again() {
    let spec = parse(TOML, Format::Toml).expect("sound");
    let sampler = Sampler::new(&spec);
    for index in 0..64 {
        let trial = sampler.trial(index).expect("a trial");
        let text = trial.schedule.to_json().to_string();
        let document = Document::parse_inline(Source::new("", text.clone())).expect("JSON");
        let template = ScheduleTemplate::read(&document.at()).expect("a schedule");
        let again = template.resolve(&mut |field| field.domain.at(0.0));
        assert_eq!(again.to_json().to_string(), text);
    }
}

#[test]
fn training_has_defaults_and_limits() {
    let spec =
        with_schedules("[[schedules]]\nkind = \"constant\"\nlearning_rate = 0.1\n").expect("sound");
    let expected = Train {
        data: DataSource::Digits,
        model: Model::Softmax,
        steps: 10,
        batch: 32,
        eval_every: 1,
        divergence_bound: 1e4,
    };
    assert_eq!(spec.train, expected);
    let rest =
        "method = \"grid\"\nschedules = [{ kind = \"constant\", learning_rate = 0.1 }]\n[train]\n";
    let train = |text: &str| toml(&format!("{rest}{text}")).map(|spec| spec.train);
    let mlp =
        train("steps = 300\nmodel = \"mlp\"\nhidden = 8\ndata = \"my.csv\"\nlabel = \"class\"\n")
            .expect("sound");
    assert_eq!((mlp.model, mlp.eval_every), (Model::Mlp { hidden: 8 }, 15));
    let path = Path::new("/data/my.csv").to_owned();
    assert_eq!(
        mlp.data,
        DataSource::Csv {
            path,
            written: "my.csv".into(),
            label: "class".into()
        }
    );
    for (text, path) in [
        ("steps = 0\n", "train.steps"),
        ("steps = 4294967296\n", "train.steps"),
        ("steps = 5\nbatch = 0\n", "train.batch"),
        ("steps = 5\neval_every = 6\n", "train.eval_every"),
        ("steps = 5\neval_every = 0\n", "train.eval_every"),
        ("steps = 5\nhidden = 8\n", "train.hidden"),
        ("steps = 5\nlabel = \"class\"\n", "train.label"),
        ("steps = 5\ndata = \"my.csv\"\n", "train.label"),
        ("steps = 5\nmodel = \"cnn\"\n", "train.model"),
        (
            "steps = 5\ndivergence_bound = nan\n",
            "train.divergence_bound",
        ),
        ("stesp = 5\n", "train.stesp"),
    ] {
        let error = train(text).expect_err(text);
        assert_eq!(error.path(), path, "{error}");
        assert!(error.line() >= Some(3), "{error}");
    }
}

#[test]
fn values_that_only_clash_together_are_found_with_their_trial() {
    let spec = toml(
        "method = \"grid\"\ntrain = { steps = 5 }\nschedules = [{ kind = \"constant\", learning_rate = 0.1 }]\n\
         [sgd]\nnesterov = { values = [false, true] }\nmomentum = { values = [0.9, 0.0] }\n",
    )
    .expect("each value alone is sound");
    let error = spec.check_all().expect_err("Nesterov without momentum");
    assert_eq!(error.path(), "sgd.nesterov");
    assert_eq!(error.value(), Some("true"));
    assert!(
        error
            .message()
            .contains("trial 3 drew sgd.momentum = 0.0, sgd.nesterov = true"),
        "{error}"
    );
}

#[test]
fn paddle_alone_takes_the_words_of_its_plateau_in_any_case() {
    let resolved = |kind: &str, rate: &str, mode: &str, threshold_mode: &str| {
        let text = format!(
            "kind = \"{kind}\", {rate} = 0.1, mode = \"{mode}\", threshold_mode = \"{threshold_mode}\""
        );
        let document = Document::parse_inline(Source::new("test", text.as_str())).expect("a table");
        let template = ScheduleTemplate::read(&document.at())?;
        template.fixed().map(|(resolved, _)| resolved.to_json())
    };
    let paddle = |mode: &str, threshold_mode: &str| {
        resolved(
            "paddle.ReduceOnPlateau",
            "learning_rate",
            mode,
            threshold_mode,
        )
    };
    assert_eq!(
        paddle("MAX", "Abs").expect("as the library reads it"),
        paddle("max", "abs").expect("its own words")
    );
    for (mode, threshold_mode, path) in [
        ("MAXI", "abs", "mode"),
        (" max", "abs", "mode"),
        ("max", "ABSOLUTE", "threshold_mode"),
    ] {
        let error = paddle(mode, threshold_mode).expect_err("no word of the library");
        assert_eq!(error.path(), path, "{error}");
    }
    let torch = |mode: &str| resolved("torch.ReduceLROnPlateau", "lr", mode, "rel");
    assert!(torch("min").is_ok());
    assert_eq!(torch("MIN").expect_err("a word of PyTorch").path(), "mode");
}
