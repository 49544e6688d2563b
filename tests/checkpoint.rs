//! What survives a power cut: records come back whole or not at all, and a resumed run is the run.

#[path = "checkpoint/draws.rs"]
mod draws;
#[path = "checkpoint/recipes.rs"]
mod recipes;
#[path = "checkpoint/resume.rs"]
mod resume;
#[path = "support/rng.rs"]
mod rng;
#[path = "checkpoint/schedules.rs"]
mod schedules;
#[path = "support/sealed.rs"]
mod sealed;

use draws::{feedback_state, plan, plateau, recipe, sgd};
use hairpin_core::{
    CheckpointError, Feedback, FeedbackState, Plan, PlateauConfig, PlateauState, Position, Recipe,
    ReduceOnPlateau, Sgd, SgdConfig, SgdState,
};
use rng::Rng;
use sealed::{CRC, sealed};

/// A kind of record, by the functions that read it; what was read comes back as the bytes it would be written as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Record {
    Position,
    Plateau,
    Sgd,
    SgdState,
    Plan,
    FeedbackState,
    Recipe,
}

const RECORDS: [Record; 7] = [
    Record::Position,
    Record::Plateau,
    Record::Sgd,
    Record::SgdState,
    Record::Plan,
    Record::FeedbackState,
    Record::Recipe,
];

/// Where the version, the kind and the fields stand, and how long a length is.
const VERSION_AT: usize = 4;
const KIND_AT: usize = 5;
const FIELDS_AT: usize = 6;
const LENGTH: usize = 4;

/// What a schedule is written as.
fn saved(plan: &Plan) -> Vec<u8> {
    let mut bytes = vec![0; plan.bytes_len().unwrap()];
    assert_eq!(plan.to_bytes(&mut bytes), Ok(bytes.len()));
    bytes
}

impl Record {
    fn read(self, bytes: &[u8]) -> Result<Vec<u8>, CheckpointError> {
        Ok(match self {
            Self::Position => Position::from_bytes(bytes)?.to_bytes().to_vec(),
            Self::Plateau => PlateauState::from_bytes(bytes)?.to_bytes().to_vec(),
            Self::Sgd => Sgd::from_bytes(bytes)?.to_bytes().to_vec(),
            Self::SgdState => SgdState::from_bytes(bytes)?.to_bytes().to_vec(),
            Self::Plan => saved(&Plan::from_bytes(bytes)?),
            Self::FeedbackState => FeedbackState::from_bytes(bytes)?.to_bytes().to_vec(),
            Self::Recipe => recipes::saved(&Recipe::from_bytes(bytes)?),
        })
    }

    /// A record with random content.
    fn draw(self, rng: &mut Rng) -> Vec<u8> {
        match self {
            Self::Position => Position {
                step: rng.u64() as u32,
            }
            .to_bytes()
            .to_vec(),
            Self::Plateau => plateau(rng).1.to_bytes().to_vec(),
            Self::Sgd => sgd(rng).to_bytes().to_vec(),
            Self::SgdState => SgdState::new(rng.one_in(2)).to_bytes().to_vec(),
            Self::Plan => saved(&plan(rng, 2)),
            Self::FeedbackState => feedback_state(rng).to_bytes().to_vec(),
            Self::Recipe => recipes::saved(&recipe(rng)),
        }
    }

    /// The shortest record; those of schedules are as long as they need to be.
    const fn least(self) -> usize {
        match self {
            Self::Position => Position::BYTES,
            Self::Plateau => PlateauState::BYTES,
            Self::Sgd => Sgd::BYTES,
            Self::SgdState => SgdState::BYTES,
            Self::Plan | Self::Recipe => FIELDS_AT + LENGTH + CRC,
            Self::FeedbackState => FeedbackState::BYTES,
        }
    }

    /// Where what was saved begins.
    const fn fields_at(self) -> usize {
        match self {
            Self::Plan | Self::Recipe => FIELDS_AT + LENGTH,
            _ => FIELDS_AT,
        }
    }
}

