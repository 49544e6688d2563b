//! What has to hold on a device, whichever one it is: bits, order and errors.

mod errors;
mod graphs;
pub(crate) mod model;
pub(crate) mod run;
mod schedules;
mod tables;
mod trials;
mod updates;

use hairpin_cuda::Stream;

/// What has to hold; it panics where it does not.
pub(crate) type Check = fn(&Stream);

/// Everything, by name.
pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("updates: sizes", updates::sizes),
    ("updates: ragged trials and groups", updates::ragged),
    ("updates: beyond a million elements", updates::large),
    ("updates: not aligned", updates::unaligned),
    ("tables: in windows", tables::windows),
    ("tables: momenta", tables::momenta),
    ("tables: by hand", tables::by_hand),
    (
        "tables: pinned memory is not written while it is copied",
        tables::many_windows,
    ),
    ("trials: skipped steps", trials::skipped),
    ("trials: stopped and diverged", trials::ended),
    ("trials: resumed", trials::resumed),
    ("graphs: replayed through the schedule", graphs::replayed),
    ("graphs: recorded by somebody else", graphs::foreign),
    ("graphs: keep their memory", graphs::memory),
    ("graphs: beyond the rates", graphs::overrun),
    ("graphs: beside other threads", graphs::beside),
    ("schedules: evaluated on the device", schedules::rates),
    ("schedules: as the source of a table", schedules::table),
    ("schedules: refused", schedules::refused),
    ("errors: lengths and kinds", errors::arguments),
    ("errors: more than there is memory", errors::memory),
];
