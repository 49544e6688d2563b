//! Asks for memory of a heap. What allocates through a collection can panic as well; this cannot.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::alloc::{Layout, alloc};

use chip::{Error, Input, Output};

fn run() -> Result<(), Error> {
    let mut request = [0];
    Input::open(c"requests")?.fill(&mut request)?;
    // SAFETY: the layout is not of nothing.
    let block = unsafe { alloc(Layout::new::<u8>()) };
    // SAFETY: the block is a byte of our own, or there is none.
    let byte = unsafe { block.as_mut() }.ok_or(Error)?;
    *byte = request[0];
    Output::create(c"answers")?.write(core::slice::from_ref(byte))
}

chip::main!(run);
