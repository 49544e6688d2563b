//! The models: where their parameters lie, how a forward and a backward pass runs.

use hairpin_arithmetic::{rectify, rectify_grad};

use super::aligned::Aligned;
use super::entropy::{Descend, Evaluate, RowSums, Score};
use super::order::signed_units;
use super::product::{Product, Strided};
use super::samples::Samples;
use crate::lanes::{Isa, Kernel, Lanes, padded};

/// What is trained. All matrices are row-major, and one trial's parameters are contiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// Softmax regression: weights `[classes × features]`, then a bias for each class. Starts at zero.
    Softmax,
    /// One hidden layer of rectified linear units: weights `[hidden × features]`, their biases, weights
    /// `[classes × hidden]`, their biases.
    ///
    /// The first weights start uniform within `sqrt(6 / features)` (He), the second within
    /// `sqrt(6 / (hidden + classes))` (Glorot), biases at zero; the draw is the same for every trial.
    Mlp {
        /// Number of hidden units.
        hidden: usize,
    },
}

/// A model on data of a certain shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    pub(super) model: Model,
    pub(super) features: usize,
    pub(super) classes: usize,
}

/// Where the parts of a perceptron's parameters begin.
struct Parts<T> {
    weights: T,
    bias: T,
    top_weights: T,
    top_bias: T,
}

/// What passes keep between their parts.
#[derive(Debug)]
pub(super) struct Scratch {
    logits: Aligned,
    columns: Aligned,
    hidden: Aligned,
    hidden_rows: Aligned,
    hidden_grads: Aligned,
    pub(super) grads: Aligned,
}

impl Network {
    /// Number of parameters.
    pub(super) fn parameters(&self) -> usize {
        let Self {
            features, classes, ..
        } = *self;
        match self.model {
            Model::Softmax => classes * (features + 1),
            Model::Mlp { hidden } => hidden * (features + 1) + classes * (hidden + 1),
        }
    }

    /// The parameters that every trial starts from.
    pub(super) fn initial(&self, seed: u64) -> Vec<f32> {
        let mut params = vec![0.0; self.parameters()];
        if let Model::Mlp { hidden } = self.model {
            let parts = self.split_mut(hidden, &mut params);
            let layers = [
                (parts.weights, 6.0 / self.features as f64),
                (parts.top_weights, 6.0 / (hidden + self.classes) as f64),
            ];
            let mut units = signed_units(seed);
            for (weights, squared) in layers {
                let bound = squared.sqrt() as f32;
                for (weight, unit) in weights.iter_mut().zip(&mut units) {
                    *weight = bound * unit;
                }
            }
        }
        params
    }

    /// Room for passes over up to `columns` samples at once.
    pub(super) fn scratch(&self, columns: usize) -> Scratch {
        let stride = padded(columns);
        let hidden = match self.model {
            Model::Softmax => 0,
            Model::Mlp { hidden } => hidden,
        };
        Scratch {
            logits: Aligned::zeros(self.classes * stride),
            columns: Aligned::zeros(3 * stride),
            hidden: Aligned::zeros(hidden * stride),
            hidden_rows: Aligned::zeros(columns * padded(hidden)),
            hidden_grads: Aligned::zeros(hidden * stride),
            grads: Aligned::zeros(self.parameters()),
        }
    }

