//! One record in two pages of flash, of which at least one is whole whenever the power fails.
//!
//! To be copied into a firmware: it needs a [`Flash`], has no allocation, no `unsafe` and no panic, and works word by word, so that
//! it takes no buffer.
//!
//! A page holds
//!
//! | word | what |
//! |---|---|
//! | 0 | `pair`, so that other contents are not taken for a record |
//! | 1 | sequence number: the newer record has the larger one |
//! | 2 | `n`, how many words are stored |
//! | 3 .. 3 + n | those words |
//! | 3 + n | CRC-32 (IEEE) of all words before it, written last |
//!
//! The newer of the valid pages counts, and the *other* one is erased and written next. The power may fail at any moment:
//!
//! * in an erase or a write, the page under way has no valid CRC, and the other one, untouched, counts;
//! * after the last word, the new page is whole and the newer one.
//!
//! So what was saved last is either there or not, and what was saved before it stays until then. A CRC-32 takes a torn page for
//! whole once in 2^32.

use core::iter;

/// One of the two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The one that is written first.
    First,
    /// The other one.
    Second,
}

impl Page {
    /// The other page.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// What a driver of flash memory offers for two pages of it. A page is as much as is erased at once, or several times that.
///
/// Flash that programs more than 32 bits at once wants a driver that collects them, and fills up the last ones when a record's
/// end is told by its third word. Flash with error correction may fail to read a word whose programming was cut short: any value will do
/// then, the checksum tells.
pub trait Flash {
    /// Why the memory could not be changed.
    type Error;

    /// Words of 32 bits in a page, at least 5.
    const WORDS: usize;

    /// The word at `at` of `page`; [`ERASED`] where there is none.
    fn read(&self, page: Page, at: usize) -> u32;

    /// Sets all bits of `page`.
    ///
    /// # Errors
    /// A memory that refuses.
    fn erase(&mut self, page: Page) -> Result<(), Self::Error>;

    /// Clears the bits at `at` of `page` that are 0 in `word`.
    ///
    /// # Errors
    /// A memory that refuses, or no such word.
    fn program(&mut self, page: Page, at: usize, word: u32) -> Result<(), Self::Error>;
}

/// A word of an erased page.
pub const ERASED: u32 = u32::MAX;

const MAGIC: u32 = u32::from_le_bytes(*b"pair");
const HEADER: usize = 3;
/// Words of a page that are not the record's: the header and the CRC.
pub const OVERHEAD: usize = HEADER + 1;

/// Why a record was not saved. The one before is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveError<E> {
    /// It has more words than a page takes. Nothing was written.
    TooLong {
        /// How many words a page takes.
        capacity: usize,
        /// How many there are.
        found: usize,
    },
    /// The memory refused.
    Flash(E),
    /// What was written does not read back: the page is worn.
    Worn(Page),
}

/// A page that holds a whole record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Valid {
    page: Page,
    sequence: u32,
    count: usize,
}

impl Valid {
    /// The record in this page, if it is whole.
    fn find<F: Flash>(flash: &F, page: Page) -> Option<Self> {
        if flash.read(page, 0) != MAGIC {
            return None;
        }
        let count = flash.read(page, 2) as usize;
        if count > F::WORDS.checked_sub(OVERHEAD)? {
            return None;
        }
        let end = HEADER.checked_add(count)?;
        let mut crc = Crc::new();
        for at in 0..end {
            crc.add(flash.read(page, at));
        }
        (crc.finish() == flash.read(page, end)).then(|| Self {
            page,
            sequence: flash.read(page, 1),
            count,
        })
    }

    /// Whether this was written later. Numbers go round, and two pages are never far apart.
    const fn is_newer_than(&self, other: &Self) -> bool {
        self.sequence.wrapping_sub(other.sequence).cast_signed() > 0
    }
}

/// Which page counts. It is found once, when the power comes.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    newest: Option<Valid>,
}

impl Store {
    /// Looks at both pages. It reads them once and changes nothing.
    pub fn open<F: Flash>(flash: &F) -> Self {
        let first = Valid::find(flash, Page::First);
        let second = Valid::find(flash, Page::Second);
        let newest = match (first, second) {
            (Some(first), Some(second)) if second.is_newer_than(&first) => Some(second),
            (first, second) => first.or(second),
        };
        Self { newest }
    }

    /// The page that counts, if any record was ever saved.
    #[must_use]
    pub const fn page(&self) -> Option<Page> {
        match self.newest {
            Some(valid) => Some(valid.page),
            None => None,
        }
    }

    /// What was saved last.
    pub fn words<'a, F: Flash>(&self, flash: &'a F) -> Option<impl Iterator<Item = u32> + 'a> {
        let Valid { page, count, .. } = self.newest?;
        let all = (HEADER..).take(count);
        Some(all.map(move |at| flash.read(page, at)))
    }

    /// Saves `words` in the page that does not count, which counts from then on. The iterator is walked twice.
    ///
    /// # Errors
    /// More words than a page takes, a memory that refuses, or one that did not take what was written. What was saved before
    /// counts as before.
    pub fn save<F: Flash>(
        &mut self,
        flash: &mut F,
        words: impl Iterator<Item = u32> + Clone,
    ) -> Result<(), SaveError<F::Error>> {
        let count = words.clone().count();
        let capacity = F::WORDS.saturating_sub(OVERHEAD);
        if count > capacity {
            return Err(SaveError::TooLong {
                capacity,
                found: count,
            });
        }
        let next = match self.newest {
            Some(Valid { page, sequence, .. }) => Valid {
                page: page.other(),
                sequence: sequence.wrapping_add(1),
                count,
            },
            None => Valid {
                page: Page::First,
                sequence: 0,
                count,
            },
        };
        flash.erase(next.page).map_err(SaveError::Flash)?;
        let mut crc = Crc::new();
        // No more than a page has: it fits into 32 bits on every target.
        let header = [MAGIC, next.sequence, count as u32];
        let mut end = 0;
        for (at, word) in header.into_iter().chain(words).enumerate() {
            flash
                .program(next.page, at, word)
                .map_err(SaveError::Flash)?;
            crc.add(word);
            end = at.saturating_add(1);
        }
        flash
            .program(next.page, end, crc.finish())
            .map_err(SaveError::Flash)?;
        if Valid::find(flash, next.page) != Some(next) {
            return Err(SaveError::Worn(next.page));
        }
        self.newest = Some(next);
        Ok(())
    }
}

/// CRC-32 as in Ethernet and zip, over words from their lowest byte up. Bit by bit: a table would take a kilobyte.
#[derive(Clone, Copy, Debug)]
pub struct Crc(u32);

impl Crc {
    /// Of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(u32::MAX)
    }

    /// Goes on with `word`.
    pub fn add(&mut self, word: u32) {
        // Its polynomial takes the lowest bit first, so that four bytes are a word.
        let bits = iter::repeat_n((), 32);
        self.0 = bits.fold(self.0 ^ word, |crc, ()| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        });
    }

    /// The checksum.
    #[must_use]
    pub const fn finish(self) -> u32 {
        !self.0
    }
}

impl Default for Crc {
    fn default() -> Self {
        Self::new()
    }
}
