//! The steps at which a thing is measured.

/// Which they are.
pub enum Steps {
    /// 1,024 steps spread over the span, of which the mean is taken; then steps all over `u32`, its powers of two and its end,
    /// and the ends of the first spans.
    Anywhere {
        /// How many steps a training takes.
        span: u32,
    },
    /// The first 1,024, of which the mean is taken, and 64 more, one after the other.
    OneByOne,
    /// None: what is measured is only linked.
    Nowhere,
}

/// How many make the mean.
const SPREAD: u32 = 1024;
const ALL_OVER: u32 = 256;
const POWERS: u32 = 3 * 32;
const ENDS: u32 = 16;
const LAST: u32 = 4;
/// How many more steps one by one.
const MORE: u32 = 64;

impl Steps {
    /// How many steps.
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Anywhere { .. } => SPREAD + ALL_OVER + POWERS + ENDS + LAST,
            Self::OneByOne => SPREAD + MORE,
            Self::Nowhere => 0,
        }
    }

    /// How many of them, from the first on, make the mean.
    #[inline(always)]
    pub(crate) fn of_mean(&self) -> u32 {
        match self {
            Self::Anywhere { .. } | Self::OneByOne => SPREAD,
            Self::Nowhere => 0,
        }
    }

    /// One of them. No division: it would be linked, and missing in the size of a schedule that divides.
    #[inline(always)]
    pub(crate) fn at(&self, index: u32) -> u32 {
        let Self::Anywhere { span } = *self else {
            return index;
        };
        if index < SPREAD {
            // span * index / SPREAD, where the product does not fit.
            return (span / SPREAD) * index + ((span % SPREAD) * index) / SPREAD;
        }
        let index = index - SPREAD;
        if index < ALL_OVER {
            // Multiples of 2^32 divided by the golden ratio fill the range evenly.
            return (index + 1).wrapping_mul(0x9e37_79b9);
        }
        let index = index - ALL_OVER;
        if index < POWERS {
            return (1_u32 << (index % 32))
                .wrapping_add(index / 32)
                .wrapping_sub(1);
        }
        let index = index - POWERS;
        if index < ENDS {
            return span
                .wrapping_mul(index / 4 + 1)
                .wrapping_add(index % 4)
                .wrapping_sub(1);
        }
        let index = index - ENDS;
        u32::MAX - index
    }
}
