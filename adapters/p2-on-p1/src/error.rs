//! `wasi:io/error`, the `stream-error` variant, and the numbers of errors.

use p1bridge_shim::abi::store8;
use p1bridge_shim::{Out, trap};

use crate::exports;
use crate::state::{State, flag, kind};

/// What a stream function answers with besides the numbers of P1: the stream is closed.
pub const CLOSED: u32 = 1 << 16;

/// Writes the error half of a `result<_, stream-error>`, whose payload is at `payload`.
///
/// `flags` are those of the stream. A table with no room for the error reports `closed`: the
/// stream is.
#[inline(never)]
pub fn stream_error(state: &mut State, out: Out, payload: u32, errno: u32, flags: u8) {
    out.u8(0, 1);
    out.u8(payload, 1);
    if errno == CLOSED {
        return;
    }
    let handle = state.insert(kind::ERROR);
    if handle != 0 {
        let entry = state.slot(handle);
        entry.flags.set(flags & flag::SHARED);
        entry.word.set(errno);
        out.u8(payload, 0);
        out.u32(payload + 4, handle);
    }
}

/// Writes a `result<_, error-code>` for a P1 error number, 0 being success.
#[inline(never)]
pub fn unit_result(out: u32, errno: u32) {
    let out = Out::new(out, 2, 1);
    out.u8(0, (errno != 0).into());
    out.u8(1, code(errno));
}

/// Writes the error half of a `result<_, error-code>`, whose payload is at `payload`.
#[inline(never)]
pub fn failure(out: Out, payload: u32, errno: u32) {
    out.u8(0, 1);
    out.u8(payload, code(errno));
}

/// How the 77 numbers of P1 map to the 37 of `wasi:filesystem`; what has no counterpart is `io`.
const CODES: [u64; 8] = {
    // In the order of `error-code`.
    let numbers = [
        2, 6, 7, 8, 10, 16, 19, 20, 22, 25, 26, 27, 28, 29, 31, 32, 34, 35, 37, 43, 44, 46, 48, 51,
        54, 55, 56, 58, 59, 60, 61, 63, 64, 69, 70, 74, 75,
    ];
    const IO: u64 = 13;
    let mut words = [0; 8];
    let mut errno = 0;
    while errno < 80 {
        let mut code = match errno {
            52 => 27, // nosys: unsupported
            76 => 31, // notcapable: not-permitted
            _ => IO,
        };
        let mut index = 0;
        while index < numbers.len() {
            if numbers[index] == errno {
                code = index as u64;
            }
            index += 1;
        }
        words[errno / 10] |= code << (errno % 10 * 6);
        errno += 1;
    }
    words
};

/// The `error-code` for an error number of P1.
#[inline(never)]
pub fn code(errno: u32) -> u32 {
    let word = match errno / 10 {
        0 => const { CODES[0] },
        1 => const { CODES[1] },
        2 => const { CODES[2] },
        3 => const { CODES[3] },
        4 => const { CODES[4] },
        5 => const { CODES[5] },
        6 => const { CODES[6] },
        _ => const { CODES[7] },
    };
    (word >> (errno % 10 * 6)) as u32 & 0x3f
}

/// The names of the 77 numbers, 12 letters to a word and 5 bits to a letter, each ended by 0.
/// Packed, because a library has no data to keep strings in.
const NAMES: [u64; 49] = {
    let names = b"SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG \
        BUSY CANCELED CHILD CONNABORTED CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST \
        FAULT FBIG HOSTUNREACH IDRM ILSEQ INPROGRESS INTR INVAL IO ISCONN ISDIR LOOP MFILE MLINK \
        MSGSIZE MULTIHOP NAMETOOLONG NETDOWN NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC \
        NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE \
        NOTSOCK NOTSUP NOTTY NXIO OVERFLOW OWNERDEAD PERM PIPE PROTO PROTONOSUPPORT PROTOTYPE \
        RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV NOTCAPABLE ";
    let mut words = [0; 49];
    let mut index = 0;
    while index < names.len() {
        let letter = match names[index] {
            b' ' => 0,
            b'2' => 27,
            letter => letter - b'A' + 1,
        };
        words[index / 12] |= (letter as u64) << (index % 12 * 5);
        index += 1;
    }
    words
};

/// Letter `index` of [`NAMES`].
#[inline(never)]
fn letter(index: u32) -> u32 {
    macro_rules! word {
        ($index:expr; $($n:literal)*) => {
            match $index { $($n => const { NAMES[$n] },)* _ => trap() }
        };
    }
    let word: u64 = word!(index / 12; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
        24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48);
    (word >> (index % 12 * 5)) as u32 & 0x1f
}

exports! {
    "wasi:io/error@0.2#[resource-drop]error"
    fn drop_error(state, handle: u32) {
        state.drop(handle, kind::ERROR);
    }

    /// The name of the error, as in `ENOSPC`.
    "wasi:io/error@0.2#[method]error.to-debug-string"
    fn to_debug_string(state, handle: u32, out: u32) {
        let out = Out::new(out, 8, 4);
        let mut errno = state.get(handle, kind::ERROR).word.get();
        let mut index = 0;
        while errno != 0 {
            if letter(index) == 0 {
                errno -= 1;
            }
            index += 1;
        }
        let fixed = state.fixed();
        let text = fixed.result_at();
        store8(text, u32::from(b'E'));
        let mut length = 1;
        loop {
            let letter = letter(index);
            if letter == 0 {
                break;
            }
            let letter = if letter == 27 { u32::from(b'2') } else { letter + u32::from(b'A') - 1 };
            store8(text + length, letter);
            length += 1;
            index += 1;
        }
        state.string(out, text, length);
    }
}
