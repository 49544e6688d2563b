//! A life of the firmware: it gets power, goes on with its training, and ends when the plug is pulled or when it is done.
//!
//! Flash is a file on the host, so that it outlives the emulator; another file says when the power fails.
#![no_std]
#![no_main]

mod log;

use chip::{Error, Input, Output};
use hairpin_core::{CheckpointError, Position};
use story::flash::{PowerLost, Simulated};
use story::life::{Begun, Ended, Watch, live};
use story::record::Refused;
use story::store::SaveError;
use story::training::{Measured, Trainer, hash};

enum Failure {
    File,
    Export,
    Training,
}

impl From<Error> for Failure {
    fn from(_: Error) -> Self {
        Self::File
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        defmt::error!("not an exported trial: {}", error);
        Self::Export
    }
}

/// Bytes that are kept for an exported schedule and update.
const EXPORT: usize = 4096;

fn run() -> Result<(), Failure> {
    log::begin()?;
    let mut export = [0; EXPORT];
    let trainer = Trainer::from_bytes(all(&mut Input::open(c"export")?, &mut export)?)?;
    let mut flash = Simulated::new();
    let mut file = Input::open(c"flash")?;
    for page in flash.pages_mut() {
        words(&mut file, page)?;
    }
    let mut plug = [0; 3];
    words(&mut Input::open(c"plug")?, &mut plug)?;
    let [steps, erased_and_programmed, last] = plug;
    flash.power_for(erased_and_programmed, last);

    let mut run = trainer.start();
    let ended = live(&trainer, &mut flash, steps, &mut run, &mut Logged(&trainer));

    let mut file = Output::create(c"flash")?;
    for word in flash.pages().as_flattened() {
        file.write(&word.to_le_bytes())?;
    }
    match ended {
        Ok(()) => {
            defmt::info!("trained: weights {=u64:016x}", hash(&run.weights));
            let mut file = Output::create(c"weights")?;
            for weight in run.weights.as_flattened() {
                file.write(&weight.to_bits().to_le_bytes())?;
            }
            Ok(())
        }
        Err(Ended::Unplugged | Ended::Save(SaveError::Flash(PowerLost))) => Ok(()),
        Err(Ended::Save(SaveError::TooLong { .. } | SaveError::Worn(_)) | Ended::Step(_)) => {
            Err(Failure::Training)
        }
    }
}

/// Logs what happens.
struct Logged<'a>(&'a Trainer);

impl Watch for Logged<'_> {
    fn begun(&mut self, begun: &Begun) {
        match *begun {
            Begun::Afresh => {
                let update = self.0.recipe().sgd().config();
                defmt::info!("flash is empty: from the beginning, by {}", update);
            }
            Begun::At(position) => defmt::info!("flash holds a checkpoint: from {}", position),
            Begun::AfreshAs(Refused::Record(error)) => {
                defmt::warn!("{}: from the beginning", error);
            }
            Begun::AfreshAs(Refused::OtherTraining | Refused::Length) => {
                defmt::warn!("flash holds another training: from the beginning");
            }
        }
    }

    fn measured(&mut self, measured: &Measured) {
        let Measured {
            steps,
            rate,
            loss,
            right,
            of,
        } = *measured;
        defmt::info!(
            "{} steps: rate {}, loss {}, {} of {} right",
            steps,
            rate,
            loss,
            right,
            of
        );
    }

    fn saved(&mut self, position: &Position) {
        defmt::debug!("saved: {}", position);
    }
}

/// The whole of a file that fits into `room`.
fn all<'a>(file: &mut Input, room: &'a mut [u8; EXPORT]) -> Result<&'a [u8], Error> {
    let mut count = 0;
    for place in room.iter_mut() {
        if !file.fill(core::slice::from_mut(place))? {
            break;
        }
        count += 1;
    }
    room.get(..count).ok_or(Error)
}

/// Fills `words` from a file that has as many.
fn words(file: &mut Input, words: &mut [u32]) -> Result<(), Error> {
    for word in words {
        let mut bytes = [0; 4];
        if !file.fill(&mut bytes)? {
            return Err(Error);
        }
        *word = u32::from_le_bytes(bytes);
    }
    Ok(())
}

chip::main!(run);
