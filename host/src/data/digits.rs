//! The data set that comes with the program.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{DataError, Dataset};

/// See `host/data/README.md` for where it comes from.
static DIGITS: &[u8] = include_bytes!("../../data/digits.csv.gz");

const WIDTH: usize = 64;
const ROWS: usize = 1797;
/// A pixel counts the dark points of a block of 4 by 4.
const BRIGHTEST: u8 = 16;

/// 1797 handwritten digits of 8 by 8 pixels, from 0 to 1.
///
/// # Errors
/// [`DataError::Damaged`] when the copy in the program is not the one it was written for.
///
/// # Examples
/// ```
/// let digits = hairpin_host::data::digits()?;
/// assert_eq!((digits.rows(), digits.width(), digits.classes().len()), (1797, 64, 10));
/// # Ok::<(), hairpin_host::data::DataError>(())
/// ```
pub fn digits() -> Result<Dataset, DataError> {
    let mut text = String::new();
    GzDecoder::new(DIGITS)
        .read_to_string(&mut text)
        .map_err(|_| DataError::Damaged)?;
    let mut features = Vec::with_capacity(ROWS * WIDTH);
    let mut labels = Vec::with_capacity(ROWS);
    for line in text.lines() {
        let mut numbers = line.split(',').map(str::parse::<u8>);
        for _ in 0..WIDTH {
            let pixel = number(numbers.next(), BRIGHTEST)?;
            features.push(f32::from(pixel) / f32::from(BRIGHTEST));
        }
        labels.push(u16::from(number(numbers.next(), 9)?));
        if numbers.next().is_some() {
            return Err(DataError::Damaged);
        }
    }
    if labels.len() != ROWS {
        return Err(DataError::Damaged);
    }
    let classes = (0..10).map(|digit| digit.to_string()).collect();
    Dataset::new("digits", features, labels, classes)
}

fn number<E>(parsed: Option<Result<u8, E>>, most: u8) -> Result<u8, DataError> {
    match parsed {
        Some(Ok(number)) if number <= most => Ok(number),
        _ => Err(DataError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_digits_are_whole() {
        let data = digits().unwrap();
        assert_eq!((data.rows(), data.width()), (ROWS, WIDTH));
        let mut counts = [0; 10];
        for row in 0..data.rows() {
            counts[usize::from(data.label(row))] += 1;
            assert!(data.row(row).iter().all(|x| (0.0..=1.0).contains(x)));
        }
        // The published distribution of the test part.
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }
}
