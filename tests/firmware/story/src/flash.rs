//! Two pages of NOR flash that can lose their power in the middle of a word.

use crate::store::{ERASED, Flash, Page};

/// Words of a page: 8 KB.
pub const WORDS: usize = 2048;

/// The memory. An erase goes through the page word by word; programming clears bits and cannot set any.
#[derive(Clone, Debug)]
pub struct Simulated {
    pages: [[u32; WORDS]; 2],
    /// How many words can still be erased or programmed; no end without a number.
    left: Option<u32>,
    /// The bits of the next word that the last of the power still reaches.
    last: u32,
}

/// The power has failed. Nothing can be changed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLost;

impl Simulated {
    /// A new memory, with power.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            pages: [[ERASED; WORDS]; 2],
            left: None,
            last: 0,
        }
    }

    /// Its contents.
    #[must_use]
    pub const fn pages(&self) -> &[[u32; WORDS]; 2] {
        &self.pages
    }

    /// Its contents, to be changed as only a test can.
    pub const fn pages_mut(&mut self) -> &mut [[u32; WORDS]; 2] {
        &mut self.pages
    }

    /// From now on there is power for `words` words to be erased or programmed, and for the bits `last` of the one that follows.
    pub const fn power_for(&mut self, words: u32, last: u32) {
        self.left = Some(words);
        self.last = last;
    }

    fn page(&mut self, page: Page) -> &mut [u32; WORDS] {
        let [first, second] = &mut self.pages;
        match page {
            Page::First => first,
            Page::Second => second,
        }
    }

    /// The bits of a word that are changed, and whether the power holds.
    fn spend(&mut self) -> (u32, Result<(), PowerLost>) {
        match &mut self.left {
            None => (u32::MAX, Ok(())),
            Some(0) => (core::mem::take(&mut self.last), Err(PowerLost)),
            Some(left) => {
                *left -= 1;
                (u32::MAX, Ok(()))
            }
        }
    }
}

impl Default for Simulated {
    fn default() -> Self {
        Self::new()
    }
}

impl Flash for Simulated {
    type Error = PowerLost;

    const WORDS: usize = WORDS;

    fn read(&self, page: Page, at: usize) -> u32 {
        let [first, second] = &self.pages;
        let page = match page {
            Page::First => first,
            Page::Second => second,
        };
        page.get(at).copied().unwrap_or(ERASED)
    }

    fn erase(&mut self, page: Page) -> Result<(), PowerLost> {
        for at in 0..WORDS {
            let (bits, power) = self.spend();
            if let Some(word) = self.page(page).get_mut(at) {
                *word |= bits;
            }
            power?;
        }
        Ok(())
    }

    fn program(&mut self, page: Page, at: usize, word: u32) -> Result<(), PowerLost> {
        let (bits, power) = self.spend();
        if let Some(old) = self.page(page).get_mut(at) {
            *old &= word | !bits;
        }
        power
    }
}
