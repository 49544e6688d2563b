//! Data sets from CSV files.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{BadRow, CLASSES_MAX, DataError, Dataset, ROWS_MAX, Shown, validates};

/// How many bad rows an error describes; the rest are counted.
const DESCRIBED: usize = 5;

/// A name at least this similar (Jaro and Winkler, from 0 to 1) is proposed.
const SIMILAR: f64 = 0.7;

/// Reads a data set from a CSV file; see [`from_csv`].
///
/// # Errors
/// As [`from_csv`], and when the file cannot be read.
pub fn read_csv(path: &Path, label: &str) -> Result<Dataset, DataError> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => from_csv(&name, &bytes, label),
        Err(source) => Err(DataError::Io { path: name, source }),
    }
}

/// Makes a data set of the bytes of a CSV file whose first line names the columns.
///
/// The column called `label` holds the class, as any text; the classes are its distinct values, in numeric order if all are numbers,
/// else in the order of their characters. All other columns are features and must be finite numbers within the range of `f32`.
/// Features are standardised: each column has its mean over the training part subtracted and is divided by its standard deviation
/// there (over the number of rows, not one less); a column that is constant there becomes 0. All of it in `f64`, rounded once.
/// `name` is how errors and [`Dataset::name`] call the file.
///
/// # Errors
/// Bytes that are not UTF-8, no header, no or several columns called `label`, rows that are ragged or hold something else
/// than numbers (the first of them with their lines, then a count), or what [`Dataset::new`] refuses.
pub fn from_csv(name: &str, bytes: &[u8], label: &str) -> Result<Dataset, DataError> {
    let path = || name.to_owned();
    let text = std::str::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
        path: path(),
        line: 1 + bytes[..error.valid_up_to()]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count() as u64,
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|_| DataError::Empty { path: path() })?
        .clone();
    if header.iter().all(str::is_empty) {
        return Err(DataError::Empty { path: path() });
    }
    let label_column = find(name, &header, label)?;
    if header.len() == 1 {
        return Err(DataError::NoFeatures);
    }

    let mut table = Table::default();
    let mut bad = Bad::default();
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                match table.push(&header, label_column, &record) {
                    Ok(()) => {}
                    Err(problem) => bad.push(line, problem),
                }
            }
            Err(error) => bad.push(line, error.to_string()),
        }
    }
    if bad.count > 0 {
        return Err(DataError::BadRows {
            path: path(),
            first: bad.first,
            count: bad.count,
        });
    }
    table.finish(name)
}

/// The place of the label among the columns.
fn find(path: &str, header: &StringRecord, label: &str) -> Result<usize, DataError> {
    let mut places = (0..header.len()).filter(|&i| &header[i] == label);
    if let Some(place) = places.next() {
        let count = 1 + places.count();
        if count > 1 {
            return Err(DataError::AmbiguousLabel {
                path: path.to_owned(),
                label: label.to_owned(),
                count,
            });
        }
        return Ok(place);
    }
    let lower = label.to_lowercase();
    let nearest = header
        .iter()
        .map(|column| (strsim::jaro_winkler(&column.to_lowercase(), &lower), column))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, column)| column.to_owned());
    let hint = if header.len() == 1 && header[0].contains([';', '\t']) {
        Some(" (columns must be separated by commas)")
    } else if header.iter().all(|cell| cell.parse::<f64>().is_ok()) {
        Some(" (the first line looks like data, it must name the columns)")
    } else {
        None
    };
    Err(DataError::NoLabel {
        path: path.to_owned(),
        label: label.to_owned(),
        nearest,
        columns: Shown(header.iter().map(str::to_owned).collect()),
        hint,
    })
}

/// The bad rows so far.
#[derive(Default)]
struct Bad {
    first: Vec<BadRow>,
    count: usize,
}

impl Bad {
    fn push(&mut self, line: u64, problem: String) {
        if self.first.len() < DESCRIBED {
            self.first.push(BadRow { line, problem });
        }
        self.count += 1;
    }
}

