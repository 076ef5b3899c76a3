//! The stream of the entries of a directory.

use crate::answer::file_type;
use crate::area::LOW;
use crate::descriptor::{DIRECTORY, STREAM, drop_stream};
use crate::error::NOTDIR;
use crate::file::type_of;
use crate::given::state::{RESULT, load8, load32};
use crate::wait::done;
use crate::wasi::state as on;

/// An entry, and where its name is.
pub struct Entry {
    pub name: u32,
    pub length: u32,
    pub kind: u32,
}

/// A stream that begins with the first entry, or an error number, negative.
#[inline(always)]
pub fn begin(record: u32, handle: u32) -> i32 {
    if type_of(record) != DIRECTORY {
        return -NOTDIR;
    }
    on::read_directory(handle, RESULT);
    on::drop_end(load32(RESULT + 4));
    load32(RESULT) as i32
}

/// The entry that comes next in the stream of a record, none at the end.
#[inline(always)]
pub fn next(record: u32) -> Result<Option<Entry>, i32> {
    let stream = load32(record + STREAM);
    if stream == 0 {
        return Ok(None);
    }
    let read = done(on::read_entries(stream, RESULT, 1), stream, LOW);
    if read.is_last() {
        drop_stream(record);
    }
    if read.count() == 0 {
        return Ok(None);
    }
    Ok(Some(Entry {
        name: load32(RESULT + 16),
        length: load32(RESULT + 20),
        kind: file_type(load8(RESULT)),
    }))
}
