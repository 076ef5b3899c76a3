//! Values that cross between guest and library, as CanonicalABI.md lays them out in memory.

use crate::state::State;
use crate::{trap_if, utf8};

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        pub safe fn base() -> u32;
        /// The bytes of the guest's memory, a multiple of 16.
        pub safe fn limit() -> u64;
        pub safe fn cabi_realloc(old: u32, old_size: u32, align: u32, new_size: u32) -> u32;
    }
}

/// Reads a byte of the guest's memory.
#[inline(always)]
pub fn load8(at: u32) -> u32 {
    unsafe { u32::from(*(at as *const u8)) }
}

/// Reads a little-endian `u16`; `at` need not be aligned.
#[inline(always)]
pub fn load16(at: u32) -> u32 {
    unsafe { u32::from((at as *const u16).read_unaligned()) }
}

/// Reads a little-endian `u32`; `at` need not be aligned.
#[inline(always)]
pub fn load32(at: u32) -> u32 {
    unsafe { (at as *const u32).read_unaligned() }
}

/// Reads a little-endian `u64`; `at` need not be aligned.
#[inline(always)]
pub fn load64(at: u32) -> u64 {
    unsafe { (at as *const u64).read_unaligned() }
}

/// Writes a byte of the guest's memory.
#[inline(always)]
pub fn store8(at: u32, value: u32) {
    unsafe { *(at as *mut u8) = value as u8 }
}

/// Writes a little-endian `u16`; `at` need not be aligned.
#[inline(always)]
pub fn store16(at: u32, value: u32) {
    unsafe { (at as *mut u16).write_unaligned(value as u16) }
}

/// Writes a little-endian `u32`; `at` need not be aligned.
#[inline(always)]
pub fn store32(at: u32, value: u32) {
    unsafe { (at as *mut u32).write_unaligned(value) }
}

/// Writes a little-endian `u64`; `at` need not be aligned.
#[inline(always)]
pub fn store64(at: u32, value: u64) {
    unsafe { (at as *mut u64).write_unaligned(value) }
}

/// Copies bytes between places that do not overlap.
#[inline(never)]
pub fn copy(to: u32, from: u32, length: u32) {
    if length < 8 {
        return copy_few(to, from, length);
    }
    // The last eight bytes may be some of those before them again.
    let last = length - 8;
    let mut done = 0;
    loop {
        store64(to + done, load64(from + done));
        done += 8;
        if done >= last {
            break;
        }
    }
    store64(to + last, load64(from + last));
}

#[inline(never)]
fn copy_few(to: u32, from: u32, length: u32) {
    let mut done = 0;
    while done != length {
        store8(to + done, load8(from + done));
        done += 1;
    }
}

/// Traps unless `at` has the alignment and `at .. at + size` is inside the guest's memory, as
/// lifting a list and every answer of `realloc` demand. Gives the address for the host and for us:
/// the guest's own memory begins at `p1bridge.base`.
#[inline(never)]
fn inside(at: u32, size: u64, align: u32) -> u32 {
    checked(at, size, align)
}

#[inline(always)]
fn checked(at: u32, size: u64, align: u32) -> u32 {
    check(at, size, align);
    here(at)
}

#[inline(always)]
fn check(at: u32, size: u64, align: u32) {
    let end = u64::from(at) + size;
    trap_if(at & (align - 1) != 0 || end > import::limit());
}

/// Where an address of the guest's is in the memory that we see.
#[inline(always)]
pub fn here(at: u32) -> u32 {
    at + import::base()
}

/// The guest's own address of a place in its memory.
#[inline(always)]
pub fn there(at: u32) -> u32 {
    at - import::base()
}

/// Where a `list<u8>` that the guest passes is.
#[inline(always)]
#[must_use]
pub fn bytes(at: u32, length: u32) -> u32 {
    inside(at, length.into(), 1)
}

/// The same in line, where speed matters more than size.
#[inline(always)]
#[must_use]
pub fn bytes_here(at: u32, length: u32) -> u32 {
    checked(at, length.into(), 1)
}

/// Traps unless a `list<u8>` is inside the guest's memory, whose address stays the guest's.
#[inline(always)]
pub fn check_bytes(at: u32, length: u32) {
    check(at, length.into(), 1);
}

/// Where a list of `length` elements of `size` bytes each that the guest passes is.
#[inline(always)]
#[must_use]
pub fn list(at: u32, length: u32, size: u32, align: u32) -> u32 {
    inside(at, u64::from(length) * u64::from(size), align)
}

/// Where a `string` that the guest passes is.
#[inline(never)]
#[must_use]
pub fn text(at: u32, length: u32) -> u32 {
    let at = bytes(at, length);
    trap_if(!utf8::valid(at, length));
    at
}

/// Where the guest wants a result that is not a single flat value.
#[derive(Clone, Copy)]
pub struct Out(u32);

impl Out {
    /// The return pointer that the guest passes, for a type of this size and alignment.
    #[inline(always)]
    pub fn new(at: u32, size: u32, align: u32) -> Out {
        Out(inside(at, size.into(), align))
    }

