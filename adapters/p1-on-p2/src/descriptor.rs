//! Descriptors: numbers of the program, and what they are.
//!
//! Where a program has only the standard streams, the number says which. Otherwise every descriptor has a record of 32 bytes in the
//! library's own memory, in a table that gets longer in front of what comes after it:
//!
//! ```text
//! 0   u8   what it is: a standard stream, [`FILE`] or [`SOCKET`]; 0 for none
//! 1   u8   the flags of `fdflags`
//! 2   u8   the type of Preview 1, or [`UNKNOWN`]
//! 3   u8   whether it was open at the start, and [`ENFORCED`]
//! 4   u32  the handle
//! 8   i64  the offset, negative where the host must be asked; of what was open at the start, address and length of its name;
//!          of a socket, where its block is, see [`crate::socket`]
//! 16  u32  the rights
//! 20  u32  the rights of what is opened below it
//! 24  u32  a stream: of entries of a directory, or one that appends to a file; 0 for none
//! 28  u32  where a block for reading a directory is, see [`crate::directory`]; it stays with the number
//! ```

use crate::error::{BADF, MFILE, NOTCAPABLE};
use crate::given::state::{
    self, CAPACITY, RESULT, TABLE, load8, load32, load64, store8, store32, store64,
};
use crate::given::{self, words};
use crate::stdio::CLOSED;
use crate::{exports, socket, stdio, wasi, weak};

/// Kinds of descriptors. Those of files have records.
pub const STDIN: u32 = 1;
pub const STDOUT: u32 = 2;
pub const STDERR: u32 = 3;
pub const FILE: u32 = 4;
pub const SOCKET: u32 = 5;

/// Where the fields of a record are, and its size.
pub const FLAGS: u32 = 1;
pub const TYPE: u32 = 2;
pub const PREOPEN: u32 = 3;
pub const HANDLE: u32 = 4;
pub const OFFSET: u32 = 8;
pub const RIGHTS: u32 = 16;
pub const INHERITING: u32 = 20;
pub const STREAM: u32 = 24;
pub const BLOCK: u32 = 28;
const RECORD: u32 = 32;

/// A type that the host was not yet asked for.
pub const UNKNOWN: u32 = 0xff;
/// The type of directories, in Preview 1.
pub const DIRECTORY: u32 = 3;
/// Beside [`PREOPEN`]: functions need the rights. They are only reported until a program takes some.
pub const ENFORCED: u32 = 2;

/// How many records the table has at first.
const FIRST: u32 = 16;

/// The rights of what is open at the start, and those of what is opened below it: what programs expect.
const PREOPEN_RIGHTS: u32 = 0x07b7_fe00;
const PREOPEN_INHERITING: u32 = PREOPEN_RIGHTS | 0x0840_01ff;

/// What a number stands for: the kind of a standard stream, or where the record of another descriptor is; or an error number,
/// negative. `rights` are needed.
#[inline(never)]
pub fn find(fd: u32, rights: u32) -> i32 {
    if given::files() != 0 {
        return find_record(fd, rights);
    }
    if fd >= STDERR || stdio::is_closed(fd) {
        return -BADF;
    }
    (fd + 1) as i32
}

/// The record of what is not a standard stream, or an error number.
#[inline(always)]
pub fn record(fd: u32, rights: u32) -> Result<u32, u32> {
    match find(fd, rights) {
        error if error < 0 => Err(-error as u32),
        found if found as u32 <= STDERR => Err(BADF as u32),
        found => Ok(found as u32),
    }
}

/// Whether what [`find`] gives is the record of a socket. Programs that can make none do not ask: there is nothing here that the
/// compiler could do before it knows whether it is wanted.
#[inline(always)]
pub fn is_socket(found: u32) -> bool {
    given::has_sockets() != 0 && is_record_of_socket(found) != 0
}

/// The handle of what is not a standard stream, or an error number, negative.
#[inline(never)]
pub fn handle(fd: u32, rights: u32) -> i32 {
    if given::files() != 0 {
        return find_handle(fd, rights);
    }
    match record(fd, rights) {
        Ok(_) => 0,
        Err(error) => -(error as i32),
    }
}

/// Where the record of a descriptor is, of which there is one.
#[inline(always)]
pub fn place(fd: u32) -> u32 {
    load32(TABLE) + fd * RECORD
}

/// Whether the first bytes of a record say that it is of a file or directory of which no rights were taken.
#[inline(always)]
fn is_free_file(head: u32) -> bool {
    head & (ENFORCED << (8 * PREOPEN) | 0xff) == FILE
}

/// Makes the table, with the standard streams and what is open at the start.
#[inline(never)]
fn begin() {
    let table = state::room(FIRST * RECORD);
    store32(TABLE, table);
    store32(CAPACITY, FIRST);
    store8(table, STDIN);
    store8(table + RECORD, STDOUT);
    store8(table + 2 * RECORD, STDERR);
    words::set_first_free(STDERR + 1);
    wasi::state::directories(RESULT);
    let mut entry = load32(RESULT);
    let mut left = load32(RESULT + 4);
    while left != 0 {
        let fd = add(
            load32(entry),
            PREOPEN_RIGHTS,
            PREOPEN_INHERITING,
            1 << 24 | DIRECTORY << 16,
        );
        if fd >= 0 {
            // The name stays where the host has put it.
            store64(place(fd as u32) + OFFSET, load64(entry + 4));
        }
        entry += 12;
        left -= 1;
    }
}

