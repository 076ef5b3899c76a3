//! The stream of the entries of a directory.

use crate::answer::{file_type, narrow};
use crate::descriptor::STREAM;
use crate::given::state::{RESULT, load8, load32};
use crate::wasi::state as on;

/// An entry, and where its name is.
pub struct Entry {
    pub name: u32,
    pub length: u32,
    pub kind: u32,
}

/// A stream that begins with the first entry, or an error number, negative.
#[inline(always)]
pub fn begin(_record: u32, handle: u32) -> i32 {
    on::read_directory(handle, RESULT);
    match narrow(RESULT) {
        0 => load32(RESULT + 4) as i32,
        error => -error,
    }
}

/// The entry that comes next in the stream of a record, none at the end, or an error number.
#[inline(always)]
pub fn next(record: u32) -> Result<Option<Entry>, i32> {
    on::read_entry(load32(record + STREAM), RESULT);
    let error = narrow(RESULT);
    if error != 0 {
        return Err(error);
    }
    if load8(RESULT + 4) == 0 {
        return Ok(None);
    }
    Ok(Some(Entry {
        name: load32(RESULT + 12),
        length: load32(RESULT + 16),
        kind: file_type(load8(RESULT + 8)),
    }))
}
