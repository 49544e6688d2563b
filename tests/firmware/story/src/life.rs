//! What the firmware does from the moment it gets power.

use hairpin_core::Position;

use crate::record::Refused;
use crate::store::{Flash, SaveError, Store};
use crate::training::{EVALUATE_EVERY, Measured, Run, STEPS, StepRefused, Trainer};

/// Where a life begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing was stored.
    Afresh,
    /// At the next step of what was stored.
    At(Position),
    /// Afresh, as what was stored cannot be continued.
    AfreshAs(Refused),
}

/// Why a life ended before the last step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended<E> {
    /// The plug was pulled between two steps.
    Unplugged,
    /// A checkpoint could not be saved; with a power cut, as in the middle of a write.
    Save(SaveError<E>),
    /// A step could not be taken.
    Step(StepRefused),
}

/// Whoever wants to know what happens.
pub trait Watch {
    /// The first step of this life is known.
    fn begun(&mut self, begun: &Begun);

    /// The weights were measured.
    fn measured(&mut self, measured: &Measured);

    /// A checkpoint is saved whole.
    fn saved(&mut self, position: &Position);
}

/// Nobody.
impl Watch for () {
    fn begun(&mut self, _: &Begun) {}
    fn measured(&mut self, _: &Measured) {}
    fn saved(&mut self, _: &Position) {}
}

/// Goes on from the newest checkpoint in `flash`, or begins, and trains until the end or until the power fails: at the latest after
/// `steps` steps. Every 20 steps the weights are measured and a checkpoint is saved.
///
/// # Errors
/// Why it ended early.
pub fn live<F: Flash>(
    trainer: &Trainer,
    flash: &mut F,
    steps: u32,
    run: &mut Run,
    watch: &mut impl Watch,
) -> Result<(), Ended<F::Error>> {
    let mut store = Store::open(flash);
    let stored = store.words(flash);
    let begun = match stored.map(|words| trainer.restore(words, run)) {
        Some(Ok(())) => Begun::At(run.position),
        Some(Err(refused)) => Begun::AfreshAs(refused),
        None => Begun::Afresh,
    };
    if !matches!(begun, Begun::At(_)) {
        *run = trainer.start();
    }
    watch.begun(&begun);
    for _ in 0..steps {
        if run.position.step >= STEPS {
            return Ok(());
        }
        let rate = trainer.step(run).map_err(Ended::Step)?;
        if run.position.step.is_multiple_of(EVALUATE_EVERY) {
            watch.measured(&trainer.measure(run, rate));
            store.save(flash, trainer.words(run)).map_err(Ended::Save)?;
            watch.saved(&run.position);
        }
    }
    if run.position.step < STEPS {
        return Err(Ended::Unplugged);
    }
    Ok(())
}