/// Gives a handle the lowest free number, or gives an error number, negative. `head` is the beginning of the record but for the
/// kind.
#[inline(never)]
pub fn add(handle: u32, rights: u32, inheriting: u32, head: u32) -> i32 {
    let mut fd = words::first_free() - 1;
    while state::head(fd) as u32 & 0xff != 0 {
        fd += 1;
    }
    if fd >= load32(CAPACITY) && !grow() {
        return -MFILE;
    }
    words::set_first_free(fd + 2);
    let record = place(fd);
    store64(record, pair(head | FILE, handle));
    store64(record + OFFSET, 0);
    store64(record + RIGHTS, pair(rights, inheriting));
    store32(record + STREAM, 0);
    fd as i32
}

/// Two fields, one behind the other.
#[inline(always)]
fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Makes the table twice as long, and says whether it did.
#[inline(always)]
fn grow() -> bool {
    let size = load32(CAPACITY) * RECORD;
    let table = state::room(size * 2);
    if table == 0 {
        return false;
    }
    let old = load32(TABLE);
    let mut done = 0;
    while done != size {
        store64(table + done, load64(old + done));
        done += 8;
    }
    store32(TABLE, table);
    store32(CAPACITY, size * 2 / RECORD);
    true
}

/// Says that a number is free.
#[inline(always)]
fn free(fd: u32, record: u32) {
    store8(record, 0);
    if fd + 1 < words::first_free() {
        words::set_first_free(fd + 1);
    }
}

/// Drops what a descriptor has, what belongs to something else first.
#[inline(always)]
fn drop(found: u32) {
    if found <= STDERR {
        return stdio::drop(found);
    }
    if is_socket(found) {
        return socket::close_socket(found);
    }
    drop_stream(found);
    wasi::drop_descriptor(load32(found + HANDLE));
}

/// Drops the stream of a record, if it has one.
#[inline(never)]
pub fn drop_stream(record: u32) {
    let stream = load32(record + STREAM);
    if stream == 0 {
        return;
    }
    store32(record + STREAM, 0);
    if load8(record + TYPE) == DIRECTORY {
        drop_entries(stream);
    } else {
        drop_output(stream);
    }
}

weak! {
    "if files" {
        "find-record"
        fn find_record(fd: u32, rights: u32) -> i32 {
            if words::first_free() == 0 {
                begin();
            }
            let head = state::head(fd) as u32;
            let kind = head & 0xff;
            if kind == 0 {
                return -BADF;
            }
            if kind <= STDERR {
                return kind as i32;
            }
            let record = place(fd);
            if head & ENFORCED << (8 * PREOPEN) != 0 && rights & !load32(record + RIGHTS) != 0 {
                return -NOTCAPABLE;
            }
            record as i32
        }
        "find-handle"
        fn find_handle(fd: u32, rights: u32) -> i32 {
            let head = state::head(fd);
            if is_free_file(head as u32) {
                return (head >> (8 * HANDLE)) as i32;
            }
            match record(fd, rights) {
                Ok(record) => load32(record + HANDLE) as i32,
                Err(error) => -(error as i32),
            }
        }
        "close-record"
        fn close_record(fd: u32, found: u32) {
            drop(found);
            free(fd, place(fd));
        }
        "renumber"
        fn renumber(from: u32, to: u32, closed: u32) {
            drop(closed);
            let (source, target) = (place(from), place(to));
            let block = load32(target + BLOCK);
            let mut done = 0;
            while done != RECORD {
                store64(target + done, load64(source + done));
                done += 8;
            }
            store32(source + BLOCK, block);
            free(from, source);
        }
    }
    "if sock_open" {
        "is-socket"
        fn is_record_of_socket(found: u32) -> u32 {
            (found > STDERR && load8(found) == SOCKET).into()
        }
    }
    "if fd_readdir" {
        "drop-entries"
        fn drop_entries(stream: u32) {
            wasi::drop_entries(stream);
        }
    }
    "if fd_write fd_pwrite" {
        "drop-output"
        fn drop_output(stream: u32) {
            wasi::drop_output(stream);
        }
    }
}

exports! {
    "wasi_snapshot_preview1#fd_close"
    fn fd_close(fd: u32) -> u32 {
        let found = find(fd, 0);
        if found < 0 {
            return -found as u32;
        }
        if given::files() != 0 {
            close_record(fd, found as u32);
        } else {
            words::set_standard(words::standard() | CLOSED << fd);
        }
        0
    }

    "wasi_snapshot_preview1#fd_renumber"
    fn fd_renumber(from: u32, to: u32) -> u32 {
        let (moved, closed) = (find(from, 0), find(to, 0));
        if moved < 0 || closed < 0 {
            return BADF as u32;
        }
        if from != to && given::files() != 0 {
            renumber(from, to, closed as u32);
        }
        0
    }

    "wasi_snapshot_preview1#fd_prestat_get"
    fn fd_prestat_get(fd: u32, out: u32) -> u32 {
        match record(fd, 0) {
            Ok(record) if load8(record + PREOPEN) & 1 != 0 => {
                p1bridge_shim::abi::store8(out, 0);
                p1bridge_shim::abi::store32(out + 4, load32(record + OFFSET + 4));
                0
            }
            Ok(_) => BADF as u32,
            Err(error) => error,
        }
    }

    "wasi_snapshot_preview1#fd_prestat_dir_name"
    fn fd_prestat_dir_name(fd: u32, path: u32, size: u32) -> u32 {
        let record = find(fd, 0);
        if record < 0 {
            return -record as u32;
        }
        let record = record as u32;
        if record <= STDERR || load8(record + PREOPEN) & 1 == 0 {
            return crate::error::NOTDIR as u32;
        }
        let length = load32(record + OFFSET + 4);
        if length > size {
            return crate::error::NAMETOOLONG as u32;
        }
        crate::process::bring(path, load32(record + OFFSET), length);
        0
    }
}