/// The good rows so far.
#[derive(Default)]
struct Table {
    numbers: Vec<f64>,
    /// Of each row, the place of its class in `classes`.
    labels: Vec<usize>,
    /// The classes in the order in which they turned up.
    classes: BTreeMap<String, usize>,
}

impl Table {
    fn push(
        &mut self,
        header: &StringRecord,
        label_column: usize,
        record: &StringRecord,
    ) -> Result<(), String> {
        if record.len() != header.len() {
            return Err(format!(
                "{} values for {} columns",
                record.len(),
                header.len()
            ));
        }
        let kept = self.numbers.len();
        for (column, cell) in record.iter().enumerate() {
            let problem = if column == label_column {
                cell.is_empty().then_some("has no label".to_owned())
            } else {
                match number(cell) {
                    Ok(number) => {
                        self.numbers.push(number);
                        None
                    }
                    Err(problem) => Some(problem),
                }
            };
            if let Some(problem) = problem {
                self.numbers.truncate(kept);
                return Err(format!("column \"{}\" {problem}", &header[column]));
            }
        }
        let next = self.classes.len();
        let label = &record[label_column];
        let class = match self.classes.get(label) {
            Some(&class) => class,
            None => {
                self.classes.insert(label.to_owned(), next);
                next
            }
        };
        self.labels.push(class);
        Ok(())
    }

