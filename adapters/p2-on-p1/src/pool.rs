//! What has no fixed size: header fields, and the strings of requests. It lies in a pool in the
//! state block, whose size is set when linking, as records without gaps:
//!
//! ```text
//! 0   u32  bytes of the record, with these 12
//! 4   u32  index of the slot that it belongs to
//! 8   u16  what it is: 0 is a field
//! 10  u16  length of the name
//! 12  ...  name, value
//! ```
//!
//! The first word of the pool is the number of bytes in use. Places in it are offsets, because it
//! moves with the state block; 0 is none.

use p1bridge_shim::abi::{load8, load16, load32, store8, store16, store32};

use crate::state::{State, full, http_bytes};

const HEAD: u32 = 12;
const FIRST: u32 = 4;

/// The address of a place.
pub fn at(state: &State, place: u32) -> u32 {
    state.fixed().pool_at() + place
}

/// Where the records end.
#[inline(never)]
pub fn end(state: &State) -> u32 {
    load32(at(state, 0)) + FIRST
}

/// The place behind a record, which begins at a multiple of 4.
#[inline(never)]
fn behind(state: &State, place: u32) -> u32 {
    (place + load32(at(state, place)) + 3) & !3
}

/// The name of a record: its address, and its length.
pub fn name_at(state: &State, place: u32) -> u32 {
    at(state, place) + HEAD
}

pub fn name_length(state: &State, place: u32) -> u32 {
    load16(at(state, place) + 10)
}

/// The value of a record: its address, and its length.
#[inline(never)]
pub fn value_at(state: &State, place: u32) -> u32 {
    name_at(state, place) + name_length(state, place)
}

#[inline(never)]
pub fn value_length(state: &State, place: u32) -> u32 {
    load32(at(state, place)) - HEAD - name_length(state, place)
}

/// The next record of an owner and kind behind `place`; the first for 0.
#[inline(never)]
pub fn next(state: &State, place: u32, owner: u32, tag: u32) -> u32 {
    let mut place = if place == 0 {
        FIRST
    } else {
        behind(state, place)
    };
    while place < end(state) {
        let record = at(state, place);
        if load32(record + 4) == owner && load16(record + 8) == tag {
            return place;
        }
        place = behind(state, place);
    }
    0
}

/// A letter as names are compared.
fn lower(byte: u32) -> u32 {
    if byte.wrapping_sub(0x41) < 26 {
        byte | 0x20
    } else {
        byte
    }
}

/// The next record behind `place` with a name.
#[inline(never)]
pub fn named(state: &State, mut place: u32, owner: u32, name: u32, length: u32) -> u32 {
    loop {
        place = next(state, place, owner, 0);
        if place == 0 {
            return 0;
        }
        let mut index = 0;
        if name_length(state, place) == length {
            while index < length
                && load8(name_at(state, place) + index) == lower(load8(name + index))
            {
                index += 1;
            }
            if index == length {
                return place;
            }
        }
    }
}

/// Adds a record at the end. A pool that is full ends the program: there is no error to give.
#[inline(never)]
pub fn add(state: &State, owner: u32, tag: u32, name: u32, length: u32, value: u32, size: u32) {
    let place = end(state);
    let total = u64::from(length) + u64::from(size) + u64::from(HEAD);
    if u64::from(place) + total + 3 > http_bytes().into() {
        full(state, *b"-http\n..", *b"........", 6);
    }
    let record = at(state, place);
    store32(record, total as u32);
    store32(record + 4, owner);
    store16(record + 8, tag);
    store16(record + 10, length);
    let mut to = record + HEAD;
    let mut index = 0;
    while index < length {
        store8(to, lower(load8(name + index)));
        to += 1;
        index += 1;
    }
    index = 0;
    while index < size {
        store8(to, load8(value + index));
        to += 1;
        index += 1;
    }
    store32(at(state, 0), behind(state, place) - FIRST);
}

/// Where the value of a record begins that is made at the end, for [`seal`].
pub fn open(state: &State) -> u32 {
    end(state) + HEAD
}

/// Makes a record of a value of `size` bytes that is there already.
#[inline(never)]
pub fn seal(state: &State, owner: u32, tag: u32, size: u32) {
    let place = end(state);
    let record = at(state, place);
    store32(record, HEAD + size);
    store32(record + 4, owner);
    store32(record + 8, tag);
    store32(at(state, 0), behind(state, place) - FIRST);
}

/// Removes a record; the next one is at its place then.
#[inline(never)]
pub fn remove(state: &State, place: u32) {
    let mut from = behind(state, place);
    let end = end(state);
    let mut to = place;
    while from < end {
        store32(at(state, to), load32(at(state, from)));
        from += 4;
        to += 4;
    }
    store32(at(state, 0), to - FIRST);
}

/// Removes all records of an owner and kind.
#[inline(never)]
pub fn clear(state: &State, owner: u32, tag: u32) {
    loop {
        let place = next(state, 0, owner, tag);
        if place == 0 {
            return;
        }
        remove(state, place);
    }
}

/// Gives the records of an owner and kind to another owner, as those of another kind.
#[inline(never)]
pub fn give(state: &State, from: u32, tag: u32, to: u32, new: u32) {
    loop {
        let place = next(state, 0, from, tag);
        if place == 0 {
            return;
        }
        store32(at(state, place) + 4, to);
        store16(at(state, place) + 8, new);
    }
}

/// Adds a copy of each field of an owner for another.
#[inline(never)]
pub fn copy(state: &State, from: u32, to: u32) {
    let mut place = 0;
    let last = end(state);
    loop {
        place = next(state, place, from, 0);
        if place == 0 || place >= last {
            return;
        }
        let name = name_at(state, place);
        let value = value_at(state, place);
        let (length, size) = (name_length(state, place), value_length(state, place));
        add(state, to, 0, name, length, value, size);
    }
}
