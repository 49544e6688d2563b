//! The twelve kinds of the article together, and none of the others. Its lambda is a function of the program.
#![no_std]
#![no_main]

use cost::{Make, Steps, Subject, boundaries, falling, given};
use hairpin_core::{
    ConfigError, CosineAnnealing, Exponential, Feedback, InverseTime, Lambda, LinearWarmup,
    MultiStep, NaturalExp, Noam, PiecewiseConstant, PlateauConfig, PlateauState, Polynomial,
    ReduceOnPlateau, Schedule, Step, StepFunction,
};

struct Article<F> {
    piecewise_constant: PiecewiseConstant,
    exponential: Exponential,
    natural_exp: NaturalExp,
    polynomial: Polynomial,
    step: Step,
    multi_step: MultiStep,
    inverse_time: InverseTime,
    lambda: Lambda<F>,
    cosine_annealing: CosineAnnealing,
    noam: Noam,
    linear_warmup: LinearWarmup<Step>,
    reduce_on_plateau: ReduceOnPlateau,
    state: PlateauState,
}

fn made() -> Result<Article<impl StepFunction>, ConfigError> {
    let reduce_on_plateau = ReduceOnPlateau::new(given(PlateauConfig::new(0.1)))?;
    let step = Step::new(given(0.1), given(1_000), given(0.5))?;
    Ok(Article {
        piecewise_constant: PiecewiseConstant::new(
            &given(const { boundaries::<4>(2_000) }),
            &given(const { falling::<5>() }),
        )?,
        exponential: Exponential::new(given(0.1), given(0.999))?,
        natural_exp: NaturalExp::new(given(0.1), given(0.001))?,
        polynomial: Polynomial::new(
            given(0.1),
            given(0.001),
            given(10_000),
            given(2.0),
            given(false),
        )?,
        step,
        multi_step: MultiStep::new(
            given(0.1),
            &given(const { boundaries::<4>(2_000) }),
            given(0.8),
        )?,
        inverse_time: InverseTime::new(given(0.1), given(0.001))?,
        lambda: Lambda::new(given(0.1), factor)?,
        cosine_annealing: CosineAnnealing::new(given(0.1), given(0.001), given(10_000))?,
        noam: Noam::new(given(1.0), given(512), given(4_000))?,
        linear_warmup: LinearWarmup::new(given(500), given(0.0), given(0.1), step)?,
        state: reduce_on_plateau.start(),
        reduce_on_plateau,
    })
}

fn factor(step: u32) -> f64 {
    1.0 / f64::from((step >> 8) + 1)
}

fn all(article: &mut Article<impl StepFunction>, step: u32) -> f32 {
    let plateau = &article.reduce_on_plateau;
    plateau.observe(&mut article.state, step, 1.0);
    [
        article.piecewise_constant.lr(step),
        article.exponential.lr(step),
        article.natural_exp.lr(step),
        article.polynomial.lr(step),
        article.step.lr(step),
        article.multi_step.lr(step),
        article.inverse_time.lr(step),
        article.lambda.lr(step),
        article.cosine_annealing.lr(step),
        article.noam.lr(step),
        article.linear_warmup.lr(step),
        plateau.lr(&article.state, step),
    ]
    .iter()
    .sum()
}

/// What is measured: it has no name of its own, as the function in it has none.
fn subject<F: StepFunction>(make: Make<Article<F>>) -> Subject<Article<F>> {
    Subject {
        make,
        before: |_, _| {},
        call: all,
        steps: Steps::Nowhere,
        each: 1,
        config: size_of::<Article<F>>() - size_of::<PlateauState>(),
        state: size_of::<PlateauState>(),
    }
}

cost::program!(cost::measure(&subject(made)));