    /// Checks a return pointer as [`Out::new`] does, in line. A misaligned address, turned so that its
    /// lowest bits come first, is beyond every memory.
    #[inline(always)]
    pub fn check<const SIZE: u32, const ALIGN: u32>(at: u32) {
        const { assert!(SIZE.is_multiple_of(ALIGN)) };
        let shift = ALIGN.trailing_zeros();
        let end = u64::from(at).rotate_right(shift) + u64::from(SIZE / ALIGN);
        trap_if(end > import::limit() >> shift);
    }

    /// A return pointer that was checked.
    #[inline(always)]
    pub fn here(at: u32) -> Out {
        Out(here(at))
    }

    /// The same as [`Out::new`] in line, where speed matters more than size.
    #[inline(always)]
    pub fn new_here<const SIZE: u32, const ALIGN: u32>(at: u32) -> Out {
        Out::check::<SIZE, ALIGN>(at);
        Out::here(at)
    }

    /// A part of a result at an address of ours: an element of a list that is being made.
    #[inline(always)]
    pub fn element(at: u32) -> Out {
        Out(at)
    }

    /// The address of a part of the result.
    #[inline(always)]
    pub fn at(self, offset: u32) -> u32 {
        self.0 + offset
    }

    /// A part of the result that has an alignment of its own.
    #[inline(always)]
    pub fn part(self, offset: u32) -> Out {
        Out(self.0 + offset)
    }

    /// Writes a discriminant, a `bool`, an enum or flags of up to 8 labels.
    #[inline(always)]
    pub fn u8(self, offset: u32, value: u32) {
        unsafe { *((self.0 as *mut u8).add(offset as usize)) = value as u8 }
    }

    /// Writes a `u16`.
    #[inline(always)]
    pub fn u16(self, offset: u32, value: u32) {
        unsafe { *((self.0 as *mut u8).add(offset as usize) as *mut u16) = value as u16 }
    }

    /// Writes a `u32`, a handle, or one half of a list.
    #[inline(always)]
    pub fn u32(self, offset: u32, value: u32) {
        unsafe { *((self.0 as *mut u8).add(offset as usize) as *mut u32) = value }
    }

    /// Writes a `u64`.
    #[inline(always)]
    pub fn u64(self, offset: u32, value: u64) {
        unsafe { *((self.0 as *mut u8).add(offset as usize) as *mut u64) = value }
    }

    /// Writes the pointer and the length of a list or string that is at an address of ours.
    #[inline(always)]
    pub fn list(self, offset: u32, at: u32, length: u32) {
        self.u32(offset, there(at));
        self.u32(offset + 4, length);
    }
}

impl<F> State<F> {
    /// New memory of the guest, to be owned by the guest. Traps when the guest answers with
    /// memory that is not aligned or not inside.
    #[inline(always)]
    pub fn allocate(&mut self, align: u32, size: u32) -> u32 {
        inside(import::cabi_realloc(0, 0, align, size), size.into(), align)
    }

    /// New bytes, in line, where speed matters more than size. Gives the guest's own address.
    #[inline(always)]
    pub fn allocate_bytes(&mut self, size: u32) -> u32 {
        let at = import::cabi_realloc(0, 0, 1, size);
        check_bytes(at, size);
        at
    }

    /// Changes the size of memory got from [`State::allocate`] in the same call of the library, or
    /// gives new memory for an `old` of 0. `size` is not 0.
    #[inline(never)]
    pub fn reallocate(&mut self, old: u32, old_size: u32, align: u32, size: u32) -> u32 {
        let old = if old == 0 { 0 } else { there(old) };
        let at = import::cabi_realloc(old, old_size, align, size);
        inside(at, size.into(), align)
    }

    /// Cuts a byte buffer of `size` bytes down to the `used` ones. One byte stays when none is
    /// used: the canonical ABI has no way to give memory back.
    #[inline(always)]
    pub fn shrink(&mut self, at: u32, size: u32, used: u32) -> u32 {
        if used == size {
            return at;
        }
        self.reallocate(at, size, 1, used.max(1))
    }

    /// Writes into `out` a list of bytes for the guest, copied from the state block.
    #[inline(never)]
    pub fn bytes(&mut self, out: Out, from: u32, length: u32) {
        let place = self.locate(from);
        let at = self.allocate(1, length);
        let from = self.find(place);
        copy(at, from, length);
        out.list(0, at, length);
    }

    /// Writes into `out` a string for the guest, made from bytes of the host with U+FFFD for what is
    /// not UTF-8. The bytes may lie in the guest's memory or in the state block.
    #[inline(never)]
    pub fn string(&mut self, out: Out, from: u32, length: u32) {
        let valid = utf8::valid(from, length);
        let mut size = length;
        if !valid {
            size = 0;
            utf8::each_lossy(from, length, |_| size += 1);
        }
        let place = self.locate(from);
        let at = self.allocate(1, size);
        let from = self.find(place);
        if valid {
            copy(at, from, size);
        } else {
            let mut next = at;
            utf8::each_lossy(from, length, |byte| {
                store8(next, byte);
                next += 1;
            });
        }
        out.list(0, at, size);
    }
}
