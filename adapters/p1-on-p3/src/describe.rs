//! What the host says of a file.

use crate::answer::{KIND, LINKS, SIZE, TIMES, file_type, wide};
use crate::error::NOMEM;
use crate::given::state::{self, RESULT, RESULT_2, load8, load32, load64};
use crate::path::lend;
use crate::stat::{Filestat, ITSELF, put};
use crate::wasi::state as on;
use crate::weak;

/// Nanoseconds of an `option<instant>`; 0 for none.
#[inline(never)]
fn time(at: u32) -> u64 {
    if load8(at) == 0 {
        return 0;
    }
    load64(at + 8)
        .wrapping_mul(1_000_000_000)
        .wrapping_add(load32(at + 16).into())
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
    let top = state::top();
    let error = if lookup == ITSELF {
        described_file(handle)
    } else {
        described_path(handle, lookup, path, length)
    };
    if error == 0 {
        let file = Filestat {
            inode: load64(RESULT_2 + 8),
            kind: file_type(load8(RESULT + KIND)),
            links: load64(RESULT + LINKS),
            size: load64(RESULT + SIZE),
            times: [
                time(RESULT + TIMES),
                time(RESULT + TIMES + 24),
                time(RESULT + TIMES + 48),
            ],
        };
        put(&file, out, is_unstable);
    }
    state::cut(top);
    error
}

weak! {
    "if fd_filestat_get" {
        "described-file"
        fn described_file(handle: u32) -> u32 {
            on::stat(handle, RESULT);
            let error = wide(RESULT);
            if error != 0 {
                return error as u32;
            }
            on::hash(handle, RESULT_2);
            wide(RESULT_2) as u32
        }
    }
    "if path_filestat_get" {
        "described-path"
        fn described_path(dir: u32, lookup: u32, path: u32, length: u32) -> u32 {
            let lent = lend(path, length);
            if lent == 0 {
                return NOMEM as u32;
            }
            on::stat_at(dir, lookup, lent, length, RESULT);
            let error = wide(RESULT);
            if error != 0 {
                return error as u32;
            }
            on::hash_at(dir, lookup, lent, length, RESULT_2);
            wide(RESULT_2) as u32
        }
    }
}
