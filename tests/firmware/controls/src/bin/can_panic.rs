//! Indexes by a number that comes from outside: a panic can be reached.
#![no_std]
#![no_main]

use chip::{Error, Input, Output};

fn run() -> Result<(), Error> {
    let mut index = [0];
    Input::open(c"requests")?.fill(&mut index)?;
    let primes = [2, 3, 5, 7];
    Output::create(c"answers")?.write(&[primes[usize::from(index[0])]])
}

chip::main!(run);
