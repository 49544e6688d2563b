//! Schedule, update and momentum as one record: all of it comes back, also from the front of a page of flash.

use hairpin_core::{
    CheckpointError, Composed, ComposedPlan, Constant, NODES, Recipe, RecipeRecords, Schedule, Sgd,
    SgdConfig,
};

use crate::draws::{plan, recipe, sgd};
use crate::rng::Rng;
use crate::{CRC, FIELDS_AT, LENGTH, sealed};

/// What a recipe is written as.
pub(crate) fn saved(recipe: &Recipe<NODES>) -> Vec<u8> {
    let mut bytes = vec![0; recipe.bytes_len().unwrap()];
    assert_eq!(recipe.to_bytes(&mut bytes), Ok(bytes.len()));
    bytes
}

fn constant<const N: usize>(learning_rate: f64) -> Composed<N> {
    Constant::new(learning_rate).unwrap().into()
}

fn with_momentum(momentum: f64) -> Sgd {
    let config = SgdConfig {
        momentum,
        ..SgdConfig::default()
    };
    Sgd::new(config).unwrap()
}

#[test]
fn all_three_come_back_and_each_by_itself() {
    let mut rng = Rng::from_env("recipes");
    let mut moved = 0;
    for _ in 0..2000 {
        let drawn = recipe(&mut rng);
        let bytes = saved(&drawn);
        let back = Recipe::<NODES>::from_bytes(&bytes).unwrap();
        assert_eq!(saved(&back), bytes);
        assert_eq!(back.sgd(), drawn.sgd());
        let records = RecipeRecords::from_bytes(&bytes).unwrap();
        assert_eq!(records.schedule, crate::saved(drawn.schedule()));
        assert_eq!(Sgd::from_bytes(records.sgd).as_ref(), Ok(drawn.sgd()));
        let of_drawn = drawn
            .momentum()
            .map(|momentum| crate::saved(&ComposedPlan::Schedule(momentum.clone())));
        assert_eq!(records.momentum, of_drawn.as_deref());
        moved += usize::from(of_drawn.is_some());
    }
    assert!((1..2000).contains(&moved));
}

#[test]
fn what_lies_behind_it_in_the_page_is_left_alone() {
    let mut rng = Rng::from_env("pages of flash");
    for _ in 0..200 {
        let bytes = saved(&recipe(&mut rng));
        for behind in [&[][..], &[0xff; 40], &[0; 40], &bytes] {
            let page = [&bytes, behind].concat();
            let (records, rest) = RecipeRecords::from_prefix(&page).unwrap();
            assert_eq!(Ok(records), RecipeRecords::from_bytes(&bytes));
            assert_eq!(rest, behind);
            let (back, rest) = Recipe::<NODES>::from_prefix(&page).unwrap();
            assert_eq!(saved(&back), bytes);
            assert_eq!(rest, behind);
        }
        for cut in 0..bytes.len() {
            let cut = RecipeRecords::from_prefix(&bytes[..cut]);
            assert!(matches!(cut, Err(CheckpointError::Length { .. })));
        }
        let mut page = [&bytes[..], &[0xff; 40]].concat();
        for bit in 0..8 * bytes.len() {
            page[bit / 8] ^= 1 << (bit % 8);
            assert!(RecipeRecords::from_prefix(&page).is_err(), "bit {bit}");
            page[bit / 8] ^= 1 << (bit % 8);
        }
    }
    for blank in [0, 0xff] {
        let page = [blank; 256];
        let read = RecipeRecords::from_prefix(&page);
        assert_eq!(read, Err(CheckpointError::Magic));
    }
}

