//! What firmware calls with buffers of its own, as `embedded/digest.c`, without a libc.
#![no_std]

extern crate alloc;

use alloc::vec::Vec;

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

fn room(bytes: usize) -> Option<Vec<u8>> {
    let mut room = Vec::new();
    room.try_reserve_exact(bytes).ok()?;
    Some(room)
}

/// # Safety
///
/// `data` points at `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn digest(data: *const u8, len: usize) -> u32 {
    let Some(mut work) = room(300_000) else {
        return u32::MAX;
    };
    work.extend_from_slice(unsafe { core::slice::from_raw_parts(data, len) });
    let add = |sum: u32, &byte: &u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    work.iter().fold(0, add)
}

#[unsafe(no_mangle)]
pub extern "C" fn take(bytes: usize) -> u32 {
    let taken = room(bytes);
    let has = taken.is_some();
    core::mem::forget(taken);
    has.into()
}

/// # Safety
///
/// `data` points at `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fill(data: *mut u8, len: usize, byte: i32) {
    unsafe { core::slice::from_raw_parts_mut(data, len) }.fill(byte as u8);
}
