//! Where Preview 1 writes its results: below the stack pointer of the guest, which stays where it is. Who calls has
//! stored it, and nothing below it outlives a call, so each thread has a frame of its own and nothing is kept.

use p1bridge_shim::abi::{load32, load64};

use crate::p1::INTR;

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        /// The guest's stack pointer, with the bytes of the frame below it.
        pub safe fn frame() -> u32;
    }
}

/// Bytes of the frame of every function but `poll`.
const FRAME: u32 = 48;

/// The address of a frame.
#[inline(always)]
pub fn frame() -> u32 {
    import::frame() - FRAME
}

/// The address of a result of 16 bytes at most.
#[inline(always)]
pub fn result() -> u32 {
    import::frame() - 16
}

/// The negative error number; 0 for none.
#[inline(always)]
pub fn negative(errno: u32) -> i32 {
    -(errno as i32)
}

/// The error number of a function of the host, called again where a signal came in between: no function of WSI says that.
#[inline(always)]
pub fn again(call: impl Fn() -> u32) -> u32 {
    loop {
        let errno = call();
        if errno != INTR {
            return errno;
        }
    }
}

/// The result of a function that only has an error.
#[inline(always)]
pub fn done(call: impl Fn() -> u32) -> i32 {
    negative(again(call))
}

/// The same for a function that writes a number to an address. What is there is not needed after an error; to read it
/// all the same is shorter than a branch.
#[inline(always)]
pub fn number(at: u32, call: impl Fn() -> u32) -> i32 {
    let errno = again(call);
    let number = load32(at) as i32;
    if errno == 0 { number } else { negative(errno) }
}

/// The same for one that moves bytes between a descriptor and `n` buffers. No host is asked to move none: some call that
/// an error, and one moves the offset of a file.
#[inline(always)]
pub fn moved(n: u32, call: impl Fn(u32) -> u32) -> i32 {
    if n == 0 {
        return 0;
    }
    let at = result();
    number(at, || call(at))
}

/// The same for one that writes 8 bytes.
#[inline(always)]
pub fn wide(call: impl Fn(u32) -> u32) -> i64 {
    let at = result();
    match call(at) {
        0 => load64(at) as i64,
        errno => negative(errno).into(),
    }
}
