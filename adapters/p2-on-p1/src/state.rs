//! What this library keeps in the state block, besides the handles.

use core::cell::Cell;
use core::mem::{offset_of, size_of};

use p1bridge_shim::abi::store64;
use p1bridge_shim::trap;

use crate::p1;

/// Resource types: the `kind` of an [`Entry`](p1bridge_shim::Entry).
///
/// | kind | flags | small | word | low, high |
/// |---|---|---|---|---|
/// | `ERROR` | `FILE`, `SOCKET` | | errno | |
/// | `POLLABLE` | mode, `FILE`, `SOCKET` | | fd, or index of the descriptor or socket | deadline |
/// | `INPUT`, `OUTPUT` | `CLOSED`, `FILE`, … | | fd, or index of the descriptor, socket, response or client | offset in the file, or bytes that are left |
/// | `DESCRIPTOR` | `descriptor-flags`, `PREOPEN` | P1 file type | fd | other users, inheriting rights |
/// | `ENTRIES` | | | index of the descriptor | cookie |
/// | `TCP` | `IPV6`, … | phase | fd | other users, backlog |
/// | `UDP` | `IPV6` | phase | fd | other users, record of the remote address |
/// | `DATAGRAMS_*` | `SOCKET` | | index of the socket | record of the remote address |
/// | `LOOKUP` | | | first record | last record |
/// | `FIELDS` | `IMMUTABLE` | | index of the slot that they belong to | |
/// | `REQUEST` | scheme, `TAKEN` | method | client, or 0 | handles of the headers |
/// | `RESPONSE` | `TAKEN` | | | handles of the headers, status |
/// | `BODY` | `TAKEN` | | response or client whose body it is, or 0 | |
/// | `REQUEST_IN` | scheme, `TAKEN` | method | low half of the body's length | handles of the headers, high half |
/// | `BODY_IN` | `TAKEN` | | client, or 0 | bytes of the body that are left |
/// | `OUTPARAM`, `SENT` | of `SENT`: those of the response | | | |
/// | `TRAILERS` | `TAKEN` | | client, or 0 | |
/// | `CLIENT` | method | phase | fd | users, record of the next address |
/// | `FUTURE` | `TAKEN` | | client | |
/// | `RESPONSE_IN` | `TAKEN` | | client | handles of the headers, status |
/// | `FD` | `PREOPEN` | P1 file type | fd | |
/// | `ADDRESS` | port | port | index of the rest | half of the address |
/// | `ADDRESS_REST` | family | | next record | half of the address |
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
    pub const NETWORK: u8 = 10;
    pub const TCP: u8 = 11;
    pub const UDP: u8 = 12;
    pub const DATAGRAMS_IN: u8 = 13;
    pub const DATAGRAMS_OUT: u8 = 14;
    pub const LOOKUP: u8 = 15;
    /// Records of [`address`](crate::address).
    pub const ADDRESS: u8 = 16;
    pub const ADDRESS_REST: u8 = 17;
    pub const FIELDS: u8 = 18;
    pub const REQUEST: u8 = 19;
    pub const OPTIONS: u8 = 20;
    pub const RESPONSE: u8 = 21;
    pub const BODY: u8 = 22;
    /// What nobody ever makes.
    pub const ABSENT: u8 = 23;
    pub const FD: u8 = 24;
    pub const REQUEST_IN: u8 = 25;
    pub const BODY_IN: u8 = 26;
    pub const OUTPARAM: u8 = 27;
    /// A response that was given for an answer: its body is still written.
    pub const SENT: u8 = 28;
    pub const TRAILERS: u8 = 29;
    /// A request that goes out, and what comes back: `client.rs`.
    pub const CLIENT: u8 = 30;
    pub const FUTURE: u8 = 31;
    pub const RESPONSE_IN: u8 = 32;
}