    fn finish(self, name: &str) -> Result<Dataset, DataError> {
        let Self {
            numbers,
            labels,
            classes,
        } = self;
        // Checked before the labels are narrowed; the rest is for `Dataset::new` to check.
        if classes.len() > CLASSES_MAX {
            return Err(DataError::TooManyClasses {
                classes: classes.len(),
            });
        }
        if labels.len() > ROWS_MAX {
            return Err(DataError::TooLarge {
                rows: labels.len(),
                count: numbers.len(),
            });
        }
        let mut sorted: Vec<(String, usize)> = classes.into_iter().collect();
        let numeric = |(name, _): &(String, usize)| name.parse().ok().filter(|x: &f64| !x.is_nan());
        if sorted.iter().all(|class| numeric(class).is_some()) {
            // Stable, so that "1" and "1.0" stay in the order of their characters.
            sorted.sort_by(|a, b| {
                numeric(a)
                    .partial_cmp(&numeric(b))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        let mut place = vec![0; sorted.len()];
        for (sorted_place, (_, class)) in sorted.iter().enumerate() {
            place[*class] = sorted_place as u16;
        }
        let labels: Vec<u16> = labels.into_iter().map(|class| place[class]).collect();
        let width = numbers.len().checked_div(labels.len()).unwrap_or(0);
        let features = standardised(numbers, width);
        let classes = sorted.into_iter().map(|(name, _)| name).collect();
        Dataset::new(name, features, labels, classes)
    }
}

/// A finite number within the range of `f32`, or what is wrong with it.
fn number(cell: &str) -> Result<f64, String> {
    match cell.parse::<f64>() {
        Ok(x) if (x as f32).is_finite() => Ok(x),
        Ok(x) if x.is_finite() => Err(format!("is {cell}: beyond the range of f32")),
        Ok(_) => Err(format!("is {cell}: must be finite")),
        Err(_) if cell.is_empty() => Err("is empty".to_owned()),
        Err(_) => Err(format!("is \"{cell}\": not a number")),
    }
}

/// Columns of mean 0 and deviation 1 over the training part.
fn standardised(mut numbers: Vec<f64>, width: usize) -> Vec<f32> {
    for column in 0..width {
        let training = || {
            let rows = numbers.chunks_exact(width).enumerate();
            rows.filter(|(row, _)| !validates(*row))
                .map(|(_, values)| values[column])
        };
        let count = training().count() as f64;
        let mean = training().sum::<f64>() / count;
        let variance = training().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
        // Asked of the values themselves: the variance of equal values need not come out as 0, and that of values too close
        // together does.
        let first = training().next();
        let constant = variance == 0.0 || training().all(|x| Some(x) == first);
        for values in numbers.chunks_exact_mut(width) {
            values[column] = if constant {
                0.0
            } else {
                (values[column] - mean) / variance.sqrt()
            };
        }
    }
    numbers.into_iter().map(|x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten rows of columns x, kind and y, where y is constant.
    fn text() -> String {
        let rows = (0..10).map(|i| format!("{i},{}, 3\n", ["10", "9"][i % 2]));
        "x, kind ,y\n".to_owned() + &rows.collect::<String>()
    }

    fn read(text: &str, label: &str) -> Result<Dataset, DataError> {
        from_csv("t.csv", text.as_bytes(), label)
    }

    #[test]
    fn reads_and_standardises_by_the_training_part() {
        let data = read(&format!("\u{feff}{}", text()), "kind").unwrap();
        assert_eq!(data.classes(), ["9", "10"]);
        assert_eq!((data.width(), data.label(0), data.label(1)), (2, 1, 0));
        // Of 0 to 9 without 4 and 9: mean 4, variance 7.5.
        for row in 0..10 {
            let x = ((row as f64 - 4.0) / 7.5_f64.sqrt()) as f32;
            assert_eq!(data.row(row), [x, 0.0]);
        }
    }

    #[test]
    fn a_constant_column_with_an_inexact_mean_is_zero() {
        let data = read(&text().replace(" 3\n", " 0.1\n"), "kind").unwrap();
        assert!((0..10).all(|row| data.row(row)[1] == 0.0));
    }

    #[test]
    fn a_missing_label_lists_the_columns() {
        let message = read(&text(), "Kindd").unwrap_err().to_string();
        assert_eq!(
            message,
            "t.csv has no column \"Kindd\": did you mean \"kind\"?; its columns are \"x\", \"kind\", \"y\""
        );
        let message = read("1,2,3\n4,5,6\n", "kind").unwrap_err().to_string();
        assert!(message.contains("must name the columns"), "{message}");
        let message = read("x;kind\n1;2\n", "kind").unwrap_err().to_string();
        assert!(message.contains("separated by commas"), "{message}");
        let twice = read("kind,kind\n1,2\n", "kind").unwrap_err();
        assert!(matches!(twice, DataError::AmbiguousLabel { count: 2, .. }));
    }

    #[test]
    fn bad_rows_come_with_their_lines() {
        let bad = "1,a\n1,a,2,3\nNaN,a,1\n-inf,a,1\n1e39,a,1\nzero,a,1\n\n1,,1\n,a,1\n";
        let error = read(&(text() + bad), "kind").unwrap_err();
        assert_eq!(
            error.to_string(),
            "t.csv has 8 bad rows:\
             \n  line 12: 2 values for 3 columns\
             \n  line 13: 4 values for 3 columns\
             \n  line 14: column \"x\" is NaN: must be finite\
             \n  line 15: column \"x\" is -inf: must be finite\
             \n  line 16: column \"x\" is 1e39: beyond the range of f32\
             \n  and 3 more"
        );
    }

    #[test]
    fn small_and_broken_files_are_refused() {
        assert!(matches!(read("", "y"), Err(DataError::Empty { .. })));
        assert!(matches!(read("\n\n", "y"), Err(DataError::Empty { .. })));
        assert!(matches!(read("y\n1\n", "y"), Err(DataError::NoFeatures)));
        assert!(matches!(
            read("x,y\n", "y"),
            Err(DataError::TooFewRows { rows: 0 })
        ));
        let one = text().replace(",9,", ",10,");
        assert!(matches!(
            read(&one, "kind"),
            Err(DataError::TooFewClasses { .. })
        ));
        let latin = from_csv("t.csv", b"x,y\n1,\xe9\n", "y");
        assert!(matches!(latin, Err(DataError::NotUtf8 { line: 2, .. })));
    }

    #[test]
    fn a_label_that_is_a_measurement_is_refused() {
        let rows = (0..2000).map(|i| format!("{i},{i}.5\n"));
        let text = "x,y\n".to_owned() + &rows.collect::<String>();
        let error = read(&text, "y").unwrap_err();
        assert!(matches!(error, DataError::TooManyClasses { classes: 2000 }));
    }
}
