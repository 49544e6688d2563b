//! Specifications that must be refused, each with the line, the key, the value and the way out.

use std::path::Path;

use hairpin_host::document::{Document, Format, Source, SpecError};
use hairpin_host::sampling::Sampler;
use hairpin_host::spec::Spec;

fn read(text: &str, format: Format) -> Result<Spec, SpecError> {
    let document = Document::parse(Source::new("spec", text), format)?;
    Spec::read(&document, "spec", Path::new(""))
}

/// A TOML specification with one schedule, whose lines begin with line 8.
fn with_schedule(schedule: &str) -> String {
    format!("method = \"random\"\ntrials = 8\n\n[train]\nsteps = 10\n\n[[schedules]]\n{schedule}\n")
}

struct Case {
    text: String,
    line: usize,
    key: &'static str,
    value: Option<&'static str>,
    message: &'static str,
    remedy: &'static str,
}

fn schedule(
    fields: &str,
    line: usize,
    key: &'static str,
    value: Option<&'static str>,
    message: &'static str,
    remedy: &'static str,
) -> Case {
    Case {
        text: with_schedule(fields),
        line,
        key,
        value,
        message,
        remedy,
    }
}

fn whole(
    text: &str,
    line: usize,
    key: &'static str,
    value: Option<&'static str>,
    message: &'static str,
    remedy: &'static str,
) -> Case {
    Case {
        text: text.to_owned(),
        line,
        key,
        value,
        message,
        remedy,
    }
}

