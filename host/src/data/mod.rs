//! Data sets: rows of numbers with a class each, split once and for all into a training and a validation part.

mod csv;
mod digits;
mod error;

pub use csv::{from_csv, read_csv};
pub use digits::digits;
pub use error::{BadRow, DataError, Shown};

/// Of every so many rows, the last is kept for validation.
const FOLD: usize = 5;

/// Fewest rows a data set can have: two of them validate.
pub const ROWS_MIN: usize = 10;
/// Most rows a data set can have.
pub const ROWS_MAX: usize = 1 << 24;
/// Most numbers, rows times columns, that a data set can have: 4 GiB of them.
pub const NUMBERS_MAX: usize = 1 << 30;
/// Most classes a data set can have.
pub const CLASSES_MAX: usize = 1024;

/// Rows of `f32` features, each with a class.
///
/// Row `i` belongs to the validation part when `i % 5 == 4`, and to the training part otherwise. No step trains on the validation
/// part, and nothing about the data (such as a mean to subtract) is taken from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    features: Vec<f32>,
    width: usize,
    labels: Vec<u16>,
    classes: Vec<String>,
}

impl Dataset {
    /// A data set of `labels.len()` rows; `features` is row-major and a label is an index into `classes`.
    ///
    /// # Errors
    /// No features, lengths that do not fit each other, a number that is not finite, a label without a class, or a size
    /// outside [`ROWS_MIN`] to [`ROWS_MAX`], 2 to [`CLASSES_MAX`], up to [`NUMBERS_MAX`].
    pub fn new(
        name: impl Into<String>,
        features: Vec<f32>,
        labels: Vec<u16>,
        classes: Vec<String>,
    ) -> Result<Self, DataError> {
        let (rows, count) = (labels.len(), features.len());
        if rows < ROWS_MIN {
            return Err(DataError::TooFewRows { rows });
        }
        if rows > ROWS_MAX || count > NUMBERS_MAX {
            return Err(DataError::TooLarge { rows, count });
        }
        if classes.len() < 2 {
            return Err(DataError::TooFewClasses {
                only: classes.into_iter().next(),
            });
        }
        if classes.len() > CLASSES_MAX {
            return Err(DataError::TooManyClasses {
                classes: classes.len(),
            });
        }
        if count == 0 {
            return Err(DataError::NoFeatures);
        }
        if count % rows != 0 {
            return Err(DataError::Ragged { rows, count });
        }
        let width = count / rows;
        if let Some(at) = features.iter().position(|x| !x.is_finite()) {
            return Err(DataError::NotFinite {
                row: at / width,
                column: at % width,
                value: features[at],
            });
        }
        if let Some(row) = labels.iter().position(|&l| usize::from(l) >= classes.len()) {
            return Err(DataError::UnknownClass {
                row,
                label: labels[row],
                classes: classes.len(),
            });
        }
        Ok(Self {
            name: name.into(),
            features,
            width,
            labels,
            classes,
        })
    }

    /// What it is called: `digits`, or the path of a file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows, both parts together.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of features of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The features of a row.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.features[row * self.width..][..self.width]
    }

    /// The class of a row, as an index into [`Dataset::classes`].
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn label(&self, row: usize) -> u16 {
        self.labels[row]
    }

    /// The names of the classes.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The rows that steps train on.
    pub fn training_rows(&self) -> impl Iterator<Item = usize> {
        (0..self.rows()).filter(|&row| !validates(row))
    }

    /// The rows that trials are measured on.
    pub fn validation_rows(&self) -> impl Iterator<Item = usize> {
        (0..self.rows()).filter(|&row| validates(row))
    }
}

/// Whether a row belongs to the validation part.
fn validates(row: usize) -> bool {
    row % FOLD == FOLD - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    #[test]
    fn a_fifth_validates() {
        let data = Dataset::new("d", vec![0.0; 24], vec![0; 12], classes()).unwrap();
        assert_eq!(data.validation_rows().collect::<Vec<_>>(), [4, 9]);
        assert_eq!(data.training_rows().count(), 10);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let new = |features: usize, labels: Vec<u16>| {
            Dataset::new("d", vec![0.0; features], labels, classes()).unwrap_err()
        };
        assert!(matches!(
            new(9, vec![0; 9]),
            DataError::TooFewRows { rows: 9 }
        ));
        assert!(matches!(new(0, vec![0; 10]), DataError::NoFeatures));
        assert!(matches!(
            new(15, vec![0; 10]),
            DataError::Ragged {
                rows: 10,
                count: 15
            }
        ));
        let mut labels = vec![0; 10];
        labels[3] = 2;
        assert!(matches!(
            new(10, labels),
            DataError::UnknownClass {
                row: 3,
                label: 2,
                ..
            }
        ));
        let nan = Dataset::new("d", vec![f32::NAN; 10], vec![0; 10], classes()).unwrap_err();
        assert!(matches!(
            nan,
            DataError::NotFinite {
                row: 0,
                column: 0,
                ..
            }
        ));
        let one = Dataset::new("d", vec![0.0; 10], vec![0; 10], vec!["a".into()]).unwrap_err();
        assert!(matches!(one, DataError::TooFewClasses { only: Some(name) } if name == "a"));
    }
}
