//! The suite on a chip: `requests` in, `answers` out, and how deep the stack was.
#![no_std]
#![no_main]

use chip::{Input, Output, Painted};
use suite::{Broken, Channel, Field};

/// Bytes that go to or from the host at once: a call of the emulator costs more than what it carries.
const PIECE: usize = 128;

struct Files {
    requests: Input,
    given: [u8; PIECE],
    /// Where the next byte stands, and how many there are.
    at: usize,
    filled: usize,
    answers: Output,
    taken: [u8; PIECE],
    used: usize,
}

impl Files {
    fn flush(&mut self) -> Result<(), Broken> {
        let taken = self.taken.get(..self.used).ok_or(Broken)?;
        self.used = 0;
        self.answers.write(taken).map_err(|_| Broken)
    }
}

impl Channel for Files {
    fn read(&mut self, bytes: &mut [u8]) -> Result<bool, Broken> {
        for (index, byte) in bytes.iter_mut().enumerate() {
            if self.at == self.filled {
                (self.at, self.filled) = (0, self.requests.read(&mut self.given));
            }
            match self.given.get(self.at..self.filled) {
                Some(&[next, ..]) => *byte = next,
                _ if index == 0 => return Ok(false),
                _ => return Err(Broken),
            }
            self.at = self.at.saturating_add(1);
        }
        Ok(true)
    }

    fn write(&mut self, _: Field, bytes: &[u8]) -> Result<(), Broken> {
        for &byte in bytes {
            if self.used == PIECE {
                self.flush()?;
            }
            *self.taken.get_mut(self.used).ok_or(Broken)? = byte;
            self.used = self.used.saturating_add(1);
        }
        Ok(())
    }
}

fn run() -> Result<(), Broken> {
    let painted = Painted::below();
    let mut files = Files {
        requests: Input::open(c"requests").map_err(|_| Broken)?,
        given: [0; PIECE],
        at: 0,
        filled: 0,
        answers: Output::create(c"answers").map_err(|_| Broken)?,
        taken: [0; PIECE],
        used: 0,
    };
    suite::answer(&mut files)?;
    files.flush()?;
    let depth = painted.depth().map_err(|_| Broken)?;
    let mut stack = Output::create(c"stack").map_err(|_| Broken)?;
    stack.write(&depth.to_le_bytes()).map_err(|_| Broken)
}

chip::main!(run);