#[test]
fn a_record_inside_that_is_wrong_is_named() {
    let sgd = with_momentum(0.9);
    let recipe = Recipe::<NODES>::new(constant(0.1), sgd, Some(constant(0.9))).unwrap();
    let bytes = saved(&recipe);
    let schedule = FIELDS_AT + LENGTH;
    let update = schedule + RecipeRecords::from_bytes(&bytes).unwrap().schedule.len();
    let momentum = update + Sgd::BYTES;
    let read = |bytes: &[u8]| Recipe::<NODES>::from_bytes(&sealed(bytes.to_vec())).map(|_| ());
    let content = |field| Err(CheckpointError::Content(field));
    for (field, at, end) in [
        ("schedule", schedule, update),
        ("sgd", update, momentum),
        ("momentum", momentum, bytes.len() - CRC),
    ] {
        // Its magic, its kind, its first field.
        for offset in [0, 5, 14] {
            let mut wrong = bytes.clone();
            wrong[at + offset] ^= 1;
            assert_eq!(read(&wrong), content(field), "byte {offset} of {field}");
        }
        // A record that another version wrote is told by its version.
        let mut inner = bytes[at..end].to_vec();
        inner[4] += 1;
        let version = Err(CheckpointError::Version(inner[4]));
        let mut other = bytes.clone();
        other[at..end].copy_from_slice(&sealed(inner));
        assert_eq!(read(&other), version, "{field}");
    }
    // Lengths that lead past the end, or past the update.
    for (field, at) in [("schedule", schedule), ("momentum", momentum)] {
        let mut long = bytes.clone();
        long[at + FIELDS_AT + 1] = 1;
        assert_eq!(read(&long), content(field));
    }
    let mut update_missing = bytes[..update].to_vec();
    update_missing.extend([0; CRC]);
    let length = update_missing.len() as u32;
    update_missing[FIELDS_AT..][..LENGTH].copy_from_slice(&length.to_le_bytes());
    assert_eq!(read(&update_missing), content("sgd"));
}

#[test]
fn the_capacity_is_that_of_the_type_that_reads() {
    let wide = constant::<NODES>(0.1).after_warmup(5, 0.0, 0.1).unwrap();
    let sgd = with_momentum(0.9);
    let over = CheckpointError::OverCapacity {
        capacity: 2,
        found: 3,
    };
    for (rate, momentum) in [(wide.clone(), constant(0.9)), (constant(0.1), wide)] {
        let bytes = saved(&Recipe::new(rate, sgd, Some(momentum)).unwrap());
        assert!(Recipe::<3>::from_bytes(&bytes).is_ok());
        assert_eq!(Recipe::<2>::from_bytes(&bytes).err(), Some(over));
    }
}

#[test]
fn nothing_is_written_where_there_is_no_room() {
    let recipe = Recipe::<NODES>::new(constant(0.1), with_momentum(0.0), None).unwrap();
    let needed = saved(&recipe).len();
    for found in 0..needed {
        let mut out = vec![0xa5; found];
        let error = CheckpointError::TooSmall { needed, found };
        assert_eq!(recipe.to_bytes(&mut out), Err(error));
        assert!(out.iter().all(|&byte| byte == 0xa5));
    }
}

#[test]
fn the_update_of_a_step_has_the_momentum_of_that_step() {
    let mut rng = Rng::from_env("momentum of a step");
    let moved = constant::<NODES>(0.8).after_warmup(10, 0.9, 0.8).unwrap();
    let rate = plan(&mut rng, 2);
    let recipe = Recipe::new(rate.clone(), with_momentum(0.9), Some(moved.clone())).unwrap();
    for step in [0, 3, 10, u32::MAX] {
        let expected = recipe.sgd().at_momentum(moved.lr(step));
        assert_eq!(recipe.sgd_at(step), expected);
    }
    let update = sgd(&mut rng);
    let plain = Recipe::new(rate.clone(), update, None).unwrap();
    assert_eq!(plain.sgd_at(7), Ok(update));
    // No velocity, no momentum.
    let refused = Recipe::new(rate, with_momentum(0.0), Some(moved));
    assert_eq!(refused.unwrap_err().field(), "momentum");
    let rests = Recipe::<NODES>::new(constant(0.1), with_momentum(0.9), Some(constant(0.0)));
    assert_eq!(rests.unwrap().sgd_at(0).unwrap_err().field(), "momentum");
}

/// A whole record whose momentum goes with the step beside an update without one: no writer makes it.
#[test]
fn a_momentum_without_a_velocity_is_refused_when_read() {
    let (with, without) = (with_momentum(0.9), with_momentum(0.0));
    let recipe = Recipe::<NODES>::new(constant(0.1), with, Some(constant(0.9))).unwrap();
    let mut bytes = saved(&recipe);
    let schedule = RecipeRecords::from_bytes(&bytes).unwrap().schedule.len();
    bytes[FIELDS_AT + LENGTH + schedule..][..Sgd::BYTES].copy_from_slice(&without.to_bytes());
    let read = Recipe::<NODES>::from_bytes(&sealed(bytes));
    assert_eq!(read.err(), Some(CheckpointError::Content("momentum")));
}
