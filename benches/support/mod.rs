//! One schedule of each kind, with ordinary parameters.

use hairpin_core::{
    AnySchedule, Constant, CosineAnnealing, Exponential, Factor, InverseTime, Lambda, MultiStep,
    NaturalExp, Noam, PiecewiseConstant, Polynomial, Step,
};

/// Every kind by name, for a learning rate and a length that may differ from trial to trial.
pub(crate) fn kinds(learning_rate: f64, length: u32) -> Vec<(&'static str, AnySchedule)> {
    let gamma = 1.0 - 3.0 / f64::from(length);
    let cosine = CosineAnnealing::new(learning_rate, 0.0, length).unwrap();
    vec![
        ("constant", Constant::new(learning_rate).unwrap().into()),
        (
            "piecewise_constant",
            PiecewiseConstant::new(
                &[length / 3, length / 2],
                &[learning_rate, learning_rate / 2.0, learning_rate / 10.0],
            )
            .unwrap()
            .into(),
        ),
        (
            "exponential",
            Exponential::new(learning_rate, gamma).unwrap().into(),
        ),
        (
            "natural_exp",
            NaturalExp::new(learning_rate, 1.0 - gamma).unwrap().into(),
        ),
        (
            "polynomial_1",
            Polynomial::new(learning_rate, 0.0, length, 1.0, false)
                .unwrap()
                .into(),
        ),
        (
            "polynomial_0.9",
            Polynomial::new(learning_rate, 0.0, length, 0.9, false)
                .unwrap()
                .into(),
        ),
        (
            "step",
            Step::new(learning_rate, length / 10, 0.5).unwrap().into(),
        ),
        (
            "multi_step",
            MultiStep::new(learning_rate, &[length / 2, length / 4 * 3], 0.1)
                .unwrap()
                .into(),
        ),
        (
            "inverse_time",
            InverseTime::new(learning_rate, 1.0 - gamma).unwrap().into(),
        ),
        (
            "lambda",
            Lambda::new(learning_rate, Factor::parse("0.95 ** epoch").unwrap())
                .unwrap()
                .into(),
        ),
        ("cosine_annealing", cosine.into()),
        (
            "noam",
            Noam::new(learning_rate, 512, length / 10).unwrap().into(),
        ),
        (
            "linear_warmup",
            AnySchedule::from(cosine)
                .after_warmup(length / 10, 0.0, learning_rate)
                .unwrap(),
        ),
    ]
}
