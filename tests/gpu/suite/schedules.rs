//! Schedules that the device evaluates, bit for bit against the core.

use hairpin_core::{AnySchedule, CheckpointError, Factor, Kind, Lambda, Plan, Rounding, Schedule};
use hairpin_cuda::{DeviceSchedules, GpuError, RateTable, Source, Stream};

use super::model::{Model, same};
use super::run::{Rows, Run};
use crate::draws;
use crate::rng::Rng;

fn drawn(rng: &mut Rng, count: usize) -> Vec<AnySchedule> {
    let mut schedules: Vec<AnySchedule> = Kind::ALL
        .iter()
        .map(|(tag, _)| AnySchedule::from(draws::kind(rng, *tag)))
        .collect();
    while schedules.len() < count {
        if let Plan::Schedule(schedule) = draws::plan(rng, 2) {
            schedules.push(schedule);
        }
    }
    schedules.retain(|schedule| schedule.bytes_len().is_ok());
    schedules
}

fn by_the_core(schedules: &[AnySchedule], first: u32, steps: u32) -> Vec<f32> {
    (first..first + steps)
        .flat_map(|step| schedules.iter().map(move |schedule| schedule.lr(step)))
        .collect()
}

pub(crate) fn rates(stream: &Stream) {
    let mut rng = Rng::from_env("device schedules");
    let schedules = drawn(&mut rng, 300);
    let on_device = DeviceSchedules::new(stream, &schedules).expect("schedules");
    assert_eq!(on_device.trials() as usize, schedules.len());
    for (first, steps) in [(0, 130), (993, 40), ((1 << 24) - 3, 6), (u32::MAX - 9, 9)] {
        let found = on_device.rates(stream, first, steps).expect("rates");
        same(
            &format!("from step {first}"),
            &found,
            &by_the_core(&schedules, first, steps),
        );
    }
    assert!(on_device.rates(stream, 7, 0).expect("none").is_empty());
    assert!(on_device.rates(stream, u32::MAX, 2).is_err());
    let none = DeviceSchedules::new::<1>(stream, &[]).expect("none");
    assert!(none.rates(stream, 0, 3).expect("none").is_empty());
}

/// A table whose rates and momenta never leave the device.
pub(crate) fn table(stream: &Stream) {
    let mut rng = Rng::from_env("device table");
    let mut schedules = drawn(&mut rng, 40);
    // A rate that is NaN skips; that is another check's.
    schedules.retain(|schedule| (0..25).all(|step| !schedule.lr(step).is_nan()));
    let trials = schedules.len();
    let rows = Rows {
        rates: by_the_core(&schedules, 0, 25)
            .chunks(trials)
            .map(<[f32]>::to_vec)
            .collect(),
        momenta: None,
    };
    for window in [4, 25, 60] {
        for by_device in [true, false] {
            let source = if by_device {
                Source::device(DeviceSchedules::new(stream, &schedules).expect("schedules"))
            } else {
                Source::schedules(schedules.clone())
            };
            let table = RateTable::windowed(stream, 0..25, trials as u32, window, source, None)
                .expect("a table");
            let model = Model::uniform(&mut rng, trials as u32, 40, Rounding::Fused, true);
            let mut run = Run::new(stream, model, table);
            for _ in 0..25 {
                run.step(&mut rng, &rows, false);
            }
            run.compare(&format!("windows of {window}, by the device: {by_device}"));
        }
    }
}

pub(crate) fn refused(stream: &Stream) {
    let function = Lambda::new(0.1, Factor::Function(f64::from)).expect("a schedule");
    let schedules = [
        AnySchedule::from(hairpin_core::Constant::new(0.1).expect("a schedule")),
        AnySchedule::from(function),
    ];
    let refused = DeviceSchedules::new(stream, &schedules).expect_err("a function of this program");
    assert!(matches!(
        refused,
        GpuError::Schedule {
            trial: 1,
            source: CheckpointError::Function
        }
    ));
    let one = DeviceSchedules::new(stream, &schedules[..1]).expect("a schedule");
    let other = RateTable::windowed(stream, 0..9, 2, 3, Source::device(one), None);
    assert!(matches!(
        other,
        Err(GpuError::Length {
            what: "the schedules",
            ..
        })
    ));
}
