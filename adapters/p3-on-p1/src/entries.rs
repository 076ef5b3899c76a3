//! The entries of directories, as a stream.
//!
//! An element is a `directory-entry`: a `descriptor-type` of 16 bytes, and the name. It is made where the guest
//! reads it to; the name becomes a string as that guest has them, by the `realloc` of its `stream.read`.

use p1bridge_shim::abi::load8;
use p1bridge_shim::{Out, utf8};

use crate::descriptor::descriptor_type;
use crate::directory::{DIRENT, Entry, LENGTH, NAME, NEXT, TYPE, is_dots, list_more, look_up};
use crate::files::{OF_0_2, put_type};
use crate::state::{State, kind};
use crate::tasks::{host_base, host_text};
use crate::{io, p1};

/// Bytes of a `directory-entry`.
const SIZE: u32 = 24;

/// What there is instead of an entry: the number of those that were read before, the end, or an error.
fn nothing(state: &State, entries: u32) -> i64 {
    let result = state.fixed().result_at();
    if list_more(state, entries, Out::element(result)) {
        return 1;
    }
    match load8(result) {
        0 => 0,
        _ => io::failed(OF_0_2 | load8(result + 4)),
    }
}

/// Writes an entry, which begins so far into the scratch, as the element at a pointer of the guest.
#[inline(never)]
fn give(state: &State, index: u32, port: u32, pointer: u32) {
    let entry = Entry::at(state.fixed().scratch(), index);
    let length = entry.field(LENGTH);
    let mut file_type = entry.field::<u8>(TYPE).into();
    if file_type == 0 {
        file_type = look_up(state, entry);
    }
    put_type(host_base(port) + pointer, descriptor_type(file_type));
    // Everything is elsewhere after that.
    host_text(port, entry.name() - state.base(), length, pointer + 16);
}

/// Reads up to `count` entries, as many as the host has listed at once. Gives their number, 0 at the end.
pub fn read(state: &State, entries: u32, count: u32, port: u32, pointer: u32) -> i64 {
    let mut done = 0;
    while done != count {
        let fixed = state.fixed();
        let index = fixed.scratch().listed_next.get();
        let entry = Entry::at(fixed.scratch(), index);
        let is_listed = fixed.listed.get() == entries;
        if !is_listed || !entry.is_whole(fixed.scratch().listed_end.get() - index) {
            if done != 0 {
                break;
            }
            match nothing(state, entries) {
                1 => continue,
                other => return other,
            }
        }
        let length: u32 = entry.field(LENGTH);
        let is_given = entry.field::<u8>(NAME) != b'.' || !is_dots(entry);
        if is_given && !utf8::valid(entry.name(), length) {
            if done != 0 {
                break;
            }
            return io::failed(p1::ILSEQ);
        }
        state
            .get(entries, kind::ENTRIES)
            .set_wide(entry.field(NEXT));
        if is_given {
            give(state, index, port, pointer + done * SIZE);
            done += 1;
        }
        let next = &state.fixed().scratch().listed_next;
        next.set(index + DIRENT + length);
    }
    done.into()
}
