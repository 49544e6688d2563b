//! Semihosting: the emulator takes a number and a block of arguments, and does what they say on the host.

use core::arch::asm;
use core::ffi::CStr;

// As the Arm semihosting specification numbers them; RISC-V has taken them over.
const OPEN: usize = 0x01;
const WRITE: usize = 0x05;
const READ: usize = 0x06;
const EXIT_EXTENDED: usize = 0x20;

/// `rb` and `wb` of C's `fopen`, as the specification numbers them.
const TO_READ: usize = 1;
const TO_WRITE: usize = 5;

/// The reason that stands for an end by the program's own will; a status follows it.
const APPLICATION_EXIT: usize = 0x20026;

/// Has the emulator do `operation`.
///
/// # Safety
/// `block` holds the arguments of `operation`, and what they point to may be read or written as it reads or writes it.
unsafe fn call(operation: usize, block: &mut [usize]) -> usize {
    let result;
    // SAFETY: the caller vouches for the arguments; these are the instructions and registers of the specification.
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("bkpt #0xab", inlateout("r0") operation => result, in("r1") block.as_mut_ptr(), options(nostack));
    }
    // SAFETY: as above. The emulator knows the call by the two instructions around it, which have to be of full length.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inlateout("a0") operation => result, in("a1") block.as_mut_ptr(), options(nostack),
        );
    }
    result
}

/// An open file on the host, until the firmware ends.
pub(crate) struct File(usize);

impl File {
    pub(crate) fn open(name: &CStr) -> Option<Self> {
        Self::of_mode(name, TO_READ)
    }

    pub(crate) fn create(name: &CStr) -> Option<Self> {
        Self::of_mode(name, TO_WRITE)
    }

    fn of_mode(name: &CStr, mode: usize) -> Option<Self> {
        let mut block = [name.as_ptr().expose_provenance(), mode, name.count_bytes()];
        // SAFETY: OPEN takes a name, a mode and the length of the name, and reads the name.
        let handle = unsafe { call(OPEN, &mut block) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Reads what fits into `bytes`; 0 at the end, and where it cannot be read.
    pub(crate) fn read(&mut self, bytes: &mut [u8]) -> usize {
        let mut block = [self.0, bytes.as_mut_ptr().expose_provenance(), bytes.len()];
        // SAFETY: READ takes a handle, a place and its length, and writes no more than that length there.
        let not_read = unsafe { call(READ, &mut block) };
        bytes.len().saturating_sub(not_read)
    }

    /// Writes `bytes`; what was not written is not counted.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let mut block = [self.0, bytes.as_ptr().expose_provenance(), bytes.len()];
        // SAFETY: WRITE takes a handle, a place and its length, and reads that much there.
        let not_written = unsafe { call(WRITE, &mut block) };
        bytes.len().saturating_sub(not_written)
    }
}

/// Ends the emulator with this status.
pub fn exit(status: u8) -> ! {
    let mut block = [APPLICATION_EXIT, usize::from(status)];
    // SAFETY: EXIT_EXTENDED takes a reason and a status, and does not come back.
    unsafe { call(EXIT_EXTENDED, &mut block) };
    // An emulator that does not know the call is left to the time limit.
    loop {
        core::hint::spin_loop();
    }
}
