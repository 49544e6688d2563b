//! The two models as plain loops in `f64`.

use hairpin_host::data::Dataset;
use hairpin_host::train::Model;

/// Logits of both models, and the sums of absolute terms that rounding errors are bounded by, in `f64`.
pub struct Forward {
    pub hidden: Vec<f64>,
    pub hidden_sums: Vec<f64>,
    pub logits: Vec<f64>,
    pub logit_sums: Vec<f64>,
}

fn layer(weights: &[f64], bias: &[f64], x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let row = |(w, b): (&[f64], &f64), size: fn(f64) -> f64| {
        w.iter().zip(x).map(|(w, x)| size(w * x)).sum::<f64>() + size(*b)
    };
    let rows = || weights.chunks(x.len()).zip(bias);
    (
        rows().map(|r| row(r, |x| x)).collect(),
        rows().map(|r| row(r, f64::abs)).collect(),
    )
}

pub fn forward(model: Model, classes: usize, params: &[f64], x: &[f64]) -> Forward {
    match model {
        Model::Softmax => {
            let (weights, bias) = params.split_at(classes * x.len());
            let (logits, logit_sums) = layer(weights, bias, x);
            Forward {
                hidden: vec![],
                hidden_sums: vec![],
                logits,
                logit_sums,
            }
        }
        Model::Mlp { hidden } => {
            let (weights, rest) = params.split_at(hidden * x.len());
            let (bias, rest) = rest.split_at(hidden);
            let (top, top_bias) = rest.split_at(classes * hidden);
            let (values, hidden_sums) = layer(weights, bias, x);
            let active: Vec<f64> = values.iter().map(|h| h.max(0.0)).collect();
            let (logits, logit_sums) = layer(top, top_bias, &active);
            Forward {
                hidden: values,
                hidden_sums,
                logits,
                logit_sums,
            }
        }
    }
}

pub fn cross_entropy(logits: &[f64], label: usize) -> f64 {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + logits.iter().map(|z| (z - max).exp()).sum::<f64>().ln() - logits[label]
}

pub fn sample(data: &Dataset, row: usize) -> (Vec<f64>, usize) {
    let x = data.row(row).iter().map(|&x| f64::from(x)).collect();
    (x, usize::from(data.label(row)))
}
