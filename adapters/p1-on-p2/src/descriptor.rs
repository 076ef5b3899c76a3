//! Descriptors: numbers of the program, and what they are.

use crate::error::BADF;
use crate::given::{self, words};
use crate::stdio::CLOSED;
use crate::weak;

/// Kinds of descriptors. Those of files have records.
pub const STDIN: u32 = 1;
pub const STDOUT: u32 = 2;
pub const STDERR: u32 = 3;
pub const FILE: u32 = 4;

/// What a number stands for: the kind of a standard stream, or where the record of another descriptor is; or an error number,
/// negative. `rights` are needed.
#[inline(never)]
pub fn find(fd: u32, rights: u32) -> i32 {
    if given::files() != 0 {
        return find_record(fd, rights);
    }
    if fd >= STDERR || given::has_close() != 0 && words::standard() >> fd & CLOSED != 0 {
        return -BADF;
    }
    (fd + 1) as i32
}

weak! {
    "if files" {
        "find_record"
        fn find_record(_fd: u32, _rights: u32) -> i32 {
            -BADF
        }
        "transfer_file"
        fn transfer_file(_what: u32, _record: u32, _at: u32, _length: u32, _offset: u64) -> i32 {
            -BADF
        }
    }
}
