//! `fd_readdir`.
//!
//! The host has a stream of entries, and the program asks for those from a place on. So the stream is kept with the descriptor,
//! and in a block what was asked of it and did not get to the program whole:
//!
//! ```text
//! 0   u64  how many entries are before the one that comes next, with `.` and `..`
//! 8   u32  whether that one is here and no longer in the stream
//! 12  u32  the length of its name
//! 16  u32  its type
//! 24       its name
//! ```

use p1bridge_shim::abi::{store32 as put32, store64 as put64};

use crate::answer::wide;
use crate::descriptor::{BLOCK, DIRECTORY, HANDLE, STREAM, TYPE, drop_stream, record};
use crate::entries::{self, Entry};
use crate::error::NOMEM;
use crate::exports;
use crate::given::state::{self, RESULT_2, load32, load64, store8, store32, store64};
use crate::process::bring;
use crate::wasi::state as on;

/// Where the fields of a block are, and its size. A longer name that does not get to the program is read again.
const NEXT: u32 = 0;
const IS_HERE: u32 = 8;
const LENGTH: u32 = 12;
const KIND: u32 = 16;
const NAME: u32 = 24;
const SIZE: u32 = 512;

/// The right that it takes.
const READDIR: u32 = 1 << 14;

/// Bytes of an entry before its name.
const HEAD: u32 = 24;

/// Has a stream begin again.
#[inline(always)]
fn rewind(record: u32, handle: u32, block: u32) -> i32 {
    drop_stream(record);
    let stream = entries::begin(record, handle);
    if stream < 0 {
        return -stream;
    }
    store8(record + TYPE, DIRECTORY);
    store32(record + STREAM, stream as u32);
    store64(block + NEXT, 0);
    store32(block + IS_HERE, 0);
    0
}

/// The entry that comes next, none at the end, or an error number.
#[inline(always)]
fn next(record: u32, block: u32, index: u64) -> Result<Option<Entry>, i32> {
    if index < 2 {
        store32(block + NAME, u32::from_le_bytes(*b"..\0\0"));
        return Ok(Some(Entry {
            name: block + NAME,
            length: index as u32 + 1,
            kind: DIRECTORY,
        }));
    }
    if load32(block + IS_HERE) != 0 {
        store32(block + IS_HERE, 0);
        return Ok(Some(Entry {
            name: block + NAME,
            length: load32(block + LENGTH),
            kind: load32(block + KIND),
        }));
    }
    entries::next(record)
}

/// Keeps an entry that did not get to the program.
#[inline(always)]
fn keep(record: u32, block: u32, entry: &Entry) {
    if entry.length > SIZE - NAME {
        drop_stream(record);
        return;
    }
    store32(block + IS_HERE, 1);
    store32(block + LENGTH, entry.length);
    store32(block + KIND, entry.kind);
    let mut done = 0;
    while done < entry.length {
        store64(block + NAME + done, load64(entry.name + done));
        done += 8;
    }
}

exports! {
    "wasi_snapshot_preview1#fd_readdir"
    fn fd_readdir(fd: u32, to: u32, size: u32, cookie: u64, out: u32) -> u32 {
        let record = match record(fd, READDIR) {
            Ok(record) => record,
            Err(error) => return error,
        };
        let handle = load32(record + HANDLE);
        let mut block = load32(record + BLOCK);
        if block == 0 {
            block = state::room(SIZE);
            if block == 0 {
                return NOMEM as u32;
            }
            store32(record + BLOCK, block);
        }
        if cookie == 0 || load32(record + STREAM) == 0 || load64(block + NEXT) != cookie {
            let error = rewind(record, handle, block);
            if error != 0 {
                return error as u32;
            }
        }
        let top = state::top();
        let mut index = load64(block + NEXT);
        let mut used = 0;
        let mut error = 0;
        while used != size {
            let entry = match next(record, block, index) {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(number) => {
                    error = number;
                    break;
                }
            };
            if index >= cookie {
                let left = size - used;
                if left >= HEAD {
                    if index < 2 {
                        on::hash(handle, RESULT_2);
                    } else {
                        on::hash_at(handle, 0, entry.name, entry.length, RESULT_2);
                    }
                    let inode = if wide(RESULT_2) == 0 { load64(RESULT_2 + 8) } else { 0 };
                    let at = to + used;
                    put64(at, index + 1);
                    put64(at + 8, inode);
                    put32(at + 16, entry.length);
                    put32(at + 20, entry.kind);
                    bring(at + HEAD, entry.name, entry.length.min(left - HEAD));
                }
                if left < HEAD || left - HEAD < entry.length {
                    used = size;
                    if index >= 2 {
                        keep(record, block, &entry);
                    }
                    break;
                }
                used += HEAD + entry.length;
            }
            index += 1;
            state::cut(top);
        }
        state::cut(top);
        store64(block + NEXT, index);
        if error != 0 && used == 0 {
            return error as u32;
        }
        put32(out, used);
        0
    }
}
