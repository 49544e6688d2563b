//! The twelve schedules as examples: each built by the core's constructor, with the words that explain it.

use hairpin_core::{
    AnyFeedback, CosineAnnealing, Exponential, Factor, Feedback, InverseTime, Lambda, MultiStep,
    NaturalExp, Noam, PiecewiseConstant, Plan, PlateauConfig, Polynomial, ReduceOnPlateau,
    Schedule, Step,
};

use super::ExplainError;

/// Steps drawn of each schedule.
pub(super) const STEPS: u32 = 100;

/// The losses shown to the schedule that reacts to them: better until step 30, then no more.
pub(super) fn synthetic_loss(step: u32) -> f64 {
    1.0 - f64::from(step.min(30)) / 50.0
}

/// How [`synthetic_loss`] is printed.
pub(super) const SYNTHETIC_LOSS: &str = "loss(t) = 1 − min(t, 30)/50";

/// One schedule of the lesson.
pub(super) struct Lesson {
    /// Its kind, as a spec names it.
    pub(super) kind: &'static str,
    /// Its name in PaddlePaddle.
    pub(super) paddle: &'static str,
    /// The example's parameters, in lines that fit a small panel.
    pub(super) parameters: [&'static str; 2],
    pub(super) formula: &'static str,
    pub(super) words: &'static str,
    plan: Plan,
}

impl Lesson {
    /// The rate of every step; a schedule that reacts to losses sees the synthetic ones.
    pub(super) fn rates(&self) -> Vec<f32> {
        match &self.plan {
            Plan::Schedule(schedule) => (0..=STEPS).map(|step| schedule.lr(step)).collect(),
            Plan::Feedback(feedback) => {
                let mut state = feedback.start();
                let rate = |step| {
                    let lr = feedback.lr(&state, step);
                    feedback.observe(&mut state, step, synthetic_loss(step));
                    lr
                };
                (0..=STEPS).map(rate).collect()
            }
        }
    }

