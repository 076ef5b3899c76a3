//! What this library keeps in the state block, besides the handles.

use core::cell::Cell;
use core::mem::offset_of;

use p1bridge_shim::abi::store64;
use p1bridge_shim::trap;

use crate::p1;

/// Resource types: the `kind` of an [`Entry`](p1bridge_shim::Entry).
///
/// | kind | flags | small | word | low, high |
/// |---|---|---|---|---|
/// | `ERROR` | `FILE` | | errno | |
/// | `POLLABLE` | mode, `FILE` | | fd, or index of the descriptor | deadline |
/// | `INPUT`, `OUTPUT` | `CLOSED`, `FILE`, … | | fd, or index of the descriptor | offset in the file |
/// | `DESCRIPTOR` | `descriptor-flags`, `PREOPEN` | P1 file type | fd | users, inheriting rights |
/// | `ENTRIES` | | | index of the descriptor | cookie |
pub mod kind {
    pub const ERROR: u8 = 1;
    pub const POLLABLE: u8 = 2;
    pub const INPUT: u8 = 3;
    pub const OUTPUT: u8 = 4;
    pub const DESCRIPTOR: u8 = 5;
    pub const ENTRIES: u8 = 6;
    pub const TERMINAL_INPUT: u8 = 7;
    pub const TERMINAL_OUTPUT: u8 = 8;
    /// A descriptor that was dropped while streams still use it.
    pub const ORPHAN: u8 = 9;
}

/// Bits of `flags` in streams, pollables and errors. (Pollables keep their mode below.)
pub mod flag {
    /// Belongs to a descriptor: `word` is an index and not an fd.
    pub const FILE: u8 = 1 << 7;
    /// The stream has ended or failed.
    pub const CLOSED: u8 = 1 << 0;
    /// The host cannot seek here: no offset.
    pub const SEQUENTIAL: u8 = 1 << 1;
    /// Writes at the end.
    pub const APPEND: u8 = 1 << 2;
    /// The last read came back short: the end is near.
    pub const SHORT: u8 = 1 << 3;
}

/// Bytes of scratch: the most that one `splice` or `skip` moves.
pub const SCRATCH: u32 = 4096;
/// Bytes of zero for `write-zeroes`.
pub const ZEROES: u32 = 256;

/// The library's own part of the state block.
#[repr(C, align(8))]
pub struct Fixed {
    /// A `ciovec`, and what the host says it moved.
    vector: [Cell<u32>; 2],
    pub count: Cell<u32>,
    /// P1 file types of fd 0..2, plus one; 0 is not asked yet.
    stdio_types: Cell<u32>,
    /// `insecure-seed`, once it is drawn.
    pub seed: [Cell<u64>; 2],
    /// The monotonic clock, as the last poll saw it.
    pub polled_at: Cell<u64>,
    pub seeded: Cell<u32>,
    /// The index of the `directory-entry-stream` whose entries are in the scratch, and where the
    /// next of them is and where they end.
    pub listed: Cell<u32>,
    pub listed_next: Cell<u32>,
    pub listed_end: Cell<u32>,
    /// Small results: filestat, fdstat, prestat, sizes, times.
    result: [Cell<u64>; 8],
    zeroes: [Cell<u8>; ZEROES as usize],
    scratch: [Cell<u64>; SCRATCH as usize / 8],
}

pub type State = p1bridge_shim::State<Fixed>;

const _: () = assert!(State::FIXED == 4480 && State::SLOT == 16);

impl Fixed {
    fn at(&self, offset: usize) -> u32 {
        self as *const Fixed as u32 + offset as u32
    }

    /// A vector of the one buffer at `at`.
    #[inline(always)]
    pub fn vector(&self, at: u32, length: u32) -> u32 {
        self.vector[0].set(at);
        self.vector[1].set(length);
        self.at(offset_of!(Fixed, vector))
    }

    /// Where the host writes how many bytes it moved.
    #[inline(always)]
    pub fn count_at(&self) -> u32 {
        self.at(offset_of!(Fixed, count))
    }

    /// Where the host writes a small struct; 64 bytes.
    #[inline(always)]
    pub fn result_at(&self) -> u32 {
        self.at(offset_of!(Fixed, result))
    }

    /// The u64 at this index of the small struct.
    #[inline(always)]
    pub fn result(&self, index: usize) -> u64 {
        self.result[index].get()
    }

    /// Keeps a u64 at this index of the small struct.
    #[inline(always)]
    pub fn set_result(&self, index: usize, value: u64) {
        self.result[index].set(value);
    }

    /// The zero block.
    #[inline(always)]
    pub fn zeroes_at(&self) -> u32 {
        self.at(offset_of!(Fixed, zeroes))
    }

    /// The scratch, for whoever keeps the directory entries in it.
    #[inline(always)]
    pub fn listing_at(&self) -> u32 {
        self.at(offset_of!(Fixed, scratch))
    }

    /// The scratch. Directory entries that were in it are forgotten.
    #[inline(always)]
    pub fn scratch_at(&self) -> u32 {
        self.listed.set(0);
        self.listing_at()
    }

    /// The P1 file type of one of the three standard descriptors.
    pub fn stdio_type(&self, fd: u32) -> u32 {
        let shift = fd * 8;
        let mut known = self.stdio_types.get() >> shift & 0xff;
        if known == 0 {
            known = 1;
            if p1::fd_fdstat_get(fd, self.result_at()) == 0 {
                known += self.result(0) as u32 & 0xff;
            }
            self.stdio_types
                .set(self.stdio_types.get() | known << shift);
        }
        known - 1
    }
}

/// A new handle, for functions that have no error to give: says why on fd 2 before it traps.
#[inline(never)]
pub fn insert(state: &State, kind: u8) -> u32 {
    let handle = state.insert(kind);
    if handle == 0 {
        let fixed = state.fixed();
        let at = fixed.scratch_at();
        let word = |offset, text| store64(at + offset, u64::from_le_bytes(text));
        word(0, *b"p1bridge");
        word(8, *b": out of");
        word(16, *b" handles");
        word(24, *b", see --");
        word(32, *b"max-hand");
        word(40, *b"les\n....");
        p1::fd_write(2, fixed.vector(at, 44), 1, fixed.count_at());
        trap()
    }
    handle
}
