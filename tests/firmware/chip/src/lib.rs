//! What every firmware here needs of its chip: to start, to reach the host's files, to end with a status.
//!
//! ```ignore
//! chip::main!(run);
//!
//! fn run() -> Result<(), chip::Error> { … }
//! ```
//!
//! The panic handler and the allocator call functions that do not exist: what can panic, or has a heap, does not link.
#![no_std]

mod host;
mod stack;

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::CStr;
use core::panic::PanicInfo;

use host::File;
pub use host::exit;
pub use stack::Painted;

#[doc(hidden)]
#[cfg(target_arch = "arm")]
pub use cortex_m_rt as rt;
#[doc(hidden)]
#[cfg(target_arch = "riscv32")]
pub use riscv_rt as rt;
// It brings the critical section that defmt takes.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "riscv32")]
use riscv as _;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn a_panic_can_be_reached() -> !;
    }
    a_panic_can_be_reached()
}

/// No heap. As it is one for the compiler, no other can stand beside it.
struct NoHeap;

unsafe extern "C" {
    /// It would come back, as the compiler takes for granted of what allocates.
    safe fn a_heap_can_be_reached() -> *mut u8;
}

#[global_allocator]
static NO_HEAP: NoHeap = NoHeap;

// SAFETY: nothing is ever handed out.
unsafe impl GlobalAlloc for NoHeap {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        a_heap_can_be_reached()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        a_heap_can_be_reached();
    }
}

/// The host's file could not be opened, read or written.
#[derive(Clone, Copy, Debug)]
pub struct Error;

/// A file on the host, read from front to back.
pub struct Input(File);

impl Input {
    /// Opens the file of this name in the directory that the emulator was started in.
    pub fn open(name: &CStr) -> Result<Self, Error> {
        File::open(name).map(Self).ok_or(Error)
    }

    /// Reads what there is of `bytes` and says how much that was: 0 at the end.
    pub fn read(&mut self, bytes: &mut [u8]) -> usize {
        self.0.read(bytes)
    }

    /// Fills `bytes`; `false` where the file has ended before the first of them.
    pub fn fill(&mut self, bytes: &mut [u8]) -> Result<bool, Error> {
        let mut rest = bytes;
        let mut is_first = true;
        while !rest.is_empty() {
            let count = self.0.read(rest);
            if count == 0 {
                return if is_first { Ok(false) } else { Err(Error) };
            }
            is_first = false;
            rest = rest.get_mut(count..).ok_or(Error)?;
        }
        Ok(true)
    }
}

/// A new file on the host.
pub struct Output(File);

impl Output {
    /// Makes the file of this name in the directory that the emulator was started in.
    pub fn create(name: &CStr) -> Result<Self, Error> {
        File::create(name).map(Self).ok_or(Error)
    }

    /// Adds `bytes` to it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.0.write(rest);
            if count == 0 {
                return Err(Error);
            }
            rest = rest.get(count..).ok_or(Error)?;
        }
        Ok(())
    }
}

/// Makes a function that returns a `Result` the firmware: the emulator ends with 0, or with 1 where it fails.
#[macro_export]
macro_rules! main {
    ($run:path) => {
        #[$crate::rt::entry]
        fn main() -> ! {
            $crate::exit(match $run() {
                Ok(()) => 0,
                Err(_) => 1,
            })
        }
    };
}