fn cases() -> Vec<Case> {
    let seventeen: Vec<String> = (1..=17).map(|step| step.to_string()).collect();
    let eighteen = vec!["1.0"; 18].join(", ");
    let over_capacity = format!(
        "kind = \"piecewise_constant\"\nboundaries = [{}]\nvalues = [{eighteen}]",
        seventeen.join(", ")
    );
    let warmup = "kind = \"linear_warmup\", warmup_steps = 1, start_lr = 0.0, end_lr = 0.1";
    let nested = (0..5).fold("0.1".to_owned(), |after, _| {
        format!("{{ {warmup}, after = {after} }}")
    });
    let nested = format!("{}\nafter = {nested}", warmup.replace(", ", "\n"));
    vec![
        schedule(
            "kind = \"cosine\"",
            8,
            "schedules[0].kind",
            Some("\"cosine\""),
            "unknown kind `cosine`",
            "cosine_annealing",
        ),
        schedule(
            "learning_rate = 0.1",
            7,
            "schedules[0].kind",
            None,
            "is missing",
            "cosine_annealing",
        ),
        schedule(
            "kind = \"exponential\"\nlearning_rate = 0.1\ngama = 0.9",
            10,
            "schedules[0].gama",
            None,
            "unknown key `gama`",
            "did you mean `gamma`?",
        ),
        schedule(
            "kind = \"step\"\nlearning_rate = 0.1\nstep_size = 3\ngama = 0.9",
            11,
            "schedules[0].gama",
            None,
            "unknown key `gama`",
            "did you mean `gamma`? known here: kind, learning_rate, step_size, gamma",
        ),
        schedule(
            "kind = \"exponential\"\nlearning_rate = 0.1",
            7,
            "schedules[0].gamma",
            None,
            "is missing",
            "`gamma` is the factor of each step",
        ),
        schedule(
            "kind = \"exponential\"\ngamma = 0.5\nlr = 0.1",
            10,
            "schedules[0].lr",
            None,
            "unknown key `lr`",
            "did you mean `learning_rate`?",
        ),
        schedule(
            "kind = \"constant\"\nlearning_rate = 1e400",
            9,
            "",
            Some("1e400"),
            "beyond what 64-bit floats hold",
            "inf",
        ),
        schedule(
            "kind = \"constant\"\nlearning_rate = nan",
            9,
            "schedules[0].learning_rate",
            Some("NaN"),
            "finite",
            "",
        ),
        schedule(
            "kind = \"reduce_on_plateau\"\nlearning_rate = 0.1\nfactor = -0.5",
            10,
            "schedules[0].factor",
            Some("-0.5"),
            "must be at least 0 and below 1",
            "",
        ),
        schedule(
            "kind = \"reduce_on_plateau\"\nlearning_rate = 0.1\npatience = -1",
            10,
            "schedules[0].patience",
            Some("-1"),
            "must be a whole number from 0 to 4294967295",
            "",
        ),
        schedule(
            "kind = \"reduce_on_plateau\"\nlearning_rate = 0.1\nmode = \"mim\"",
            10,
            "schedules[0].mode",
            Some("\"mim\""),
            "unknown mode `mim`",
            "did you mean `min`?",
        ),
        schedule(
            "kind = \"cosine_annealing\"\nlearning_rate = 0.1\nt_max = 0",
            10,
            "schedules[0].t_max",
            Some("0"),
            "must be at least 1",
            "kind = \"constant\"",
        ),
        schedule(
            "kind = \"cosine_annealing\"\nlearning_rate = 0.1\nt_max = { values = [10, 0] }",
            10,
            "schedules[0].t_max",
            Some("0"),
            "must be at least 1",
            "kind = \"constant\"",
        ),
        schedule(
            "kind = \"cosine_annealing\"\nlearning_rate = 0.1\nt_max = 2.5",
            10,
            "schedules[0].t_max",
            Some("2.5"),
            "must be a whole number",
            "",
        ),
        schedule(
            "kind = \"piecewise_constant\"\nboundaries = [5, 3]\nvalues = [1.0, 0.5, 0.1]",
            9,
            "schedules[0].boundaries",
            Some("[5,3]"),
            "must strictly increase, element 1",
            "sort",
        ),
        schedule(
            "kind = \"piecewise_constant\"\nboundaries = [3, 5]\nvalues = [1.0, 0.5]",
            10,
            "schedules[0].values",
            Some("[1.0,0.5]"),
            "has 2 elements, must have 3",
            "one from each boundary on",
        ),
        schedule(
            &over_capacity,
            9,
            "schedules[0].boundaries",
            Some("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]"),
            "has 17 elements, at most 16 fit",
            "leave some out",
        ),
        schedule(
            &nested,
            7,
            "schedules[0].schedules",
            None,
            "at most 12 pieces",
            "into one",
        ),
        schedule(
            "kind = \"linear_warmup\"\nwarmup_steps = 5\nstart_lr = 0.0\nend_lr = 0.1\n[schedules.after]\nkind = \"exponential\"\nlearning_rate = 0.1\ngamma = inf",
            15,
            "schedules[0].after.gamma",
            Some("Infinity"),
            "finite",
            "",
        ),
        schedule(
            "kind = \"lambda\"\nlearning_rate = 0.1\nfactor = \"0.95 ** \"",
            10,
            "schedules[0].factor",
            Some("\"0.95 ** \""),
            "",
            "as in Python",
        ),
        whole(
            "method = \"grid\"\ntrain = { steps = 5 }\n[[schedules]]\nkind = \"constant\"\nlearning_rate = { min = 0.1, max = 1.0 }\n",
            5,
            "schedules[0].learning_rate",
            Some("{\"distribution\":\"uniform\",\"min\":0.1,\"max\":1.0}"),
            "continuous range",
            "{ values = [...] }, or write method = \"random\"",
        ),
        whole(
            "method = \"grid\"\ntrials = 3\ntrain = { steps = 5 }\n[[schedules]]\nkind = \"constant\"\nlearning_rate = { values = [0.1, 1.0] }\n",
            2,
            "trials",
            Some("3"),
            "the grid has 2 points",
            "trials = 2",
        ),
        whole(
            "method = \"grid\"\ntrain = { steps = 5 }\n[[schedules]]\nkind = \"noam\"\nd_model = { min = 1, max = 4294967295 }\nwarmup_steps = { min = 1, max = 4294967295 }\n",
            3,
            "schedules[0]",
            None,
            "more than 2^63 points",
            "method = \"random\"",
        ),
        whole(
            "method = \"random\"\ntrials = 1\nschedules = []\ntrain = { steps = 5 }\n",
            3,
            "schedules",
            Some("[]"),
            "no schedule",
            "at least one",
        ),
        schedule(
            "kind = \"constant\"\nlearning_rate = { values = [] }",
            9,
            "schedules[0].learning_rate.values",
            Some("[]"),
            "nothing to choose from",
            "at least one",
        ),
        schedule(
            "",
            7,
            "schedules[0].kind",
            None,
            "is missing",
            "`kind` chooses",
        ),
        whole(
            "method = \"random\"\ntrials = 1\n[schedules]\nkind = \"constant\"\n[train]\nsteps = 1\n",
            3,
            "schedules",
            None,
            "must be a list",
            "[[schedules]]",
        ),
        whole(
            "method = \"random\"\ntrials = 0\ntrain = { steps = 5 }\nschedules = [{ kind = \"constant\", learning_rate = 1.0 }]\n",
            2,
            "trials",
            Some("0"),
            "from 1 to",
            "at least one trial",
        ),
        whole(
            "method = \"random\"\ntrain = { steps = 5 }\nschedules = [{ kind = \"constant\", learning_rate = 1.0 }]\n",
            1,
            "trials",
            None,
            "is missing",
            "trials = 1000",
        ),
        whole(
            "method = \"random\"\ntrials = 1\n[train]\nsteps = 0\n",
            4,
            "train.steps",
            Some("0"),
            "from 1 to",
            "at least one update",
        ),
        whole(
            "method = \"random\"\ntrials = 1\n[train]\nsteps = 4294967296\n",
            4,
            "train.steps",
            Some("4294967296"),
            "to 4294967295",
            "",
        ),
        whole(
            "method = \"bayes\"\n",
            1,
            "method",
            Some("\"bayes\""),
            "unknown method `bayes`",
            "known here: grid, random, sobol",
        ),
        whole(
            "metod = \"grid\"\n",
            1,
            "metod",
            None,
            "unknown key `metod`",
            "did you mean `method`?",
        ),
        whole(
            "method = \"grid\"\n[parameters]\n",
            2,
            "parameters",
            None,
            "unknown key",
            "in [[schedules]] and in [sgd]",
        ),
        whole(
            "name = \"a/b\"\n",
            1,
            "name",
            Some("\"a/b\""),
            "name of a directory",
            "",
        ),
        whole(
            "method = \"grid\"\nseed = -1\n",
            2,
            "seed",
            Some("-1"),
            "from 0",
            "",
        ),
        whole(
            "method = \"grid\"\ntrain = { steps = 5 }\nschedules = [{ kind = \"constant\", learning_rate = 1.0 }]\n[sgd]\nmomentum = -0.1\n",
            5,
            "sgd.momentum",
            Some("-0.1"),
            "must be",
            "",
        ),
        whole(
            "method = \"grid\"\ntrain = { steps = 5 }\nschedules = [{ kind = \"constant\", learning_rate = 1.0 }]\n[sgd]\nmomentun = 0.1\n",
            5,
            "sgd.momentun",
            None,
            "unknown key `momentun`",
            "did you mean `momentum`?",
        ),
    ]
}

