//! 1797 handwritten digits of 8 by 8 pixels, in flash as bytes.

/// Pixels of a digit.
pub const PIXELS: usize = 64;
/// There are ten of them.
pub const CLASSES: usize = 10;
/// Of every five digits the last is held out, as `hairpin sweep` does.
const FOLD: usize = 5;
const FOLDS: usize = 359;
/// The two digits behind the last fold are left out.
const ROWS: usize = FOLD * FOLDS + 2;

/// Pixels from 0 to 16, and what it shows.
pub type Digit = [u8; PIXELS + 1];

static BYTES: [u8; ROWS * (PIXELS + 1)] = *include_bytes!(concat!(env!("OUT_DIR"), "/digits"));

fn folds() -> &'static [[Digit; FOLD]; FOLDS] {
    const {
        let (digits, _) = BYTES.as_chunks();
        let (folds, _) = digits.as_chunks();
        folds.first_chunk().expect("as many as there are")
    }
}

/// How many digits are trained on.
pub const TRAINING: u32 = (FOLDS * (FOLD - 1)) as u32;

/// One of the digits that are trained on; their numbers go round.
#[must_use]
pub fn training(number: u32) -> &'static Digit {
    let number = (number % TRAINING) as usize;
    &folds()[number / (FOLD - 1)][number % (FOLD - 1)]
}

/// The digits that no step trains on.
pub fn held_out() -> impl ExactSizeIterator<Item = &'static Digit> {
    folds().iter().map(|[.., last]| last)
}