    fn split<'a>(&self, hidden: usize, params: &'a [f32]) -> Parts<&'a [f32]> {
        let (weights, rest) = params.split_at(hidden * self.features);
        let (bias, rest) = rest.split_at(hidden);
        let (top_weights, top_bias) = rest.split_at(self.classes * hidden);
        Parts {
            weights,
            bias,
            top_weights,
            top_bias,
        }
    }

    fn split_mut<'a>(&self, hidden: usize, params: &'a mut [f32]) -> Parts<&'a mut [f32]> {
        let (weights, rest) = params.split_at_mut(hidden * self.features);
        let (bias, rest) = rest.split_at_mut(hidden);
        let (top_weights, top_bias) = rest.split_at_mut(self.classes * hidden);
        Parts {
            weights,
            bias,
            top_weights,
            top_bias,
        }
    }

    /// The mean cross-entropy over `samples`; its gradient goes to `scratch.grads`.
    pub(super) fn descend(
        &self,
        isa: Isa,
        samples: &Samples,
        params: &[f32],
        scratch: &mut Scratch,
    ) -> f32 {
        let stride = samples.columns_stride;
        self.forward(isa, samples, params, scratch);
        let logits = &mut scratch.logits[..self.classes * stride];
        let loss = isa.run(Descend {
            columns: samples.targets(),
            logits,
            losses: &mut scratch.columns[..2 * stride],
        });
        match self.model {
            Model::Softmax => {
                let (weights, bias) = scratch.grads.split_at_mut(self.classes * self.features);
                sum_over_samples(isa, logits, samples, [self.classes, self.features], weights);
                sum_rows(isa, logits, stride, bias);
            }
            Model::Mlp { hidden } => {
                let grads = self.split_mut(hidden, &mut scratch.grads);
                let params = self.split(hidden, params);
                let active = &scratch.hidden[..hidden * stride];
                let hidden_stride = padded(hidden);
                isa.run(Transpose {
                    from: active,
                    from_stride: stride,
                    to: &mut scratch.hidden_rows,
                    to_stride: hidden_stride,
                    columns: samples.count(),
                });
                isa.run(Product {
                    a: Strided::rows(logits, stride),
                    b: &scratch.hidden_rows,
                    b_stride: hidden_stride,
                    start: None,
                    out: grads.top_weights,
                    out_stride: hidden,
                    shape: [self.classes, samples.count(), hidden],
                });
                sum_rows(isa, logits, stride, grads.top_bias);
                let hidden_grads = &mut scratch.hidden_grads[..hidden * stride];
                isa.run(Product {
                    a: Strided {
                        data: params.top_weights,
                        row: 1,
                        inner: hidden,
                    },
                    b: logits,
                    b_stride: stride,
                    start: None,
                    out: hidden_grads,
                    out_stride: stride,
                    shape: [hidden, self.classes, stride],
                });
                isa.run(Rectify {
                    by: Some(active),
                    values: hidden_grads,
                });
                let shape = [hidden, self.features];
                sum_over_samples(isa, hidden_grads, samples, shape, grads.weights);
                sum_rows(isa, hidden_grads, stride, grads.bias);
            }
        }
        loss
    }

    /// The sum of cross-entropies over `samples`, and how many are guessed right.
    pub(super) fn evaluate(
        &self,
        isa: Isa,
        samples: &Samples,
        params: &[f32],
        scratch: &mut Scratch,
    ) -> Score {
        let stride = samples.columns_stride;
        self.forward(isa, samples, params, scratch);
        isa.run(Evaluate {
            columns: samples.targets(),
            logits: &scratch.logits[..self.classes * stride],
            scratch: &mut scratch.columns[..3 * stride],
        })
    }

    /// Leaves logits, and what the hidden units give, in `scratch`.
    fn forward(&self, isa: Isa, samples: &Samples, params: &[f32], scratch: &mut Scratch) {
        let stride = samples.columns_stride;
        let logits = &mut scratch.logits[..self.classes * stride];
        match self.model {
            Model::Softmax => {
                let (weights, bias) = params.split_at(self.classes * self.features);
                let shape = [self.classes, self.features, stride];
                affine(isa, weights, bias, &samples.columns, shape, logits);
            }
            Model::Mlp { hidden } => {
                let parts = self.split(hidden, params);
                let active = &mut scratch.hidden[..hidden * stride];
                let shape = [hidden, self.features, stride];
                affine(
                    isa,
                    parts.weights,
                    parts.bias,
                    &samples.columns,
                    shape,
                    active,
                );
                isa.run(Rectify {
                    by: None,
                    values: active,
                });
                let shape = [self.classes, hidden, stride];
                affine(
                    isa,
                    parts.top_weights,
                    parts.top_bias,
                    active,
                    shape,
                    logits,
                );
            }
        }
    }
}

impl<'a> Strided<'a> {
    /// A row-major matrix.
    fn rows(data: &'a [f32], stride: usize) -> Self {
        Self {
            data,
            row: stride,
            inner: 1,
        }
    }
}

/// `out = weights * inputs + bias` in every column; `shape` is outputs, inputs, padded columns.
fn affine(
    isa: Isa,
    weights: &[f32],
    bias: &[f32],
    inputs: &[f32],
    shape: [usize; 3],
    out: &mut [f32],
) {
    let [_, inner, stride] = shape;
    isa.run(Product {
        a: Strided::rows(weights, inner),
        b: inputs,
        b_stride: stride,
        start: Some(bias),
        out,
        out_stride: stride,
        shape,
    });
}

/// The gradient of weights `[outputs × features]`, where that of the outputs is `[outputs × padded samples]`.
fn sum_over_samples(
    isa: Isa,
    output_grads: &[f32],
    samples: &Samples,
    [outputs, features]: [usize; 2],
    grads: &mut [f32],
) {
    isa.run(Product {
        a: Strided::rows(output_grads, samples.columns_stride),
        b: &samples.rows,
        b_stride: samples.rows_stride,
        start: None,
        out: grads,
        out_stride: features,
        shape: [outputs, samples.count(), features],
    });
}

/// The gradient of biases.
fn sum_rows(isa: Isa, rows: &[f32], stride: usize, out: &mut [f32]) {
    isa.run(RowSums { rows, stride, out });
}

/// What hidden units give, in place of what goes into them; given `by`, what they gave, the gradient of the latter in place of that of
/// the former.
struct Rectify<'a> {
    by: Option<&'a [f32]>,
    values: &'a mut [f32],
}

impl Kernel for Rectify<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        match self.by {
            None => {
                for values in self.values.chunks_exact_mut(L::WIDTH) {
                    rectify(L::load(values)).store(values);
                }
            }
            Some(by) => {
                let by = by.chunks_exact(L::WIDTH);
                for (values, by) in self.values.chunks_exact_mut(L::WIDTH).zip(by) {
                    rectify_grad(L::load(by), L::load(values)).store(values);
                }
            }
        }
    }
}

/// `to[c][r] = from[r][c]` for the first `columns` columns.
struct Transpose<'a> {
    from: &'a [f32],
    from_stride: usize,
    to: &'a mut [f32],
    to_stride: usize,
    columns: usize,
}

impl Kernel for Transpose<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let rows = self.to.chunks_exact_mut(self.to_stride);
        for (column, to) in rows.enumerate().take(self.columns) {
            let from = self.from[column..].iter().step_by(self.from_stride);
            for (to, &from) in to.iter_mut().zip(from) {
                *to = from;
            }
        }
    }
}