    /// Whether the schedule reacts to losses.
    pub(super) fn reacts(&self) -> bool {
        matches!(self.plan, Plan::Feedback(_))
    }
}

/// All twelve, in the order of the article.
pub(super) fn lessons() -> Result<Vec<Lesson>, ExplainError> {
    let plateau = ReduceOnPlateau::new(PlateauConfig {
        factor: 0.5,
        patience: 10,
        ..PlateauConfig::new(0.5)
    })?;
    let after = CosineAnnealing::new(0.5, 0.0, 80)?;
    Ok(vec![
        Lesson {
            kind: "piecewise_constant",
            paddle: "PiecewiseDecay",
            parameters: [
                "boundaries = [30, 60, 80]",
                "values = [0.5, 0.25, 0.1, 0.05]",
            ],
            formula: "lr(t) = values[i], where i counts the boundaries b with t >= b",
            words: "The rates are written down, and the steps at which they change. Use it when past runs have told you where the loss stops falling.",
            plan: PiecewiseConstant::<16>::new(&[30, 60, 80], &[0.5, 0.25, 0.1, 0.05])?.into(),
        },
        Lesson {
            kind: "exponential",
            paddle: "ExponentialDecay",
            parameters: ["learning_rate = 0.5", "gamma = 0.96"],
            formula: "lr(t) = learning_rate * gamma^t",
            words: "Each step keeps the same share of the rate. Fast at first, never zero; gamma says how many steps halve it (17 for 0.96).",
            plan: Exponential::new(0.5, 0.96)?.into(),
        },
        Lesson {
            kind: "natural_exp",
            paddle: "NaturalExpDecay",
            parameters: ["learning_rate = 0.5", "gamma = 0.04"],
            formula: "lr(t) = learning_rate * exp(-gamma * t)",
            words: "The same curve as the exponential, with the speed of the decay as the parameter instead of what remains.",
            plan: NaturalExp::new(0.5, 0.04)?.into(),
        },
        Lesson {
            kind: "polynomial",
            paddle: "PolynomialDecay",
            parameters: [
                "learning_rate = 0.5, end_lr = 0.02",
                "decay_steps = 80, power = 2, cycle = false",
            ],
            formula: "lr(t) = (learning_rate - end_lr) * (1 - min(t, decay_steps)/decay_steps)^power + end_lr",
            words: "From the first rate to the last one in a fixed number of steps, then held. Power 1 is a straight line; a higher power spends more steps at small rates. With cycle it starts over, lower each time.",
            plan: Polynomial::new(0.5, 0.02, 80, 2.0, false)?.into(),
        },
        Lesson {
            kind: "step",
            paddle: "StepDecay",
            parameters: ["learning_rate = 0.5", "step_size = 25, gamma = 0.5"],
            formula: "lr(t) = learning_rate * gamma^floor(t / step_size)",
            words: "A cut at regular intervals, the rate held in between. The plainest decay, and easy to compare with a loss curve: each cut shows as a drop.",
            plan: Step::new(0.5, 25, 0.5)?.into(),
        },
        Lesson {
            kind: "multi_step",
            paddle: "MultiStepDecay",
            parameters: [
                "learning_rate = 0.5",
                "milestones = [40, 60, 90], gamma = 0.4",
            ],
            formula: "lr(t) = learning_rate * gamma^k, where k counts the milestones m with t >= m",
            words: "The same cut, at steps you choose. Between step (regular) and piecewise_constant (every rate free).",
            plan: MultiStep::<32>::new(0.5, &[40, 60, 90], 0.4)?.into(),
        },
        Lesson {
            kind: "inverse_time",
            paddle: "InverseTimeDecay",
            parameters: ["learning_rate = 0.5", "gamma = 0.1"],
            formula: "lr(t) = learning_rate / (1 + gamma * t)",
            words: "Falls quickly, then ever more slowly: the steps it still takes add up without limit, which the classical proofs of convergence under noise ask for.",
            plan: InverseTime::new(0.5, 0.1)?.into(),
        },
        Lesson {
            kind: "lambda",
            paddle: "LambdaDecay",
            parameters: ["learning_rate = 0.5", "factor = \"0.98 ** step\""],
            formula: "lr(t) = learning_rate * factor(t)",
            words: "Any expression of the step, written as in Python. For what no other kind does.",
            plan: Lambda::new(0.5, Factor::parse("0.98 ** step")?)?.into(),
        },
        Lesson {
            kind: "cosine_annealing",
            paddle: "CosineAnnealingDecay",
            parameters: ["learning_rate = 0.5", "eta_min = 0, t_max = 50"],
            formula: "lr(t) = eta_min + (learning_rate - eta_min) * (1 + cos(pi * t / t_max)) / 2",
            words: "Stays high for a while, falls steeply, settles gently. With t_max equal to the length of the training it is a good first choice; past t_max it rises again, as here, which can carry the model out of a poor valley.",
            plan: CosineAnnealing::new(0.5, 0.0, 50)?.into(),
        },
        Lesson {
            kind: "noam",
            paddle: "NoamDecay",
            parameters: ["learning_rate = 16, d_model = 64", "warmup_steps = 20"],
            formula: "lr(t) = learning_rate * d_model^-0.5 * min(t^-0.5, t * warmup_steps^-1.5)",
            words: "The schedule of the first Transformer: a straight warm-up, then the inverse square root of the step. Wider models get smaller rates.",
            plan: Noam::new(16.0, 64, 20)?.into(),
        },
        Lesson {
            kind: "reduce_on_plateau",
            paddle: "ReduceOnPlateau",
            parameters: ["learning_rate = 0.5, factor = 0.5", "patience = 10"],
            formula: "lr = max(lr * factor, min_lr) after more than patience losses in a row without a better one",
            words: "Watches the loss and cuts when it has stopped improving, so it needs no plan of the steps. Here it sees a loss that falls until step 30 and then stands still (dashed): it waits out its patience, cuts, and waits again.",
            plan: Plan::Feedback(AnyFeedback::from(plateau)),
        },
        Lesson {
            kind: "linear_warmup",
            paddle: "LinearWarmup",
            parameters: [
                "warmup_steps = 20, start_lr = 0, end_lr = 0.5",
                "after = cosine_annealing, 0.5 to 0 in 80",
            ],
            formula: "lr(t) = start_lr + (end_lr - start_lr) * t / warmup_steps, then after(t - warmup_steps)",
            words: "Climbs to the full rate before any other schedule takes over. Early gradients are large and point in changing directions; small first steps keep them from throwing the model far away.",
            plan: Plan::from(after).after_warmup(20, 0.0, 0.5)?,
        },
    ])
}
