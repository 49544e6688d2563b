//! Where the elements of every trial lie, and which group each is in.

use std::ops::Range;

use hairpin_core::{ConfigError, Sgd, SgdConfig};
use hairpin_kernels::update::{FIRST, GroupRecord, TILE, TileRecord};

use crate::error::GpuError;

/// Elements of a trial with a rate and a weight decay of their own, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group {
    /// How many elements.
    pub length: u64,
    /// What the schedule's rate is multiplied with.
    pub lr_multiplier: f64,
    /// Its weight decay; `None` for the trial's own.
    pub weight_decay: Option<f64>,
}

impl Group {
    /// `length` elements at the schedule's rate and with the trial's weight decay.
    #[must_use]
    pub const fn plain(length: u64) -> Self {
        Self {
            length,
            lr_multiplier: 1.0,
            weight_decay: None,
        }
    }

    /// What the device knows of it.
    fn record(&self) -> Result<GroupRecord, ConfigError> {
        // The core checks and rounds, as for any group.
        let sgd = Sgd::new(SgdConfig::default())?;
        let group = sgd.group(self.lr_multiplier, self.weight_decay.unwrap_or(0.0))?;
        Ok(GroupRecord {
            lr_multiplier: group.lr_multiplier(),
            weight_decay: match self.weight_decay {
                Some(_) => group.coefficients().weight_decay,
                None => f32::NAN,
            },
            reserved: 0,
        })
    }
}

/// Most tiles: the device counts those of whole blocks in 32 bits.
const MOST_TILES: u64 = u32::MAX as u64 - 1024;

/// Where elements lie: trial after trial, and in a trial group after group, without gaps.
///
/// # Examples
/// ```
/// use hairpin_cuda::{Group, Layout};
///
/// // 1,000 trials of 50 elements, 10 of them biases that do not decay.
/// let groups = [Group::plain(40), Group { weight_decay: Some(0.0), ..Group::plain(10) }];
/// let layout = Layout::uniform_groups(1000, &groups)?;
/// assert_eq!((layout.elements(), layout.range(2)), (50_000, 100..150));
///
/// let ragged = Layout::ragged(&[3, 0, 5])?;
/// assert_eq!((ragged.trials(), ragged.range(2)), (3, 3..8));
/// # Ok::<(), hairpin_cuda::GpuError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    trials: u32,
    elements: u64,
    /// How many elements each trial has; 0 where they differ.
    size: u64,
    /// Where each trial starts, where they differ.
    starts: Vec<u64>,
    tiles: Vec<TileRecord>,
    /// How many tiles there are over all.
    tile_count: u32,
    groups: Vec<GroupRecord>,
}

impl Layout {
    /// `trials` of `size` elements each.
    ///
    /// # Errors
    /// More than the device can count.
    pub fn uniform(trials: u32, size: u64) -> Result<Self, GpuError> {
        Self::uniform_groups(trials, &[Group::plain(size)])
    }

    /// `trials` with the same groups each; a trial is as long as its groups are together.
    ///
    /// # Errors
    /// A multiplier or weight decay that the core refuses, or more than the device can count.
    pub fn uniform_groups(trials: u32, groups: &[Group]) -> Result<Self, GpuError> {
        let mut builder = Builder::default();
        builder.trial(0, groups)?;
        let size = builder.end;
        let elements = size
            .checked_mul(u64::from(trials))
            .ok_or(too_many_elements())?;
        let tile_count = counted(
            "tiles",
            builder.tiles.len() as u64 * u64::from(trials),
            MOST_TILES,
        )?;
        Ok(Self {
            trials,
            elements,
            size,
            starts: Vec::new(),
            tiles: builder.tiles,
            tile_count,
            groups: builder.groups,
        })
    }

    /// A trial for each of `sizes`, with as many elements.
    ///
    /// # Errors
    /// More than the device can count.
    pub fn ragged(sizes: &[u64]) -> Result<Self, GpuError> {
        let groups: Vec<_> = sizes.iter().map(|&size| [Group::plain(size)]).collect();
        Self::ragged_groups(groups.iter().map(<[Group; 1]>::as_slice))
    }

    /// A trial for each item of `trials`, with these groups.
    ///
    /// # Errors
    /// A multiplier or weight decay that the core refuses, or more than the device can count.
    pub fn ragged_groups<'a>(
        trials: impl IntoIterator<Item = &'a [Group]>,
    ) -> Result<Self, GpuError> {
        let mut builder = Builder::default();
        let mut starts = Vec::new();
        for groups in trials {
            let trial = counted("trials", starts.len() as u64, u64::from(u32::MAX) - 1)?;
            starts.push(builder.end);
            builder.trial(trial, groups)?;
        }
        Ok(Self {
            trials: counted("trials", starts.len() as u64, u64::from(u32::MAX))?,
            elements: builder.end,
            size: 0,
            starts,
            tile_count: counted("tiles", builder.tiles.len() as u64, MOST_TILES)?,
            tiles: builder.tiles,
            groups: builder.groups,
        })
    }

    /// How many trials there are.
    #[must_use]
    pub fn trials(&self) -> u32 {
        self.trials
    }

    /// How many elements there are over all.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// The elements of a trial; none where there is no such trial.
    #[must_use]
    pub fn range(&self, trial: u32) -> Range<u64> {
        if trial >= self.trials {
            return self.elements..self.elements;
        }
        if self.starts.is_empty() {
            let start = u64::from(trial) * self.size;
            return start..start + self.size;
        }
        let at = trial as usize;
        self.starts[at]..self.starts.get(at + 1).copied().unwrap_or(self.elements)
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn tiles(&self) -> &[TileRecord] {
        &self.tiles
    }

    pub(crate) fn tile_count(&self) -> u32 {
        self.tile_count
    }

    /// How many tiles each trial has; 0 where trials differ.
    pub(crate) fn tiles_per_trial(&self) -> u32 {
        if self.starts.is_empty() && self.trials > 0 {
            self.tile_count / self.trials
        } else {
            0
        }
    }

    pub(crate) fn groups(&self) -> &[GroupRecord] {
        &self.groups
    }
}

