//! What is refused, before anything is launched.
#![allow(unsafe_code)]

use hairpin_core::{Rounding, Sgd, SgdConfig};
use hairpin_cuda::{
    Buffer, Footprint, GpuError, Layout, Optimizer, Options, RateTable, RawElements, Source, Stream,
};

fn sgd(rounding: Rounding) -> Sgd {
    Sgd::new(SgdConfig {
        rounding,
        ..SgdConfig::default()
    })
    .expect("an update")
}

pub(crate) fn arguments(stream: &Stream) {
    let layout = Layout::uniform(2, 10).expect("a layout");
    let table = |trials| {
        RateTable::whole(stream, 0, trials, &vec![0.1; trials as usize * 3], None).expect("a table")
    };
    let new = |updates: &[Sgd], table| {
        Optimizer::new(stream, &layout, updates, table, Options::default())
    };
    let (separate, fused) = (sgd(Rounding::Separate), sgd(Rounding::Fused));
    assert!(matches!(
        new(&[separate], table(2)),
        Err(GpuError::Length {
            what: "the updates",
            ..
        })
    ));
    assert!(matches!(
        new(&[separate; 2], table(3)),
        Err(GpuError::Length {
            what: "the table's row",
            ..
        })
    ));
    assert!(matches!(
        new(&[separate, fused], table(2)),
        Err(GpuError::MixedRounding { trial: 1 })
    ));
    let group = separate.group(0.5, 0.0).expect("a group");
    assert!(matches!(
        new(&[separate, group], table(2)),
        Err(GpuError::Multiplier { trial: 1 })
    ));

    let mut optimizer = new(&[separate; 2], table(2)).expect("an optimizer");
    let mut of = [0, 19, 20].map(|len| Buffer::<f32>::zeros(stream, len).expect("memory"));
    let [none, short, full] = &mut of;
    let wrong = [
        optimizer.step(short, full, none),
        optimizer.step(full, short, none),
        optimizer.step(none, full, short),
    ];
    assert!(
        wrong
            .iter()
            .all(|refused| matches!(refused, Err(GpuError::Length { .. })))
    );
    assert_eq!(
        (
            optimizer.next_step(),
            optimizer.device_step().expect("a step")
        ),
        (0, 0)
    );
    let good = RawElements {
        params: full.address(),
        grads: full.address(),
        velocity: 0,
        len: 20,
    };
    for bad in [
        RawElements { len: 19, ..good },
        RawElements { params: 0, ..good },
        RawElements {
            grads: good.grads + 2,
            ..good
        },
    ] {
        // SAFETY: refused before anything is launched.
        let refused = unsafe { optimizer.step_raw(stream, bad) };
        assert!(
            matches!(
                refused,
                Err(GpuError::Length { .. } | GpuError::Address { .. })
            ),
            "{refused:?}"
        );
    }
    assert!(RateTable::whole(stream, 0, 2, &[0.1; 3], None).is_err());
    assert!(RateTable::by_hand(stream, 0, 2, 0, false).is_err());
    let nothing = || Source::function(|_, _| ());
    assert!(RateTable::windowed(stream, 0..9, 2, 0, nothing(), None).is_err());
    assert!(RateTable::windowed(stream, 0..9, 2, u32::MAX, nothing(), None).is_err());
    let windowed = RateTable::windowed(stream, 0..9, 2, 3, nothing(), None).expect("a table");
    let mut optimizer = new(&[separate; 2], windowed).expect("an optimizer");
    assert!(matches!(
        optimizer.extend(&[0.1; 2], None),
        Err(GpuError::Unsupported(_))
    ));
    assert!(matches!(
        optimizer.prepare(stream, 4),
        Err(GpuError::TooMany { most: 3, .. })
    ));
    assert!(full.upload(stream, 20, &[1.0]).is_err());
    assert!(full.download_range(stream, u64::MAX, 2).is_err());
    assert!(full.copy_from(stream, short).is_err());
    assert!(Buffer::<f64>::zeros(stream, u64::MAX / 4).is_err());
}

pub(crate) fn memory(stream: &Stream) {
    let gpu = stream.gpu();
    let layout = Layout::uniform(1 << 20, 1 << 12).expect("a layout");
    let footprint = Footprint::of(&layout, 1 << 16)
        .with_elements(&layout)
        .with_velocity(&layout)
        .with_momenta()
        .with_schedules(&layout);
    let free = gpu.free_memory().expect("memory");
    match footprint.fits(gpu) {
        Err(error @ GpuError::OutOfMemory { .. }) => {
            let told = error.to_string();
            assert!(
                told.contains("rates 274877906944, momenta 274877906944"),
                "{told}"
            );
        }
        other => panic!("{other:?}"),
    }
    // A table that is far too large is refused before it is allocated.
    let table = RateTable::by_hand(stream, 0, 1 << 20, 1 << 20, false);
    assert!(matches!(
        table,
        Err(GpuError::OutOfMemory { parts: Some(_), .. })
    ));
    let buffer = Buffer::<f32>::zeros(stream, free);
    assert!(matches!(
        buffer,
        Err(GpuError::OutOfMemory { parts: None, .. })
    ));
    assert!(gpu.total_memory() >= free);
}
