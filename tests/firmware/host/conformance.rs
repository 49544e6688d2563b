//! The same suite on the host and on the chips: every bit of every answer.

use std::fs;

use crate::tools::{CHIPS, Check, Tools};

pub fn trials() -> Vec<Check> {
    let of_chip = CHIPS.map(|chip| -> Check {
        let check = move |tools: &Tools| {
            let programs = tools.build(chip, "conformance");
            let directory = tempfile::tempdir().expect("a directory for the run");
            fs::write(directory.path().join("requests"), b"").expect("requests");
            tools.emulate(chip, &programs.join("conformance"), directory.path(), &[]);
            let answers = fs::read(directory.path().join("answers")).expect("answers");
            assert_eq!(answers, b"");
        };
        (format!("conformance::{}", chip.name), Box::new(check))
    });
    of_chip.into()
}
