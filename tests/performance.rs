//! The figures in the tables of `docs/performance.md`: those of the records that it links, to the digits that it gives.
//!
//! After new records, write the tables anew with
//!
//! ```sh
//! HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test performance
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Rows of tables by their first cell: what stands in the others.
type Rows = BTreeMap<String, Vec<String>>;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The lines of a record, each by the names of its columns.
fn record(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = reader.deserialize().collect::<Result<_, _>>();
    lines.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The record that a section links, whose name has this in it.
fn linked(section: &str, part: &str) -> PathBuf {
    let from = section
        .find(part)
        .unwrap_or_else(|| panic!("no link to {part}"));
    let begin = section[..from].rfind('(').expect("a link begins") + 1;
    let end = from + section[from..].find(')').expect("a link ends");
    docs().join(&section[begin..end])
}

fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// `table_rate` and `update_rate`, on two threads and on one: their figures, each as it is written.
fn rates(path: &Path, bench: &str, figures: [&str; 2], written: fn(f64) -> String) -> Rows {
    let mut found: BTreeMap<String, [Option<String>; 4]> = BTreeMap::new();
    for line in record(path) {
        let figure = figures.iter().position(|figure| line["figure"] == *figure);
        if let Some(figure) = figure.filter(|_| line["bench"] == bench) {
            let place = 2 * usize::from(line["threads"] == "1") + figure;
            let cells = found.entry(line["case"].clone()).or_default();
            cells[place] = Some(written(number(&line["value"])));
        }
    }
    let whole = |cells: [Option<String>; 4]| cells.map(|cell| cell.expect("two threads, and one"));
    let rows = found.into_iter();
    rows.map(|(case, cells)| (case, whole(cells).to_vec()))
        .collect()
}

/// Of the peers of a part, how much longer they took.
fn times(path: &Path, part: &str, peers: &[&str]) -> Rows {
    let mut rows = Rows::new();
    for line in record(path) {
        if line["part"] == part {
            let cells = rows
                .entry(line["case"].clone())
                .or_insert_with(|| vec!["-".to_string(); peers.len()]);
            let peer = peers.iter().position(|peer| line["peer"] == *peer);
            if let Some(peer) = peer.filter(|_| !line["times_ours"].is_empty()) {
                let times = number(&line["times_ours"]);
                cells[peer] = if times < 9.95 {
                    format!("{times:.2}")
                } else {
                    format!("{times:.0}")
                };
            }
        }
    }
    rows
}

/// The section with the cells of its tables' rows, all of which it has.
fn rewritten(section: &str, rows: &Rows) -> String {
    let mut missing: BTreeSet<&String> = rows.keys().collect();
    let mut lines = Vec::new();
    for line in section.lines() {
        let name = line
            .strip_prefix("| ")
            .and_then(|line| line.split_once(" | "));
        let known = name.and_then(|(name, rest)| Some((rows.get_key_value(name)?, rest)));
        lines.push(match known {
            Some(((name, cells), rest)) => {
                missing.remove(name);
                // What follows the figures is what is aimed at.
                let more = rest.split(" | ").skip(cells.len()).map(str::to_string);
                let more = more.map(|cell| cell.trim_end_matches(" |").to_string());
                let cells: Vec<String> = cells.iter().cloned().chain(more).collect();
                format!("| {name} | {} |", cells.join(" | "))
            }
            None => line.to_string(),
        });
    }
    assert!(missing.is_empty(), "no row of {missing:?}");
    let end = if section.ends_with('\n') { "\n" } else { "" };
    lines.join("\n") + end
}

#[test]
fn figures_are_those_of_the_records() {
    let path = docs().join("performance.md");
    let guide = fs::read_to_string(&path).unwrap();
    let ratio = |ratio: f64| format!("{ratio:.1}");
    let share = |share: f64| format!("{share:.0} %");
    let mut parts: Vec<String> = guide.split_inclusive("\n## ").map(str::to_string).collect();
    let mut seen = 0;
    // The update's figures stand in the record that the section before links.
    let mut own = PathBuf::new();
    for part in &mut parts {
        let section = part.clone();
        let rows = match section.lines().next().unwrap_or_default() {
            "Tables" => {
                own = linked(&section, "/2");
                let figures = ["[trials, steps]", "[steps, trials]"];
                rates(&own, "table_rate", figures, ratio)
            }
            "The update" => {
                let rows = rates(&own, "update_rate", ["plain", "momentum"], share);
                let named = |(case, cells): (String, _)| (case.to_lowercase(), cells);
                rows.into_iter().map(named).collect()
            }
            "Beside others" => {
                let peers = linked(&section, "/peers-");
                let tables = [
                    "NumPy f32",
                    "NumPy f64",
                    "torch",
                    "jax.numpy, jit",
                    "Optax, a call a trial",
                ];
                let updates = [
                    "NumPy",
                    "torch SGD, one tensor",
                    "torch SGD, a group each",
                    "torch by hand",
                    "Optax, vmap, jit",
                ];
                let mut rows = times(&peers, "tables", &tables);
                rows.extend(times(&peers, "update", &updates));
                rows
            }
            _ => continue,
        };
        seen += 1;
        let whole = section.strip_suffix("\n## ").unwrap_or(&section);
        let end = &section[whole.len()..];
        *part = rewritten(whole, &rows) + end;
    }
    assert_eq!(seen, 3, "sections with tables of figures");
    let expected = parts.concat();
    if std::env::var_os("HAIRPIN_BLESS").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    let pairs = guide.lines().zip(expected.lines());
    let differ: Vec<String> = pairs
        .filter(|(found, expected)| found != expected)
        .map(|(found, expected)| format!("{found}\n{expected}"))
        .collect();
    assert!(
        differ.is_empty() && guide == expected,
        "docs/performance.md does not say what its records do; HAIRPIN_BLESS=1 writes it again:\n{}",
        differ.join("\n")
    );
}
