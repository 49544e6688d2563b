//! A small sweep to report on: stochastic gradient descent on a noisy quadratic bowl, which has everything a real sweep has
//! (a best rate, a slow side, a side that diverges) and trains a thousand trials in the time of one.

use hairpin_core::{
    AnyFeedback, CosineAnnealing, Exponential, Feedback, PiecewiseConstant, Plan, PlateauConfig,
    ReduceOnPlateau, Schedule,
};
use hairpin_host::report::{Curves, Goal, Leader, ParamCell, Summary, SweepReport, TrialRow, rank};

/// Curvatures of the bowl: updates diverge above a rate of 2 / 1.0.
const CURVATURES: [f64; 4] = [1.0, 0.3, 0.05, 0.01];
const EVALUATIONS: u32 = 20;

/// Uniform numbers in [0, 1) from a counter (SplitMix64).
pub struct Uniform(pub u64);

impl Uniform {
    pub fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn log_between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.draw())
    }
}

type Drawn = (usize, Plan, Vec<(String, ParamCell)>, String);

fn number(name: &str, value: f64) -> (String, ParamCell) {
    (name.to_owned(), ParamCell::Number(value))
}

fn draw(uniform: &mut Uniform, steps: u32) -> Drawn {
    let rate = uniform.log_between(1e-3, 30.0);
    match (uniform.draw() * 4.0) as usize {
        0 => {
            let eta_min = if uniform.draw() < 0.5 { 0.0 } else { 1e-3 };
            let plan = CosineAnnealing::new(rate, eta_min, steps).unwrap();
            let toml = format!(
                "kind = \"cosine_annealing\", learning_rate = {rate:?}, eta_min = {eta_min:?}, t_max = {steps}"
            );
            let parameters = vec![
                number("learning_rate", rate),
                number("eta_min", eta_min),
                number("t_max", steps.into()),
            ];
            (0, plan.into(), parameters, format!("{{ {toml} }}"))
        }
        1 => {
            let gamma = 0.97 + 0.029 * uniform.draw();
            let warmup = 5 + (uniform.draw() * 45.0) as u32;
            let plan = Plan::from(Exponential::new(rate, gamma).unwrap())
                .after_warmup(warmup, 0.0, rate)
                .unwrap();
            let after = format!(
                "{{ kind = \"exponential\", learning_rate = {rate:?}, gamma = {gamma:?} }}"
            );
            let toml = format!(
                "kind = \"linear_warmup\", warmup_steps = {warmup}, start_lr = 0.0, end_lr = {rate:?}, after = {after}"
            );
            let parameters = vec![
                number("warmup_steps", warmup.into()),
                number("after.learning_rate", rate),
                number("after.gamma", gamma),
            ];
            (1, plan, parameters, format!("{{ {toml} }}"))
        }
        2 => {
            let plan = PiecewiseConstant::<16>::new(&[steps / 2], &[rate, rate / 10.0]).unwrap();
            let values = format!("[{rate:?}, {:?}]", rate / 10.0);
            let toml = format!(
                "{{ kind = \"piecewise_constant\", boundaries = [{}], values = {values} }}",
                steps / 2
            );
            (
                2,
                plan.into(),
                vec![("values".to_owned(), ParamCell::Text(values))],
                toml,
            )
        }
        _ => {
            let patience = 1 + (uniform.draw() * 4.0) as u32;
            let plan = ReduceOnPlateau::new(PlateauConfig {
                patience,
                factor: 0.5,
                ..PlateauConfig::new(rate)
            })
            .unwrap();
            let toml = format!(
                "{{ kind = \"reduce_on_plateau\", learning_rate = {rate:?}, factor = 0.5, patience = {patience} }}"
            );
            let parameters = vec![
                number("learning_rate", rate),
                number("factor", 0.5),
                number("patience", patience.into()),
            ];
            (3, Plan::Feedback(AnyFeedback::from(plan)), parameters, toml)
        }
    }
}

