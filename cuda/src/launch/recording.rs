//! Threads that record graphs, and what they and others may not do meanwhile.
//!
//! Whoever waits for a whole device spoils every graph that is being recorded on it, by whichever thread. So those who wait take turns with those
//! who record: in the whole process, as there may be several contexts of one device.

use std::cell::RefCell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::memory::Memory;

/// Shared by those who record, taken alone by those who wait.
static RECORDINGS: RwLock<()> = RwLock::new(());

thread_local! {
    /// While this thread records a graph, the memory that it frees once it has.
    static LEFT: RefCell<Option<Vec<Memory>>> = const { RefCell::new(None) };
}

/// A thread that records a graph; without a guard, inside another graph of its own.
#[derive(Debug)]
pub(super) struct RecordingThread(Option<RwLockReadGuard<'static, ()>>);

impl RecordingThread {
    /// Begins to record on this thread.
    pub(super) fn begin() -> Self {
        let shared = (!is_recording()).then(|| {
            let shared = RECORDINGS.read().unwrap_or_else(PoisonError::into_inner);
            // At the thread's end there is no place to leave memory in: it is freed at once.
            let _ = LEFT.try_with(|left| left.replace(Some(Vec::new())));
            shared
        });
        Self(shared)
    }
}

impl Drop for RecordingThread {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            let left = LEFT.try_with(RefCell::take);
            drop(shared);
            drop(left);
        }
    }
}

/// Waits until no other thread records; nothing where this one does.
pub(super) fn none() -> Option<RwLockWriteGuard<'static, ()>> {
    (!is_recording()).then(|| RECORDINGS.write().unwrap_or_else(PoisonError::into_inner))
}

/// Whether this thread records.
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
