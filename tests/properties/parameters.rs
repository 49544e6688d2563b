//! What a schedule says of itself makes the same schedule again.

use hairpin_core::parameters::{Parameter, Sink, Source};
use hairpin_core::{ConfigError, Factor, InverseTime, Kind, Schedule};

use crate::draw;
use crate::kinds::{bits, one_of_each};
use crate::rng::Rng;
use crate::{EDGES, configs};

/// One parameter as it was handed over, floats by their bits.
#[derive(Clone, Debug)]
enum Said {
    Has(bool),
    Number(f64),
    Count(u32),
    Flag(bool),
    Word(usize),
    Numbers(Vec<f64>),
    Counts(Vec<u32>),
    Factor(Factor),
}

/// Everything that was handed over, front to back, by the names of the parameters.
#[derive(Debug, Default)]
struct Record {
    said: Vec<(&'static str, Said)>,
    read: usize,
}

impl Record {
    fn next(&mut self, parameter: &'static Parameter) -> Said {
        let (name, said) = self.said[self.read].clone();
        assert_eq!(
            name, parameter.name,
            "read in the order in which it was written"
        );
        self.read += 1;
        said
    }
}

macro_rules! recorded {
    ($($method:ident, $variant:ident, $type:ty;)+) => {
        impl Sink for Record {
            $(fn $method(&mut self, parameter: &'static Parameter, value: $type) {
                self.said.push((parameter.name, Said::$variant(value)));
            })+

            fn numbers(&mut self, parameter: &'static Parameter, values: &[f64]) {
                self.said.push((parameter.name, Said::Numbers(values.to_vec())));
            }

            fn counts(&mut self, parameter: &'static Parameter, values: &[u32]) {
                self.said.push((parameter.name, Said::Counts(values.to_vec())));
            }

            fn factor(&mut self, parameter: &'static Parameter, value: &Factor) {
                self.said.push((parameter.name, Said::Factor(value.clone())));
            }
        }
    };
}

recorded! {
    has, Has, bool;
    number, Number, f64;
    count, Count, u32;
    flag, Flag, bool;
    word, Word, usize;
}

macro_rules! repeated {
    ($($method:ident, $variant:ident, $type:ty;)+) => {
        impl Source for Record {
            $(fn $method(&mut self, parameter: &'static Parameter) -> $type {
                match self.next(parameter) {
                    Said::$variant(value) => value,
                    other => panic!("{}: {other:?}", parameter.name),
                }
            })+

            fn numbers(&mut self, parameter: &'static Parameter) -> &[f64] {
                self.next(parameter);
                match &self.said[self.read - 1].1 {
                    Said::Numbers(values) => values,
                    other => panic!("{}: {other:?}", parameter.name),
                }
            }

            fn counts(&mut self, parameter: &'static Parameter) -> &[u32] {
                self.next(parameter);
                match &self.said[self.read - 1].1 {
                    Said::Counts(values) => values,
                    other => panic!("{}: {other:?}", parameter.name),
                }
            }

            fn factor(&mut self, parameter: &'static Parameter) -> Result<Factor, ConfigError> {
                match self.next(parameter) {
                    Said::Factor(value) => Ok(value),
                    other => panic!("{}: {other:?}", parameter.name),
                }
            }
        }
    };
}

repeated! {
    has, Has, bool;
    number, Number, f64;
    count, Count, u32;
    flag, Flag, bool;
    word, Word, usize;
}

fn said_by(kind: &Kind) -> Record {
    let mut record = Record::default();
    kind.write(&mut record);
    record
}

#[test]
fn a_schedule_made_from_what_it_says_is_the_same() {
    let mut rng = Rng::from_env("parameters");
    for _ in 0..configs() / 4 {
        for drawn in one_of_each(&mut rng) {
            let kind = drawn.any.span(0).kind.expect("a single kind");
            let mut record = said_by(kind);
            let again = Kind::read(kind.tag(), &mut record)
                .expect("a known number")
                .unwrap_or_else(|error| panic!("{}: {error}", drawn.config));
            assert_eq!(record.read, record.said.len(), "{}", drawn.config);
            assert_eq!(
                format!("{:?}", said_by(&again).said),
                format!("{:?}", record.said),
                "{}",
                drawn.config
            );
            assert_eq!(format!("{again:?}"), format!("{kind:?}"));
            for t in EDGES
                .into_iter()
                .chain([draw::step(&mut rng, drawn.length)])
            {
                assert_eq!(
                    bits(again.lr(t)),
                    bits(kind.lr(t)),
                    "{} at {t}",
                    drawn.config
                );
            }
        }
    }
}

/// Such a schedule is computed from other numbers than it was given.
#[test]
fn what_was_given_is_said_though_it_is_scaled_inside() {
    let given = [5e-324, 3.5e300];
    let kind = Kind::from(InverseTime::new(given[0], given[1]).unwrap());
    let said = said_by(&kind).said;
    let numbers: Vec<f64> = said
        .iter()
        .filter_map(|(_, said)| match said {
            Said::Number(value) => Some(*value),
            _ => None,
        })
        .collect();
    assert_eq!(numbers, given);
}
