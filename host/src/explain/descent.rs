//! Gradient descent in one dimension, run by the core's update.

use hairpin_core::{Sgd, SgdConfig, SgdState};

use super::ExplainError;

/// Where every run starts, so that only the rate and the ground differ.
const START: f32 = 1.5;
const STEPS: usize = 16;
/// Slope added to the double well, which makes the left valley the deeper one.
const TILT: f64 = 0.1;

/// A function to descend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terrain {
    /// `x^2 / 2`: one minimum, at 0.
    Bowl,
    /// `x^4 / 4 - x^2 / 2 + x / 10`: a deep valley on the left, a shallow one on the right, a hill between.
    DoubleWell,
}

impl Terrain {
    /// The function as it is printed.
    pub fn formula(self) -> &'static str {
        match self {
            Self::Bowl => "f(x) = x²/2",
            Self::DoubleWell => "f(x) = x⁴/4 − x²/2 + x/10",
        }
    }

    /// Its value.
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Bowl => 0.5 * x * x,
            Self::DoubleWell => 0.25 * x * x * x * x - 0.5 * x * x + TILT * x,
        }
    }

    /// Its slope.
    pub fn slope(self, x: f64) -> f64 {
        match self {
            Self::Bowl => x,
            Self::DoubleWell => x * x * x - x + TILT,
        }
    }

    /// Where its minima are, the deepest first.
    pub fn minima(self) -> Vec<f64> {
        match self {
            Self::Bowl => vec![0.0],
            Self::DoubleWell => vec![self.minimum_near(-1.0), self.minimum_near(1.0)],
        }
    }

    /// Newton's method on the slope.
    fn minimum_near(self, mut x: f64) -> f64 {
        // Two correct digits to begin with, doubled by each round.
        for _ in 0..6 {
            x -= self.slope(x) / (3.0 * x * x - 1.0);
        }
        x
    }
}

/// One run of gradient descent.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// What it shows, as a heading.
    pub title: &'static str,
    /// The function.
    pub terrain: Terrain,
    /// The learning rate, the same at every step.
    pub learning_rate: f32,
    /// The parameter at the start and after every step.
    pub x: Vec<f32>,
}

impl Descent {
    fn run(
        title: &'static str,
        terrain: Terrain,
        learning_rate: f32,
    ) -> Result<Self, ExplainError> {
        let sgd = Sgd::new(SgdConfig::default())?;
        let mut state = SgdState::default();
        let mut parameter = [START];
        let mut x = vec![START];
        for _ in 0..STEPS {
            let gradient = terrain.slope(f64::from(parameter[0])) as f32;
            sgd.step(
                &mut state,
                learning_rate,
                &mut parameter,
                &[gradient],
                &mut [],
            )?;
            x.push(parameter[0]);
        }
        Ok(Self {
            title,
            terrain,
            learning_rate,
            x,
        })
    }

    /// Updates made.
    pub fn steps(&self) -> usize {
        self.x.len() - 1
    }

    /// The parameter after the last step.
    pub fn end(&self) -> f64 {
        f64::from(self.x[self.x.len() - 1])
    }

    /// The function after the last step.
    pub fn loss(&self) -> f64 {
        self.terrain.value(self.end())
    }
}

/// The runs of the lesson, all from the same start: too large, right, too small, trapped; and last the one that gets out of the
/// trap by a larger rate.
///
/// # Errors
/// None is known; the core's refusals are passed on.
pub fn descents() -> Result<[Descent; 5], ExplainError> {
    Ok([
        Descent::run(
            "too large: it oscillates, then diverges",
            Terrain::Bowl,
            2.1,
        )?,
        Descent::run("right: it arrives", Terrain::Bowl, 0.5)?,
        Descent::run("too small: it is on its way, slowly", Terrain::Bowl, 0.02)?,
        Descent::run("trapped in a local minimum", Terrain::DoubleWell, 0.1)?,
        Descent::run("a larger rate gets out", Terrain::DoubleWell, 0.8)?,
    ])
}
