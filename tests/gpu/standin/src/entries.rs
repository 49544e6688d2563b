//! The driver's entries, as its header declares them: what a pointer leads to is the caller's promise.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::kernels::{self, Grid};
use crate::world::{Order, Refused, Work, World, switch, world};

type Status = c_uint;

const SUCCESS: Status = 0;
const INVALID_VALUE: Status = 1;
const OUT_OF_MEMORY: Status = 2;
const STUB_LIBRARY: Status = 34;
const NO_DEVICE: Status = 100;
const INVALID_DEVICE: Status = 101;
const UNSUPPORTED_PTX_VERSION: Status = 222;
const NOT_FOUND: Status = 500;
const ILLEGAL_ADDRESS: Status = 700;
const UNKNOWN: Status = 999;

const CONTEXT: u64 = 0x1000;

fn status(result: Result<(), Refused>) -> Status {
    result.map_or(INVALID_VALUE, |()| SUCCESS)
}

fn fails(how: &str) -> bool {
    switch("STANDIN_FAIL") == how
}

/// Entries: a block each, `unsafe` as a whole, as the caller vouches for every pointer in it.
macro_rules! entries {
    ($($(#[$meta:meta])* fn $name:ident($($argument:ident: $type:ty),*) $body:block)+) => {$(
        $(#[$meta])*
        /// # Safety
        /// As the driver's header says.
        #[unsafe(no_mangle)]
        #[allow(non_snake_case, missing_docs)]
        pub(crate) unsafe extern "C" fn $name($($argument: $type),*) -> Status {
            // SAFETY: the caller's.
            #[allow(unused_unsafe)]
            unsafe { $body }
        }
    )+};
}

entries! {
    fn cuInit(_flags: c_uint) {
        match switch("STANDIN_FAIL").as_str() {
            "init" => UNKNOWN,
            "no-device" => NO_DEVICE,
            "stub" => STUB_LIBRARY,
            _ => SUCCESS,
        }
    }

    fn cuDriverGetVersion(version: *mut c_int) {
        *version = if fails("old-driver") { 11020 } else { 12040 };
        SUCCESS
    }

    fn cuDeviceGetCount(count: *mut c_int) {
        *count = if fails("none") { 0 } else { 1 };
        SUCCESS
    }

    fn cuDeviceGet(device: *mut c_int, ordinal: c_int) {
        *device = ordinal;
        if ordinal == 0 { SUCCESS } else { INVALID_DEVICE }
    }

    fn cuDeviceGetName(name: *mut c_char, length: c_int, _device: c_int) {
        let text = b"stand-in\0";
        for (at, byte) in text.iter().take(length as usize).enumerate() {
            *name.add(at) = *byte as c_char;
        }
        SUCCESS
    }

    fn cuDeviceGetAttribute(value: *mut c_int, attribute: c_uint, _device: c_int) {
        *value = match attribute {
            75 => if fails("old-device") { 7 } else { 9 },
            76 => 0,
            // Multiprocessors, and shared memory on demand.
            16 => 132,
            97 => SHARED_MEMORY,
            _ => 1,
        };
        SUCCESS
    }

    fn cuDeviceTotalMem_v2(bytes: *mut usize, _device: c_int) {
        *bytes = world().memory as usize;
        SUCCESS
    }

    fn cuDevicePrimaryCtxRetain(context: *mut u64, _device: c_int) {
        *context = CONTEXT;
        world().holders += 1;
        SUCCESS
    }

    fn cuDevicePrimaryCtxRelease_v2(_device: c_int) { status(world().close()) }

    fn cuCtxGetCurrent(context: *mut u64) {
        *context = CURRENT.with(|current| current.load(Relaxed));
        SUCCESS
    }

    fn cuCtxSetCurrent(context: u64) {
        CURRENT.with(|current| current.store(context, Relaxed));
        SUCCESS
    }

    fn cuCtxSynchronize() { status(world().finish_all()) }

    fn cuGetErrorName(error: c_uint, text: *mut *const c_char) {
        *text = match error {
            OUT_OF_MEMORY => c"CUDA_ERROR_OUT_OF_MEMORY",
            ILLEGAL_ADDRESS => c"CUDA_ERROR_ILLEGAL_ADDRESS",
            UNKNOWN => c"CUDA_ERROR_UNKNOWN",
            _ => c"CUDA_ERROR_INVALID_VALUE",
        }
        .as_ptr();
        SUCCESS
    }

    fn cuGetErrorString(error: c_uint, text: *mut *const c_char) {
        *text = if error == UNKNOWN { c"unknown error" } else { c"something else" }.as_ptr();
        SUCCESS
    }

    fn cuMemGetInfo_v2(free: *mut usize, total: *mut usize) {
        let world = world();
        (*free, *total) = (world.free() as usize, world.memory as usize);
        SUCCESS
    }

    fn cuMemAlloc_v2(address: *mut u64, bytes: usize) {
        match world().allocate(bytes) {
            Some(found) => {
                *address = found;
                SUCCESS
            }
            None => OUT_OF_MEMORY,
        }
    }

    fn cuMemFree_v2(address: u64) { status(world().release(address)) }

    fn cuMemHostAlloc(pointer: *mut u64, bytes: usize, _flags: c_uint) {
        *pointer = world().pin(bytes);
        SUCCESS
    }

    fn cuMemFreeHost(pointer: u64) { status(world().unpin(pointer)) }

    fn cuMemsetD32Async(address: u64, word: c_uint, count: usize, stream: u64) {
        let mut world = world();
        status(world.inside(address, count * 4).and_then(|()| {
            world.push(stream, Work::new(move || {
                // SAFETY: inside an allocation, which is freed after all work.
                unsafe { std::slice::from_raw_parts_mut(address as usize as *mut u32, count) }.fill(word);
            }))
        }))
    }

    fn cuMemcpyHtoDAsync_v2(to: u64, from: *const u8, bytes: usize, stream: u64) {
        let mut world = world();
        status(upload(&mut world, stream, from, Rows { to, pitch: bytes, width: bytes, count: 1 }))
    }

    fn cuMemcpy2DAsync_v2(copy: *const Copy2D, stream: u64) {
        let copy = &*copy;
        let mut world = world();
        let rows = Rows { to: copy.to_device, pitch: copy.to_pitch, width: copy.width, count: copy.height };
        if copy.from_pitch != copy.width {
            return INVALID_VALUE;
        }
        status(upload(&mut world, stream, copy.from_host, rows))
    }

    fn cuMemcpyDtoHAsync_v2(to: *mut u8, from: u64, bytes: usize, stream: u64) {
        let mut world = world();
        status(world.inside(from, bytes).and_then(|()| {
            // To memory that is not pinned it is done before the call returns.
            world.finish(stream)?;
            std::ptr::copy_nonoverlapping(from as usize as *const u8, to, bytes);
            Ok(())
        }))
    }

    fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: u64) {
        let mut world = world();
        status(world.inside(from, bytes).and_then(|()| world.inside(to, bytes)).and_then(|()| {
            world.push(stream, Work::new(move || {
                // SAFETY: inside allocations, which are freed after all work.
                unsafe { std::ptr::copy(from as usize as *const u8, to as usize as *mut u8, bytes) };
            }))
        }))
    }

    fn cuStreamCreate(stream: *mut u64, _flags: c_uint) {
        *stream = world().new_stream();
        SUCCESS
    }

    fn cuStreamDestroy_v2(stream: u64) { status(world().end_stream(stream)) }

    fn cuStreamSynchronize(stream: u64) { status(world().finish(stream)) }

    fn cuStreamWaitEvent(stream: u64, event: u64, _flags: c_uint) { status(world().wait(stream, event)) }

    fn cuStreamBeginCapture_v2(stream: u64, _mode: c_uint) { status(world().begin(stream)) }

    fn cuStreamEndCapture(stream: u64, graph: *mut u64) {
        match world().end(stream) {
            Ok(found) => {
                *graph = found;
                SUCCESS
            }
            Err(Refused) => INVALID_VALUE,
        }
    }

    fn cuStreamIsCapturing(stream: u64, answer: *mut c_uint) {
        status(world().recording(stream).map(|recording| *answer = recording.into()))
    }

    fn cuEventCreate(event: *mut u64, _flags: c_uint) {
        *event = world().new_event();
        SUCCESS
    }

    fn cuEventDestroy_v2(event: u64) { status(world().end_event(event)) }

    fn cuEventRecord(event: u64, stream: u64) { status(world().record(stream, event)) }

    fn cuEventSynchronize(event: u64) { status(world().reach(event)) }

    fn cuEventElapsedTime(milliseconds: *mut f32, _start: u64, _end: u64) {
        *milliseconds = 1.0;
        SUCCESS
    }

    fn cuGraphInstantiateWithFlags(ready: *mut u64, graph: u64, _flags: u64) {
        let mut world = world();
        match world.graphs.get(&graph).cloned() {
            Some(works) => {
                *ready = world.handle();
                world.graphs.insert(*ready, works);
                SUCCESS
            }
            None => INVALID_VALUE,
        }
    }

    fn cuGraphLaunch(graph: u64, stream: u64) {
        let mut world = world();
        let works = world.graphs.get(&graph).cloned().ok_or(Refused);
        status(works.and_then(|works| works.into_iter().try_for_each(|work| world.push(stream, work))))
    }

    fn cuGraphDestroy(graph: u64) { status(world().graphs.remove(&graph).map(drop).ok_or(Refused)) }

    fn cuGraphExecDestroy(graph: u64) { status(world().graphs.remove(&graph).map(drop).ok_or(Refused)) }

    fn cuModuleLoadData(module: *mut *mut c_char, image: *const c_char) {
        if fails("ptx") {
            return UNSUPPORTED_PTX_VERSION;
        }
        *module = CStr::from_ptr(image).to_owned().into_raw();
        SUCCESS
    }

    fn cuModuleUnload(module: *mut c_char) {
        drop(std::ffi::CString::from_raw(module));
        SUCCESS
    }

    fn cuModuleGetFunction(function: *mut usize, module: *const c_char, name: *const c_char) {
        let ptx = CStr::from_ptr(module).to_string_lossy();
        let name = CStr::from_ptr(name).to_string_lossy();
        match kernels::find(&name) {
            Some(kernel) if ptx.contains(&format!(".visible .entry {name}(")) => {
                *function = kernel + 1;
                SUCCESS
            }
            _ => NOT_FOUND,
        }
    }

    fn cuFuncSetAttribute(function: usize, attribute: c_int, value: c_int) {
        // Shared memory on demand.
        if function == 0 || attribute != 8 || !(0..=SHARED_MEMORY).contains(&value) {
            return INVALID_VALUE;
        }
        SUCCESS
    }

    fn cuLaunchKernel(
        function: usize, blocks: c_uint, blocks_y: c_uint, blocks_z: c_uint, threads: c_uint, threads_y: c_uint,
        threads_z: c_uint, _shared: c_uint, stream: u64, arguments: *const *const c_void, _extra: *const c_void
    ) {
        if fails("launch") {
            return ILLEGAL_ADDRESS;
        }
        let flat = [blocks_y, blocks_z, threads_y, threads_z] == [1; 4];
        if !flat || blocks == 0 || blocks > i32::MAX as u32 || threads == 0 || threads > 1024 || function == 0 {
            return INVALID_VALUE;
        }
        let mut world = world();
        let grid = Grid { blocks, threads, backwards: world.order == Order::Late };
        status(world.push(stream, kernels::work(function - 1, grid, arguments)))
    }
}

/// Bytes of shared memory that a block can have.
const SHARED_MEMORY: c_int = 232_448;

thread_local! {
    static CURRENT: AtomicU64 = const { AtomicU64::new(0) };
}

/// The driver's description of a copy in two dimensions.
#[repr(C)]
pub(crate) struct Copy2D {
    from_x: usize,
    from_y: usize,
    from_type: c_uint,
    from_host: *const u8,
    from_device: u64,
    from_array: u64,
    from_pitch: usize,
    to_x: usize,
    to_y: usize,
    to_type: c_uint,
    to_host: u64,
    to_device: u64,
    to_array: u64,
    to_pitch: usize,
    width: usize,
    height: usize,
}

struct Rows {
    to: u64,
    pitch: usize,
    width: usize,
    count: usize,
}

/// Copies rows that lie close together on the host: at once from memory that is not pinned, else when its turn comes.
///
/// # Safety
/// They are there.
unsafe fn upload(
    world: &mut World,
    stream: u64,
    from: *const u8,
    rows: Rows,
) -> Result<(), Refused> {
    let Rows {
        to,
        pitch,
        width,
        count,
    } = rows;
    let bytes = width * count;
    world.inside(to, count.saturating_sub(1) * pitch + width)?;
    let put = move |from: *const u8| {
        for row in 0..count {
            // SAFETY: the caller's on one side, inside an allocation on the other.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    from.add(row * width),
                    (to as usize + row * pitch) as *mut u8,
                    width,
                );
            }
        }
    };
    if world.is_pinned(from.addr() as u64, bytes) {
        let from = from.addr();
        return world.push(stream, Work::new(move || put(from as *const u8)));
    }
    // SAFETY: the caller's.
    let copied = unsafe { std::slice::from_raw_parts(from, bytes) }.to_vec();
    world.push(stream, Work::new(move || put(copied.as_ptr())))
}
