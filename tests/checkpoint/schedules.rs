//! Schedules as bytes: each kind and any composition comes back with the same rates, and nonsense does not come back.

use hairpin_core::{
    AnyFeedback, AnySchedule, CheckpointError, ComposedPlan, Constant, Factor, Feedback,
    FeedbackKind, FeedbackState, Greedy, Kind, KindVisitor, Lambda, LinearWarmup, Multiplicative,
    Plan, Profiled, Recorded, ReduceOnPlateau, Schedule,
};

use crate::draws::{feedback_kind, feedback_state, kind, losses, plan, plateau};
use crate::rng::Rng;
use crate::{CRC, FIELDS_AT, KIND_AT, LENGTH, Record, saved, sealed};

const STEPS: [u32; 12] = [0, 1, 2, 3, 7, 10, 29, 30, 31, 100, 1 << 24, u32::MAX];

/// The bits of the rates at some steps; of a feedback schedule, of those along some losses.
fn rates<const N: usize>(plan: &ComposedPlan<N>, losses: &[f64]) -> Vec<u64> {
    match plan {
        ComposedPlan::Schedule(schedule) => {
            STEPS.map(|step| schedule.value(step).to_bits()).to_vec()
        }
        ComposedPlan::Feedback(feedback) => {
            let mut state = feedback.start();
            (0..)
                .zip(losses)
                .map(|(step, &loss)| {
                    feedback.observe(&mut state, step, loss);
                    feedback.rate(&state, step + 1).to_bits()
                })
                .collect()
        }
    }
}

#[track_caller]
fn assert_comes_back(rng: &mut Rng, plan: &Plan) {
    let losses = losses(rng, 60);
    let bytes = saved(plan);
    let back = Plan::from_bytes(&bytes);
    let back: Plan = back.unwrap_or_else(|error| panic!("{plan:?}: {error}"));
    assert_eq!(saved(&back), bytes, "{plan:?}");
    assert_eq!(rates(&back, &losses), rates(plan, &losses), "{plan:?}");
    // The bytes belong to the schedule, not to the capacity of the type that holds it.
    let roomier = ComposedPlan::<20>::from_bytes(&bytes).unwrap();
    let mut again = vec![0; roomier.bytes_len().unwrap()];
    roomier.to_bytes(&mut again).unwrap();
    assert_eq!(again, bytes, "{plan:?}");
    assert_eq!(rates(&roomier, &losses), rates(plan, &losses), "{plan:?}");
    // Each of the two halves of a plan reads what is its own.
    let schedule = AnySchedule::from_bytes(&bytes);
    let feedback = AnyFeedback::from_bytes(&bytes);
    let (own, other) = match plan {
        Plan::Schedule(_) => (schedule.map(Plan::Schedule), feedback.map(Plan::Feedback)),
        Plan::Feedback(_) => (feedback.map(Plan::Feedback), schedule.map(Plan::Schedule)),
    };
    assert_eq!(saved(&own.unwrap()), bytes);
    assert_eq!(
        other.err(),
        Some(CheckpointError::Content("schedules")),
        "{plan:?}"
    );
}

#[test]
fn every_kind_comes_back() {
    let mut rng = Rng::from_env("kinds as bytes");
    for (tag, info) in Kind::ALL {
        for _ in 0..200 {
            let plan = Plan::Schedule(AnySchedule::from(kind(&mut rng, *tag)));
            assert_eq!(saved(&plan)[FIELDS_AT + LENGTH + 2], *tag, "{}", info.name);
            assert_comes_back(&mut rng, &plan);
        }
    }
    for (tag, info) in FeedbackKind::ALL {
        for _ in 0..200 {
            let plan = Plan::Feedback(AnyFeedback::from(feedback_kind(&mut rng, *tag)));
            assert_eq!(saved(&plan)[FIELDS_AT + LENGTH + 2], *tag, "{}", info.name);
            assert_comes_back(&mut rng, &plan);
        }
    }
}

/// Reads the records of a kind and of a warm-up in front of it by the kind's own type, and gives the bits of the rates.
struct ByItsType<'a> {
    alone: &'a [u8],
    warmed: &'a [u8],
}

