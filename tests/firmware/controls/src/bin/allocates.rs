//! Has a heap, and a block on it. What allocates through a collection can panic as well; this cannot.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::alloc::{GlobalAlloc, Layout, alloc, dealloc};
use core::cell::UnsafeCell;

use chip::{Error, Input, Output};

/// One block, handed out again and again.
struct Heap(UnsafeCell<[u64; 8]>);

// SAFETY: there is one thread, and nothing that interrupts it.
unsafe impl Sync for Heap {}

// SAFETY: the block is aligned to 8 and has 64 bytes; what asks for more gets null.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > 64 || layout.align() > 8 {
            return core::ptr::null_mut();
        }
        self.0.get().cast()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new([0; 8]));

fn run() -> Result<(), Error> {
    let mut request = [0];
    Input::open(c"requests")?.fill(&mut request)?;
    let layout = Layout::new::<u8>();
    // SAFETY: the layout is not of nothing.
    let block = unsafe { alloc(layout) };
    // SAFETY: the block is a byte, or there is none.
    let byte = unsafe { block.as_mut() }.ok_or(Error)?;
    *byte = request[0];
    Output::create(c"answers")?.write(core::slice::from_ref(byte))?;
    // SAFETY: it came from there with this layout, and nothing refers to it any more.
    unsafe { dealloc(block, layout) };
    Ok(())
}

chip::main!(run);