#[test]
fn records_come_back_as_they_were() {
    let mut rng = Rng::from_env("checkpoint");
    for _ in 0..2000 {
        let position = Position {
            step: rng.u64() as u32,
        };
        assert_eq!(Position::from_bytes(&position.to_bytes()), Ok(position));
        let state = SgdState::new(rng.one_in(2));
        assert_eq!(SgdState::from_bytes(&state.to_bytes()), Ok(state));
        let update = sgd(&mut rng);
        assert_eq!(Sgd::from_bytes(&update.to_bytes()), Ok(update));
        // By every accessor and the rate: a best of NaN equals nothing, itself included.
        let (schedule, state) = plateau(&mut rng);
        let back = PlateauState::from_bytes(&state.to_bytes()).unwrap();
        assert_eq!(
            back.best().map(f64::to_bits),
            state.best().map(f64::to_bits)
        );
        assert_eq!(
            (back.bad(), back.cooldown_left()),
            (state.bad(), state.cooldown_left())
        );
        assert_eq!(
            schedule.lr(&back, 0).to_bits(),
            schedule.lr(&state, 0).to_bits()
        );
        assert_eq!(
            back.to_bytes(),
            state.to_bytes(),
            "the f64 behind the rate, too"
        );
    }
}

#[test]
fn a_record_is_as_long_as_it_says_and_ends_in_its_crc() {
    let mut rng = Rng::from_env("layout");
    for record in RECORDS {
        let bytes = record.draw(&mut rng);
        if matches!(record, Record::Plan | Record::Recipe) {
            let says = &bytes[FIELDS_AT..FIELDS_AT + LENGTH];
            assert_eq!(says, (bytes.len() as u32).to_le_bytes());
        } else {
            assert_eq!(bytes.len(), record.least(), "{record:?}");
        }
        assert_eq!(sealed(bytes.clone()), bytes, "{record:?}");
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    let mut rng = Rng::from_env("flips");
    for record in RECORDS {
        for _ in 0..20 {
            let bytes = record.draw(&mut rng);
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let read = record.read(&flipped);
                assert!(read.is_err(), "{record:?} with bit {bit} flipped");
            }
        }
    }
}

#[test]
fn two_flipped_bits_and_damaged_stretches_are_errors() {
    let mut rng = Rng::from_env("bursts");
    for record in RECORDS {
        let bytes = record.draw(&mut rng);
        let bits = bytes.len() as u32 * 8;
        // All pairs of a short record, some of a long one.
        let pairs: Vec<_> = if bits < 1_000 {
            let with_later = |first| (first + 1..bits).map(move |second| (first, second));
            (0..bits).flat_map(with_later).collect()
        } else {
            let pair = |_| (rng.up_to(bits - 1), rng.up_to(bits - 1));
            let mut pairs: Vec<_> = (0..100_000).map(pair).collect();
            pairs.retain(|(first, second)| first != second);
            pairs
        };
        for (first, second) in pairs {
            let mut flipped = bytes.clone();
            for bit in [first, second] {
                flipped[bit as usize / 8] ^= 1 << (bit % 8);
            }
            assert!(
                record.read(&flipped).is_err(),
                "{record:?}: bits {first} and {second}"
            );
        }
        // Up to 32 bits in a row, which is as far as the checksum is sure.
        for start in 0..bytes.len() - 3 {
            for _ in 0..50 {
                let mut damaged = bytes.clone();
                for (byte, noise) in damaged[start..start + 4]
                    .iter_mut()
                    .zip(rng.u64().to_le_bytes())
                {
                    *byte ^= noise;
                }
                if damaged != bytes {
                    assert!(
                        record.read(&damaged).is_err(),
                        "{record:?}: bytes from {start}"
                    );
                }
            }
        }
    }
}

#[test]
fn every_truncation_and_extension_is_an_error() {
    let mut rng = Rng::from_env("truncations");
    for record in RECORDS {
        let bytes = record.draw(&mut rng);
        for found in 0..bytes.len() {
            // What is too short to say its length cannot be missed by more than the shortest record.
            let expected = if found < record.least() {
                record.least()
            } else {
                bytes.len()
            };
            assert_eq!(
                record.read(&bytes[..found]),
                Err(CheckpointError::Length { expected, found }),
                "{record:?}"
            );
            // The tail of it is no record either, and no shorter record may hide in a longer one.
            let expected = bytes.len();
            assert!(
                record.read(&bytes[expected - found..]).is_err(),
                "{record:?}: its last {found}"
            );
            assert!(
                record
                    .read(&sealed([&bytes[..found], &[0; CRC]].concat()))
                    .is_err()
                    || found + CRC == expected
            );
        }
        let long = [&bytes[..], &[0]].concat();
        assert!(
            matches!(record.read(&long), Err(CheckpointError::Length { .. })),
            "{record:?}"
        );
    }
}