impl KindVisitor for ByItsType<'_> {
    type Output = [[u32; STEPS.len()]; 2];

    fn visit<S: Profiled + Recorded>(self, schedule: &S) -> Self::Output {
        for bytes in [self.alone, self.warmed] {
            for cut in 0..bytes.len() {
                assert!(S::from_record(&bytes[..cut]).is_err());
                assert!(LinearWarmup::<S>::from_record(&bytes[..cut]).is_err());
            }
        }
        let other = CheckpointError::Content("kind");
        assert_eq!(S::from_record(self.warmed).err(), Some(other));
        assert_eq!(
            LinearWarmup::<S>::from_record(self.alone).err(),
            Some(other)
        );
        assert_eq!(
            LinearWarmup::<LinearWarmup<S>>::from_record(self.warmed).err(),
            Some(other)
        );
        let alone = S::from_record(self.alone).unwrap();
        assert!(alone.shares_profile(schedule));
        let warmed = LinearWarmup::<S>::from_record(self.warmed).unwrap();
        [
            STEPS.map(|step| alone.lr(step).to_bits()),
            STEPS.map(|step| warmed.lr(step).to_bits()),
        ]
    }
}

#[test]
fn a_type_reads_its_own_record() {
    let mut rng = Rng::from_env("a type and its own record");
    for &(tag, info) in Kind::ALL {
        for _ in 0..40 {
            let kind = kind(&mut rng, tag);
            let alone = AnySchedule::from(kind.clone());
            let warmed = alone.clone().after_warmup(7, 0.0, 0.3).unwrap();
            let saved = |schedule: &AnySchedule| {
                let mut bytes = vec![0; schedule.bytes_len().unwrap()];
                schedule.to_bytes(&mut bytes).unwrap();
                bytes
            };
            let (alone_bytes, warmed_bytes) = (saved(&alone), saved(&warmed));
            let found = kind.visit(ByItsType {
                alone: &alone_bytes,
                warmed: &warmed_bytes,
            });
            let expected = [alone, warmed].map(|any| STEPS.map(|step| any.lr(step).to_bits()));
            assert_eq!(found, expected, "{kind:?}");
            // No other kind takes it.
            if info.name != "constant" {
                let other = Constant::from_record(&alone_bytes);
                assert_eq!(other, Err(CheckpointError::Content("kind")));
            }
        }
    }
}

#[test]
fn a_feedback_type_reads_its_own_record() {
    let mut rng = Rng::from_env("a feedback type and its own record");
    for _ in 0..40 {
        let (plateau, _) = plateau(&mut rng);
        let any = AnyFeedback::from(plateau)
            .after_warmup(7, 0.0, 0.3)
            .unwrap();
        let mut bytes = vec![0; any.bytes_len().unwrap()];
        any.to_bytes(&mut bytes).unwrap();
        let own = LinearWarmup::<ReduceOnPlateau>::from_record(&bytes).unwrap();
        assert!(LinearWarmup::<Greedy>::from_record(&bytes).is_err());
        assert!(LinearWarmup::<Multiplicative>::from_record(&bytes).is_err());
        let (mut own_state, mut any_state) = (own.start(), any.start());
        for (step, loss) in (0..).zip(losses(&mut rng, 60)) {
            own.observe(&mut own_state, step, loss);
            any.observe(&mut any_state, step, loss);
            let rates = [own.rate(&own_state, step), any.rate(&any_state, step)];
            assert_eq!(rates[0].to_bits(), rates[1].to_bits());
        }
    }
}

#[test]
fn compositions_come_back() {
    let mut rng = Rng::from_env("compositions as bytes");
    let (mut schedules, mut feedbacks, mut largest) = (0, 0, 0);
    for depth in (0..=4).cycle().take(3_000) {
        let plan = plan(&mut rng, depth);
        match &plan {
            Plan::Schedule(_) => schedules += 1,
            Plan::Feedback(_) => feedbacks += 1,
        }
        largest = largest.max(saved(&plan).len());
        assert_comes_back(&mut rng, &plan);
    }
    assert!(
        schedules > 500 && feedbacks > 500,
        "{schedules} {feedbacks}"
    );
    println!("the longest record: {largest} bytes");
}

#[test]
fn states_of_feedback_come_back() {
    let mut rng = Rng::from_env("states as bytes");
    for _ in 0..2_000 {
        let state = feedback_state(&mut rng);
        let bytes = state.to_bytes();
        let back = FeedbackState::from_bytes(&bytes).unwrap();
        assert_eq!(back.to_bytes(), bytes, "{state:?}");
    }
}