/// Bits of `flags` in streams, pollables and errors. (Pollables keep their mode below.)
pub mod flag {
    /// Belongs to a descriptor: `word` is an index and not an fd.
    pub const FILE: u8 = 1 << 5;
    /// Belongs to a socket: `word` is an index too.
    pub const SOCKET: u8 = 1 << 6;
    /// `word` is the index of a slot that has the fd and counts its users. With both bits, that slot is of a request
    /// that was sent.
    pub const SHARED: u8 = FILE | SOCKET;
    pub fn is_client(flags: u8) -> bool {
        flags & SHARED == SHARED
    }
    /// The body of a message: of the request, with its bytes that are left, or of a response, which is
    /// in `word`.
    pub const BODY: u8 = 1 << 7;
    /// The stream has ended or failed.
    pub const CLOSED: u8 = 1 << 0;
    /// The host cannot seek here: no offset.
    pub const SEQUENTIAL: u8 = 1 << 1;
    /// Writes at the end.
    pub const APPEND: u8 = 1 << 2;
    /// Takes everything: the body of a message that nobody gets. The body of a response has it too, for functions
    /// that programs without one share.
    pub const SINK: u8 = 1 << 4;
    /// The last read came back short: the end is near.
    pub const SHORT: u8 = 1 << 3;
}

/// Of a descriptor: a directory that was preopened, whose fd is never closed.
pub const PREOPEN: u8 = 1 << 6;

/// Bytes of scratch: the most that one `splice` or `skip` moves.
pub const SCRATCH: u32 = 4096;
/// Bytes of a subscription and an event.
pub const POLL: u32 = 48 + 32;
/// Bytes of zero for `write-zeroes`.
pub const ZEROES: u32 = 256;

/// The library's own part of the state block before the handles: what every program needs.
#[repr(C, align(8))]
pub struct Fixed {
    /// Small results: filestat, fdstat, prestat, sizes, times. First, so that its address is that of the block.
    result: [Cell<u64>; 8],
    /// A `ciovec`, and what the host says it moved.
    vector: [Cell<u32>; 2],
    pub count: Cell<u32>,
    /// P1 file types of fd 0..2, plus one; 0 is not asked yet. And a byte of [`Fixed::subscribed`].
    stdio_types: Cell<u32>,
    /// The monotonic clock, as the last poll saw it.
    pub polled_at: Cell<u64>,
    /// The index of the `directory-entry-stream` whose entries are in the scratch.
    pub listed: Cell<u32>,
}

/// A piece of the state block that only some programs have: the linker leaves out those that nothing
/// reaches, and says where the others are.
#[repr(C, align(16))]
pub struct Scratch {
    /// Where the next directory entry is, and where they end.
    pub listed_next: Cell<u32>,
    pub listed_end: Cell<u32>,
    spare: [Cell<u32>; 2],
    bytes: [Cell<u64>; SCRATCH as usize / 8],
}

/// Another piece: `insecure-seed`, once it is drawn.
#[repr(C, align(16))]
pub struct Seed {
    pub words: [Cell<u64>; 2],
    pub drawn: Cell<u32>,
}

/// Where in its piece the scratch is: directory entries, for whoever keeps them.
pub const LISTING: usize = offset_of!(Scratch, bytes);

pub type State = p1bridge_shim::State<Fixed>;

const _: () = assert!(State::FIXED == 112 && State::SLOT == 16);
const _: () = assert!(size_of::<Scratch>() == 4112 && size_of::<Seed>() == 32);