/// Power fails while a record is written over another one, or over erased or zeroed memory.
#[test]
fn a_torn_write_is_one_of_the_two_or_an_error() {
    let mut rng = Rng::from_env("torn writes");
    for record in RECORDS {
        for _ in 0..200 {
            let new = record.draw(&mut rng);
            // What lies under it may be longer or shorter.
            let mut old = record.draw(&mut rng);
            old.resize(new.len(), 0xff);
            for old in [old, vec![0xff; new.len()], vec![0; new.len()]] {
                for at in 0..=new.len() {
                    let torn = [&new[..at], &old[at..]].concat();
                    match record.read(&torn) {
                        Ok(read) => assert!(
                            read == torn && (torn == new || torn == old),
                            "{record:?} at {at}"
                        ),
                        Err(_) => assert!(torn != new, "{record:?} at {at}"),
                    }
                }
            }
        }
    }
}

#[test]
fn other_records_versions_and_magics_are_told_apart() {
    let mut rng = Rng::from_env("kinds");
    for record in RECORDS {
        let bytes = record.draw(&mut rng);
        for other in RECORDS.into_iter().filter(|&other| other != record) {
            // Not its length, which says nothing about a record of another kind.
            assert_eq!(
                other.read(&bytes),
                Err(CheckpointError::Kind(bytes[KIND_AT])),
                "{record:?} read as {other:?}"
            );
            // Even at the right length, the kind tells.
            let kind = other.draw(&mut rng)[KIND_AT];
            let mut relabelled = bytes.clone();
            relabelled[KIND_AT] = kind;
            assert_eq!(
                record.read(&sealed(relabelled)),
                Err(CheckpointError::Kind(kind))
            );
        }
        for version in [0, 2, 255] {
            let mut later = bytes.clone();
            later[VERSION_AT] = version;
            assert_eq!(
                record.read(&sealed(later)),
                Err(CheckpointError::Version(version))
            );
        }
        for at in 0..VERSION_AT {
            let mut foreign = bytes.clone();
            foreign[at] ^= 0x20;
            assert_eq!(record.read(&sealed(foreign)), Err(CheckpointError::Magic));
        }
        for blank in [0, 0xff] {
            assert_eq!(
                record.read(&vec![blank; bytes.len()]),
                Err(CheckpointError::Magic)
            );
        }
    }
}

/// A whole record with a right checksum that no writer wrote: refused, or exactly what its bytes say.
#[test]
fn sealed_nonsense_never_becomes_something_else() {
    let mut rng = Rng::from_env("nonsense");
    for record in RECORDS {
        let (mut read, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut bytes = record.draw(&mut rng);
            let body = record.fields_at()..bytes.len() - CRC;
            let at = body.start + rng.up_to((body.len() - 1) as u32) as usize;
            bytes[at] = rng.u64() as u8;
            let bytes = sealed(bytes);
            match record.read(&bytes) {
                Ok(back) => {
                    // A switch that says what holds without it is not written again.
                    let stays = record == Record::Plan && record.read(&back).as_ref() == Ok(&back);
                    assert!(
                        back == bytes || stays,
                        "{record:?}: what was read is not what was there"
                    );
                    read += 1;
                }
                Err(CheckpointError::Content(_)) => refused += 1,
                Err(other) => panic!("{record:?}: {other}"),
            }
        }
        assert!(
            read > 0 && (refused > 0 || record == Record::Position),
            "{record:?}: {read} {refused}"
        );
    }
}

#[test]
fn impossible_content_is_named() {
    let update = Sgd::new(SgdConfig {
        momentum: 0.9,
        ..SgdConfig::default()
    })
    .unwrap();
    let with = |bytes: &[u8], at: usize, field: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + field.len()].copy_from_slice(field);
        sealed(bytes)
    };
    let nan = f64::NAN.to_le_bytes();
    let content = |field| Err(CheckpointError::Content(field));
    let fields = [
        "momentum",
        "dampening",
        "weight_decay",
        "gradient_scale",
        "lr_multiplier",
    ];
    for (i, field) in fields.into_iter().enumerate() {
        assert_eq!(
            Record::Sgd.read(&with(&update.to_bytes(), 6 + 8 * i, &nan)),
            content(field)
        );
    }
    assert_eq!(
        Record::Sgd.read(&with(&update.to_bytes(), 46, &[2])),
        content("nesterov")
    );
    assert_eq!(
        Record::Sgd.read(&with(&update.to_bytes(), 47, &[2])),
        content("rounding")
    );
    assert_eq!(
        Record::SgdState.read(&with(&SgdState::default().to_bytes(), 6, &[2])),
        content("started")
    );
    let start = ReduceOnPlateau::new(PlateauConfig::new(0.1))
        .unwrap()
        .start()
        .to_bytes();
    assert_eq!(Record::Plateau.read(&with(&start, 6, &nan)), content("lr"));
    assert_eq!(
        Record::Plateau.read(&with(&start, 14, &[2])),
        content("best")
    );
}