#[test]
fn wrong_specifications_are_refused_with_line_key_value_and_remedy() {
    for case in cases() {
        let Case {
            text,
            line,
            key,
            value,
            message,
            remedy,
        } = case;
        let error = read(&text, Format::Toml).expect_err(&text);
        let told = error.one_line();
        assert_eq!(error.line(), Some(line), "{told}\n{text}");
        assert_eq!(error.path(), key, "{told}\n{text}");
        assert_eq!(error.value(), value, "{told}\n{text}");
        assert!(error.message().contains(message), "{told}\n{text}");
        assert!(
            error.remedy().unwrap_or_default().contains(remedy),
            "{told}\n{text}"
        );
        // What is in the parts is in the text that a log gets.
        assert!(
            told.contains(&format!("line {line}")) && told.contains(key),
            "{told}"
        );
    }
}

#[test]
fn the_same_mistake_is_told_alike_in_yaml_and_json() {
    let yaml = "method: random\ntrials: 8\ntrain: { steps: 10 }\nschedules:\n  - kind: cosine_annealing\n    learning_rate: 0.1\n    t_max: 0\n";
    let json = "{\"method\": \"random\", \"trials\": 8,\n\"train\": {\"steps\": 10},\n\"schedules\": [\n{\"kind\": \"cosine_annealing\",\n\
                \"learning_rate\": 0.1,\n\n\"t_max\": 0}]}";
    for (text, format) in [(yaml, Format::Yaml), (json, Format::Json)] {
        let error = read(text, format).expect_err("t_max = 0");
        assert_eq!(error.line(), Some(7), "{format:?}: {error}");
        assert_eq!(
            (error.path(), error.value()),
            ("schedules[0].t_max", Some("0"))
        );
        assert!(
            error
                .remedy()
                .is_some_and(|remedy| remedy.contains("constant"))
        );
    }
}

