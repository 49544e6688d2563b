//! The suite on a chip.
#![no_std]
#![no_main]

use chip::{Error, Input, Output};

struct Files {
    requests: Input,
    answers: Output,
}

impl suite::Channel for Files {
    type Error = Error;

    fn read(&mut self, bytes: &mut [u8]) -> Result<bool, Error> {
        self.requests.fill(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.answers.write(bytes)
    }
}

fn run() -> Result<(), Error> {
    let mut files = Files {
        requests: Input::open(c"requests")?,
        answers: Output::create(c"answers")?,
    };
    suite::answer(&mut files)
}

chip::main!(run);