/// Trains one trial: the rate of every step, the loss at every evaluation, where it diverged.
fn train(plan: &Plan, steps: u32, uniform: &mut Uniform) -> (Vec<f32>, Vec<f32>, Option<u32>) {
    let mut x = [1.5; CURVATURES.len()];
    let loss = |x: &[f64]| {
        0.01 + x
            .iter()
            .zip(CURVATURES)
            .map(|(x, c)| 0.5 * c * x * x)
            .sum::<f64>()
    };
    let (mut rates, mut losses, mut diverged) = (Vec::new(), Vec::new(), None);
    let mut state = match plan {
        Plan::Feedback(feedback) => Some(feedback.start()),
        Plan::Schedule(_) => None,
    };
    let every = (steps / EVALUATIONS).max(1);
    for step in 0..steps {
        let rate = match (plan, &state) {
            (Plan::Schedule(schedule), _) => schedule.lr(step),
            (Plan::Feedback(feedback), Some(state)) => feedback.lr(state, step),
            (Plan::Feedback(_), None) => unreachable!("a feedback plan was started above"),
        };
        rates.push(rate);
        for (x, curvature) in x.iter_mut().zip(CURVATURES) {
            // Bounded far out, as with a loss like softmax's: a rate somewhat too large swings widely before one diverges.
            let slope = curvature * *x / (1.0 + x.abs() / 20.0);
            *x -= f64::from(rate) * (slope + 0.4 * curvature.sqrt() * (uniform.draw() - 0.5));
        }
        if (step + 1) % every == 0 && losses.len() < EVALUATIONS as usize {
            let value = loss(&x);
            diverged = diverged.or((value.is_nan() || value > 1e4).then_some(step));
            losses.push(if diverged.is_some() {
                f32::NAN
            } else {
                value as f32
            });
            if let (Plan::Feedback(feedback), Some(state)) = (plan, &mut state) {
                feedback.observe(state, step, value);
            }
        }
    }
    (rates, losses, diverged)
}

/// A sweep of `trials` trials of `steps` steps; the same one every time.
pub fn sweep(trials: u32, steps: u32) -> SweepReport {
    let every = (steps / EVALUATIONS).max(1);
    let evaluations = (steps / every).min(EVALUATIONS);
    let mut rows = Vec::new();
    let mut curves = Curves {
        name: "val_loss".to_owned(),
        steps: (1..=evaluations).map(|k| k * every - 1).collect(),
        rows: Vec::new(),
    };
    let mut drawn = Vec::new();
    for index in 0..trials {
        let mut uniform = Uniform(u64::from(index) << 32);
        let (alternative, plan, mut parameters, toml) = draw(&mut uniform, steps);
        parameters.push(number(
            "momentum",
            if uniform.draw() < 0.5 { 0.0 } else { 0.9 },
        ));
        let (_, losses, diverged_at) = train(&plan, steps, &mut uniform);
        let last = losses.last().map_or(f64::NAN, |&loss| f64::from(loss));
        rows.push(TrialRow {
            index,
            alternative,
            parameters,
            final_metric: if diverged_at.is_some() {
                f64::NAN
            } else {
                last
            },
            best_metric: losses.iter().copied().fold(f32::INFINITY, f32::min).into(),
            diverged_at,
            final_accuracy: Some(1.0 / (1.0 + last)),
        });
        curves.rows.extend(losses);
        drawn.push((plan, toml));
    }
    let leaders = rank(&rows, Goal::Minimize)
        .into_iter()
        .take(20)
        .map(|position| {
            let (plan, schedule_toml) = drawn[position].clone();
            let mut uniform = Uniform(u64::from(position as u32) << 32);
            let (rates, ..) = train(&plan, steps, &mut uniform);
            Leader {
                position,
                rates,
                schedule_toml,
            }
        })
        .collect();
    SweepReport {
        title: "bowl".to_owned(),
        spec_text: "method = \"random\"\ntrials = 4096\nseed = 7\n".to_owned(),
        seed: 7,
        versions: vec![("hairpin".to_owned(), "0.1.0".to_owned())],
        summary: Summary {
            model: "softmax".to_owned(),
            data: "digits".to_owned(),
            steps,
        },
        metric_name: "val_loss".to_owned(),
        goal: Goal::Minimize,
        alternatives: [
            "cosine_annealing",
            "linear_warmup",
            "piecewise_constant",
            "reduce_on_plateau",
        ]
        .map(str::to_owned)
        .to_vec(),
        trials: rows,
        curves,
        leaders,
    }
}