mod import {
    #[link(wasm_import_module = "p1bridge")]
    unsafe extern "C" {
        /// For how many subscriptions there must be room, and for the clock: asked only where there can be
        /// more than one.
        pub safe fn max_poll() -> u32;
        /// For how many there is room: 1 where nobody asks for more.
        pub safe fn poll_room() -> u32;
        /// The descriptor of the program's standard output: where that is the answer to a request, it is the
        /// one of standard error.
        pub safe fn stdout() -> u32;
        /// Bytes of the pool.
        pub safe fn max_http() -> u32;
        // How far into the block the pieces are.
        pub safe fn seed() -> u32;
        pub safe fn zeroes() -> u32;
        pub safe fn scratch() -> u32;
        /// Subscriptions and events; may be where the scratch is.
        pub safe fn polls() -> u32;
        pub safe fn pool() -> u32;
    }
}
pub use import::{max_http as http_bytes, max_poll, poll_room, stdout};

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

    /// Where a socket address is: 24 bytes, the last of the small struct.
    #[inline(always)]
    pub fn address_at(&self) -> u32 {
        self.result_at() + 40
    }

    /// The u64 at this index of the small struct.
    #[inline(always)]
    pub fn result(&self, index: usize) -> u64 {
        self.result[index].get()
    }

    /// The lowest byte of the small struct: the file type in an `fdstat`.
    #[inline(always)]
    pub fn result_byte(&self) -> u32 {
        unsafe { u32::from(*(self.result.as_ptr() as *const u8)) }
    }

    /// Keeps a u64 at this index of the small struct.
    #[inline(always)]
    pub fn set_result(&self, index: usize, value: u64) {
        self.result[index].set(value);
    }

    /// The zero block.
    #[inline(always)]
    pub fn zeroes_at(&self) -> u32 {
        self.at(import::zeroes() as usize)
    }

    /// The piece with the seed.
    #[inline(always)]
    pub fn seed(&self) -> &Seed {
        unsafe { &*(self.at(import::seed() as usize) as *const Seed) }
    }

    /// Where subscriptions and events are. Directory entries that were in the scratch are forgotten: it
    /// may be the same place.
    #[inline(never)]
    pub fn polls_at(&self) -> u32 {
        self.listed.set(0);
        self.at(import::polls() as usize)
    }

    /// Where the pool is.
    #[inline(never)]
    pub fn pool_at(&self) -> u32 {
        self.at(import::pool() as usize)
    }

    /// The piece with the scratch, for whoever keeps directory entries there.
    #[inline(always)]
    pub fn scratch(&self) -> &Scratch {
        unsafe { &*(self.at(import::scratch() as usize) as *const Scratch) }
    }

    /// The scratch. Directory entries that were in it are forgotten.
    #[inline(never)]
    pub fn scratch_at(&self) -> u32 {
        self.listed.set(0);
        self.at(import::scratch() as usize) + LISTING as u32
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

    /// How many subscriptions `p3-on-p1` has for its next poll, and one bit more: the byte of `stdio_types` that
    /// no descriptor has, which nothing else writes.
    #[allow(dead_code)]
    pub fn subscribed(&self) -> u32 {
        self.stdio_types.get() >> 24
    }

    /// Keeps that byte.
    #[allow(dead_code)]
    pub fn set_subscribed(&self, byte: u32) {
        let types = self.stdio_types.get() & 0xff_ffff;
        self.stdio_types.set(types | byte << 24);
    }
}

/// Ends a program for which something sized when linking is too small, where a function has no
/// error to give: says on fd 2 which option sizes it.
#[inline(never)]
pub fn full(state: &State, option: [u8; 8], rest: [u8; 8], length: u32) -> ! {
    let fixed = state.fixed();
    let at = fixed.result_at();
    let word = |offset, text| store64(at + offset, u64::from_le_bytes(text));
    word(0, *b"p1bridge");
    word(8, *b": out of");
    word(16, *b" room: s");
    word(24, *b"ee --max");
    word(32, option);
    word(40, rest);
    p1::fd_write(2, fixed.vector(at, 32 + length), 1, fixed.count_at());
    trap()
}

/// A new handle, for functions that have no error to give.
#[inline(never)]
pub fn insert(state: &mut State, kind: u8) -> u32 {
    let handle = state.insert(kind);
    if handle == 0 {
        full(state, *b"-handles", *b"\n.......", 9)
    }
    handle
}