/// A run that is resumed at any step from the bytes of its state is the run.
#[test]
fn a_resumed_state_goes_on_as_if_never_stopped() {
    let mut rng = Rng::from_env("resumed states");
    for (tag, _) in FeedbackKind::ALL {
        for _ in 0..100 {
            let schedule = feedback_kind(&mut rng, *tag);
            let (mut ours, mut theirs) = (schedule.start(), schedule.start());
            for (step, loss) in (0..).zip(losses(&mut rng, 60)) {
                if rng.one_in(4) {
                    theirs = FeedbackState::from_bytes(&theirs.to_bytes()).unwrap();
                }
                assert_eq!(
                    schedule.observe(&mut theirs, step, loss),
                    schedule.observe(&mut ours, step, loss),
                    "{schedule:?} at {step}"
                );
                assert_eq!(
                    schedule.rate(&theirs, step + 1).to_bits(),
                    schedule.rate(&ours, step + 1).to_bits(),
                    "{schedule:?} at {step}"
                );
            }
        }
    }
}

#[test]
fn a_record_that_does_not_fit_is_refused_with_what_it_takes() {
    let mut rng = Rng::from_env("too small");
    for _ in 0..300 {
        let plan = plan(&mut rng, 3);
        let bytes = saved(&plan);
        let (needed, found) = (bytes.len(), rng.up_to(bytes.len() as u32 - 1) as usize);
        let mut out = vec![0xaa; found];
        assert_eq!(
            plan.to_bytes(&mut out),
            Err(CheckpointError::TooSmall { needed, found })
        );
        assert!(
            out.iter().all(|&byte| byte == 0xaa),
            "something was written"
        );
        // Room to spare is left as it was.
        let mut out = vec![0xaa; needed + 5];
        assert_eq!(plan.to_bytes(&mut out), Ok(needed));
        assert_eq!(out, [&bytes[..], &[0xaa; 5]].concat());
    }
}

#[test]
fn more_pieces_than_fit_are_refused_with_both_numbers() {
    let warmed = ComposedPlan::<5>::from(Constant::new(0.5).unwrap())
        .after_warmup(3, 0.0, 0.5)
        .unwrap();
    let mut bytes = vec![0; warmed.bytes_len().unwrap()];
    warmed.to_bytes(&mut bytes).unwrap();
    assert!(ComposedPlan::<3>::from_bytes(&bytes).is_ok());
    assert_eq!(
        ComposedPlan::<2>::from_bytes(&bytes).err(),
        Some(CheckpointError::OverCapacity {
            capacity: 2,
            found: 3
        })
    );
}

#[test]
fn a_function_of_the_program_cannot_be_saved() {
    let plan = Plan::from(Lambda::new(0.5, Factor::Function(f64::from)).unwrap())
        .after_warmup(3, 0.0, 0.5)
        .unwrap();
    assert_eq!(plan.bytes_len(), Err(CheckpointError::Function));
    assert_eq!(plan.to_bytes(&mut [0; 500]), Err(CheckpointError::Function));
}

/// Whatever stands behind a right checksum: an error, or a schedule that can be evaluated at every step.
#[test]
fn sealed_garbage_is_refused_or_can_be_evaluated() {
    let mut rng = Rng::from_env("sealed garbage");
    let (mut read, mut refused) = (0, 0);
    for turn in 0..60_000 {
        let drawn = plan(&mut rng, 3);
        let mut bytes = saved(&drawn);
        let fields = FIELDS_AT + LENGTH;
        let body = bytes.len() - fields - CRC;
        let place = |rng: &mut Rng| fields + rng.up_to(body as u32 - 1) as usize;
        match turn % 3 {
            0 => bytes[fields..fields + body].fill_with(|| rng.u64() as u8),
            1 => {
                for _ in 0..1 + rng.up_to(3) {
                    let at = place(&mut rng);
                    bytes[at] = rng.pick(&[0, 1, 2, 3, 12, 240, 241, 244, 247, 255]);
                }
            }
            // Something taken out or doubled, so that lengths and ends come to stand elsewhere.
            _ => {
                let (a, b) = (place(&mut rng), place(&mut rng));
                let piece = bytes[a.min(b)..a.max(b)].to_vec();
                if rng.one_in(2) {
                    bytes.drain(a.min(b)..a.max(b));
                } else {
                    bytes.splice(a..a, piece);
                }
                let length = bytes.len() as u32;
                bytes[FIELDS_AT..fields].copy_from_slice(&length.to_le_bytes());
            }
        }
        let bytes = sealed(bytes);
        assert_eq!(bytes[KIND_AT], 5);
        match Plan::from_bytes(&bytes) {
            Ok(plan) => {
                // A clock of any size: what has to be walked may take long, not for ever.
                let walked = matches!(&plan, Plan::Feedback(plan) if !plan.needs_losses());
                if !walked {
                    rates(&plan, &losses(&mut rng, 5));
                }
                read += 1;
            }
            Err(CheckpointError::Content(_) | CheckpointError::OverCapacity { .. }) => refused += 1,
            Err(other) => panic!("{other}: {bytes:02x?}"),
        }
        assert!(Record::Plan.read(&bytes).is_ok() == Plan::from_bytes(&bytes).is_ok());
    }
    assert!(read > 1_000 && refused > 1_000, "{read} {refused}");
}

