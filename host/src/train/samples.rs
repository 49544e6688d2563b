//! Samples laid out for the products: a minibatch, or a slice of the validation part.

use super::aligned::Aligned;
use super::entropy::Columns;
use crate::data::Dataset;
use crate::lanes::padded;

/// Rows of a data set, both ways round, padded with zeros.
#[derive(Debug)]
pub(super) struct Samples {
    /// `[count × padded features]`: what gradients of weights are summed over.
    pub(super) rows: Aligned,
    pub(super) rows_stride: usize,
    /// `[features × padded count]`: what a forward pass multiplies.
    pub(super) columns: Aligned,
    pub(super) columns_stride: usize,
    labels: Aligned,
    count: usize,
}

impl Samples {
    /// Room for `count` samples of `data`.
    pub(super) fn with_room(data: &Dataset, count: usize) -> Self {
        let (rows_stride, columns_stride) = (padded(data.width()), padded(count));
        Self {
            rows: Aligned::zeros(count * rows_stride),
            rows_stride,
            columns: Aligned::zeros(data.width() * columns_stride),
            columns_stride,
            labels: Aligned::zeros(columns_stride),
            count,
        }
    }

    /// Replaces all samples by the rows `picked`, which are as many as there is room for.
    pub(super) fn fill(&mut self, data: &Dataset, picked: impl IntoIterator<Item = usize>) {
        for (at, row) in picked.into_iter().enumerate().take(self.count) {
            let features = data.row(row);
            self.rows[at * self.rows_stride..][..features.len()].copy_from_slice(features);
            self.labels[at] = f32::from(data.label(row));
        }
        // Feature by feature, so that the writes are in order and the reads hit rows that are in the first cache.
        let rows = &*self.rows;
        for (feature, column) in self.columns.chunks_mut(self.columns_stride).enumerate() {
            let values = rows[feature..].iter().step_by(self.rows_stride);
            for (to, &from) in column[..self.count].iter_mut().zip(values) {
                *to = from;
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn targets(&self) -> Columns<'_> {
        Columns {
            labels: &self.labels,
            count: self.count,
        }
    }
}
