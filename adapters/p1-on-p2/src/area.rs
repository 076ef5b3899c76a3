//! Where the host puts results that are not a single number: at an address of the program's memory, for the time of the call.
//!
//! What was there is put back before anyone sees it. The host reads arguments before it writes results, so only data that it
//! returns in the same call can be in the way: then the results are put behind that.

use core::ptr::{read_volatile, write_volatile};

/// Where results are put when nothing is in the way.
pub const LOW: u32 = 0;

/// Bytes that are borrowed.
const SIZE: u32 = 16;

/// Calls the host with the address of 16 bytes for results, at `area`, aligned to 8. `call` must read the results, too.
#[inline(always)]
pub fn borrow<R>(area: u32, call: impl FnOnce() -> R) -> R {
    // The compiler takes no other access to address 0 for one to memory.
    let at = area as *mut u64;
    unsafe {
        let (first, second) = (read_volatile(at), read_volatile(at.add(1)));
        let result = call();
        write_volatile(at, first);
        write_volatile(at.add(1), second);
        result
    }
}

/// The same where 8 bytes are enough.
#[inline(always)]
pub fn borrow_few<R>(area: u32, call: impl FnOnce() -> R) -> R {
    let at = area as *mut u64;
    unsafe {
        let first = read_volatile(at);
        let result = call();
        write_volatile(at, first);
        result
    }
}

/// The address so many bytes further on, in what lies within the memory as a whole: the engine adds them.
#[inline(always)]
pub fn past(at: u32, by: u32) -> u32 {
    unsafe { at.unchecked_add(by) }
}

/// Reads a byte of the results.
#[inline(always)]
pub fn get8(at: u32) -> u32 {
    unsafe { u32::from(read_volatile(at as *const u8)) }
}

/// Reads two bytes of the results.
#[inline(always)]
pub fn get16(at: u32) -> u32 {
    unsafe { u32::from(read_volatile(at as *const u16)) }
}

/// Reads four bytes of the results.
#[inline(always)]
pub fn get32(at: u32) -> u32 {
    unsafe { read_volatile(at as *const u32) }
}

/// Reads eight bytes of the results.
#[inline(always)]
pub fn get64(at: u32) -> u64 {
    unsafe { read_volatile(at as *const u64) }
}

/// Where results of a call go that returns `length` bytes of data at `data`; how many bytes of data it may return then: fewer
/// where the memory ends behind them.
#[inline(always)]
pub fn beside(data: u32, length: u32) -> (u32, u32) {
    let area = behind(data, length);
    (
        area,
        if area == LOW {
            length
        } else {
            length.min(area - data)
        },
    )
}

#[inline(never)]
fn behind(data: u32, length: u32) -> u32 {
    if data >= SIZE {
        return LOW;
    }
    let last = ((core::arch::wasm32::memory_size::<0>() as u32) << 16).wrapping_sub(SIZE);
    ((data + length + 7) & !7).min(last)
}
