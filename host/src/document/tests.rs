use std::path::Path;

use super::decode::nearest;
use super::*;

fn toml(text: &str) -> Document {
    Document::parse(Source::new("spec.toml", text), Format::Toml).expect("TOML")
}

/// The same content in the three formats, without the places.
fn shape(node: &Node) -> String {
    match &node.value {
        Value::List(items) => format!(
            "[{}]",
            items.iter().map(shape).collect::<Vec<_>>().join(",")
        ),
        Value::Table(entries) => {
            let inside: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}={}", key.name, shape(value)))
                .collect();
            format!("{{{}}}", inside.join(","))
        }
        leaf => format!("{leaf:?}"),
    }
}

#[test]
fn the_three_formats_read_alike() {
    let toml = toml("name = \"a\"\nz = 1\nnested = { gamma = 0.5, on = true }\nlist = [1, 2.5]\n");
    let yaml = "name: a\nz: 1\nnested: { gamma: 0.5, on: true }\nlist:\n  - 1\n  - 2.5\n";
    let json = r#"{"name": "a", "z": 1, "nested": {"gamma": 0.5, "on": true}, "list": [1, 2.5]}"#;
    let yaml = Document::parse(Source::new("", yaml), Format::Yaml).expect("YAML");
    let json = Document::parse(Source::new("", json), Format::Json).expect("JSON");
    let expected = shape(&toml.root);
    assert_eq!(
        expected,
        r#"{name=Text("a"),z=Int(1),nested={gamma=Float(0.5),on=Bool(true)},list=[Int(1),Float(2.5)]}"#
    );
    assert_eq!(shape(&yaml.root), expected);
    assert_eq!(shape(&json.root), expected);
}

#[test]
fn every_format_points_at_the_value() {
    let texts = [
        (Format::Toml, "first = 1\n[train]\nsteps = \"ä\"\n"),
        (Format::Yaml, "first: 1\ntrain:\n  steps: 'ä'\n"),
        (
            Format::Json,
            "{\"first\": 1,\n \"train\": {\n  \"steps\": \"ä\"}}",
        ),
    ];
    for (format, text) in texts {
        let document = Document::parse(Source::new("spec", text), format).expect("reads");
        let mut fields = document.at().fields().expect("table");
        let mut train = fields
            .require("train")
            .expect("there")
            .fields()
            .expect("table");
        let error = train
            .require("steps")
            .expect("there")
            .step(1)
            .expect_err("text is no number");
        let quote = text
            .find(['\"', '\''])
            .filter(|_| format == Format::Yaml)
            .unwrap_or_else(|| text.find("\"ä").expect("there"));
        let column = quote - text[..quote].rfind('\n').expect("third line");
        assert_eq!(
            (error.line(), error.column()),
            (Some(3), Some(column)),
            "{format:?}: {error}"
        );
        assert_eq!(error.path(), "train.steps");
        assert!(
            error.value().is_some_and(|value| value.contains('ä')),
            "{format:?}: {error}"
        );
    }
}

#[test]
fn inline_tables_come_with_and_without_braces_and_as_json() {
    let texts = [
        "kind = \"x\", gamma = 0.5",
        "{ kind = \"x\", gamma = 0.5 }",
        "  {\"kind\": \"x\", \"gamma\": 0.5}",
        "kind = \"x\"\ngamma = 0.5\n",
    ];
    for text in texts {
        let document = Document::parse_inline(Source::new("--schedule", text)).expect(text);
        assert_eq!(
            shape(&document.root),
            r#"{kind=Text("x"),gamma=Float(0.5)}"#,
            "{text}"
        );
        let mut fields = document.at().fields().expect("table");
        let gamma = fields.require("gamma").expect("there");
        assert_eq!(document.source().slice(&gamma.node.span), "0.5", "{text}");
    }
}

#[test]
fn a_key_given_twice_is_refused_everywhere() {
    let texts = [
        (Format::Toml, "a = 1\na = 2\n"),
        (Format::Yaml, "a: 1\na: 2\n"),
        (Format::Json, "{\"a\": 1,\n\"a\": 2}"),
    ];
    for (format, text) in texts {
        let error = Document::parse(Source::new("spec", text), format).expect_err("twice");
        assert_eq!(error.line(), Some(2), "{format:?}: {error}");
    }
}

#[test]
fn non_finite_numbers_arrive_in_each_formats_own_words() {
    let texts = [
        (Format::Toml, "a = nan\nb = inf\nc = -inf\n"),
        (Format::Yaml, "a: .nan\nb: .inf\nc: -.inf\n"),
        (
            Format::Json,
            r#"{"a": "NaN", "b": "Infinity", "c": "-Infinity"}"#,
        ),
    ];
    for (format, text) in texts {
        let document = Document::parse(Source::new("spec", text), format).expect("reads");
        let mut fields = document.at().fields().expect("table");
        let mut number = |name| {
            fields
                .require(name)
                .and_then(|at| at.number())
                .expect("a number")
        };
        assert!(number("a").is_nan());
        assert_eq!(
            (number("b"), number("c")),
            (f64::INFINITY, f64::NEG_INFINITY)
        );
    }
}

#[test]
fn unknown_keys_name_the_nearest_and_all_known() {
    let document = toml("learning_rate = 0.1\ngama = 0.9\n");
    let mut fields = document.at().fields().expect("table");
    fields.take("learning_rate");
    fields.take("gamma");
    let error = fields.finish().expect_err("unknown");
    assert_eq!(error.line(), Some(2));
    assert_eq!(error.message(), "unknown key `gama`");
    assert_eq!(
        error.remedy(),
        Some("did you mean `gamma`? known here: learning_rate, gamma")
    );
    assert_eq!(nearest("weights", &["gamma", "milestones"]), None);
}