#[test]
fn the_examples_load_from_their_files() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/examples");
    let toml = Spec::load(&examples.join("digits.toml"))
        .unwrap_or_else(|error| panic!("{}", error.one_line()));
    let yaml = Spec::load(&examples.join("digits.yaml"))
        .unwrap_or_else(|error| panic!("{}", error.one_line()));
    assert_eq!((toml.name.as_str(), yaml.hash()), ("digits", toml.hash()));
    toml.check_all().expect("every trial is sound");
    let (a, b) = (Sampler::new(&toml), Sampler::new(&yaml));
    for index in [0, 17, 4095] {
        let (a, b) = (
            a.trial(index).expect("a trial"),
            b.trial(index).expect("a trial"),
        );
        assert_eq!(a.parameters, b.parameters);
        assert_eq!(a.sgd, b.sgd);
    }
    assert!(a.trial(4096).is_err());
}

#[test]
fn a_draw_that_fails_names_its_trial_and_what_it_drew() {
    let spec = read(
        &with_schedule(
            "kind = \"piecewise_constant\"\nboundaries = { values = [[1], [2]] }\nvalues = [1.0, 0.5]\n[sgd]\nnesterov = { values = [false, true] }\nmomentum = { values = [0.9, 0.0] }",
        ),
        Format::Toml,
    )
    .expect("each value alone is sound");
    let error = spec
        .check_all()
        .expect_err("Nesterov without momentum is drawn within 8 trials");
    let told = error.one_line();
    assert_eq!(error.path(), "sgd.nesterov");
    assert!(told.contains(" drew boundaries = ["), "{told}");
    assert!(
        told.contains("sgd.momentum = 0.0, sgd.nesterov = true"),
        "{told}"
    );
}

#[test]
fn a_momentum_beside_a_schedule_that_moves_it_is_refused() {
    let spec = |cycle: &str, sgd: &str| {
        with_schedule(&format!(
            "kind = \"torch.OneCycleLR\"\nmax_lr = 0.1\ntotal_steps = 10\n{cycle}\n[sgd]\nweight_decay = 0.0\n{sgd}"
        ))
    };
    let momenta = [
        "momentum = 0.0",
        "momentum = 0.9",
        "momentum = { values = [0.8, 0.9] }",
        "momentum = { kind = \"linear\", start_lr = 0.5, end_lr = 0.9, total_steps = 10 }",
    ];
    for momentum in momenta {
        let text = spec("", momentum);
        let error = read(&text, Format::Toml).expect_err(&text);
        assert_eq!((error.line(), error.path()), (Some(14), "sgd.momentum"));
        assert!(error.message().contains("moves the momentum"), "{error}");
        let remedy = error.remedy().unwrap_or_default();
        assert!(
            remedy.contains("leave it out") && remedy.contains("cycle_momentum = false"),
            "{remedy}"
        );
        let alone = read(&spec("cycle_momentum = false", momentum), Format::Toml);
        let alone = alone.unwrap_or_else(|error| panic!("{}", error.one_line()));
        alone.check_all().expect("every trial is sound");
    }
    // A default is no wish: the schedule's own momentum is taken, from its largest value down.
    let cycled = read(&spec("", ""), Format::Toml).expect("nothing is written beside it");
    let trial = Sampler::new(&cycled).trial(0).expect("a trial");
    assert_eq!(trial.sgd.momentum, 0.95);
    assert!(trial.momentum.is_some());
}