#[derive(Default)]
struct Builder {
    tiles: Vec<TileRecord>,
    groups: Vec<GroupRecord>,
    end: u64,
}

impl Builder {
    fn trial(&mut self, trial: u32, groups: &[Group]) -> Result<(), GpuError> {
        let mut flags = FIRST;
        for (number, group) in groups.iter().enumerate() {
            let record = group.record().map_err(|source| GpuError::Config {
                what: format!("group {number} of trial {trial}"),
                source,
            })?;
            let index = self.group(record)?;
            let start = self.end;
            self.end = start.checked_add(group.length).ok_or(too_many_elements())?;
            // Even tiles, cut where a vector of four ends.
            let vectors = group.length.div_ceil(4);
            let count = group.length.div_ceil(u64::from(TILE));
            counted("tiles", self.tiles.len() as u64 + count, MOST_TILES)?;
            let cut = |tile: u64| {
                let whole = vectors / count * tile + (vectors % count * tile) / count;
                (whole * 4).min(group.length)
            };
            for tile in 0..count {
                let (from, to) = (cut(tile), cut(tile + 1));
                self.tiles.push(TileRecord {
                    start: start + from,
                    length: (to - from) as u32,
                    group: index,
                    trial,
                    flags,
                });
                flags = 0;
            }
        }
        Ok(())
    }

    /// The number of a group on the device; one like the last is that one.
    fn group(&mut self, record: GroupRecord) -> Result<u32, GpuError> {
        let bits = |record: &GroupRecord| {
            (
                record.lr_multiplier.to_bits(),
                record.weight_decay.to_bits(),
            )
        };
        if self.groups.last().map(bits) != Some(bits(&record)) {
            self.groups.push(record);
        }
        counted("groups", self.groups.len() as u64 - 1, u64::from(u32::MAX))
    }
}

fn counted(what: &'static str, found: u64, most: u64) -> Result<u32, GpuError> {
    match u32::try_from(found) {
        Ok(count) if found <= most => Ok(count),
        _ => Err(GpuError::TooMany { what, found, most }),
    }
}

/// A pointer steps over bytes with a sign.
fn too_many_elements() -> GpuError {
    GpuError::TooMany {
        what: "elements",
        found: u64::MAX,
        most: i64::MAX as u64 / 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(layout: &Layout) -> Vec<(u32, u64)> {
        let per_trial = layout.tiles_per_trial();
        let mut found = Vec::new();
        for index in 0..layout.tile_count() {
            let (trial, tile) = match index.checked_div(per_trial) {
                Some(trial) => (trial, layout.tiles()[(index % per_trial) as usize]),
                None => {
                    let tile = layout.tiles()[index as usize];
                    (tile.trial, tile)
                }
            };
            let start = tile.start + u64::from(trial) * layout.size();
            assert!(tile.length > 0 && tile.length <= TILE);
            assert_eq!(tile.flags & FIRST != 0, start == layout.range(trial).start);
            found.extend((start..start + u64::from(tile.length)).map(|at| (trial, at)));
        }
        found
    }

    fn expected(layout: &Layout) -> Vec<(u32, u64)> {
        (0..layout.trials())
            .flat_map(|trial| layout.range(trial).map(move |at| (trial, at)))
            .collect()
    }

    #[test]
    fn tiles_cover_every_element_once() {
        for size in [
            0, 1, 3, 4, 5, 255, 1023, 1024, 1025, 2049, 4096, 5000, 10_007,
        ] {
            for trials in [1, 2, 7] {
                let layout = Layout::uniform(trials, size).unwrap();
                assert_eq!(covered(&layout), expected(&layout), "{trials} of {size}");
                assert_eq!(layout.elements(), u64::from(trials) * size);
            }
        }
        let layout = Layout::ragged(&[0, 5, 1024, 0, 3000, 1]).unwrap();
        assert_eq!(covered(&layout), expected(&layout));
        let groups = [3, 0, 1030, 1].map(Group::plain);
        let layout = Layout::uniform_groups(5, &groups).unwrap();
        assert_eq!(covered(&layout), expected(&layout));
    }

    #[test]
    fn tiles_are_even() {
        for size in 1..9000_u64 {
            let layout = Layout::uniform(1, size).unwrap();
            let lengths = layout.tiles().iter().map(|tile| tile.length);
            let (least, most) = (lengths.clone().min().unwrap(), lengths.max().unwrap());
            assert!(most - least < 8, "{size}: {least} to {most}");
        }
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for refused in [
            Layout::uniform(u32::MAX, 1 << 20),
            Layout::uniform(2, u64::MAX),
            Layout::ragged(&[u64::MAX, 1]),
            Layout::uniform(1, 1 << 62),
        ] {
            assert!(matches!(refused.unwrap_err(), GpuError::TooMany { .. }));
        }
        let group = Group {
            lr_multiplier: f64::NAN,
            ..Group::plain(4)
        };
        assert!(matches!(
            Layout::uniform_groups(1, &[group]).unwrap_err(),
            GpuError::Config { .. }
        ));
    }
}