/// Values that wait for one another, deeper than the constructors go.
#[test]
fn a_nesting_too_deep_is_refused() {
    let nested = |depth: u16| {
        let mut fields = (depth + 1).to_le_bytes().to_vec();
        for around in (1..=depth).rev() {
            fields.push(244);
            fields.extend([0; 8]);
            fields.extend((around + 1).to_le_bytes());
            fields.extend(0.5_f64.to_le_bytes());
        }
        fields.push(1);
        fields.extend([0; 8]);
        fields.extend(1_u16.to_le_bytes());
        fields.extend(1.0_f64.to_le_bytes());
        let length = (FIELDS_AT + LENGTH + fields.len() + CRC) as u32;
        sealed(
            [
                b"hpin\x01\x05",
                &length.to_le_bytes()[..],
                &fields,
                &[0; CRC],
            ]
            .concat(),
        )
    };
    let halved = Plan::from_bytes(&nested(6)).unwrap();
    assert_eq!(rates(&halved, &[])[0], 0.5_f64.powi(6).to_bits());
    assert_eq!(
        Plan::from_bytes(&nested(7)).err(),
        Some(CheckpointError::Content("schedule"))
    );
}

/// A sequence of two constants, byte by byte, and what each of its structural numbers must be.
#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let plan = Plan::from(Constant::new(0.5).unwrap())
        .after_warmup(3, 0.0, 0.5)
        .unwrap();
    let bytes = saved(&plan);
    let first = FIELDS_AT + LENGTH + 2;
    let node = 1 + 4 + 4 + 2;
    let line = first + node;
    let constant = line + node + 8 + 8 + 4;
    assert_eq!(bytes.len(), constant + node + 8 + CRC);
    let with = |at: usize, field: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + field.len()].copy_from_slice(field);
        Plan::from_bytes(&sealed(bytes)).map(|_| ())
    };
    let malformed = Err(CheckpointError::Content("schedules"));
    assert_eq!(with(first, &[240]), Ok(()));
    for (what, at, field) in [
        ("the whole begins at 0", first + 1, &[1, 0, 0, 0][..]),
        ("its clock reads 0", first + 5, &[1, 0, 0, 0]),
        ("it holds all nodes", first + 9, &[2, 0]),
        ("and no more", first + 9, &[4, 0]),
        ("the first part begins at 0", line + 1, &[1, 0, 0, 0]),
        ("a kind is one node", line + 9, &[2, 0]),
        ("and no fewer", line + 9, &[0, 0]),
        ("later parts begin later", constant + 1, &[0, 0, 0, 0]),
        ("a repeat has one part", first, &[247]),
        ("there is a node", FIELDS_AT + LENGTH, &[0, 0]),
        ("as many as it says", FIELDS_AT + LENGTH, &[2, 0]),
        ("and not more", FIELDS_AT + LENGTH, &[4, 0]),
        ("no such kind", constant, &[200]),
    ] {
        assert!(
            matches!(with(at, field), Err(CheckpointError::Content(_))),
            "{what}"
        );
    }
    assert_eq!(with(constant + 1, &[0, 0, 0, 0]), malformed);
    // In a product no part begins later, and no clock runs ahead.
    assert_eq!(with(first, &[241]), malformed);
}
