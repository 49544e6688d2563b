//! What was asked for last, so that it need not be made again.

/// How many are kept.
const KEPT: usize = 4;

/// The last few of something.
pub(super) struct Recent<T> {
    kept: Vec<T>,
    next: usize,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            next: 0,
        }
    }
}

impl<T> Recent<T> {
    /// The one that was made first.
    pub(super) fn first(&self) -> Option<&T> {
        self.kept.first()
    }

    /// The one that `is` it, or one that is made now.
    pub(super) fn of(&mut self, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> &mut T {
        let at = match self.kept.iter().position(is) {
            Some(at) => at,
            None if self.kept.len() < KEPT => {
                // There are many of these, most with one at most.
                self.kept.reserve_exact(1);
                self.kept.push(make());
                self.kept.len() - 1
            }
            None => {
                self.next = (self.next + 1) % KEPT;
                self.kept[self.next] = make();
                self.next
            }
        };
        &mut self.kept[at]
    }
}
