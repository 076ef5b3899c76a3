//! What the host says of a file. Its answer is put where the program wants another, which is shorter: what lies behind that is
//! borrowed. If there is no room, the first bytes of memory are kept in the library's own until it is read.

use p1bridge_shim::abi::store64 as put64;

use crate::answer::{KIND, LINKS, SIZE, TIMES, file_type};
use crate::area::{LOW, borrow, borrow_few, get8, get32, get64, past};
use crate::error::number;
use crate::given::state::{RESULT, load64, store64};
use crate::stat::{FILESTAT, Filestat, ITSELF, put};
use crate::{wasi, weak};

/// Bytes of a `result<descriptor-stat, error-code>`.
const ANSWER: u32 = 104;

/// Nanoseconds of an `option<datetime>`; 0 for none.
#[inline(never)]
fn time(at: u32) -> u64 {
    if get8(at) == 0 {
        return 0;
    }
    get64(past(at, 8))
        .wrapping_mul(1_000_000_000)
        .wrapping_add(get32(past(at, 16)).into())
}

/// Copies the first bytes of the program's memory, as many as a `filestat` has, to the library's, or back from there.
#[inline(never)]
fn stash(is_back: bool) {
    let mut at = 0;
    while at != FILESTAT {
        if is_back {
            put64(LOW + at, load64(RESULT + at));
        } else {
            store64(RESULT + at, get64(LOW + at));
        }
        at += 8;
    }
}

/// Asks the host what a descriptor or what a path below it is, and writes it as a `filestat`; gives 0 or the error number.
#[inline(never)]
pub fn describe(
    handle: u32,
    lookup: u32,
    path: u32,
    length: u32,
    out: u32,
    is_unstable: u32,
) -> u32 {
    let (is_wrong, inode) = borrow(LOW, || {
        borrow_few(LOW + 16, || {
            if lookup == ITSELF {
                hash_file(handle);
            } else {
                hash_path(handle, lookup, path, length);
            }
            (get8(LOW), get64(LOW + 8))
        })
    });
    if is_wrong != 0 {
        return number(inode as u8 as u32) as u32;
    }
    let last = ((core::arch::wasm32::memory_size::<0>() as u32) << 16).wrapping_sub(ANSWER);
    let at = if (out & 7 | is_unstable) == 0 && out <= last {
        out
    } else {
        LOW
    };
    if at != out {
        stash(false);
    }
    let first = (get64(at), get64(past(at, 8)));
    let ask = || {
        if lookup == ITSELF {
            stat_file(handle, at);
        } else {
            stat_path(handle, lookup, path, length, at);
        }
        let times = past(at, TIMES);
        let file = Filestat {
            inode,
            kind: get8(past(at, KIND)),
            links: get64(past(at, LINKS)),
            size: get64(past(at, SIZE)),
            times: [time(times), time(past(times, 24)), time(past(times, 48))],
        };
        (get8(at), file)
    };
    let (is_wrong, mut file) = borrow(past(at, 64), || {
        borrow(past(at, 80), || borrow_few(past(at, 96), ask))
    });
    if at != out {
        stash(true);
    }
    if is_wrong != 0 {
        put64(at, first.0);
        put64(past(at, 8), first.1);
        // It is where the type is.
        return number(file.kind) as u32;
    }
    file.kind = file_type(file.kind);
    put(&file, out, is_unstable);
    0
}

weak! {
    "if fd_filestat_get" {
        "stat-file"
        fn stat_file(handle: u32, out: u32) {
            wasi::stat(handle, out);
        }
        "hash-file"
        fn hash_file(handle: u32) {
            wasi::hash(handle, LOW);
        }
    }
    "if path_filestat_get" {
        "stat-path"
        fn stat_path(dir: u32, lookup: u32, path: u32, length: u32, out: u32) {
            wasi::stat_at(dir, lookup, path, length, out);
        }
        "hash-path"
        fn hash_path(dir: u32, lookup: u32, path: u32, length: u32) {
            wasi::hash_at(dir, lookup, path, length, LOW);
        }
    }
}
