//! Threads that record graphs, and what they and others may not do meanwhile.
//!
//! Whoever waits for a whole device spoils every graph that is being recorded on it, by whichever thread. So those who wait take turns with those
//! who record.

use std::cell::RefCell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::memory::Memory;

/// Of one context: shared by those who record, taken alone by those who wait.
#[derive(Debug, Default)]
pub(super) struct Recordings(RwLock<()>);

thread_local! {
    /// While this thread records a graph, the memory that it frees once it has.
    static LEFT: RefCell<Option<Vec<Memory>>> = const { RefCell::new(None) };
}

impl Recordings {
    /// Begins to record on this thread.
    pub(super) fn begin(&self) -> RecordingThread<'_> {
        let shared = (!is_recording()).then(|| {
            let shared = self.0.read().unwrap_or_else(PoisonError::into_inner);
            LEFT.set(Some(Vec::new()));
            shared
        });
        RecordingThread(shared)
    }

    /// Waits until no other thread records; nothing where this one does.
    pub(super) fn none(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        (!is_recording()).then(|| self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A thread that records a graph; without a guard, inside another graph of its own.
#[derive(Debug)]
pub(super) struct RecordingThread<'a>(Option<RwLockReadGuard<'a, ()>>);

impl Drop for RecordingThread<'_> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let left = LEFT.take();
            drop(shared);
            drop(left);
        }
    }
}

/// Whether this thread records; at its end it does not.
fn is_recording() -> bool {
    LEFT.try_with(|left| left.borrow().is_some())
        .unwrap_or(false)
}

/// Leaves memory to be freed when this thread has recorded its graph, where it records one.
pub(super) fn leave(memory: impl FnOnce() -> Memory) -> bool {
    let left = |left: &RefCell<Option<Vec<Memory>>>| {
        let mut left = left.borrow_mut();
        left.as_mut().map(|left| left.push(memory())).is_some()
    };
    LEFT.try_with(left).unwrap_or(false)
}