#[test]
fn a_missing_key_is_told_at_its_misspelling() {
    let document = toml("gama = 0.9\n");
    let error = document
        .at()
        .fields()
        .expect("table")
        .require("gamma")
        .expect_err("missing");
    assert_eq!(error.message(), "unknown key `gama`");
    let document = toml("other = 0.9\n");
    let error = document
        .at()
        .fields()
        .expect("table")
        .require("gamma")
        .expect_err("missing");
    assert_eq!(error.to_string(), "line 1, column 1: `gamma`: is missing");
}

#[test]
fn whole_numbers_may_carry_a_zero_fraction_but_no_other() {
    let document = toml("a = 3.0\nb = 3.5\nc = 4294967296\nd = -1\ne = 1e300\nf = nan\n");
    let mut fields = document.at().fields().expect("table");
    assert_eq!(
        fields
            .require("a")
            .and_then(|at| at.step(0))
            .expect("3.0 is whole"),
        3
    );
    for name in ["b", "c", "d", "e", "f"] {
        let error = fields
            .require(name)
            .and_then(|at| at.step(0))
            .expect_err(name);
        assert_eq!(
            error.message(),
            "must be a whole number from 0 to 4294967295"
        );
    }
}

#[test]
fn syntax_errors_point_at_their_line() {
    let texts = [
        (Format::Toml, "a = 1\nb = = 2\n"),
        (Format::Yaml, "a: 1\nb: [1, 2\nc: }\n"),
        (Format::Json, "{\"a\": 1,\n \"b\": ,}"),
    ];
    for (format, text) in texts {
        let error = Document::parse(Source::new("spec", text), format).expect_err("broken");
        assert!(
            error.line().is_some_and(|line| line >= 2),
            "{format:?}: {error}"
        );
        assert!(error.remedy().is_some());
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for format in [Format::Json, Format::Yaml] {
        assert!(
            Document::parse(Source::new("", deep.clone()), format).is_err(),
            "{format:?}"
        );
    }
    let text = format!("a = {deep}");
    assert!(Document::parse(Source::new("", text), Format::Toml).is_err());
}

#[test]
fn a_line_of_a_stream_keeps_its_number() {
    let source = Source::line_of("-", "{\"steps\": 1}", 41);
    let document = Document::parse(source, Format::Json).expect("JSON");
    let error = document
        .at()
        .fields()
        .expect("table")
        .finish()
        .expect_err("unknown");
    assert_eq!((error.line(), error.column()), (Some(41), Some(2)));
    assert!(
        error
            .one_line()
            .starts_with("-: line 41, column 2: `steps`: unknown key"),
        "{}",
        error.one_line()
    );
}

#[test]
fn formats_follow_the_extension() {
    assert_eq!(Format::of(Path::new("a/b.YML")), Some(Format::Yaml));
    assert_eq!(Format::of(Path::new("a/b.txt")), None);
    let error = Document::load(Path::new("no/such/file.toml")).expect_err("absent");
    assert!(error.to_string().contains("no/such/file.toml"));
}

#[test]
fn the_printed_report_shows_the_line_with_a_caret() {
    let document = toml("a = 1\n[train]\nstepz = 300\n");
    let mut fields = document.at().fields().expect("table");
    let mut train = fields
        .require("train")
        .expect("there")
        .fields()
        .expect("table");
    let error = train.require("steps").expect_err("misspelt");
    let mut printed = String::new();
    miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none())
        .render_report(&mut printed, &error)
        .expect("renders");
    assert!(printed.contains("spec.toml:3:1"), "{printed}");
    assert!(printed.contains("stepz = 300"), "{printed}");
    assert!(printed.contains("^^"), "{printed}");
    assert!(printed.contains("did you mean `steps`?"), "{printed}");
}

#[test]
fn every_format_reads_the_nearest_float() {
    // Seventeen digits that a reader without correct rounding gets wrong in the last bit, and the edges of the range.
    for digits in [
        "0.9967434555097249",
        "8.41470984807896507e-1",
        "5e-324",
        "1.7976931348623157e308",
        "123456789012345678901.5",
    ] {
        let exact: f64 = digits.parse().expect("a float");
        let texts = [
            (Format::Toml, format!("a = {digits}\n")),
            (Format::Yaml, format!("a: {digits}\n")),
            (Format::Json, format!("{{\"a\": {digits}}}")),
        ];
        for (format, text) in texts {
            let document = Document::parse(Source::new("spec", text), format).expect("reads");
            let read = document
                .at()
                .fields()
                .expect("table")
                .require("a")
                .and_then(|at| at.number());
            assert_eq!(
                read.expect("a number").to_bits(),
                exact.to_bits(),
                "{format:?} {digits}"
            );
        }
    }
    let error = Document::parse(Source::new("spec", "{\"a\": 1e400}"), Format::Json)
        .expect_err("too large");
    assert_eq!(error.value(), Some("1e400"));
}

#[test]
fn a_second_yaml_document_is_refused() {
    let source = Source::new("spec", "a: 1\n---\na: 2\n");
    let error = Document::parse(source, Format::Yaml).expect_err("two documents");
    assert_eq!(
        (error.line(), error.message()),
        (Some(3), "a second document begins here")
    );
}
